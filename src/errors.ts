/**
 * Every error that a call can end with. Branches follow what a caller would do next.
 *
 * ```text
 * HoldfastError             code, method, url, host, attempts, cause
 * ├─ NetworkError           nothing came back; a TypeError as well      NETWORK
 * ├─ TimeoutError           scope: which limit                          TIMEOUT
 * ├─ ClosedError            close() was called before or during it      CLOSED
 * ├─ StatusError            a status that means failure; data, problem  STATUS          (holdfast/contract)
 * ├─ ValidationError        it is not what the contract says; issues    VALIDATION      (holdfast/contract)
 * ├─ TokenError             the token endpoint gave none; status        TOKEN           (holdfast/oauth2)
 * └─ RejectedError          we refused before sending; retryAfterMs
 *    ├─ CircuitOpenError    state                                       CIRCUIT_OPEN
 *    ├─ HostPausedError     the host asked to be left alone             HOST_PAUSED
 *    ├─ OverloadedError     limit of attempts that the host can serve   OVERLOADED
 *    ├─ ThrottledError      refused by chance; rejectionRatio           THROTTLED
 *    ├─ BulkheadFullError   maxConcurrent, maxQueued, waiting           BULKHEAD_FULL
 *    └─ RateLimitedError    waiting                                     RATE_LIMITED
 * ```
 *
 * Match on `code` or `instanceof`; messages are for people and may change. The caller's own abort reason is
 * none of these: it is rethrown untouched. Misuse is a built-in `TypeError` or `RangeError`.
 */
import { type AttemptRecord, type CallRecord, outerTitle } from './call-record.ts';
import type { Sent } from './http/failure.ts';
import { during, type Phase } from './http/phase.ts';
import { redactUrlsIn } from './http/redact.ts';

export type ErrorCode =
  | 'NETWORK'
  | 'TIMEOUT'
  | 'CIRCUIT_OPEN'
  | 'HOST_PAUSED'
  | 'OVERLOADED'
  | 'THROTTLED'
  | 'BULKHEAD_FULL'
  | 'RATE_LIMITED'
  | 'CLOSED'
  | 'STATUS'
  | 'VALIDATION'
  | 'TOKEN';

/** Marks our prototypes, under a name that two copies of the package in one program share. */
const brand = Symbol.for('holdfast.error');
const brandOf = (prototype: object): unknown => (prototype as Record<symbol, unknown>)[brand];

/** The root. A `toJSON()` of it is fit for logs: no credentials, no header values, no bodies. */
export abstract class HoldfastError extends Error {
  abstract readonly code: ErrorCode;
  /** The record of the call that ended so. */
  readonly #record: CallRecord;

  constructor(message: string, record: CallRecord, options?: ErrorOptions) {
    super(message, options);
    this.#record = record;
  }

  /** `instanceof` by name, so that it holds across two copies of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    // The mark is that of our own classes; one derived from them has none to compare.
    if (typeof value !== 'object' || value === null || !Object.hasOwn(this.prototype, brand)) return false;
    for (let proto = Object.getPrototypeOf(value); proto !== null; proto = Object.getPrototypeOf(proto)) {
      if (Object.hasOwn(proto, brand) && brandOf(proto) === brandOf(this.prototype)) return true;
    }
    return false;
  }

  /** Whether this error ended the call that `record` tells of. */
  static endedCall(error: unknown, record: CallRecord): error is HoldfastError {
    return typeof error === 'object' && error !== null && #record in error && error.#record === record;
  }

  /** The record of the call that ended with an error of ours; undefined for any other, or one of another copy. */
  static recordOf(error: unknown): CallRecord | undefined {
    return typeof error === 'object' && error !== null && #record in error ? error.#record : undefined;
  }

  /** The same failure as that of another call which has shared the request. */
  static forCall(error: HoldfastError, record: CallRecord): HoldfastError {
    const { cause, message } = error;
    const options = cause === undefined ? undefined : { cause };
    const copy = Reflect.construct(HoldfastError, [message, record, options], error.constructor);
    return Object.assign(copy, error);
  }

  get method(): string {
    return this.#record.method;
  }

  /** Without credentials and signatures. */
  get url(): string {
    return this.#record.url;
  }

  /** Key of the host's state, its origin by default. */
  get host(): string {
    return this.#record.host;
  }

  /** What was tried, in order. */
  get attempts(): readonly AttemptRecord[] {
    return this.#record.attempts;
  }

