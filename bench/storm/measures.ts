/** From what happened to a few numbers. */
import type { CallRecord, Leftovers, Recording } from './recording.ts';
import { downtimeOf, isWithin, type Scenario, type Span } from './scenarios.ts';

export interface Measures {
  /** Of the calls that arrived during the fault, in percent. */
  readonly successPercent: number;
  /** Of all calls, in percent. */
  readonly allSuccessPercent: number;
  /** Of the calls that arrived after the fault, in percent. */
  readonly afterSuccessPercent: number;
  /** Attempts sent during the fault per call that arrived in it. */
  readonly amplification: number;
  /** Calls that the client itself refused. */
  readonly rejections: number;
  /** From arrival to settling, of all calls of the fault, answered or not. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The same of those that failed; NaN when none did. */
  readonly failP50Ms: number;
  readonly longestMs: number;
  /** From the fault's end until at least 99 % succeed in every second from then on; Infinity if never. */
  readonly recoveryS: number;
  /** From the fault's beginning until at least 80 % settle within 50 ms in every second from then on; the rest are probes. */
  readonly failsFastAfterS: number;
  /** Successful calls per second during the fault. */
  readonly goodput: number;
  /** The service's work that nobody waited for, in percent of its work during the fault. */
  readonly wastedPercent: number;
  /** In the fault, once the clients have had 3 s to notice: the mean of the busiest client. */
  readonly attemptsPerClientSecond: number;
  /** Attempts in the busiest second after the fault, relative to the calls of a mean second. */
  readonly peakAfter: number;
  readonly sentWhileOpen: number;
  readonly peakInFlight: number;
  /** Calls that were executed more than once. */
  readonly duplicates: number;
  /** Attempts sent before the moment that the answer to the same call's previous one had named. */
  readonly brokenRetryAfter: number;
  /** Rolling restart: calls to hosts that are neither down nor back for less than 10 s. */
  readonly healthyHostsPercent: number;
  /** Rolling restart: calls to a host in its first 10 s. */
  readonly restartedHostsPercent: number;
  readonly liveTimersMean: number;
  readonly liveTimersPeak: number;
  readonly left: Leftovers;
}

export function measure(scenario: Scenario, recording: Recording): Measures {
  const { calls } = recording;
  const after: Span = { fromMs: scenario.fault.toMs, toMs: scenario.endMs };
  const inFault = arrivedWithin(calls, scenario.fault);
  const durations = inFault.map(durationOf).sort(ascending);
  return {
    successPercent: successPercent(inFault),
    allSuccessPercent: successPercent(calls),
    afterSuccessPercent: successPercent(arrivedWithin(calls, after)),
    amplification: attemptsWithin(calls, scenario.fault) / inFault.length,
    rejections: count(calls, call => call.rejectedLocally),
    p50Ms: percentile(durations, 0.5),
    p99Ms: percentile(durations, 0.99),
    failP50Ms: percentile(failed(inFault).map(durationOf).sort(ascending), 0.5),
    longestMs: Math.max(...calls.map(durationOf)),
    recoveryS: secondsUntilGood(scenario, calls, after, call => call.succeeded, 0.01),
    failsFastAfterS: secondsUntilGood(scenario, calls, scenario.fault, call => durationOf(call) <= 50, 0.2),
    goodput:
      count(calls, call => call.succeeded && isWithin(scenario.fault, call.settledAtMs!)) /
      seconds(scenario.fault),
    wastedPercent: wastedPercent(recording, scenario.fault),
    attemptsPerClientSecond: attemptsOfBusiestClient(scenario, calls),
    peakAfter: peakAttempts(calls, after) / scenario.callsPerSecond,
    sentWhileOpen: countAttempts(calls, attempt => attempt.sentWhileOpen),
    peakInFlight: recording.peakInFlight,
    duplicates: count(calls, call => call.executions > 1),
    brokenRetryAfter: brokenRetryAfter(calls),
    ...rollingRestart(scenario, calls),
    liveTimersMean: recording.liveTimers.mean,
    liveTimersPeak: recording.liveTimers.peak,
    left: recording.left,
  };
}

type Predicate<Value> = (value: Value) => boolean;

const ascending = (a: number, b: number): number => a - b;

const seconds = (span: Span): number => (span.toMs - span.fromMs) / 1_000;

const durationOf = (call: CallRecord): number => (call.settledAtMs ?? Infinity) - call.arrivedAtMs;

const count = <Value>(values: readonly Value[], matches: Predicate<Value>): number =>
  values.reduce((sum, value) => sum + (matches(value) ? 1 : 0), 0);

