import type { CallRecord } from '../../call-record.ts';
import { HostPart, type HostState } from '../../hosts/host-state.ts';
import type { Runtime } from '../../pipeline/call.ts';
import { type CircuitEvent, type CircuitState, tellSafely } from '../../pipeline/events.ts';
import { FailureWindow, type WindowCounts } from './failure-window.ts';
import type { CircuitLimits } from './limits.ts';

/** What an attempt says about its host. Neutral: nothing, as when the caller gave it up. */
export type Verdict = 'success' | 'failure' | 'neutral';

/** What an attempt was admitted with. */
export interface Permit {
  /** The state of the circuit that admitted it, by number. A result of an earlier one no longer counts. */
  readonly generation: number;
  /** From here on a probe's place may go to another. */
  readonly leaseUntil: number;
  /** Whether good headers have come: a body that is still on its way when the lease is over counts as well received. */
  isAnswered: boolean;
}

/** Why an attempt may not go. */
export interface Refusal {
  readonly state: Exclude<CircuitState, 'closed'>;
  /** Milliseconds until it is worth asking again; undefined if only a person can tell. */
  readonly retryAfterMs: number | undefined;
}

/** Holding only what each state needs. */
type State =
  | { readonly name: 'closed' }
  | { readonly name: 'open'; readonly until: number; readonly failedProbes: number }
  | {
      readonly name: 'half-open';
      readonly failedProbes: number;
      /** Those that are out. */
      readonly probes: Set<Permit>;
      succeeded: number;
    }
  | { readonly name: 'isolated' };

type HalfOpen = Extract<State, { name: 'half-open' }>;

/** The circuit of one host: takes the time, never reads it. */
export class Circuit {
  readonly #host: HostState;
  readonly #runtime: Runtime;
  #limits: CircuitLimits;
  #window: FailureWindow;
  #state: State = { name: 'closed' };
  /** Of the present state. */
  #permit: Permit = { generation: 0, leaseUntil: Number.POSITIVE_INFINITY, isAnswered: false };
  #failuresInARow = 0;
  #succeededAt: number;

  constructor(host: HostState, limits: CircuitLimits, runtime: Runtime) {
    const now = runtime.clock.now();
    this.#host = host;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#window = new FailureWindow(limits, now);
    this.#succeededAt = now;
  }

