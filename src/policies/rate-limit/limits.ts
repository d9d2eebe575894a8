import { type Checks, integer, number, oneOf, orFalse, readOptions } from '../../pipeline/options.ts';

export interface RateLimitOptions {
  /**
   * How many requests per second may go to the host in the long run, retries included. Over 0: 0.5 is one in two
   * seconds. Infinity for none but what the host tells of itself.
   * @defaultValue Infinity
   */
  readonly perSecond?: number;
  /**
   * How many may go at once after a time of rest: in any time `t` in seconds at most `burst + perSecond * t` go. From 1.
   * @defaultValue a tenth of `perSecond`, at least 1
   */
  readonly burst?: number;
  /**
   * How many requests may wait until they may go, if their deadline allows it; the rest fail at once. From 0, or
   * Infinity.
   * @defaultValue 100
   */
  readonly maxWaiting?: number;
  /**
   * `'headers'` also holds to what the host says is left, in `RateLimit`, `RateLimit-Policy` and `X-RateLimit-*`.
   * @defaultValue false
   */
  readonly adaptive?: 'headers' | false;
}

export type RateLimits = Required<RateLimitOptions>;

export const rateLimitDefaults: Omit<RateLimits, 'burst'> = Object.freeze({
  perSecond: Number.POSITIVE_INFINITY,
  maxWaiting: 100,
  adaptive: false,
});

const checks: Checks<RateLimitOptions> = {
  perSecond: number({ min: 0.000_001, unlimited: true }),
  burst: integer({ min: 1 }),
  maxWaiting: integer({ unlimited: true }),
  adaptive: orFalse(oneOf('headers')),
};

/** A burst of a tenth of a second keeps close to a quota that is counted by the second. */
export function readRateLimitOptions(options: RateLimitOptions, path = 'rateLimit'): RateLimits {
  const read = readOptions(path, options, checks, rateLimitDefaults);
  const burst = read.burst ?? Math.max(1, Math.floor(Math.min(read.perSecond / 10, Number.MAX_SAFE_INTEGER)));
  return { ...read, burst };
}

/** Of a rate limit that has been switched off while calls wait for it. */
export const noRateLimits: RateLimits = Object.freeze({
  perSecond: Number.POSITIVE_INFINITY,
  burst: 1,
  maxWaiting: Number.POSITIVE_INFINITY,
  adaptive: false,
});
