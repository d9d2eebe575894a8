/** The rule for the series of delays. Source of the shapes: AWS Architecture Blog, "Exponential Backoff And Jitter" (2015). */
export interface BackoffOptions {
  /**
   * How the delay grows from retry to retry: doubling, by `baseDelayMs` each time, or not at all.
   * @defaultValue 'exponential'
   */
  readonly backoff?: 'exponential' | 'linear' | 'constant';
  /**
   * The first delay before jitter, in milliseconds, from 0.
   * @defaultValue 200
   */
  readonly baseDelayMs?: number;
  /**
   * Longest delay before jitter, in milliseconds. Does not shorten what a server asks for.
   * @defaultValue 2_000
   */
  readonly maxDelayMs?: number;
  /**
   * Randomness: anywhere from 0 to the delay, from half of it to the whole, or none.
   * Without jitter, clients that failed together come back together.
   * @defaultValue 'full'
   */
  readonly jitter?: 'full' | 'equal' | 'none';
}

export type Backoff = Required<BackoffOptions>;

/** @param retry - 1 for the first retry. */
export function backoffMs(backoff: Backoff, retry: number, random: () => number): number {
  const grown = Math.min(backoff.maxDelayMs, backoff.baseDelayMs * growth[backoff.backoff](retry));
  return grown * spread[backoff.jitter](random);
}

const growth = {
  // Beyond this no delay grows any more, and a base of 0 stays 0.
  exponential: (retry: number) => 2 ** Math.min(retry - 1, 52),
  linear: (retry: number) => retry,
  constant: () => 1,
};

const spread = {
  full: (random: () => number) => random(),
  equal: (random: () => number) => 0.5 + random() / 2,
  none: () => 1,
};
