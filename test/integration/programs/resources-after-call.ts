/** Tells what still keeps the process alive after a call. Arguments: the URL, and how the call is to end. */
import { createFetch } from '../../../src/index.ts';

const [url, ending] = process.argv.slice(2) as [string, string];
const fetch = createFetch({ retry: { maxRetries: 1, baseDelayMs: 1 } });
const controller = new AbortController();

const endings: Record<string, () => Promise<unknown>> = {
  read: async () => (await fetch(url)).text(),
  unread: () => fetch(url),
  cancelled: async () => (await fetch(url)).body?.cancel(),
  failed: () => fetch(url).catch(() => {}),
  aborted: () => {
    const call = fetch(url, { signal: controller.signal }).catch(() => {});
    controller.abort();
    return call;
  },
};
await endings[ending]?.();
console.log(JSON.stringify(process.getActiveResourcesInfo().filter(resource => resource === 'Timeout')));
