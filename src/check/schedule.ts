/** When the attempts of a call start that all time out, with the longest waits between them, and when a call ends at worst. */
import type { ResolvedPolicy } from '../policies/policy-options.ts';
import { backoffMs } from '../policies/retry/backoff.ts';

export interface Schedule {
  /** An attempt with the hedges beside it, until the last of them has timed out. */
  readonly roundMs: number;
  /** The longest waits between attempts together; without those of a `delayMs` of one's own. */
  readonly waitsMs: number;
  /** Until the last has timed out, were there no total timeout. */
  readonly wholeMs: number;
  /** Retries that start before the time for them is over. */
  readonly startedRetries: number;
  /**
   * Until a call is over at worst. That is not the one of which all attempts time out: one that fails early leaves time
   * for another, which may start at the last moment.
   */
  readonly longestMs: number;
}

/** From here on the delay is taken for the longest, rather than to count to a billion. */
const maxCounted = 10_000;

export function scheduleOf(policy: ResolvedPolicy): Schedule {
  const { retry, totalTimeoutMs } = policy;
  const maxRetries = retry ? retry.maxRetries : 0;
  const lastStartMs = Math.min(totalTimeoutMs, retry ? retry.maxElapsedMs : 0);
  const delayMs = (number: number, random = longest) =>
    retry && !retry.delayMs ? backoffMs(retry, number, random) : 0;
  const roundMs = roundOf(policy);
  const counted = Math.min(maxRetries, maxCounted);
  let waitsMs = 0;
  let leastWaitsMs = 0;
  let latestStartMs = 0;
  let startedRetries = 0;
  let endsMs = roundOf(policy, totalTimeoutMs);
  /** Whether one more starts in time. */
  const tryStart = (delay: number): boolean => {
    const startMs = endsMs + delay;
    if (startMs >= totalTimeoutMs || startMs > lastStartMs) return false;
    startedRetries++;
    endsMs = startMs + roundOf(policy, totalTimeoutMs - startMs);
    return true;
  };
  let isInTime = true;
  for (let number = 1; number <= counted; number++) {
    const delay = delayMs(number);
    waitsMs += delay;
    leastWaitsMs += delayMs(number, shortest);
    if (leastWaitsMs < totalTimeoutMs && leastWaitsMs <= lastStartMs)
      latestStartMs = Math.min(lastStartMs, number * roundMs + waitsMs);
    isInTime &&= tryStart(delay);
  }
  const rest = maxRetries - counted;
  if (rest > 0) {
    const delay = delayMs(counted);
    if (delay > 0) waitsMs += rest * delay;
    if (latestStartMs > 0) latestStartMs = Math.min(lastStartMs, maxRetries * roundMs + waitsMs);
    if (isInTime) {
      // Whole rounds one after the other, as far as there is time for all the hedges of the last.
      const further = Math.floor((lastStartMs - roundMs - endsMs) / (roundMs + delay));
      const skipped = Math.min(rest, Math.max(0, further));
      startedRetries += skipped;
      endsMs += skipped * (roundMs + delay);
      while (startedRetries < maxRetries && tryStart(delay));
    }
  }
  const wholeMs = (1 + maxRetries) * roundMs + waitsMs;
  const longestMs = latestStartMs > 0 ? latestStartMs + roundMs : roundOf(policy, totalTimeoutMs);
  return { roundMs, waitsMs, wholeMs, startedRetries, longestMs: Math.min(totalTimeoutMs, longestMs) };
}

/** The most that jitter makes of a delay. */
const longest = (): number => 1;

/** And the least. */
const shortest = (): number => 0;

/** @param leftMs - until the total timeout: a hedge does not start with less than it was waited for. */
function roundOf({ hedge, attemptTimeoutMs }: ResolvedPolicy, leftMs = Number.POSITIVE_INFINITY): number {
  if (!hedge) return attemptTimeoutMs;
  const { afterMs = 0, maxHedges, quantile } = hedge;
  // A quantile of the attempts that were answered is below what an attempt may take, and nobody knows how far.
  if (quantile !== undefined) return attemptTimeoutMs * (1 + maxHedges);
  if (afterMs >= attemptTimeoutMs) return attemptTimeoutMs;
  const inTime = Math.max(0, Math.floor(leftMs / afterMs) - 1);
  return attemptTimeoutMs + Math.min(maxHedges, inTime) * afterMs;
}

/** The timeout that lets an attempt, with the hedges beside it, end within a time. */
export function attemptTimeoutWithin({ hedge }: ResolvedPolicy, roundMs: number): number {
  if (!hedge) return roundMs;
  if (hedge.quantile !== undefined) return roundMs / (1 + hedge.maxHedges);
  return roundMs - hedge.maxHedges * (hedge.afterMs ?? 0);
}
