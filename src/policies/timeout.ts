import { TimeoutError } from '../errors.ts';
import { leaseOf } from '../http/body-lease.ts';
import { discard } from '../http/drain.ts';
import { Branch } from '../pipeline/branch.ts';
import type { Call } from '../pipeline/call.ts';
import { MAX_TIMER_MS, type Timer } from '../pipeline/clock.ts';
import { type Check, duration, readOptions } from '../pipeline/options.ts';
import type { Handler, Policy } from '../pipeline/pipeline.ts';

export interface TimeoutOptions {
  /**
   * Longest time in milliseconds, 1 to 2,147,483,647 (24.8 days), or Infinity for none.
   * @defaultValue 30_000 for the whole call, 10_000 for an attempt
   */
  readonly limitMs?: number;
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
  return function totalTimeout(call, next) {
    const deadlineAt = Math.min(call.deadlineAt, call.record.startedAt + limitMs);
    return bound('total', limitMs, { ...call, deadlineAt }, next);
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
  return function attemptTimeout(call, next) {
    return bound('attempt', limitMs, call, next);
  };
}

/**
 * Runs `next` on a branch of its own. Written with one promise and one timer: this runs twice in every call.
 *
 * The closures below must not name the response: the timer would keep it, and with it an unread body, alive.
 */
function bound(scope: 'total' | 'attempt', limitMs: number, call: Call, next: Handler): Promise<Response> {
  const { clock, open } = call.runtime;
  return new Promise((resolve, reject) => {
    let timer: Timer;
    let timedOut = false;
    const letGo = () => {
      clock.clearTimer(timer);
      branch.release();
      open.delete(branch);
    };
    const branch: Branch = new Branch(call.signal, reason => {
      letGo();
      reject(reason);
    });
    if (scope === 'total') open.set(branch, call.record);
    if (limitMs !== Number.POSITIVE_INFINITY && !branch.signal.aborted) {
      timer = clock.setTimer(() => {
        timedOut = true;
        branch.abort(new TimeoutError(call.record, scope, limitMs));
      }, limitMs);
    }
    next({ ...call, signal: branch.signal }).then(
      response => {
        if (branch.signal.aborted) return discard(response);
        const lease = leaseOf(response);
        if (scope === 'attempt') clock.clearTimer(timer);
        else {
          // From here on only the reader of the body decides whether the process has to stay.
          if (timer) clock.unrefTimer(timer);
          branch.onAbort = error => {
            letGo();
            lease.end(timedOut ? { kind: 'failed', error } : { kind: 'aborted' });
          };
        }
        lease.onBodyEnd(letGo);
        resolve(response);
      },
      error => {
        letGo();
        reject(error);
      },
    );
  });
}
