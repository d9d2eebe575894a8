import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chaos } from '../../src/chaos/index.ts';
import { createFetch } from '../../src/index.ts';
import { httpCache } from '../../src/policies/cache/index.ts';
import { networkError, virtualClock } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { type Harness, harness as newHarness, url } from '../support/harness.ts';
import { type Sdk, startSdk } from '../support/telemetry.ts';

let sdk: Sdk;
beforeEach(() => {
  sdk = startSdk();
});
const clients: Harness[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map(({ fetch }) => fetch.close()));
  await sdk.stop();
});

/** Gauges look at every client that is open. */
function harness(options?: Parameters<typeof newHarness>[0]): Harness {
  const parts = newHarness(options);
  clients.push(parts);
  return parts;
}

const host = 'https://payments.test';

/** The values of a counter or gauge, by all attributes but the host. */
async function values(metric: string): Promise<Record<string, number>> {
  const points = await sdk.points(metric);
  return Object.fromEntries(
    points.map(({ attributes: { 'holdfast.host': of, ...attributes }, value }) => {
      expect(of).toBe(host);
      return [Object.values(attributes).join(' '), value as number];
    }),
  );
}

interface Distribution {
  readonly count: number;
  readonly sum: number;
  readonly buckets: { readonly boundaries: number[] };
}

describe('http.client.request.duration', () => {
  test('is recorded per attempt in seconds, as long as its span, with the buckets of the conventions', async () => {
    const { fetch, transport, clock } = harness();
    const call = fetch(url);
    const attempt = await transport.next();
    await clock.advance(120);
    attempt.respond(statusResponse(200));
    await (await call).text();
    const [point] = await sdk.points('http.client.request.duration');
    expect(point?.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': 'payments.test',
      'server.port': 443,
      'url.scheme': 'https',
      'http.response.status_code': 200,
    });
    expect(point?.value).toMatchObject({
      count: 1,
      sum: 0.12,
      buckets: { boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] },
    });
  });

  test('says what failed', async () => {
    const { fetch } = harness({ fetch: answering(networkError('ECONNRESET')), retry: false });
    await fetch(url).catch(() => {});
    const [point] = await sdk.points('http.client.request.duration');
    expect(point?.attributes).toMatchObject({ 'error.type': 'ECONNRESET' });
    expect(point?.attributes).not.toHaveProperty('http.response.status_code');
  });
});

describe('calls, attempts and retries', () => {
  test('a call that is saved by its second retry', async () => {
    const { fetch } = harness({ fetch: answering(503, networkError('ECONNRESET'), 200) });
    await (await fetch(url)).text();
    expect(await values('holdfast.calls')).toEqual({ 'GET success': 1 });
    expect(await values('holdfast.attempts')).toEqual({ transient: 2, success: 1 });
    expect(await values('holdfast.retry_attempts')).toEqual({ '503 transient': 1, 'ECONNRESET success': 1 });
    expect(await values('holdfast.retried_calls')).toEqual({ '': 1 });
    expect(await values('holdfast.recovered_calls')).toEqual({ '': 1 });
  });

  test('a call that no retry saves', async () => {
    const { fetch } = harness({ fetch: answering(503) });
    await (await fetch(url)).text();
    expect(await values('holdfast.calls')).toEqual({ 'GET server_error': 1 });
    expect(await values('holdfast.retried_calls')).toEqual({ '': 1 });
    expect(await values('holdfast.recovered_calls')).toEqual({});
    expect(await values('holdfast.retry_refusals')).toEqual({ 'retries-exhausted': 1 });
  });

  test('the duration of a call has all of its attempts and waits', async () => {
    const { fetch, clock } = harness({
      fetch: answering(503, 200),
      random: () => 0.5,
    });
    const call = fetch(url);
    await clock.advance(100);
    await (await call).text();
    const [point] = await sdk.points('holdfast.call.duration');
    expect((point?.value as Distribution).sum).toBe(0.1);
  });

  test.each([
    ['cancelled', 'cancelled'],
    ['timeout', 'timeout'],
  ])('%s', async (how, outcome) => {
    const { fetch, transport, clock } = harness({ retry: false });
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal }).catch(() => {});
    await transport.next();
    if (how === 'cancelled') controller.abort();
    else await clock.advance(10_000);
    await call;
    expect(await values('holdfast.calls')).toEqual({ [`GET ${outcome}`]: 1 });
  });
});

