/** A shop goes on while the service behind it is slow, and then down: a bulkhead, a fallback and the last good answer. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFetch, type FallbackFailure, responseInfo } from 'holdfast';
import { httpCache } from 'holdfast/cache';

let state: 'well' | 'slow' | 'down' = 'well';
const held: ServerResponse[] = [];
const answers: Record<string, string> = { '/stock': '40 bolts', '/tips': 'nuts for your bolts' };
const server = createServer((request, response) => {
  const [path = ''] = (request.url ?? '').split('?');
  const answer = () => response.writeHead(200, { 'cache-control': 'max-age=0' }).end(answers[path]);
  if (state === 'down') response.destroy();
  else if (state === 'well') answer();
  else held.push(response.once('release', answer));
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const shop = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const fetch = createFetch({
  retry: false,
  // Two calls at once, and one that waits: the rest need not wait for a service that is slow.
  bulkhead: { maxConcurrent: 2, maxQueued: 1 },
  circuitBreaker: { consecutiveFailures: 2, minimumSilenceMs: 0 },
  cacheStore: httpCache(),
  cache: { staleIfErrorMs: 3_600_000, staleOnOpenCircuit: true },
  // Tips can be any. The stock has to be the shop's own, be it an hour old.
  fallback: {
    name: 'best sellers',
    answer: ({ request }: FallbackFailure) =>
      request.url.pathname.startsWith('/tips') ? new Response('everybody buys screws') : undefined,
  },
});

/** What came, and from where. */
async function ask(path: string): Promise<string> {
  const response = await fetch(shop + path);
  const { fallback, cache, queuedMs = 0 } = responseInfo(response) ?? {};
  const source = fallback
    ? `the fallback "${fallback}"`
    : cache?.status === 'stale'
      ? `the cache (${cache.because})`
      : queuedMs > 0
        ? 'the service, after its turn'
        : 'the service';
  return `${await response.text()}, from ${source}`;
}

console.log('The service is well.');
console.log(`  stock: ${await ask('/stock')}`);
console.log(`  tips:  ${await ask('/tips')}`);

state = 'slow';
console.log('It is slow, and five ask at once.');
const five = Array.from({ length: 5 }, (_, caller) => ask(`/tips?caller=${caller}`));
// Those who found no room have their answer although nobody else has one yet.
for (const answer of await Promise.all(five.slice(3))) console.log(`  at once: ${answer}`);
while (held.length < 2) await once(server, 'request');
state = 'well';
for (const response of held) response.emit('release');
for (const answer of await Promise.all(five.slice(0, 3))) console.log(`  later:   ${answer}`);

state = 'down';
console.log('It is down.');
for (let time = 1; time <= 3; time++) {
  console.log(`  stock: ${await ask('/stock')}`);
  console.log(`  tips:  ${await ask('/tips?new')}`);
}

await fetch.close();
server.close();
