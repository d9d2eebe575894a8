import { type Clock, MAX_TIMER_MS, type Timer } from '../pipeline/clock.ts';

export interface VirtualClockOptions {
  /**
   * The date, in milliseconds since the Unix epoch, at which the clock stands when it is made.
   * @defaultValue 2026-01-01T00:00:00Z
   */
  readonly startsAt?: number;
}

/** Time that stands still until it is moved. */
export interface VirtualClock extends Clock {
  /**
   * Moves time by `ms`, and fires what falls due on the way: in the order of time, and at one instant in the order in
   * which the timers were set.
   *
   * Before the first timer and after each one, every chain of promises comes to rest that can without more time: one
   * that ends in another timer sets it at the instant at which it would in life. `advance(0)` moves nothing, fires what
   * is due at the present instant, and lets things settle.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves time from timer to timer until none is set, as {@link advance} does, and says how far it moved: how long the
   * code under test would have taken at most.
   *
   * @throws Error if timers keep setting new ones.
   */
  runAll(): Promise<number>;
  /** Timers that are set. Those that let the process end count too. */
  readonly pending: number;
}

interface SetTimer {
  readonly callback: () => void;
  readonly at: number;
}

/** A timer that sets itself again for the same instant would hold the clock there for ever. */
const maxTimersPerAdvance = 1_000_000;

/** More than any call sets, few enough that a test which repeats something for ever hears of it at once. */
const maxTimersToIdle = 10_000;

/**
 * A clock for tests: nothing waits, nothing depends on how fast the machine is.
 *
 * A delay that real timers do not keep (negative, or beyond 24.8 days) throws, instead of firing at once as in life.
 *
 * @example
 * const clock = virtualClock();
 * const transport = scriptedTransport();
 * const fetch = createFetch({ clock, fetch: transport });
 *
 * const call = fetch('https://payments.internal/');
 * const slow = await transport.next();
 * await clock.advance(10_000);
 * slow.signal.aborted; // true: the attempt timeout gave it up
 */
export function virtualClock({ startsAt = Date.UTC(2026, 0, 1) }: VirtualClockOptions = {}): VirtualClock {
  // In the order in which they were set.
  const timers = new Set<SetTimer>();
  let now = 0;
  let isMoving = false;

  async function moveTo(end: number, maxTimers = maxTimersPerAdvance): Promise<void> {
    await settled();
    for (let fired = 0; ; fired++) {
      const next = earliest(timers, end);
      if (!next) break;
      if (fired === maxTimers) throw new Error(`Timers at ${now} ms keep setting new ones.`);
      timers.delete(next);
      now = next.at;
      next.callback();
      await settled();
    }
    if (end !== Number.POSITIVE_INFINITY) now = end;
  }

  async function move(end: number, maxTimers?: number): Promise<void> {
    if (isMoving)
      throw new Error(
        'The clock is being moved already: await the `advance` before this one, or the `runAll`.',
      );
    isMoving = true;
    try {
      await moveTo(end, maxTimers);
    } finally {
      isMoving = false;
    }
  }

  return {
    now: () => now,
    date: () => startsAt + now,
    setTimer(callback, delayMs) {
      if (!(delayMs >= 0 && delayMs <= MAX_TIMER_MS))
        throw new RangeError(`A timer should be set for 0 to ${MAX_TIMER_MS} ms, got ${delayMs}.`);
      const timer: SetTimer = { callback, at: now + delayMs };
      timers.add(timer);
      return timer;
    },
    clearTimer: (timer: Timer) => void timers.delete(timer as SetTimer),
    unrefTimer: () => {},
    get pending() {
      return timers.size;
    },
    async advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`Time moves forward, by at least 0 ms, got ${ms}.`);
      await move(now + ms);
    },
    async runAll() {
      const start = now;
      await move(Number.POSITIVE_INFINITY, maxTimersToIdle);
      return now - start;
    },
  };
}

function earliest(timers: Iterable<SetTimer>, end: number): SetTimer | undefined {
  let found: SetTimer | undefined;
  for (const timer of timers) if (timer.at <= end && (!found || timer.at < found.at)) found = timer;
  return found;
}

/** In Deno and in workerd a message overtakes promises that are still settling. What is put off there does not. */
const overtaking = /^(?:Deno|Cloudflare-Workers)\b/;
const doMessagesOvertake = overtaking.test(
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent ?? '',
);

/** The runtime's own, kept from before a test puts a fake one in its place. */
const { setImmediate, setTimeout } = globalThis as {
  setImmediate?: (callback: () => void) => unknown;
  setTimeout: (callback: () => void) => unknown;
};
const putOff = setImmediate ?? setTimeout;

/**
 * Resolves when every chain of promises that can go on without more time, or news from outside, has come to rest.
 *
 * It hands itself a message and waits for it. Runtimes deliver messages between tasks, and empty the queue of
 * microtasks before every task, however long the chains in it are; so no time passes and no number of turns is guessed.
 * (Not a timer, where messages will do: those are what fake timers replace.)
 */
export function settled(): Promise<void> {
  if (doMessagesOvertake) return new Promise(resolve => void putOff(resolve));
  return new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