describe('hosts', () => {
  const circuitBreaker = { consecutiveFailures: 1, minimumSilenceMs: 0, openJitterRatio: 0 };

  test('the state of a circuit is a series per state, live', async () => {
    const { fetch, clock } = harness({ fetch: answering(500, 200), retry: false, circuitBreaker });
    await (await fetch(url)).text();
    expect(await values('holdfast.breaker_state')).toEqual({
      closed: 0,
      open: 1,
      'half-open': 0,
      isolated: 0,
    });
    expect(await values('holdfast.breaker_transitions')).toEqual({ 'closed open consecutive': 1 });
    await fetch(url).catch(() => {});
    expect(await values('holdfast.breaker_rejections')).toEqual({ CIRCUIT_OPEN: 1 });
    await clock.advance(1_000);
    await (await fetch(url)).text();
    expect(await values('holdfast.breaker_state')).toMatchObject({ closed: 1, open: 0 });
    expect(await values('holdfast.breaker_probes')).toEqual({ success: 1 });
  });

  test('looking at a circuit does not move it', async () => {
    const { fetch, clock, events } = harness({ fetch: answering(500), retry: false, circuitBreaker });
    await (await fetch(url)).text();
    await clock.advance(5_000);
    expect(await values('holdfast.breaker_state')).toMatchObject({ open: 0, 'half-open': 1 });
    expect(events.filter(({ type }) => type === 'circuit')).toHaveLength(1);
  });

  test('the level of a budget; of two clients the lower one', async () => {
    const [one, other] = [harness({ fetch: answering(503) }), harness({ fetch: answering(200) })];
    await (await one.fetch(url)).text();
    await (await other.fetch(url)).text();
    expect(await values('holdfast.retry_budget_level')).toEqual({ '': 8 });
    expect(await values('holdfast.breaker_state')).toMatchObject({ closed: 2 });
  });

  test('pauses', async () => {
    const { fetch } = harness({ fetch: answering(() => statusResponse(503, { 'Retry-After': '60' })) });
    await (await fetch(url)).text();
    expect(await values('holdfast.host_pauses')).toEqual({ '503': 1 });
  });

  test('the bulkhead: permits in use, those who wait and for how long, and those without room', async () => {
    const { fetch, transport, clock } = harness({
      bulkhead: { maxConcurrent: 1, maxQueued: 1 },
      retry: false,
    });
    const first = fetch(url);
    const second = fetch(url, { policy: { priority: 'background' } }).catch(() => {});
    const third = fetch(url, { policy: { priority: 'critical' } });
    await fetch(url).catch(() => {});
    await second;
    expect(await values('holdfast.bulkhead_in_use')).toEqual({ '': 1 });
    expect(await values('holdfast.bulkhead_waiting')).toEqual({ '': 1 });
    expect(await values('holdfast.bulkhead_rejections')).toEqual({
      'displaced background': 1,
      'refused normal': 1,
    });
    await clock.advance(2_000);
    (await transport.next()).respond();
    (await transport.next()).respond();
    await Promise.all([first, third]);
    const points = await sdk.points('holdfast.bulkhead.wait.duration');
    expect(points.map(({ attributes, value }) => [attributes['holdfast.priority'], value])).toMatchObject([
      ['background', { count: 1, sum: 0 }],
      ['critical', { count: 1, sum: 2 }],
    ]);
    expect(await values('holdfast.bulkhead_in_use')).toEqual({ '': 0 });
  });

  test('the rate limit: those who wait, how long they did, and those who could not', async () => {
    const { fetch, transport, clock } = harness({ rateLimit: { perSecond: 1, maxWaiting: 1 }, retry: false });
    void fetch(url);
    void fetch(url);
    await fetch(url).catch(() => {});
    expect(await values('holdfast.rate_limit_waiting')).toEqual({ '': 1 });
    expect(await values('holdfast.breaker_rejections')).toEqual({ RATE_LIMITED: 1 });
    (await transport.next()).respond();
    await clock.advance(1_000);
    (await transport.next()).respond();
    await clock.advance(0);
    const [point] = await sdk.points('holdfast.rate_limit.wait.duration');
    expect(point?.value).toMatchObject({ count: 1, sum: 1 });
  });
  test('attempts that were slow', async () => {
    const { fetch, transport, clock } = harness({ retry: false, circuitBreaker: { slowCallMs: 100 } });
    const call = fetch(url);
    const attempt = await transport.next();
    await clock.advance(100);
    expect(await values('holdfast.slow_attempts')).toEqual({ '': 1 });
    attempt.respond();
    await call;
    expect(await values('holdfast.slow_attempts')).toEqual({ '': 1 });
  });

  test('a client that is closed is no longer looked at', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    await (await fetch(url)).text();
    await fetch.close();
    expect(await values('holdfast.breaker_state')).toEqual({});
  });
});

test('ten thousand different URLs make no new series', async () => {
  const { fetch } = harness({ fetch: answering(200) });
  await (await fetch(`${url}/first?page=0`)).text();
  const before = await sdk.series();
  for (let page = 1; page <= 10_000; page++) await (await fetch(`${url}/${page}?page=${page}`)).text();
  expect(await sdk.series()).toEqual(before);
});

test('beyond four hundred hosts the rest shares one series', async () => {
  const { fetch } = harness({ fetch: answering(200), maxHosts: 2_000 });
  for (let index = 0; index < 500; index++) await (await fetch(`https://host-${index}.test/`)).text();
  const points = await sdk.points('holdfast.calls');
  expect(points).toHaveLength(401);
  expect(points.find(({ attributes }) => attributes['holdfast.host'] === '_OTHER')?.value).toBe(100);
});

test('telemetry: false measures nothing', async () => {
  const fetch = createFetch({ fetch: answering(200), clock: virtualClock(), telemetry: false });
  await (await fetch(url)).text();
  expect(await sdk.series()).toEqual([]);
});

