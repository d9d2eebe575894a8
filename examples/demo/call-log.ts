import type { TimedPhase } from './scenarios.ts';

export const CALLS_PER_SECOND = 25;

/** One call of the schedule: which, when, what. The same for both clients. */
export interface ScheduledCall {
  readonly id: number;
  /** Since the traffic began. */
  readonly atMs: number;
  readonly phase: number;
  readonly method: 'GET' | 'POST';
}

/** How one call went through one client. */
export interface LoggedCall extends ScheduledCall {
  /** Since the traffic began; undefined while the call is running. */
  endMs: number | undefined;
  /** Why there is no answer, in a word or two; undefined while running and when there is one. */
  failure: string | undefined;
  /** What the service received on its behalf. */
  requests: number;
}

/** An open loop: calls start when they are due, however long the ones before take. Every fifth is an order. */
export function schedule(phases: readonly TimedPhase[]): ScheduledCall[] {
  const intervalMs = 1_000 / CALLS_PER_SECOND;
  const calls: ScheduledCall[] = [];
  for (const phase of phases) {
    // Half an interval late, so that no call races the change of phase.
    for (let atMs = nextTick(phase.startMs, intervalMs); atMs < phase.endMs; atMs += intervalMs) {
      const id = calls.length + 1;
      calls.push({ id, atMs, phase: phase.index, method: id % 5 === 0 ? 'POST' : 'GET' });
    }
  }
  return calls;
}

const nextTick = (fromMs: number, intervalMs: number): number =>
  (Math.ceil(fromMs / intervalMs - 0.5) + 0.5) * intervalMs;

/** Every call through one client. */
export class CallLog {
  readonly #calls = new Map<number, LoggedCall>();

  start(call: ScheduledCall): LoggedCall {
    const logged = { ...call, endMs: undefined, failure: undefined, requests: 0 };
    this.#calls.set(call.id, logged);
    return logged;
  }

  /** A request of the call has reached the service. */
  received(id: number): void {
    const call = this.#calls.get(id);
    if (call) call.requests++;
  }

  get calls(): readonly LoggedCall[] {
    return [...this.#calls.values()];
  }
}

export const hasEnded = (call: LoggedCall): call is LoggedCall & { endMs: number } =>
  call.endMs !== undefined;

export const isAnswered = (call: LoggedCall): boolean => hasEnded(call) && call.failure === undefined;

/** How long the caller waited, or has been waiting. */
export const waitMs = (call: LoggedCall, nowMs = Number.NaN): number => (call.endMs ?? nowMs) - call.atMs;

/** The value below which the given share of the sorted values lies; undefined without values. */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
