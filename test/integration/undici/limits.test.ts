import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import { createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';
import { Agent } from 'undici';
import { describe, expect, test } from 'vitest';
import { createFetch, NetworkError } from '../../../src/index.ts';
import { type UndiciOptions, undici } from '../../../src/transport/undici/index.ts';
import { startFaultServer } from '../../support/fault-server.ts';
import { Listening } from '../../support/listening.ts';
import { rejection } from '../../support/rejection.ts';

const sending = (options: UndiciOptions) => createFetch({ transport: undici(options), retry: false });
const serve = (listener: RequestListener) => Listening.on(createServer(listener));
const urlOf = ({ port }: Listening, path = '/') => `http://127.0.0.1:${port}${path}`;

describe('connectTimeoutMs', () => {
  test('covers a handshake that never ends', async () => {
    await using server = await startFaultServer({ silent: true });
    await using fetch = sending({ connectTimeoutMs: 50 });
    const error = await rejection(NetworkError, fetch(server.url('/')));
    expect(error).toMatchObject({ reason: 'UND_ERR_CONNECT_TIMEOUT', sent: 'no', transient: true });
    expect(error.attempts).toMatchObject([{ phase: 'tls' }]);
  });

  test.runIf(process.platform === 'linux')('covers a server that accepts nobody', async () => {
    await using server = await fullBacklog();
    await using fetch = sending({ connectTimeoutMs: 50 });
    const error = await rejection(NetworkError, fetch(`http://127.0.0.1:${server.port}/`));
    expect(error).toMatchObject({ reason: 'UND_ERR_CONNECT_TIMEOUT', sent: 'no', transient: true });
    expect(error.attempts).toMatchObject([{ phase: 'connect' }]);
  });

  test('covers a lookup that never answers', async () => {
    await using fetch = sending({ connectTimeoutMs: 50, lookup: () => {} });
    const error = await rejection(NetworkError, fetch('http://never.test/'));
    expect(error).toMatchObject({ reason: 'UND_ERR_CONNECT_TIMEOUT', sent: 'no', transient: true });
    expect(error.attempts).toMatchObject([{ phase: 'dns' }]);
  });

  test('may have a fraction, and need not be', async () => {
    await using server = await serve((_, response) => response.end('{}'));
    for (const limit of [500.5, Number.POSITIVE_INFINITY]) {
      const limits = { connectTimeoutMs: limit, headersTimeoutMs: limit, bodyTimeoutMs: limit };
      await using fetch = sending({ ...limits, keepAliveTimeoutMs: 0.5 + 1, maxKeepAliveTimeoutMs: 10.5 });
      expect((await fetch(urlOf(server))).status).toBe(200);
    }
  });
});

test('headersTimeoutMs: a server that does not answer', async () => {
  await using server = await serve(() => {});
  await using fetch = sending({ headersTimeoutMs: 50 });
  const error = await rejection(NetworkError, fetch(urlOf(server)));
  expect(error).toMatchObject({ reason: 'UND_ERR_HEADERS_TIMEOUT', sent: 'maybe', transient: true });
});

test('bodyTimeoutMs: a body that stops', async () => {
  await using server = await serve((_, response) => {
    response.write('beginning');
  });
  await using fetch = sending({ bodyTimeoutMs: 50 });
  const error = await rejection(TypeError, (await fetch(urlOf(server))).text());
  expect(error.cause).toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
});

test('maxConnections: what comes on top waits', async () => {
  const waiting: ServerResponse[] = [];
  const { promise: twoThere, resolve } = Promise.withResolvers<void>();
  await using server = await serve((_, response) => {
    if (waiting.push(response) === 2) resolve();
  });
  await using fetch = sending({ maxConnections: 2 });
  const calls = Array.from({ length: 5 }, () => fetch(urlOf(server)).then(response => response.text()));
  await twoThere;
  for (let answered = 0; answered < 5; ) {
    const next = waiting.shift();
    if (next) {
      next.end('{}');
      answered++;
    } else await new Promise(setImmediate);
    expect(server.sockets.length).toBeLessThanOrEqual(2);
  }
  await Promise.all(calls);
  expect(server.sockets).toHaveLength(2);
});

test('pipelining: requests share a connection before they are answered', async () => {
  const heads: string[] = [];
  const server = createTcpServer((socket: Socket) => {
    socket.on('data', data => {
      heads.push(...(data.toString().match(/GET \S+/g) ?? []));
      // The first alone, so that the client learns of the keep-alive; then all at once.
      if (heads.length === 1 || heads.length === 4) {
        const count = heads.length === 1 ? 1 : 3;
        socket.write(
          'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n{}'.repeat(count),
        );
      }
    });
  });
  await using listening = await Listening.on(server);
  await using fetch = sending({ maxConnections: 1, pipelining: 3 });
  await (await fetch(urlOf(listening, '/first'))).text();
  const responses = await Promise.all(['/a', '/b', '/c'].map(path => fetch(urlOf(listening, path))));
  for (const response of responses) expect(await response.text()).toBe('{}');
  expect(heads).toEqual(['GET /first', 'GET /a', 'GET /b', 'GET /c']);
  expect(listening.sockets).toHaveLength(1);
});

test('keepAliveTimeoutMs: an idle connection is closed', async () => {
  const server = createServer((_, response) => response.end('{}'));
  // Without a word of the server's own.
  server.keepAliveTimeout = 0;
  await using listening = await Listening.on(server);
  await using fetch = sending({ keepAliveTimeoutMs: 10 });
  await (await fetch(urlOf(listening))).text();
  await listening.deserted();
});

test('maxKeepAliveTimeoutMs: also where the server would keep it', async () => {
  await using listening = await serve((_, response) => {
    response.setHeader('keep-alive', 'timeout=600').end('{}');
  });
  await using fetch = sending({ maxKeepAliveTimeoutMs: 10 });
  await (await fetch(urlOf(listening))).text();
  await listening.deserted();
});

test('maxHeaderBytes: a head that is too large', async () => {
  await using server = await serve((_, response) => {
    response.setHeader('x-large', 'x'.repeat(2_000)).end();
  });
  await using fetch = sending({ maxHeaderBytes: 1_000 });
  const error = await rejection(NetworkError, fetch(urlOf(server)));
  expect(error).toMatchObject({ reason: 'UND_ERR_HEADERS_OVERFLOW', sent: 'yes', transient: false });
});

describe('socketPath', () => {
  test.skipIf(process.platform === 'win32')('is where all requests go', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
    const socketPath = join(folder, 'socket');
    const server = createServer((request, response) => response.end(request.headers.host));
    await using fetch = sending({ socketPath });
    const error = await rejection(NetworkError, fetch('http://docker/'));
    expect(error).toMatchObject({ reason: 'ENOENT', sent: 'no', transient: true });
    expect(error.attempts).toMatchObject([{ phase: 'connect' }]);
    await once(server.listen(socketPath), 'listening');
    expect(await (await fetch('http://docker/')).text()).toBe('docker');
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
});

describe('maxResponseBytes', () => {
  test('is the most that is taken, as a whole or as a stream', async () => {
    await using server = await serve((request, response) =>
      response.end('x'.repeat(Number(request.url?.slice(1)))),
    );
    await using fetch = sending({ maxResponseBytes: 1_000 });
    expect(await (await fetch(urlOf(server, '/1000'))).text()).toHaveLength(1_000);
    expect(await buffer(Readable.fromWeb((await fetch(urlOf(server, '/1000'))).body as never))).toHaveLength(
      1_000,
    );
    const error = await rejection(TypeError, (await fetch(urlOf(server, '/1001'))).text());
    expect(error.cause).toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
      message: expect.stringContaining('1000'),
    });
    const { body } = await fetch(urlOf(server, '/1001'));
    await expect(buffer(Readable.fromWeb(body as never))).rejects.toThrow(TypeError);
  });

  test.each<[string, (response: Response) => unknown]>([
    ['as it is', response => response.arrayBuffer()],
    ['from a clone', response => response.clone().text()],
    ['beside a clone', response => response.clone() && response.bytes()],
    ['when somebody has looked at the stream', response => response.body && response.blob()],
  ])('is 64 MiB for a body that is read as a whole: %s', async (_, read) => {
    await using server = await serve((__, response) => response.end(Buffer.alloc(65 << 20)));
    await using fetch = sending({});
    const error = await rejection(TypeError, Promise.resolve(read(await fetch(urlOf(server)))));
    expect(error.cause).toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  });

  describe.each([
    ['gzip', createGzip],
    ['br', createBrotliCompress],
    ['zstd', createZstdCompress],
  ])('stops a bomb of a gibibyte of zeros in %s', (coding, compress) => {
    const zeros = () =>
      Readable.from(
        (function* () {
          const piece = Buffer.alloc(1 << 20);
          for (let count = 0; count < 1024; count++) yield piece;
        })(),
      );

    test('without taking memory for it', async () => {
      await using server = await serve((_, response) => {
        response.setHeader('content-encoding', coding);
        const compressor = compress();
        zeros().pipe(compressor).pipe(response);
        // What the client does not want need not be made.
        response.on('close', () => compressor.destroy());
      });
      await using fetch = sending({});
      await using limited = sending({ maxResponseBytes: 1 << 20 });
      const before = process.memoryUsage().rss;
      const whole = await rejection(TypeError, (await fetch(urlOf(server))).arrayBuffer());
      expect(whole.cause).toMatchObject({
        code: 'RESPONSE_TOO_LARGE',
        message: expect.stringContaining('67108864'),
      });
      const { body } = await limited(urlOf(server));
      await expect(buffer(Readable.fromWeb(body as never))).rejects.toThrow(TypeError);
      // 64 MiB are allowed, and what is on its way.
      expect(process.memoryUsage().rss - before).toBeLessThan(320 * 1024 * 1024);
      await server.deserted();
    });
  });
});

/** Listens in a thread that sleeps, with as many connections waiting to be accepted as the system holds for it. */
async function fullBacklog(): Promise<AsyncDisposable & { readonly port: number }> {
  const thread = new Worker(
    `const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`,
    { eval: true },
  );
  const [port] = (await once(thread, 'message')) as [number];
  const waiting = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await once(waiting[0] as Socket, 'connect');
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      await thread.terminate();
    },
  };
}

test('an origin too many for a dispatcher is an error of ours, which may pass, and not of the host', async () => {
  await using one = await startFaultServer();
  await using other = await startFaultServer();
  const dispatcher = new Agent({ maxOrigins: 1 });
  await using fetch = createFetch({ transport: undici({ dispatcher }), retry: false });
  await (await fetch(one.url('/200'))).text();
  const error = await rejection(NetworkError, fetch(other.url('/200')));
  expect(error).toMatchObject({ reason: 'UND_ERR_MAX_ORIGINS_REACHED', sent: 'no', transient: true });
  expect(fetch.hosts.get(other.origin)?.circuitBreaker.counts).toEqual({ successes: 0, failures: 0 });
  await dispatcher.destroy();
});
