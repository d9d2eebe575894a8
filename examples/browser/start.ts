/** The page by Vite, and the service beside it. */
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { startService } from './service.ts';

export interface Example extends AsyncDisposable {
  readonly url: string;
  readonly service: Awaited<ReturnType<typeof startService>>;
}

/** @param port - 0 for any. */
export async function startExample(port = 0): Promise<Example> {
  const service = await startService();
  const vite = await createServer({
    root: fileURLToPath(new URL('.', import.meta.url)),
    configFile: false,
    logLevel: 'warn',
    server: { port, host: 'localhost' },
    define: { SERVICE_URL: JSON.stringify(service.url) },
  });
  await vite.listen();
  const [url] = vite.resolvedUrls?.local ?? [];
  return {
    url: url ?? '',
    service,
    async [Symbol.asyncDispose]() {
      await vite.close();
      await service[Symbol.asyncDispose]();
    },
  };
}
