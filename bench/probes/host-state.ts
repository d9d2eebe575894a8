import type { Holdfast } from '../holdfast.ts';
import { liveHeapBytes, measure, repeatInTurns, spread } from '../measure.ts';
import type { Probe } from '../probe.ts';
import { answers } from './stub.ts';

const rounds = 7;

/** What the first call to a host costs beyond the second, and what remains of it. */
export const hostState: Probe = {
  name: 'host-state',
  async run({ createFetch }, scale) {
    const hosts = 5_000 * scale;
    const micros: number[] = [];
    const bytes: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const { constructionMicros, bytesPerHost } = await meetHosts(createFetch, hosts, round);
      // The first round pays for compilation.
      if (round === 0) continue;
      micros.push(constructionMicros);
      bytes.push(bytesPerHost);
    }
    return [
      {
        what: 'construction of the state of a host',
        measured: spread(micros).median,
        limit: 80,
        unit: 'µs of CPU',
      },
      { what: 'state of a host', measured: spread(bytes).median, limit: 10_240, unit: 'bytes' },
    ];
  },
};

async function meetHosts(createFetch: Holdfast['createFetch'], hosts: number, round: number) {
  const urls = Array.from(
    { length: hosts },
    (_, host) => new URL(`http://kelp-${round}-${host}.internal/`).href,
  );
  const fetch = createFetch({ fetch: answers, maxHosts: hosts });
  const call = async (index: number) => (await fetch(urls[index] ?? '')).json();

  const heapBefore = await liveHeapBytes();
  const first = await measure(() => repeatInTurns(call, hosts));
  const bytesPerHost = ((await liveHeapBytes()) - heapBefore) / hosts;
  const second = await measure(() => repeatInTurns(call, hosts));
  if (fetch.hosts.size !== hosts) throw new Error(`${fetch.hosts.size} hosts are known of ${hosts}.`);
  await fetch.close();
  return { constructionMicros: (first.cpuMicros - second.cpuMicros) / hosts, bytesPerHost };
}
