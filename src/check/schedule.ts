/** When the attempts of a call start that all time out, with the longest waits between them. */
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
  /** Until the last of these has timed out, one way or the other. */
  readonly endsMs: number;
}

/** From here on the delay is taken for the longest, rather than to count to a billion. */
const maxCounted = 10_000;

export function scheduleOf(policy: ResolvedPolicy): Schedule {
  const { retry, totalTimeoutMs } = policy;
  const maxRetries = retry ? retry.maxRetries : 0;
  const lastStartMs = Math.min(totalTimeoutMs, retry ? retry.maxElapsedMs : 0);
  const delayMs = (number: number) => (retry && !retry.delayMs ? backoffMs(retry, number, longest) : 0);
  const roundMs = roundOf(policy);
  const counted = Math.min(maxRetries, maxCounted);
  let waitsMs = 0;
  let startedRetries = 0;
  let startedMs = 0;
  for (let number = 1; number <= counted; number++) {
    waitsMs += delayMs(number);
    const startMs = number * roundMs + waitsMs;
    if (startMs >= totalTimeoutMs || startMs > lastStartMs) continue;
    startedRetries = number;
    startedMs = startMs;
  }
  const rest = maxRetries - counted;
  if (rest > 0) {
    const delay = delayMs(counted);
    if (delay > 0) waitsMs += rest * delay;
    if (startedRetries === counted) {
      const rounds = (lastStartMs - startedMs) / (roundMs + delay);
      const further = Math.min(
        rest,
        lastStartMs === totalTimeoutMs ? Math.ceil(rounds) - 1 : Math.floor(rounds),
      );
      startedRetries += further;
      startedMs += further * (roundMs + delay);
    }
  }
  const wholeMs = (1 + maxRetries) * roundMs + waitsMs;
  return { roundMs, waitsMs, wholeMs, startedRetries, endsMs: Math.min(totalTimeoutMs, startedMs + roundMs) };
}

/** The most that jitter makes of a delay. */
const longest = (): number => 1;

function roundOf({ hedge, attemptTimeoutMs }: ResolvedPolicy): number {
  if (!hedge) return attemptTimeoutMs;
  // A quantile of the attempts that were answered is below what an attempt may take.
  const delayMs = hedge.quantile === undefined ? (hedge.afterMs ?? 0) : attemptTimeoutMs;
  const isTooLate = hedge.quantile === undefined && delayMs >= attemptTimeoutMs;
  return isTooLate ? attemptTimeoutMs : attemptTimeoutMs + hedge.maxHedges * delayMs;
}

/** The timeout that lets an attempt, with the hedges beside it, end within a time. */
export function attemptTimeoutWithin({ hedge }: ResolvedPolicy, roundMs: number): number {
  if (!hedge) return roundMs;
  if (hedge.quantile !== undefined) return roundMs / (1 + hedge.maxHedges);
  return roundMs - hedge.maxHedges * (hedge.afterMs ?? 0);
}
