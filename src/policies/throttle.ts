import { ThrottledError } from '../errors.ts';
import { HostPart, type HostState } from '../hosts/host-state.ts';
import type { Call } from '../pipeline/call.ts';
import { MAX_TIMER_MS } from '../pipeline/clock.ts';
import { type Checks, duration, number, readOptions } from '../pipeline/options.ts';
import { type Outcome, watch } from '../pipeline/outcome.ts';
import type { Policy } from '../pipeline/pipeline.ts';

export interface ThrottleOptions {
  /**
   * How many attempts may be sent for each that the host accepts; what is beyond is refused by chance. From 1: the
   * lower, the less the host has to refuse by itself.
   * @defaultValue 2
   */
  readonly factor?: number;
  /**
   * Over how long attempts are counted, in milliseconds from 10. It moves in tenths.
   * @defaultValue 120_000
   */
  readonly windowMs?: number;
  /**
   * Largest share that is refused, from 0 to 1: what remains finds out that the host is well again.
   * @defaultValue 0.9
   */
  readonly maxRejectionRatio?: number;
}

export type ThrottleLimits = Required<ThrottleOptions>;

export const throttleDefaults: ThrottleLimits = Object.freeze({
  factor: 2,
  windowMs: 120_000,
  maxRejectionRatio: 0.9,
});

const checks: Checks<ThrottleOptions> = {
  factor: number({ min: 1 }),
  windowMs: duration({ min: 10, max: MAX_TIMER_MS }),
  maxRejectionRatio: number({ max: 1 }),
};

export const readThrottleOptions = (options: ThrottleOptions, path = 'throttle'): ThrottleLimits =>
  readOptions(path, options, checks, throttleDefaults);

const buckets = 10;

/** What was wanted of a host lately, refusals of ours included, and what it has accepted of that. */
class Acceptance {
  readonly windowMs: number;
  readonly #wanted: number[] = Array(buckets).fill(0);
  readonly #accepted: number[] = Array(buckets).fill(0);
  #turn = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  want(now: number): void {
    this.#wanted[this.#bucketAt(now)]!++;
  }

  accept(now: number): void {
    this.#accepted[this.#bucketAt(now)]!++;
  }

  /** The chance with which the next attempt is refused. */
  rejectionRatio({ factor, maxRejectionRatio }: ThrottleLimits, now: number): number {
    this.#bucketAt(now);
    const wanted = sum(this.#wanted);
    const excess = wanted - factor * sum(this.#accepted);
    return Math.min(maxRejectionRatio, Math.max(0, excess / (wanted + 1)));
  }

  /** The bucket of an instant; those that have left the window are empty. */
  #bucketAt(now: number): number {
    const turn = Math.floor((now * buckets) / this.windowMs);
    const passed = Math.min(turn - this.#turn, buckets);
    for (let step = 1; step <= passed; step++) {
      const bucket = (turn - passed + step) % buckets;
      this.#wanted[bucket] = 0;
      this.#accepted[bucket] = 0;
    }
    this.#turn = turn;
    return turn % buckets;
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const acceptances = new HostPart<{ acceptance: Acceptance | undefined }>(() => ({ acceptance: undefined }));

function acceptanceOf(host: HostState, { windowMs }: ThrottleLimits): Acceptance {
  const part = host.part(acceptances);
  if (part.acceptance?.windowMs !== windowMs) part.acceptance = new Acceptance(windowMs);
  return part.acceptance as Acceptance;
}

/**
 * Refuses attempts by chance when a host accepts too few of them, so that a host that is overloaded need not spend its
 * time on refusing: adaptive throttling as the SRE book has it (Beyer et al. 2016, chapter 21), with a bound on the
 * share that is refused.
 *
 * Sits inside `circuitBreaker`, to which its refusals mean nothing. A host accepts what it answers, unless with 429 or
 * 503; an abort by the caller says nothing.
 *
 * @throws TypeError or RangeError at construction, if an option will not do.
 * @throws ThrottledError from an attempt that is refused.
 * @see {@link https://sre.google/sre-book/handling-overload/ | Handling Overload}
 */
export function throttle(options: ThrottleOptions = {}): Policy {
  const limits = readThrottleOptions(options);
  return function throttle(call, next) {
    const { clock, random } = call.runtime;
    const acceptance = acceptanceOf(call.host, limits);
    const now = clock.now();
    const ratio = acceptance.rejectionRatio(limits, now);
    if (ratio > 0 && random() < ratio) {
      acceptance.want(now);
      return Promise.reject(new ThrottledError(call.record, ratio, limits.windowMs / buckets));
    }
    return watch(next, call, take, acceptance);
  };
}

function take(outcome: Outcome, { runtime }: Call, acceptance: Acceptance): void {
  if (outcome.kind === 'cancelled' || outcome.kind === 'rejected') return;
  const now = runtime.clock.now();
  acceptance.want(now);
  if (isAccepted(outcome)) acceptance.accept(now);
}

const isAccepted = ({ response, status }: Outcome): boolean =>
  response !== undefined && status !== 429 && status !== 503;
