import { hasEnded, isAnswered, type LoggedCall, quantile, waitMs } from './call-log.ts';
import type { TimedPhase } from './scenarios.ts';
import { orderKey } from './traffic.ts';

/** What one client made of one phase, or of all of them. Calls belong to the phase in which they started. */
export interface Figures {
  readonly calls: number;
  readonly answered: number;
  readonly successRatio: number;
  /** From the start of the call to the last byte of its body, or to the failure. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** How long callers waited, added up, for calls that then failed. */
  readonly waitedInVainMs: number;
  readonly over2s: number;
  readonly over5s: number;
  /** What the service saw. A connection refused is not seen. */
  readonly requestsReceived: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly orders: {
    readonly sent: number;
    readonly executed: number;
    readonly executedTwice: number;
    /** Executed, while the caller was told of a failure. */
    readonly inDoubt: number;
  };
}

/** What holdfast did meanwhile, as its observer heard it. */
export interface HoldfastFigures {
  readonly attempts: number;
  readonly retries: number;
  readonly rejections: number;
  readonly circuitOpened: number;
}

export interface PhaseSummary {
  readonly fault: string;
  readonly title: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly fetch: Figures;
  readonly holdfast: Figures;
}

export interface Summary {
  readonly scenario: string;
  readonly seconds: number;
  readonly callsPerSecond: number;
  readonly fetchTimeoutMs: number;
  readonly holdfastPolicy: Readonly<Record<string, unknown>>;
  readonly phases: readonly PhaseSummary[];
  readonly total: { readonly fetch: Figures; readonly holdfast: Figures };
  readonly holdfast: HoldfastFigures;
  /** `explain()` of the call that was recovered the hard way; null if none needed it. */
  readonly recovered: string | null;
  readonly takeaway: readonly string[];
}

/** What there is to add up on one side. */
export interface Evidence {
  readonly calls: readonly LoggedCall[];
  /** The keys of the orders that its service executed, once for each execution. */
  readonly executions: readonly string[];
}

export function summarizePhases(
  phases: readonly TimedPhase[],
  fetch: Evidence,
  holdfast: Evidence,
): PhaseSummary[] {
  const during = ({ index }: TimedPhase, { calls, executions }: Evidence): Figures =>
    figures({ calls: calls.filter(call => call.phase === index), executions });
  return phases.map(phase => ({
    fault: phase.fault,
    title: phase.title,
    startMs: Math.round(phase.startMs),
    endMs: Math.round(phase.endMs),
    fetch: during(phase, fetch),
    holdfast: during(phase, holdfast),
  }));
}

export function figures({ calls, executions }: Evidence): Figures {
  const ended = calls.filter(hasEnded);
  const failed = ended.filter(call => call.failure !== undefined);
  const waits = ended.map(call => waitMs(call)).sort((a, b) => a - b);
  const answered = calls.filter(isAnswered).length;
  return {
    calls: calls.length,
    answered,
    successRatio: calls.length === 0 ? 1 : answered / calls.length,
    p50Ms: Math.round(quantile(waits, 0.5) ?? 0),
    p95Ms: Math.round(quantile(waits, 0.95) ?? 0),
    maxMs: Math.round(waits.at(-1) ?? 0),
    waitedInVainMs: Math.round(failed.reduce((sum, call) => sum + waitMs(call), 0)),
    over2s: waits.filter(wait => wait > 2_000).length,
    over5s: waits.filter(wait => wait > 5_000).length,
    requestsReceived: calls.reduce((sum, call) => sum + call.requests, 0),
    failures: countBy(failed.map(call => call.failure!)),
    orders: orderFigures(calls, countBy(executions)),
  };
}

function orderFigures(calls: readonly LoggedCall[], executed: Record<string, number>): Figures['orders'] {
  const orders = calls.filter(call => call.method === 'POST');
  const times = (order: LoggedCall): number => executed[orderKey(order.id)] ?? 0;
  return {
    sent: orders.length,
    executed: orders.filter(order => times(order) > 0).length,
    executedTwice: orders.filter(order => times(order) > 1).length,
    inDoubt: orders.filter(order => times(order) > 0 && !isAnswered(order)).length,
  };
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
