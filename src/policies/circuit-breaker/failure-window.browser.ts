/**
 * The window of `failure-window.ts` for bundles, by the `browser` field of package.json: opossum asks for Node's `events`
 * without depending on it, which no bundler can give it everywhere. A property test holds the two to the same answers.
 */
import type { WindowCounts, WindowLimits } from './failure-window.ts';

const buckets = 10;

interface Bucket {
  successes: number;
  failures: number;
}

export class FailureWindow {
  readonly limits: WindowLimits;
  readonly #bucketMs: number;
  /** When the newest bucket began. */
  #bucketAt: number;
  /** Newest first. */
  #buckets: Bucket[] = [emptyBucket()];
  #isReached = false;

  constructor(limits: WindowLimits, now: number) {
    this.limits = limits;
    this.#bucketMs = limits.windowMs / buckets;
    this.#bucketAt = now;
  }

  succeed(now: number): void {
    this.#newest(now).successes++;
  }

  /** Whether the window calls for opening the circuit now. */
  fail(now: number): boolean {
    const bucket = this.#newest(now);
    // As opossum: once it is open, it hears of no failure until it is closed.
    if (this.#isReached) return true;
    bucket.failures++;
    const { failureRatio, minimumThroughput } = this.limits;
    const { successes, failures } = this.counts(now);
    const completed = successes + failures;
    // A ratio is often the result of a calculation, and misses the share that was meant by the last digit.
    this.#isReached =
      failureRatio !== false && completed >= minimumThroughput && failures / completed > failureRatio - 1e-11;
    return this.#isReached;
  }

  counts(now: number): WindowCounts {
    this.#newest(now);
    let successes = 0;
    let failures = 0;
    for (const bucket of this.#buckets) {
      successes += bucket.successes;
      failures += bucket.failures;
    }
    return { successes, failures };
  }

  /** Forgets everything: the circuit has closed, and what went before must not open it again. */
  clear(now: number): void {
    this.#isReached = false;
    this.#buckets = [emptyBucket()];
    this.#bucketAt = now;
  }

  #newest(now: number): Bucket {
    const passed = Math.floor((now - this.#bucketAt) / this.#bucketMs);
    if (passed > 0) {
      const fresh = Array.from({ length: Math.min(passed, buckets) }, emptyBucket);
      this.#buckets = [...fresh, ...this.#buckets].slice(0, buckets);
      this.#bucketAt += passed * this.#bucketMs;
    }
    return this.#buckets[0] as Bucket;
  }
}

const emptyBucket = (): Bucket => ({ successes: 0, failures: 0 });
