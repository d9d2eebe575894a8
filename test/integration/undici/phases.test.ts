import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createFetch, explain, NetworkError, TimeoutError } from '../../../src/index.ts';
import { virtualClock } from '../../../src/testing/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';
import { type FaultServer, startFaultServer } from '../../support/fault-server.ts';
import { rejection } from '../../support/rejection.ts';

const limits = { attemptTimeoutMs: 2_000, retry: false } as const;

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe('what an attempt was at when its time was up', () => {
  async function timedOut(
    server: FaultServer,
    path: string,
    arrived: (server: FaultServer) => Promise<unknown>,
    init: RequestInit = {},
  ): Promise<TimeoutError> {
    const clock = virtualClock();
    await using fetch = createFetch({ clock, transport: undici(), ...limits });
    const call = rejection(TimeoutError, fetch(server.url(path), init));
    await arrived(server);
    await clock.advance(2_000);
    return await call;
  }

  test('waiting for the answer', async () => {
    await using server = await startFaultServer();
    const error = await timedOut(server, '/stall-headers', server => server.seen('/stall-headers'));
    expect(error).toMatchObject({ phase: 'wait', attempts: [{ phase: 'wait', sent: 'maybe' }] });
    expect(error.message).toMatch('no response headers within 2 s while waiting for the answer.');
    expect(explain(error)).toMatch('maybe sent, while waiting for the answer');
    expect(error.toJSON()).toMatchObject({ phase: 'wait' });
  });

  test('negotiating TLS, and so nothing was sent', async () => {
    await using server = await startFaultServer({ silent: true });
    const error = await timedOut(server, '/200', server => server.connected());
    expect(error).toMatchObject({ phase: 'tls', attempts: [{ phase: 'tls', sent: 'no' }] });
    expect(error.message).toMatch('while negotiating TLS');
  });

  test('sending a body that has not ended', async () => {
    await using server = await startFaultServer();
    const path = '/stall-headers';
    const error = await timedOut(server, path, server => server.headSeen(path), {
      method: 'POST',
      body: new ReadableStream({ start: controller => controller.enqueue(new Uint8Array(1)) }),
      duplex: 'half',
    } as RequestInit);
    expect(error).toMatchObject({ phase: 'send', attempts: [{ phase: 'send', sent: 'maybe' }] });
  });

  test('waiting for a free connection, and so nothing was sent', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, transport: undici({ maxConnections: 1 }), ...limits });
    const first = rejection(TimeoutError, fetch(server.url('/stall-headers/1')));
    await server.seen('/stall-headers/1');
    const policy = { attemptTimeoutMs: 1_000 };
    const second = rejection(TimeoutError, fetch(server.url('/stall-headers/2'), { policy }));
    await clock.advance(2_000);
    expect(await first).toMatchObject({ phase: 'wait' });
    expect(await second).toMatchObject({ phase: 'queue', attempts: [{ sent: 'no' }] });
    expect(await server.requests()).toHaveLength(1);
  });
});

describe('what an attempt was at when it failed', () => {
  const failed = async (url: string) => {
    await using fetch = createFetch({ transport: undici(), retry: false });
    return await rejection(NetworkError, fetch(url));
  };

  test('connecting to a port that nobody listens on', async () => {
    const error = await failed(`http://127.0.0.1:${await freePort()}/`);
    expect(error).toMatchObject({ phase: 'connect', reason: 'ECONNREFUSED', sent: 'no', transient: true });
  });

  test('looking up a name that does not exist', async () => {
    const error = await failed('http://does-not-exist.invalid/');
    expect(error).toMatchObject({ phase: 'dns', sent: 'no', transient: true });
  });

  test('negotiating TLS with a certificate that nobody vouches for', async () => {
    await using server = await startFaultServer({ tls: true });
    const error = await failed(server.url('/200'));
    expect(error).toMatchObject({ phase: 'tls', sent: 'no', transient: false });
  });

  test('waiting for an answer that does not come', async () => {
    await using server = await startFaultServer();
    const error = await failed(server.url('/reset-before-headers'));
    expect(error).toMatchObject({ phase: 'wait', sent: 'maybe', transient: true });
  });
});

test('a reset in the middle of the TLS handshake means that nothing was sent', async () => {
  const server = createServer(socket => socket.once('data', () => socket.resetAndDestroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await using fetch = createFetch({ transport: undici(), retry: false });
  const error = await rejection(NetworkError, fetch(`https://127.0.0.1:${port}/`, { method: 'POST' }));
  expect(error).toMatchObject({ phase: 'tls', reason: 'ECONNRESET', sent: 'no' });
  server.close();
});

test('with `retry.unsent` a POST is repeated that had not got a connection in time', async () => {
  await using server = await startFaultServer({ silent: true });
  const clock = virtualClock();
  const retry = { unsent: true, maxRetries: 1, baseDelayMs: 0 };
  await using fetch = createFetch({ clock, transport: undici(), attemptTimeoutMs: 2_000, retry });
  const call = rejection(TimeoutError, fetch(server.url('/200'), { method: 'POST', body: 'once' }));
  await server.connected();
  await clock.advance(2_000);
  await server.connected();
  await clock.advance(2_000);
  expect((await call).attempts).toMatchObject([
    { reason: 'retried', sent: 'no' },
    { reason: 'retries-exhausted', sent: 'no' },
  ]);
});
