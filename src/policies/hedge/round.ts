import { isSent } from '../../call-record.ts';
import { leaseOf } from '../../http/body-lease.ts';
import { discard } from '../../http/drain.ts';
import { retryAfterMs } from '../../http/retry-after.ts';
import { Branch } from '../../pipeline/branch.ts';
import type { Call } from '../../pipeline/call.ts';
import type { Clock, Timer } from '../../pipeline/clock.ts';
import type { HedgeRefusal } from '../../pipeline/events.ts';
import { errorOutcome, type Outcome, responseOutcome } from '../../pipeline/outcome.ts';
import type { Handler } from '../../pipeline/pipeline.ts';
import { type Snapshot, takeDown } from '../../pipeline/snapshot.ts';
import { learn } from './latencies.ts';
import type { HedgeSetting, Paid } from './surroundings.ts';

/**
 * One attempt and those that are started beside it. The first answer wins; a failure waits for the others, and if all
 * have failed the one surfaces that says most.
 *
 * Must not keep a response that it has passed on, nor the functions of the promise that was resolved with it, or an
 * unread one would never be collected.
 */
export class Round {
  readonly #setting: HedgeSetting;
  readonly #call: Call;
  readonly #next: Handler;
  readonly #delayMs: number;
  /** What a hedge sends, whatever the caller does with the same objects meanwhile. */
  readonly #snapshot: Snapshot;
  readonly #startedAt: number;
  readonly #contenders: Contender[] = [];
  #timer: Timer;
  #isOver = false;
  /** Of those that have failed, what would surface now. */
  #failure: Failure | undefined;
  #resolve: ((response: Response) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;

  constructor(
    setting: HedgeSetting,
    call: Call,
    next: Handler,
    delayMs: number,
    { resolve, reject }: PromiseWithResolvers<Response>,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#setting = setting;
    this.#call = call;
    this.#next = next;
    this.#delayMs = delayMs;
    this.#snapshot = takeDown(call.request);
    this.#startedAt = call.runtime.clock.now();
    if (call.signal?.aborted) {
      this.abort(call.signal.reason);
      return;
    }
    this.#launch(call, undefined);
    this.#setTimer();
  }