  toJSON(): Record<string, unknown> {
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      method: this.method,
      url: this.url,
      host: this.host,
      attempts: this.attempts,
      ...this.details(),
    };
  }

  /** What `toJSON()` says beyond the common fields. */
  protected details(): Record<string, unknown> {
    return {};
  }
}

/**
 * Nothing came back: refused, reset, name not found, bad certificate. `cause` is that of the error of `fetch`.
 * Also an instance of `TypeError`, which is what `fetch` rejects with.
 */
export class NetworkError extends HoldfastError {
  readonly code = 'NETWORK';
  /** The code found down the `cause` chain, such as `ECONNREFUSED`; undefined where the runtime gives none. */
  readonly reason: string | undefined;
  /** How far the attempt got that got furthest: `no` means that none of them reached the server. */
  readonly sent: Sent;
  /** Whether the same call may succeed later without being changed. */
  readonly transient: boolean;
  /** What the last attempt was at; undefined with a transport that does not tell, as `fetch`. */
  readonly phase: Phase | undefined;

  constructor(
    record: CallRecord,
    failure: { code: string | undefined; sent: Sent; transient: boolean },
    cause: unknown,
  ) {
    const sent = record.furthest(failure.sent);
    super(networkMessage(record, { ...failure, sent }, cause), record, { cause: insteadOf(cause) });
    this.reason = failure.code;
    this.sent = sent;
    this.transient = failure.transient;
    this.phase = record.phase;
  }

  protected override details(): Record<string, unknown> {
    return { reason: this.reason, sent: this.sent, transient: this.transient, phase: this.phase };
  }
}

/** A deadline of ours passed. The attempt it cut short was aborted on the wire. */
export class TimeoutError extends HoldfastError {
  readonly code = 'TIMEOUT';
  /**
   * Which limit: one attempt until its response headers; the whole call, body included; the silence within a stream of
   * a contract; the wait for credentials before a call of one; or what was left to the call that this one was made within.
   */
  readonly scope: 'attempt' | 'total' | 'idle' | 'auth' | 'outer';
  /** The limit in milliseconds. */
  readonly limitMs: number;
  /** What the last attempt was at; undefined with a transport that does not tell, as `fetch`. */
  readonly phase: Phase | undefined;

  constructor(record: CallRecord, scope: TimeoutError['scope'], limitMs: number) {
    super(timeoutMessage(record, scope, limitMs), record);
    this.scope = scope;
    this.limitMs = limitMs;
    this.phase = record.phase;
  }

  protected override details(): Record<string, unknown> {
    return { scope: this.scope, limitMs: this.limitMs, phase: this.phase };
  }
}

/** Not where the built-in classes are frozen. */
const canLimitStacks = !Object.isFrozen(Error);

/** We refused to send this attempt. Repeating the call later is safe if `sent` is `'no'`: then no earlier one left. */
export abstract class RejectedError extends HoldfastError {
  /** Milliseconds from now after which sending may be allowed again; undefined if nobody can tell, or only a person. */
  readonly retryAfterMs: number | undefined;
  /** How far an earlier attempt of the same call got; `no` if there was none, or none that reached the server. */
  readonly sent: Sent;

  constructor(message: string, record: CallRecord, retryAfterMs: number | undefined) {
    // Every frame would be one of ours, and taking them down is half the cost of a rejection.
    const { stackTraceLimit } = Error;
    if (canLimitStacks) Error.stackTraceLimit = 0;
    super(message, record);
    if (canLimitStacks) Error.stackTraceLimit = stackTraceLimit;
    this.retryAfterMs = retryAfterMs;
    this.sent = record.furthest('no');
  }

  protected override details(): Record<string, unknown> {
    return { retryAfterMs: this.retryAfterMs, sent: this.sent };
  }
}

/** The circuit of the host is open, probing, or held open by hand. */
export class CircuitOpenError extends RejectedError {
  readonly code = 'CIRCUIT_OPEN';
  readonly state: 'open' | 'half-open' | 'isolated';

  constructor(
    record: CallRecord,
    state: 'open' | 'half-open' | 'isolated',
    retryAfterMs: number | undefined,
  ) {
    super(circuitMessage(record, state, retryAfterMs), record, retryAfterMs);
    this.state = state;
  }

  protected override details(): Record<string, unknown> {
    return { ...super.details(), state: this.state };
  }
}

/** The host asked for a pause that this call cannot wait out. */
export class HostPausedError extends RejectedError {
  readonly code = 'HOST_PAUSED';

