/**
 * What a call shows to the calls that are made within its attempts, and how these find it: by the attempt's signal, which
 * works everywhere, and by the async context, where the runtime has one. Plain members and names that are shared, so that
 * two copies of the package in one program understand each other.
 */
import type { CallRecord } from '../call-record.ts';
import type { Clock } from './clock.ts';

/** Something that retries draw from. */
export interface Allowance {
  costOf(timedOut: boolean): number;
  tryWithdraw(cost: number): boolean;
  deposit(cost: number): void;
}

/** A call as those that are made within it see it. */
export interface OuterCall {
  /** Undefined, as its host, for a request that the program itself serves. */
  readonly method: string | undefined;
  /** Key of the host that it goes to. */
  readonly host: string | undefined;
  /** It has settled, and binds nobody any more. */
  readonly isOver: boolean;
  /** Milliseconds until its deadline; Infinity without one. */
  readonly remainingMs: number;
  /** What its own retries draw from; undefined if it makes none. */
  readonly allowance: Allowance | undefined;
  /** The one that it was itself made within. */
  readonly outer: OuterCall | undefined;
  /** Counts a retry that was made within it, or takes one back that was not in vain. */
  countRetry(change: 1 | -1): void;
}

/**
 * Held by the signal and the async context of its attempts, which sockets and timers may keep for ever. So it lets go of
 * the call when that has settled.
 */
export class EnclosingCall implements OuterCall {
  readonly method: string;
  readonly host: string;
  allowance: Allowance | undefined;
  #deadlineAt = Number.POSITIVE_INFINITY;
  #record: CallRecord | undefined;
  #clock: Clock | undefined;
  #outer: OuterCall | undefined;

  constructor(record: CallRecord, clock: Clock, outer: OuterCall | undefined) {
    this.method = record.method;
    this.host = record.host;
    this.#record = record;
    this.#clock = clock;
    this.#outer = outer;
  }

  /** An attempt begins. */
  enter(deadlineAt: number, allowance: Allowance | undefined): void {
    if (this.isOver) return;
    this.#deadlineAt = deadlineAt;
    this.allowance = allowance;
  }

  end(): void {
    this.#record = undefined;
    this.#clock = undefined;
    this.allowance = undefined;
  }

  get isOver(): boolean {
    return this.#record === undefined;
  }

  /** Without those that are over, or a chain of calls, each begun by the one before, would grow for ever. */
  get outer(): OuterCall | undefined {
    this.#outer = nearest(this.#outer);
    return this.#outer;
  }

  get remainingMs(): number {
    return this.#clock ? Math.max(0, this.#deadlineAt - this.#clock.now()) : Number.POSITIVE_INFINITY;
  }

  countRetry(change: 1 | -1): void {
    if (this.#record) this.#record.innerRetries += change;
  }
}

/** The first that is not over yet. */
function nearest(call: OuterCall | undefined): OuterCall | undefined {
  let found = call;
  while (found?.isOver) found = found.outer;
  return found;
}

/** All that are not over yet, from the inside out. */
export function* livingOuters(innermost: OuterCall | undefined): Generator<OuterCall> {
  for (let outer = nearest(innermost); outer; outer = nearest(outer.outer)) yield outer;
}

/** The instant when a call has to be over: by its own deadline, or that of a call which it is made within and waits for it. */
export function deadlineWithin(outer: OuterCall | undefined, ownAt: number, now: number): number {
  const living = nearest(outer);
  return living ? Math.min(ownAt, now + living.remainingMs) : ownAt;
}

const mark: unique symbol = Symbol.for('holdfast.outer-call/1') as never;

/** Lets calls that are handed this signal know what they are part of. */
export function markSignal(signal: AbortSignal, outer: OuterCall): void {
  if (Object.isExtensible(signal)) Object.defineProperty(signal, mark, { value: outer, configurable: true });
}

/** As much of `AsyncLocalStorage` as is needed. */
interface Storage {
  getStore(): OuterCall | undefined;
  run<Argument, Result>(
    store: OuterCall | undefined,
    work: (argument: Argument) => Result,
    argument: Argument,
  ): Result;
}

const place = Symbol.for('holdfast.outer-calls/1');
const shared = globalThis as unknown as {
  [place]?: Storage;
  process?: {
    getBuiltinModule?: (name: string) => { AsyncLocalStorage?: new () => Storage } | undefined;
  };
};

/** Makes sure that there is an async context, where the runtime can have one. It costs nobody before this. */
export function openContext(): void {
  if (shared[place]) return;
  const { AsyncLocalStorage } = shared.process?.getBuiltinModule?.('node:async_hooks') ?? {};
  if (AsyncLocalStorage)
    Object.defineProperty(shared, place, { value: new AsyncLocalStorage(), configurable: true });
}

/** Does work whose calls are part of `outer`. */
export function runWithin<Argument, Result>(
  outer: OuterCall,
  work: (argument: Argument) => Result,
  argument: Argument,
): Result {
  const context = shared[place];
  return context ? context.run(outer, work, argument) : work(argument);
}

/** The call that one is made within which has this signal and begins here and now. */
export function findOuter(signal: AbortSignal | undefined): OuterCall | undefined {
  const bySignal = signal && (signal as { [mark]?: OuterCall })[mark];
  return nearest(bySignal) ?? nearest(shared[place]?.getStore());
}
