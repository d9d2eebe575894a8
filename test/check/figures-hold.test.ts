/** What is foretold is what happens at worst: every attempt hangs or fails, and every wait is as long as it can be. */
import { describe, expect, test } from 'vitest';
import { checkPolicy } from '../../src/check/index.ts';
import type { PolicySet } from '../../src/index.ts';
import { harness, url } from '../support/harness.ts';

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
  ])('ends when it is said to, after as many attempts: %s', async (_, policy) => {
    const { figures } = checkPolicy(policy).policies[0]!;
    // Nothing but timeouts and retries is asked about.
    const { fetch, transport, clock } = harness({
      ...policy,
      circuitBreaker: false,
      concurrencyLimit: false,
      random: () => 1,
    });
    const startedAt = clock.now();
    const failure = fetch(url).then(
      () => undefined,
      () => clock.now() - startedAt,
    );
    await clock.runAll();
    expect(await failure).toBe(figures.longestAnswerMs);
    const perRound = policy.hedge ? 1 + (policy.hedge.maxHedges ?? 1) : 1;
    expect(transport.attempts).toHaveLength((1 + figures.retriesInTime) * perRound);
  });
});

describe('a circuit at a host that fails', () => {
  /** When it opens, of calls at even distances for five minutes; Infinity for never. */
  async function opensAfter(policy: PolicySet, callsPerSecond: number): Promise<number> {
    const { fetch, transport, clock, events } = harness({ ...policy, concurrencyLimit: false });
    for (let call = 0; call < 300 * callsPerSecond; call++) {
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
  ])('opens when it is said to at the latest, or never: %j at %d calls per second', async (policy, callsPerSecond) => {
    const { tripAfterMs = Number.NaN } = checkPolicy(policy, { callsPerSecond }).policies[0]!.figures.traffic;
    const openedMs = await opensAfter(policy, callsPerSecond);
    expect(Number.isFinite(openedMs)).toBe(Number.isFinite(tripAfterMs));
    expect(openedMs).toBeLessThanOrEqual(tripAfterMs);
  });
});