  constructor(record: CallRecord, retryAfterMs: number, why: 'deadline' | 'full') {
    const reason =
      why === 'full' ? 'enough calls are waiting already' : 'that is past the deadline of this call';
    super(
      `${title(record)} ${notSent(record)}: ${record.host} asked to be left alone for ${ms(retryAfterMs)} and ${reason}. ` +
        `Try again in ${ms(retryAfterMs)}.`,
      record,
      retryAfterMs,
    );
  }
}

/** The host accepts too few attempts, and this one was refused by chance so that it has less to refuse. */
export class ThrottledError extends RejectedError {
  readonly code = 'THROTTLED';
  /** The share that is refused at present, from 0 to 1. */
  readonly rejectionRatio: number;

  constructor(record: CallRecord, rejectionRatio: number, retryAfterMs: number) {
    super(
      `${title(record)} ${notSent(record)}: ${record.host} accepts too few attempts, and ` +
        `${Math.round(rejectionRatio * 100)} % of them are refused at present. Try again in ${ms(retryAfterMs)}.`,
      record,
      retryAfterMs,
    );
    this.rejectionRatio = rejectionRatio;
  }

  protected override details(): Record<string, unknown> {
    return { ...super.details(), rejectionRatio: this.rejectionRatio };
  }
}

/** As many attempts are under way as the host can serve at present, and enough others wait already. */
export class OverloadedError extends RejectedError {
  readonly code = 'OVERLOADED';
  /** Attempts that may be under way at once. */
  readonly limit: number;

  constructor(record: CallRecord, limit: number, waiting: number, retryAfterMs: number) {
    super(
      `${title(record)} ${notSent(record)}: ${record.host} is overloaded; ${count(limit, 'attempt')} may be under way ` +
        `at once and ${waiting === 1 ? '1 waits' : `${waiting} wait`} already. Try again in ${ms(retryAfterMs)}.`,
      record,
      retryAfterMs,
    );
    this.limit = limit;
  }

  protected override details(): Record<string, unknown> {
    return { ...super.details(), limit: this.limit };
  }
}

/** As many calls to the host are under way as may be, and this one found no room among those who wait for their turn. */
export class BulkheadFullError extends RejectedError {
  readonly code = 'BULKHEAD_FULL';
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  /** Calls that were waiting. */
  readonly waiting: number;

  constructor(
    record: CallRecord,
    { maxConcurrent, maxQueued, waiting }: Pick<BulkheadFullError, 'maxConcurrent' | 'maxQueued' | 'waiting'>,
    why: 'full' | 'displaced',
  ) {
    const reason =
      why === 'displaced'
        ? 'its place in the queue went to a more important call'
        : `as many wait as may (${waiting} of ${maxQueued})`;
    // Nobody knows when a call will end.
    super(
      `${title(record)} ${notSent(record)}: ${record.host} has as many calls under way as may be (${maxConcurrent}) and ` +
        `${reason}. Try again later, or raise \`bulkhead.maxConcurrent\` or \`bulkhead.maxQueued\`.`,
      record,
      undefined,
    );
    this.maxConcurrent = maxConcurrent;
    this.maxQueued = maxQueued;
    this.waiting = waiting;
  }

  protected override details(): Record<string, unknown> {
    const { maxConcurrent, maxQueued, waiting } = this;
    return { ...super.details(), maxConcurrent, maxQueued, waiting };
  }
}

/** The request would go over the rate limit of the host, and cannot wait. */
export class RateLimitedError extends RejectedError {
  readonly code = 'RATE_LIMITED';
  /** Requests that were waiting for their turn. */
  readonly waiting: number;

  constructor(record: CallRecord, retryAfterMs: number, waiting: number, why: 'deadline' | 'full') {
    const reason =
      why === 'full'
        ? `${waiting} wait already, the most that may`
        : 'its turn would come past the deadline of this call';
    super(
      `${title(record)} ${notSent(record)}: the rate limit of ${record.host} is reached and ${reason}. ` +
        `Try again in ${ms(retryAfterMs)}.`,
      record,
      retryAfterMs,
    );
    this.waiting = waiting;
  }

  protected override details(): Record<string, unknown> {
    return { ...super.details(), waiting: this.waiting };
  }
}

/** The client was closed before or during the call, which was aborted on the wire if it was under way. */
export class ClosedError extends HoldfastError {
  readonly code = 'CLOSED';

