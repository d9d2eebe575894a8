import { describe, expect, test } from 'vitest';
import {
  CircuitOpenError,
  createFetch,
  definePolicy,
  explain,
  type FetchOptions,
  NetworkError,
  type PolicyOptions,
  responseInfo,
} from '../../src/index.ts';
import { networkError, seededRandom } from '../../src/testing/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { harness } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

const a = 'https://a.test';
const b = 'https://b.test';
const c = 'https://c.test';
const path = '/charges?page=2';

const spread = (policy: PolicyOptions = {}, options: FetchOptions = {}) =>
  harness({ hosts: { 'a.test': { endpoints: [a, b, c], ...policy } }, ...options });

const open = { consecutiveFailures: 1, minimumSilenceMs: 0, openJitterRatio: 0 } as const;
const unavailable = (headers: HeadersInit = {}) => new Response('', { status: 503, headers });

describe('endpoints in order', () => {
  test('the first attempt goes to the first, as its caller has made it', async () => {
    const { fetch, transport } = spread();
    const call = fetch(a + path);
    const first = await transport.next();
    expect(first.input).toBe(a + path);
    first.respond();
    expect(responseInfo(await call)?.attempts).toMatchObject([{ endpoint: a }]);
  });

  test('a retry goes to the next, with path, query, method and headers', async () => {
    const { fetch, transport } = spread({ retry: { maxRetries: 3 } });
    const headers = { 'idempotency-key': 'one', authorization: 'Bearer secret' };
    const call = fetch(a + path, { method: 'POST', body: 'x', headers });
    for (const origin of [a, b, c]) {
      const attempt = await transport.next();
      expect(attempt.request.url).toBe(origin + path);
      expect(attempt.request.method).toBe('POST');
      expect(Object.fromEntries(attempt.request.headers)).toMatchObject(headers);
      expect(await attempt.request.text()).toBe('x');
      attempt.fail(networkError('ECONNREFUSED'));
    }
    const last = await transport.next();
    expect(last.request.url).toBe(a + path);
    last.respond();
    const response = await call;
    expect(responseInfo(response)).toMatchObject({
      host: a,
      retries: 3,
      attempts: [{ endpoint: a }, { endpoint: b }, { endpoint: c }, { endpoint: a }],
    });
    expect(explain(response)).toContain('to https://b.test');
  });

  test.each([
    ['a URL', () => new URL(`${a}${path}`), undefined],
    ['a Request', () => new Request(a + path, { headers: { 'x-tenant': 'one' } }), 'one'],
  ])('%s is sent elsewhere as well', async (_, input, tenant) => {
    const { fetch, transport } = spread();
    const call = fetch(input());
    (await transport.next()).fail(networkError('ECONNRESET'));
    const second = await transport.next();
    expect(second.request.url).toBe(b + path);
    expect(second.request.headers.get('x-tenant') ?? undefined).toBe(tenant);
    second.respond();
    await call;
  });

  test('a Request with a body goes whole to the first that is open', async () => {
    const { fetch, transport } = spread();
    fetch.hosts.for(a).circuitBreaker.isolate();
    const call = fetch(new Request(a + path, { method: 'POST', body: 'whole' }));
    const first = await transport.next();
    expect(first.request.url).toBe(b + path);
    expect(first.request.method).toBe('POST');
    expect(await first.request.text()).toBe('whole');
    first.respond();
    await call;
  });

  test('the name that a call is made by need not be one of them', async () => {
    const { fetch, transport } = harness({ hosts: { 'payments.test': { endpoints: [a, b] } } });
    const call = fetch(`https://payments.test${path}`);
    const first = await transport.next();
    expect(first.request.url).toBe(a + path);
    first.respond();
    await call;
    expect(fetch.hosts.get('payments.test')?.counters).toMatchObject({ calls: 1, attempts: 0 });
    expect(fetch.hosts.get('a.test')?.counters).toMatchObject({ calls: 0, attempts: 1 });
  });

  test('one whose circuit is open is passed over, and comes back when it is well', async () => {
    const { fetch, transport, clock } = spread({ circuitBreaker: open });
    const failing = fetch(a + path);
    (await transport.next()).fail(networkError('ECONNREFUSED'));
    (await transport.next()).respond();
    await (await failing).text();
    expect(fetch.hosts.get('a.test')?.circuitBreaker.state).toBe('open');
    expect(fetch.hosts.get('b.test')?.circuitBreaker.state).toBe('closed');
    const next = fetch(a + path);
    const passed = await transport.next();
    expect(passed.request.url).toBe(b + path);
    passed.respond();
    await next;
    await clock.advance(1_000);
    const probing = fetch(a + path);
    const probe = await transport.next();
    expect(probe.request.url).toBe(a + path);
    probe.respond();
    await (await probing).text();
    expect(fetch.hosts.get('a.test')?.circuitBreaker.state).toBe('closed');
  });

  test('if all refuse, the refusal of the first surfaces, and none is retried', async () => {
    const { fetch, transport } = spread();
    for (const origin of [a, b, c]) fetch.hosts.for(origin).circuitBreaker.isolate();
    const error = await rejection(CircuitOpenError, fetch(a + path));
    expect(error).toMatchObject({ state: 'isolated', attempts: [{ endpoint: a, reason: 'rejected' }] });
    await transport.expectNone();
  });

  test('one that is paused is passed over', async () => {
    const { fetch, transport } = spread();
    const first = fetch(a + path);
    (await transport.next()).respond(unavailable({ 'retry-after': '60' }));
    const elsewhere = await transport.next();
    expect(elsewhere.request.url).toBe(b + path);
    elsewhere.respond();
    await first;
    const second = fetch(a + path);
    const passed = await transport.next();
    expect(passed.request.url).toBe(b + path);
    passed.respond();
    await second;
  });

  test('one that asked this call to wait is not asked again before', async () => {
    const { fetch, transport } = spread({ endpoints: [a, b], hostPause: false, retry: { maxRetries: 3 } });
    const call = fetch(a + path);
    (await transport.next()).respond(new Response('', { status: 429, headers: { 'retry-after': '5' } }));
    const second = await transport.next();
    expect(second.request.url).toBe(b + path);
    second.fail(networkError('ECONNRESET'));
    const third = await transport.next();
    expect(third.request.url).toBe(b + path);
    third.respond();
    await call;
  });

  test('when all ask to wait the call waits', async () => {
    const { fetch, transport, clock } = spread({ endpoints: [a, b], hostPause: false });
    const call = fetch(a + path);
    (await transport.next()).respond(unavailable({ 'retry-after': '5' }));
    (await transport.next()).respond(unavailable({ 'retry-after': '3' }));
    await clock.advance(2_999);
    await transport.expectNone();
    await clock.advance(1);
    const third = await transport.next();
    expect(third.request.url).toBe(b + path);
    third.respond();
    await call;
  });

  test("the budget that pays is that of the call's own host", async () => {
    const { fetch, transport } = spread();
    const call = fetch(a + path).catch(error => error);
    for (let attempt = 0; attempt < 3; attempt++) (await transport.next()).fail(networkError('ECONNRESET'));
    expect(await call).toBeInstanceOf(NetworkError);
    expect(fetch.hosts.for(a).retryBudget?.tokens).toBe(8);
    expect(fetch.hosts.for(b).retryBudget?.tokens).toBe(10);
  });
});

