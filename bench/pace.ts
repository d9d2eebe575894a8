/** Requests at a fixed rate, whether or not those before have been answered. */
import { setTimeout as wait } from 'node:timers/promises';

export interface OpenLoop {
  readonly perSecond: number;
  readonly requests: number;
}

/**
 * How long each took in milliseconds, from the instant it was due and not from that at which it was sent: what a
 * stall of the client holds up counts as late, too.
 */
export async function pace(
  { perSecond, requests }: OpenLoop,
  get: () => Promise<unknown>,
): Promise<number[]> {
  const apartMs = 1_000 / perSecond;
  const startedAt = performance.now();
  const latencies: Promise<number>[] = [];
  const send = async (dueAt: number) => {
    await get();
    return performance.now() - dueAt;
  };
  while (latencies.length < requests) {
    const due = Math.min(requests, Math.floor((performance.now() - startedAt) / apartMs));
    while (latencies.length < due) latencies.push(send(startedAt + (latencies.length + 1) * apartMs));
    await wait(1);
  }
  return Promise.all(latencies);
}
