/** What Holdfast has to reach, at once, on every seed. */
import type { Measures } from './measures.ts';

export interface Target {
  readonly scenario: string;
  readonly what: string;
  /** `raw` is what plain `fetch` with a timeout measured under the same seed. */
  value(measures: Measures, raw: Measures): number;
  readonly rule: 'at most' | 'at least';
  readonly must: number;
  readonly stretch: number;
}

type Value = Target['value'];

const atMost = (scenario: string, what: string, must: number, stretch: number, value: Value): Target => ({
  scenario,
  what,
  value,
  rule: 'at most',
  must,
  stretch,
});

const atLeast = (scenario: string, what: string, must: number, stretch: number, value: Value): Target => ({
  scenario,
  what,
  value,
  rule: 'at least',
  must,
  stretch,
});

const none = (scenario: string, what: string, value: Value): Target => atMost(scenario, what, 0, 0, value);

const success: Value = measured => measured.successPercent;
const amplification: Value = measured => measured.amplification;
const recovery: Value = measured => measured.recoveryS;
const rejections: Value = measured => measured.rejections;
const failsFast: Value = measured => measured.failsFastAfterS;
const goodput: Value = measured => measured.goodput;
const wasted: Value = measured => measured.wastedPercent;
const duplicates: Value = measured => measured.duplicates;
const brokenRetryAfter: Value = measured => measured.brokenRetryAfter;

export const targets: readonly Target[] = [
  atLeast('1', 'success %', 100, 100, success),
  atMost('1', 'amplification', 1, 1, amplification),
  none('1', 'local rejections', rejections),
  atMost('1', 'p50 over raw fetch, ms', 0.1, 0, (measured, raw) => measured.p50Ms - raw.p50Ms),
  atMost('1', 'p99 over raw fetch, ms', 0.5, 0, (measured, raw) => measured.p99Ms - raw.p99Ms),
  atMost('1', 'live timers, mean', 40, 12, measured => measured.liveTimersMean),

  atMost('2', 'amplification', 0.3, 0.17, amplification),
  atMost('2', 'attempts per client and second', 1, 1, measured => measured.attemptsPerClientSecond),
  atMost('2', 'fails fast after, s', 2, 2, failsFast),
  atMost('2', 'recovery, s', 1.5, 0.8, recovery),
  atMost('2', 'peak after, of the load', 1.3, 1.3, measured => measured.peakAfter),
  none('2', 'sent while open', measured => measured.sentWhileOpen),

  atMost('3', 'amplification', 0.25, 0.1, amplification),
  atMost('3', 'fails fast after, s', 3, 3, failsFast),
  atMost('3', 'recovery, s', 2.5, 1.7, recovery),
  atMost('3', 'peak in flight', 400, 280, measured => measured.peakInFlight),
  atMost('3', 'longest call, ms', 5_000, 5_000, measured => measured.longestMs),
  none('3', 'orphans', measured => measured.left.orphans),

  atLeast('4', 'success %', 99, 99.18, success),
  atMost('4', 'amplification', 1.25, 1.25, amplification),
  none('4', 'local rejections', rejections),

  atLeast('5', 'goodput, calls per second', 95, 118, goodput),
  atMost('5', 'amplification', 1, 0.7, amplification),
  atMost('5', 'wasted work %', 7, 4, wasted),
  atMost('5', 'recovery, s', 1, 0.3, recovery),

  atLeast('5b', 'goodput, calls per second', 79, 105, goodput),
  atMost('5b', 'amplification', 1, 0.65, amplification),
  atMost('5b', 'wasted work %', 7, 7, wasted),
  atMost('5b', 'recovery, s', 1, 0.2, recovery),

  atLeast('6', 'success %', 100, 100, success),
  // The stretch is for hedging, which is not part of the default policy.
  atMost('6', 'p99 over raw fetch, ms', 0.5, 0, (measured, raw) => measured.p99Ms - raw.p99Ms),
  atMost('6', 'amplification', 1.05, 1.05, amplification),

  atLeast('7', 'success of healthy hosts %', 100, 100, measured => measured.healthyHostsPercent),
  atLeast('7', 'success of restarted hosts %', 96.5, 99, measured => measured.restartedHostsPercent),
  atLeast('7', 'success of all %', 92.4, 93.4, measured => measured.allSuccessPercent),

  atMost('8', 'amplification', 0.5, 0.1, amplification),
  none('8', 'Retry-After broken', brokenRetryAfter),
  atMost('8', 'recovery, s', 2, 1.1, recovery),

  atLeast('8b', 'success %', 50, 53.5, success),
  atMost('8b', 'amplification', 1.3, 0.85, amplification),
  none('8b', 'Retry-After broken', brokenRetryAfter),

  none('9a', 'duplicates', duplicates),
  atLeast('9a', 'success %', 31, 37, success),

  none('9b', 'duplicates', duplicates),
  atLeast('9b', 'success %', 30, 47, success),
  atMost('9b', 'amplification', 1.6, 1.6, amplification),

  atMost('10', 'recovery, s', 1.5, 1, recovery),
  atLeast('10', 'success after %', 97.5, 98, measured => measured.afterSuccessPercent),

  none('11', 'timers left', measured => measured.left.timers),
  none('11', 'listeners left', measured => measured.left.listeners),
  none('11', 'bodies left', measured => measured.left.bodies),
  none('11', 'orphans', measured => measured.left.orphans),
  none('11', 'unhandled rejections', measured => measured.left.unhandledRejections),
];

export interface Judgement {
  readonly target: Target;
  /** One per seed. */
  readonly values: readonly number[];
  readonly worst: number;
  /** Whether the worst seed still reaches it. */
  readonly reached: 'stretch' | 'must' | 'missed';
}

export function judge(target: Target, values: readonly number[]): Judgement {
  const worst = target.rule === 'at most' ? Math.max(...values) : Math.min(...values);
  const reached = holds(target.rule, worst, target.stretch)
    ? 'stretch'
    : holds(target.rule, worst, target.must)
      ? 'must'
      : 'missed';
  return { target, values, worst, reached };
}

/** Sums of virtual milliseconds are off by a rounding error now and then. */
const epsilon = 1e-6;

const holds = (rule: Target['rule'], value: number, limit: number): boolean =>
  rule === 'at most' ? value <= limit + epsilon : value >= limit - epsilon;
