import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  CircuitOpenError,
  ClosedError,
  explain,
  type HoldfastEvent,
  RateLimitedError,
  RejectedError,
  rateLimit,
  responseInfo,
  TimeoutError,
} from '../../src/index.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { microtasks, withinMicrotasks } from '../support/settling.ts';

const host = 'https://payments.test';
/** One at once, then one in 100 ms. */
const slow = { rateLimit: { perSecond: 10 }, retry: false } as const;
const adaptive = { rateLimit: { adaptive: 'headers' }, retry: false } as const;

const actions = (events: readonly HoldfastEvent[]) =>
  events.flatMap(event => (event.type === 'rate-limit' ? [event.action] : []));

const answer = (headers: Record<string, string>, status = 200) => new Response(null, { status, headers });

describe('a rate limit', () => {
  test('is off unless it is asked for', async () => {
    const { fetch, transport } = harness();
    for (let call = 0; call < 300; call++) void fetch(url);
    await microtasks();
    expect(transport.attempts).toHaveLength(300);
    expect(fetch.hosts.get(host)?.rateLimit).toBeUndefined();
  });

  test('lets a burst go at once, and the rest at its rate, first come, first served', async () => {
    const { fetch, transport, clock } = harness({ ...slow, rateLimit: { perSecond: 10, burst: 3 } });
    const sentAt: [string, number][] = [];
    for (let call = 1; call <= 6; call++) void fetch(`${url}/${call}`);
    for (let ms = 0; ms <= 300; ms += 50) {
      await clock.advance(ms === 0 ? 0 : 50);
      for (const { request } of transport.attempts.slice(sentAt.length))
        sentAt.push([request.url.slice(-1), ms]);
    }
    expect(sentAt).toEqual([
      ['1', 0],
      ['2', 0],
      ['3', 0],
      ['4', 100],
      ['5', 200],
      ['6', 300],
    ]);
    expect(fetch.hosts.get(host)?.rateLimit).toMatchObject({
      perSecond: 10,
      burst: 3,
      waiting: 0,
      readyMs: 100,
    });
  });

  test('has a tenth of a second’s worth for a burst if none is given', () => {
    const burstOf = (perSecond: number) =>
      harness({ rateLimit: { perSecond } }).fetch.hosts.for(url).rateLimit?.burst;
    expect([0.5, 9, 10, 99, 1_000].map(burstOf)).toEqual([1, 1, 1, 9, 100]);
  });

  test('has a bucket for each host apart, and none for a call that says so', async () => {
    const { fetch, transport } = harness(slow);
    void fetch(url);
    void fetch('https://search.test/');
    void fetch(`${url}/free`, { policy: { rateLimit: false } });
    await microtasks();
    expect(transport.attempts).toHaveLength(3);
    const error = await rejection(
      TypeError,
      fetch(url, { policy: { rateLimit: { perSecond: 5 } } as never }),
    );
    expect(error.message).toContain('`policy.rateLimit` of a single call can only be false');
  });

  test('counts requests, not calls: a retry takes a token and waits for it', async () => {
    const { fetch, transport, clock } = harness({ rateLimit: { perSecond: 1 } });
    const call = fetch(url);
    (await transport.next()).respond(new Response(null, { status: 503 }));
    await transport.expectNone();
    await clock.advance(999);
    await transport.expectNone();
    await clock.advance(1);
    (await transport.next()).respond();
    const response = await call;
    expect(responseInfo(response)?.attempts).toMatchObject([
      { waitedMs: 0 },
      { waitedMs: 1_000, durationMs: 0 },
    ]);
    expect(explain(response)).toContain('took 0 ms after a wait of 1000 ms');
  });

  test('fails at once what cannot go before its deadline, with the time to come back', async () => {
    const { fetch, transport, events } = harness({ ...slow, rateLimit: { perSecond: 0.1 } });
    void fetch(url);
    await transport.next();
    void fetch(`${url}/2`);
    const settling = await withinMicrotasks(fetch(`${url}/3`, { policy: { totalTimeoutMs: 5_000 } }));
    const { reason: error } = settling as { reason: RateLimitedError };
    expect(error).toBeInstanceOf(RateLimitedError);
    expect(error).toBeInstanceOf(RejectedError);
    expect(error).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 20_000, waiting: 1, sent: 'no' });
    expect(error.message).toBe(
      'GET https://payments.test/charges/3 was not sent: the rate limit of https://payments.test is reached and its turn ' +
        'would come past the deadline of this call. Try again in 20 s.',
    );
    expect(error.toJSON()).toMatchObject({ retryAfterMs: 20_000, waiting: 1 });
    expect(actions(events)).toEqual(['queued', 'refused']);
    expect(fetch.hosts.get(host)?.counters).toMatchObject({ attempts: 1, rejected: 1 });
  });

  test('fails at once when enough are waiting', async () => {
    const { fetch } = harness({ ...slow, rateLimit: { perSecond: 10, maxWaiting: 1 } });
    void fetch(url);
    void fetch(url);
    const error = await rejection(RateLimitedError, fetch(url));
    expect(error).toMatchObject({ retryAfterMs: 200, waiting: 1 });
    expect(error.message).toContain('1 wait already, the most that may');
  });

  test('sends what waited as it was when the call was made', async () => {
    const { fetch, transport, clock } = harness(slow);
    void fetch(url);
    const headers = new Headers({ 'X-Tenant': 'one' });
    void fetch(url, { headers });
    await transport.next();
    headers.set('X-Tenant', 'other');
    await clock.advance(100);
    expect((await transport.next()).request.headers.get('X-Tenant')).toBe('one');
  });

  test('stands by hand with a bucket of its own', async () => {
    const policies = [{ policy: rateLimit({ perSecond: 10 }), inside: 'attempt' as const }];
    const { fetch, transport, clock } = harness({ policies });
    void fetch(url);
    void fetch(url);
    await transport.next();
    await transport.expectNone();
    await clock.advance(100);
    await transport.next();
  });
});

