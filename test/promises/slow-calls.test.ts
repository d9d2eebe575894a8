import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CircuitBreakerOptions,
  CircuitOpenError,
  explain,
  type FetchOptions,
  type HoldfastFetch,
  responseInfo,
} from '../../src/index.ts';
import { statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

const slowMs = 500;

/** Opens at the second failure in a row, for exactly a second. No retries, so that calls are attempts. */
const slowHarness = (circuitBreaker: CircuitBreakerOptions = {}, options: FetchOptions = {}) =>
  harness({
    retry: false,
    hostPause: false,
    circuitBreaker: {
      slowCallMs: slowMs,
      consecutiveFailures: 2,
      minimumSilenceMs: 0,
      failureRatio: false,
      openJitterRatio: 0,
      ...circuitBreaker,
    },
    ...options,
  });

const circuitOf = (fetch: HoldfastFetch) => fetch.hosts.for(url).circuitBreaker;

describe('a slow call counts as failed when it passes the threshold', () => {
  test('a host that hangs opens its circuit while the calls are still on their way', async () => {
    const { fetch, transport, clock } = slowHarness();
    const calls = [fetch(url), fetch(url)];
    const attempts = [await transport.next(), await transport.next()];
    await clock.advance(slowMs - 1);
    expect(circuitOf(fetch).state).toBe('closed');
    await clock.advance(1);
    expect(circuitOf(fetch).state).toBe('open');
    expect(attempts.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    await rejection(CircuitOpenError, fetch(url));
    for (const attempt of attempts) attempt.respond();
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200]);
  });

  test('without the option the same host is noticed at the attempt timeout', async () => {
    const { fetch, transport, clock } = slowHarness({ slowCallMs: false });
    const calls = [fetch(url), fetch(url)];
    const ended = Promise.allSettled(calls);
    await transport.next();
    await transport.next();
    await clock.advance(9_999);
    expect(circuitOf(fetch).state).toBe('closed');
    await clock.advance(1);
    expect(circuitOf(fetch).state).toBe('open');
    await ended;
  });

  test.each([200, 500])('one that was counted is not counted again when it ends with %i', async status => {
    const { fetch, transport, clock } = slowHarness({ consecutiveFailures: false });
    const call = fetch(url);
    const attempt = await transport.next();
    await clock.advance(slowMs);
    expect(circuitOf(fetch).counts).toEqual({ successes: 0, failures: 1 });
    attempt.respond(statusResponse(status));
    await (await call).text();
    expect(circuitOf(fetch).counts).toEqual({ successes: 0, failures: 1 });
  });

  test('nor when its caller gives it up or the attempt timeout cuts it', async () => {
    const { fetch, transport, clock } = slowHarness(
      { consecutiveFailures: false },
      { attemptTimeoutMs: 2_000 },
    );
    const controller = new AbortController();
    const calls = Promise.allSettled([fetch(url, { signal: controller.signal }), fetch(url)]);
    await transport.next();
    await transport.next();
    await clock.advance(slowMs);
    controller.abort();
    await clock.advance(2_000 - slowMs);
    await calls;
    expect(circuitOf(fetch).counts).toEqual({ successes: 0, failures: 2 });
  });

  test('a late answer does not break the row of failures that it is part of', async () => {
    const { fetch, transport, clock } = slowHarness();
    const call = fetch(url);
    const attempt = await transport.next();
    await clock.advance(slowMs);
    attempt.respond();
    await (await call).text();
    const failing = fetch(url);
    (await transport.next()).respond(statusResponse(500));
    await failing;
    expect(circuitOf(fetch).state).toBe('open');
  });

  test('one whose headers came in time is not slow, however long its body takes', async () => {
    const { fetch, transport, clock } = slowHarness();
    const call = fetch(url);
    const stream = new TransformStream();
    (await transport.next()).respond(new Response(stream.readable));
    const text = (await call).text();
    await clock.advance(slowMs * 10);
    await stream.writable.close();
    await text;
    expect(circuitOf(fetch).counts).toEqual({ successes: 1, failures: 0 });
  });

  test('one that its caller gives up before the threshold is neutral and leaves no timer', async () => {
    const { fetch, transport, clock } = slowHarness();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal }).catch(reason => reason);
    await transport.next();
    await clock.advance(slowMs - 1);
    controller.abort('enough');
    expect(await call).toBe('enough');
    expect(clock.pending).toBe(0);
    await clock.advance(slowMs);
    expect(circuitOf(fetch).counts).toEqual({ successes: 0, failures: 0 });
  });

  test('it takes one timer per attempt when it is on, and none when it is off', async () => {
    for (const [slowCallMs, timers] of [
      [slowMs, 1],
      [false, 0],
    ] as const) {
      const { fetch, transport, clock } = slowHarness(
        { slowCallMs },
        { totalTimeoutMs: false, attemptTimeoutMs: false, leaseMs: Number.POSITIVE_INFINITY },
      );
      const call = fetch(url);
      const attempt = await transport.next();
      expect(clock.pending).toBe(timers);
      attempt.respond();
      await call;
      expect(clock.pending).toBe(0);
    }
  });
});

