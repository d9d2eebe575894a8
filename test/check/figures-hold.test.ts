/** What is foretold is what happens at worst: every attempt hangs or fails, and every wait is as long as it can be. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPolicy } from '../../src/check/index.ts';
import type { PolicySet } from '../../src/index.ts';
import { harness, url } from '../support/harness.ts';

const notAskedAbout = {
  circuitBreaker: false,
  concurrencyLimit: false,
  hostPause: false,
  random: () => 1,
} as const;

const rich = { maxTokens: 1_000 };

describe('a call of which every attempt hangs', () => {
  test.each<[string, PolicySet]>([
    ['the defaults', {}],
    ['all retries in time', { attemptTimeoutMs: 1_000, retry: { maxRetries: 4, budget: rich } }],
    ['retries that cannot fit', { totalTimeoutMs: 5_000, attemptTimeoutMs: 3_000 }],
    ['a retry that would start at the very end', { totalTimeoutMs: 5_000, attemptTimeoutMs: 4_800 }],
    ['no retry', { retry: false }],
    ['no retry in time', { totalTimeoutMs: 4_000 }],
    ['a time for retries', { attemptTimeoutMs: 1_000, retry: { maxElapsedMs: 1_500 } }],
    ['linear back-off', { attemptTimeoutMs: 500, retry: { backoff: 'linear', maxRetries: 5, budget: rich } }],
    [
      'retries without end',
      { attemptTimeoutMs: 1_000, retry: { maxRetries: Number.POSITIVE_INFINITY, budget: rich } },
    ],
    ['no total timeout', { totalTimeoutMs: false, attemptTimeoutMs: 1_000 }],
    ['hedges', { attemptTimeoutMs: 1_000, hedge: { afterMs: 300, maxHedges: 2 }, retry: { budget: rich } }],
    ['hedges without retries', { attemptTimeoutMs: 1_000, hedge: { afterMs: 300 }, retry: false }],
  ])('ends by when it is said to, after as many attempts: %s', async (_, policy) => {
    const { figures } = checkPolicy(policy).policies[0]!;
    const { fetch, transport, clock } = harness({ ...policy, ...notAskedAbout });
    const startedAt = clock.now();
    const failure = fetch(url).then(
      () => undefined,
      () => clock.now() - startedAt,
    );
    await clock.runAll();
    expect(await failure).toBeLessThanOrEqual(figures.longestAnswerMs);
    const perRound = policy.hedge ? 1 + (policy.hedge.maxHedges ?? 1) : 1;
    expect(transport.attempts).toHaveLength((1 + figures.retriesInTime) * perRound);
  });
});

describe('any policy', () => {
  const ms = (max: number) => fc.integer({ min: 1, max });
  const limit = (max: number) => fc.oneof(ms(max), fc.constant(false as const));
  const retry = fc.record(
    {
      maxRetries: fc.nat(6),
      backoff: fc.constantFrom('exponential', 'linear', 'constant'),
      baseDelayMs: fc.nat(800),
      maxDelayMs: fc.integer({ min: 800, max: 3_000 }),
      jitter: fc.constantFrom('full', 'equal', 'none'),
      maxElapsedMs: ms(20_000),
    },
    { requiredKeys: ['maxRetries'] },
  );
  const given = fc.record(
    {
      attemptTimeoutMs: limit(5_000),
      totalTimeoutMs: limit(20_000),
      retry: fc.oneof(
        fc.constant(false as const),
        retry.map(rules => ({ ...rules, budget: rich })),
      ),
      hedge: fc.record({ afterMs: ms(6_000), maxHedges: fc.integer({ min: 1, max: 3 }) }),
      fallback: fc.record({ maxMs: ms(4_000) }),
    },
    { requiredKeys: ['retry'] },
  );
  const policies = given.map(({ fallback, ...policy }) => ({
    ...policy,
    ...(fallback && { fallback: { ...fallback, answer: () => new Promise(() => {}) } }),
  }));
  const figuresOf = (policy: PolicySet) => checkPolicy(policy).policies[0]!.figures;

  /** How long the call takes whose attempts fail after so many milliseconds, the rest of them never. */
  async function play(policy: PolicySet, failAfterMs: readonly number[]) {
    const { fetch, transport, clock, events } = harness({ ...policy, ...notAskedAbout });
    for (const delayMs of failAfterMs) transport.expect().after(delayMs).fail('ECONNRESET');
    const settled = fetch(url).then(
      () => 0,
      () => clock.now(),
    );
    await clock.runAll();
    const retries = events.filter(({ type }) => type === 'retry').length;
    return { endedMs: await settled, retries, attempts: transport.attempts.length };
  }

  test('keeps to its figures, whenever its attempts fail', async () => {
    const failures = fc.array(fc.nat(6_000), { maxLength: 8 });
    const property = fc.asyncProperty(policies, failures, async (policy, failAfterMs) => {
      const { longestAnswerMs, attemptsPerCall, retriesInTime } = figuresOf(policy);
      fc.pre(Number.isFinite(longestAnswerMs));
      const { endedMs, retries, attempts } = await play(policy, failAfterMs);
      expect(endedMs).toBeLessThanOrEqual(longestAnswerMs + 1e-6);
      expect(attempts).toBeLessThanOrEqual(attemptsPerCall);
      if (failAfterMs.length === 0) expect(retries).toBe(retriesInTime);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  test('comes to its longest time if attempts fail so that the last starts as late as it may', async () => {
    const steady = fc.record({
      attemptTimeoutMs: ms(5_000),
      totalTimeoutMs: ms(20_000),
      retry: fc.record({
        maxRetries: fc.nat(6),
        backoff: fc.constant('constant' as const),
        jitter: fc.constant('none' as const),
        baseDelayMs: fc.nat(3_000),
        maxDelayMs: fc.constant(3_000),
        maxElapsedMs: ms(20_000),
        budget: fc.constant(rich),
      }),
    });
    const property = fc.asyncProperty(steady, async policy => {
      const { attemptTimeoutMs, totalTimeoutMs, retry } = policy;
      const lastStartMs = Math.min(totalTimeoutMs - 1, retry.maxElapsedMs);
      const { baseDelayMs, maxRetries } = retry;
      const retries = Math.min(
        maxRetries,
        baseDelayMs === 0 ? maxRetries : Math.floor(lastStartMs / baseDelayMs),
      );
      let spareMs = lastStartMs - retries * baseDelayMs;
      const failAfterMs = Array.from({ length: retries }, () => {
        const tookMs = Math.min(spareMs, attemptTimeoutMs);
        spareMs -= tookMs;
        // One that times out needs no script, and one that fails at that very moment would be a toss-up.
        return tookMs === attemptTimeoutMs ? 100_000 : tookMs;
      });
      const { endedMs } = await play(policy, failAfterMs);
      expect(endedMs).toBe(figuresOf(policy).longestAnswerMs);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  test('has a hedge at half of the total timeout, and none after it', async () => {
    const policy = (afterMs: number) =>
      ({ attemptTimeoutMs: 1_500, totalTimeoutMs: 2_000, retry: false, hedge: { afterMs } }) as const;
    const codes = (afterMs: number) => checkPolicy(policy(afterMs)).findings.map(({ code }) => code);
    expect([(await play(policy(1_000), [])).attempts, codes(1_000)]).toEqual([2, []]);
    expect([(await play(policy(1_001), [])).attempts, codes(1_001)]).toEqual([1, ['HEDGE_TOO_LATE']]);
  });
});

describe('a circuit at a host that fails', () => {
  /** When it opens, of calls at even distances for five minutes; Infinity for never. */
  async function opensAfter(policy: PolicySet, callsPerSecond: number, forS = 300): Promise<number> {
    const { fetch, transport, clock, events } = harness({ ...policy, concurrencyLimit: false });
    for (let call = 0; call < forS * callsPerSecond; call++) {
      fetch(url).catch(() => {});
      for (let attempt = 0; attempt < 3; attempt++) {
        await clock.advance(0);
        transport.attempts.at(-1)?.fail('ECONNREFUSED');
      }
      if (events.some(event => event.type === 'circuit')) return (call / callsPerSecond) * 1_000;
      await clock.advance(1_000 / callsPerSecond);
    }
    return Number.POSITIVE_INFINITY;
  }

  const byRatio = { circuitBreaker: { consecutiveFailures: false as const } };
  const inARow = { circuitBreaker: { failureRatio: false as const } };

  test.each<[PolicySet, number]>([
    [byRatio, 0.9],
    [byRatio, 1],
    [{ ...byRatio, retry: false }, 1.8],
    [{ ...byRatio, retry: false }, 2],
    [{ ...inARow, retry: false }, 0.5],
    [{ ...inARow, retry: false }, 20],
    [
      {
        circuitBreaker: { failureRatio: false, consecutiveFailures: 1, minimumSilenceMs: 5_000 },
        retry: false,
      },
      0.5,
    ],
  ])('opens when it is said to at the latest, or never: %j at %d calls per second', async (policy, callsPerSecond) => {
    const { tripAfterMs = Number.NaN } = checkPolicy(policy, { callsPerSecond }).policies[0]!.figures.traffic;
    const openedMs = await opensAfter(policy, callsPerSecond);
    expect(Number.isFinite(openedMs)).toBe(Number.isFinite(tripAfterMs));
    expect(openedMs).toBeLessThanOrEqual(tripAfterMs);
  });

  test('opens by then under any limits', async () => {
    const limits = fc.record({
      windowMs: fc.constantFrom(1_000, 3_000, 10_000),
      failureRatio: fc.constantFrom(false as const, 0.1, 1),
      minimumThroughput: fc.integer({ min: 1, max: 30 }),
      consecutiveFailures: fc.constantFrom(false as const, 1, 3, 20),
      minimumSilenceMs: fc.constantFrom(0, 1_000, 5_000),
    });
    const rate = fc.constantFrom(0.5, 0.7, 1, 3, 10);
    const property = fc.asyncProperty(limits, rate, async (circuitBreaker, callsPerSecond) => {
      const policy: PolicySet = { circuitBreaker, retry: false };
      const { tripAfterMs = Number.NaN } = checkPolicy(policy, { callsPerSecond }).policies[0]!.figures
        .traffic;
      const openedMs = await opensAfter(policy, callsPerSecond, 50);
      expect(Number.isFinite(openedMs)).toBe(Number.isFinite(tripAfterMs));
      expect(openedMs).toBeLessThanOrEqual(tripAfterMs + 1e-6);
    });
    await fc.assert(property, { numRuns: 40 });
  });
});
