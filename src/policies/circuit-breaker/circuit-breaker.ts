import { CircuitOpenError, TimeoutError } from '../../errors.ts';
import { type BodyLease, type LeaseEnd, leaseOf } from '../../http/body-lease.ts';
import { createStamp } from '../../http/stamp.ts';
import type { Call } from '../../pipeline/call.ts';
import type { Timer } from '../../pipeline/clock.ts';
import { networkFailure, type Outcome, watch } from '../../pipeline/outcome.ts';
import type { Policy } from '../../pipeline/pipeline.ts';
import { type Circuit, circuitOf, type Permit, peekCircuit, type Refusal, type Verdict } from './circuit.ts';
import { type CircuitBreakerOptions, type CircuitLimits, readCircuitBreakerOptions } from './limits.ts';

/**
 * Refuses to send while the host is known to fail, and lets a probe through now and then to find out whether it still
 * does. One circuit per host; sits outside `attemptTimeout`, whose time-outs it counts, and inside `retry`.
 *
 * An attempt's outcome is known when its body has ended: an answer that breaks off counts as a failure. With
 * `slowCallMs` an attempt has failed as soon as it has waited that long for its headers.
 *
 * @param hear - whoever else wants to know how each attempt ended that was let through.
 * @throws TypeError or RangeError at construction, if an option will not do.
 * @throws CircuitOpenError from a call, when it is refused.
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}, hear?: Hear): Policy {
  const limits = readCircuitBreakerOptions(options);
  const { slowCallMs } = limits;
  return function circuitBreaker(call, next) {
    const circuit = circuitOf(call.host, limits, call.runtime);
    const admittedAt = call.runtime.clock.now();
    const permit = circuit.acquire(admittedAt, call.record);
    if ('state' in permit) return refuse(permit, call);
    const admission: Admission = { circuit, permit, admittedAt };
    return watch(next, call, take, slowCallMs === false ? admission : watchPace(admission, slowCallMs, call));
  };

  /** Takes the outcome of an attempt. Under the limits it was admitted by; those of the circuit may have changed since. */
  function take(outcome: Outcome, call: Call, { circuit, permit, admittedAt, pace }: Admission): void {
    hear?.(outcome, call);
    if (pace) {
      call.runtime.clock.clearTimer(pace.timer);
      // It has been counted. That it comes after all does not make the host quick.
      if (pace.isSlow) return;
    }
    settlePermit(circuit, permit, outcome, judge(outcome, limits, call, ranMs(call, admittedAt)), call);
  }
}

/** What an attempt was let through with, until its outcome is known. */
const permits = createStamp<Permit | undefined>();

/**
 * The half of a circuit breaker that admits, where somebody else sees every outcome anyway and tells {@link judgeAttempt}.
 * It has no eye for slow calls.
 */
export function admitThroughCircuit(limits: CircuitLimits): Policy {
  return function circuitBreaker(call, next) {
    const permit = circuitOf(call.host, limits, call.runtime).acquire(call.runtime.clock.now(), call.record);
    if ('state' in permit) return refuse(permit, call);
    const entry = call.record.attempt(call.attempt);
    if (entry) permits.set(entry, permit);
    return next(call);
  };
}

/** The half that judges how the attempts ended that {@link admitThroughCircuit} has let through, and no others. */
export function judgeAttempt(limits: CircuitLimits, hear?: Hear): Hear {
  return (outcome, call) => {
    const entry = call.record.attempt(call.attempt);
    const permit = entry && permits.get(entry);
    const circuit = peekCircuit(call.host);
    if (!entry || !permit || !circuit) return;
    permits.set(entry, undefined);
    hear?.(outcome, call);
    const verdict = judge(outcome, limits, call, call.record.ranMs(entry, call.runtime.clock.now()));
    settlePermit(circuit, permit, outcome, verdict, call);
  };
}

const refuse = ({ state, retryAfterMs }: Refusal, { record }: Call): Promise<never> =>
  Promise.reject(new CircuitOpenError(record, state, retryAfterMs));

/** A good answer is one when its body has ended well. */
function settlePermit(
  circuit: Circuit,
  permit: Permit,
  { response }: Outcome,
  verdict: Verdict,
  { record, runtime }: Call,
): void {
  const { clock } = runtime;
  if (response && verdict === 'success') {
    permit.isAnswered = true;
    const lease = leaseOf(response);
    lease.onLeaseEnd(end => circuit.record(permit, judgeEnd(end, lease), clock.now(), record));
  } else circuit.record(permit, verdict, clock.now(), record);
}

/** How long an attempt was the host's: neither what it waited before it was let through, nor what it waited for us then. */
function ranMs({ attempt, record, runtime }: Call, admittedAt: number): number {
  const now = runtime.clock.now();
  const entry = record.attempt(attempt);
  return Math.min(now - admittedAt, entry ? record.ranMs(entry, now) : Number.POSITIVE_INFINITY);
}

/** Hears how an attempt ended. */
export type Hear = (outcome: Outcome, call: Call) => void;