describe('who waits for a rate limit', () => {
  test('leaves at once when its caller aborts, and those behind it move up', async () => {
    const { fetch, transport, clock, events } = harness(slow);
    void fetch(url);
    const controller = new AbortController();
    const second = fetch(`${url}/2`, { signal: controller.signal });
    void fetch(`${url}/3`);
    await transport.next();
    await clock.advance(50);
    controller.abort('gone');
    expect(await withinMicrotasks(second)).toEqual({ state: 'rejected', reason: 'gone' });
    await clock.advance(50);
    expect((await transport.next()).request.url).toBe(`${url}/3`);
    expect(actions(events)).toEqual(['queued', 'queued', 'left', 'admitted']);
    expect(fetch.hosts.get(host)?.rateLimit).toMatchObject({ waiting: 0, readyMs: 100 });
  });

  test('times out there with the whole of its call', async () => {
    const { fetch, clock } = harness({
      retry: false,
      rateLimit: { perSecond: 1 },
      // Holds the head of the line for longer than its deadline.
      hostPause: { jitterMs: 0 },
      fetch: async () => answer({ 'Retry-After': '60' }, 503),
    });
    const first = fetch(url, { policy: { hostPause: false } });
    const second = rejection(TimeoutError, fetch(url, { policy: { totalTimeoutMs: 2_000 } }));
    await first;
    await fetch(url, { policy: { rateLimit: false } });
    await clock.advance(2_000);
    expect(await second).toMatchObject({ scope: 'total' });
    expect(clock.pending).toBe(0);
  });

  test('is no attempt that was sent when its time is over there: the retry is neither counted nor paid for', async () => {
    const { fetch, transport, clock } = harness({
      totalTimeoutMs: 3_000,
      rateLimit: { perSecond: 1 },
      retry: { jitter: 'none', baseDelayMs: 0 },
      hostPause: { jitterMs: 0 },
    });
    const call = rejection(TimeoutError, fetch(url));
    (await transport.next()).respond(new Response(null, { status: 500 }));
    await clock.advance(500);
    // While the retry waits for its token, another call is told to stay away for longer than that has time.
    void fetch(url, { policy: { rateLimit: false, retry: false, hostPause: false } });
    const other = fetch(url, { policy: { rateLimit: false, retry: false } });
    for (let answers = 0; answers < 2; answers++)
      (await transport.next()).respond(answer({ 'Retry-After': '60' }, 503));
    await other;
    await clock.advance(2_500);
    const error = await call;
    expect(error.attempts).toMatchObject([
      { sent: 'yes' },
      { sent: 'no', outcome: 'cancelled', reason: 'deadline' },
    ]);
    expect(fetch.hosts.get(host)?.counters).toMatchObject({ retries: 0, retriedCalls: 0 });
    expect(fetch.hosts.get(host)?.rateLimit?.tokens).toBe(1);
  });

  test('ends with close(), and leaves no timer', async () => {
    const { fetch, clock } = harness(slow);
    const calls = [1, 2, 3].map(() => rejection(ClosedError, fetch(url)));
    await microtasks();
    await fetch.close();
    await Promise.all(calls);
    expect(clock.pending).toBe(0);
  });

  test('goes when the limits allow it, from the moment in which they change', async () => {
    const { fetch, transport, clock } = harness({ ...slow, rateLimit: { perSecond: 0.1 } });
    for (let call = 0; call < 3; call++) fetch(url).catch(() => {});
    await transport.next();
    fetch.update({ retry: false, rateLimit: { perSecond: 10 } });
    await clock.advance(100);
    await transport.next();
    await transport.expectNone();
    fetch.update({ retry: false });
    await transport.next();
    expect(clock.pending).toBeGreaterThan(0);
    await fetch.close();
    expect(clock.pending).toBe(0);
  });
});

