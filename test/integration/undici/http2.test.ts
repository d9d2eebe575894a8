import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http2';
import { constants, createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetch, NetworkError } from '../../../src/index.ts';
import { type UndiciOptions, undici } from '../../../src/transport/undici/index.ts';
import { Listening } from '../../support/listening.ts';
import { rejection } from '../../support/rejection.ts';
import { Authority } from '../../support/tls.ts';

let authority: Authority;

beforeAll(() => {
  authority = new Authority();
});

afterAll(() => authority[Symbol.dispose]());

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

interface Http2Server extends AsyncDisposable {
  readonly url: string;
  readonly sessions: readonly ServerHttp2Session[];
  readonly listening: Listening;
}

async function serve(answer: Answer): Promise<Http2Server> {
  const server = createSecureServer({ ...authority.issue('DNS:localhost'), allowHTTP1: true });
  const sessions: ServerHttp2Session[] = [];
  server.on('session', session => sessions.push(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    answer(stream, headers);
  });
  server.on('request', (request, response) => {
    if (request.httpVersionMajor === 1) response.end('1.1');
  });
  const listening = await Listening.on(server);
  return {
    url: `https://localhost:${listening.port}/`,
    sessions,
    listening,
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}

const sending = (options: UndiciOptions = {}) =>
  createFetch({ transport: undici({ http2: true, tls: { ca: authority.ca }, ...options }), retry: false });

const ok: Answer = stream => {
  stream.respond({ ':status': 200 });
  stream.end('2');
};

test('is spoken with a server that speaks it', async () => {
  await using server = await serve(ok);
  await using fetch = sending();
  const response = await fetch(server.url);
  expect([response.status, await response.text()]).toEqual([200, '2']);
});

test('is not, unless it is asked for', async () => {
  await using server = await serve(ok);
  await using fetch = sending({ http2: false });
  expect(await (await fetch(server.url)).text()).toBe('1.1');
});

test('many requests share one connection', async () => {
  const waiting: ServerHttp2Stream[] = [];
  await using server = await serve(stream => {
    waiting.push(stream);
    // None is answered before all are there.
    if (waiting.length === 50) for (const each of waiting) ok(each, {});
  });
  await using fetch = sending();
  const responses = await Promise.all(Array.from({ length: 50 }, () => fetch(server.url)));
  expect(await Promise.all(responses.map(response => response.text()))).toEqual(Array(50).fill('2'));
  expect(server.sessions).toHaveLength(1);
});

test('bodies go both ways', async () => {
  await using server = await serve(stream => {
    stream.respond({ ':status': 201 });
    stream.pipe(stream);
  });
  await using fetch = sending();
  const body = 'x'.repeat(300_000);
  const response = await fetch(server.url, { method: 'POST', body });
  expect(response.status).toBe(201);
  expect(await response.text()).toBe(body);
});

test('an abort resets its stream and no other', async () => {
  const streams: ServerHttp2Stream[] = [];
  const { promise: bothThere, resolve: areBothThere } = Promise.withResolvers<void>();
  await using server = await serve(stream => {
    streams.push(stream);
    if (streams.length === 2) areBothThere();
  });
  await using fetch = sending();
  const controller = new AbortController();
  const aborted = fetch(`${server.url}aborted`, { signal: controller.signal });
  const kept = fetch(`${server.url}kept`);
  await bothThere;
  const reason = new Error('enough');
  const [ofAborted, ofKept] = streams as [ServerHttp2Stream, ServerHttp2Stream];
  const closed = once(ofAborted, 'close');
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  await closed;
  expect(ofAborted.aborted).toBe(true);
  ok(ofKept, {});
  expect(await (await kept).text()).toBe('2');
  expect(server.sessions).toHaveLength(1);
});

describe('a stream that the server resets is an error of its call alone', () => {
  test('before its headers', async () => {
    await using server = await serve((stream, headers) => {
      if (headers[':path'] === '/reset') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else ok(stream, headers);
    });
    await using fetch = sending();
    const [reset, other] = await Promise.allSettled([fetch(`${server.url}reset`), fetch(server.url)]);
    expect(reset).toMatchObject({ reason: { code: 'NETWORK', sent: 'maybe', transient: true } });
    expect(other).toMatchObject({ status: 'fulfilled' });
  });

  test('within its body', async () => {
    await using server = await serve(stream => {
      stream.respond({ ':status': 200 });
      stream.write('beginning', () => stream.destroy(new Error('lost')));
    });
    await using fetch = sending();
    const response = await fetch(server.url);
    await expect(response.text()).rejects.toThrow(TypeError);
  });
});

test('a server that says goodbye finishes what it has begun, and the next call gets a new connection', async () => {
  await using server = await serve((stream, headers) => {
    if (headers[':path'] === '/last') stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
    ok(stream, headers);
  });
  await using fetch = sending();
  expect(await (await fetch(`${server.url}last`)).text()).toBe('2');
  expect(await (await fetch(server.url)).text()).toBe('2');
  expect(server.sessions).toHaveLength(2);
});

test('a goodbye ends nothing that is under way', async () => {
  const open: ServerHttp2Stream[] = [];
  const { promise: twoThere, resolve } = Promise.withResolvers<void>();
  await using server = await serve((stream, headers) => {
    if (headers[':path'] !== '/held') ok(stream, headers);
    else if (open.push(stream) === 2) resolve();
  });
  await using fetch = sending();
  const held = [fetch(`${server.url}held`), fetch(`${server.url}held`)];
  await twoThere;
  const goodbye = once(server.sessions[0] as ServerHttp2Session, 'close');
  // Says so, and waits for its streams.
  server.sessions[0]?.close();
  // Told in order: the client has heard of the goodbye when it has got this.
  for (const stream of open) ok(stream, {});
  for (const response of await Promise.all(held)) expect(await response.text()).toBe('2');
  expect(await (await fetch(server.url)).text()).toBe('2');
  await goodbye;
  expect(server.sessions).toHaveLength(2);
});

test('a connection that is lost is an error of all its calls', async () => {
  let count = 0;
  await using server = await serve(stream => {
    if (++count === 3) stream.session?.destroy();
  });
  await using fetch = sending();
  const calls = Array.from({ length: 3 }, () => rejection(NetworkError, fetch(server.url)));
  for (const error of await Promise.all(calls))
    expect(error).toMatchObject({ sent: 'maybe', transient: true });
});

test('close() ends the session', async () => {
  await using server = await serve(ok);
  const fetch = sending();
  await (await fetch(server.url)).text();
  const [session] = server.sessions as [ServerHttp2Session];
  const closed = session.closed ? undefined : once(session, 'close');
  await fetch.close();
  await closed;
  await server.listening.deserted();
});
