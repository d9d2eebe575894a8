/** Faults of every kind under every policy at once: whatever happens in which order, these things hold. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Chaos, type ChaosFault, chaos } from '../../src/chaos/index.ts';
import {
  createFetch,
  type FetchLike,
  type HoldfastEvent,
  type HoldfastFetch,
  type HostView,
  type PolicyOptions,
} from '../../src/index.ts';
import { httpCache } from '../../src/policies/cache/index.ts';
import { seededRandom, type VirtualClock, virtualClock } from '../../src/testing/index.ts';

const totalTimeoutMs = 5_000;
const maxTokens = 6;
const origins = ['https://a.test', 'https://b.test'] as const;

/** Each of them on its own is off, or as it is here. */
const parts = {
  hedge: { afterMs: 150, maxHedges: 2 },
  coalesce: { maxBufferedBytes: 40 },
  cache: { staleIfErrorMs: 1_000, staleWhileRevalidateMs: 1_000, staleOnOpenCircuit: true },
  bulkhead: { maxConcurrent: 4, maxQueued: 3 },
  rateLimit: { perSecond: 20, burst: 3, maxWaiting: 4, adaptive: 'headers' },
  throttle: { factor: 1.5, windowMs: 5_000 },
  fallback: { value: 'instead', onlyFor: ['NETWORK', 'OVERLOADED', 503] },
  concurrencyLimit: { overloadRatio: 0.1 },
  circuitBreaker: { consecutiveFailures: 3, minimumSilenceMs: 100, openMs: 500, slowCallMs: 700 },
  hostPause: { maxWaiting: 3, jitterMs: 100 },
} as const satisfies PolicyOptions;

const common = {
  totalTimeoutMs,
  attemptTimeoutMs: 1_000,
  leaseMs: 3_000,
  retry: { maxRetries: 2, baseDelayMs: 50, budget: { maxTokens, timeoutCost: 1, successRefill: 0 } },
} as const satisfies PolicyOptions;

type Part = keyof typeof parts;
const names = Object.keys(parts) as Part[];

const faults: ChaosFault[] = [
  { type: 'latency', delayMs: 0, maxDelayMs: 1_500, rate: 0.3 },
  { type: 'status', status: 503, rate: 0.12 },
  { type: 'status', status: 503, headers: { 'retry-after': '1' }, rate: 0.04 },
  { type: 'status', status: 429, headers: { 'retry-after': '1' }, rate: 0.04 },
  { type: 'refused', rate: 0.05 },
  { type: 'reset', rate: 0.05 },
  { type: 'reset', when: 'after', rate: 0.05 },
  { type: 'black-hole', rate: 0.05 },
  { type: 'truncate', afterBytes: 5, rate: 0.1 },
  { type: 'slow-body', bytesPerSecond: 20, rate: 0.1 },
];

type Reading = 'text' | 'some' | 'cancel' | 'never';

type Step =
  | { readonly act: 'wait'; readonly ms: number }
  | {
      readonly act: 'call';
      readonly origin: (typeof origins)[number];
      readonly path: number;
      readonly method: 'GET' | 'POST';
      readonly isKeyed: boolean;
      readonly priority: 'critical' | 'normal' | 'background';
      readonly reading: Reading;
    }
  | { readonly act: 'abort'; readonly which: number }
  | { readonly act: 'update'; readonly part: Part; readonly isOn: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 900 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      act: fc.constant('call' as const),
      origin: fc.constantFrom(...origins),
      path: fc.nat(2),
      method: fc.constantFrom('GET' as const, 'GET' as const, 'POST' as const),
      isKeyed: fc.boolean(),
      priority: fc.constantFrom('critical' as const, 'normal' as const, 'background' as const),
      reading: fc.constantFrom<Reading>('text', 'text', 'some', 'cancel', 'never'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('abort' as const), which: fc.nat(30) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('update' as const),
      part: fc.constantFrom(...names),
      isOn: fc.boolean(),
    }),
  },
);

const life = fc.record({
  seed: fc.nat(1_000_000),
  off: fc.subarray(names, { maxLength: 4 }),
  hasEndpoints: fc.boolean(),
  steps: fc.array(step, { minLength: 5, maxLength: 45 }),
});

/** A service that answers after a while, its body piece by piece. */
class Service {
  /** Times that a write without a key has come, by its number. */
  readonly writes = new Map<string, number>();
  readonly #clock: VirtualClock;
  readonly #random: () => number;

