import { describe, expect, test } from 'vitest';
import {
  CircuitOpenError,
  createFetch,
  explain,
  type FetchOptions,
  NetworkError,
  responseInfo,
  TimeoutError,
} from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { collected } from '../support/garbage.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

const hedged = (options: FetchOptions & { ignoreSignal?: boolean } = {}) =>
  harness({ hedge: { afterMs: 100 }, ...options });

const unavailable = (headers?: HeadersInit) =>
  new Response('busy', { status: 503, ...(headers && { headers }) });

const failing = (stream: { cancelled: boolean }, status = 503) =>
  new Response(
    new ReadableStream({
      start: controller => controller.enqueue(new Uint8Array(10)),
      cancel: () => {
        stream.cancelled = true;
      },
    }),
    { status },
  );

describe('a hedge', () => {
  test('is started beside an attempt that takes longer than the delay, and wins if it answers first', async () => {
    const { fetch, transport, clock, events } = hedged();
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(99);
    await transport.expectNone();
    await clock.advance(1);
    const second = await transport.next();
    second.respond(new Response('from the hedge'));
    const response = await call;
    expect(await response.text()).toBe('from the hedge');
    expect(first.signal.aborted).toBe(true);
    expect(second.signal.aborted).toBe(false);
    expect(responseInfo(response)).toMatchObject({
      retries: 0,
      attempts: [
        { attempt: 1, outcome: 'cancelled', reason: 'lost', durationMs: 100 },
        { attempt: 2, outcome: 'success', reason: 'succeeded', hedge: true, startMs: 100 },
      ],
    });
    expect(events.filter(({ type }) => type === 'hedge')).toMatchObject([{ attempt: 2, delayMs: 100 }]);
    expect(fetch.hosts.get('payments.test')?.counters).toMatchObject({
      attempts: 2,
      retries: 0,
      hedges: 1,
      hedgesWon: 1,
    });
  });

  test('loses if the first attempt answers first, and is aborted', async () => {
    const { fetch, transport, clock } = hedged();
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    first.respond(new Response('from the first'));
    const response = await call;
    expect(await response.text()).toBe('from the first');
    expect(second.signal.aborted).toBe(true);
    expect(first.signal.aborted).toBe(false);
    expect(responseInfo(response)?.attempts).toMatchObject([
      { outcome: 'success', reason: 'succeeded' },
      { outcome: 'cancelled', reason: 'lost', hedge: true },
    ]);
    expect(fetch.hosts.get('payments.test')?.counters).toMatchObject({ hedges: 1, hedgesWon: 0 });
  });

  test('is not started for a call that is answered in time, and leaves no timer', async () => {
    const { fetch, transport, clock, events } = hedged();
    const call = fetch(url);
    (await transport.next()).respond();
    await (await call).text();
    expect(clock.pending).toBe(0);
    await clock.advance(1_000);
    await transport.expectNone();
    expect(events.some(({ type }) => type.startsWith('hedge'))).toBe(false);
  });

  test('is off unless it is given', async () => {
    const { fetch, transport, clock } = harness();
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(9_000);
    await transport.expectNone();
    first.respond();
    await call;
  });

  test('may be one of several, each after as long again', async () => {
    const { fetch, transport, clock } = hedged({ hedge: { afterMs: 100, maxHedges: 2 } });
    const call = fetch(url);
    await transport.next();
    await clock.advance(200);
    await transport.next();
    const third = await transport.next();
    await clock.advance(1_000);
    await transport.expectNone();
    third.respond();
    await call;
    expect(transport.attempts.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
  });

  test('can be switched off, or given, for one call', async () => {
    const { fetch, transport, clock } = hedged();
    const without = fetch(url, { policy: { hedge: false } });
    const first = await transport.next();
    await clock.advance(1_000);
    await transport.expectNone();
    first.respond();
    await without;
    const sooner = fetch(url, { policy: { hedge: { afterMs: 10 } } });
    await transport.next();
    await clock.advance(10);
    (await transport.next()).respond();
    await sooner;
  });

  test('carries the same request as it was when the call was made', async () => {
    const { fetch, transport, clock } = hedged();
    const headers = new Headers({ 'x-tenant': 'one' });
    const call = fetch(url, { headers });
    await transport.next();
    headers.set('x-tenant', 'two');
    await clock.advance(100);
    const second = await transport.next();
    expect(second.request.headers.get('x-tenant')).toBe('one');
    second.respond();
    await call;
  });
});

describe('only a repeatable call is hedged', () => {
  const key = { 'idempotency-key': 'a' };
  const stream = () => new ReadableStream({ start: controller => controller.close() });

  test.each<[string, RequestInit, number]>([
    ['GET', {}, 2],
    ['HEAD', { method: 'HEAD' }, 2],
    ['POST', { method: 'POST', body: 'x' }, 1],
    ['DELETE', { method: 'DELETE' }, 1],
    ['POST with a key', { method: 'POST', body: 'x', headers: key }, 2],
    [
      'POST of a stream with a key',
      { method: 'POST', body: stream(), duplex: 'half', headers: key } as RequestInit,
      1,
    ],
  ])('%s', async (_, init, attempts) => {
    const { fetch, transport, clock } = hedged({ retry: { unsent: true } });
    const call = fetch(url, init);
    const first = await transport.next();
    await clock.advance(100);
    await settled();
    expect(transport.attempts).toHaveLength(attempts);
    first.respond();
    await call;
  });

  test('one that is declared idempotent is', async () => {
    const { fetch, transport, clock } = hedged({ retry: { idempotent: true } });
    const call = fetch(url, { method: 'POST', body: 'x' });
    await transport.next();
    await clock.advance(100);
    (await transport.next()).respond();
    await call;
  });

  test('the rule is the same where nothing is retried', async () => {
    const { fetch, transport, clock } = hedged({ retry: false });
    const post = fetch(url, { method: 'POST', body: 'x' });
    const first = await transport.next();
    await clock.advance(100);
    await transport.expectNone();
    first.respond();
    await post;
    const get = fetch(url);
    await transport.next();
    await clock.advance(100);
    (await transport.next()).respond();
    expect(responseInfo(await get)?.attempts).toMatchObject([
      { reason: 'lost' },
      { reason: 'no-retry-policy' },
    ]);
  });
});

describe('the first good answer wins', () => {
  test('a transient failure waits for the other attempt', async () => {
    const { fetch, transport, clock, events } = hedged();
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    first.fail(networkError('ECONNRESET'));
    await transport.expectNone();
    second.respond();
    const response = await call;
    expect(responseInfo(response)?.attempts).toMatchObject([
      { outcome: 'transient', code: 'ECONNRESET', reason: 'hedged' },
      { outcome: 'success', hedge: true, reason: 'succeeded' },
    ]);
    expect(events.some(({ type }) => type === 'retry')).toBe(false);
  });

  test('a transient status waits for the other attempt, and its body is released', async () => {
    const { fetch, transport, clock } = hedged();
    const body = { cancelled: false };
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    second.respond(failing(body));
    await settled();
    first.respond(new Response('good'));
    expect(await (await call).text()).toBe('good');
    expect(body.cancelled).toBe(true);
  });

  test('a no is an answer', async () => {
    const { fetch, transport, clock } = hedged();
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    (await transport.next()).respond(new Response('no', { status: 404 }));
    expect((await call).status).toBe(404);
    expect(first.signal.aborted).toBe(true);
  });

  test('an answer that comes too late from an attempt that hears no abort is released', async () => {
    const { fetch, transport, clock } = hedged({ ignoreSignal: true });
    const body = { cancelled: false };
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    (await transport.next()).respond();
    await call;
    first.respond(failing(body, 200));
    await settled();
    expect(body.cancelled).toBe(true);
  });

  test('when all have failed the last outcome surfaces, and retry decides', async () => {
    const { fetch, transport, clock, events } = hedged({ retry: { maxRetries: 1, jitter: 'none' } });
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    first.fail(networkError('ECONNRESET'));
    await settled();
    second.respond(unavailable());
    await settled();
    await clock.advance(200);
    const third = await transport.next();
    await clock.advance(100);
    const fourth = await transport.next();
    third.respond(unavailable());
    await settled();
    fourth.respond(unavailable());
    const response = await call;
    expect(response.status).toBe(503);
    expect(responseInfo(response)).toMatchObject({
      retries: 1,
      attempts: [
        { attempt: 1, reason: 'hedged' },
        { attempt: 2, reason: 'retried', delayMs: 200, hedge: true },
        { attempt: 3, reason: 'hedged' },
        { attempt: 4, reason: 'retries-exhausted', hedge: true },
      ],
    });
    expect(events.filter(({ type }) => type === 'retry')).toMatchObject([{ attempt: 2, status: 503 }]);
    expect(fetch.hosts.get('payments.test')?.counters).toMatchObject({ attempts: 4, hedges: 2, retries: 1 });
  });

  test('a failure before any hedge is left to retry at once', async () => {
    const { fetch, transport, clock } = hedged();
    const call = fetch(url);
    (await transport.next()).fail(networkError('ECONNRESET'));
    const second = await transport.next();
    await clock.advance(99);
    await transport.expectNone();
    second.respond();
    expect(responseInfo(await call)?.attempts).toMatchObject([
      { reason: 'retried' },
      { reason: 'succeeded' },
    ]);
    expect(clock.pending).toBeLessThanOrEqual(1);
  });

  test('of two failures the one that asks us to stay away surfaces', async () => {
    const { fetch, transport, clock } = hedged({
      retry: { jitter: 'none', baseDelayMs: 0 },
      hostPause: false,
    });
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    first.respond(unavailable({ 'retry-after': '5' }));
    await settled();
    second.fail(networkError('ECONNRESET'));
    await clock.advance(4_999);
    await transport.expectNone();
    await clock.advance(1);
    (await transport.next()).respond();
    expect(responseInfo(await call)?.attempts).toMatchObject([
      { reason: 'retried', retryAfterMs: 5_000 },
      { reason: 'hedged' },
      { reason: 'succeeded' },
    ]);
  });

  test('an error without an answer surfaces with the whole story', async () => {
    const { fetch, transport, clock } = hedged({ retry: { maxRetries: 0 } });
    const call = rejection(NetworkError, fetch(url));
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    first.fail(networkError('ECONNRESET'));
    second.fail(networkError('ECONNREFUSED'));
    const error = await call;
    expect(error).toMatchObject({ reason: 'ECONNREFUSED', sent: 'maybe' });
    expect(explain(error)).toContain('#2 (hedge)');
  });
});

describe('hedges are paid from the retry budget of the host', () => {
  const slow = async (parts: ReturnType<typeof hedged>, isHedgeFirst: boolean) => {
    const { fetch, transport, clock } = parts;
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    await settled();
    const second = transport.attempts.at(-1) === first ? undefined : await transport.next();
    (isHedgeFirst && second ? second : first).respond();
    await (await call).text();
    return second !== undefined;
  };
  const tokens = ({ fetch }: ReturnType<typeof hedged>) =>
    fetch.hosts.get('payments.test')?.retryBudget?.tokens;

  test('a hedge that is merely faster gets nothing back, and no refill', async () => {
    const parts = hedged();
    await slow(parts, true);
    expect(tokens(parts)).toBe(9);
    await slow(parts, false);
    expect(tokens(parts)).toBeCloseTo(8.1);
  });

  test('where all calls are slow at most a tenth of them is hedged for long', async () => {
    const parts = hedged({ retry: { budget: { maxTokens: 10, successRefill: 0.1 } } });
    let hedges = 0;
    for (let call = 0; call < 100; call++) if (await slow(parts, false)) hedges++;
    expect(hedges).toBeGreaterThanOrEqual(18);
    expect(hedges).toBeLessThanOrEqual(20);
  });

  test('without budget none is started, and the observer hears why', async () => {
    const parts = hedged({ retry: { budget: { maxTokens: 1, successRefill: 0 } } });
    expect(await slow(parts, true)).toBe(true);
    expect(await slow(parts, true)).toBe(false);
    expect(parts.events.filter(({ type }) => type === 'hedge-refused')).toMatchObject([
      { attempt: 1, reason: 'budget-empty', delayMs: 100 },
    ]);
  });

  test('a hedge that answers after the other has failed gets its cost back', async () => {
    const parts = hedged({ retry: { budget: { successRefill: 0 } } });
    const call = parts.fetch(url);
    const first = await parts.transport.next();
    await parts.clock.advance(100);
    const second = await parts.transport.next();
    first.fail(networkError('ECONNRESET'));
    await settled();
    second.respond();
    await call;
    expect(tokens(parts)).toBe(10);
  });

  test('a pair that fails is paid for, and so is its retry', async () => {
    const parts = hedged({ retry: { budget: { successRefill: 0 }, maxRetries: 1 } });
    const call = parts.fetch(url);
    const first = await parts.transport.next();
    await parts.clock.advance(100);
    const second = await parts.transport.next();
    first.fail(networkError('ECONNRESET'));
    second.fail(networkError('ECONNRESET'));
    const third = await parts.transport.next();
    expect(tokens(parts)).toBe(8);
    third.respond(unavailable());
    await call;
    expect(tokens(parts)).toBe(8);
  });

  test('where nothing is retried there is a budget all the same, and good calls fill it', async () => {
    const parts = hedged({ retry: false });
    let hedges = 0;
    for (let call = 0; call < 100; call++) if (await slow(parts, false)) hedges++;
    expect(hedges).toBeGreaterThanOrEqual(18);
    expect(hedges).toBeLessThanOrEqual(20);
  });

  test('`budget: false` hedges without one', async () => {
    const parts = hedged({ retry: { budget: false } });
    for (let call = 0; call < 20; call++) expect(await slow(parts, true)).toBe(true);
  });
});

describe('no hedge is started', () => {
  test('when the circuit has opened meanwhile', async () => {
    const { fetch, transport, clock, events } = hedged();
    const call = fetch(url);
    const first = await transport.next();
    fetch.hosts.get('payments.test')?.circuitBreaker.isolate();
    await clock.advance(100);
    await transport.expectNone();
    expect(events.filter(({ type }) => type === 'hedge-refused')).toMatchObject([{ reason: 'circuit-open' }]);
    first.respond();
    await call;
  });

  test('beside a probe', async () => {
    const { fetch, transport, clock } = hedged({
      retry: false,
      circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0, openJitterRatio: 0 },
    });
    const failing = fetch(url);
    (await transport.next()).respond(unavailable());
    await failing;
    await rejection(CircuitOpenError, fetch(url));
    await clock.advance(1_000);
    const call = fetch(url);
    const probe = await transport.next();
    await clock.advance(100);
    await transport.expectNone();
    probe.respond();
    await call;
    expect(fetch.hosts.get('payments.test')?.circuitBreaker.state).toBe('closed');
  });

  test('while the host is paused', async () => {
    const { fetch, transport, clock, events } = hedged({ retry: { maxRetries: 0 } });
    const call = fetch(url);
    const first = await transport.next();
    const other = fetch(url);
    (await transport.next()).respond(unavailable({ 'retry-after': '1' }));
    await other;
    await clock.advance(100);
    await transport.expectNone();
    expect(events.filter(({ type }) => type === 'hedge-refused')).toMatchObject([{ reason: 'host-paused' }]);
    first.respond();
    await call;
  });

  test('with less time left than it was waited for', async () => {
    const { fetch, transport, clock, events } = hedged({ totalTimeoutMs: 199 });
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    await transport.expectNone();
    expect(events.filter(({ type }) => type === 'hedge-refused')).toMatchObject([{ reason: 'deadline' }]);
    first.respond();
    await call;
  });
});

