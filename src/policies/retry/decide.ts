import type { RetryReason } from '../../call-record.ts';
import { MAX_TIMER_MS } from '../../pipeline/clock.ts';
import type { Outcome } from '../../pipeline/outcome.ts';
import { type Backoff, backoffMs } from './backoff.ts';
import type { Repeatable } from './repeatable.ts';

/** What a hook is told about an attempt that has ended. */
export interface RetryInfo {
  readonly outcome: Outcome;
  /** Its number: 1 for the first attempt of the call. */
  readonly attempt: number;
  /** Milliseconds since the call began. */
  readonly elapsedMs: number;
  /** Milliseconds that the server asked us to stay away, if it did. */
  readonly retryAfterMs: number | undefined;
}

/** What holds for every decision of a policy. */
export interface DecisionRules extends Backoff {
  readonly maxRetries: number;
  readonly statuses: readonly number[];
  readonly unsent: boolean;
  readonly maxElapsedMs: number;
  readonly shouldRetry?: (info: RetryInfo) => boolean;
  readonly delayMs?: (info: RetryInfo) => number;
}

/** Why an attempt would not get out. */
export type RefusalReason = Extract<RetryReason, 'circuit-open' | 'overloaded'>;

/** What is known when an attempt has ended. */
export interface Facts extends RetryInfo {
  readonly repeatable: Repeatable;
  readonly canReplayBody: boolean;
  /** Milliseconds until the call's deadline; Infinity without one. */
  readonly remainingMs: number;
  /** Whether the connection was closed by the other side before it was used again, for the first time in this call. */
  readonly isStale: boolean;
  /** Retries made so far. */
  readonly retries: number;
  /** Retries that do not count among `maxRetries`. */
  readonly freeRetries: number;
  /** Retries that calls within its attempts have made in vain: they count as if it had made them itself. */
  readonly innerRetries: number;
  /** What would refuse an attempt now, if anything. */
  readonly refusal: RefusalReason | undefined;
  /** Whether a retry would go to another host than the one that asked us to stay away. */
  readonly goesElsewhere: boolean;
}

export type Decision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly reason: RetryReason };

const no = (reason: RetryReason): Decision => ({ retry: false, reason });

/**
 * Whether an attempt is repeated and after how long. Plain values in, a plain value out; the budget comes after,
 * because asking it is spending from it.
 */
export function decide(rules: DecisionRules, facts: Facts, random: () => number): Decision {
  const { outcome } = facts;
  if (outcome.kind === 'cancelled') return no('aborted');
  if (outcome.kind === 'rejected') return no('rejected');
  if (!mayPass(rules, facts))
    return no(rules.shouldRetry && isTransient(rules, outcome) ? 'vetoed' : 'not-transient');
  const obstacle = obstacleToRepeating(rules, facts);
  if (obstacle) return no(obstacle);
  const retries = facts.retries - facts.freeRetries + facts.innerRetries;
  if (!facts.isStale && retries >= rules.maxRetries) return no('retries-exhausted');
  if (facts.refusal) return no(facts.refusal);
  const delayMs = facts.isStale ? 0 : delayBefore(rules, facts, random);
  if (facts.elapsedMs + delayMs > rules.maxElapsedMs) return no('elapsed');
  if (delayMs >= facts.remainingMs || delayMs > MAX_TIMER_MS) return no('deadline');
  return { retry: true, delayMs };
}

/** Whether the outcome is of a kind that may pass by itself. */
export function isTransient(rules: Pick<DecisionRules, 'statuses'>, outcome: Outcome): boolean {
  return outcome.response ? rules.statuses.includes(outcome.status) : outcome.kind === 'transient';
}

function mayPass(rules: DecisionRules, facts: Facts): boolean {
  if (rules.shouldRetry) return rules.shouldRetry(facts);
  return isTransient(rules, facts.outcome);
}

/** What never left may be repeated whatever it is, if the policy says so; anything else only if it is repeatable. */
function obstacleToRepeating(rules: DecisionRules, facts: Facts): RetryReason | undefined {
  if (facts.repeatable === 'yes') return undefined;
  if (rules.unsent && facts.outcome.sent === 'no')
    return facts.canReplayBody ? undefined : 'body-not-replayable';
  return facts.repeatable;
}

/**
 * Never earlier than the server asked, unless it is another that is asked now. Then a little later at random, so that all whom it told the same do not come
 * back in one instant; but not so late that the call misses its deadline for the sake of that.
 */
function delayBefore(rules: DecisionRules, facts: Facts, random: () => number): number {
  const { retryAfterMs, remainingMs } = facts;
  const ownMs = rules.delayMs
    ? givenDelay(rules.delayMs(facts))
    : backoffMs(rules, facts.retries + 1, random);
  if (retryAfterMs === undefined || facts.goesElsewhere) return ownMs;
  if (rules.delayMs) return Math.max(ownMs, retryAfterMs);
  const later = retryAfterMs + Math.min(ownMs, rules.baseDelayMs);
  return later < remainingMs ? later : retryAfterMs;
}

/** @throws RangeError for what is no delay, rather than to retry at once in a loop. */
function givenDelay(delayMs: number): number {
  if (delayMs >= 0) return delayMs;
  throw new RangeError(
    `\`retry.delayMs\` should return a number of at least 0 (milliseconds), got ${delayMs}.`,
  );
}
