/** A response that was altered is dropped like any other: it is collected, and its connection closed. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { chaos } from '../../src/chaos/index.ts';
import { createFetch } from '../../src/index.ts';
import { collected } from '../support/garbage.ts';

const ways: Record<string, (response: Response) => unknown> = {
  unread: () => {},
  'after a look at its body': response => void response.body,
  cloned: response => void response.clone(),
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
  const faults = chaos({
    faults: [
      { type: 'slow-body', bytesPerSecond: 1 },
      { type: 'truncate', afterBytes: 1_000 },
    ],
  });
  await using fetch = createFetch({ policies: [faults], totalTimeoutMs: Number.POSITIVE_INFINITY });
  await (async () => ways[name]?.(await fetch(`http://127.0.0.1:${port}/`)))();
  await collected(() => isClosed, 100);
  expect(isClosed).toBe(true);
  server.close();
});
