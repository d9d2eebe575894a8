/** A timer that has been set; what it is depends on the clock that made it. */
export type Timer = unknown;

/**
 * The one way to time. Everything that waits, measures or expires asks the clock it was given,
 * so a test can hold time still and move it by hand.
 */
export interface Clock {
  /** Milliseconds on a scale that never jumps back. */
  now(): number;
  /** Milliseconds since the Unix epoch, for HTTP dates. */
  date(): number;
  /** Calls back once after `delayMs`, 0 to {@link MAX_TIMER_MS}. */
  setTimer(callback: () => void, delayMs: number): Timer;
  clearTimer(timer: Timer): void;
  /** Lets the process end although the timer is still set, where the runtime knows such a thing. */
  unrefTimer(timer: Timer): void;
}

/** The one way to chance: a number from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** The longest timer that runtimes keep: beyond 2^31 − 1 ms (24.8 days) `setTimeout` fires at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** The machine's own time. Globals are looked up at each call, so that fake timers in tests take effect. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: timer => clearTimeout(timer as ReturnType<typeof setTimeout>),
  unrefTimer: timer => (timer as { unref?: () => void }).unref?.(),
};

/** The machine's own chance. */
export const systemRandom: Random = () => Math.random();

/** A fresh unique identifier (UUID version 4, RFC 9562 §5.4). */
export const uniqueId = (): string => crypto.randomUUID();