describe('a POST without a key', () => {
  test('is not sent to a second endpoint', async () => {
    const { fetch, transport } = spread();
    const call = rejection(NetworkError, fetch(a + path, { method: 'POST', body: 'x' }));
    (await transport.next()).fail(networkError('ECONNREFUSED'));
    await call;
    await transport.expectNone();
  });

  test('is, with `retry.unsent`, if it provably never left', async () => {
    const { fetch, transport } = spread({ retry: { unsent: true } });
    const call = fetch(a + path, { method: 'POST', body: 'x' });
    (await transport.next()).fail(networkError('ECONNREFUSED'));
    const second = await transport.next();
    expect(second.request.url).toBe(b + path);
    second.fail(networkError('ECONNRESET'));
    expect(await rejection(NetworkError, call)).toMatchObject({
      attempts: [{ sent: 'no' }, { sent: 'maybe' }],
    });
    await transport.expectNone();
  });
});

describe('a hedge', () => {
  test('goes to the next endpoint', async () => {
    const { fetch, transport, clock } = spread({ hedge: { afterMs: 100 } });
    const call = fetch(a + path);
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    expect(second.request.url).toBe(b + path);
    second.respond();
    expect(responseInfo(await call)?.attempts).toMatchObject([{ endpoint: a }, { endpoint: b, hedge: true }]);
    expect(first.signal.aborted).toBe(true);
  });

  test('is started although the first endpoint has begun to refuse', async () => {
    const { fetch, transport, clock } = spread({ hedge: { afterMs: 100 } });
    const call = fetch(a + path);
    await transport.next();
    fetch.hosts.for(a).circuitBreaker.isolate();
    await clock.advance(100);
    (await transport.next()).respond();
    await call;
  });

  describe('and an overload', () => {
    const hedging = () =>
      spread(
        { hedge: { afterMs: 100 } },
        { retry: false, circuitBreaker: false, concurrencyLimit: { overloadRatio: 0 } },
      );

    async function overload({ fetch, transport }: ReturnType<typeof spread>, origin: string) {
      const call = fetch(origin + path, { policy: { endpoints: false } });
      (await transport.next()).respond(unavailable());
      await (await call).text();
      expect(fetch.hosts.get(origin)?.concurrencyLimit?.isOverloaded).toBe(true);
    }

    test('it passes over an endpoint that is overloaded', async () => {
      const parts = hedging();
      await overload(parts, b);
      const call = parts.fetch(a + path);
      await parts.transport.next();
      await parts.clock.advance(100);
      const hedge = await parts.transport.next();
      expect(hedge.request.url).toBe(c + path);
      hedge.respond();
      await call;
    });

    test('it is not started when there is no other', async () => {
      const parts = hedging();
      const call = parts.fetch(a + path, { policy: { endpoints: [a, b] } });
      const first = await parts.transport.next();
      for (const origin of [a, b]) await overload(parts, origin);
      await parts.clock.advance(100);
      await parts.transport.expectNone();
      expect(parts.events.filter(({ type }) => type === 'hedge-refused')).toMatchObject([
        { reason: 'overloaded' },
      ]);
      first.respond();
      await call;
    });

    test('it is not started beside an attempt to an endpoint that is overloaded', async () => {
      const parts = hedging();
      parts.fetch.hosts.for(a).circuitBreaker.isolate();
      const call = parts.fetch(a + path);
      const first = await parts.transport.next();
      expect(first.request.url).toBe(b + path);
      await overload(parts, b);
      await parts.clock.advance(100);
      await parts.transport.expectNone();
      first.respond();
      await call;
    });

    test('of a host that no attempt goes to, it stops none', async () => {
      const parts = hedging();
      await overload(parts, a);
      const call = parts.fetch(a + path, { policy: { endpoints: [b, c] } });
      await parts.transport.next();
      await parts.clock.advance(100);
      (await parts.transport.next()).respond();
      await call;
    });
  });

  test('is not started when all refuse', async () => {
    const { fetch, transport, clock, events } = spread({ hedge: { afterMs: 100 } });
    const call = fetch(a + path);
    const first = await transport.next();
    for (const origin of [a, b, c]) fetch.hosts.for(origin).circuitBreaker.isolate();
    await clock.advance(100);
    await transport.expectNone();
    expect(events.filter(({ type }) => type === 'hedge-refused')).toMatchObject([{ reason: 'circuit-open' }]);
    first.respond();
    await call;
  });
});

