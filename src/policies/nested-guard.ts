import { type AllowanceOf, markSignal, runWithin } from '../pipeline/outer-call.ts';
import type { Policy } from '../pipeline/pipeline.ts';

/**
 * Shows a call to the calls that are made within its attempts, so that layers which retry do not multiply: an inner call
 * ends by the deadline of the outer one, its retries draw on both budgets, and those that were in vain count among the
 * retries of the outer call.
 *
 * Sits directly inside `retry`, and only where something of the program's own can run within an attempt.
 *
 * @param allowanceOf - what the retries of calls to a host draw from.
 */
export function nestedGuard(allowanceOf: AllowanceOf): Policy {
  return function nestedGuard(call, next) {
    const { enclosing, signal } = call;
    if (!enclosing) return next(call);
    enclosing.enter(call, allowanceOf);
    if (signal) markSignal(signal, enclosing);
    return runWithin(enclosing, next, call);
  };
}
