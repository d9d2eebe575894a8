/** A host that is mocked, one that is not, and what only the runtime's fetch does. */
import { createHash } from 'node:crypto';

const [url] = process.argv.slice(2) as [string];
const mocked = await fetch('http://mocked.example/');
console.log(await mocked.text(), (globalThis as { mocked?: number }).mocked);
const real = await fetch(url);
const text = await real.text();
console.log(real.status, text.length);
const integrity = `sha256-${createHash('sha256').update(text).digest('base64')}`;
console.log((await fetch(url, { integrity })).status);
console.log(await (await fetch('data:,kelp')).text());
