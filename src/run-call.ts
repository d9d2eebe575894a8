import { HoldfastError, NetworkError } from './errors.ts';
import { stampStory } from './explain.ts';
import { type BodyLease, type LeaseEnd, leaseOf } from './http/body-lease.ts';
import { redactUrlsIn } from './http/redact.ts';
import type { Call } from './pipeline/call.ts';
import { nextTurn, type Timer } from './pipeline/clock.ts';
import { type ErrorOutcome, errorOutcome, networkFailure } from './pipeline/outcome.ts';
import { endAttempt } from './policies/attempt.ts';
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
      deliver(response, call, plan.policy.leaseMs);
      return response;
    },
    thrown => {
      throw fail(thrown, call);
    },
  );
}

/** The call has a response, whose body may still be on its way. */
function deliver(response: Response, call: Call, leaseMs: number): void {
  const { record, runtime } = call;
  const durationMs = settleRecord(call);
  runtime.emit?.({ type: 'call-end', call: record, durationMs, status: response.status, error: undefined });
  stampStory(response, record);
  const lease = leaseOf(response);
  const open = new OpenBody(call, lease);
  if (lease.isOver) return;
  lease.onCopy = copy => stampStory(copy, record);
  open.hold(response, leaseMs);
}

/** The call has failed; what its caller gets to see. */
function fail(thrown: unknown, call: Call): unknown {
  const { host, record, runtime } = call;
  host.active--;
  const outcome = errorOutcome(thrown, call);
  cutShort(call, outcome);
  const durationMs = settleRecord(call);
  const error = errorOf(outcome, call);
  const told = runtime.emit && withoutSecrets(error);
  runtime.emit?.({ type: 'call-end', call: record, durationMs, status: undefined, error: told });
  return error;
}

/** The caller gets `fetch`'s own complaint about a URL; what hears of it on the side may well write it to a log. */
function withoutSecrets(error: unknown): unknown {
  if (!(error instanceof TypeError) || error instanceof HoldfastError) return error;
  const message = redactUrlsIn(error.message);
  return message === error.message ? error : new TypeError(message);
}

/** The call was settled over the head of an attempt that is still on its way out. */
function cutShort(call: Call, outcome: ErrorOutcome): void {
  for (const attempt of call.record.attempts) {
    if (attempt.durationMs !== undefined) continue;
    attempt.reason = outcome.kind === 'cancelled' ? 'aborted' : 'deadline';
    endAttempt(outcome, call, attempt);
  }
}

function settleRecord({ host, record, runtime }: Call): number {
  const now = runtime.clock.now();
  const durationMs = now - record.startedAt;
  record.durationMs = durationMs;
  record.circuit = peekCircuit(host)?.state(now);
  return durationMs;
}

/** What still waits for the body of a response to end. */
class OpenBody {
  readonly #call: Call;
  readonly #lease: BodyLease;
  #timer: Timer;
  /** Only until the end of the turn: an unread one must stay garbage. */
  #response: Response | undefined;

  constructor(call: Call, lease: BodyLease) {
    this.#call = call;
    this.#lease = lease;
    lease.onLeaseEnd(end => this.#end(end));
  }

  /** Lets the lease end after `leaseMs`, or when the response is collected, if nobody reads it. */
  hold(response: Response, leaseMs: number): void {
    const { clock } = this.#call.runtime;
    this.#response = response;
    leaveToCollector(this);
    if (leaseMs === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.setTimer(() => this.#lease.expireUnread(), leaseMs);
    clock.unrefTimer(this.#timer);
  }

  /** From now on the collector may have the response. */
  letGo(): void {
    if (this.#response) this.#lease.endWhenCollected(this.#response);
    this.#response = undefined;
  }

  #end({ kind }: LeaseEnd): void {
    const { host, record, runtime } = this.#call;
    const { clock, emit } = runtime;
    host.active--;
    this.#response = undefined;
    clock.clearTimer(this.#timer);
    emit?.({ type: 'body-end', call: record, durationMs: clock.now() - record.startedAt, end: kind });
  }
}

/** Those that have come in this turn. */
let fresh: OpenBody[] = [];

/** At the end of the turn: most bodies have come with their headers and been read by then, and need no finalizer. */
function leaveToCollector(body: OpenBody): void {
  if (fresh.push(body) > 1) return;
  nextTurn(() => {
    const those = fresh;
    fresh = [];
    for (const each of those) each.letGo();
  });
}

/** What the caller gets to see: a failure of the network with its story, anything else as it is. */
function errorOf(outcome: ErrorOutcome, call: Call): unknown {
  if (outcome.error instanceof HoldfastError) return outcome.error;
  const failure = networkFailure(outcome, call.request);
  return failure ? new NetworkError(call.record, failure, outcome.error) : outcome.error;
}
