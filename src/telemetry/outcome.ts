/** What came of a call, in the words of metrics and logs. */
import type { CallRecord } from '../call-record.ts';
import type { CallEndEvent } from '../pipeline/events.ts';
import { nameOf } from './attributes.ts';

/** Saved by a retry: the last attempt got an answer, if only a no. */
export const hasRecovered = (call: CallRecord): boolean =>
  call.sentAttempts > 1 && call.attempts.at(-1)?.reason === 'succeeded';

/** What came of a call, in a handful of words. */
export function outcomeOf({ call, status, error }: CallEndEvent): string {
  if (status !== undefined) return status < 400 ? 'success' : status < 500 ? 'client_error' : 'server_error';
  const last = call.attempts.at(-1)?.outcome;
  if (last === 'rejected') return 'rejected';
  if (last === 'cancelled') return 'cancelled';
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'TIMEOUT') return 'timeout';
  return code === 'NETWORK' ? 'network_error' : nameOf(error);
}
