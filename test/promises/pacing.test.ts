import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ClosedError,
  explain,
  type FetchOptions,
  HostPausedError,
  type RetryOptions,
  responseInfo,
  TimeoutError,
} from '../../src/index.ts';
import { retryBudgetDefaults } from '../../src/policies/retry/budget.ts';
import { networkError, seededRandom, slowBody } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { withinMicrotasks } from '../support/settling.ts';

const host = 'payments.test';
const { maxTokens: full } = retryBudgetDefaults;

/** Starts a call whose first attempt gets `first`, and tells when the second one comes. */
async function secondAttemptAt(first: () => Response, options: FetchOptions = {}): Promise<number> {
  const { fetch, transport, clock } = harness(options);
  const call = fetch(url);
  (await transport.next()).respond(first());
  for (;;) {
    await clock.advance(1);
    if (transport.attempts.length === 2) break;
    if (clock.pending === 0) throw new Error('no second attempt');
  }
  (await transport.next()).respond();
  await call;
  return clock.now();
}

const asking =
  (headers: Record<string, string>, status = 429) =>
  () =>
    statusResponse(status, headers);

describe('promise 3: what a server asks for is obeyed', () => {
  // The virtual clock starts at 2026-01-01T00:00:00Z.
  describe('a retry is never earlier than', () => {
    test.each([
      ['Retry-After in seconds', { 'Retry-After': '3' }, 3_000],
      ['Retry-After as a date', { 'Retry-After': 'Thu, 01 Jan 2026 00:00:05 GMT' }, 5_000],
      ['retry-after-ms', { 'retry-after-ms': '1500' }, 1_500],
      ['RateLimit', { RateLimit: '"default";r=0;t=4' }, 4_000],
      ['RateLimit-Reset', { 'RateLimit-Reset': '7', 'RateLimit-Remaining': '0' }, 7_000],
      ['X-RateLimit-Reset, an epoch', { 'X-RateLimit-Reset': '1767225606' }, 6_000],
    ])('%s', async (_, headers, askedMs) => {
      expect(await secondAttemptAt(asking(headers))).toBe(askedMs);
      expect(await secondAttemptAt(asking(headers, 503))).toBe(askedMs);
    });

    test('the delay asked for, whatever the back-off, the cap and the chance', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 4 }),
          fc.constantFrom('full', 'equal', 'none'),
          fc.integer({ min: 0, max: 500 }),
          fc.integer(),
          fc.constantFrom(429, 503),
          async (seconds, jitter, baseDelayMs, seed, status) => {
            const retry: RetryOptions = { jitter, baseDelayMs, maxDelayMs: 500 };
            const at = await secondAttemptAt(asking({ 'Retry-After': String(seconds) }, status), {
              retry,
              random: seededRandom(seed),
              totalTimeoutMs: false,
            });
            expect(at).toBeGreaterThanOrEqual(seconds * 1_000);
          },
        ),
        { numRuns: 30 },
      );
    });

    test('the delay asked for, when `delayMs` would be shorter', async () => {
      const retry = { delayMs: () => 10 };
      expect(await secondAttemptAt(asking({ 'Retry-After': '2' }), { retry })).toBe(2_000);
    });
  });

  test('calls that were told the same do not come back in one instant', async () => {
    const times = new Set<number>();
    for (let seed = 0; seed < 10; seed++) {
      times.add(await secondAttemptAt(asking({ 'Retry-After': '1' }), { random: seededRandom(seed) }));
    }
    expect(times.size).toBeGreaterThan(5);
    expect(Math.max(...times)).toBeLessThanOrEqual(1_200);
  });

  test('jitter does not push a retry over the deadline that the delay itself would meet', async () => {
    const options = { totalTimeoutMs: 1_100, random: () => 0.99 };
    expect(await secondAttemptAt(asking({ 'Retry-After': '1' }), options)).toBe(1_000);
  });

  test('respectRetryAfter: false goes by the back-off alone', async () => {
    const options = { retry: { respectRetryAfter: false, jitter: 'none' }, hostPause: false } as const;
    expect(await secondAttemptAt(asking({ 'Retry-After': '5' }, 503), options)).toBe(200);
  });

  test('respectRetryAfter: false does not turn a 503 into a rejection of our own', async () => {
    const transport = answering(() => statusResponse(503, { 'Retry-After': '3600' }));
    const { fetch } = harness({ fetch: transport, retry: { respectRetryAfter: false } });
    expect((await fetch(url)).status).toBe(503);
  });

  describe('what does not fit the deadline', () => {
    test('fails at once: the response is handed over with the time to come back', async () => {
      const { fetch, transport } = harness({ totalTimeoutMs: 5_000 });
      const call = fetch(url);
      (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
      expect(await withinMicrotasks(call)).toMatchObject({ state: 'fulfilled', value: { status: 503 } });
      const response = await call;
      expect(await response.text()).toBe('status 503');
      expect(responseInfo(response)?.attempts).toMatchObject([{ reason: 'deadline', retryAfterMs: 5_000 }]);
      expect(explain(response)).toContain('it would not fit the total timeout (asked to wait 5000 ms)');
    });

    test('is judged by the time that is left, not by the whole', async () => {
      const { fetch, transport, clock } = harness({ totalTimeoutMs: 5_000, retry: { jitter: 'none' } });
      const call = fetch(url);
      const first = await transport.next();
      await clock.advance(3_000);
      first.respond(statusResponse(429, { 'Retry-After': '2' }));
      expect((await call).status).toBe(429);
    });

    test('is waited for when it fits', async () => {
      expect(await secondAttemptAt(asking({ 'Retry-After': '4' }), { totalTimeoutMs: 5_000 })).toBe(4_000);
    });

    test('a back-off that does not fit is not begun either', async () => {
      const { fetch, transport } = harness({
        totalTimeoutMs: 1_000,
        attemptTimeoutMs: 500,
        retry: { baseDelayMs: 1_000, jitter: 'none' },
      });
      const call = fetch(url);
      (await transport.next()).respond(statusResponse(503));
      expect(await withinMicrotasks(call)).toMatchObject({ state: 'fulfilled', value: { status: 503 } });
    });
  });

  describe('a host that asked for a pause is paused for every call', () => {
    /** A host that has just answered one call with 503 and asked for 10 s. */
    async function paused(options: FetchOptions = {}) {
      const parts = harness({ totalTimeoutMs: 30_000, retry: false, ...options });
      const { fetch, transport } = parts;
      const call = fetch(url);
      (await transport.next()).respond(statusResponse(503, { 'Retry-After': '10' }));
      await (await call).text();
      return parts;
    }

    test('from the first 503 with Retry-After', async () => {
      const { fetch, transport, clock } = await paused();
      expect(fetch.hosts.get(host)?.pause.remainingMs).toBe(10_000);
      const other = fetch(url);
      await clock.advance(9_999);
      await transport.expectNone();
      expect(fetch.hosts.get(host)?.pause.waiting).toBe(1);
      await clock.advance(1);
      (await transport.next()).respond();
      expect((await other).status).toBe(200);
      expect(fetch.hosts.get(host)?.pause).toMatchObject({ remainingMs: 0, waiting: 0 });
    });

    test('for the retry of another call too', async () => {
      const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
      const other = fetch(url);
      const first = await transport.next();
      const call = fetch(url);
      (await transport.next()).respond(statusResponse(503, { 'Retry-After': '10' }));
      first.respond(statusResponse(503));
      await clock.advance(9_999);
      await transport.expectNone();
      await clock.advance(1_000);
      for (let retry = 0; retry < 2; retry++) (await transport.next()).respond();
      expect((await other).status).toBe(200);
      expect((await call).status).toBe(200);
    });

    test('a single 429 delays only its own call, several in a row pause the host', async () => {
      const { fetch, transport } = harness({ retry: false, hostPause: { after429s: 3 } });
      for (const expectedMs of [0, 0, 10_000]) {
        const call = fetch(url);
        (await transport.next()).respond(statusResponse(429, { 'Retry-After': '10' }));
        await (await call).text();
        expect(fetch.hosts.get(host)?.pause.remainingMs).toBe(expectedMs);
      }
    });

    test('any other answer between them starts the count of 429s again', async () => {
      const { fetch, transport } = harness({ retry: false, hostPause: { after429s: 3 } });
      for (const status of [429, 429, 200, 429, 429]) {
        const call = fetch(url);
        (await transport.next()).respond(statusResponse(status, { 'Retry-After': '10' }));
        await (await call).text();
      }
      expect(fetch.hosts.get(host)?.pause.remainingMs).toBe(0);
    });

    test.each([
      ['503 without Retry-After', 503, {}],
      ['500 with Retry-After', 500, { 'Retry-After': '10' }],
      ['200 with Retry-After', 200, { 'Retry-After': '10' }],
    ])('but not by a %s', async (_, status, headers) => {
      const { fetch, transport } = harness({ retry: false, hostPause: { after429s: 1 } });
      const call = fetch(url);
      (await transport.next()).respond(statusResponse(status, headers));
      await (await call).text();
      expect(fetch.hosts.get(host)?.pause.remainingMs).toBe(0);
    });

    test('and no other host', async () => {
      const { fetch, transport } = await paused();
      const call = fetch('https://search.test/');
      (await transport.next()).respond();
      expect((await call).status).toBe(200);
    });

    test('a longer pause replaces a shorter one, a shorter one does not shorten it', async () => {
      const { fetch, transport, clock } = harness({ retry: false });
      const calls = [fetch(url), fetch(url), fetch(url)];
      for (const [asked, expectedMs] of [
        ['5', 5_000],
        ['10', 10_000],
        ['1', 10_000],
      ] as const) {
        (await transport.next()).respond(statusResponse(503, { 'Retry-After': asked }));
        await clock.advance(0);
        expect(fetch.hosts.get(host)?.pause.remainingMs).toBe(expectedMs);
      }
      await Promise.all(calls);
    });

    test('a call whose deadline comes before the end is refused at once, with the time to come back', async () => {
      const { fetch, transport } = await paused();
      const refused = fetch(url, { policy: { totalTimeoutMs: 10_000 } });
      const settling = await withinMicrotasks(refused);
      expect(settling).toMatchObject({
        state: 'rejected',
        reason: { code: 'HOST_PAUSED', retryAfterMs: 10_000, host: 'https://payments.test' },
      });
      const error = await rejection(HostPausedError, refused);
      expect(error.message).toContain('asked to be left alone for 10 s');
      expect(error.message).toContain('Try again in 10 s.');
      await transport.expectNone();
    });

    test('a call whose deadline comes after the pause but within the jitter is sent, not timed out waiting', async () => {
      const { fetch, transport, clock } = await paused({ random: () => 0.99 });
      const call = fetch(url, { policy: { totalTimeoutMs: 10_200 } });
      call.catch(() => {});
      await clock.advance(10_199);
      (await transport.next()).respond();
      expect((await call).status).toBe(200);
    });

    test('waiting calls start again at random within the jitter', async () => {
      const { fetch, transport, clock } = await paused({
        random: seededRandom(1),
        hostPause: { jitterMs: 400 },
      });
      const calls = Array.from({ length: 20 }, () => fetch(url));
      await clock.advance(10_000);
      const counts = [transport.attempts.length - 1];
      for (let step = 0; step < 4; step++) {
        await clock.advance(100);
        counts.push(transport.attempts.length - 1);
      }
      expect(counts[0]).toBe(0);
      expect(counts.at(-1)).toBe(20);
      expect(new Set(counts).size).toBe(5);
      for (const _ of calls) (await transport.next()).respond();
      await Promise.all(calls);
    });

    test('at most maxWaiting calls wait, the rest are refused at once', async () => {
      const { fetch, transport, clock } = await paused({ hostPause: { maxWaiting: 2 } });
      const waiting = [fetch(url), fetch(url)];
      const error = await rejection(HostPausedError, fetch(url));
      expect(error.message).toContain('enough calls are waiting already');
      expect(error.retryAfterMs).toBe(10_000);
      await clock.advance(10_000);
      for (const _ of waiting) (await transport.next()).respond();
      await Promise.all(waiting);
      expect(clock.pending).toBe(0);
    });

    test('a waiting call that is aborted settles at once and leaves its place', async () => {
      const { fetch, transport, clock } = await paused({ hostPause: { maxWaiting: 1 } });
      const controller = new AbortController();
      const call = fetch(url, { signal: controller.signal });
      await clock.advance(1_000);
      controller.abort('enough');
      expect(await withinMicrotasks(call)).toEqual({ state: 'rejected', reason: 'enough' });
      expect(fetch.hosts.get(host)?.pause.waiting).toBe(0);
      expect(clock.pending).toBe(0);
      await clock.advance(20_000);
      await transport.expectNone();
    });

    test('a pause that is lengthened while calls wait holds them longer', async () => {
      const { fetch, transport, clock } = harness({ retry: false });
      const early = fetch(url);
      const slow = await transport.next();
      const call = fetch(url);
      (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
      await (await call).text();
      const waiting = fetch(url);
      await clock.advance(2_000);
      slow.respond(statusResponse(503, { 'Retry-After': '10' }));
      await (await early).text();
      await clock.advance(9_999);
      await transport.expectNone();
      await clock.advance(1);
      (await transport.next()).respond();
      expect((await waiting).status).toBe(200);
    });

    test('a pause that is lengthened past the deadline of a waiting call refuses it when it would have gone', async () => {
      const { fetch, transport, clock } = harness({ retry: false, totalTimeoutMs: 8_000 });
      const early = fetch(url);
      const slow = await transport.next();
      const call = fetch(url);
      (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
      await (await call).text();
      const waiting = rejection(HostPausedError, fetch(url));
      await clock.advance(2_000);
      slow.respond(statusResponse(503, { 'Retry-After': '10' }));
      await (await early).text();
      await clock.advance(3_000);
      expect((await waiting).retryAfterMs).toBe(7_000);
    });

    test('for maxPauseMs at most, but the call that was told is not retried earlier than it was told', async () => {
      const { fetch, transport } = harness({ hostPause: { maxPauseMs: 60_000 }, totalTimeoutMs: false });
      const call = fetch(url);
      (await transport.next()).respond(statusResponse(503, { 'Retry-After': '3600' }));
      await transport.expectNone();
      const view = fetch.hosts.get(host)!;
      expect(view.pause.remainingMs).toBe(60_000);
      await fetch.close();
      const error = await rejection(ClosedError, call);
      expect(error.attempts).toMatchObject([{ delayMs: 3_600_000, retryAfterMs: 3_600_000 }]);
    });

    test('resume() ends it by hand', async () => {
      const { fetch, transport } = await paused();
      fetch.hosts.get(host)?.pause.resume();
      const call = fetch(url);
      (await transport.next()).respond();
      expect((await call).status).toBe(200);
    });

    test('hostPause: false pays no heed, also for a single call', async () => {
      const { fetch, transport } = await paused();
      const call = fetch(url, { policy: { hostPause: false } });
      (await transport.next()).respond();
      expect((await call).status).toBe(200);
    });

    test('the observer hears of it', async () => {
      const { events } = await paused();
      expect(events.find(({ type }) => type === 'host-pause')).toMatchObject({
        host: 'https://payments.test',
        pauseMs: 10_000,
        status: 503,
        call: { host: 'https://payments.test' },
      });
    });
  });
});

describe('promise 4: back-off and budget', () => {
  /** The delays that a call waits before its retries. */
  async function delaysOf(retry: RetryOptions, random: () => number): Promise<number[]> {
    const { fetch, clock, events } = harness({
      fetch: answering(503),
      retry: { budget: false, ...retry },
      circuitBreaker: false,
      random,
      totalTimeoutMs: false,
    });
    const call = fetch(url);
    await clock.advance(10_000_000);
    await call;
    return events.flatMap(event => (event.type === 'retry' ? [event.delayMs] : []));
  }

  test('without jitter the delay doubles up to the cap', async () => {
    const delays = await delaysOf({ maxRetries: 6, jitter: 'none' }, () => 0.5);
    expect(delays).toEqual([200, 400, 800, 1_600, 2_000, 2_000]);
  });

  test.each([
    ['linear', [100, 200, 300, 350]],
    ['constant', [100, 100, 100, 100]],
    ['exponential', [100, 200, 350, 350]],
  ] as const)('%s back-off', async (backoff, delays) => {
    const retry = { backoff, maxRetries: 4, baseDelayMs: 100, maxDelayMs: 350, jitter: 'none' } as const;
    expect(await delaysOf(retry, () => 0.5)).toEqual(delays);
  });

  test('full jitter lies anywhere between 0 and the delay', async () => {
    expect(await delaysOf({ maxRetries: 3 }, () => 0)).toEqual([0, 0, 0]);
    expect(await delaysOf({ maxRetries: 3 }, () => 0.999)).toEqual([199.8, 399.6, 799.2]);
    await fc.assert(
      fc.asyncProperty(fc.integer(), async seed => {
        const delays = await delaysOf({ maxRetries: 6 }, seededRandom(seed));
        for (const [index, delayMs] of delays.entries()) {
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThan(Math.min(2_000, 200 * 2 ** index));
        }
      }),
      { numRuns: 25 },
    );
  });

  test('equal jitter keeps half of the delay', async () => {
    expect(await delaysOf({ maxRetries: 2, jitter: 'equal' }, () => 0)).toEqual([100, 200]);
  });

  test.each([
    [200, 2_000],
    [0, 0],
  ])('a thousand retries in, a base of %d ms still makes a delay of %d ms', async (baseDelayMs, delayMs) => {
    const delays = await delaysOf({ maxRetries: 1_100, baseDelayMs, jitter: 'none' }, () => 0.5);
    expect(delays.at(-1)).toBe(delayMs);
  });

  test('the attempt comes when the delay is over, not before', async () => {
    const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
    const call = fetch(url);
    (await transport.next()).respond(statusResponse(503));
    await clock.advance(199);
    await transport.expectNone();
    await clock.advance(1);
    (await transport.next()).respond();
    await call;
  });

  describe('the budget', () => {
    const budgetOf = (fetch: ReturnType<typeof harness>['fetch']) =>
      fetch.hosts.get(host)?.retryBudget?.tokens;

    test('bounds the retries of a whole outage to its tokens', async () => {
      const transport = answering(503);
      const { fetch } = harness({ fetch: transport, circuitBreaker: false });
      for (let call = 0; call < 200; call++) await (await fetch(url)).text();
      expect(transport.calls).toHaveLength(200 + full);
      expect(budgetOf(fetch)).toBe(0);
    });

    test('bounds attempts in any series of answers: calls + tokens + what first successes and refunds put in', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(200, 200, 503, 404), { minLength: 1, maxLength: 120 }),
          fc.integer({ min: 1, max: 20 }),
          fc.double({ min: 0, max: 1, noNaN: true }),
          async (answers, maxTokens, successRefill) => {
            const transport = answering(...answers);
            const budget = { maxTokens, successRefill };
            const { fetch } = harness({ fetch: transport, retry: { budget }, circuitBreaker: false });
            const calls = Math.ceil(answers.length / 2);
            for (let call = 0; call < calls; call++) await (await fetch(url)).text();
            const counters = fetch.hosts.get(host)!.counters;
            const atFirst = calls - counters.retriedCalls;
            const bound = maxTokens + successRefill * atFirst + counters.recoveredCalls;
            expect(counters.retries).toBeLessThanOrEqual(bound + 1e-6);
            expect(counters.attempts).toBe(calls + counters.retries);
            expect(transport.calls).toHaveLength(counters.attempts);
          },
        ),
        { numRuns: 60 },
      );
    });

    test('refuses with the failed response itself, and says why', async () => {
      const transport = answering(503);
      const { fetch } = harness({ fetch: transport, retry: { budget: { maxTokens: 1 } } });
      const response = await fetch(url);
      expect(response.status).toBe(503);
      expect(responseInfo(response)?.attempts.map(attempt => attempt.reason)).toEqual([
        'retried',
        'budget-empty',
      ]);
      expect(fetch.hosts.get(host)?.counters).toMatchObject({ retries: 1, retriesRefused: 1 });
    });

    test('gets the cost of a retry back when the retry succeeds', async () => {
      const { fetch } = harness({ fetch: answering(503, 200) });
      await fetch(url);
      expect(budgetOf(fetch)).toBe(full);
    });

    test('gets nothing back when the retry fails', async () => {
      const { fetch } = harness({ fetch: answering(503), retry: { maxRetries: 1 } });
      await fetch(url);
      expect(budgetOf(fetch)).toBe(full - 1);
    });

    test('gets only the last cost back when the second retry succeeds', async () => {
      const { fetch } = harness({ fetch: answering(503, 503, 200) });
      await fetch(url);
      expect(budgetOf(fetch)).toBe(full - 1);
    });

    test('a retry of an attempt that timed out costs double', async () => {
      const { fetch, transport, clock } = harness({ retry: { maxRetries: 1 } });
      const call = fetch(url);
      await transport.next();
      await clock.advance(10_000);
      expect(budgetOf(fetch)).toBe(full - 2);
      (await transport.next()).respond();
      await call;
      expect(budgetOf(fetch)).toBe(full);
    });

    test('gets its cost back when the wait for the retry is aborted', async () => {
      const { fetch, transport } = harness({ retry: { jitter: 'none' } });
      const controller = new AbortController();
      const call = rejection(Error, fetch(url, { signal: controller.signal }));
      (await transport.next()).respond(statusResponse(503));
      await transport.expectNone();
      expect(budgetOf(fetch)).toBe(full - 1);
      controller.abort();
      await call;
      expect(budgetOf(fetch)).toBe(full);
    });

    test('gets its cost back when the retry is refused before it is sent', async () => {
      const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
      const call = fetch(url).catch(() => {});
      (await transport.next()).respond(statusResponse(503));
      await transport.expectNone();
      fetch.hosts.get(host)?.circuitBreaker?.isolate();
      await clock.advance(200);
      await call;
      await transport.expectNone();
      expect(budgetOf(fetch)).toBe(full);
    });

    test('a call that succeeds at once puts a tenth in, and ten of them pay for a retry', async () => {
      const answers = [503, 503, ...Array.from({ length: 10 }, () => 200), 503, 503];
      const transport = answering(...answers);
      const { fetch } = harness({ fetch: transport, retry: { maxRetries: 1, budget: { maxTokens: 1 } } });
      await (await fetch(url)).text();
      expect(budgetOf(fetch)).toBe(0);
      for (let call = 0; call < 10; call++) await (await fetch(url)).text();
      expect(budgetOf(fetch)).toBeCloseTo(1);
      await (await fetch(url)).text();
      expect(fetch.hosts.get(host)?.counters.retries).toBe(2);
    });

    test('never holds more than its maximum', async () => {
      const { fetch } = harness({ fetch: answering(200) });
      for (let call = 0; call < 5; call++) await (await fetch(url)).text();
      expect(budgetOf(fetch)).toBe(full);
    });

    test('is one per host', async () => {
      const { fetch } = harness({ fetch: answering(503), circuitBreaker: false });
      for (let call = 0; call < full; call++) await (await fetch(url)).text();
      await (await fetch('https://search.test/')).text();
      expect(budgetOf(fetch)).toBe(0);
      expect(fetch.hosts.get('search.test')?.retryBudget?.tokens).toBe(full - 2);
    });

    test('budget: false for one call neither asks nor pays', async () => {
      const transport = answering(503);
      const { fetch } = harness({ fetch: transport });
      await (await fetch(url, { policy: { retry: { budget: false } } })).text();
      expect(transport.calls).toHaveLength(3);
      expect(budgetOf(fetch)).toBe(full);
    });
  });

  describe('a callback', () => {
    test.each([
      Number.NaN,
      -1,
      undefined,
      'soon',
    ])('that returns %s for a delay rejects the call, and lets the response go', async delayMs => {
      const body = slowBody();
      const { fetch, transport, clock } = harness({ retry: { delayMs: () => delayMs as number } });
      const call = rejection(RangeError, fetch(url));
      (await transport.next()).respond(new Response(body.stream, { status: 503 }));
      expect((await call).message).toContain('retry.delayMs');
      expect(body.state).toBe('cancelled');
      expect(clock.pending).toBe(0);
      expect(fetch.hosts.get(host)).toMatchObject({ activeCalls: 0, retryBudget: { tokens: full } });
    });

    test('that throws rejects the call with what it threw, and lets the response go', async () => {
      const body = slowBody();
      const own = new Error('in a callback');
      const shouldRetry = () => {
        throw own;
      };
      const { fetch, transport, clock } = harness({ retry: { shouldRetry } });
      const call = fetch(url);
      (await transport.next()).respond(new Response(body.stream, { status: 503 }));
      await expect(call).rejects.toBe(own);
      expect(body.state).toBe('cancelled');
      expect(clock.pending).toBe(0);
    });
  });

  test('maxElapsedMs: no retry starts after it', async () => {
    const { fetch, transport, clock } = harness({ retry: { maxElapsedMs: 1_000, jitter: 'none' } });
    const call = fetch(url);
    const first = await transport.next();
    await clock.advance(801);
    first.respond(statusResponse(503));
    const response = await call;
    expect(responseInfo(response)?.attempts[0]?.reason).toBe('elapsed');
  });

  test('a host’s counters tell how often retries help', async () => {
    const { fetch } = harness({ fetch: answering(503, 200, 503, 503, 503, 200), circuitBreaker: false });
    for (let call = 0; call < 3; call++) await (await fetch(url)).text();
    expect(fetch.hosts.get(host)?.counters).toEqual({
      calls: 3,
      attempts: 6,
      retries: 3,
      retriedCalls: 2,
      recoveredCalls: 1,
      retriesRefused: 0,
      hedges: 0,
      hedgesWon: 0,
      rejected: 0,
    });
  });

  test('a retry that is refused before it is sent is no retry in the counters', async () => {
    const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
    const call = fetch(url).catch(() => {});
    (await transport.next()).fail(networkError('ECONNRESET'));
    await transport.expectNone();
    fetch.hosts.get(host)?.circuitBreaker?.isolate();
    await clock.advance(200);
    await call;
    expect(fetch.hosts.get(host)?.counters).toMatchObject({ attempts: 1, retries: 0, rejected: 1 });
  });

  test('a total timeout that ends the wait ends the call', async () => {
    const { fetch, transport, clock } = harness({
      totalTimeoutMs: 1_000,
      attemptTimeoutMs: 900,
      retry: { delayMs: () => 950 },
    });
    const call = rejection(TimeoutError, fetch(url));
    const first = await transport.next();
    await clock.advance(40);
    first.respond(statusResponse(503));
    await clock.advance(950);
    await transport.next();
    await clock.advance(10);
    expect(await call).toMatchObject({ scope: 'total', limitMs: 1_000 });
  });
});
