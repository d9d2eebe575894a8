/** What came of a call, in the words of metrics and logs. */
import type { AttemptRecord, CallRecord } from '../call-record.ts';
import type { CallEndEvent } from '../pipeline/events.ts';
import { nameOf, statusWord } from './attributes.ts';

/** Saved by a retry: the last attempt got an answer, if only a no. */
export const hasRecovered = (call: CallRecord): boolean => call.retries > 0 && isAnswered(call.deciding);

/** As the retry policy counts it in the host's `recoveredCalls`. */
const isAnswered = (last: AttemptRecord | undefined): boolean =>
  last?.reason === 'succeeded' || (last?.reason === 'not-transient' && (last.status ?? 500) < 500);

/** What came of a call, in a handful of words. */
export function outcomeOf({ outcome, status, error }: CallEndEvent): string {
  if (status !== undefined) return statusWord(status);
  if (outcome === 'cancelled' || outcome === 'rejected') return outcome;
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'TIMEOUT') return 'timeout';
  return code === 'NETWORK' ? 'network_error' : nameOf(error);
}