describe('with the other policies', () => {
  test("the caller's abort ends all attempts with the caller's own reason", async () => {
    const { fetch, transport, clock, events } = hedged();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(first.signal.reason).toBe(reason);
    expect(second.signal.reason).toBe(reason);
    await settled();
    expect(clock.pending).toBe(0);
    expect(events.filter(({ type }) => type === 'attempt-end')).toMatchObject([
      { outcome: 'cancelled' },
      { outcome: 'cancelled' },
    ]);
    expect(fetch.hosts.get('payments.test')?.circuitBreaker.counts).toMatchObject({ failures: 0 });
  });

  test('the total timeout ends all attempts', async () => {
    const { fetch, transport, clock } = hedged({ totalTimeoutMs: 1_000 });
    const call = rejection(TimeoutError, fetch(url));
    await transport.next();
    await clock.advance(100);
    await transport.next();
    await clock.advance(900);
    expect(await call).toMatchObject({ scope: 'total' });
    expect(transport.attempts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(clock.pending).toBe(0);
  });

  test('an abort after the winner has answered breaks off its body', async () => {
    const { fetch, transport, clock } = hedged();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal });
    await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    second.respond(new Response(new ReadableStream()));
    await call;
    expect(second.signal.aborted).toBe(false);
    controller.abort();
    expect(second.signal.aborted).toBe(true);
  });

  test('the attempt timeout of the first does not end the hedge', async () => {
    const { fetch, transport, clock } = hedged({ attemptTimeoutMs: 150 });
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    await clock.advance(50);
    expect(first.signal.aborted).toBe(true);
    expect(second.signal.aborted).toBe(false);
    second.respond();
    expect(responseInfo(await call)?.attempts).toMatchObject([
      { code: 'TIMEOUT', reason: 'hedged' },
      { reason: 'succeeded', hedge: true },
    ]);
  });

  test('a loser says nothing to the circuit, a failed one does', async () => {
    const { fetch, transport, clock } = hedged();
    const won = fetch(url);
    await transport.next();
    await clock.advance(100);
    (await transport.next()).respond();
    await (await won).text();
    const counts = () => fetch.hosts.get('payments.test')?.circuitBreaker.counts;
    await settled();
    expect(counts()).toMatchObject({ failures: 0, successes: 1 });
    const saved = fetch(url);
    const first = await transport.next();
    await clock.advance(100);
    const second = await transport.next();
    first.fail(networkError('ECONNRESET'));
    await settled();
    second.respond();
    await (await saved).text();
    expect(counts()).toMatchObject({ failures: 1, successes: 2 });
  });

  test('close() ends all attempts', async () => {
    const { fetch, transport, clock } = hedged();
    const call = fetch(url);
    call.catch(() => {});
    await transport.next();
    await clock.advance(100);
    await transport.next();
    await fetch.close();
    await expect(call).rejects.toMatchObject({ code: 'CLOSED' });
    expect(transport.attempts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(clock.pending).toBe(0);
  });

  test('a response that is dropped unread is collected', async () => {
    const { fetch } = hedged({ fetch: async () => new Response('x'.repeat(1_000)), leaseMs: 100_000 });
    for (let call = 0; call < 20; call++) await fetch(url);
    const active = () => fetch.hosts.get('payments.test')?.activeCalls ?? 0;
    await collected(() => active() <= 1);
    expect(active()).toBeLessThanOrEqual(1);
  });

  test('the story of a response is complete when it is there', async () => {
    const { fetch, transport, clock, events } = hedged();
    const call = fetch(url);
    await transport.next();
    await clock.advance(100);
    (await transport.next()).respond();
    const response = await call;
    expect(events.map(({ type }) => type)).toEqual([
      'call-start',
      'attempt-start',
      'hedge',
      'attempt-start',
      'attempt-end',
      'attempt-end',
      'call-end',
      'body-end',
    ]);
    expect(explain(response)).toMatchInlineSnapshot(`
      "GET https://payments.test/charges → 200 in 100 ms, 2 attempts
        #1          at 0 ms    took 100 ms  cancelled    maybe sent  another attempt was faster
        #2 (hedge)  at 100 ms  took 0 ms    success 200"
    `);
  });
});