  constructor(clock: VirtualClock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  readonly fetch: FetchLike = async (_, init) => {
    const number = new Headers(init?.headers).get('x-write');
    if (number !== null) this.writes.set(number, (this.writes.get(number) ?? 0) + 1);
    const { signal } = init ?? {};
    await this.#pass(this.#random() * 60, signal);
    const pieces = ['0123456789', 'abcdefghij', 'ABCDEFGHIJ', 'x'.repeat(30)];
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: async controller => {
          await this.#pass(10, signal);
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(piece));
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(stream, { headers: { 'cache-control': 'max-age=1', etag: '"1"' } });
  };

  #pass(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#clock.clearTimer(timer);
        reject(signal?.reason);
      };
      const timer = this.#clock.setTimer(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

interface World {
  readonly fetch: HoldfastFetch;
  readonly clock: VirtualClock;
  readonly faulty: Chaos;
  readonly service: Service;
  readonly events: HoldfastEvent[];
  /** Switches a part of the policy on or off. */
  change(part: Part, isOn: boolean): void;
}

function begin(seed: number, off: readonly Part[], hasEndpoints: boolean): World {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const service = new Service(clock, random);
  const faulty = chaos({ faults, seed, environment: 'test' });
  const events: HoldfastEvent[] = [];
  const policy: Record<string, unknown> = { ...common };
  for (const name of names) policy[name] = off.includes(name) ? false : parts[name];
  const hosts = hasEndpoints ? { 'a.test': { endpoints: origins } } : {};
  const fetch = createFetch({
    ...policy,
    hosts,
    cacheStore: httpCache(),
    policies: [faulty],
    fetch: service.fetch,
    clock,
    random,
    observe: event => void events.push(event),
  });
  const change = (part: Part, isOn: boolean) => {
    policy[part] = isOn && parts[part];
    fetch.update({ ...policy, hosts });
  };
  return { fetch, clock, faulty, service, events, change };
}

async function read(response: Response, reading: Reading): Promise<void> {
  if (reading === 'text') await response.text();
  if (reading === 'cancel') await response.body?.cancel();
  if (reading !== 'some') return;
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
}

async function live(world: World, steps: readonly Step[]): Promise<number[]> {
  const { fetch, clock, change } = world;
  const took: number[] = [];
  const controllers: AbortController[] = [];
  let number = 0;
  for (const each of steps) {
    if (each.act === 'wait') await clock.advance(each.ms);
    else if (each.act === 'abort') controllers[each.which % Math.max(1, controllers.length)]?.abort();
    else if (each.act === 'update') change(each.part, each.isOn);
    else {
      const { origin, path, method, isKeyed, priority, reading } = each;
      const controller = new AbortController();
      controllers.push(controller);
      const headers: Record<string, string> = {};
      if (method === 'POST' && isKeyed) headers['idempotency-key'] = `${number++}`;
      else if (method === 'POST') headers['x-write'] = `${number++}`;
      const startedAt = clock.now();
      fetch(`${origin}/${path}`, { method, headers, signal: controller.signal, policy: { priority } }).then(
        response => {
          took.push(clock.now() - startedAt);
          read(response, reading).catch(() => {});
        },
        () => took.push(clock.now() - startedAt),
      );
    }
  }
  return took;
}

const atRest = ({ activeCalls, bulkhead, concurrencyLimit, pause, rateLimit }: HostView) => ({
  activeCalls,
  inUse: bulkhead?.inUse ?? 0,
  queued: bulkhead?.waiting ?? 0,
  inFlight: concurrencyLimit?.inFlight ?? 0,
  waitingForRoom: concurrencyLimit?.waiting ?? 0,
  waitingForPause: pause.waiting,
  waitingForToken: rateLimit?.waiting ?? 0,
});

const rest = {
  activeCalls: 0,
  inUse: 0,
  queued: 0,
  inFlight: 0,
  waitingForRoom: 0,
  waitingForPause: 0,
  waitingForToken: 0,
};

/** How often each thing that begins has ended. */
function endings(events: readonly HoldfastEvent[], start: string, end: string): number[] {
  const counts = new Map<string, number>();
  const ids = new Map<object, number>();
  for (const event of events) {
    if (event.type !== start && event.type !== end) continue;
    const { call, attempt = 0 } = event as unknown as { call: object; attempt?: number };
    const id = ids.get(call) ?? ids.size;
    ids.set(call, id);
    const key = `${id} ${attempt}`;
    if (event.type === start) {
      expect(counts.has(key), `${start} once`).toBe(false);
      counts.set(key, 0);
    } else counts.set(key, (counts.get(key) ?? Number.NaN) + 1);
  }
  return [...counts.values()];
}

describe('chaos under every policy', () => {
  test('each call settles in time, nothing is lost, and all is well when it is over', async () => {
    await fc.assert(
      fc.asyncProperty(life, async ({ seed, off, hasEndpoints, steps }) => {
        const world = begin(seed, off, hasEndpoints);
        const { fetch, clock, faulty, service, events } = world;
        const calls = steps.filter(({ act }) => act === 'call').length;
        const took = await live(world, steps);
        await clock.advance(2 * totalTimeoutMs);

        expect(took).toHaveLength(calls);
        expect(Math.max(0, ...took)).toBeLessThanOrEqual(totalTimeoutMs);
        expect(endings(events, 'call-start', 'call-end').every(count => count === 1)).toBe(true);
        expect(endings(events, 'attempt-start', 'attempt-end').every(count => count === 1)).toBe(true);
        for (const count of service.writes.values()) expect(count).toBe(1);
        for (const host of fetch.hosts) {
          expect(atRest(host)).toEqual(rest);
          const { tokens = 0 } = host.retryBudget ?? {};
          expect(tokens).toBeGreaterThanOrEqual(0);
          expect(tokens).toBeLessThanOrEqual(maxTokens);
        }

        faulty.enabled = false;
        await clock.advance(400_000);
        expect(clock.pending).toBe(0);
        for (const origin of origins) {
          for (let call = 0; call < 3; call++) {
            const answer = fetch(`${origin}/after-${call}`).then(response => response.text());
            await clock.advance(2_000);
            expect(await answer).toHaveLength(60);
          }
        }
        await clock.advance(10_000);
        for (const host of fetch.hosts) {
          expect(atRest(host)).toEqual(rest);
          expect(host.circuitBreaker.state).toBe('closed');
          expect(host.concurrencyLimit?.isOverloaded ?? false).toBe(false);
        }
        await fetch.close();
        expect(clock.pending).toBe(0);
      }),
      { numRuns: Number(process.env.CHAOS_RUNS ?? 40) },
    );
  });
});
