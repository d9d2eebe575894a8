/** A server closes a connection that lies idle, and at the same time a request sets out on it. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createFetch, type FetchOptions, NetworkError, responseInfo } from '../../../src/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';
import { rejection } from '../../support/rejection.ts';

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

interface Server extends AsyncDisposable {
  readonly url: string;
  /** Requests by the connection that they came on. */
  readonly seen: readonly number[];
}

/** Answers the first request of each connection, and resets the connection at the next one as far as it `isClosing`. */
async function startServer(isClosing: (connection: number) => boolean): Promise<Server> {
  const sockets: Socket[] = [];
  const seen: number[] = [];
  const server = createServer(socket => {
    const connection = sockets.push(socket);
    let requests = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      seen.push(connection);
      requests++;
      if (requests > 1 && isClosing(connection)) socket.resetAndDestroy();
      else socket.write(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/`,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A fetch whose connection has served one call already. */
async function warm(server: Server, options: FetchOptions = {}) {
  const fetch = createFetch({ transport: undici(), ...options });
  await (await fetch(server.url)).text();
  // undici looks at a connection for a turn of the event loop before it uses it again.
  await setImmediate();
  return fetch;
}

describe('a call on a connection that was closed while it lay idle', () => {
  test('is repeated at once on another one', async () => {
    await using server = await startServer(() => true);
    await using fetch = await warm(server);
    const response = await fetch(server.url);
    expect(await response.text()).toBe('ok');
    expect(server.seen).toEqual([1, 1, 2]);
    expect(responseInfo(response)?.attempts).toMatchObject([
      { outcome: 'transient', reason: 'retried', delayMs: 0, sent: 'maybe' },
      { outcome: 'success' },
    ]);
  });

  test('also where no retries are left, since this is none of the service', async () => {
    await using server = await startServer(() => true);
    await using fetch = await warm(server, { retry: { maxRetries: 0 } });
    expect((await fetch(server.url)).status).toBe(200);
    expect(fetch.hosts.get(new URL(server.url).origin)?.counters.retries).toBe(1);
  });

  test('is not repeated without leave to repeat', async () => {
    await using server = await startServer(() => true);
    await using fetch = await warm(server, { retry: false });
    const error = await rejection(NetworkError, fetch(server.url));
    expect(error).toMatchObject({ sent: 'maybe', phase: 'wait' });
    expect(server.seen).toEqual([1, 1]);
  });

  test('is not repeated if it is a POST without a key', async () => {
    await using server = await startServer(() => true);
    await using fetch = await warm(server);
    const error = await rejection(NetworkError, fetch(server.url, { method: 'POST', body: 'order' }));
    expect(error.attempts).toMatchObject([{ reason: 'not-repeatable' }]);
    expect(server.seen).toEqual([1, 1]);
  });

  test('is repeated if it is a POST with a key', async () => {
    await using server = await startServer(() => true);
    await using fetch = await warm(server);
    const init = { method: 'POST', body: 'order', headers: { 'Idempotency-Key': 'k1' } };
    expect((await fetch(server.url, init)).status).toBe(200);
  });

  test('says nothing bad of the host', async () => {
    await using server = await startServer(() => true);
    const circuitBreaker = { minimumThroughput: 1, failureRatio: 0.1 };
    await using fetch = await warm(server, { circuitBreaker, retry: false });
    await rejection(NetworkError, fetch(server.url));
    expect(fetch.hosts.get(new URL(server.url).origin)?.circuitBreaker.state).toBe('closed');
  });
});

test('a reset on a fresh connection is a failure like any other', async () => {
  const server = createServer(socket => socket.once('data', () => socket.resetAndDestroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await using fetch = createFetch({ transport: undici(), retry: { maxRetries: 0 } });
  const error = await rejection(NetworkError, fetch(`http://127.0.0.1:${port}/`));
  expect(error.attempts).toMatchObject([{ reason: 'retries-exhausted' }]);
  server.close();
});
