import { ClosedError, TimeoutError } from '../errors.ts';
import { type BodyLease, leaseOf } from '../http/body-lease.ts';
import { discard } from '../http/drain.ts';
import { Branch, reasonOf } from '../pipeline/branch.ts';
import type { Call } from '../pipeline/call.ts';
import { MAX_TIMER_MS, type Timer } from '../pipeline/clock.ts';
import type { OpenCall } from '../pipeline/open-calls.ts';
import { type Check, duration, readOptions } from '../pipeline/options.ts';
import { endByAbort } from '../pipeline/outcome.ts';
import { deadlineWithin, markSignal } from '../pipeline/outer-call.ts';
import { type Handler, type Policy, requireResponse } from '../pipeline/pipeline.ts';

export interface TimeoutOptions {
  /**
   * Longest time in milliseconds, 1 to 2,147,483,647 (24.8 days), or Infinity for none.
   * @defaultValue 30_000 for the whole call, 10_000 for an attempt
   */
  readonly limitMs?: number;
}

/** What is limited, and to how many milliseconds. One for all calls of a policy. */
interface Limit {
  readonly scope: 'total' | 'attempt';
  readonly ms: number;
}

export const checkLimit: Check = duration({ min: 1, max: MAX_TIMER_MS, unlimited: true });

export const defaultTotalTimeoutMs = 30_000;
export const defaultAttemptTimeoutMs = 10_000;

/**
 * Bounds the whole call: every attempt, every wait between them, and the body of the response.
 * Hands the caller's abort down, and settles at once when it comes.
 *
 * @throws RangeError at construction, if `limitMs` is out of range.
 */
export function totalTimeout(options: TimeoutOptions = {}): Policy {
  const { limitMs } = readOptions(
    'totalTimeout',
    options,
    { limitMs: checkLimit },
    { limitMs: defaultTotalTimeoutMs },
  );
  const limit: Limit = { scope: 'total', ms: limitMs };
  return function totalTimeout(call, next) {
    if (call.isTimed) return next(call);
    return bound(limit, call, next);
  };
}

/**
 * Bounds one attempt until its response headers, and gives it a signal of its own, so that an attempt that is given
 * up is aborted on the wire. A body that is being read is none of its business; that is the total timeout's.
 *
 * @throws RangeError at construction, if `limitMs` is out of range.
 */
export function attemptTimeout(options: TimeoutOptions = {}): Policy {
  const defaults = { limitMs: defaultAttemptTimeoutMs };
  const { limitMs } = readOptions('attemptTimeout', options, { limitMs: checkLimit }, defaults);
  const limit: Limit = { scope: 'attempt', ms: limitMs };
  return function attemptTimeout(call, next) {
    return bound(limit, call, next);
  };
}

/** Runs `next` on a branch of its own, until its headers (an attempt) or until its body has ended (the whole call). */
function bound(limit: Limit, call: Call, next: Handler): Promise<Response> {
  if (call.signal?.aborted) return Promise.reject(reasonOf(call.signal));
  if (limit.scope === 'attempt') markSent(call);
  const pending = Promise.withResolvers<Response>();
  const timed = new TimedBranch(limit, call, pending);
  timed.start(() => timed.expire());
  // Closed, or out of time, before it began.
  if (timed.signal.aborted) return pending.promise;
  try {
    const { signal } = timed;
    const branched =
      limit.scope === 'attempt'
        ? { ...call, signal, branch: timed }
        : withDeadline(call, ownDeadline(limit, call), signal);
    next(branched).then(
      response => timed.onHeaders(response),
      error => timed.fail(error),
    );
  } catch (error) {
    timed.fail(error);
  }
  return pending.promise;
}

/** When the whole call has to be over by its own limit, or that of what it is part of. */
const ownDeadline = ({ ms }: Limit, { deadlineAt, record }: Call): number =>
  Math.min(deadlineAt, record.startedAt + ms);

/** Of a call within another the deadline may move: it is that of the outer call for as long as that waits. */
function withDeadline(call: Call, deadlineAt: number, signal: AbortSignal): Call {
  const { outer, runtime } = call;
  if (!outer) return { ...call, deadlineAt, signal };
  return {
    ...call,
    signal,
    get deadlineAt() {
      return deadlineWithin(outer, deadlineAt, runtime.clock.now());
    },
  };
}

