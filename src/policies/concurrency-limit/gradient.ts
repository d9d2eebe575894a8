import type { Algorithm, Sample } from './algorithm.ts';
import type { ConcurrencyLimits } from './limits.ts';

/** Answers over which latency in the long run is averaged. */
const longWindow = 600;
/** How far latency may be above that before it is taken for a queue. */
const tolerance = 1.5;
/** Attempts above the limit that are let through to find out whether there is room. */
const headroom = 4;
/** How much of a change is made at once. */
const smoothing = 0.2;

/**
 * Latency now against latency in the long run: what is above it is time spent in a queue, and the limit shrinks by the
 * same share. The rule and its figures are those of Netflix's concurrency-limits (`Gradient2Limit`).
 */
export class Gradient implements Algorithm {
  limits: ConcurrencyLimits;
  #limit: number;
  #longMs = 0;
  #answers = 0;
  #cutAt = Number.NEGATIVE_INFINITY;
  #isOverloaded = false;

  constructor(limits: ConcurrencyLimits) {
    this.limits = limits;
    this.#limit = limits.initialLimit;
  }

  get limit(): number {
    return this.#limit;
  }

  get isOverloaded(): boolean {
    return this.#isOverloaded;
  }

  isOverloadedAt(): boolean {
    return this.#isOverloaded;
  }

  get isHolding(): boolean {
    return false;
  }

  passTime(): void {}

  onFull(): void {}

  take({ sign, ranMs, inFlight, now }: Sample): void {
    if (sign === 'answered') this.#takeAnswer(ranMs, inFlight);
    else if (isSignOfLoad(sign) && now - this.#cutAt >= this.limits.backoffIntervalMs) {
      this.#cutAt = now;
      this.#isOverloaded = true;
      this.#set(this.#limit * this.limits.backoffRatio);
    }
  }

  #takeAnswer(ranMs: number, inFlight: number): void {
    this.#answers = Math.min(this.#answers + 1, longWindow);
    this.#longMs += (ranMs - this.#longMs) / this.#answers;
    // After an overload the long run is one of high latency; it has to find back faster than it came there.
    if (this.#longMs > 2 * ranMs) this.#longMs *= 0.95;
    const gradient = Math.max(0.5, Math.min(1, (tolerance * this.#longMs) / Math.max(ranMs, 1)));
    this.#isOverloaded = gradient < 1;
    // Who does not use the limit learns nothing of where it should be.
    if (inFlight < this.#limit / 2) return;
    this.#set(this.#limit + smoothing * (this.#limit * gradient + headroom - this.#limit));
  }

  #set(limit: number): void {
    this.#limit = Math.min(Math.max(limit, this.limits.minLimit), this.limits.maxLimit);
  }
}

const isSignOfLoad = (sign: Sample['sign']): boolean => sign === 'timed-out' || sign === 'turned-away';