describe('a quantile', () => {
  const answerIn = async ({ fetch, transport, clock }: ReturnType<typeof hedged>, ms: number) => {
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(ms);
    first.respond();
    await (await call).text();
  };

  test('is that of 95 % where nothing is said', async () => {
    const parts = hedged({ hedge: {} });
    for (let sample = 1; sample <= 100; sample++) await answerIn(parts, sample <= 95 ? 10 : 80);
    const call = parts.fetch(url);
    await parts.transport.next();
    await parts.clock.advance(11);
    (await parts.transport.next()).respond();
    await call;
  });

  test('hedges nothing before there are enough samples, then what is slower than that share', async () => {
    const parts = hedged({ hedge: { quantile: 0.9 } });
    for (let sample = 1; sample < 50; sample++) await answerIn(parts, sample <= 25 ? 10 : 40);
    expect(parts.events.some(({ type }) => type === 'hedge')).toBe(false);
    await answerIn(parts, 40);
    const call = parts.fetch(url);
    await parts.transport.next();
    await parts.clock.advance(39);
    await parts.transport.expectNone();
    await parts.clock.advance(6);
    (await parts.transport.next()).respond();
    await call;
  });

  test('with `afterMs` goes by that until then', async () => {
    const parts = hedged({ hedge: { quantile: 0.95, afterMs: 500 } });
    const call = parts.fetch(url);
    await parts.transport.next();
    await parts.clock.advance(500);
    (await parts.transport.next()).respond();
    await call;
  });

  test('is not dragged down by hedges that win: a slow host is hedged no sooner for it', async () => {
    const parts = hedged({ hedge: { quantile: 0.5 }, retry: { budget: false } });
    for (let sample = 0; sample < 10; sample++) await answerIn(parts, 100);
    for (let call = 0; call < 200; call++) {
      const sent = parts.fetch(url);
      const first = await parts.transport.next();
      while (parts.transport.attempts.at(-1) === first) await parts.clock.advance(5);
      (await parts.transport.next()).respond();
      await (await sent).text();
    }
    const delays = parts.events.flatMap(event => (event.type === 'hedge' ? [event.delayMs] : []));
    expect(delays).toHaveLength(200);
    expect(Math.min(...delays)).toBeGreaterThan(95);
    expect(Math.max(...delays)).toBeLessThan(150);
  });
});

describe('wrong options', () => {
  test.each<[object, string]>([
    [{ afterMs: 0 }, '`hedge.afterMs` should be a number from 1 to 2147483647 (milliseconds), got 0.'],
    [{ quantile: 1 }, '`hedge.quantile` should be a number from 0.5 to 0.99, got 1.'],
    [{ quantile: 0.95, maxHedges: 0 }, '`hedge.maxHedges` should be a whole number from 1 to 10, got 0.'],
    [{ delayMs: 5 }, 'Unknown option `hedge.delayMs`.'],
  ])('%o', (hedge, message) => {
    expect(() => createFetch({ hedge })).toThrow(message);
  });

  test('a hedge that comes too late for any good is warned of', () => {
    const { events } = harness({ hedge: { afterMs: 600 }, totalTimeoutMs: 1_000 });
    expect(events).toMatchObject([{ type: 'warning', code: 'HEDGE_TOO_LATE' }]);
  });
});
