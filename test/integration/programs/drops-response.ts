/**
 * Drops a response unread, runs the garbage collector and tells how the body ended, whether the response is gone and
 * how many calls are still active. Arguments: its URL, and the total timeout in milliseconds. Needs --expose-gc.
 */
import { setImmediate } from 'node:timers/promises';
import { createFetch } from '../../../src/index.ts';

const [url, totalTimeoutMs] = process.argv.slice(2) as [string, string];
let end = 'none';
const fetch = createFetch({
  totalTimeoutMs: Number(totalTimeoutMs),
  attemptTimeoutMs: 60_000,
  leaseMs: 60_000,
  observe: event => {
    if (event.type === 'body-end') end = event.end;
  },
});

/** In a function of its own, so that nothing here still names the response. */
const dropped = await (async () => new WeakRef(await fetch(url)))();

// A reference that was looked at holds until the end of the turn, so each look has turns of its own around it.
for (let round = 0; round < 100 && (end === 'none' || dropped.deref()); round++) {
  await setImmediate();
  globalThis.gc!();
  await setImmediate();
}
const host = fetch.hosts.get(new URL(url).origin);
console.log(end, dropped.deref() ? 'kept' : 'gone', host?.activeCalls);
process.exit();
