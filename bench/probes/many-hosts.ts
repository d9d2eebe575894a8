import { liveHeapBytes, repeatInTurns } from '../measure.ts';
import type { Probe } from '../probe.ts';
import { answers } from './stub.ts';
import { countTimers } from './timers.ts';

/** A crawler's day: far more hosts than are remembered. */
export const manyHosts: Probe = {
  name: 'many-hosts',
  async run({ createFetch }, scale) {
    const hosts = 100_000 * scale;
    const fetch = createFetch({ fetch: answers });
    const call = async (index: number) => (await fetch(`http://kelp-${index}.internal/`)).json();

    const timers = countTimers();
    await repeatInTurns(call, 2_000);
    const heapBefore = await liveHeapBytes();
    await repeatInTurns(call, hosts);
    const grown = (await liveHeapBytes()) - heapBefore;
    const timersLeft = timers.live();
    timers.stop();

    const what = `after calls to ${hosts.toLocaleString('en')} hosts`;
    return [
      { what: `hosts remembered ${what}`, measured: fetch.hosts.size, limit: 1_000, unit: 'hosts' },
      { what: `timers left ${what}`, measured: timersLeft, limit: 0, unit: 'timers' },
      { what: `heap growth ${what}, beyond that of 2,000`, measured: grown, limit: 1_048_576, unit: 'bytes' },
    ];
  },
};
