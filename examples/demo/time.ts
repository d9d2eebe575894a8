import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds since the traffic began. */
export type Elapsed = () => number;

export async function sleepUntil(atMs: number, elapsed: Elapsed, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const delayMs = atMs - elapsed();
  if (delayMs > 0) await sleep(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}