describe('beside the other policies', () => {
  test('an open circuit refuses at once and takes no token', async () => {
    const { fetch, transport, clock } = harness({
      ...slow,
      rateLimit: { perSecond: 1, burst: 2 },
      circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0, openMs: 500, openJitterRatio: 0 },
    });
    const first = fetch(url);
    (await transport.next()).respond(new Response(null, { status: 500 }));
    await first;
    for (let call = 0; call < 5; call++) await rejection(CircuitOpenError, fetch(url));
    expect(fetch.hosts.get(host)?.rateLimit).toMatchObject({ tokens: 1, waiting: 0 });
    await clock.advance(500);
    void fetch(url);
    await transport.next();
  });

  test('a circuit that opens while they wait refuses them, and their tokens come back', async () => {
    const { fetch, transport, clock } = harness({
      ...slow,
      circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0, openMs: 60_000 },
    });
    void fetch(url);
    const waiting = [1, 2, 3].map(() => rejection(CircuitOpenError, fetch(url)));
    (await transport.next()).respond(new Response(null, { status: 500 }));
    await clock.advance(100);
    await Promise.all(waiting);
    expect(fetch.hosts.get(host)?.rateLimit).toMatchObject({ tokens: 1, waiting: 0 });
    await transport.expectNone();
  });

  test('a pause that begins while they wait holds them', async () => {
    const { fetch, transport, clock } = harness({ ...slow, hostPause: { jitterMs: 0 } });
    void fetch(url);
    void fetch(`${url}/2`);
    (await transport.next()).respond(answer({ 'Retry-After': '2' }, 503));
    await clock.advance(1_999);
    await transport.expectNone();
    await clock.advance(1);
    expect((await transport.next()).request.url).toBe(`${url}/2`);
  });

  test('who waits for a pause holds no token: after it they go at the rate', async () => {
    const { fetch, transport, clock } = harness({ ...slow, hostPause: { jitterMs: 0 } });
    void fetch(url);
    (await transport.next()).respond(answer({ 'Retry-After': '2' }, 503));
    await microtasks();
    for (let call = 0; call < 3; call++) void fetch(url);
    await clock.advance(2_000);
    await transport.next();
    await transport.expectNone();
    await clock.advance(100);
    await transport.next();
    await clock.advance(100);
    await transport.next();
  });

  test('a call in the queue of the bulkhead takes no token', async () => {
    const { fetch, transport } = harness({
      ...slow,
      bulkhead: { maxConcurrent: 1 },
      rateLimit: { perSecond: 10, burst: 5 },
    });
    for (let call = 0; call < 4; call++) void fetch(url);
    await transport.next();
    expect(fetch.hosts.get(host)).toMatchObject({
      rateLimit: { tokens: 4 },
      bulkhead: { inUse: 1, waiting: 3 },
    });
  });
});

