/** The receiving side of `deadlineHeaders`: what a server adopts of the deadline of its caller. */
import { type Clock, MAX_TIMER_MS, systemClock, type Timer } from './pipeline/clock.ts';
import { type Checks, readOptions, requireObject } from './pipeline/options.ts';
import { findOuter, markSignal, type OuterCall, openContext, runWithin } from './pipeline/outer-call.ts';
import {
  type DeadlineHeaders,
  type DeadlineHeadersOptions,
  deadlineHeadersChecks,
  deadlineHeadersDefaults,
} from './policies/deadline-headers.ts';

/** The headers of a request: a `Headers`, or those of `node:http`. */
export type IncomingHeaders =
  | Pick<Headers, 'get'>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface IncomingDeadlineOptions extends DeadlineHeadersOptions {
  /** The one way to time, for tests. */
  readonly clock?: Clock;
}

/** How long the caller of a request still waits. */
export interface IncomingDeadline {
  /** Milliseconds from now, from 0. */
  readonly remainingMs: number;
  /** Which attempt of the caller's this is, 1 for the first; undefined if it does not say. */
  readonly attempt: number | undefined;
  /** Aborts when the time is up. A call of ours that is given it keeps to the deadline, in any runtime. */
  readonly signal: AbortSignal;
}

const checks: Checks<IncomingDeadlineOptions> = { ...deadlineHeadersChecks, clock: requireObject };

const read = (options: IncomingDeadlineOptions): DeadlineHeaders & { readonly clock?: Clock } =>
  readOptions('', options, checks, deadlineHeadersDefaults);

/**
 * How long the caller of a request still waits, counted from now: the header carries a duration, so the two clocks need
 * not agree. Undefined if it does not say, or says what is no whole number of milliseconds. More than 24.8 days count as
 * that.
 *
 * @throws TypeError if an option will not do.
 * @example
 * const deadline = deadlineFrom(request.headers);
 * const response = await fetch('https://stock.internal/', { signal: deadline?.signal ?? null });
 */
export const deadlineFrom = (
  headers: IncomingHeaders,
  options: IncomingDeadlineOptions = {},
): IncomingDeadline | undefined => adopt(headers, options);

/**
 * Serves a request within the deadline of its caller: every resilient call that is made in `serve`, however deep, ends by it,
 * and is not sent when there is no time left. That takes an async context (Node, Deno, Bun); elsewhere, hand on the signal
 * of the deadline that `serve` gets.
 *
 * What `serve` leaves running when its promise has settled is on its own again. One that returns no promise, as a
 * middleware that calls `next()`, is held to the deadline all along.
 *
 * @throws TypeError if an option will not do.
 * @example
 * createServer((request, response) => withDeadline(request.headers, () => handle(request, response)));
 */
export function withDeadline<Result>(
  headers: IncomingHeaders,
  serve: (deadline: IncomingDeadline | undefined) => Result,
  options: IncomingDeadlineOptions = {},
): Result {
  const deadline = adopt(headers, options);
  if (!deadline) return serve(undefined);
  openContext();
  const result = runWithin(deadline, serve, deadline);
  if (!isThenable(result)) return result;
  const end = () => deadline.end();
  result.then(end, end);
  return result;
}

function adopt(headers: IncomingHeaders, options: IncomingDeadlineOptions): Incoming | undefined {
  const { timeoutHeader, attemptHeader, clock = systemClock } = read(options);
  const remainingMs = timeoutHeader === false ? undefined : wholeNumber(headers, timeoutHeader);
  if (remainingMs === undefined) return undefined;
  const attempt = attemptHeader === false ? undefined : wholeNumber(headers, attemptHeader);
  return new Incoming(Math.min(remainingMs, MAX_TIMER_MS), attempt === 0 ? undefined : attempt, clock);
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** Said twice it is two, joined or in a list, and neither is to be believed. */
function wholeNumber(headers: IncomingHeaders, name: string): number | undefined {
  const value = fieldOf(headers, name);
  return typeof value === 'string' && /^[ \t]*\d{1,15}[ \t]*$/.test(value) ? Number(value) : undefined;
}

function fieldOf(headers: IncomingHeaders, name: string): unknown {
  if (isHeaders(headers)) return headers.get(name);
  const wanted = name.toLowerCase();
  const found = Object.keys(headers).find(key => key.toLowerCase() === wanted);
  return found === undefined ? undefined : headers[found];
}

const isHeaders = (headers: IncomingHeaders): headers is Pick<Headers, 'get'> =>
  typeof headers.get === 'function';

/** To the calls that are made for it, a request is a call that never retries. */
class Incoming implements IncomingDeadline, OuterCall {
  readonly method = undefined;
  readonly host = undefined;
  readonly allowance = undefined;
  readonly attempt: number | undefined;
  readonly outer: OuterCall | undefined = findOuter(undefined);
  readonly #clock: Clock;
  readonly #endsAt: number;
  #isOver = false;
  #controller: AbortController | undefined;
  #timer: Timer;

  constructor(remainingMs: number, attempt: number | undefined, clock: Clock) {
    this.attempt = attempt;
    this.#clock = clock;
    this.#endsAt = clock.now() + remainingMs;
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.now());
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Made for who asks; its timer keeps no process alive. */
  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    markSignal(signal, this);
    if (this.remainingMs === 0) this.#abort();
    else if (!this.#isOver) {
      this.#timer = this.#clock.setTimer(() => this.#abort(), this.remainingMs);
      this.#clock.unrefTimer(this.#timer);
    }
    return signal;
  }

  countRetry(): void {}

  end(): void {
    this.#isOver = true;
    this.#clock.clearTimer(this.#timer);
  }

  #abort(): void {
    this.#controller?.abort(
      new DOMException('The deadline of the caller of this request has passed.', 'TimeoutError'),
    );
  }
}
