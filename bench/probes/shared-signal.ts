import { getEventListeners } from 'node:events';
import { liveHeapBytes, repeatInTurns } from '../measure.ts';
import type { Finding, Probe } from '../probe.ts';
import { answers } from './stub.ts';
import { countTimers } from './timers.ts';

const url = 'http://kelp.internal/';

/** The signal of a server's shutdown, say, handed to every call for weeks. */
export const sharedSignal: Probe = {
  name: 'shared-signal',
  async run({ createFetch }, scale) {
    const fetch = createFetch({ fetch: answers });
    const { signal } = new AbortController();
    const read = async () => (await fetch(url, { signal })).json();
    const drop = async () => void (await fetch(url, { signal }));

    return [
      ...(await growth('calls', read, 1_000_000 * scale, signal)),
      ...(await growth('calls whose response nobody reads', drop, 100_000 * scale, signal)),
    ];
  },
};

async function growth(
  name: string,
  call: () => Promise<unknown>,
  calls: number,
  signal: AbortSignal,
): Promise<Finding[]> {
  // Tables of weak references grow in steps, and keep their size.
  await repeatInTurns(call, Math.min(calls, 100_000));
  const heapBefore = await liveHeapBytes();
  await repeatInTurns(call, calls);
  const grown = (await liveHeapBytes()) - heapBefore;
  const what = `after ${calls.toLocaleString('en')} ${name} with one signal`;
  return [
    { what: `heap growth ${what}`, measured: grown, limit: 1_048_576, unit: 'bytes' },
    {
      what: `listeners left ${what}`,
      measured: getEventListeners(signal, 'abort').length,
      limit: 0,
      unit: 'listeners',
    },
    {
      what: 'timers left by 10,000 more',
      measured: await timersLeftBy(call, 10_000),
      limit: 0,
      unit: 'timers',
    },
  ];
}

async function timersLeftBy(call: () => Promise<unknown>, calls: number): Promise<number> {
  const timers = countTimers();
  await repeatInTurns(call, calls);
  await liveHeapBytes();
  timers.stop();
  return timers.live();
}
