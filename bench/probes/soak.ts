import { setTimeout as wait } from 'node:timers/promises';
import { overUndici } from '../candidates.ts';
import { liveHeapBytes, repeat } from '../measure.ts';
import type { Probe } from '../probe.ts';
import { paths, startServer } from '../server.ts';
import { countSockets } from './sockets.ts';

const concurrency = 32;
/** The pool of undici was seen to hold twice as many as there are calls; what counts is that they stay bounded. */
const socketLimit = 2 * concurrency;
const stretches = 10;
/** The first of them fill pools, caches and windows. */
const warmUpStretches = 2;

/** A day's requests over real connections, one in a hundred of which fails. */
export const soak: Probe = {
  name: 'soak',
  async run({ createFetch }, scale) {
    const calls = scale < 1 ? 50_000 : 1_000_000;
    const server = await startServer();
    const sockets = countSockets();
    const transport = await overUndici();
    const fetch = createFetch({ transport });
    const url = new URL(paths.faulty, server.url).href;
    let failed = 0;
    // A body that breaks off is the caller's to see: nothing is sent again once the head has been given out.
    const call = async () => {
      try {
        await (await fetch(url)).json();
      } catch {
        failed++;
      }
    };

    let heapBefore = 0;
    let rssBefore = 0;
    let mostSockets = 0;
    for (let stretch = 1; stretch <= stretches; stretch++) {
      await repeat(call, calls / stretches, concurrency);
      mostSockets = Math.max(mostSockets, sockets.open());
      if (stretch === warmUpStretches) {
        heapBefore = await liveHeapBytes();
        rssBefore = process.memoryUsage().rss;
      }
    }
    const heapGrowth = (await liveHeapBytes()) - heapBefore;
    const rssGrowth = process.memoryUsage().rss - rssBefore;
    await fetch.close();
    await transport.close();
    for (let tries = 0; tries < 100 && sockets.open() > 0; tries++) await wait(20);
    const socketsLeft = sockets.open();
    server.close();

    const what = `of a soak of ${calls.toLocaleString('en')} requests`;
    return [
      { what: `heap growth ${what}`, measured: heapGrowth, limit: 1_048_576, unit: 'bytes' },
      {
        what: `growth of resident memory ${what}`,
        measured: rssGrowth,
        limit: 32 * 1_048_576,
        unit: 'bytes',
      },
      {
        what: `most sockets ${what}, ${concurrency} at once`,
        measured: mostSockets,
        limit: socketLimit,
        unit: 'sockets',
      },
      { what: `sockets left once closed ${what}`, measured: socketsLeft, limit: 0, unit: 'sockets' },
      { what: `calls that failed ${what}`, measured: failed, unit: 'calls' },
    ];
  },
};
