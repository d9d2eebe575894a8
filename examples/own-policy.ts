/**
 * A policy of one's own: signs each attempt with the time of sending, which the server accepts for a short while only.
 * It stands next to the transport, inside every wait: a signature made before a back-off would be stale after it.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFetch, type Policy } from 'holdfast';

const secret = 'kelp';
const sign = (path: string, sentAt: number | string): string =>
  createHmac('sha256', secret).update(`${path} ${sentAt}`).digest('hex');

function signed(): Policy {
  return function signed(call, next) {
    const { input, init, url } = call.request;
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
    const sentAt = call.runtime.clock.date();
    headers.set('X-Sent-At', String(sentAt));
    headers.set('X-Signature', sign(url.pathname, sentAt));
    return next({ ...call, request: { ...call.request, init: { ...init, headers } } });
  };
}

const seen = new Set<unknown>();
const server = createServer((request, response) => {
  const { 'x-sent-at': sentAt, 'x-signature': signature } = request.headers;
  if (signature !== sign(request.url ?? '', String(sentAt))) return void response.writeHead(401).end();
  seen.add(signature);
  response.writeHead(seen.size === 1 ? 503 : 200).end();
});
await once(server.listen(0), 'listening');
const url = `http://localhost:${(server.address() as AddressInfo).port}/v1/charges/42`;

const fetch = createFetch({
  retry: { jitter: 'equal' },
  policies: [{ policy: signed(), inside: 'attemptTimeout' }],
});
const response = await fetch(url);
console.log(`${response.status} after ${seen.size} attempts, each with a signature of its own`);

await fetch.close();
server.close();