/** A response that comes too late says nothing of its host: its caller is gone. */
function giveUp(response: Response): void {
  leaseOf(response).end({ kind: 'aborted' });
  discard(response);
}

/** From here on nobody can be sure any more that it has not left. */
function markSent({ host, record, attempt, onSend }: Call): void {
  onSend?.();
  host.counters.attempts++;
  const entry = record.attempt(attempt);
  if (entry) entry.sent = 'maybe';
}

/**
 * A branch with a timer, and the promise of what comes of it. It must not keep the response, or the timer would keep an
 * unread body alive; nor, once there is a response, the functions of the promise that was resolved with it.
 */
class TimedBranch extends Branch implements OpenCall {
  place = -1;
  readonly #limit: Limit;
  readonly #call: Call;
  #timer: Timer;
  #lease: BodyLease | undefined;
  #resolve: ((response: Response) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;

  constructor(limit: Limit, call: Call, { resolve, reject }: PromiseWithResolvers<Response>) {
    super(call.signal, limit.scope === 'total');
    this.#limit = limit;
    this.#call = call;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** @param expire - from where all that is done with the branch is, so that it costs no context of its own. */
  start(expire: () => void): void {
    const { enclosing, runtime } = this.#call;
    if (this.#limit.scope === 'attempt') {
      if (enclosing) markSignal(this.signal, enclosing);
      this.#expireAfter(this.#limit.ms, expire);
    } else {
      runtime.open.add(this);
      if (!this.signal.aborted) this.#expireAfter(this.#remainingMs(), expire);
    }
  }

  #expireAfter(delayMs: number, expire: () => void): void {
    if (delayMs <= 0) expire();
    else if (delayMs !== Number.POSITIVE_INFINITY)
      this.#timer = this.#call.runtime.clock.setTimer(expire, delayMs);
  }

  /** Of the whole call, by its own limit. */
  get #deadlineAt(): number {
    return ownDeadline(this.#limit, this.#call);
  }

  #remainingMs(): number {
    const { outer, runtime } = this.#call;
    const now = runtime.clock.now();
    return deadlineWithin(outer, this.#deadlineAt, now) - now;
  }

  close(): void {
    this.abort(new ClosedError(this.#call.record));
  }

  /** Passes the response on, if it came in time. */
  onHeaders(response: Response): void {
    try {
      requireResponse(response);
      if (this.signal.aborted) giveUp(response);
      else this.#deliver(response);
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    this.#letGo();
    this.#reject?.(error);
    this.#forgetPromise();
  }

  protected override onAbort(reason: unknown): void {
    if (this.#lease) this.#endBody(reason);
    else this.fail(reason);
  }

  #deliver(response: Response): void {
    const { clock } = this.#call.runtime;
    this.#lease = leaseOf(response);
    if (this.#limit.scope === 'attempt') clock.clearTimer(this.#timer);
    // From here on only the reader of the body decides whether the process has to stay.
    else if (this.#timer !== undefined) clock.unrefTimer(this.#timer);
    this.#lease.onBodyEnd(() => this.#letGo());
    this.#resolve?.(response);
    this.#forgetPromise();
  }

  expire(): void {
    const { scope, ms } = this.#limit;
    const { outer, record, runtime } = this.#call;
    const now = runtime.clock.now();
    if (scope === 'attempt' || !outer || now >= this.#deadlineAt) {
      this.abort(new TimeoutError(record, scope, ms));
      return;
    }
    const remainingMs = this.#remainingMs();
    // Where the outer call has settled meanwhile, its deadline is none any more.
    if (remainingMs > 0) this.#goOn(remainingMs);
    else this.abort(new TimeoutError(record, 'outer', now - record.startedAt));
  }

  #goOn(remainingMs: number): void {
    this.#timer = undefined;
    this.#expireAfter(remainingMs, () => this.expire());
    if (this.#lease && this.#timer !== undefined) this.#call.runtime.clock.unrefTimer(this.#timer);
  }

  /** The outermost knows best why a body that nobody is reading has ended. */
  #endBody(error: unknown): void {
    this.#letGo();
    if (this.#limit.scope === 'total') this.#lease?.end(endByAbort(error, this.#call));
  }

  #letGo(): void {
    const { clock, open } = this.#call.runtime;
    clock.clearTimer(this.#timer);
    this.release();
    if (this.#limit.scope === 'total') open.remove(this);
  }

  #forgetPromise(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
  }
}