describe('endpoints with weights', () => {
  const weighted = [
    { url: a, weight: 3 },
    { url: b, weight: 1 },
  ];

  test('are drawn in proportion', async () => {
    const { fetch, transport } = spread({ endpoints: weighted }, { random: seededRandom(7) });
    const counts: Record<string, number> = {};
    for (let call = 0; call < 1_000; call++) {
      const sent = fetch(a + path);
      const attempt = await transport.next();
      const { origin } = new URL(attempt.request.url);
      counts[origin] = (counts[origin] ?? 0) + 1;
      attempt.respond();
      await sent;
    }
    expect(counts[a]).toBeGreaterThan(700);
    expect(counts[a]).toBeLessThan(800);
  });

  test('a retry goes to one that the call has not been to', async () => {
    const { fetch, transport, clock } = spread(
      {
        endpoints: [...weighted, { url: c, weight: 100 }],
        retry: { maxRetries: 2, baseDelayMs: 0, budget: false },
      },
      { random: seededRandom(1) },
    );
    for (let round = 0; round < 20; round++) {
      const call = fetch(a + path).catch(error => error);
      for (let attempt = 0; attempt < 3; attempt++) {
        await clock.advance(0);
        (await transport.next()).respond(new Response('', { status: attempt < 2 ? 500 : 200 }));
      }
      const { attempts } = responseInfo(await call)!;
      expect(new Set(attempts.map(({ endpoint }) => endpoint)).size).toBe(3);
    }
    await settled();
  });
});

describe('wrong options', () => {
  const hosts = (endpoints: unknown) => ({ hosts: { 'a.test': { endpoints } } }) as never;

  test.each<[unknown, string]>([
    [[], "`hosts['a.test'].endpoints` should be a list of origins"],
    ['https://a.test', "`hosts['a.test'].endpoints` should be a list of origins"],
    [['a.test'], "`hosts['a.test'].endpoints[0]` should be scheme, host and port, such as"],
    [[`${a}/v1`], 'got "https://a.test/v1". Path and query are those of the call.'],
    [['https://user:secret@a.test'], "`hosts['a.test'].endpoints[0]` should be scheme, host and port"],
    [[a, `${a}/`], 'names https://a.test twice'],
    [[a, { url: b, weight: 1 }], 'has weights for some of its origins'],
    [
      [{ url: a }],
      "`hosts['a.test'].endpoints[0].weight` should be a number of at least 0.001, got undefined.",
    ],
    [
      [{ url: a, weight: 0 }],
      "`hosts['a.test'].endpoints[0].weight` should be a number of at least 0.001, got 0.",
    ],
    [[{ url: a, weight: 1, share: 1 }], "Unknown option `hosts['a.test'].endpoints[0].share`."],
  ])('%j', (endpoints, message) => {
    expect(() => createFetch(hosts(endpoints))).toThrow(message);
    expect(() => definePolicy(hosts(endpoints))).toThrow(/^((?!secret).)*$/);
  });

  test('for all hosts at once', () => {
    expect(() => createFetch({ endpoints: [a, b] })).toThrow('Give them to one host, under `hosts`.');
  });
});
