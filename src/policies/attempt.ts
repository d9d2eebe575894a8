import type { AttemptRecord } from '../call-record.ts';
import type { Call } from '../pipeline/call.ts';
import { type Outcome, settle, unwrap } from '../pipeline/outcome.ts';
import type { Policy } from '../pipeline/pipeline.ts';

/** Takes down every attempt in the record of its call, and tells the observer. Outermost of what is done per attempt. */
export function attempt(): Policy {
  return async function attempt(call, next) {
    const record = begin(call);
    const outcome = await settle(next, call);
    end(record, outcome, call);
    return unwrap(outcome);
  };
}

function begin(call: Call): AttemptRecord {
  const record: AttemptRecord = {
    attempt: call.attempt,
    startMs: call.attempt === 1 ? 0 : call.runtime.clock.now() - call.record.startedAt,
    durationMs: undefined,
    outcome: undefined,
    sent: undefined,
    status: undefined,
    code: undefined,
    reason: 'no-retry-policy',
    delayMs: undefined,
    waitedMs: 0,
    retryAfterMs: undefined,
  };
  call.record.attempts.push(record);
  call.host.counters.attempts++;
  call.runtime.emit?.({ type: 'attempt-start', call: call.record, attempt: call.attempt });
  return record;
}

function end(record: AttemptRecord, outcome: Outcome, call: Call): void {
  const durationMs = call.runtime.clock.now() - call.record.startedAt - record.startMs - record.waitedMs;
  record.durationMs = durationMs;
  record.outcome = outcome.kind;
  record.sent = outcome.sent;
  record.status = outcome.status;
  record.code = outcome.code;
  if (outcome.kind === 'rejected') {
    call.host.counters.rejected++;
    call.host.counters.attempts--;
  }
  call.runtime.emit?.({
    type: 'attempt-end',
    call: call.record,
    attempt: call.attempt,
    durationMs,
    outcome: outcome.kind,
    sent: outcome.sent,
    status: outcome.status,
    code: outcome.code,
  });
}
