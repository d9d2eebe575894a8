import type { FetchOptions } from '../../src/index.ts';
import type { Holdfast } from '../holdfast.ts';
import { measure, repeat, repeatInTurns, spread } from '../measure.ts';
import type { Finding, Probe } from '../probe.ts';
import { startServer } from '../server.ts';
import { answers } from './stub.ts';

const url = 'http://kelp.internal/';
const rounds = 31;

/** None of what is on as shipped beyond the core, so that each has its price by itself. */
const without: FetchOptions = { concurrencyLimit: false, nestedGuard: false };

/** Each on a healthy host and without contention: what every call pays for it. */
const priced: Readonly<Record<string, FetchOptions>> = {
  'concurrency limit': { concurrencyLimit: {} },
  throttle: { throttle: {} },
  bulkhead: { bulkhead: {} },
  'rate limit': { rateLimit: { perSecond: 1e9, burst: 1e9 } },
  hedge: { hedge: { afterMs: 1_000 } },
  fallback: { fallback: { value: {} } },
  'nested guard': { nestedGuard: true },
};

/** What a policy that is on costs per call, beyond the same call without it; they run by turns. */
export const policyCosts: Probe = {
  name: 'policies',
  async run({ createFetch }, scale) {
    const calls = 4_000 * scale;
    const fetchOf = (options: FetchOptions) => createFetch({ ...without, fetch: answers, ...options });
    const bare = fetchOf({});
    const fetches = Object.entries(priced).map(([name, options]) => [name, fetchOf(options)] as const);
    const costOf = async (fetch: typeof bare) => {
      const call = async () => (await fetch(url)).text();
      return (await measure(() => repeatInTurns(call, calls))).cpuMicros / calls;
    };
    const beyond = new Map(fetches.map(([name]) => [name, [] as number[]]));
    for (let round = -3; round < rounds; round++) {
      const base = await costOf(bare);
      for (const [name, fetch] of fetches) {
        const cost = await costOf(fetch);
        if (round >= 0) beyond.get(name)?.push(cost - base);
      }
    }
    const findings: Finding[] = [...beyond].map(([name, costs]) => ({
      what: `${name}, beyond a call without it`,
      measured: spread(costs).median,
      limit: 3,
      unit: 'µs of CPU',
    }));
    return [...findings, await cacheHit(createFetch, calls)];
  },
};

/** A fresh answer of the cache to that of raw `fetch` over a socket. */
async function cacheHit(createFetch: Holdfast['createFetch'], calls: number): Promise<Finding> {
  const { httpCache } = await import('../../dist/policies/cache/index.js');
  const server = await startServer();
  const headers = { 'content-type': 'application/json', 'cache-control': 'max-age=600' };
  const cached = createFetch({
    fetch: async () => new Response('{"ok":true}', { headers }),
    cacheStore: httpCache() as never,
    cache: {},
  });
  const ratios: number[] = [];
  for (let round = -2; round < 9; round++) {
    const raw = await measure(() => repeat(async () => (await fetch(server.url)).json(), calls / 4, 16));
    const hit = await measure(() => repeatInTurns(async () => (await cached(url)).json(), calls));
    if (round >= 0) ratios.push(hit.cpuMicros / 4 / raw.cpuMicros);
  }
  server.close();
  return {
    what: 'a fresh hit of the cache to raw fetch',
    measured: spread(ratios).median,
    limit: 0.15,
    unit: 'of its CPU',
  };
}
