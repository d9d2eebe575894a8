import { HostPausedError } from '../errors.ts';
import { HostPart, type HostState } from '../hosts/host-state.ts';
import { retryAfterMs } from '../http/retry-after.ts';
import type { Call } from '../pipeline/call.ts';
import { type Clock, MAX_TIMER_MS } from '../pipeline/clock.ts';
import { type Checks, duration, integer, readOptions } from '../pipeline/options.ts';
import { type Outcome, watch } from '../pipeline/outcome.ts';
import type { Policy } from '../pipeline/pipeline.ts';
import { takeDown } from '../pipeline/snapshot.ts';
import { wait } from '../pipeline/wait.ts';

export interface HostPauseOptions {
  /**
   * How many 429 answers in a row pause the host. One 429 is about the call that got it; several are about the host.
   * From 1. A 503 with `Retry-After` pauses it at once.
   * @defaultValue 5
   */
  readonly after429s?: number;
  /**
   * How many calls may wait for the end of the pause, if their deadline allows it; the rest fail at once. From 0.
   * @defaultValue 100
   */
  readonly maxWaiting?: number;
  /**
   * Waiting calls start again at random within this many milliseconds after the pause, not all in one instant.
   * @defaultValue 2_000
   */
  readonly jitterMs?: number;
  /**
   * Longest pause, in milliseconds from 1, or Infinity, however much later the host asks us to come back: one bad
   * header must not silence an origin for a year. A call that was itself told to wait is not retried earlier than that.
   * @defaultValue 300_000
   */
  readonly maxPauseMs?: number;
}

export type HostPauseLimits = Required<HostPauseOptions>;

export const hostPauseDefaults: HostPauseLimits = Object.freeze({
  after429s: 5,
  maxWaiting: 100,
  jitterMs: 2_000,
  maxPauseMs: 300_000,
});

const checks: Checks<HostPauseOptions> = {
  after429s: integer({ min: 1 }),
  maxWaiting: integer({ unlimited: true }),
  jitterMs: duration({ max: MAX_TIMER_MS }),
  maxPauseMs: duration({ min: 1, unlimited: true }),
};

export const readHostPauseOptions = (options: HostPauseOptions, path = 'hostPause'): HostPauseLimits =>
  readOptions(path, options, checks, hostPauseDefaults);

/** The pause that a host has asked for. */
export class HostPause {
  /** On the runtime's clock; in the past when there is none. */
  until: number = Number.NEGATIVE_INFINITY;
  waiting = 0;
  #rateLimitedInARow = 0;

  /** Reads the clock only if there is, or was, a pause. */
  isOn(clock: Clock): boolean {
    return this.until !== Number.NEGATIVE_INFINITY && this.remainingMs(clock.now()) > 0;
  }

  /** Milliseconds that are left of the pause, 0 without one. */
  remainingMs(now: number): number {
    return Math.max(0, this.until - now);
  }

  /** Takes in an answer. Whether it has begun, or lengthened, a pause. */
  hear(status: number, askedUntil: number | undefined, limits: HostPauseLimits): boolean {
    this.#rateLimitedInARow = status === 429 ? this.#rateLimitedInARow + 1 : 0;
    if (!askedUntil || askedUntil <= this.until) return false;
    if (status !== 503 && this.#rateLimitedInARow < limits.after429s) return false;
    this.until = askedUntil;
    return true;
  }

  /** Ends the pause by hand. */
  resume(): void {
    this.until = Number.NEGATIVE_INFINITY;
    this.#rateLimitedInARow = 0;
  }
}

const pauses = new HostPart(() => new HostPause());

/** The pause of a host, if it ever had one to keep. */
export const peekPause = (host: HostState): HostPause | undefined => host.peek(pauses);

/**
 * Leaves a host alone for as long as it asks, with every call and not only with the one that heard it.
 *
 * Sits inside `retry` and outside `circuitBreaker`. Calls whose deadline allows it wait; the rest fail at once with
 * the time to come back.
 *
 * @throws TypeError or RangeError at construction, if an option will not do.
 * @throws HostPausedError from a call that cannot wait.
 */
export function hostPause(options: HostPauseOptions = {}): Policy {
  const limits = readHostPauseOptions(options);
  const waitFirst = waitOutPause(limits);
  const hear = hearPause(limits);
  return function hostPause(call, next) {
    return waitFirst(call, ready => watch(next, ready, hear, undefined));
  };
}

/** The half that keeps the pause; nothing is in the way of a call to a host without one. */
export function waitOutPause(limits: HostPauseLimits): Policy {
  return function hostPause(call, next) {
    const pause = call.host.part(pauses);
    return pause.isOn(call.runtime.clock) ? waitOut(pause, limits, call).then(next) : next(call);
  };
}

/** The half that hears of it, for somebody who sees every outcome anyway. */
export function hearPause(limits: HostPauseLimits): (outcome: Outcome, call: Call) => void {
  return ({ response }, call) => {
    if (response) listen(call.host.part(pauses), limits, call, response);
  };
}

/** What goes out later goes out as it is now, whatever its caller does with the same objects meanwhile. */
async function waitOut(pause: HostPause, limits: HostPauseLimits, call: Call): Promise<Call> {
  const ready = { ...call, request: { ...call.request, ...takeDown(call.request) } };
  while (pause.isOn(call.runtime.clock)) await waitOnce(pause, limits, call);
  return ready;
}

async function waitOnce(pause: HostPause, limits: HostPauseLimits, call: Call): Promise<void> {
  const { clock, random } = call.runtime;
  const now = clock.now();
  const remainingMs = pause.remainingMs(now);
  if (now + remainingMs >= call.deadlineAt || remainingMs > MAX_TIMER_MS) {
    throw new HostPausedError(call.record, remainingMs, 'deadline');
  }
  if (pause.waiting >= limits.maxWaiting) throw new HostPausedError(call.record, remainingMs, 'full');
  pause.waiting++;
  // The jitter is a courtesy: it is squeezed into what the deadline leaves, and not dropped, or all would go at once.
  const delayMs = remainingMs + random() * Math.min(limits.jitterMs, call.deadlineAt - now - remainingMs);
  try {
    await wait(clock, Math.min(delayMs, MAX_TIMER_MS), call.signal);
  } finally {
    pause.waiting--;
    const record = call.record.attempt(call.attempt);
    if (record) record.waitedMs += clock.now() - now;
  }
}

function listen(pause: HostPause, limits: HostPauseLimits, call: Call, response: Response): void {
  const { clock, emit } = call.runtime;
  const { status } = response;
  const mayAsk = status === 429 || status === 503;
  const askedMs = mayAsk ? retryAfterMs(response.headers, clock.date()) : undefined;
  const pauseMs = askedMs && Math.min(askedMs, limits.maxPauseMs);
  if (pause.hear(status, pauseMs && clock.now() + pauseMs, limits)) {
    emit?.({ type: 'host-pause', host: call.host.key, pauseMs: pauseMs ?? 0, status, call: call.record });
  }
}
