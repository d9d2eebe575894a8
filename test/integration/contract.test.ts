import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type ApiOptions,
  binary,
  createApi,
  defineContract,
  endpoint,
  eventStream,
  form,
  jsonLines,
  multipart,
  stream,
  text,
} from '../../src/contract/index.ts';
import { createFetch, NetworkError } from '../../src/index.ts';

const Item = z.object({ n: z.int() });

const contract = defineContract({
  upload: endpoint({
    method: 'POST',
    path: '/upload',
    body: multipart(z.object({ title: z.string(), file: z.instanceof(Blob) })),
    responses: { 200: z.object({ title: z.string(), name: z.string(), type: z.string(), size: z.int() }) },
    idempotency: 'key',
  }),
  form: endpoint({
    method: 'POST',
    path: '/form',
    body: form(z.object({ a: z.string(), tags: z.array(z.string()) })),
    responses: { 200: form(z.object({ a: z.string(), tags: z.array(z.string()) })) },
  }),
  echo: endpoint({
    method: 'PUT',
    path: '/echo',
    body: binary({ type: 'image/png' }),
    responses: { 200: binary({ type: 'image/png' }) },
  }),
  pour: endpoint({ method: 'POST', path: '/echo', body: stream(), responses: { 200: stream() } }),
  events: endpoint({
    method: 'GET',
    path: '/events/{mode}',
    params: z.object({ mode: z.string() }),
    responses: { 200: eventStream(Item) },
  }),
  lines: endpoint({ method: 'GET', path: '/lines', responses: { 200: jsonLines(Item) } }),
  cut: endpoint({ method: 'GET', path: '/cut', responses: { 200: Item } }),
  hang: endpoint({ method: 'GET', path: '/hang', responses: { 200: Item } }),
  path: endpoint({
    method: 'GET',
    path: '/path/{a}/{b}',
    params: z.object({ a: z.string(), b: z.string() }),
    query: z.object({ q: z.string() }),
    cookies: z.object({ c: z.string() }),
    responses: { 200: z.object({ url: z.string(), cookie: z.string() }) },
  }),
  ok: endpoint({ method: 'GET', path: '/ok', responses: { 200: Item } }),
  page: endpoint({ method: 'GET', path: '/page', responses: { 200: text() } }),
});

/** What the server saw of the streams of one mode: the ids that they were asked to go on from. */
const askedFrom: (string | undefined)[] = [];
/** How many connections of each path were closed by the other side. */
const closed = new Map<string, number>();

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const json = (response: ServerResponse, value: unknown) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
};

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url as string, 'http://server.test');
  response.on('close', () => {
    if (!response.writableFinished) closed.set(url.pathname, (closed.get(url.pathname) ?? 0) + 1);
  });
  const { 'content-type': type = '' } = request.headers;
  switch (url.pathname.split('/')[1]) {
    case 'upload': {
      const data = await new Response(new Uint8Array(await bodyOf(request)), {
        headers: { 'content-type': type },
      }).formData();
      const file = data.get('file') as File;
      return json(response, { title: data.get('title'), name: file.name, type: file.type, size: file.size });
    }
    case 'form':
    case 'echo':
      response.writeHead(200, { 'content-type': type });
      response.end(await bodyOf(request));
      return;
    case 'events': {
      const from = request.headers['last-event-id'] as string | undefined;
      askedFrom.push(from);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const next = Number(from ?? 0) + 1;
      response.write(`retry: 1\nid: ${next}\ndata: {"n":${next}}\n\n`);
      if (next < 4) setImmediate(() => response.destroy());
      else response.end();
      return;
    }
    case 'lines':
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write('{"n":1}\n{"n":2}\n');
      return;
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"n":');
      setImmediate(() => response.destroy());
      return;
    case 'hang':
      return;
    case 'path':
      return json(response, { url: request.url, cookie: request.headers.cookie });
    case 'page':
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('x'.repeat(100_000));
      return;
    default:
      return json(response, { n: 1 });
  }
}

let server: Server;
let baseUrl: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
});

const apiOf = (options: Partial<ApiOptions> = {}) => createApi(contract, { baseUrl, ...options });

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(setImmediate);
}

describe('over real sockets', () => {
  test('a file arrives with its name, type and size', async () => {
    const file = new File([new Uint8Array(300_000)], 'größe.bin', { type: 'application/x-test' });
    expect(await apiOf().upload({ body: { title: 'A "title"', file } })).toEqual({
      title: 'A "title"',
      name: 'größe.bin',
      type: 'application/x-test',
      size: 300_000,
    });
  });

  test('a form comes back as it went', async () => {
    const body = { a: 'x & y=z', tags: ['ü', 'a,b'] };
    expect(await apiOf().form({ body })).toEqual(body);
  });

  test('bytes come back as they went, whole and as a stream', async () => {
    const api = apiOf();
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const blob = await api.echo({ body: bytes });
    expect(blob.type).toBe('image/png');
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(bytes);
    const poured = await api.pour({ body: new Blob([bytes]).stream() });
    expect(await new Response(poured).bytes()).toEqual(bytes);
  });

  test('a stream of events that drops three times comes whole, each event once', async () => {
    askedFrom.length = 0;
    const seen: number[] = [];
    for await (const { data } of await apiOf().events({ params: { mode: 'drop' } })) seen.push(data.n);
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(askedFrom).toEqual([undefined, '1', '2', '3']);
  });

  test('a reader that leaves a stream closes its connection', async () => {
    closed.clear();
    for await (const { n } of await apiOf().lines()) if (n === 2) break;
    await until(() => closed.get('/lines') === 1);
  });

  test('a body that is cut off is a NetworkError, and counts against the host', async () => {
    const fetch = createFetch({ retry: false });
    const result = await apiOf({ fetch }).cut.safe();
    expect(result).toEqual({ ok: false, error: expect.any(NetworkError) });
    expect(fetch.hosts.get('127.0.0.1')?.circuitBreaker.counts.failures).toBe(1);
  });

  test("the caller's abort closes the connection, before the headers and in the body", async () => {
    closed.clear();
    const api = apiOf();
    const reason = new Error('enough');
    for (const operation of [api.hang, api.page] as const) {
      const controller = new AbortController();
      const call = operation({}, { signal: controller.signal }).catch((error: unknown) => error);
      await new Promise(setImmediate);
      controller.abort(reason);
      expect(await call).toBe(reason);
    }
  });

  test('what is data stays data on the wire', async () => {
    const { url, cookie } = await apiOf().path({
      params: { a: '../admin', b: '//evil?x#y' },
      query: { q: 'a&b=c' },
      cookies: { c: 'd; e=f' },
    });
    expect(url).toBe('/path/..%2Fadmin/%2F%2Fevil%3Fx%23y?q=a%26b%3Dc');
    expect(cookie).toBe('c=d%3B%20e%3Df');
  });

  test('ten thousand calls of one client leave nothing behind', async () => {
    const fetch = createFetch();
    const api = apiOf({ fetch });
    const { signal } = new AbortController();
    for (let round = 0; round < 100; round++)
      await Promise.all(Array.from({ length: 100 }, () => api.ok({}, { signal })));
    const host = fetch.hosts.get('127.0.0.1');
    await until(() => host?.activeCalls === 0);
    expect(host?.counters.calls).toBe(10_000);
  });
});