test('a meter provider alone is enough', async () => {
  const { trace } = await import('@opentelemetry/api');
  trace.disable();
  const { fetch } = harness({ fetch: answering(200) });
  await (await fetch(url)).text();
  expect(await sdk.points('http.client.request.duration')).toHaveLength(1);
  expect(sdk.spans()).toEqual([]);
});

describe('what the cache does', () => {
  const fresh = () => new Response('kelp', { headers: { 'cache-control': 'max-age=60' } });

  test('is counted: hits, misses, stale answers by why, renewals, and failures of the store', async () => {
    const cache = { staleWhileRevalidateMs: 10_000, staleIfErrorMs: 60_000 };
    const { fetch, clock } = harness({
      fetch: answering(fresh, 503),
      retry: false,
      cache,
      cacheStore: httpCache(),
    });
    await (await fetch(url)).text();
    await fetch(url);
    await clock.advance(65_000);
    await fetch(url);
    await clock.advance(30_000);
    await fetch(url);
    expect(await values('holdfast.cache_answers')).toEqual({
      'miss none': 1,
      'hit none': 1,
      'stale revalidating': 1,
      'stale error': 1,
    });
    expect(await values('holdfast.cache_refreshes')).toEqual({ failed: 1 });
    const down = () => Promise.reject(new Error('down'));
    const store = { get: down, set: down, delete: down };
    await harness({ fetch: answering(fresh), cache, cacheStore: httpCache({ store }) }).fetch(url);
    expect(await values('holdfast.cache_store_failures')).toEqual({ get: 1 });
  });
});

test('the page about telemetry lists the instruments that there are, with their kinds and units', async () => {
  const { metrics } = await import('@opentelemetry/api');
  await sdk.stop();
  const made: string[] = [];
  const instrument = { add() {}, record() {}, addCallback() {} };
  const make = (kind: string) => (name: string, options: { unit: string }) => {
    made.push(`\`${name}\` ${kind}, ${options.unit}`);
    return instrument;
  };
  const meter = {
    createObservableCounter: make('counter'),
    createHistogram: make('histogram'),
    createObservableGauge: make('gauge'),
  };
  metrics.setGlobalMeterProvider({ getMeter: () => meter as never });
  await (await harness({ fetch: answering(200) }).fetch(url)).text();
  metrics.disable();
  const page = readFileSync('docs/telemetry.md', 'utf8');
  const rows = [...page.matchAll(/^\| (`(?:holdfast|http)\.[^|]*`) \| ([^|]*) \|/gm)];
  expect(rows.map(([, name, kind]) => `${name} ${kind}`).sort()).toEqual(made.sort());
});

describe('hedges', () => {
  test('are counted by what came of them, and are no retries', async () => {
    const { fetch, transport, clock } = harness({
      hedge: { afterMs: 100 },
      retry: { budget: { maxTokens: 2, successRefill: 0 } },
    });
    for (const winner of ['hedge', 'first', 'nobody']) {
      const call = fetch(url);
      const first = await transport.next();
      await clock.advance(100);
      if (winner === 'nobody') first.respond(statusResponse(200));
      else {
        const second = await transport.next();
        (winner === 'hedge' ? second : first).respond(statusResponse(200));
      }
      await (await call).text();
    }
    expect(await values('holdfast.hedge_attempts')).toEqual({ success: 1, cancelled: 1 });
    expect(await values('holdfast.hedge_wins')).toEqual({ '': 1 });
    expect(await values('holdfast.hedge_refusals')).toEqual({ 'budget-empty': 1 });
    expect(await values('holdfast.attempts')).toEqual({ success: 3, cancelled: 2 });
    expect(await values('holdfast.retry_attempts')).toEqual({});
    expect(await values('holdfast.retried_calls')).toEqual({});
  });

  test('a retry after a pair says what was wrong with the attempt that was retried', async () => {
    const { fetch, transport, clock } = harness({ hedge: { afterMs: 100 } });
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    second.fail(networkError('ECONNRESET'));
    first.respond(statusResponse(503));
    await clock.advance(0);
    (await transport.next()).respond(statusResponse(200));
    await (await call).text();
    expect(await values('holdfast.retry_attempts')).toEqual({ '503 success': 1 });
    expect(await values('holdfast.recovered_calls')).toEqual({ '': 1 });
  });
});

test('what was injected on purpose is counted by kind, to be told from the real thing', async () => {
  const faults = chaos({
    faults: [
      { type: 'latency', delayMs: 0 },
      { type: 'status', status: 503 },
    ],
    environment: 'test',
  });
  const { fetch } = harness({
    fetch: answering(200),
    policies: [faults],
    retry: { maxRetries: 1, jitter: 'full' },
  });
  await (await fetch(url)).text();
  expect(await values('holdfast.chaos_faults')).toEqual({ latency: 2, status: 2 });
  faults.enabled = false;
  await (await fetch(url)).text();
  expect(await values('holdfast.chaos_faults')).toEqual({ latency: 2, status: 2 });
});
