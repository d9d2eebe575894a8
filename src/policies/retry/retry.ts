import type { AttemptRecord } from '../../call-record.ts';
import { discard } from '../../http/drain.ts';
import { readFailure } from '../../http/failure.ts';
import { readAhead } from '../../http/read-ahead.ts';
import { retryAfterMs } from '../../http/retry-after.ts';
import { type SetAside, setAside } from '../../http/set-aside.ts';
import type { Call, CallRequest } from '../../pipeline/call.ts';
import {
  errorOutcome,
  isTimeout,
  type Outcome,
  responseOutcome,
  settle,
  unwrap,
} from '../../pipeline/outcome.ts';
import type { Handler, Policy } from '../../pipeline/pipeline.ts';
import { type Snapshot, takeDown } from '../../pipeline/snapshot.ts';
import { wait } from '../../pipeline/wait.ts';
import { AGAIN, untilDone } from './attempt-loop.ts';
import { budgetOf, type RetryBudget } from './budget.ts';
import { type Decision, decide, type Facts, isTransient, type RefusalReason } from './decide.ts';
import { Payment, pay } from './payment.ts';
import { canReplayBody, oneShotBody, type Repeatable, repeatable, replay } from './repeatable.ts';
import { type RetryOptions, type RetryRules, readRetryOptions } from './rules.ts';

/** What a retry asks of its surroundings before it is paid for and waited for. */
export interface RetrySurroundings {
  /** What would refuse an attempt now, wherever it may go. */
  refusal(call: Call): RefusalReason | undefined;
  /** Whether it would go to another host than the latest attempt, one that has not asked us to stay away. */
  goesElsewhere(call: Call): boolean;
}

const alone: RetrySurroundings = { refusal: () => undefined, goesElsewhere: () => false };

/**
 * Repeats transient outcomes of repeatable calls, waiting a growing, jittered delay between attempts.
 *
 * Sits inside `totalTimeout`, which bounds it, and outside `attemptTimeout`, which it may repeat. When there is no
 * further attempt the last outcome surfaces as itself: a 503 is a response.
 *
 * @throws TypeError or RangeError at construction, if an option will not do.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2 | RFC 9110 §9.2.2} for what is repeatable.
 */
export function retry(options: RetryOptions = {}, surroundings: RetrySurroundings = alone): Policy {
  const rules = readRetryOptions(options);
  return function retry(call, next) {
    const body = rules.maxBufferedBytes > 0 ? bodyToBuffer(call.request, rules) : undefined;
    return body
      ? buffer(call, body, rules.maxBufferedBytes).then(ready => send(ready, next))
      : send(call, next);
  };

  function send(given: Call, next: Handler): Promise<Response> {
    const canRepeat = repeatable(given.request, rules);
    const call = rules.unsent && canRepeat !== 'yes' ? withOwnRedirects(given) : given;
    const maySendAgain = canRepeat === 'yes' || rules.unsent;
    const snapshot = maySendAgain ? takeDown(call.request) : call.request;
    // A call that needs no retry does not pay for the loop.
    return next(call).then(
      response => {
        const outcome = responseOutcome(response);
        if (outcome.kind !== 'success')
          return new Repetition(rules, surroundings, call, next, canRepeat, snapshot).after(outcome);
        noteSuccess(call, rules);
        return response;
      },
      error => {
        const outcome = errorOutcome(error, call);
        return new Repetition(rules, surroundings, call, next, canRepeat, snapshot).after(outcome);
      },
    );
  }
}

/** The body that alone keeps a call from being repeated, if it can be read ahead. */
function bodyToBuffer(request: CallRequest, rules: RetryRules): ReadableStream<Uint8Array> | undefined {
  if (rules.maxRetries === 0) return undefined;
  const isWanted = rules.unsent || repeatable(request, rules) === 'body-not-replayable';
  return isWanted ? oneShotBody(request) : undefined;
}

