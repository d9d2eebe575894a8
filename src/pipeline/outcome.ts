import type { OutcomeKind } from '../call-record.ts';
import { ClosedError, HoldfastError, RejectedError, TimeoutError } from '../errors.ts';
import type { BodyEnd } from '../http/body-lease.ts';
import { type Failure, readFailure, type Sent } from '../http/failure.ts';
import { createStamp } from '../http/stamp.ts';
import { reasonOf } from './branch.ts';
import type { Call, CallRequest } from './call.ts';
import type { Handler } from './pipeline.ts';

/** The server answered. An HTTP error status is an answer too. */
export interface ResponseOutcome {
  readonly kind: 'success' | 'transient' | 'permanent';
  readonly response: Response;
  readonly status: number;
  readonly error: undefined;
  readonly code: undefined;
  readonly sent: 'yes';
}

/** The server did not answer. */
export interface ErrorOutcome {
  readonly kind: Exclude<OutcomeKind, 'success'>;
  readonly response: undefined;
  readonly status: undefined;
  /** What to rethrow if this is the last outcome. */
  readonly error: unknown;
  /** What failed: a code of the system or the transport, or one of ours; undefined if nobody says. */
  readonly code: string | undefined;
  readonly sent: Sent;
}

/** What an attempt, or a part of a call, came to: data in place of a throw, so that policies read straight down. */
export type Outcome = ResponseOutcome | ErrorOutcome;

/** Statuses that may pass by themselves: RFC 9110 §15.5.9, §15.6; RFC 8470 §5.2; RFC 6585 §4. */
export const TRANSIENT_STATUSES: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

/** Runs the rest of the pipeline and never throws. */
export function settle(next: Handler, call: Call): Promise<Outcome> {
  return next(call).then(responseOutcome, error => errorOutcome(error, call));
}

/**
 * Runs the rest of the pipeline and passes on what it comes to, once `look` has seen it. For policies that only watch:
 * one promise, where an async function around {@link settle} takes three. This is in the path of every call, so `look`
 * is made once per policy, and what it has to know of a call travels as `state`.
 */
export function watch<State>(
  next: Handler,
  call: Call,
  look: (outcome: Outcome, call: Call, state: State) => void,
  state: State,
): Promise<Response> {
  return next(call).then(
    response => {
      look(responseOutcome(response), call, state);
      return response;
    },
    error => {
      const outcome = errorOutcome(error, call);
      look(outcome, call, state);
      throw outcome.error;
    },
  );
}

/** Turns an outcome back into what a policy resolves or rejects with. */
export function unwrap(outcome: Outcome): Response {
  if (outcome.response) return outcome.response;
  throw outcome.error;
}

const replaced = createStamp<Outcome>();

/** Marks a response that stands in for what a call has come to. The replaced response is not kept. */
export function standIn(substitute: Response, { ...outcome }: Outcome): void {
  replaced.set(substitute, outcome.response ? { ...outcome, response: substitute } : outcome);
}

/** What a call has come to, also if something else has answered. */
export const truthOf = (outcome: Outcome): Outcome =>
  (outcome.response && replaced.get(outcome.response)) ?? outcome;

export function responseOutcome(response: Response): ResponseOutcome {
  const { status } = response;
  return { kind: statusKind(status), response, status, error: undefined, code: undefined, sent: 'yes' };
}

function statusKind(status: number): ResponseOutcome['kind'] {
  if (!(status >= 400)) return 'success';
  return TRANSIENT_STATUSES.includes(status) ? 'transient' : 'permanent';
}

export function errorOutcome(error: unknown, call: Call): ErrorOutcome {
  if (call.signal?.aborted) return abortOutcome(reasonOf(call.signal), call);
  if (HoldfastError.endedCall(error, call.record)) return ownOutcome(error, call);
  if (isArgumentError(error, call.request)) return failed('permanent', error, undefined, 'no');
  const failure = readFailure(error);
  if (!failure) return failed('permanent', error, codeOf(error), 'maybe');
  return failed(failure.transient ? 'transient' : 'permanent', error, failure.code, failure.sent);
}

