import { MAX_TIMER_MS } from '../../pipeline/clock.ts';
import {
  type Checks,
  duration,
  integer,
  number,
  oneOf,
  readOptions,
  requireOrder,
} from '../../pipeline/options.ts';

/**
 * Additive increase, multiplicative decrease, on evidence of overload alone: a host that is well has no limit.
 * Or the gradient of latency, at all times.
 */
export type LimitAlgorithm = 'aimd' | 'gradient';

export interface ConcurrencyLimitOptions {
  /**
   * `'aimd'` has no limit until the host shows that it is overloaded, then halves what is under way until it copes, and
   * grows again with every answer. `'gradient'` compares latency now with latency over time and always has a limit; it
   * acts before anything fails, and takes any lasting growth of latency for load.
   * @defaultValue 'aimd'
   */
  readonly algorithm?: LimitAlgorithm;
  /**
   * Attempts under way at once that are always allowed. From 1.
   * @defaultValue 1
   */
  readonly minLimit?: number;
  /**
   * Attempts under way at once that are allowed at most. From 1, or Infinity.
   * @defaultValue Infinity
   */
  readonly maxLimit?: number;
  /**
   * Where the limit begins: that of `'gradient'`, and that of `'aimd'` when there is a first sign of overload and fewer
   * attempts than this are under way. From 1.
   * @defaultValue 10
   */
  readonly initialLimit?: number;
  /**
   * Share of the recent attempts that time out, or are answered by a plain 503 or a 504, above which the limit is cut,
   * from 0 to 1. For `'aimd'`.
   * @defaultValue 0.33
   */
  readonly overloadRatio?: number;
  /**
   * What is left of the limit after a cut, over 0 and below 1.
   * @defaultValue 0.5
   */
  readonly backoffRatio?: number;
  /**
   * Shortest time between two cuts, in milliseconds.
   * @defaultValue 200
   */
  readonly backoffIntervalMs?: number;
  /**
   * Attempts that may wait for others to end, as a multiple of the limit; the rest is refused at once. From 0.
   * @defaultValue 2
   */
  readonly queueRatio?: number;
  /**
   * Longest wait, in milliseconds from 0.
   * @defaultValue 400
   */
  readonly maxQueueMs?: number;
}

export type ConcurrencyLimits = Required<ConcurrencyLimitOptions>;

export const concurrencyLimitDefaults: ConcurrencyLimits = Object.freeze({
  algorithm: 'aimd',
  minLimit: 1,
  maxLimit: Number.POSITIVE_INFINITY,
  initialLimit: 10,
  overloadRatio: 0.33,
  backoffRatio: 0.5,
  backoffIntervalMs: 200,
  queueRatio: 2,
  maxQueueMs: 400,
});

const checks: Checks<ConcurrencyLimitOptions> = {
  algorithm: oneOf('aimd', 'gradient'),
  minLimit: integer({ min: 1 }),
  maxLimit: integer({ min: 1, unlimited: true }),
  initialLimit: integer({ min: 1 }),
  overloadRatio: number({ min: 0, max: 1 }),
  backoffRatio: number({ min: 0.01, max: 0.99 }),
  backoffIntervalMs: duration(),
  queueRatio: number(),
  maxQueueMs: duration({ max: MAX_TIMER_MS }),
};

export function readConcurrencyLimitOptions(
  options: ConcurrencyLimitOptions,
  path = 'concurrencyLimit',
): ConcurrencyLimits {
  const limits = readOptions(path, options, checks, concurrencyLimitDefaults);
  requireOrder(path, options, 'minLimit', 'maxLimit');
  requireOrder(path, options, 'minLimit', 'initialLimit');
  requireOrder(path, options, 'initialLimit', 'maxLimit');
  const { minLimit, initialLimit } = limits;
  const maxLimit = Math.max(limits.maxLimit, minLimit);
  return { ...limits, maxLimit, initialLimit: Math.min(Math.max(initialLimit, minLimit), maxLimit) };
}
