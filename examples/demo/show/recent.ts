import { hasEnded, isAnswered, type LoggedCall, quantile, waitMs } from '../call-log.ts';

/** How the calls that ended a moment ago went. */
export interface Recent {
  /** Undefined when none ended. */
  readonly successRatio: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly running: number;
}

export function recent(calls: readonly LoggedCall[], nowMs: number, windowMs: number): Recent {
  const ended = calls.filter(call => hasEnded(call) && call.endMs > nowMs - windowMs);
  const waits = ended.map(call => waitMs(call)).sort((a, b) => a - b);
  return {
    successRatio: ended.length === 0 ? undefined : ended.filter(isAnswered).length / ended.length,
    p50Ms: quantile(waits, 0.5),
    p95Ms: quantile(waits, 0.95),
    running: calls.filter(call => !hasEnded(call)).length,
  };
}
