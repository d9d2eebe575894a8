import type { AttemptRecord, RetryReason } from '../call-record.ts';
import { TimeoutError } from '../errors.ts';
import type { Call } from '../pipeline/call.ts';
import { type ErrorOutcome, isTimeout, type Outcome, watch } from '../pipeline/outcome.ts';
import type { Policy } from '../pipeline/pipeline.ts';

/**
 * Takes down every attempt in the record of its call, and tells the observer. Outermost of what is done per attempt.
 *
 * @param judge - whoever else wants to know how each ended;
 * @param hear - and whoever wants to know it after that.
 */
export function attempt(judge?: Hear, hear?: Hear): Policy {
  return function attempt(call, next) {
    // It may have been held up on its way here, and its call be settled.
    if (call.signal?.aborted) return Promise.reject(call.signal.reason);
    return watch(next, call, end, begin(call));
  };

  function end(outcome: Outcome, call: Call, record: AttemptRecord): void {
    judge?.(outcome, call);
    hear?.(outcome, call);
    endAttempt(outcome, call, record);
  }
}

/** Until a retry policy says otherwise. */
const undecided: RetryReason = 'no-retry-policy';

type Hear = (outcome: Outcome, call: Call) => void;

function begin(call: Call): AttemptRecord {
  const record: AttemptRecord = {
    attempt: call.attempt,
    startMs: call.runtime.clock.now() - call.record.startedAt,
    durationMs: undefined,
    outcome: undefined,
    sent: 'no',
    status: undefined,
    code: undefined,
    reason: undecided,
    delayMs: undefined,
    waitedMs: 0,
    retryAfterMs: undefined,
  };
  if (call.hedge) record.hedge = true;
  if (call.endpoint !== undefined) record.endpoint = call.endpoint;
  call.record.begin(record);
  call.runtime.emit?.({ type: 'attempt-start', call: call.record, attempt: call.attempt });
  return record;
}

/** Takes down how an attempt ended; once, since a call may have been settled over an attempt that was still running. */
export function endAttempt(outcome: Outcome, call: Call, record: AttemptRecord): void {
  if (record.durationMs !== undefined) return;
  const durationMs = call.record.ranMs(record, call.runtime.clock.now());
  record.durationMs = durationMs;
  const kind = isOutOfTimeOnItsWay(outcome, call, record) ? 'cancelled' : outcome.kind;
  record.outcome = kind;
  // Neither an abort nor a time-out tells how far the attempt had got; the record does.
  if (outcome.kind !== 'cancelled' && !isTimeout(outcome)) record.sent = outcome.sent;
  record.status = outcome.status;
  record.code = outcome.code;
  if (outcome.kind === 'rejected') call.host.counters.rejected++;
  call.runtime.emit?.({
    type: 'attempt-end',
    call: call.record,
    attempt: record.attempt,
    durationMs,
    outcome: kind,
    sent: record.sent,
    status: outcome.status,
    code: outcome.code,
  });
}

/** It waited for something further in when the time of its call was over: nobody has tried to send it. */
const isOutOfTimeOnItsWay = (outcome: Outcome, { record: story }: Call, { sent }: AttemptRecord): boolean =>
  isTimeout(outcome) && sent === 'no' && story.phase === undefined;

/** A call was settled over the head of an attempt that is still on its way out, or of who decides what follows it. */
export function cutShort(outcome: ErrorOutcome, call: Call): void {
  const reason = outcome.kind === 'cancelled' ? 'aborted' : 'deadline';
  for (const attempt of call.record.attempts) {
    if (attempt.durationMs === undefined) {
      attempt.reason = reason;
      endAttempt(outcome, call, attempt);
    } else if (isUndecided(attempt) && endedBoth(outcome, attempt)) attempt.reason = reason;
  }
}

const isUndecided = ({ reason }: AttemptRecord): boolean => reason === undecided;

/** Whether an attempt has ended because its call did. */
const endedBoth = ({ kind, code, error }: ErrorOutcome, attempt: AttemptRecord): boolean =>
  error instanceof TimeoutError
    ? error.scope !== 'attempt' && attempt.code === code
    : kind === 'cancelled' && attempt.outcome === 'cancelled';