  constructor(record: CallRecord) {
    super(`${title(record)} ended because this fetch was closed. Create a new one to go on.`, record);
  }
}

export const title = (record: CallRecord): string => `${record.method} ${record.url}`;

const ms = (value: number): string =>
  value < 1_000 ? `${Math.ceil(value)} ms` : `${Number((value / 1_000).toFixed(1))} s`;

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** An earlier attempt may have been. */
const notSent = (record: CallRecord): string =>
  record.furthest('no') === 'no' ? 'was not sent' : 'was not repeated';

function tries(record: CallRecord): string {
  const count = record.sentAttempts;
  return count > 1 ? ` after ${count} attempts` : '';
}

function networkMessage(
  record: CallRecord,
  failure: { code: string | undefined; sent: Sent; transient: boolean },
  cause: unknown,
): string {
  const what = failure.code ?? deepestMessage(cause);
  const reach = {
    no: 'it never reached the server',
    maybe: 'it may have reached the server',
    yes: 'the server had begun to answer',
  }[failure.sent];
  const advice = failure.transient ? '' : '; repeating it unchanged will not help';
  return `${title(record)} failed${tries(record)}: ${what}${during(record.phase)} (${reach}${advice}).`;
}

/**
 * What is left to say where our error stands in place of another: of the `TypeError: fetch failed` in which `fetch` wraps
 * a failure, the failure itself, so that `error.cause` is what it is with `fetch`.
 */
function insteadOf(thrown: unknown): unknown {
  if (!(thrown instanceof TypeError) || 'code' in thrown) return thrown;
  return thrown.cause instanceof Error ? thrown.cause : thrown;
}

/** Where no code says it, the innermost words do: `bad port` and not `fetch failed`. */
function deepestMessage(error: unknown): string {
  let deepest = error;
  for (let depth = 0; depth < 10 && deepest instanceof Error && deepest.cause instanceof Error; depth++) {
    deepest = deepest.cause;
  }
  return redactUrlsIn(deepest instanceof Error ? deepest.message : String(deepest));
}

function timeoutMessage(record: CallRecord, scope: TimeoutError['scope'], limitMs: number): string {
  if (scope === 'idle') return `${title(record)}: the stream was silent for ${ms(limitMs)}.`;
  if (scope === 'auth') return `${title(record)}: no credentials within ${ms(limitMs)}.`;
  if (scope === 'outer')
    return `${title(record)}: not finished within the ${ms(limitMs)} that were left of ${outerCall(record)}${tries(record)}.`;
  if (scope === 'attempt')
    return `${title(record)}: no response headers within ${ms(limitMs)}${during(record.phase)}${tries(record)}.`;
  return `${title(record)}: not finished within the total timeout of ${ms(limitMs)}${tries(record)}.`;
}

const outerCall = ({ outer }: CallRecord): string =>
  outer ? `the ${outerTitle(outer)}` : 'the call that it is part of';

function circuitMessage(record: CallRecord, state: string, retryAfterMs: number | undefined): string {
  if (state === 'isolated')
    return `${title(record)} ${notSent(record)}: ${record.host} is isolated by hand. Undo it with reset().`;
  return (
    `${title(record)} ${notSent(record)}: the circuit of ${record.host} is ${state}. ` +
    `Try again in ${ms(retryAfterMs ?? 0)}.`
  );
}

/** Names live on the prototypes: an own property on each instance would cost, and print as one. */
export function name(type: { prototype: object }, value: string): void {
  Object.defineProperty(type.prototype, 'name', { value, configurable: true, writable: true });
  Object.defineProperty(type.prototype, brand, { value });
}

name(HoldfastError, 'HoldfastError');
name(NetworkError, 'NetworkError');
name(TimeoutError, 'TimeoutError');
name(RejectedError, 'RejectedError');
name(CircuitOpenError, 'CircuitOpenError');
name(HostPausedError, 'HostPausedError');
name(OverloadedError, 'OverloadedError');
name(ThrottledError, 'ThrottledError');
name(BulkheadFullError, 'BulkheadFullError');
name(RateLimitedError, 'RateLimitedError');
name(ClosedError, 'ClosedError');

// What fetch rejects with is a TypeError, and programs test for it. A class has one parent, so the prototype of
// NetworkError is re-hung under a copy of ours whose own parent is TypeError's.
Object.setPrototypeOf(
  NetworkError.prototype,
  Object.create(TypeError.prototype, Object.getOwnPropertyDescriptors(HoldfastError.prototype)),
);
