import type { Clock } from './clock.ts';

/** Waits `delayMs`, or rejects with the signal's own reason as soon as it aborts. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    const onAbort = () => {
      clock.clearTimer(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** How long one waits for something that may never come. */
export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly limitMs: number;
  /** What the wait ends with when its time is over. */
  tooLate(limitMs: number): unknown;
}

/**
 * What `coming` comes to, unless the signal aborts before, with its own reason, or time is up. Others may wait for the
 * same.
 */
export async function waitFor<Value>(
  coming: Promise<Value>,
  { clock, signal, limitMs, tooLate }: Patience,
): Promise<Value> {
  const end = Promise.withResolvers<never>();
  const timer = clock.setTimer(() => end.reject(tooLate(limitMs)), limitMs);
  const onAbort = () => end.reject(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort);
  try {
    return await Promise.race([coming, end.promise]);
  } finally {
    clock.clearTimer(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
