/** What a call has taken is given back on every path: the source of its body, the connections of its fetch. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createFetch } from '../../../src/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';

/** Takes connections and requests, and answers those for `/ok`. */
async function startServer() {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', data => {
      server.emit('request', String(data));
      if (String(data).includes('/ok')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    seen: () => once(server, 'request'),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A body that never ends, and when its source is told to stop. */
function endless() {
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream({
    start: controller => controller.enqueue(new Uint8Array(1)),
    cancel: reason => cancelled.resolve(reason),
  });
  return { init: { method: 'POST', body, duplex: 'half' } as RequestInit, cancelled: cancelled.promise };
}

describe('the source of a body is told to stop', () => {
  const reason = new Error('enough');

  test('when its call is aborted while it is sent', async () => {
    await using server = await startServer();
    await using fetch = createFetch({ transport: undici() });
    const controller = new AbortController();
    const { init, cancelled } = endless();
    const seen = server.seen();
    const call = fetch(server.url, { ...init, signal: controller.signal });
    await seen;
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(await cancelled).toBe(reason);
  });

  test('when its call is aborted while it waits for a connection', async () => {
    await using server = await startServer();
    await using fetch = createFetch({ transport: undici({ maxConnections: 1 }) });
    const seen = server.seen();
    const first = fetch(server.url).catch(() => {});
    await seen;
    const controller = new AbortController();
    const { init, cancelled } = endless();
    const call = fetch(server.url, { ...init, signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(await cancelled).toBe(reason);
    await fetch.close();
    await first;
  });

  test('when undici refuses the request', async () => {
    await using server = await startServer();
    await using fetch = createFetch({ transport: undici() });
    const { init, cancelled } = endless();
    const call = fetch(server.url, { ...init, headers: { 'Transfer-Encoding': 'chunked' } });
    await expect(call).rejects.toThrow(TypeError);
    expect(await cancelled).toBeDefined();
  });
});

test('a fetch that is closed twice has left once: the connections of the other close with it', async () => {
  await using server = await startServer();
  const transport = undici();
  const one = createFetch({ transport });
  const other = createFetch({ transport });
  await one.close();
  await one.close();
  await (await other(`${server.url}/ok`)).text();
  expect(server.sockets.size).toBe(1);
  const [socket] = server.sockets;
  const closed = once(socket!, 'close');
  await other.close();
  await closed;
  expect(server.sockets.size).toBe(0);
});

test('a Request whose stream always has more is sent as it comes, and stops with its call', async () => {
  await using server = await startServer();
  await using fetch = createFetch({ transport: undici() });
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream({
    pull: controller => controller.enqueue(new Uint8Array(1_000)),
    cancel: reason => cancelled.resolve(reason),
  });
  const controller = new AbortController();
  const init = { method: 'POST', body, duplex: 'half', signal: controller.signal } as RequestInit;
  const seen = server.seen();
  const call = fetch(new Request(server.url, init));
  expect(String(await seen)).toMatch(/transfer-encoding: chunked/i);
  controller.abort('enough');
  await expect(call).rejects.toBe('enough');
  expect(await cancelled.promise).toBeDefined();
});
