import { HoldfastError, NetworkError } from './errors.ts';
import { stampStory } from './explain.ts';
import { type BodyLease, leaseOf } from './http/body-lease.ts';
import { redactUrlsIn } from './http/redact.ts';
import type { Call } from './pipeline/call.ts';
import type { Timer } from './pipeline/clock.ts';
import {
  type ErrorOutcome,
  errorOutcome,
  networkFailure,
  responseOutcome,
  truthOf,
} from './pipeline/outcome.ts';
import { cutShort, endAttempt } from './policies/attempt.ts';
import { peekCircuit } from './policies/circuit-breaker/circuit.ts';
import type { Plan } from './policy-book.ts';

/** Sends a call through its pipeline, and tells its story at the beginning, when it settles, and when its body ends. */
export function run(call: Call, plan: Plan): Promise<Response> {
  const { host, record, runtime } = call;
  host.counters.calls++;
  host.active++;
  runtime.emit?.({ type: 'call-start', call: record });
  return plan.send(call).then(
    response => {
      deliver(response, call, plan);
      return response;
    },
    thrown => {
      throw fail(thrown, call, plan);
    },
  );
}

/** The call has a response, whose body may still be on its way. */
function deliver(response: Response, call: Call, plan: Plan): void {
  const { record, runtime } = call;
  if (record.decidedBy !== undefined) endLosers(call);
  const durationMs = settleRecord(call, plan);
  if (runtime.emit) {
    const truth = truthOf(responseOutcome(response));
    const { kind: outcome, status } = truth;
    const error = truth.response ? undefined : withoutSecrets(errorOf(truth, call), call);
    runtime.emit({ type: 'call-end', call: record, durationMs, outcome, status, error });
  }
  stampStory(response, record);
  const lease = leaseOf(response);
  lease.endWhenCollected(response, holdUntilBodyEnds(lease, call, plan.policy.leaseMs));
}

/** The call has failed; what its caller gets to see. */
function fail(thrown: unknown, call: Call, plan: Plan): unknown {
  const { host, record, runtime } = call;
  host.active--;
  const outcome = errorOutcome(thrown, call);
  // What it shared with others goes on without it.
  if (!record.coalesced && !record.isSurvived) cutShort(outcome, call);
  const durationMs = settleRecord(call, plan);
  const error = errorOf(outcome, call);
  const told = runtime.emit && withoutSecrets(error, call);
  const { kind } = outcome;
  runtime.emit?.({
    type: 'call-end',
    call: record,
    durationMs,
    outcome: kind,
    status: undefined,
    error: told,
  });
  return error;
}

/**
 * The caller gets the transport's own complaint about a URL; what hears of it on the side may well write it to a log.
 * The URL as it was given comes first: with a blank or a quote in its password only we know where it ends.
 */
function withoutSecrets(error: unknown, { request, record }: Call): unknown {
  if (!(error instanceof Error) || error instanceof HoldfastError) return error;
  const { input } = request;
  const message = redactUrlsIn(
    // A relative URL, such as `/`, may be anywhere in the message, and has none.
    typeof input === 'string' && input.includes('@')
      ? error.message.replaceAll(input, record.url)
      : error.message,
  );
  if (message === error.message) return error;
  const told = error instanceof TypeError ? new TypeError(message) : new Error(message);
  const { code } = error as { code?: unknown };
  return Object.assign(told, { name: error.name, ...(code !== undefined && { code }) });
}

/** The story of a response is whole when it is handed over, also where an attempt is slow to hear that it has lost. */
function endLosers(call: Call): void {
  for (const attempt of call.record.attempts) {
    if (attempt.reason !== 'lost' || attempt.durationMs !== undefined) continue;
    const { sent } = attempt;
    const cancelled = { response: undefined, status: undefined, error: undefined, code: undefined } as const;
    endAttempt({ kind: 'cancelled', sent, ...cancelled }, call, attempt);
  }
}

/** A circuit that a call does not go by is none of its story, unless somebody has isolated the host: that stops all. */
function settleRecord({ host, record, runtime, enclosing }: Call, { policy }: Plan): number {
  enclosing?.end();
  const now = runtime.clock.now();
  const durationMs = now - record.startedAt;
  record.durationMs = durationMs;
  const circuit = peekCircuit(host)?.state(now);
  record.circuit = policy.circuitBreaker || circuit === 'isolated' ? circuit : undefined;
  return durationMs;
}

/**
 * Nothing here may name the response: an unread one must stay garbage.
 *
 * @returns what begins the time that the response may stay unread.
 */
function holdUntilBodyEnds(
  lease: BodyLease,
  { host, record, runtime }: Call,
  leaseMs: number,
): (() => void) | undefined {
  const { clock } = runtime;
  let timer: Timer;
  lease.onLeaseEnd(({ kind }) => {
    host.active--;
    clock.clearTimer(timer);
    runtime.emit?.({ type: 'body-end', call: record, durationMs: clock.now() - record.startedAt, end: kind });
  });
  if (leaseMs === Number.POSITIVE_INFINITY) return undefined;
  return () => {
    timer = clock.setTimer(() => lease.expireUnread(), leaseMs);
    clock.unrefTimer(timer);
  };
}

/** What the caller gets to see: a failure of the network with its story, anything else as it is. */
function errorOf(outcome: ErrorOutcome, call: Call): unknown {
  if (outcome.error instanceof HoldfastError) return outcome.error;
  const failure = networkFailure(outcome, call.request);
  return failure ? new NetworkError(call.record, failure, outcome.error) : outcome.error;
}
