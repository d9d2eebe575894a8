import type { QuotaReading } from '../../http/rate-limit.ts';
import { type Clock, MAX_TIMER_MS, type Timer } from '../../pipeline/clock.ts';
import { Waiter, WaitingLine } from '../../pipeline/waiting-line.ts';
import type { RateLimits } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** The bucket of a host, and those who wait for a token: one timer for all of them, and none while nobody waits. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #line = new WaitingLine();
  #limits: RateLimits;
  #timer: Timer;
  /** Requests without an answer. */
  #inFlight = 0;

  constructor(limits: RateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#bucket = new TokenBucket(limits);
  }

  get limits(): RateLimits {
    return this.#limits;
  }

  get tokens(): number {
    return this.#bucket.tokens(this.#clock.now());
  }

  get left(): number | undefined {
    return this.#bucket.left(this.#clock.now());
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** Milliseconds until one who comes now may go, if nobody leaves meanwhile. */
  get readyMs(): number {
    const now = this.#clock.now();
    return this.#bucket.readyAt(now, this.#line.size) - now;
  }

  /** From now on other limits hold, also for those who wait. */
  adopt(limits: RateLimits): void {
    this.#limits = limits;
    this.#bucket.adopt(limits, this.#clock.now());
    this.#letIn();
  }

  /** Never past those who wait. */
  tryTake(): boolean {
    const now = this.#clock.now();
    if (this.#line.size > 0 || this.#bucket.readyAt(now) > now) return false;
    this.#take(now);
    return true;
  }

  /** Resolves with a token taken. */
  wait(signal: AbortSignal | undefined, notBefore: () => number): Promise<void> {
    const { turn } = new Turn(this.#line, signal, this.#letIn, notBefore);
    if (this.#line.size === 1) this.#letIn();
    return turn;
  }

  /** The request was not sent after all. */
  giveBack(): void {
    this.#inFlight--;
    this.#bucket.giveBack();
    this.#letIn();
  }

  /** The request has been answered, or has failed. */
  end(): void {
    this.#inFlight--;
  }

  /** What an answer says, after its {@link end}. Whether nothing is left, and was before. */
  learn(reading: QuotaReading): boolean {
    const isExhausted = this.#bucket.learn(reading, this.#inFlight, this.#clock.now());
    this.#letIn();
    return isExhausted;
  }

  forget(): void {
    this.#bucket.forget();
    this.#letIn();
  }

  #take(now: number): void {
    this.#bucket.take(now);
    this.#inFlight++;
  }

  /** Bound, since it is handed to those who wait. */
  readonly #letIn = (): void => {
    this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    const now = this.#clock.now();
    for (let first = this.#line.first; first; first = this.#line.first) {
      const delayMs = Math.max(this.#bucket.readyAt(now), (first as Turn).notBefore()) - now;
      if (delayMs > 0) {
        // Up to the next millisecond: timers may be early by a part of one, and would be set again for nothing.
        this.#timer = this.#clock.setTimer(this.#letIn, Math.min(Math.ceil(delayMs), MAX_TIMER_MS));
        return;
      }
      this.#take(now);
      first.letIn();
    }
  };
}

/** One who waits for a token, and perhaps for something else. */
class Turn extends Waiter {
  readonly notBefore: () => number;

  constructor(
    line: WaitingLine,
    signal: AbortSignal | undefined,
    onAborted: () => void,
    notBefore: () => number,
  ) {
    super(line, signal, onAborted);
    this.notBefore = notBefore;
  }
}