const countAttempts = (
  calls: readonly CallRecord[],
  matches: Predicate<CallRecord['attempts'][number]>,
): number => calls.reduce((sum, call) => sum + count(call.attempts, matches), 0);

const arrivedWithin = (calls: readonly CallRecord[], span: Span): CallRecord[] =>
  calls.filter(call => isWithin(span, call.arrivedAtMs));

const attemptsWithin = (calls: readonly CallRecord[], span: Span): number =>
  countAttempts(calls, attempt => isWithin(span, attempt.startedAtMs));

const failed = (calls: readonly CallRecord[]): CallRecord[] => calls.filter(call => !call.succeeded);

const successPercent = (calls: readonly CallRecord[]): number =>
  (100 * count(calls, call => call.succeeded)) / calls.length;

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;

/**
 * The earliest moment of the span from which on no window of one second, ten of them beginning each second, has more
 * bad calls than `badRatio` of what arrives in a mean second.
 */
function secondsUntilGood(
  scenario: Scenario,
  calls: readonly CallRecord[],
  span: Span,
  isGood: Predicate<CallRecord>,
  badRatio: number,
): number {
  const slices = Math.floor((span.toMs - span.fromMs) / sliceMs);
  if (slices === 0) return NaN;
  const bad = new Array<number>(slices).fill(0);
  for (const call of arrivedWithin(calls, span))
    if (!isGood(call)) bad[Math.floor((call.arrivedAtMs - span.fromMs) / sliceMs)]!++;
  const lastWindow = slices - slicesPerWindow;
  for (let from = lastWindow; from >= 0; from--) {
    if (sumOf(bad, from) <= badRatio * scenario.callsPerSecond) continue;
    return from === lastWindow ? Infinity : ((from + 1) * sliceMs) / 1_000;
  }
  return 0;
}

const sliceMs = 100;
const slicesPerWindow = 10;

const sumOf = (slices: readonly number[], from: number): number =>
  slices.slice(from, from + slicesPerWindow).reduce((sum, value) => sum + value, 0);

function wastedPercent({ work }: Recording, span: Span): number {
  const done = work.filter(piece => isWithin(span, piece.atMs));
  const total = done.reduce((sum, piece) => sum + piece.workMs, 0);
  const wasted = done.reduce((sum, piece) => sum + (piece.wasted ? piece.workMs : 0), 0);
  return total === 0 ? 0 : (100 * wasted) / total;
}

function attemptsOfBusiestClient(scenario: Scenario, calls: readonly CallRecord[]): number {
  const noticed: Span = { fromMs: scenario.fault.fromMs + 3_000, toMs: scenario.fault.toMs };
  const attempts = new Array<number>(scenario.clients).fill(0);
  for (const call of calls) attempts[call.client]! += attemptsWithin([call], noticed);
  return Math.max(...attempts) / seconds(noticed);
}

function peakAttempts(calls: readonly CallRecord[], span: Span): number {
  const perSecond = new Array<number>(Math.ceil(seconds(span))).fill(0);
  for (const call of calls)
    for (const { startedAtMs } of call.attempts)
      if (isWithin(span, startedAtMs)) perSecond[Math.floor((startedAtMs - span.fromMs) / 1_000)]!++;
  return Math.max(0, ...perSecond);
}

const brokenRetryAfter = (calls: readonly CallRecord[]): number =>
  calls.reduce((sum, { attempts }) => {
    const isTooEarly = (startedAtMs: number, index: number) =>
      startedAtMs < (attempts[index - 1]?.retryAfterAtMs ?? 0);
    return sum + attempts.filter((attempt, index) => isTooEarly(attempt.startedAtMs, index)).length;
  }, 0);

function rollingRestart(scenario: Scenario, calls: readonly CallRecord[]) {
  if (scenario.hosts === 1) return { healthyHostsPercent: NaN, restartedHostsPercent: NaN };
  const restarted = calls.filter(call => isWithin(restartOf(call.host), call.arrivedAtMs));
  const healthy = calls.filter(
    call => !touches(downtimeOf(call.host), call) && !isWithin(restartOf(call.host), call.arrivedAtMs),
  );
  return { healthyHostsPercent: successPercent(healthy), restartedHostsPercent: successPercent(restarted) };
}

/** The call was under way during the span; one caught by a crash has not met a healthy host. */
const touches = (span: Span, call: CallRecord): boolean =>
  call.arrivedAtMs < span.toMs && (call.settledAtMs ?? Infinity) >= span.fromMs;

const restartOf = (host: number): Span => ({
  fromMs: downtimeOf(host).toMs,
  toMs: downtimeOf(host).toMs + 10_000,
});
