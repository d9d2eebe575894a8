/** A response that its caller drops is collected, and its connection closed, also while undici holds on to the rest. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { createFetch } from '../../../src/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';
import { collected } from '../../support/garbage.ts';

const ways: Record<string, (response: Response) => unknown> = {
  unread: () => {},
  'after a look at its body': response => void response.body,
  'half read': async response => void (await response.body?.getReader().read()),
  cloned: response => void response.clone(),
  'cloned, after a look at both bodies': response => void [response.clone().body, response.body],
  cancelled: response => response.body?.cancel(),
};

test.each(Object.keys(ways))('%s', async name => {
  let isClosed = false;
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.on('close', () => {
      isClosed = true;
    });
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n');
      socket.write(Buffer.alloc(9_000_000));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await using fetch = createFetch({ transport: undici(), totalTimeoutMs: Number.POSITIVE_INFINITY });
  await (async () => ways[name]?.(await fetch(`http://127.0.0.1:${port}/`)))();
  await collected(() => isClosed, 500);
  expect(isClosed).toBe(true);
  server.close();
});
