/** In workerd, by miniflare. */
import { type Ask, acrossRequests } from './across-requests.ts';
import { bundle, bundleWorker } from './bundle.ts';
import { allFiles, bin } from './options.ts';
import { type Outcome, outcomeOf, within } from './outcome.ts';
import { playing } from './playing.ts';
import type { Result } from './runner/vitest.ts';
import type { Addresses } from './server.ts';

/** No later than what the version of workerd knows. */
const compatibilityDate = '2026-07-01';

/** One request for each file, all in one isolate; and then what only a worker can get wrong. */
export async function inWorkerd(addresses: Addresses): Promise<Outcome> {
  const { Miniflare } = (await import(bin('miniflare/dist/src/index.js'))) as MiniflareModule;
  const files = allFiles();
  const conditions = ['workerd', 'worker', 'browser'];
  const code = await bundle({ files, conditions, hasBuiltins: false });
  const worker = new Miniflare({
    compatibilityDate,
    handleRuntimeStdio: () => {},
    modules: [
      {
        type: 'ESModule',
        path: 'main.mjs',
        contents: `import { names, play } from './play.mjs';
export default { async fetch(request) {
  const file = new URL(request.url).searchParams.get('file');
  return Response.json(file ? await play(file) : names);
} };`,
      },
      { type: 'ESModule', path: 'play.mjs', contents: playing('workerd', addresses, './bundle.mjs') },
      { type: 'ESModule', path: 'bundle.mjs', contents: code },
    ],
  });
  const results: Record<string, Result[]> = {};
  try {
    for (const file of files) {
      const url = `http://worker.test/?file=${encodeURIComponent(file)}`;
      results[file] = await within(
        file,
        worker.dispatchFetch(url).then(response => response.json()),
      );
    }
  } finally {
    await worker.dispose();
  }
  const shared = new Miniflare({
    compatibilityDate,
    handleRuntimeStdio: () => {},
    modules: [{ type: 'ESModule', path: 'main.mjs', contents: await bundleWorker(conditions) }],
  });
  try {
    const ask: Ask = async (url, door = 'fetch') => {
      const query = new URLSearchParams({ url, door });
      const response = await shared.dispatchFetch(`http://worker.test/?${query}`);
      return (await response.json()) as object;
    };
    results['across requests'] = await within('across requests', acrossRequests(ask, addresses));
  } finally {
    await shared.dispose();
  }
  return outcomeOf(results);
}

interface MiniflareModule {
  readonly Miniflare: new (
    options: object,
  ) => { dispatchFetch(url: string): Promise<{ json(): Promise<unknown> }>; dispose(): Promise<void> };
}