/** The call with its body in memory, or as what it was if that is too long. */
async function buffer(call: Call, body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Call> {
  const { request, signal } = call;
  const read = await readAhead(body, maxBytes, signal);
  // Fetch §5.4: a stream is sent before the answer is read.
  const init = read instanceof Uint8Array ? { body: read } : { body: read, duplex: 'half' };
  return { ...call, request: { ...request, init: { ...request.init, ...init } } };
}

/** The first attempt succeeded, as most do. */
function noteSuccess(call: Call, { budget }: RetryRules): void {
  const entry = call.record.attempt(decidingNumber(call));
  // One that had help is none that needed no help.
  if (budget && !entry?.hedge) budgetOf(call.host, budget).deposit();
  if (entry) entry.reason = 'succeeded';
}

/** Of the attempt that was asked for, or of one beside it that was faster. */
const decidingNumber = ({ attempt, record }: Call): number => record.decidedBy ?? attempt;

/** A call whose first attempt was no success, on its way through those that may follow. */
class Repetition {
  readonly #rules: RetryRules;
  readonly #surroundings: RetrySurroundings;
  readonly #call: Call;
  readonly #next: Handler;
  readonly #repeatable: Repeatable;
  readonly #snapshot: Snapshot;
  readonly #budget: RetryBudget | undefined;
  /** For the latest retry. */
  #payment: Payment | undefined;
  #retries = 0;
  #wasRetried = false;
  /** One retry for a connection that had been closed before it was used again. */
  #freeRetries = 0;
  /** What the call ends with if the next retry is refused. */
  #former: Former | undefined;

  constructor(
    rules: RetryRules,
    surroundings: RetrySurroundings,
    call: Call,
    next: Handler,
    canRepeat: Repeatable,
    snapshot: Snapshot,
  ) {
    this.#rules = rules;
    this.#surroundings = surroundings;
    this.#call = call;
    this.#next = next;
    this.#repeatable = canRepeat;
    this.#snapshot = snapshot;
    this.#budget = rules.budget === false ? undefined : budgetOf(call.host, rules.budget);
  }

  async after(first: Outcome): Promise<Response> {
    const outcome = await this.#afterFailure(decidingNumber(this.#call), first);
    return unwrap(outcome === AGAIN ? await untilDone(() => this.#attempt()) : outcome);
  }

  async #attempt(): Promise<Outcome | typeof AGAIN> {
    const { signal } = this.#call;
    // Aborted since the wait was over, or by a callback: there is a turn or two between there and here.
    if (signal?.aborted) return this.#giveUpRetry(signal.reason);
    this.#retries++;
    const former = this.#former;
    const retry: Call = {
      ...replay(this.#call, this.#call.record.nextNumber(), this.#snapshot),
      onSend: () => former?.kept?.letGo(),
    };
    const outcome = await settle(this.#next, retry);
    this.#countRetry(retry.attempt, outcome);
    if (outcome.kind === 'rejected') return this.#refuse(retry.attempt, outcome);
    former?.kept?.letGo();
    const attempt = decidingNumber(retry);
    if (outcome.kind !== 'success') return this.#afterFailure(attempt, outcome);
    this.#succeed(attempt);
    return outcome;
  }

  /**
   * We have refused it ourselves. What the service said tells the caller more, if it is still there: if the retry has not
   * gone out once already, further in.
   */
  #refuse(attempt: number, refusal: Outcome): Outcome {
    const { host, record, runtime } = this.#call;
    const entry = record.attempt(attempt);
    if (entry) entry.reason = 'rejected';
    const former = this.#former;
    const outcome = former && takeBack(former);
    if (!outcome) return refusal;
    record.decidedBy = former.attempt;
    host.counters.retriesRefused++;
    const { attempt: ended, retryAfterMs } = former;
    runtime.emit?.({ type: 'retry-refused', call: record, attempt: ended, reason: 'rejected', retryAfterMs });
    return outcome;
  }

  /** Any answer that is not transient: the service is there, and what a retry cost comes back. */
  #succeed(attempt: number): void {
    const record = this.#call.record.attempt(attempt);
    if (this.#retries > 0) {
      this.#payment?.refund();
      this.#call.host.counters.recoveredCalls++;
    } else if (!record?.hedge) this.#budget?.deposit();
    if (record) record.reason = 'succeeded';
  }

  async #afterFailure(attempt: number, outcome: Outcome): Promise<Outcome | typeof AGAIN> {
    try {
      return await this.#repeatOrNot(attempt, outcome);
    } catch (error) {
      // A callback of the caller's threw; nobody will get to read this response.
      if (outcome.response) discard(outcome.response);
      throw error;
    }
  }

  async #repeatOrNot(attempt: number, outcome: Outcome): Promise<Outcome | typeof AGAIN> {
    const facts = this.#factsOf(attempt, outcome);
    const decision = this.#pay(decide(this.#rules, facts, this.#call.runtime.random), attempt, outcome);
    const record = this.#call.record.attempt(attempt);
    if (record) note(record, decision, facts);
    if (!decision.retry) {
      if (isAnswer(outcome, decision.reason)) this.#succeed(attempt);
      if (record) record.reason = decision.reason;
      this.#reportRefusal(attempt, outcome, decision.reason, facts);
      return outcome;
    }
    if (facts.isStale) this.#freeRetries++;
    const aborted = await this.#backOff(attempt, outcome, decision.delayMs, facts.retryAfterMs);
    return aborted ?? AGAIN;
  }

  #factsOf(attempt: number, outcome: Outcome): Facts {
    const { request, runtime, record, deadlineAt } = this.#call;
    const now = runtime.clock.now();
    const asked = outcome.response && retryAfterMs(outcome.response.headers, runtime.clock.date());
    return {
      outcome,
      attempt,
      elapsedMs: now - record.startedAt,
      retryAfterMs: this.#rules.respectRetryAfter ? asked : undefined,
      repeatable: this.#repeatable,
      canReplayBody: canReplayBody(request),
      remainingMs: deadlineAt - now,
      isStale: this.#freeRetries === 0 && readFailure(outcome.error)?.isStale === true,
      retries: this.#retries,
      freeRetries: this.#freeRetries,
      innerRetries: record.innerRetries,
      refusal: this.#surroundings.refusal(this.#call),
      goesElsewhere: asked !== undefined && this.#surroundings.goesElsewhere(this.#call),
    };
  }

  /** The budgets have the last word. */
  #pay(decision: Decision, attempt: number, outcome: Outcome): Decision {
    const { outer, record } = this.#call;
    if (!decision.retry || !(this.#budget || outer)) return decision;
    const payment = pay(this.#budget, outer, isTimeout(outcome));
    if (payment instanceof Payment) {
      this.#payment = payment;
      return decision;
    }
    const entry = record.attempt(attempt);
    const host = payment.by === 'own' ? undefined : payment.by.host;
    if (entry && host !== undefined) entry.emptyBudgetOf = host;
    return { retry: false, reason: 'budget-empty' };
  }

  /**
   * Waits, and meanwhile reads the failed response to its end, so that its connection can be used again.
   * An abort ends the wait and is the call's outcome.
   */
  async #backOff(
    attempt: number,
    outcome: Outcome,
    delayMs: number,
    retryAfterMs: number | undefined,
  ): Promise<Outcome | undefined> {
    const { record, runtime, signal } = this.#call;
    const { status, code } = outcome;
    runtime.emit?.({ type: 'retry', call: record, attempt, delayMs, retryAfterMs, status, code });
    const kept = outcome.response && setAside(outcome.response);
    this.#former = { attempt, outcome, retryAfterMs, kept };
    try {
      if (delayMs > 0) await wait(runtime.clock, delayMs, signal);
      return undefined;
    } catch (reason) {
      return this.#giveUpRetry(reason);
    }
  }

  /** A retry that was paid for and is not made. */
  #giveUpRetry(reason: unknown): Outcome {
    this.#payment?.refund();
    this.#former?.kept?.letGo();
    return errorOutcome(reason, this.#call);
  }

  /** One that was refused, or given up, before it was sent costs nothing and is none. */
  #countRetry(attempt: number, outcome: Outcome): void {
    const record = this.#call.record.attempt(attempt);
    const wasGivenUp = outcome.kind === 'cancelled' || record?.outcome === 'cancelled';
    const wasSent = !wasGivenUp || record?.sent !== 'no';
    if (outcome.kind === 'rejected' || !wasSent) {
      this.#payment?.refund();
      return;
    }
    const { counters } = this.#call.host;
    counters.retries++;
    if (!this.#wasRetried) counters.retriedCalls++;
    this.#wasRetried = true;
  }

  #reportRefusal(attempt: number, outcome: Outcome, reason: AttemptRecord['reason'], facts: Facts): void {
    if (!isTransient(this.#rules, outcome)) return;
    const { host, record, runtime } = this.#call;
    if (forWantOfMeans.includes(reason)) host.counters.retriesRefused++;
    runtime.emit?.({
      type: 'retry-refused',
      call: record,
      attempt,
      reason,
      retryAfterMs: facts.retryAfterMs,
    });
  }
}

/** A failed attempt that is to be repeated. */
interface Former {
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly retryAfterMs: number | undefined;
  readonly kept: SetAside | undefined;
}

/** What it came to, unless it was a response that has been let go. */
function takeBack({ outcome, kept }: Former): Outcome | undefined {
  if (!kept) return outcome;
  const response = kept.takeBack();
  return response && responseOutcome(response);
}

/** Only so does a refused connection prove that nothing was sent: it might be that of a redirect. */
const withOwnRedirects = (call: Call): Call => ({
  ...call,
  request: { ...call.request, ownRedirects: true },
});

/** Whether the service did its work, if only to say no: then what a retry cost comes back. */
const isAnswer = (outcome: Outcome, reason: AttemptRecord['reason']): boolean =>
  reason === 'not-transient' && outcome.response !== undefined && outcome.status < 500;

/** What a retry that was otherwise due can lack. */
const forWantOfMeans: readonly AttemptRecord['reason'][] = [
  'budget-empty',
  'circuit-open',
  'overloaded',
  'deadline',
  'elapsed',
];

function note(record: AttemptRecord, decision: Decision, facts: Facts): void {
  record.retryAfterMs = facts.retryAfterMs;
  if (!decision.retry) return;
  record.reason = 'retried';
  record.delayMs = decision.delayMs;
}
