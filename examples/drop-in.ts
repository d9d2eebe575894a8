/** The same call through the global `fetch` and through ours, to a service that refuses one request in two. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFetch, explain } from 'holdfast';

let requests = 0;
const server = createServer((_, response) => {
  requests++;
  if (requests % 2 === 1) response.writeHead(503).end('busy');
  else response.setHeader('content-type', 'application/json').end('{"id":42,"status":"paid"}');
});
await once(server.listen(0), 'listening');
const url = `http://localhost:${(server.address() as AddressInfo).port}/v1/charges/42`;

const raw = await globalThis.fetch(url);
console.log('fetch:   ', raw.status, await raw.text());
requests = 0;

const fetch = createFetch();
const response = await fetch(url);
console.log('holdfast:', response.status, await response.text());
console.log(explain(response));

await fetch.close();
server.close();
