/** The caller goes away: the call rejects with the caller's own reason, and the server sees the connection close. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFetch } from 'holdfast';

const server = createServer();
await once(server.listen(0), 'listening');
const url = `http://localhost:${(server.address() as AddressInfo).port}/slow`;

const fetch = createFetch();
const caller = new AbortController();
const reason = new Error('the browser tab was closed');

const call = fetch(url, { signal: caller.signal }).catch(error => error);
const [request] = await once(server, 'request');
const closed = once(request.socket, 'close');
caller.abort(reason);

console.log('the very same reason:', (await call) === reason);
await closed;
console.log('the server saw the connection close');

await fetch.close();
server.close();