  /** The whole of it is given up, by its caller or a timeout further out. */
  abort(reason: unknown): void {
    if (this.#isOver) return;
    this.#finish(undefined, reason);
    this.#reject?.(reason);
    this.#forgetPromise();
  }

  #launch(call: Call, payment: Paid | undefined): void {
    const contender = new Contender(this, call, payment);
    this.#contenders.push(contender);
    this.#next(contender.call).then(
      response => this.#hear(contender, responseOutcome(response)),
      error => this.#hear(contender, errorOutcome(error, contender.call)),
    );
  }

  #setTimer(): void {
    if (this.#isOver || this.#contenders.length > this.#setting.rules.maxHedges) return;
    this.#timer = this.#call.runtime.clock.setTimer(() => this.#hedge(), this.#delayMs);
  }

  /** The latest attempt has not answered in time. One that is refused once is not asked for again. */
  #hedge(): void {
    const { record, runtime, attempt, request } = this.#call;
    const delayMs = this.#delayMs;
    const reason = this.#obstacle();
    if (reason !== undefined) {
      runtime.emit?.({ type: 'hedge-refused', call: record, attempt, delayMs, reason });
      return;
    }
    const payment = this.#setting.pay(this.#call);
    if (!('refund' in payment)) {
      runtime.emit?.({
        type: 'hedge-refused',
        call: record,
        attempt,
        delayMs,
        reason: 'budget-empty',
        ...payment,
      });
      return;
    }
    const number = record.nextNumber();
    runtime.emit?.({ type: 'hedge', call: record, attempt: number, delayMs });
    // Told of it, somebody may have ended the call.
    if (this.#isOver) {
      payment.refund();
      return;
    }
    this.#launch(
      { ...this.#call, attempt: number, hedge: true, request: { ...request, ...this.#snapshot } },
      payment,
    );
    this.#setTimer();
  }

  /** A hedge may take as long as what was waited for; with less time left it would only be one more to abort. */
  #obstacle(): HedgeRefusal | undefined {
    const { deadlineAt, runtime } = this.#call;
    if (deadlineAt - runtime.clock.now() < this.#delayMs) return 'deadline';
    return this.#setting.obstacle(this.#call);
  }

  #hear(contender: Contender, outcome: Outcome): void {
    if (this.#isOver) {
      if (outcome.response) dismiss(outcome.response);
      return;
    }
    contender.isUnderWay = false;
    if (!contender.call.hedge) learn(this.#setting, contender.call, this.#startedAt, outcome);
    if (outcome.response && !this.#setting.isTransient(outcome)) this.#win(contender, outcome.response);
    else this.#fail({ contender, outcome });
  }

  #win(contender: Contender, response: Response): void {
    this.#finish(contender, this.#contenders.length > 1 ? lost() : undefined);
    if (contender.call.hedge) {
      this.#call.host.counters.hedgesWon++;
      // It has done what a retry does, whose cost comes back. One that was merely faster cost the host twice the work.
      if (this.#contenders.some(({ hasFailed }) => hasFailed)) contender.payment?.refund();
    } else if (response.status < 400) this.#setting.refill?.(this.#call);
    this.#deliver(contender, response);
  }

  #fail(failure: Failure): void {
    failure.contender.hasFailed = true;
    this.#failure = this.#worthier(this.#failure, failure);
    if (this.#contenders.some(({ isUnderWay }) => isUnderWay)) return;
    const { contender, outcome } = this.#failure;
    this.#failure = undefined;
    this.#finish(contender, undefined);
    if (outcome.response) {
      this.#deliver(contender, outcome.response);
      return;
    }
    contender.release();
    this.#reject?.(outcome.error);
    this.#forgetPromise();
  }

  /** The later of two failures, unless the earlier says more to whoever has to decide what comes next. */
  #worthier(former: Failure | undefined, latter: Failure): Failure {
    if (!former) return latter;
    const { clock } = this.#call.runtime;
    const staysFormer = weightOf(former.outcome, clock) > weightOf(latter.outcome, clock);
    drop(staysFormer ? latter : former);
    return staysFormer ? former : latter;
  }

  /** Ends all but the one that is kept, if one is, and settles what is owed. */
  #finish(kept: Contender | undefined, reason: unknown): void {
    this.#isOver = true;
    this.#call.runtime.clock.clearTimer(this.#timer);
    if (kept) this.#call.record.decidedBy = kept.call.attempt;
    for (const contender of this.#contenders) {
      if (contender === kept) continue;
      if (kept) this.#noteLoss(contender);
      if (contender.isUnderWay) contender.abort(reason);
    }
    if (this.#failure) drop(this.#failure);
    this.#failure = undefined;
    if (this.#contenders.length > 1) this.#countHedges();
  }

  #noteLoss({ call, isUnderWay }: Contender): void {
    const entry = call.record.attempt(call.attempt);
    if (entry) entry.reason = isUnderWay ? 'lost' : 'hedged';
    if (isUnderWay && !call.hedge) learn(this.#setting, call, this.#startedAt);
  }

  /** One that was refused, or given up, before it was sent costs nothing and is none. */
  #countHedges(): void {
    for (const { call, payment } of this.#contenders) {
      if (!call.hedge) continue;
      const entry = call.record.attempt(call.attempt);
      if (entry && isSent(entry)) this.#call.host.counters.hedges++;
      else payment?.refund();
    }
  }

  #deliver(contender: Contender, response: Response): void {
    leaseOf(response).onBodyEnd(() => contender.release());
    this.#resolve?.(response);
    this.#forgetPromise();
  }

  #forgetPromise(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
  }
}

/** One of the attempts, with a signal of its own. */
class Contender extends Branch {
  readonly call: Call;
  /** What it was paid with; undefined for the first. */
  readonly payment: Paid | undefined;
  isUnderWay = true;
  hasFailed = false;
  readonly #round: Round;

  constructor(round: Round, call: Call, payment: Paid | undefined) {
    super(call.signal, true);
    this.#round = round;
    this.payment = payment;
    this.call = { ...call, signal: this.signal };
  }

  /** Its own end is the round's doing; what comes from above ends all of them. */
  protected override onAbort(reason: unknown): void {
    this.#round.abort(reason);
  }
}

/** A contender that was no success, and what it came to. */
interface Failure {
  readonly contender: Contender;
  readonly outcome: Outcome;
}

/** What a failure tells: least if nothing was sent, most if the host asks us to stay away, and how long. */
function weightOf({ kind, response }: Outcome, { date }: Clock): number {
  if (kind === 'rejected' || kind === 'cancelled') return 0;
  if (kind === 'permanent') return 1;
  const askedMs = response && retryAfterMs(response.headers, date());
  return askedMs === undefined ? 2 : 3 + askedMs;
}

function drop({ contender, outcome }: Failure): void {
  if (outcome.response) dismiss(outcome.response);
  contender.release();
}

/** A response that nobody will read says nothing of its host from here on. */
function dismiss(response: Response): void {
  leaseOf(response).end({ kind: 'aborted' });
  discard(response);
}

const lost = (): DOMException =>
  new DOMException('Another attempt of the same call has answered first.', 'AbortError');
