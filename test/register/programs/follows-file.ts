/** Calls, puts another policy file in place, waits until that has been taken in, and calls again. */
import { subscribe } from 'node:diagnostics_channel';
import { renameSync, writeFileSync } from 'node:fs';

const [url, changed] = process.argv.slice(2) as [string, string];
const file = process.env.HOLDFAST_POLICY as string;
const call = async () => console.log((await fetch(url)).status);
await call();
const { promise, resolve } = Promise.withResolvers<unknown>();
subscribe('holdfast:policy-updated', resolve);
subscribe('holdfast:policy-refused', resolve);
writeFileSync(`${file}.new`, changed);
renameSync(`${file}.new`, file);
// Nothing of ours does.
const alive = setInterval(() => {}, 60_000);
await promise;
clearInterval(alive);
await call();
