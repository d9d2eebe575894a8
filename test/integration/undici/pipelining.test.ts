/** Requests that stand behind another on a connection that breaks: undici would send them anew, unasked. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createFetch, NetworkError, responseInfo } from '../../../src/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';
import { rejection } from '../../support/rejection.ts';

/** Breaks the first connection as soon as two requests are on it, and answers on all others. */
async function startServer() {
  const seen: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    const isFirst = sockets.push(socket) === 1;
    socket.on('error', () => {});
    socket.on('data', data => {
      const paths = [...String(data).matchAll(/^GET (\S+)/gm)].map(([, path]) => path ?? '');
      seen.push(...paths);
      if (!isFirst) for (const _ of paths) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      else if (seen.length === 2) socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const transport = () => undici({ pipelining: 4, maxConnections: 1 });

test('are not sent again without leave to repeat', async () => {
  await using server = await startServer();
  await using fetch = createFetch({ transport: transport(), retry: false });
  const calls = ['/a', '/b'].map(path => rejection(NetworkError, fetch(server.url + path)));
  for (const error of await Promise.all(calls))
    expect(error).toMatchObject({ sent: 'maybe', transient: true });
  expect(server.seen).toEqual(['/a', '/b']);
});

test('are repeated as the policy says, and that is told of', async () => {
  await using server = await startServer();
  await using fetch = createFetch({ transport: transport(), retry: { baseDelayMs: 0 } });
  const responses = await Promise.all(['/a', '/b'].map(path => fetch(server.url + path)));
  expect(responses.map(response => responseInfo(response)?.attempts.length)).toEqual([2, 2]);
  expect(server.seen.toSorted()).toEqual(['/a', '/a', '/b', '/b']);
});
