/**
 * Puts virtual time and seeded chance in place of the globals that clients look up. Peers take no clock, so the
 * globals are the only way in.
 */
import type { Random } from './random.ts';
import type { Scheduled, VirtualTime } from './virtual-time.ts';

/** Any date will do; a fixed one keeps HTTP dates the same in every run. */
const epochMs = Date.UTC(2026, 0, 1);

export interface FakeGlobals {
  /** Timers and intervals that are set and have neither fired nor been cleared. */
  readonly liveTimers: number;
  /** Puts the real globals back. */
  restore(): void;
}

export function fakeGlobals(time: VirtualTime, random: Random): FakeGlobals {
  const timers = new Timers(time);
  const restores = [
    replace(globalThis, 'setTimeout', timers.set),
    replace(globalThis, 'clearTimeout', timers.clear),
    replace(globalThis, 'setInterval', timers.setRepeating),
    replace(globalThis, 'clearInterval', timers.clear),
    replace(globalThis, 'setImmediate', timers.setImmediate),
    replace(globalThis, 'clearImmediate', timers.clear),
    replace(globalThis, 'Date', virtualDate(time)),
    replace(performance, 'now', () => time.nowMs),
    replace(AbortSignal, 'timeout', (delayMs: number) => timeoutSignal(timers, delayMs)),
    replace(Math, 'random', random),
  ];
  return {
    get liveTimers() {
      return timers.live;
    },
    restore: () => {
      for (const restore of restores) restore();
    },
  };
}

/** Shadows a property and tells how to undo it; what was inherited is inherited again. */
function replace(owner: object, name: string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  return () => {
    if (original) Object.defineProperty(owner, name, original);
    else delete (owner as Record<string, unknown>)[name];
  };
}

type Callback = (...parameters: unknown[]) => void;

class Timers {
  live = 0;
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  readonly set = (callback: Callback, delayMs?: number, ...parameters: unknown[]): FakeTimer =>
    this.#start(() => callback(...parameters), delayOf(delayMs), false);

  readonly setRepeating = (callback: Callback, delayMs?: number, ...parameters: unknown[]): FakeTimer =>
    this.#start(() => callback(...parameters), delayOf(delayMs), true);

  readonly setImmediate = (callback: Callback, ...parameters: unknown[]): FakeTimer =>
    this.#start(() => callback(...parameters), 0, false);

  readonly clear = (timer: unknown): void => {
    if (timer instanceof FakeTimer) timer.close();
  };

  #start(action: () => void, delayMs: number, repeats: boolean): FakeTimer {
    return new FakeTimer(this.#time, this, action, delayMs, repeats);
  }
}

/** As `setTimeout` reads its delay: at least 1 ms, and 1 ms for what it cannot hold. */
function delayOf(delayMs: number | undefined): number {
  const delay = Number(delayMs);
  return delay >= 1 && delay <= 2_147_483_647 ? delay : 1;
}

/** What Node's `setTimeout` returns, as far as clients use it. */
class FakeTimer {
  readonly #time: VirtualTime;
  readonly #timers: Timers;
  readonly #action: () => void;
  readonly #delayMs: number;
  readonly #repeats: boolean;
  #event: Scheduled | undefined;

  constructor(time: VirtualTime, timers: Timers, action: () => void, delayMs: number, repeats: boolean) {
    this.#time = time;
    this.#timers = timers;
    this.#action = action;
    this.#delayMs = delayMs;
    this.#repeats = repeats;
    this.#arm();
  }

  close(): this {
    if (this.#event) {
      this.#time.cancel(this.#event);
      this.#disarm();
    }
    return this;
  }

  refresh(): this {
    if (this.#event) {
      this.close();
      this.#arm();
    }
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #arm(): void {
    this.#timers.live++;
    this.#event = this.#time.schedule(this.#delayMs, () => this.#fire());
  }

  #disarm(): void {
    this.#timers.live--;
    this.#event = undefined;
  }

  #fire(): void {
    this.#disarm();
    if (this.#repeats) this.#arm();
    this.#action();
  }
}

function timeoutSignal(timers: Timers, delayMs: number): AbortSignal {
  const controller = new AbortController();
  timers.set(
    () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    delayMs,
  );
  return controller.signal;
}

function virtualDate(time: VirtualTime): DateConstructor {
  const RealDate = Date;
  const now = () => epochMs + Math.floor(time.nowMs);
  return new Proxy(RealDate, {
    construct: (target, parameters, newTarget) =>
      Reflect.construct(target, parameters.length === 0 ? [now()] : parameters, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
  });
}
