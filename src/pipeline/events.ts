import type { CacheUse, CallRecord, OutcomeKind, RetryReason } from '../call-record.ts';
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

/** `attempt` was started beside one that had not answered within `delayMs`. */
export interface HedgeEvent extends AttemptEvent {
  readonly type: 'hedge';
  readonly delayMs: number;
}

/** Why no hedge was started. */
export type HedgeRefusal = 'budget-empty' | 'circuit-open' | 'host-paused' | 'overloaded' | 'deadline';

/** `attempt` had not answered within `delayMs`, and none was started beside it. */
export interface HedgeRefusedEvent extends AttemptEvent {
  readonly type: 'hedge-refused';
  readonly delayMs: number;
  readonly reason: HedgeRefusal;
  /** With the reason `budget-empty`: the host of the outer call whose budget it was; undefined if it was the call's own. */
  readonly emptyBudgetOf?: string | undefined;
}

/** `attempt` has no answer after `circuitBreaker.slowCallMs` and counts as failed, although it goes on. */
export interface SlowCallEvent extends AttemptEvent {
  readonly type: 'slow-call';
  readonly slowCallMs: number;
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

/** A host has shown that it is overloaded and attempts are limited from now on, or it is well again and they are not. */
export interface OverloadEvent {
  readonly type: 'overload';
  readonly host: string;
  readonly isOverloaded: boolean;
  /** Attempts that may be under way at once from now on; Infinity for no limit. */
  readonly limit: number;
  /** The call whose attempt has shown it, or found it so. */
  readonly call: CallRecord;
}

/** What the bulkhead did with a call that could not go at once. */
export interface BulkheadEvent extends CallEvent {
  readonly type: 'bulkhead';
  readonly host: string;
  /**
   * `queued`: it waits for its turn. Then one of: `admitted`, it was its turn; `left`, it was aborted or out of time;
   * `displaced`, a more important call needed its place. Or `refused` from the start: the queue is full.
   */
  readonly action: 'queued' | 'admitted' | 'left' | 'displaced' | 'refused';
  readonly priority: 'critical' | 'normal' | 'background';
  /** How long it has waited. */
  readonly queuedMs: number;
  /** Calls to the host that are under way. */
  readonly inUse: number;
  /** Calls that wait. */
  readonly waiting: number;
}

/** What the rate limit did with an attempt that could not go at once, or what it has learned from an answer. */
export interface RateLimitEvent extends AttemptEvent {
  readonly type: 'rate-limit';
  readonly host: string;
  /**
   * `queued`: it waits for its turn. Then `admitted`, it was its turn, or `left`, it was aborted or out of time. Or
   * `refused` from the start. `exhausted`: the host says that nothing is left until its reset. `unreadable`: what the
   * host says of its quota makes no sense, and is ignored.
   */
  readonly action: 'queued' | 'admitted' | 'left' | 'refused' | 'exhausted' | 'unreadable';
  /** How long the attempt has waited. */
  readonly waitedMs: number;
  /** Milliseconds until one who comes now may go. */
  readonly readyMs: number;
  /** Attempts that wait. */
  readonly waiting: number;
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
  /** Why there was no answer; undefined if there was one, with a status that counts as none. */
  readonly error: unknown;
  /** The status that counts as no answer, if there was one. */
  readonly status: number | undefined;
}

/** Something that was to answer in place of the service could not; the call ends as it would have without it. */
export interface FallbackFailedEvent extends CallEvent {
  readonly type: 'fallback-failed';
  /** Name of the substitute. */
  readonly name: string;
  /** Why there was no answer; undefined if there was one, with a status that counts as none. */
  readonly error: unknown;
  readonly status: number | undefined;
  /** What the substitute threw, or what was wrong with its answer. */
  readonly reason: unknown;
}

/** A call has joined the request of an earlier one that is the same. */
export interface CoalescedEvent extends CallEvent {
  readonly type: 'coalesced';
  /** The record of the call that the request was made for. */
  readonly first: CallRecord;
}

/** The cache was asked, and this is what came of it. A miss is told before the service is asked. */
export interface CacheEvent extends CallEvent, CacheUse {
  readonly type: 'cache';
  /** What a stale answer stands in for: the status that the service answered with, or the code of what failed. */
  readonly failure: number | string | undefined;
}

/** An answer that was given stale has been asked for again, in the background. `call` is that second call. */
export interface CacheRefreshEvent extends CallEvent {
  readonly type: 'cache-refresh';
  /** It still holds, there is another now, or there was no answer to keep. */
  readonly result: 'revalidated' | 'replaced' | 'failed';
  readonly status: number | undefined;
  readonly code: string | undefined;
}

/** The store of the cache failed, took too long, or held what cannot be read. The call goes on without it. */
export interface CacheStoreFailedEvent extends CallEvent {
  readonly type: 'cache-store-failed';
  readonly operation: 'get' | 'set' | 'delete';
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
  | HedgeEvent
  | HedgeRefusedEvent
  | SlowCallEvent
  | CircuitEvent
  | HostPauseEvent
  | OverloadEvent
  | BulkheadEvent
  | RateLimitEvent
  | PolicyEvent
  | WarningEvent
  | ValidationEvent
  | FallbackEvent
  | FallbackFailedEvent
  | CoalescedEvent
  | CacheEvent
  | CacheRefreshEvent
  | CacheStoreFailedEvent
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
