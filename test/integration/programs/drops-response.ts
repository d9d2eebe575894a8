/**
 * Drops a response unread and waits until the garbage collector has taken it.
 * Arguments: its URL. Needs --expose-gc. The process would stay up for as long as the connection is open.
 */
import { setImmediate } from 'node:timers/promises';
import { createFetch } from '../../../src/index.ts';

const url = process.argv[2]!;
let end: string | undefined;
const fetch = createFetch({
  totalTimeoutMs: false,
  attemptTimeoutMs: 60_000,
  observe: event => {
    if (event.type === 'body-end') end = event.end;
  },
});

/** In a function of its own, so that nothing here still names the response. */
const dropped = await (async () => new WeakRef(await fetch(url)))();

while (end === undefined || dropped.deref()) {
  globalThis.gc!();
  await setImmediate();
}
console.log(end, fetch.hosts.get(new URL(url).origin)?.activeCalls);
