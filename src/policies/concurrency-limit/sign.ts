/** What an attempt that has ended says about the load of its host. */
import { TimeoutError } from '../../errors.ts';
import type { Outcome } from '../../pipeline/outcome.ts';

/**
 * `failed`: not for want of capacity, as far as can be told, such as a broken connection. `none`: nothing is told, since
 * it was aborted or refused by us.
 */
export type Sign = 'answered' | 'timed-out' | 'turned-away' | 'failed' | 'none';

/** How long an attempt must have had before being cut by the total timeout says something of its host. */
const fairTimeMs = 1_000;

/** @param ranMs - how long the attempt was under way. */
export function signOf(outcome: Outcome, ranMs: number): Sign {
  if (outcome.response) {
    const { status, headers } = outcome.response;
    if (status === 504) return 'turned-away';
    // With a time to come back it is a pause, which is the host's own way to shed load.
    if (status === 503) return headers.has('retry-after') ? 'failed' : 'turned-away';
    return status === 429 ? 'failed' : 'answered';
  }
  if (outcome.kind === 'cancelled' || outcome.kind === 'rejected') return 'none';
  if (!(outcome.error instanceof TimeoutError)) return 'failed';
  return outcome.error.scope === 'attempt' || ranMs >= fairTimeMs ? 'timed-out' : 'none';
}