/** An attempt that the circuit has let through. */
interface Admission {
  readonly circuit: Circuit;
  readonly permit: Permit;
  readonly admittedAt: number;
  readonly pace?: Pace;
}

/** Whether an attempt is too slow. */
interface Pace {
  isSlow: boolean;
  timer: Timer;
}

/** Counts an attempt as failed when it passes the threshold, and not when it ends, which a host that hangs puts off. */
function watchPace(admission: Admission, slowCallMs: number, call: Call): Admission {
  const { record, runtime, attempt } = call;
  const { clock } = runtime;
  const pace: Pace = { isSlow: false, timer: undefined };
  const entry = record.attempt(attempt);
  const waitedBeforeMs = entry?.waitedMs ?? 0;
  const look = () => {
    // What it waits for us further in is no slowness of the host.
    const waitedMs = entry ? entry.waitedMs - waitedBeforeMs : 0;
    const ranMs = entry && record.isHeldUp(entry) ? 0 : clock.now() - admission.admittedAt - waitedMs;
    if (ranMs < slowCallMs) {
      pace.timer = clock.setTimer(look, slowCallMs - ranMs);
      return;
    }
    pace.isSlow = true;
    if (entry) entry.isSlow = true;
    runtime.emit?.({ type: 'slow-call', call: record, attempt, slowCallMs });
    admission.circuit.record(admission.permit, 'failure', clock.now(), record);
  };
  pace.timer = clock.setTimer(look, slowCallMs);
  return { ...admission, pace };
}

/** For calls that go without a circuit breaker: a host that a person has isolated stays isolated. */
export function isolationOnly(): Policy {
  return function isolationOnly(call, next) {
    const refusal = peekCircuit(call.host)?.refusal(call.runtime.clock.now());
    if (refusal?.state !== 'isolated') return next(call);
    return Promise.reject(new CircuitOpenError(call.record, 'isolated', undefined));
  };
}

/**
 * For an attempt that is held up once it was let through: what it has to pass when it goes on, which is nothing as long as
 * the circuit stays as it is.
 *
 * @param obeysCircuit - without it only the isolation by hand counts.
 */
export function stillAdmitted(call: Call, obeysCircuit: boolean): Policy {
  const generation = peekCircuit(call.host)?.generation ?? Number.NaN;
  return function stillAdmitted(ready, next) {
    const { host, record, runtime } = ready;
    const refusal = peekCircuit(host)?.refusalSince(generation, runtime.clock.now(), record);
    if (!refusal || !(obeysCircuit || refusal.state === 'isolated')) return next(ready);
    return Promise.reject(new CircuitOpenError(record, refusal.state, refusal.retryAfterMs));
  };
}

/** What an outcome says of the host, as far as its headers go. */
export function judge(
  outcome: Outcome,
  limits: Pick<CircuitLimits, 'isFailure'>,
  call: Call,
  ranMs: number,
): Verdict {
  if (outcome.kind === 'cancelled' || outcome.kind === 'rejected') return 'neutral';
  const answer = limits.isFailure && ask(limits.isFailure, outcome);
  if (answer !== undefined) return answer ? 'failure' : 'success';
  if (outcome.response) return judgeStatus(outcome.status);
  if (outcome.error instanceof TimeoutError) return judgeTimeout(outcome.error, ranMs);
  const failure = networkFailure(outcome, call.request);
  // What `fetch` itself refused to send, somebody's own error, or an idle connection that was closed: the host is none the
  // worse for it.
  if (!failure || failure.local || failure.isStale) return 'neutral';
  return failure.transient || failure.code !== undefined ? 'failure' : 'neutral';
}

/** A call that was nearly out of time, or impatient from the start, does not blame the host for it. */
const judgeTimeout = ({ scope }: TimeoutError, ranMs: number): Verdict =>
  scope === 'attempt' || ranMs >= fairTimeMs ? 'failure' : 'neutral';

/** How long an attempt must have had before being cut by the total timeout counts against the host. */
const fairTimeMs = 1_000;

/** A callback that throws must not keep a probe's place; the default rule judges in its stead. */
function ask(isFailure: (outcome: Outcome) => boolean, outcome: Outcome): boolean | undefined {
  try {
    return Boolean(isFailure(outcome));
  } catch (error) {
    console.error('holdfast: `circuitBreaker.isFailure` threw; the default rule was used.', error);
    return undefined;
  }
}

/** 429 comes from a host that is well and has a quota; its consequence is the host pause. */
function judgeStatus(status: number): Verdict {
  if (status === 429) return 'neutral';
  return status >= 500 ? 'failure' : 'success';
}

/** What the end of a good answer's body adds. Whoever stops reading half-way has had what they wanted. */
function judgeEnd(end: LeaseEnd, { reading }: BodyLease): Verdict {
  // The total timeout cuts a stream that flows as well as one that stalls.
  if (end.kind === 'failed')
    return reading === 'stream' && end.error instanceof TimeoutError ? 'neutral' : 'failure';
  return end.kind === 'aborted' ? 'neutral' : 'success';
}