  /** The limits may change while it lives; a window of another shape starts empty. */
  set limits(limits: CircuitLimits) {
    if (limits === this.#limits) return;
    const { windowMs, failureRatio, minimumThroughput } = this.#window.limits;
    if (
      limits.windowMs !== windowMs ||
      limits.failureRatio !== failureRatio ||
      limits.minimumThroughput !== minimumThroughput
    ) {
      this.#window = new FailureWindow(limits, this.#runtime.clock.now());
    }
    this.#limits = limits;
  }

  state(now: number): CircuitState {
    this.#passTime(now);
    return this.#state.name;
  }

  /** The state as a call would find it, for whoever only looks: nothing moves, and nobody is told. */
  peekState(now: number): CircuitState {
    return this.#state.name === 'open' && now >= this.#state.until ? 'half-open' : this.#state.name;
  }

  counts(now: number): WindowCounts {
    return this.#window.counts(now);
  }

  /** Whether an attempt may not go now, without taking a probe's place. */
  refusal(now: number, by?: CallRecord): Refusal | undefined {
    this.#passTime(now, by);
    const state = this.#state;
    switch (state.name) {
      case 'closed':
        return undefined;
      case 'open':
        return { state: 'open', retryAfterMs: state.until - now };
      case 'half-open':
        if (this.#hasRoom(state, now)) return undefined;
        return { state: 'half-open', retryAfterMs: this.#limits.openMs };
      case 'isolated':
        return { state: 'isolated', retryAfterMs: undefined };
    }
  }

  /** The state, by number, in which an attempt is let through now. */
  get generation(): number {
    return this.#permit.generation;
  }

  /** Why an attempt that was let through earlier, in the state given, and held up since, may not go after all. */
  refusalSince(generation: number, now: number, by?: CallRecord): Refusal | undefined {
    this.#passTime(now, by);
    if (generation === this.generation || this.#state.name === 'closed') return undefined;
    return this.refusal(now, by) ?? { state: 'half-open', retryAfterMs: 0 };
  }

  /** Admits an attempt, in half-open state as a probe, or says why not. */
  acquire(now: number, by?: CallRecord): Permit | Refusal {
    if (this.#state.name === 'closed') return this.#permit;
    const refusal = this.refusal(now, by);
    if (refusal) return refusal;
    return this.#state.name === 'half-open' ? this.#lendPlace(this.#state, now) : this.#permit;
  }

  /** Takes the verdict on an attempt, of the call `by`, that was admitted with `permit`. */
  record(permit: Permit, verdict: Verdict, now: number, by?: CallRecord): void {
    // Late: the circuit has moved on since.
    if (permit.generation !== this.#permit.generation) return;
    if (this.#state.name === 'closed') this.#recordClosed(verdict, now, by);
    else if (this.#state.name === 'half-open') this.#recordProbe(this.#state, permit, verdict, now, by);
  }

  /** Refuses everything until {@link reset}. */
  isolate(): void {
    this.#host.pinned = true;
    if (this.#state.name !== 'isolated') this.#enter({ name: 'isolated' }, 'by-hand');
  }

  /** Closes the circuit and forgets what it has counted. */
  reset(): void {
    this.#host.pinned = false;
    this.#close('by-hand', this.#runtime.clock.now());
  }

  #recordClosed(verdict: Verdict, now: number, by: CallRecord | undefined): void {
    if (verdict === 'success') {
      this.#failuresInARow = 0;
      this.#succeededAt = now;
      this.#window.succeed(now);
    } else if (verdict === 'failure') {
      this.#failuresInARow++;
      const ratioReached = this.#window.fail(now);
      if (this.#hasCollapsed(now)) this.#open('consecutive', 0, now, by);
      else if (ratioReached) this.#open('ratio', 0, now, by);
    }
  }

  #hasCollapsed(now: number): boolean {
    const { consecutiveFailures, minimumSilenceMs } = this.#limits;
    if (consecutiveFailures === false || this.#failuresInARow < consecutiveFailures) return false;
    return now - this.#succeededAt >= minimumSilenceMs;
  }

  /**
   * A probe that hangs keeps its place until its lease is over and somebody else asks for it. With none out there is
   * room whatever the limit has become since.
   */
  #hasRoom(state: HalfOpen, now: number): boolean {
    const { halfOpenProbes } = this.#limits;
    if (state.probes.size === 0 || state.probes.size + state.succeeded < halfOpenProbes) return true;
    for (const probe of state.probes) if (now >= probe.leaseUntil) return true;
    return false;
  }

  #lendPlace(state: HalfOpen, now: number): Permit {
    if (state.probes.size + state.succeeded >= this.#limits.halfOpenProbes) {
      for (const probe of state.probes) if (now >= probe.leaseUntil) state.probes.delete(probe);
    }
    const permit = {
      generation: this.#permit.generation,
      leaseUntil: now + this.#limits.probeLeaseMs,
      isAnswered: false,
    };
    state.probes.add(permit);
    return permit;
  }

  /**
   * A success counts whenever it comes: the host is there. A failure counts as long as the probe has its place; one
   * whose place went to another has been written off already.
   */
  #recordProbe(
    state: HalfOpen,
    permit: Permit,
    verdict: Verdict,
    now: number,
    by: CallRecord | undefined,
  ): void {
    const hadPlace = state.probes.delete(permit);
    if (verdict === 'success') {
      if (++state.succeeded >= this.#limits.halfOpenProbes) this.#close('probe-success', now, by);
    } else if (verdict === 'failure' && hadPlace)
      this.#open('probe-failure', state.failedProbes + 1, now, by);
  }

  /** What time alone brings about. */
  #passTime(now: number, by?: CallRecord): void {
    const state = this.#state;
    if (state.name === 'open' && now >= state.until) {
      const { failedProbes } = state;
      this.#enter({ name: 'half-open', failedProbes, probes: new Set(), succeeded: 0 }, 'open-time', by);
    } else if (state.name === 'half-open') {
      for (const probe of state.probes) {
        if (probe.isAnswered && now >= probe.leaseUntil) this.#recordProbe(state, probe, 'success', now, by);
      }
    }
  }

  #open(
    because: CircuitEvent['because'],
    failedProbes: number,
    now: number,
    by: CallRecord | undefined,
  ): void {
    const openMs = this.#nextOpenMs(failedProbes);
    this.#enter({ name: 'open', until: now + openMs, failedProbes }, because, by, openMs);
  }

  #nextOpenMs(failedProbes: number): number {
    const { openMs, openGrowth, maxOpenMs, openJitterRatio } = this.#limits;
    const grown = Math.min(openMs * openGrowth ** failedProbes, maxOpenMs);
    return grown * (1 + openJitterRatio * (2 * this.#runtime.random() - 1));
  }

  #close(because: CircuitEvent['because'], now: number, by?: CallRecord): void {
    this.#window.clear(now);
    this.#failuresInARow = 0;
    this.#succeededAt = now;
    this.#enter({ name: 'closed' }, because, by);
  }

  #enter(state: State, because: CircuitEvent['because'], by?: CallRecord, openMs?: number): void {
    const from = this.#state.name;
    this.#state = state;
    this.#permit = {
      generation: this.#permit.generation + 1,
      leaseUntil: Number.POSITIVE_INFINITY,
      isAnswered: false,
    };
    if (from === state.name) return;
    const { emit } = this.#runtime;
    const { onStateChange } = this.#limits;
    if (!emit && !onStateChange) return;
    const event: CircuitEvent = {
      type: 'circuit',
      host: this.#host.key,
      from,
      to: state.name,
      because,
      openMs,
      call: by,
    };
    emit?.(event);
    if (onStateChange) tellSafely(onStateChange, event, reportThrow);
  }
}

const reportThrow = (error: unknown): void =>
  console.error(
    'holdfast: `circuitBreaker.onStateChange` threw; the circuit has changed all the same.',
    error,
  );

const circuits = new HostPart<{ circuit: Circuit | undefined }>(() => ({ circuit: undefined }));

/** The circuit of a host under the limits given, made on first use. */
export function circuitOf(host: HostState, limits: CircuitLimits, runtime: Runtime): Circuit {
  const part = host.part(circuits);
  part.circuit ??= new Circuit(host, limits, runtime);
  part.circuit.limits = limits;
  return part.circuit;
}

/** The circuit of a host, if it has one. */
export const peekCircuit = (host: HostState): Circuit | undefined => host.peek(circuits)?.circuit;
