import type { ResolvedPolicy } from '../policies/policy-options.ts';
import { retryBudgetDefaults } from '../policies/retry/budget.ts';
import { scheduleOf } from './schedule.ts';
import type { ReadTraffic } from './traffic.ts';

/** What a policy comes to at worst. Infinity where nothing bounds it. */
export interface PolicyFigures {
  /** Longest time of a call, its body included; with that of a fallback until its answer. */
  readonly longestCallMs: number;
  /** Longest time until a call has its answer, or has failed. Without what a host asks for by `Retry-After`. */
  readonly longestAnswerMs: number;
  /** How long all attempts would take if each timed out and no time was set for the whole. */
  readonly allAttemptsMs: number;
  /** The longest waits between them, together. Without those of a `delayMs` of one's own. */
  readonly waitsMs: number;
  /** Of `maxRetries`, those that start in time if every attempt times out. */
  readonly retriesInTime: number;
  /** Attempts that one repeatable call may make: (1 + `maxRetries`) × (1 + `maxHedges`). */
  readonly attemptsPerCall: number;
  /** The same at the last of the layers, if each has this policy and no budget has run out. */
  readonly attemptsAcrossLayers: number;
  readonly outage: OutageFigures;
  readonly traffic: TrafficFigures;
}

/** What a host gets from one process while all attempts to it fail. */
export interface OutageFigures {
  /** Further attempts that a full budget pays for, if attempts fail at once. */
  readonly burst: number;
  /** And if they time out. */
  readonly burstAfterTimeouts: number;
  /** Attempts per call once the budget is empty. */
  readonly longRunAttemptsPerCall: number;
}

/** What the traffic that was given comes to; undefined where it was not. */
export interface TrafficFigures {
  /** Calls under way at once on average, by Little's law. */
  readonly callsUnderWay: number | undefined;
  /** Most attempts that the circuit breaker can see in one window of an outage. */
  readonly attemptsPerWindow: number | undefined;
  /** When the circuit has opened at the latest, counted from when attempts fail; Infinity for never. */
  readonly tripAfterMs: number | undefined;
}

export function figuresOf(policy: ResolvedPolicy, traffic: ReadTraffic): PolicyFigures {
  const { retry, hedge, totalTimeoutMs } = policy;
  const { wholeMs, waitsMs, startedRetries, longestMs } = scheduleOf(policy);
  const attemptsPerCall = (1 + (retry ? retry.maxRetries : 0)) * (1 + (hedge ? hedge.maxHedges : 0));
  const fallbackMs = longestFallback(policy);
  const outage = outageOf(policy, attemptsPerCall);
  return {
    longestCallMs: totalTimeoutMs + fallbackMs,
    longestAnswerMs: longestMs + fallbackMs,
    allAttemptsMs: wholeMs,
    waitsMs,
    retriesInTime: startedRetries,
    attemptsPerCall,
    attemptsAcrossLayers: attemptsPerCall ** traffic.layers,
    outage,
    traffic: trafficOf(policy, traffic, attemptsPerCall, outage),
  };
}

/** What is there already takes no time. */
function longestFallback({ fallback }: ResolvedPolicy): number {
  if (!fallback) return 0;
  const { kind } = fallback.source;
  return kind === 'answer' || kind === 'call' ? fallback.maxMs : 0;
}

function outageOf({ retry, hedge }: ResolvedPolicy, attemptsPerCall: number): OutageFigures {
  if (attemptsPerCall === 1) return { burst: 0, burstAfterTimeouts: 0, longRunAttemptsPerCall: 1 };
  // Hedges without retries draw from a budget with the defaults.
  const budget = retry ? retry.budget : retryBudgetDefaults;
  if (budget === false) {
    const unbounded = Number.POSITIVE_INFINITY;
    return { burst: unbounded, burstAfterTimeouts: unbounded, longRunAttemptsPerCall: attemptsPerCall };
  }
  const { maxTokens, retryCost, timeoutCost } = budget;
  // A hedge costs what a retry does, whatever has become of the attempt beside it.
  const isRetried = retry !== false && retry.maxRetries > 0;
  const afterTimeouts =
    hedge && !isRetried ? retryCost : hedge ? Math.min(retryCost, timeoutCost) : timeoutCost;
  return {
    burst: wholeIn(maxTokens, retryCost),
    burstAfterTimeouts: wholeIn(maxTokens, afterTimeouts),
    longRunAttemptsPerCall: 1,
  };
}

/** Ten tenths are a little less than one in floating point. */
const wholeIn = (tokens: number, cost: number): number => Math.floor(tokens / cost + 1e-9);

const wholeAbove = (count: number): number => Math.ceil(count - 1e-9);

function trafficOf(
  { circuitBreaker }: ResolvedPolicy,
  { callsPerSecond, latencyMs }: ReadTraffic,
  attemptsPerCall: number,
  { burst, burstAfterTimeouts }: OutageFigures,
): TrafficFigures {
  if (callsPerSecond === undefined)
    return { callsUnderWay: undefined, attemptsPerWindow: undefined, tripAfterMs: undefined };
  const callsUnderWay = latencyMs === undefined ? undefined : (callsPerSecond * latencyMs) / 1_000;
  if (!circuitBreaker) return { callsUnderWay, attemptsPerWindow: undefined, tripAfterMs: undefined };
  const { windowMs, failureRatio, minimumThroughput, consecutiveFailures, minimumSilenceMs } = circuitBreaker;
  // Of calls at even distances.
  const callsPerWindow = Math.ceil((callsPerSecond * windowMs) / 1_000);
  const attemptsPerWindow = Math.min(
    callsPerWindow * attemptsPerCall,
    callsPerWindow + Math.max(burst, burstAfterTimeouts),
  );
  const byRatio =
    failureRatio === false || attemptsPerWindow < minimumThroughput ? Number.POSITIVE_INFINITY : windowMs;
  // It opens with a failure: the first when there have been enough of them, and silence for long enough.
  const inARow =
    consecutiveFailures === false
      ? Number.POSITIVE_INFINITY
      : Math.max(consecutiveFailures, wholeAbove((minimumSilenceMs * callsPerSecond) / 1_000)) *
        (1_000 / callsPerSecond);
  return { callsUnderWay, attemptsPerWindow, tripAfterMs: Math.min(byRatio, inARow) };
}
