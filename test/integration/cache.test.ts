import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createFetch, type HoldfastEvent, type HoldfastFetch, responseInfo } from '../../src/index.ts';
import { httpCache } from '../../src/policies/cache/index.ts';
import { collected } from '../support/garbage.ts';
import { Listening } from '../support/listening.ts';

interface Setting extends AsyncDisposable {
  readonly fetch: HoldfastFetch;
  readonly origin: string;
  readonly events: readonly HoldfastEvent[];
  readonly requests: readonly string[];
}

async function cachedFrom(answer: RequestListener): Promise<Setting> {
  const requests: string[] = [];
  const events: HoldfastEvent[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  const listening = await Listening.on(server);
  const observe = (event: HoldfastEvent) => void events.push(event);
  const fetch = createFetch({ cache: {}, cacheStore: httpCache(), retry: false, observe });
  return {
    fetch,
    events,
    requests,
    origin: `http://127.0.0.1:${listening.port}`,
    [Symbol.asyncDispose]: async () => {
      await fetch.close();
      await listening[Symbol.asyncDispose]();
    },
  };
}

const useOf = (response: Response) => responseInfo(response)?.cache?.status;
const fresh = { 'cache-control': 'max-age=60' };

test.each([
  'text',
  'json',
  'arrayBuffer',
  'blob',
  'bytes',
  'stream',
  'clone',
])('a body that is read as %s is kept, and reads the same again', async how => {
  const body = JSON.stringify({ kelp: 'k'.repeat(300_000) });
  await using setting = await cachedFrom((_, response) => response.writeHead(200, fresh).end(body));
  const { fetch, origin, requests, events } = setting;
  const read = async (response: Response): Promise<string> => {
    if (how === 'json') return JSON.stringify(await response.json());
    if (how === 'clone') {
      const [copy] = await Promise.all([response.clone().text(), response.text()]);
      return copy;
    }
    if (how === 'stream') {
      let text = '';
      for await (const chunk of (response.body as ReadableStream).pipeThrough(new TextDecoderStream()))
        text += chunk;
      return text;
    }
    const data = await response[how as 'text']();
    return typeof data === 'string' ? data : new Response(data as BodyInit).text();
  };
  expect(await read(await fetch(origin))).toBe(body);
  expect(events.filter(({ type }) => type === 'body-end')).toMatchObject([{ end: 'complete' }]);
  const second = await fetch(origin);
  expect(useOf(second)).toBe('hit');
  expect(await read(second)).toBe(body);
  expect(requests).toHaveLength(1);
  expect(fetch.hosts.get(origin)?.activeCalls).toBe(0);
});

test('a coded body is kept as it was read', async () => {
  const coded = { ...fresh, 'content-encoding': 'gzip' };
  await using setting = await cachedFrom((_, response) =>
    response.writeHead(200, coded).end(gzipSync('kelp')),
  );
  const { fetch, origin } = setting;
  expect(await (await fetch(origin)).text()).toBe('kelp');
  const second = await fetch(origin);
  expect(useOf(second)).toBe('hit');
  expect(await second.text()).toBe('kelp');
});

test('an answer after a redirect is not kept for where the redirect began', async () => {
  await using setting = await cachedFrom((request, response) => {
    if (request.url === '/old') response.writeHead(302, { location: '/new' }).end();
    else response.writeHead(200, fresh).end('kelp');
  });
  const { fetch, origin, requests } = setting;
  for (let call = 0; call < 2; call++) {
    const response = await fetch(`${origin}/old`);
    expect(response).toMatchObject({ redirected: true, url: `${origin}/new` });
    await response.text();
  }
  expect(requests.filter(request => request === 'GET /old')).toHaveLength(2);
});

test('a redirect that is handed out as it is answers nobody who wants it followed', async () => {
  await using setting = await cachedFrom((request, response) => {
    if (request.url === '/old') response.writeHead(301, { ...fresh, location: '/new' }).end();
    else response.writeHead(200).end('kelp');
  });
  const { fetch, origin } = setting;
  const manually = () => fetch(`${origin}/old`, { redirect: 'manual' });
  await (await manually()).text();
  const second = await manually();
  expect([useOf(second), second.status]).toEqual(['hit', 301]);
  expect(await (await fetch(`${origin}/old`)).text()).toBe('kelp');
});

test('a body that ends before its length is not kept', async () => {
  await using setting = await cachedFrom((_, response) => {
    response.writeHead(200, { ...fresh, 'content-length': 10 });
    response.write('kelp', () => response.destroy());
  });
  const { fetch, origin, requests } = setting;
  for (let call = 0; call < 2; call++) await expect((await fetch(origin)).text()).rejects.toThrow();
  expect(requests).toHaveLength(2);
});

describe('a response that might be kept', () => {
  test('and is dropped unread is collected, and its call ends', async () => {
    await using setting = await cachedFrom((_, response) =>
      response.writeHead(200, fresh).end('k'.repeat(100_000)),
    );
    const { fetch, origin, events } = setting;
    await (async () => void (await fetch(origin, { policy: { leaseMs: Number.POSITIVE_INFINITY } })))();
    const ends = () => events.filter(({ type }) => type === 'body-end');
    await collected(() => ends().length > 0);
    expect(ends()).toMatchObject([{ end: 'collected' }]);
  });

  test('is not taken for dropped while its body is read', async () => {
    await using setting = await cachedFrom((_, response) => {
      response.writeHead(200, fresh);
      response.write('ke');
      rest.promise.then(() => response.end('lp'));
    });
    const rest = Promise.withResolvers<void>();
    const { fetch, origin, events } = setting;
    const reader = await (async () => (await fetch(origin)).body?.getReader())();
    await reader?.read();
    await collected(() => events.some(({ type }) => type === 'body-end'), 10);
    expect(events.some(({ type }) => type === 'body-end')).toBe(false);
    rest.resolve();
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read());
    expect(useOf(await fetch(origin))).toBe('hit');
  });

  test('and is cancelled closes its connection', async () => {
    const closed = Promise.withResolvers<void>();
    await using setting = await cachedFrom((request, response) => {
      response.writeHead(200, fresh);
      response.write('kelp');
      once(request.socket, 'close').then(() => closed.resolve());
    });
    const response = await setting.fetch(setting.origin);
    await response.body?.cancel();
    await closed.promise;
    expect(setting.fetch.hosts.get(setting.origin)?.activeCalls).toBe(0);
  });
});
