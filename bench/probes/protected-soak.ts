import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { overUndici } from '../candidates.ts';
import type { Holdfast } from '../holdfast.ts';
import { liveHeapBytes } from '../measure.ts';
import type { Probe } from '../probe.ts';
import { paths, startServer } from '../server.ts';
import { countSockets } from './sockets.ts';

const lanes = 16;
/** More than the cache holds, so that it is full long before the first look at the heap. */
const urls = 500;
const cacheBytes = 200_000;

/**
 * A minute of steady load with every policy on, over real connections, and what is left of it.
 *
 * The heap is looked at while nothing is under way, since calls in flight are some megabytes more or less from one moment
 * to the next; and from ten seconds on, when caches, windows and pools are full. V8 keeps the code that has not run for a
 * while: it would let go of some five megabytes of it half a minute in, and hide a leak of as much.
 */
export const protectedSoak: Probe = {
  name: 'protected-soak',
  async run({ createFetch }, scale) {
    const [beforeMs, afterMs] = scale < 1 ? [2_000, 6_000] : [10_000, 60_000];
    setFlagsFromString('--no-flush-bytecode');
    const server = await startServer();
    const sockets = countSockets();
    const timers = countingClock();
    const transport = await overUndici();
    const fetch = createFetch({
      transport,
      clock: timers.clock,
      cacheStore: await cacheOf(cacheBytes),
      totalTimeoutMs: 5_000,
      attemptTimeoutMs: 2_000,
      fallback: { value: {}, onlyFor: [503, 'NETWORK', 'TIMEOUT', 'OVERLOADED', 'THROTTLED'] },
      cache: { staleIfErrorMs: 1_000, staleWhileRevalidateMs: 500, staleOnOpenCircuit: true },
      coalesce: {},
      bulkhead: { maxConcurrent: lanes / 2, maxQueued: lanes },
      retry: { maxRetries: 2 },
      hedge: { afterMs: 30 },
      rateLimit: { perSecond: 100_000, adaptive: 'headers' },
      circuitBreaker: { slowCallMs: 1_000 },
      throttle: {},
      nestedGuard: true,
      deadlineHeaders: {},
      // One of somebody's own, so that calls are followed into what is called within them.
      policies: [{ policy: (call, next) => next(call), inside: 'retry' }],
    });

    let calls = 0;
    let failed = 0;
    let isLoaded = true;
    const call = async () => {
      const turn = ++calls;
      const url = new URL(`${paths.cached}/${turn % urls}`, server.url);
      const leaving = new AbortController();
      if (turn % 50 === 0) setImmediate(() => leaving.abort());
      const init = turn % 10 === 0 ? { method: 'POST', body: 'kelp' } : {};
      try {
        const response = await fetch(url, { ...init, signal: leaving.signal });
        if (turn % 70 === 0) await response.body?.cancel();
        else await response.json();
      } catch {
        failed++;
      }
    };
    const loadFor = async (ms: number) => {
      isLoaded = true;
      const lane = async () => {
        while (isLoaded) await call();
      };
      const running = Array.from({ length: lanes }, lane);
      await wait(ms);
      isLoaded = false;
      await Promise.all(running);
      // For what goes on when its caller has left: a cache that asks anew, an answer that is read to its end.
      await wait(500);
    };

    await loadFor(beforeMs);
    const heapBefore = await liveHeapBytes();
    await loadFor(afterMs - beforeMs);
    const heapGrowth = (await liveHeapBytes()) - heapBefore;
    await loadFor(1_000);
    await fetch.close();
    await transport.close();
    for (let tries = 0; tries < 100 && sockets.open() > 0; tries++) await wait(20);
    const timersLeft = timers.set();
    const socketsLeft = sockets.open();
    server.close();

    const what = `of ${afterMs / 1_000} s under every policy`;
    return [
      {
        what: `heap growth ${what}, from ${beforeMs / 1_000} s on`,
        measured: heapGrowth,
        limit: 1_048_576,
        unit: 'bytes',
      },
      { what: `timers of ours left once closed ${what}`, measured: timersLeft, limit: 0, unit: 'timers' },
      { what: `sockets left once closed ${what}`, measured: socketsLeft, limit: 0, unit: 'sockets' },
      { what: `calls ${what}`, measured: calls, unit: 'calls' },
      { what: `calls that failed ${what}`, measured: failed, unit: 'calls' },
    ];
  },
};

type Options = NonNullable<Parameters<Holdfast['createFetch']>[0]>;

/** To the compiler the classes of the build are not those of the source. */
async function cacheOf(maxBytes: number): Promise<NonNullable<Options['cacheStore']>> {
  const { httpCache } = await import('../../dist/policies/cache/index.js');
  return httpCache({ maxBytes }) as never;
}

/** Real time that knows which of its timers are set: those of a transport have their own. */
function countingClock(): { readonly clock: NonNullable<Options['clock']>; set(): number } {
  const set = new Set<NodeJS.Timeout>();
  return {
    set: () => set.size,
    clock: {
      now: () => performance.now(),
      date: () => Date.now(),
      setTimer(callback, delayMs) {
        const fire = () => {
          set.delete(timer);
          callback();
        };
        const timer = setTimeout(fire, delayMs);
        set.add(timer);
        return timer;
      },
      clearTimer(timer) {
        set.delete(timer as NodeJS.Timeout);
        clearTimeout(timer as NodeJS.Timeout);
      },
      unrefTimer: timer => void (timer as NodeJS.Timeout).unref(),
    },
  };
}
