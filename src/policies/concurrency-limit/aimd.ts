import { type Algorithm, calmMs, type Sample } from './algorithm.ts';
import type { ConcurrencyLimits } from './limits.ts';

/** Answers that take longer than this share of the time they may take are slow. */
const slowShare = 1 / 4;
/** Beyond this share of it they are late: nearly too late. */
const lateShare = 1 / 2;
/** Below this share of it they are quick: there is room to spare. */
const quickShare = 1 / 8;
/** An answer that is a sign of overload is also later than usual: by this many mean deviations (RFC 6298 takes four). */
const unusual = 6;
/** Weight of the latest attempt in the share of those that show overload: the memory is some twenty attempts. */
const shareWeight = 1 / 20;
/** The same for one that timed out, or was about to: it has cost the host more than one that was turned away. */
const slowWeight = 1 / 10;
/** Weight of the latest answer in how slow answers are now. */
const slownessWeight = 1 / 4;
/** Over how long it is learned what is usual. */
const learningMs = 30_000;
/** Over how long it is counted what the host answers quickly. */
const windowMs = 1_000;

/**
 * Additive increase, multiplicative decrease (Chiu and Jain 1989, "Analysis of the Increase and Decrease Algorithms for
 * Congestion Avoidance in Computer Networks"), on evidence alone: there is no limit before the host shows that it is
 * overloaded, and none again once all has been well for a while.
 *
 * A sign of overload is an attempt that times out, is turned away (a plain 503, a 504), or is answered slowly. When more
 * than `overloadRatio` of the recent attempts are such signs, the limit is
 *
 * - what is under way, for slow answers: a queue that grows stops growing before anything times out;
 * - `backoffRatio` of what it was, for a host that turns away;
 * - the least, for time-outs, as TCP does it (RFC 5681 §3.1): what was sent meanwhile is in the queue already.
 *
 * It grows by one with each answer while answers are quick, by one a round while they are not, and stays while they are
 * slow: an overload is held off, not probed for again and again. What it does not take for overload:
 *
 * - Time-outs beside quick answers are losses: sending less would not mend them.
 * - It is never below twice what the host answers quickly just now (Little's law; two bandwidth-delay products, as in
 *   BBR), so that one broken replica of five does not cost what the others can serve.
 * - Answers that are as slow as ever are the host's way.
 */
export class Aimd implements Algorithm {
  limits: ConcurrencyLimits;
  #limit = Number.POSITIVE_INFINITY;
  /** Of the recent attempts, those that were signs of overload, from 0 to 1. */
  #share = 0;
  /** Of recent answers: which part of the time that they might take they took. */
  #slowness = 0;
  /** How long answers took while there was no overload, and how far they were from that, on average. */
  #usualMs = 0;
  #spreadMs = 0;
  #answers = 0;
  #isHolding = false;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #cutAt = Number.NEGATIVE_INFINITY;
  #fullAt = Number.NEGATIVE_INFINITY;
  /** Time that quick answers took, all together, in this window and in the one before. */
  #usefulMs = 0;
  #usefulBeforeMs = 0;
  #windowAt = Number.NEGATIVE_INFINITY;

  constructor(limits: ConcurrencyLimits) {
    this.limits = limits;
  }

  get limit(): number {
    return Math.min(this.#limit, this.limits.maxLimit);
  }

  get isOverloaded(): boolean {
    return this.#cutAt !== Number.NEGATIVE_INFINITY;
  }

  isOverloadedAt(now: number): boolean {
    return this.isOverloaded && now - Math.max(this.#cutAt, this.#fullAt) < calmMs;
  }

  limitAt(now: number): number {
    return this.isOverloaded && !this.isOverloadedAt(now) ? this.limits.maxLimit : this.limit;
  }

  get isHolding(): boolean {
    return this.#isHolding;
  }

  passTime(now: number): void {
    if (this.isOverloaded && !this.isOverloadedAt(now)) this.#release();
  }

  #release(): void {
    this.#limit = Number.POSITIVE_INFINITY;
    this.#cutAt = Number.NEGATIVE_INFINITY;
    this.#share = 0;
    this.#isHolding = false;
  }

  onFull(now: number): void {
    this.#fullAt = now;
  }

  take(sample: Sample): void {
    if (sample.sign === 'none') return;
    const isSign = this.#isSignOfOverload(sample);
    this.#count(sample, isSign);
    if (sample.sign === 'answered') this.#learn(sample);
    if (isSign && this.#share > this.limits.overloadRatio) this.#cut(sample);
    else if (sample.sign === 'answered') this.#grow();
  }

  #isSignOfOverload({ sign, ranMs, timeoutMs, now }: Sample): boolean {
    if (sign === 'answered')
      return ranMs >= timeoutMs * lateShare && ranMs > this.#usualMs + unusual * this.#spreadMs;
    if (sign !== 'timed-out') return sign === 'turned-away';
    const isUnknown = timeoutMs === Number.POSITIVE_INFINITY;
    return isUnknown || this.#slowness >= slowShare || now - this.#answeredAt >= 2 * timeoutMs;
  }

  #count({ sign }: Sample, isSign: boolean): void {
    if (!isSign) this.#share -= this.#share * shareWeight;
    else this.#share += (1 - this.#share) * (sign === 'turned-away' ? shareWeight : slowWeight);
  }

  #learn({ ranMs, timeoutMs, now }: Sample): void {
    const slowness = ranMs / timeoutMs;
    this.#slowness += (slowness - this.#slowness) * slownessWeight;
    if (!this.isOverloaded || this.#isHolding) {
      const weight = Math.max(1 / ++this.#answers, Math.min(1, (now - this.#answeredAt) / learningMs));
      const offMs = ranMs - this.#usualMs;
      this.#usualMs += offMs * weight;
      this.#spreadMs += (Math.abs(offMs) - this.#spreadMs) * weight;
    }
    this.#answeredAt = now;
    if (slowness >= quickShare) return;
    this.#turnWindow(now);
    this.#usefulMs += ranMs;
  }

  #turnWindow(now: number): void {
    const pastMs = now - this.#windowAt;
    if (pastMs < windowMs) return;
    this.#usefulBeforeMs = pastMs < 2 * windowMs ? this.#usefulMs : 0;
    this.#usefulMs = 0;
    this.#windowAt = now;
  }

  /** Attempts under way at once that have been answered quickly, on average. */
  #useful(now: number): number {
    this.#turnWindow(now);
    return Math.max(this.#usefulMs, this.#usefulBeforeMs) / windowMs;
  }

  #cut({ sign, inFlight, now }: Sample): void {
    const { minLimit, initialLimit, backoffRatio, backoffIntervalMs } = this.limits;
    if (now - this.#cutAt < backoffIntervalMs) return;
    if (sign === 'answered') {
      if (this.isOverloaded) return;
      this.#isHolding = true;
      this.#limit = Math.max(initialLimit * backoffRatio, inFlight);
    } else {
      this.#isHolding = false;
      const present = this.isOverloaded ? this.#limit : Math.max(initialLimit, inFlight);
      const wanted = sign === 'timed-out' ? 0 : present * backoffRatio;
      this.#limit = Math.min(present, Math.max(minLimit, 2 * this.#useful(now), wanted));
    }
    this.#cutAt = now;
  }

  #grow(): void {
    if (!this.isOverloaded || this.#slowness >= slowShare) return;
    const isQuick = this.#slowness < quickShare;
    if (this.#isHolding && isQuick) this.#release();
    else this.#limit += isQuick ? 1 : 1 / this.#limit;
  }
}
