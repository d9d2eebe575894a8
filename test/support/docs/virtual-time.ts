/**
 * Time and chance for the programs in the pages: nothing waits, and what they print is the same every time. It takes
 * the place of the globals, because that is what the programs of readers will run on.
 */

interface Timer {
  readonly at: number;
  readonly callback: () => void;
  unref(): Timer;
  ref(): Timer;
}

const startsAt = Date.UTC(2026, 0, 1);
const timers = new Set<Timer>();
let now = 0;

/** Chance always comes out in the middle. */
const CHANCE = 0.5;

export function replaceTimeAndChance(): void {
  const set = (
    callback: (...parameters: unknown[]) => void,
    delayMs = 0,
    ...parameters: unknown[]
  ): Timer => {
    const timer: Timer = {
      at: now + Math.max(0, delayMs),
      callback: () => callback(...parameters),
      ref: () => timer,
      unref: () => timer,
    };
    timers.add(timer);
    return timer;
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: (timer: Timer) => timers.delete(timer) });
  performance.now = () => now;
  Date.now = () => startsAt + now;
  Math.random = () => CHANCE;
}

/** Moves time from timer to timer whenever nothing else goes on, until `isDone` says so. */
export async function passTimeUntil(isDone: () => boolean): Promise<void> {
  while (true) {
    await settled();
    if (isDone()) return;
    const next = earliest();
    if (!next) continue;
    timers.delete(next);
    now = next.at;
    next.callback();
  }
}

export function forgetTimers(): void {
  timers.clear();
  now = 0;
}

function earliest(): Timer | undefined {
  let found: Timer | undefined;
  for (const timer of timers) if (!found || timer.at < found.at) found = timer;
  return found;
}

/** Resolves when every chain of promises has come to rest: messages are delivered between tasks. */
function settled(): Promise<void> {
  return new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
