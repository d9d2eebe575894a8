import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test('where the environment may not be read, as in Deno by default, the package can be imported and spans be made', async () => {
  const program = `
    import { metrics } from '@opentelemetry/api';
    import { MeterProvider } from '@opentelemetry/sdk-metrics';
    metrics.setGlobalMeterProvider(new MeterProvider({}));
    const refuse = (env, name) => {
      if (name.startsWith('OTEL_')) throw new Error('NotCapable: Requires env access');
      return env[name];
    };
    Object.defineProperty(process, 'env', { value: new Proxy({}, { get: refuse }) });
    const { createFetch } = await import('${new URL('../../../src/index.ts', import.meta.url)}');
    const response = await createFetch({ fetch: async () => new Response('kelp') })('https://a.test/');
    console.log(await response.text());
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program]);
  expect(stdout).toBe('kelp\n');
});
