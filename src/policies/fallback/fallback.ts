import { ClosedError, HoldfastError, NetworkError, RejectedError, TimeoutError } from '../../errors.ts';
import { endedLease, leaseOf } from '../../http/body-lease.ts';
import { discard, drain } from '../../http/drain.ts';
import { Branch } from '../../pipeline/branch.ts';
import type { Call } from '../../pipeline/call.ts';
import type { Timer } from '../../pipeline/clock.ts';
import type { OpenCall } from '../../pipeline/open-calls.ts';
import {
  errorOutcome,
  networkFailure,
  type Outcome,
  responseOutcome,
  standIn,
  unwrap,
} from '../../pipeline/outcome.ts';
import type { Policy } from '../../pipeline/pipeline.ts';
import { atWorkOn, isAtWork } from './answering.ts';
import {
  type FallbackFailure,
  type FallbackOptions,
  type FallbackRules,
  readFallbackOptions,
} from './options.ts';
import { type Send, substituteFor } from './substitute.ts';

/**
 * Answers when a call has failed: with a response, a value, what a function makes of the failure, or another call.
 *
 * Sits outside everything but the span of the call, so that it is asked once, when retries, deadline and circuit have had
 * their say. The answer is marked: in the record of the call, by an event, a metric and a log line; and what the call
 * came to in telemetry is its failure. If there is no answer (it throws, takes too long, or makes no sense) the call ends
 * as it would have without it.
 *
 * @param send - sends the other call, with what is left of a deadline.
 * @throws TypeError or RangeError at construction, if an option will not do.
 */
export function fallback(options: FallbackOptions, send: Send): Policy {
  return fallbackBy(readFallbackOptions(options), send);
}

/** The same, of options that are checked. */
export function fallbackBy(rules: FallbackRules, send: Send): Policy {
  const { source } = rules;
  return function fallback(call, next) {
    // Looked at now: where there is no async context, nobody knows it later.
    const within = source.kind === 'answer' ? atWorkOn(call.signal) : undefined;
    if (source.kind === 'answer' && isAtWork(source.answer, within)) return next(call);
    return next(call).then(
      response =>
        rules.statuses.has(response.status) ? replace(responseOutcome(response), undefined) : response,
      thrown => {
        const outcome = errorOutcome(thrown, call);
        const error = failureOf(outcome, call);
        if (error && isCovered(error)) return replace(outcome, error);
        throw outcome.error;
      },
    );

    async function replace(outcome: Outcome, error: HoldfastError | undefined): Promise<Response> {
      if (call.signal?.aborted) return unwrap(outcome);
      const { record, runtime } = call;
      const { name } = rules;
      const { status } = outcome;
      const turn = new Turn(call, rules.maxMs);
      const failure = new Failure(outcome, error, call, turn.signal);
      let substitute: Response | undefined;
      try {
        substitute = await turn.take(() =>
          substituteFor(source, failure, { deadlineAt: call.deadlineAt, within }, send),
        );
      } catch (reason) {
        if (turn.isCalledOff) {
          if (outcome.response) discard(outcome.response);
          throw turn.signal.reason;
        }
        runtime.emit?.({ type: 'fallback-failed', call: record, name, error, status, reason });
      }
      failure.discardCopyBut(substitute);
      if (!substitute) return unwrap(outcome);
      if (outcome.response) letGo(outcome.response, call, rules.maxMs);
      record.fallback = name;
      standIn(substitute, outcome);
      runtime.emit?.({ type: 'fallback', call: record, name, error, status });
      return substitute;
    }
  };

  function isCovered(error: HoldfastError): boolean {
    if (rules.codes) return rules.codes.has(error.code);
    return error instanceof NetworkError || error instanceof TimeoutError || error instanceof RejectedError;
  }
}

/** Why there was no answer, if it is a failure and not an abort, nor a mistake in the program. */
function failureOf(outcome: Outcome, { record, request }: Call): HoldfastError | undefined {
  if (outcome.kind === 'cancelled') return undefined;
  if (HoldfastError.endedCall(outcome.error, record)) return outcome.error;
  const failure = networkFailure(outcome, request);
  return failure && new NetworkError(record, failure, outcome.error);
}

/** Reads what is left of an answer that nobody wants, so that its connection is free. */
function letGo(response: Response, { runtime }: Call, maxMs: number): void {
  const { clock } = runtime;
  const lease = leaseOf(response);
  const { stop } = drain(response);
  if (lease.isOver) return;
  const timer = clock.setTimer(stop, maxMs);
  clock.unrefTimer(timer);
  lease.onBodyEnd(() => clock.clearTimer(timer));
}

class Failure implements FallbackFailure {
  readonly error: HoldfastError | undefined;
  readonly status: number | undefined;
  readonly request: Call['request'];
  readonly call: Call['record'];
  readonly signal: AbortSignal;
  readonly #response: Response | undefined;
  #copy: Response | undefined;

  constructor(outcome: Outcome, error: HoldfastError | undefined, call: Call, signal: AbortSignal) {
    this.error = error;
    this.status = outcome.status;
    this.request = call.request;
    this.call = call.record;
    this.signal = signal;
    this.#response = outcome.response;
  }

  /** The original may yet have to go to the caller, unread. */
  get response(): Response | undefined {
    this.#copy ??= this.#response?.clone();
    return this.#copy;
  }

  /** One that nobody reads would keep all that the original reads. */
  discardCopyBut(answer: Response | undefined): void {
    if (this.#copy && this.#copy !== answer && !this.#copy.bodyUsed) discard(this.#copy);
  }
}

/** The time that a substitute has. Ends with the caller's abort, with `close()`, or when it is up. */
class Turn extends Branch implements OpenCall {
  place = -1;
  readonly #call: Call;
  readonly #maxMs: number;
  #isOver = false;
  #timer: Timer;
  #reject: ((reason: unknown) => void) | undefined;

  constructor(call: Call, maxMs: number) {
    super(call.signal, true);
    this.#call = call;
    this.#maxMs = maxMs;
  }

  /** Whether somebody has ended it, and not its time. */
  get isCalledOff(): boolean {
    return this.signal.aborted && !this.#isOver;
  }

  async take(make: () => Promise<Response | undefined>): Promise<Response | undefined> {
    const { clock, open } = this.#call.runtime;
    const ended = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.#timer = clock.setTimer(() => this.#expire(), this.#maxMs);
    open.add(this);
    let lease = endedLease;
    try {
      const coming = make();
      coming.then(
        late => this.signal.aborted && late && discard(late),
        () => {},
      );
      const substitute = await Promise.race([coming, ended]);
      if (substitute) lease = leaseOf(substitute);
      return substitute;
    } finally {
      this.#reject = undefined;
      clock.clearTimer(this.#timer);
      // The body of another call is aborted with the call that it stands in for.
      lease.onBodyEnd(() => this.#letGo());
    }
  }

  close(): void {
    this.abort(new ClosedError(this.#call.record));
  }

  protected override onAbort(reason: unknown): void {
    this.#reject?.(reason);
  }

  #expire(): void {
    this.#isOver = true;
    this.abort(new Error(`The fallback gave no answer within ${this.#maxMs} ms.`));
  }

  #letGo(): void {
    this.release();
    this.#call.runtime.open.remove(this);
  }
}