/** The branch was aborted: whatever the transport made of that, its reason is what counts. */
function abortOutcome(reason: unknown, call: Call): ErrorOutcome {
  if (HoldfastError.endedCall(reason, call.record)) return ownOutcome(reason, call);
  return failed('cancelled', reason, undefined, 'maybe');
}

function ownOutcome(error: HoldfastError, { record, attempt }: Call): ErrorOutcome {
  if (error instanceof RejectedError) return failed('rejected', error, error.code, 'no');
  if (error instanceof ClosedError) return failed('cancelled', error, error.code, 'maybe');
  // A transport that watches the request has taken down how far it got.
  const isOfAttempt = error instanceof TimeoutError && error.scope === 'attempt';
  const sent = isOfAttempt ? record.attempt(attempt)?.sent : undefined;
  return failed('transient', error, error.code, sent ?? 'maybe');
}

function failed(
  kind: ErrorOutcome['kind'],
  error: unknown,
  code: string | undefined,
  sent: Sent,
): ErrorOutcome {
  return { kind, response: undefined, status: undefined, error, code, sent };
}

const codeOf = (error: unknown): string | undefined => {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
};

/**
 * What an abort of the call makes of a body that is on its way. The server is to blame for a body that was too slow for
 * us, and not for a caller who leaves. A time-out of another call, which its caller may have passed on, is an abort.
 */
export const endByAbort = (reason: unknown, { record }: Call): BodyEnd =>
  reason instanceof TimeoutError && HoldfastError.endedCall(reason, record)
    ? { kind: 'failed', error: reason }
    : { kind: 'aborted', reason };

/** Whether an attempt ran into a time limit of ours. */
export const isTimeout = (outcome: Outcome): boolean => outcome.error instanceof TimeoutError;

/** The network's part in an outcome; undefined for a response, an abort, a rejection or somebody's own error. */
export function networkFailure(outcome: Outcome, request: CallRequest): Failure | undefined {
  if (outcome.response || outcome.kind === 'cancelled' || outcome.kind === 'rejected') return undefined;
  if (outcome.error instanceof HoldfastError || isArgumentError(outcome.error, request)) return undefined;
  return readFailure(outcome.error);
}

/**
 * Whether `fetch` refused the arguments: then no request was made, and the error goes to the caller as it is.
 *
 * Browsers reject with the same bare `TypeError` when the network fails, so the arguments are tried on a `Request`,
 * which checks them in the same way. Failures of the network have a cause in Node, so this is off the common path.
 */
function isArgumentError(error: unknown, request: CallRequest): boolean {
  if (!(error instanceof TypeError)) return false;
  if (isOfOwnUrl(error, request) || isOfOwnUrl(error.cause, request)) return true;
  if (error.cause !== undefined || codeOf(error) !== undefined) return false;
  const { input, init } = request;
  const { signal: _, ...checked } = init;
  if (isStreamBody(init.body)) checked.body = new ReadableStream();
  try {
    if (hasBody(input)) checkBesideBody(checked);
    else new Request(input, checked);
    return false;
  } catch {
    return true;
  }
}

/**
 * Whether it is a URL of the caller's that would not parse, and not that of a redirect: a referrer, or a `Request` of
 * another make than the transport's, which that takes for a text.
 */
function isOfOwnUrl(error: unknown, { input, init }: CallRequest): boolean {
  if (codeOf(error) !== 'ERR_INVALID_URL') return false;
  const { input: unparsed } = error as { input?: unknown };
  return unparsed === String(input) || unparsed === String(init.referrer);
}

const hasBody = (input: CallRequest['input']): boolean =>
  typeof input === 'object' && 'body' in input && Boolean(input.body);

/** The body of a Request is used up by now, and what else it says was checked when it was made. */
function checkBesideBody(init: RequestInit): void {
  new Request('https://anywhere.invalid', { ...init, method: init.method ?? 'POST', body: init.body ?? '' });
}

const isStreamBody = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || 'getReader' in body);