describe("with adaptive: 'headers'", () => {
  test('nothing goes before the reset when nothing is left', async () => {
    const { fetch, transport, clock, events } = harness(adaptive);
    const first = fetch(url);
    (await transport.next()).respond(answer({ RateLimit: '"default";r=0;t=10' }));
    await first;
    void fetch(`${url}/2`);
    await clock.advance(9_999);
    await transport.expectNone();
    expect(fetch.hosts.get(host)?.rateLimit).toMatchObject({ left: 0, waiting: 1 });
    await clock.advance(1);
    await transport.next();
    expect(actions(events)).toEqual(['exhausted', 'queued', 'admitted']);
    expect(events.find(({ type }) => type === 'rate-limit')).toMatchObject({ readyMs: 10_000, host });
  });

  test('no more go than are left, also while answers are on their way', async () => {
    const { fetch, transport, clock } = harness(adaptive);
    const first = fetch(url);
    (await transport.next()).respond(
      answer({ 'X-RateLimit-Limit': '10', 'X-RateLimit-Remaining': '3', 'X-RateLimit-Reset': '60' }),
    );
    await first;
    for (let call = 0; call < 8; call++)
      void fetch(url, { policy: { totalTimeoutMs: 120_000, attemptTimeoutMs: false } });
    await clock.advance(0);
    expect(transport.attempts).toHaveLength(1 + 3);
    await clock.advance(60_000);
    expect(transport.attempts).toHaveLength(1 + 8);
  });

  test('what does not fit the deadline fails at once with the time of the reset', async () => {
    const { fetch, transport } = harness(adaptive);
    const first = fetch(url);
    const epoch = Date.UTC(2026, 0, 1) / 1_000 + 3_600;
    (await transport.next()).respond(
      answer({ 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(epoch) }),
    );
    await first;
    const error = await rejection(RateLimitedError, fetch(url));
    expect(error.retryAfterMs).toBe(3_600_000);
    // By hand, for a header that was wrong.
    fetch.hosts.get(host)?.rateLimit?.forget();
    void fetch(url);
    await transport.next();
  });

  test('holds to its own rate as well', async () => {
    const { fetch, transport, clock } = harness({
      retry: false,
      rateLimit: { perSecond: 10, adaptive: 'headers' },
    });
    const first = fetch(url);
    (await transport.next()).respond(answer({ RateLimit: '"default";r=100;t=10' }));
    await first;
    void fetch(url);
    await transport.expectNone();
    await clock.advance(100);
    await transport.next();
  });

  test.each([
    ['RateLimit', '"a";r='],
    ['RateLimit', '"a";r=-1;t=5'],
    ['RateLimit-Policy', '"a";q=ten'],
  ])('a header that does not parse is ignored, with an event: %s: %s', async (name, value) => {
    const { fetch, transport, events } = harness(adaptive);
    const first = fetch(url);
    (await transport.next()).respond(answer({ [name]: value }));
    await first;
    void fetch(url);
    await transport.next();
    expect(actions(events)).toEqual(['unreadable']);
  });

  test('an answer that was on its way when `adaptive` was switched off says nothing any more', async () => {
    const { fetch, transport } = harness(adaptive);
    const first = fetch(url);
    const attempt = await transport.next();
    fetch.update({ ...slow, rateLimit: { perSecond: 1_000 } });
    attempt.respond(answer({ RateLimit: '"default";r=0;t=3600' }));
    await first;
    expect(fetch.hosts.get(host)?.rateLimit).toMatchObject({ left: undefined, readyMs: 0 });
    void fetch(url);
    await transport.next();
  });

  test('a window that is longer than any reset may be is not believed: one failure would silence the host for it', async () => {
    const { fetch, transport, clock } = harness(adaptive);
    const first = fetch(url);
    (await transport.next()).respond(
      answer({ RateLimit: '"default";r=0;t=1', 'RateLimit-Policy': '"default";q=1;w=999999999999999' }),
    );
    await first;
    await clock.advance(1_000);
    const second = fetch(url).catch(() => {});
    (await transport.next()).fail('ECONNRESET');
    await second;
    expect(fetch.hosts.get(host)?.rateLimit?.readyMs).toBeLessThanOrEqual(1_000);
  });

  test('is off by default: headers are not looked at', async () => {
    const { fetch, transport, events } = harness({ ...slow, rateLimit: { perSecond: 1_000 } });
    const first = fetch(url);
    (await transport.next()).respond(answer({ RateLimit: '"default";r=0;t=10' }));
    await first;
    void fetch(url);
    await transport.next();
    expect(actions(events)).toEqual([]);
  });
});

describe('advice', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('a rate limit without a rate limits nothing', () => {
    const { events } = harness({ rateLimit: {} });
    expect(events).toMatchObject([{ type: 'warning', code: 'NO_RATE' }]);
    expect(harness({ rateLimit: { adaptive: 'headers' } }).events).toEqual([]);
  });
});
