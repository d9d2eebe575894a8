/**
 * The door to opossum, in record mode: an opossum breaker keeps the rolling window and applies the ratio rule;
 * nothing runs inside `fire`. It is told of attempts that have ended, so its window holds completed attempts only.
 *
 * Kept shut here: its time-outs, capacity, caches, fallbacks, percentiles and snapshots; its reset timer, which
 * runs on the machine's clock; its list of latencies, which grows with every call.
 */
import CircuitBreaker from 'opossum';

/** The ratio rule. */
export interface WindowLimits {
  /** Length of the window in milliseconds. */
  readonly windowMs: number;
  /** Share of failures, over 0 and up to 1, at which the circuit opens; false for no such rule. */
  readonly failureRatio: number | false;
  /** Completed attempts in the window below which the ratio is not looked at. */
  readonly minimumThroughput: number;
}

/** What a window holds. */
export interface WindowCounts {
  readonly successes: number;
  readonly failures: number;
}

const buckets = 10;

/** An action that has failed already, told to opossum without waiting for a turn of the microtask queue. */
const failure = new Error('a failed attempt');
const failed = (): never => {
  throw failure;
};

type Bucket = Record<string, number>;

export class FailureWindow {
  readonly limits: WindowLimits;
  readonly #breaker: CircuitBreaker;
  readonly #bucketMs: number;
  /** When the newest bucket began. */
  #bucketAt: number;
  #bucket: Bucket;
  #rotate = (): void => {};

  constructor(limits: WindowLimits, now: number) {
    this.limits = limits;
    this.#bucketMs = limits.windowMs / buckets;
    this.#bucketAt = now;
    this.#breaker = new CircuitBreaker(failed as () => Promise<void>, {
      name: 'holdfast',
      timeout: false,
      errorThresholdPercentage: percentage(limits.failureRatio),
      volumeThreshold: limits.minimumThroughput,
      rollingCountTimeout: limits.windowMs,
      rollingCountBuckets: buckets,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      // As little of an EventEmitter as opossum asks for: it hands over its rotation, and we turn it by our clock.
      rotateBucketController: {
        on: (_: string, rotate: () => void) => {
          this.#rotate = rotate;
        },
        listenerCount: () => 0,
        removeListener: () => {},
      } as never,
    });
    this.#breaker.removeAllListeners('open');
    this.#bucket = this.#newestBucket();
    const status = this.#breaker.status as unknown as { increment: (property: string) => void };
    status.increment = property => this.#count(property);
  }

  /** A success can open nothing, so it goes straight into opossum's status. */
  succeed(now: number): void {
    this.#advance(now);
    this.#count('fires');
    this.#count('successes');
  }

  /** Whether the window calls for opening the circuit now. */
  fail(now: number): boolean {
    this.#advance(now);
    this.#breaker.fire().catch(() => {});
    return this.#breaker.opened;
  }

  counts(now: number): WindowCounts {
    this.#advance(now);
    let successes = 0;
    let failures = 0;
    for (const bucket of this.#breaker.status.window as unknown as Bucket[]) {
      successes += bucket.successes ?? 0;
      failures += bucket.failures ?? 0;
    }
    return { successes, failures };
  }

  /** Forgets everything: the circuit has closed, and what went before must not open it again. */
  clear(now: number): void {
    this.#breaker.close();
    this.#turn(buckets);
    this.#bucketAt = now;
  }

  #count(property: string): void {
    this.#bucket[property] = (this.#bucket[property] ?? 0) + 1;
  }

  #advance(now: number): void {
    const passed = Math.floor((now - this.#bucketAt) / this.#bucketMs);
    if (passed <= 0) return;
    this.#turn(Math.min(passed, buckets));
    this.#bucketAt += passed * this.#bucketMs;
  }

  #turn(times: number): void {
    for (let time = 0; time < times; time++) this.#rotate();
    this.#bucket = this.#newestBucket();
  }

  #newestBucket(): Bucket {
    return (this.#breaker.status.window as unknown as Bucket[])[0] as Bucket;
  }
}

/** opossum trips above its threshold, we trip at it; it reads percent, and nothing is above 100 of them. */
const percentage = (ratio: number | false): number => (ratio === false ? 101 : ratio * 100 - 1e-9);
