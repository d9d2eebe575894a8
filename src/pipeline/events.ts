import type { CallRecord, OutcomeKind, RetryReason } from '../call-record.ts';
import type { LeaseEnd } from '../http/body-lease.ts';
import type { Sent } from '../http/failure.ts';

/** The states of a circuit: flowing, refusing, probing, held open by hand. */
export type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated';

interface CallEvent {
  /** The story of the call so far; live, not a copy. */
  readonly call: CallRecord;
}

interface AttemptEvent extends CallEvent {
  readonly attempt: number;
}

export interface CallStartEvent extends CallEvent {
  readonly type: 'call-start';
}

/** The call has settled: with a response whose body may still be on its way, or with an error. */
export interface CallEndEvent extends CallEvent {
  readonly type: 'call-end';
  readonly durationMs: number;
  /** Of the call, which may be given up or refused between two attempts. */
  readonly outcome: OutcomeKind;
  readonly status: number | undefined;
  readonly error: unknown;
}

/** The body of the call's response has ended, was given up, or its lease ran out. */
export interface BodyEndEvent extends CallEvent {
  readonly type: 'body-end';
  readonly durationMs: number;
  readonly end: LeaseEnd['kind'];
}

export interface AttemptStartEvent extends AttemptEvent {
  readonly type: 'attempt-start';
}

/** An attempt has its response headers, or has failed. */
export interface AttemptEndEvent extends AttemptEvent {
  readonly type: 'attempt-end';
  readonly durationMs: number;
  readonly outcome: OutcomeKind;
  readonly sent: Sent;
  readonly status: number | undefined;
  readonly code: string | undefined;
}

/** `attempt` failed and will be repeated after `delayMs`. */
export interface RetryEvent extends AttemptEvent {
  readonly type: 'retry';
  readonly delayMs: number;
  /** How long the server asked us to stay away, if it did. */
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly code: string | undefined;
}

/** `attempt` failed in a way that might pass, and is not repeated. */
export interface RetryRefusedEvent extends AttemptEvent {
  readonly type: 'retry-refused';
  readonly reason: RetryReason;
  readonly retryAfterMs: number | undefined;
}

export interface CircuitEvent {
  readonly type: 'circuit';
  readonly host: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** What moved it: the consecutive rule, the ratio rule, time passing, a probe's outcome, a person. */
  readonly because: 'consecutive' | 'ratio' | 'open-time' | 'probe-success' | 'probe-failure' | 'by-hand';
  /** How long it will refuse, when it has opened. */
  readonly openMs: number | undefined;
  /** The call that moved it, or found it moved; undefined for a person. */
  readonly call: CallRecord | undefined;
}

export interface HostPauseEvent {
  readonly type: 'host-pause';
  readonly host: string;
  readonly pauseMs: number;
  readonly status: number;
  /** The call that was told. */
  readonly call: CallRecord;
}

/** The policy was swapped, or a swap was refused because the new one is wrong and the old one stays. */
export interface PolicyEvent {
  readonly type: 'policy-updated' | 'policy-refused';
  readonly error: unknown;
}

/** A risky combination of options, with advice. */
export interface WarningEvent {
  readonly type: 'warning';
  readonly code: string;
  readonly message: string;
}

/** What a contract says and what was sent, or has arrived, are not the same; it passes as it is. */
export interface ValidationEvent extends CallEvent {
  readonly type: 'validation';
  /** Name of the operation, as in the contract. */
  readonly operation: string;
  readonly direction: 'request' | 'response';
  /** What of it: `params`, `query`, `headers`, `cookies`, `body`, `status`, `content-type`, or one `event` of a stream. */
  readonly part: string;
  readonly issues: readonly { readonly message: string; readonly path: readonly PropertyKey[] }[];
}

/** Something else has answered in place of the service. */
export interface FallbackEvent extends CallEvent {
  readonly type: 'fallback';
  /** Name of the substitute; for an operation of a contract its own. */
  readonly name: string;
  /** Why there was no answer. */
  readonly error: unknown;
}

/** Faults were injected into an attempt, by `chaos()` of `holdfast/chaos`. */
export interface ChaosEvent extends AttemptEvent {
  readonly type: 'chaos';
  /** Their types, such as `latency` or `reset`. */
  readonly faults: readonly string[];
}

/** Everything that happens, as data. New types and fields may be added: ignore what you do not know. */
export type HoldfastEvent =
  | CallStartEvent
  | CallEndEvent
  | BodyEndEvent
  | AttemptStartEvent
  | AttemptEndEvent
  | RetryEvent
  | RetryRefusedEvent
  | CircuitEvent
  | HostPauseEvent
  | PolicyEvent
  | WarningEvent
  | ValidationEvent
  | FallbackEvent
  | ChaosEvent;

export type Observer = (event: HoldfastEvent) => void;

/** Tells the observer. Undefined without one, so that `emit?.({…})` builds no event for nobody. */
export type Emit = Observer | undefined;

/** An observer that cannot break a call: what it throws first is reported on the console, the rest stays silent. */
export function guarded(observer: Observer): Observer {
  let reported = false;
  return event =>
    tellSafely(observer, event, error => {
      if (reported) return;
      reported = true;
      console.error(
        'holdfast: the `observe` callback threw; calls go on, further throws stay silent.',
        error,
      );
    });
}

/** Calls a listener whose mistakes must not matter: neither what it throws, nor what the promise of an async one does. */
export function tellSafely<Event>(
  listener: (event: Event) => void,
  event: Event,
  onError: (error: unknown) => void,
): void {
  try {
    const result: unknown = listener(event);
    if (result instanceof Promise) result.catch(onError);
  } catch (error) {
    onError(error);
  }
}
