/**
 * A payment whose answer is lost. Without a key nobody may try again, because it may have been executed, and it has.
 * With a key the service recognises the repetition and gives the first answer again.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFetch, NetworkError, responseInfo } from 'holdfast';

const answers = new Map<string, string>();
let executed = 0;

const server = createServer((request, response) => {
  const key = request.headers['idempotency-key'];
  const known = typeof key === 'string' ? answers.get(key) : undefined;
  if (known !== undefined) return void response.writeHead(201).end(known);

  executed++;
  const answer = `payment ${executed}`;
  if (typeof key === 'string') answers.set(key, answer);
  // Executed, and then the connection is gone.
  request.socket.resetAndDestroy();
});
await once(server.listen(0), 'listening');
const url = `http://localhost:${(server.address() as AddressInfo).port}/v1/payments`;

const fetch = createFetch();

try {
  await fetch(url, { method: 'POST', body: '{"amount":1200}' });
} catch (error) {
  if (!(error instanceof NetworkError)) throw error;
  console.log('without a key:', error.reason, '- sent:', error.sent, '- attempts:', error.attempts.length);
}

const response = await fetch(url, {
  method: 'POST',
  headers: { 'Idempotency-Key': 'order-7f3a' },
  body: '{"amount":1200}',
});
const attempts = responseInfo(response)?.attempts.length;
console.log('with a key:', response.status, await response.text(), '- attempts:', attempts);
console.log('two orders, executed:', executed);

await fetch.close();
server.close();
