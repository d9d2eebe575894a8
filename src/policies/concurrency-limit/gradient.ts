import { type Algorithm, calmMs, type Sample } from './algorithm.ts';
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
  /** When there was last a sign of overload; in the past when there is none. */
  #overloadedAt = Number.NEGATIVE_INFINITY;

  constructor(limits: ConcurrencyLimits) {
    this.limits = limits;
    this.#limit = limits.initialLimit;
  }

  get limit(): number {
    return this.#limit;
  }

  get isOverloaded(): boolean {
    return this.#overloadedAt !== Number.NEGATIVE_INFINITY;
  }

  isOverloadedAt(now: number): boolean {
    return this.isOverloaded && now - this.#overloadedAt < calmMs;
  }

  /** Time alone says nothing of how much a host can serve. */
  limitAt(): number {
    return this.#limit;
  }

  get isHolding(): boolean {
    return false;
  }

  passTime(now: number): void {
    if (!this.isOverloadedAt(now)) this.#overloadedAt = Number.NEGATIVE_INFINITY;
  }

  onFull(now: number): void {
    if (this.isOverloaded) this.#overloadedAt = now;
  }

  take({ sign, ranMs, inFlight, now }: Sample): void {
    if (sign === 'answered') this.#takeAnswer(ranMs, inFlight, now);
    else if (isSignOfLoad(sign) && now - this.#cutAt >= this.limits.backoffIntervalMs) {
      this.#cutAt = now;
      this.#overloadedAt = now;
      this.#set(this.#limit * this.limits.backoffRatio);
    }
  }

  #takeAnswer(ranMs: number, inFlight: number, now: number): void {
    this.#answers = Math.min(this.#answers + 1, longWindow);
    this.#longMs += (ranMs - this.#longMs) / this.#answers;
    // After an overload the long run is one of high latency; it has to find back faster than it came there.
    if (this.#longMs > 2 * ranMs) this.#longMs *= 0.95;
    // What takes less than a millisecond takes no time: there is no queue in it.
    const gradient = Math.max(0.5, Math.min(1, (tolerance * Math.max(this.#longMs, 1)) / Math.max(ranMs, 1)));
    this.#overloadedAt = gradient < 1 ? now : Number.NEGATIVE_INFINITY;
    // Who does not use the limit learns nothing of where it should be.
    if (inFlight < this.#limit / 2) return;
    this.#set(this.#limit + smoothing * (this.#limit * gradient + headroom - this.#limit));
  }

  #set(limit: number): void {
    this.#limit = Math.min(Math.max(limit, this.limits.minLimit), this.limits.maxLimit);
  }
}

const isSignOfLoad = (sign: Sample['sign']): boolean => sign === 'timed-out' || sign === 'turned-away';