describe('a slow probe', () => {
  const probing = async () => {
    const parts = slowHarness();
    for (let failure = 0; failure < 2; failure++) {
      const call = parts.fetch(url);
      (await parts.transport.next()).respond(statusResponse(500));
      await call;
    }
    await parts.clock.advance(1_000);
    const probe = parts.fetch(url);
    const attempt = await parts.transport.next();
    return { ...parts, probe, attempt };
  };

  test('has failed when it passes the threshold: the circuit opens again at once', async () => {
    const { fetch, clock, attempt, events } = await probing();
    await clock.advance(slowMs - 1);
    expect(circuitOf(fetch).state).toBe('half-open');
    await clock.advance(1);
    expect(circuitOf(fetch).state).toBe('open');
    expect(events.findLast(({ type }) => type === 'circuit')).toMatchObject({ because: 'probe-failure' });
    attempt.respond();
  });

  test('that answers after all closes nothing: its state is over', async () => {
    const { fetch, clock, attempt, probe } = await probing();
    await clock.advance(slowMs);
    attempt.respond();
    await (await probe).text();
    expect(circuitOf(fetch).state).toBe('open');
    await clock.advance(1_000);
    expect(circuitOf(fetch).state).toBe('half-open');
  });

  test('that answers in time closes the circuit', async () => {
    const { fetch, clock, attempt, probe } = await probing();
    await clock.advance(slowMs - 1);
    attempt.respond();
    await (await probe).text();
    expect(circuitOf(fetch).state).toBe('closed');
  });
});

test('an attempt from before the circuit opened says nothing by being slow after it', async () => {
  const { fetch, transport, clock } = slowHarness();
  const old = fetch(url);
  const hanging = await transport.next();
  for (let failure = 0; failure < 2; failure++) {
    const call = fetch(url);
    (await transport.next()).respond(statusResponse(500));
    await call;
  }
  circuitOf(fetch).reset();
  await clock.advance(slowMs);
  expect(circuitOf(fetch).counts).toEqual({ successes: 0, failures: 0 });
  hanging.respond();
  await old;
});

test('the story tells it: an event at that instant, the record, the timeline', async () => {
  const { fetch, transport, clock, events } = slowHarness();
  const call = fetch(url);
  const attempt = await transport.next();
  await clock.advance(slowMs);
  expect(events.at(-1)).toMatchObject({ type: 'slow-call', attempt: 1, slowCallMs: slowMs });
  await clock.advance(200);
  attempt.respond();
  const response = await call;
  expect(responseInfo(response)?.attempts[0]).toMatchObject({ isSlow: true, outcome: 'success' });
  expect(explain(response)).toContain('took 700 ms, slow');
});

test('a threshold that the attempt timeout forestalls is advised against', () => {
  const { events } = slowHarness({ slowCallMs: 2_000 }, { attemptTimeoutMs: 1_000 });
  expect(events).toEqual([expect.objectContaining({ type: 'warning', code: 'SLOW_AFTER_TIMEOUT' })]);
});

test('counts as the simplest reference does, whatever begins and answers when', async () => {
  const attempts = fc.array(
    fc.record({
      startsAt: fc.integer({ min: 0, max: 2_000 }),
      tookMs: fc.oneof(fc.integer({ min: 1, max: 1_500 }), fc.constantFrom(slowMs - 1, slowMs, slowMs + 1)),
      status: fc.constantFrom(200, 500),
    }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(attempts, fc.integer({ min: 0, max: 4_000 }), async (given, lookAt) => {
      const { fetch, clock } = slowHarness(
        { consecutiveFailures: false, windowMs: 60_000 },
        {
          fetch: (_input, init) => {
            const { tookMs, status } = given[Number(new Headers(init?.headers).get('x-number'))]!;
            return new Promise(resolve =>
              clock.setTimer(() => resolve(new Response(null, { status })), tookMs),
            );
          },
        },
      );
      for (const [index, { startsAt }] of given.entries())
        clock.setTimer(() => void fetch(url, { headers: { 'x-number': String(index) } }), startsAt);
      await clock.advance(lookAt);
      const judged = given.flatMap(({ startsAt, tookMs, status }) => {
        const isSlow = tookMs >= slowMs;
        const at = startsAt + Math.min(tookMs, slowMs);
        return at <= lookAt ? [isSlow || status >= 500 ? 'failure' : 'success'] : [];
      });
      expect(circuitOf(fetch).counts).toEqual({
        successes: judged.filter(verdict => verdict === 'success').length,
        failures: judged.filter(verdict => verdict === 'failure').length,
      });
    }),
    { numRuns: 60 },
  );
});
