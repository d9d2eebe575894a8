/**
 * What a call shows to the calls that are made within its attempts, and how these find it: by the attempt's signal, which
 * works everywhere, and by the async context, where the runtime has one. Plain members and names that are shared, so that
 * two copies of the package in one program understand each other.
 */
import type { CallRecord } from '../call-record.ts';
import type { HostState } from '../hosts/host-state.ts';
import type { Clock } from './clock.ts';

/** Something that retries draw from. */
export interface Allowance {
  costOf(timedOut: boolean): number;
  tryWithdraw(cost: number): boolean;
  deposit(cost: number): void;
}

/** Finds what the retries of calls to a host draw from; undefined where there are none. */
export type AllowanceOf = (host: HostState) => Allowance | undefined;

/** As much of a call as those have to know that are made within it. */
interface Enclosed {
  readonly record: CallRecord;
  readonly host: HostState;
  readonly deadlineAt: number;
  readonly runtime: { readonly clock: Clock };
}

/** A call as those that are made within it see it. */
export interface OuterCall {
  /** Undefined, as its host, for a request that the program itself serves, and for a call that is over. */
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
  /** As it is within its attempts; undefined when it is over. */
  #call: Enclosed | undefined;
  #allowanceOf: AllowanceOf | undefined;
  #outer: OuterCall | undefined;

  constructor(call: Enclosed, outer: OuterCall | undefined) {
    this.#call = call;
    this.#outer = outer;
  }

  /** An attempt begins. */
  enter(call: Enclosed, allowanceOf: AllowanceOf): void {
    if (this.isOver) return;
    this.#call = call;
    this.#allowanceOf = allowanceOf;
  }

  end(): void {
    this.#call = undefined;
  }

  get method(): string | undefined {
    return this.#call?.record.method;
  }

  get host(): string | undefined {
    return this.#call?.record.host;
  }

  get isOver(): boolean {
    return this.#call === undefined;
  }

  get allowance(): Allowance | undefined {
    return this.#call && this.#allowanceOf?.(this.#call.host);
  }

  /** Without those that are over, or a chain of calls, each begun by the one before, would grow for ever. */
  get outer(): OuterCall | undefined {
    this.#outer = nearest(this.#outer);
    return this.#outer;
  }

  get remainingMs(): number {
    if (!this.#call) return Number.POSITIVE_INFINITY;
    const { deadlineAt, runtime } = this.#call;
    return Math.max(0, deadlineAt - runtime.clock.now());
  }

  countRetry(change: 1 | -1): void {
    if (this.#call) this.#call.record.innerRetries += change;
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

/** As much of `AsyncResource`: the context that it was made in. */
interface Resource {
  runInAsyncScope<Arguments extends unknown[], Result>(
    work: (...given: Arguments) => Result,
    thisArgument: unknown,
    ...given: Arguments
  ): Result;
}

interface AsyncHooks {
  readonly AsyncLocalStorage?: new () => Storage;
  readonly AsyncResource?: new (type: string) => Resource;
}

const place = Symbol.for('holdfast.outer-calls/1');
const shared = globalThis as unknown as {
  [place]?: Storage;
  process?: { getBuiltinModule?: (name: string) => AsyncHooks | undefined };
};

const { AsyncLocalStorage, AsyncResource } = shared.process?.getBuiltinModule?.('node:async_hooks') ?? {};

/** Makes sure that there is an async context, where the runtime can have one. It costs nobody before this. */
export function openContext(): void {
  if (!shared[place] && AsyncLocalStorage)
    Object.defineProperty(shared, place, { value: new AsyncLocalStorage(), configurable: true });
}

/**
 * Does work whose calls are part of `outer`.
 *
 * Within a resource, which restores the context exactly: a storage that has run leaves a new one with the old values,
 * and all that the call does afterwards would keep that alive.
 */
export function runWithin<Argument, Result>(
  outer: OuterCall,
  work: (argument: Argument) => Result,
  argument: Argument,
): Result {
  const context = shared[place];
  if (!context) return work(argument);
  if (!AsyncResource) return context.run(outer, work, argument);
  return new AsyncResource('holdfast').runInAsyncScope(context.run, context, outer, work, argument) as Result;
}

/** The call that one is made within which has this signal and begins here and now. */
export function findOuter(signal: AbortSignal | undefined): OuterCall | undefined {
  const bySignal = signal && (signal as { [mark]?: OuterCall })[mark];
  return nearest(bySignal) ?? nearest(shared[place]?.getStore());
}
