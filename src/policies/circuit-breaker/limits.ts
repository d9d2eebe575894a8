import { MAX_TIMER_MS } from '../../pipeline/clock.ts';
import type { CircuitEvent } from '../../pipeline/events.ts';
import {
  type Checks,
  callback,
  duration,
  integer,
  number,
  orFalse,
  readOptions,
  requireOrder,
} from '../../pipeline/options.ts';
import type { Outcome } from '../../pipeline/outcome.ts';
import type { WindowLimits } from './failure-window.ts';

export interface CircuitBreakerOptions {
  /**
   * Opens after this many failures in a row, if there has been no success for `minimumSilenceMs` either.
   * From 1; false for no such rule.
   * @defaultValue 10
   */
  readonly consecutiveFailures?: number | false;
  /**
   * How long, in milliseconds, no attempt may have succeeded before failures in a row open the circuit.
   * From 0: a burst of failures alone is enough.
   * @defaultValue 2_000
   */
  readonly minimumSilenceMs?: number;
  /**
   * Opens when at least this share of the attempts completed in the window failed. Over 0 to 1; false for no such rule.
   * @defaultValue 0.9
   */
  readonly failureRatio?: number | false;
  /**
   * Completed attempts in the window below which `failureRatio` is not looked at. From 1.
   * @defaultValue 20
   */
  readonly minimumThroughput?: number;
  /**
   * Length of the window in milliseconds, from 10. It moves in tenths.
   * @defaultValue 10_000
   */
  readonly windowMs?: number;
  /**
   * How long, in milliseconds, an open circuit refuses before it lets a probe through. From 1.
   * @defaultValue 1_000
   */
  readonly openMs?: number;
  /**
   * By how much the open time varies at random, 0 to 1, so that many clients do not probe in step: 0.2 is ± 20 %.
   * @defaultValue 0.2
   */
  readonly openJitterRatio?: number;
  /**
   * Factor on the open time for each failed probe since the circuit opened. From 1, which keeps it constant.
   * @defaultValue 1
   */
  readonly openGrowth?: number;
  /**
   * Longest open time in milliseconds that growth may reach, before jitter.
   * @defaultValue 30_000
   */
  readonly maxOpenMs?: number;
  /**
   * Probes let through at once when half-open; as many successes close the circuit, one failure opens it. From 1.
   * @defaultValue 1
   */
  readonly halfOpenProbes?: number;
  /**
   * How long, in milliseconds, a probe may take before its place goes to another. From 1. A late success still closes
   * the circuit, so a host that is slower than this recovers too.
   * @defaultValue 1_000
   */
  readonly probeLeaseMs?: number;
  /**
   * An attempt without its response headers after this many milliseconds counts as failed at that instant, while it is
   * still on its way; what becomes of it later is not counted again. From 1; false for no such rule.
   * @defaultValue false
   */
  readonly slowCallMs?: number | false;
  /**
   * Which outcomes count against the host, in place of the default: no answer from the network, an attempt timeout,
   * a status from 500. Not asked about the caller's abort and our own rejections, which are always neutral.
   */
  readonly isFailure?: (outcome: Outcome) => boolean;
  /** Hears each change of state. The same is in the event stream, as `circuit`. */
  readonly onStateChange?: (change: CircuitEvent) => void;
}

/** Options with their defaults. */
export interface CircuitLimits extends WindowLimits {
  readonly consecutiveFailures: number | false;
  readonly minimumSilenceMs: number;
  readonly openMs: number;
  readonly openJitterRatio: number;
  readonly openGrowth: number;
  readonly maxOpenMs: number;
  readonly halfOpenProbes: number;
  readonly probeLeaseMs: number;
  readonly slowCallMs: number | false;
  readonly isFailure?: (outcome: Outcome) => boolean;
  readonly onStateChange?: (change: CircuitEvent) => void;
}

export const circuitBreakerDefaults: Readonly<
  Required<Omit<CircuitBreakerOptions, 'isFailure' | 'onStateChange'>>
> = Object.freeze({
  consecutiveFailures: 10,
  minimumSilenceMs: 2_000,
  failureRatio: 0.9,
  minimumThroughput: 20,
  windowMs: 10_000,
  openMs: 1_000,
  openJitterRatio: 0.2,
  openGrowth: 1,
  maxOpenMs: 30_000,
  halfOpenProbes: 1,
  probeLeaseMs: 1_000,
  slowCallMs: false,
});

const checks: Checks<CircuitBreakerOptions> = {
  consecutiveFailures: orFalse(integer({ min: 1 })),
  minimumSilenceMs: duration(),
  failureRatio: orFalse(number({ min: 0.000_001, max: 1 })),
  minimumThroughput: integer({ min: 1 }),
  windowMs: duration({ min: 10, max: MAX_TIMER_MS }),
  openMs: duration({ min: 1, max: MAX_TIMER_MS }),
  openJitterRatio: number({ min: 0, max: 1 }),
  openGrowth: number({ min: 1 }),
  maxOpenMs: duration({ min: 1, max: MAX_TIMER_MS }),
  halfOpenProbes: integer({ min: 1 }),
  probeLeaseMs: duration({ min: 1 }),
  slowCallMs: orFalse(duration({ min: 1, max: MAX_TIMER_MS })),
  isFailure: callback,
  onStateChange: callback,
};

export function readCircuitBreakerOptions(
  options: CircuitBreakerOptions,
  path = 'circuitBreaker',
): CircuitLimits {
  const limits = readOptions(path, options, checks, circuitBreakerDefaults);
  requireOrder(path, options, 'openMs', 'maxOpenMs');
  if (options.maxOpenMs !== undefined)
    return { ...limits, openMs: Math.min(limits.openMs, limits.maxOpenMs) };
  return { ...limits, maxOpenMs: Math.max(limits.openMs, limits.maxOpenMs) };
}
