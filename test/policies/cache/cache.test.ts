import { describe, expect, test } from 'vitest';
import type { FetchOptions } from '../../../src/index.ts';
import {
  CircuitOpenError,
  createFetch,
  explain,
  type HoldfastEvent,
  NetworkError,
  responseInfo,
} from '../../../src/index.ts';
import { type HttpCacheOptions, httpCache } from '../../../src/policies/cache/index.ts';
import type { CacheOptions } from '../../../src/policies/cache/options.ts';
import { answering } from '../../support/answering.ts';
import { harness, url } from '../../support/harness.ts';
import { rejection } from '../../support/rejection.ts';

/** An answer with a body, and these headers. */
const fresh =
  (text = 'kelp', headers: HeadersInit = { 'cache-control': 'max-age=60' }, status = 200) =>
  () =>
    new Response(text, { status, headers });

const confirmed =
  (headers: HeadersInit = {}) =>
  () =>
    new Response(null, { status: 304, headers });

interface Setting extends Omit<FetchOptions, 'cache'> {
  readonly cache?: CacheOptions;
  readonly store?: HttpCacheOptions;
}

const cached = ({ store = {}, cache = {}, ...options }: Setting = {}) =>
  harness({ retry: false, cache, cacheStore: httpCache(store), ...options });

const use = (response: Response) => responseInfo(response)?.cache;

const told = (events: readonly HoldfastEvent[], type: string) => events.filter(event => event.type === type);

async function read(response: Response | Promise<Response>): Promise<string> {
  return (await response).text();
}

describe('an answer that is fresh', () => {
  test('answers the next call for the same, with all that it had and its age', async () => {
    const headers = { 'cache-control': 'max-age=60', 'x-kelp': 'brown', etag: '"a"' };
    const transport = answering(fresh('kelp', headers, 203));
    const { fetch, clock } = cached({ fetch: transport });
    await read(fetch(url));
    await clock.advance(20_000);
    const response = await fetch(`${url}#part`);
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({ status: 203, url, redirected: false, ok: true, bodyUsed: false });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...headers,
      age: '20',
      'cache-status': 'holdfast; hit; ttl=40',
    });
    expect(use(response)).toEqual({ status: 'hit', ageMs: 20_000, because: undefined });
    const copy = response.clone();
    expect(copy.url).toBe(url);
    expect(await response.text()).toBe('kelp');
    expect(await copy.text()).toBe('kelp');
    expect(transport.calls).toHaveLength(1);
  });

  test('has a body of its own for each who asks', async () => {
    const { fetch } = cached({ fetch: answering(fresh()) });
    await read(fetch(url));
    const [first, second] = await Promise.all([fetch(url), fetch(url)]);
    const bytes = new Uint8Array(await first.arrayBuffer());
    bytes.fill(0);
    expect(await second.text()).toBe('kelp');
    expect(await read(fetch(url))).toBe('kelp');
  });

  test('does not end before it is due, and is no attempt', async () => {
    const transport = answering(fresh('one'), fresh('two'));
    const { fetch, clock, events } = cached({ fetch: transport });
    await read(fetch(url));
    await clock.advance(59_999);
    const hit = await fetch(url);
    expect(await hit.text()).toBe('one');
    expect(responseInfo(hit)?.attempts).toEqual([]);
    expect(told(events, 'attempt-start')).toHaveLength(1);
    await clock.advance(1);
    expect(await read(fetch(url))).toBe('two');
  });

  test('answers HEAD without a body', async () => {
    const transport = answering(fresh());
    const { fetch } = cached({ fetch: transport });
    await read(fetch(url));
    const response = await fetch(url, { method: 'HEAD' });
    expect(use(response)?.status).toBe('hit');
    expect(response.body).toBeNull();
  });

  test('answers nobody else: another set of credentials has answers of its own', async () => {
    const transport = answering(fresh('of anybody'), fresh('of Ada'), fresh('of Bob'));
    const { fetch } = cached({ fetch: transport });
    const as = (name: string) => ({ headers: { authorization: `Bearer ${name}` } });
    expect(await read(fetch(url))).toBe('of anybody');
    expect(await read(fetch(url, as('Ada')))).toBe('of Ada');
    expect(await read(fetch(url, as('Bob')))).toBe('of Bob');
    expect(await read(fetch(url, as('Ada')))).toBe('of Ada');
    expect(transport.calls).toHaveLength(3);
  });

  test('is not kept by a shared cache if it was asked for with Authorization, unless it says so', async () => {
    const authorized = { headers: { authorization: 'Bearer x' } };
    const refusing = cached({ fetch: answering(fresh()), store: { shared: true } });
    await read(refusing.fetch(url, authorized));
    expect(use(await refusing.fetch(url, authorized))?.status).toBe('miss');
    const publicly = answering(fresh('kelp', { 'cache-control': 'public, max-age=60' }));
    const allowing = cached({ fetch: publicly, store: { shared: true } });
    await read(allowing.fetch(url, authorized));
    expect(use(await allowing.fetch(url, { headers: { authorization: 'Bearer y' } }))?.status).toBe('hit');
  });

  test('answers only those who ask with the same headers, as far as Vary names them', async () => {
    const headers = { 'cache-control': 'max-age=60', vary: 'Accept-Language' };
    const transport = answering(fresh('kelp', headers), fresh('varech', headers));
    const { fetch } = cached({ fetch: transport });
    const inLanguage = (language: string) => read(fetch(url, { headers: { 'accept-language': language } }));
    expect(await inLanguage('en')).toBe('kelp');
    expect(await inLanguage('fr')).toBe('varech');
    expect(await inLanguage('en')).toBe('kelp');
    expect(transport.calls).toHaveLength(2);
  });
});

describe('an answer is not kept', () => {
  const refused: [why: string, headers: HeadersInit, status: number][] = [
    ['it says no-store', { 'cache-control': 'no-store, max-age=60' }, 200],
    ['it is a part', { 'cache-control': 'max-age=60', 'content-range': 'bytes 0-3/9' }, 206],
    ['it is a failure that may pass, whatever it says', { 'cache-control': 'max-age=60' }, 503],
    ['it varies by everything', { 'cache-control': 'max-age=60', vary: '*' }, 200],
    ['its length is not what it says', { 'cache-control': 'max-age=60', 'content-length': '99' }, 200],
    ['it would be of no use', {}, 200],
  ];
  test.each(refused)('if %s', async (_, headers, status) => {
    const transport = answering(fresh('kelp', headers, status));
    const { fetch } = cached({ fetch: transport });
    await read(fetch(url));
    await read(fetch(url));
    expect(transport.calls).toHaveLength(2);
  });

  test('if its body breaks off', async () => {
    const broken = () => {
      const source = new ReadableStream({
        start: controller => controller.enqueue(new TextEncoder().encode('ke')),
        pull: controller => controller.error(new TypeError('terminated')),
      });
      return new Response(source, { headers: { 'cache-control': 'max-age=60' } });
    };
    const { fetch } = cached({ fetch: answering(broken, fresh()) });
    await expect(read(fetch(url))).rejects.toThrow('terminated');
    expect(await read(fetch(url))).toBe('kelp');
  });

  test('if its reader gives it up, who then cancels it at its source', async () => {
    let cancelled: unknown;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: controller => controller.enqueue(new Uint8Array(8)),
          cancel: reason => {
            cancelled = reason;
          },
        }),
        { headers: { 'cache-control': 'max-age=60' } },
      );
    const { fetch } = cached({ fetch: answering(endless, fresh()) });
    const reader = (await fetch(url)).body?.getReader();
    await reader?.read();
    await reader?.cancel('enough');
    expect(cancelled).toBe('enough');
    expect(await read(fetch(url))).toBe('kelp');
  });

  test('if nobody reads it', async () => {
    const transport = answering(fresh('one'), fresh('two'));
    const { fetch } = cached({ fetch: transport });
    const unread = await fetch(url);
    expect(await read(fetch(url))).toBe('two');
    expect(await unread.text()).toBe('one');
  });

  test('if its body is above the bound, and all of it comes through', async () => {
    const transport = answering(fresh('kelp'.repeat(100)));
    const { fetch } = cached({ fetch: transport, store: { maxEntryBytes: 399 } });
    expect(await read(fetch(url))).toHaveLength(400);
    expect(await read(fetch(url))).toHaveLength(400);
    expect(transport.calls).toHaveLength(2);
  });

  test('if a call that was sent later has outdated it meanwhile', async () => {
    const { fetch, transport } = cached();
    const first = fetch(url);
    const get = await transport.next();
    const second = fetch(url, { method: 'POST' });
    (await transport.next()).respond();
    await second;
    get.respond(fresh('old')());
    expect(await read(first)).toBe('old');
    const third = fetch(url);
    (await transport.next()).respond(fresh('new')());
    expect(await read(third)).toBe('new');
  });
});

test('a body is read from its source no faster than its reader reads', async () => {
  let pulled = 0;
  const source = () =>
    new Response(
      new ReadableStream(
        {
          pull: controller => {
            pulled++;
            controller.enqueue(new Uint8Array(8));
          },
        },
        { highWaterMark: 0 },
      ),
      { headers: { 'cache-control': 'max-age=60' } },
    );
  const { fetch, clock } = cached({ fetch: answering(source) });
  const reader = (await fetch(url)).body?.getReader();
  await clock.advance(0);
  expect(pulled).toBe(0);
  await reader?.read();
  await clock.advance(0);
  expect(pulled).toBe(1);
});

describe('a stale answer', () => {
  test('is asked for again by its validators, and what the 304 says replaces what was kept', async () => {
    const headers = { etag: '"a"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT', 'x-kelp': 'old' };
    const transport = answering(
      fresh('kelp', { ...headers, 'cache-control': 'max-age=1' }),
      confirmed({ 'cache-control': 'max-age=60', 'x-kelp': 'new', 'x-more': 'yes' }),
    );
    const { fetch, clock } = cached({ fetch: transport });
    await read(fetch(url));
    await clock.advance(2_000);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-kelp': 'new',
      'x-more': 'yes',
      age: '0',
    });
    expect(response.headers.get('cache-status')).toBe('holdfast; fwd=stale; fwd-status=304; ttl=60');
    expect(await response.text()).toBe('kelp');
    expect(use(response)).toEqual({ status: 'revalidated', ageMs: 0, because: undefined });
    expect(Object.fromEntries(transport.requests[1]?.headers ?? [])).toMatchObject({
      'if-none-match': '"a"',
      'if-modified-since': headers['last-modified'],
    });
    expect(use(await fetch(url))?.status).toBe('hit');
  });

  test('gives way to another', async () => {
    const transport = answering(fresh('one', { etag: '"a"', 'cache-control': 'max-age=1' }), fresh('two'));
    const { fetch, clock } = cached({ fetch: transport });
    await read(fetch(url));
    await clock.advance(2_000);
    expect(await read(fetch(url))).toBe('two');
    expect(await read(fetch(url))).toBe('two');
    expect(transport.calls).toHaveLength(2);
  });

  test('is asked for once more, without conditions, if the 304 speaks of another', async () => {
    const transport = answering(
      fresh('one', { etag: '"a"', 'cache-control': 'max-age=1' }),
      confirmed({ etag: '"b"' }),
      fresh('two'),
    );
    const { fetch, clock } = cached({ fetch: transport });
    await read(fetch(url));
    await clock.advance(2_000);
    expect(await read(fetch(url))).toBe('two');
    expect(transport.requests[2]?.headers.has('if-none-match')).toBe(false);
  });

  const failing: [what: string, answer: number | Error, failure: number | string][] = [
    ['a 503', 503, 503],
    [
      'no answer',
      Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }),
      'ECONNREFUSED',
    ],
  ];
  test.each(
    failing,
  )('stands in for %s, as long as it may, and never silently', async (_, answer, failure) => {
    const transport = answering(fresh(), answer);
    const lines: string[] = [];
    const log = (_fields: object, message: string) => void lines.push(message);
    const { fetch, clock, events } = cached({
      fetch: transport,
      cache: { staleIfErrorMs: 30_000 },
      logger: { debug: log, info: log, warn: log, error: log },
    });
    await read(fetch(url));
    await clock.advance(80_000);
    const response = await fetch(url);
    expect(await response.text()).toBe('kelp');
    expect(use(response)).toEqual({ status: 'stale', ageMs: 80_000, because: 'error' });
    expect(response.headers.get('cache-status')).toContain('fwd=stale');
    expect(response.headers.get('cache-status')).toContain('ttl=-20; detail=error');
    expect(told(events, 'cache').at(-1)).toMatchObject({ status: 'stale', because: 'error', failure });
    expect(lines).toContain('answered from the cache with a stale answer: error');
    expect(explain(response)).toContain('answered from the cache, stale, 80000 ms old: the service failed');
    expect(responseInfo(response)?.attempts).toHaveLength(1);
    await clock.advance(10_000);
    const late = await fetch(url).catch((error: unknown) => error);
    expect(late instanceof Response ? late.status : late).toSatisfy(
      (end: unknown) => end === 503 || end instanceof NetworkError,
    );
  });

  test('stands in for a time-out of the whole call', async () => {
    const { fetch, transport, clock } = cached({ cache: { staleIfErrorMs: 600_000 }, totalTimeoutMs: 1_000 });
    const first = fetch(url);
    (await transport.next()).respond(fresh()());
    await read(first);
    await clock.advance(61_000);
    const second = fetch(url);
    const attempt = await transport.next();
    await clock.advance(1_000);
    expect(use(await second)?.because).toBe('error');
    expect(attempt.signal.aborted).toBe(true);
  });

  test.each(['must-revalidate', 'no-cache'])('never stands in if it says %s', async directive => {
    const headers = { 'cache-control': `max-age=60, ${directive}`, etag: '"a"' };
    const cache = { staleIfErrorMs: 600_000, staleWhileRevalidateMs: 600_000, staleOnOpenCircuit: true };
    const { fetch, clock } = cached({ fetch: answering(fresh('kelp', headers), 503), cache });
    await read(fetch(url));
    await clock.advance(61_000);
    expect((await fetch(url)).status).toBe(503);
  });

  test('does not stand in for the caller, who has gone', async () => {
    const { fetch, transport, clock } = cached({ cache: { staleIfErrorMs: 600_000 } });
    const first = fetch(url);
    (await transport.next()).respond(fresh()());
    await read(first);
    await clock.advance(61_000);
    const controller = new AbortController();
    const second = fetch(url, { signal: controller.signal });
    await transport.next();
    controller.abort('gone');
    await expect(second).rejects.toBe('gone');
  });

  test('stands in while the circuit is open, however old it is, if the policy says so', async () => {
    const cache = { staleOnOpenCircuit: true };
    const { fetch, clock } = cached({ fetch: answering(fresh()), cache });
    await read(fetch(url));
    await clock.advance(3_600_000);
    fetch.hosts.for(url).circuitBreaker.isolate();
    const response = await fetch(url);
    expect(await response.text()).toBe('kelp');
    expect(use(response)?.because).toBe('circuit-open');
    await rejection(CircuitOpenError, fetch(url, { policy: { cache: { staleOnOpenCircuit: false } } }));
    await rejection(CircuitOpenError, fetch(url, { policy: { cache: false } }));
    // It is not kept for ever.
    await clock.advance(86_400_000);
    await rejection(CircuitOpenError, fetch(url));
  });

  test('is given at once while another is asked for, one at a time, in nobody’s name', async () => {
    const { fetch, transport, clock, events } = cached({ cache: { staleWhileRevalidateMs: 30_000 } });
    const first = fetch(url);
    (await transport.next()).respond(fresh('one')());
    await read(first);
    await clock.advance(61_000);
    const controller = new AbortController();
    const stale = await fetch(url, { signal: controller.signal });
    controller.abort();
    expect(use(stale)).toMatchObject({ status: 'stale', because: 'revalidating' });
    expect(responseInfo(stale)?.attempts).toEqual([]);
    expect(await read(fetch(url))).toBe('one');
    const refresh = await transport.next();
    await transport.expectNone();
    expect(refresh.signal.aborted).toBe(false);
    refresh.respond(fresh('two')());
    await clock.advance(0);
    expect(told(events, 'cache-refresh')).toMatchObject([{ result: 'replaced', status: 200 }]);
    const renewed = await fetch(url);
    expect(use(renewed)?.status).toBe('hit');
    expect(await renewed.text()).toBe('two');
  });

  test('whose renewal fails says so, and is asked for again by the next', async () => {
    const transport = answering(fresh(), 503);
    const { fetch, clock, events } = cached({ fetch: transport, cache: { staleWhileRevalidateMs: 30_000 } });
    await read(fetch(url));
    await clock.advance(61_000);
    await read(fetch(url));
    await clock.advance(0);
    expect(told(events, 'cache-refresh')).toMatchObject([{ result: 'failed', status: 503 }]);
    await read(fetch(url));
    await clock.advance(0);
    expect(transport.calls).toHaveLength(3);
  });

  test('is no longer asked for when the client is closed', async () => {
    const { fetch, transport, clock, events } = cached({ cache: { staleWhileRevalidateMs: 30_000 } });
    const first = fetch(url);
    (await transport.next()).respond(fresh()());
    await read(first);
    await clock.advance(61_000);
    await read(fetch(url));
    const refresh = await transport.next();
    await fetch.close();
    await clock.advance(0);
    expect(refresh.signal.aborted).toBe(true);
    expect(told(events, 'cache-refresh')).toMatchObject([{ result: 'failed' }]);
    expect(clock.pending).toBe(0);
  });

  test('may be allowed by the service itself, and forbidden by the policy', async () => {
    const headers = { 'cache-control': 'max-age=1, stale-if-error=60, stale-while-revalidate=10' };
    const transport = answering(fresh('kelp', headers), 503);
    const { fetch, clock } = cached({ fetch: transport });
    await read(fetch(url));
    await clock.advance(5_000);
    expect(use(await fetch(url))?.because).toBe('revalidating');
    await clock.advance(20_000);
    expect(use(await fetch(url))?.because).toBe('error');
    const never = { policy: { cache: { staleIfErrorMs: false, staleWhileRevalidateMs: false } } } as const;
    expect((await fetch(url, never)).status).toBe(503);
  });
});

describe('a call that may change something', () => {
  const drops: [what: string, answer: () => Response, isDropped: boolean][] = [
    ['drops what is kept of its URL', () => new Response('', { status: 201 }), true],
    ['leaves it alone when it fails', () => new Response('', { status: 409 }), false],
  ];
  test.each(drops)('%s', async (_, answer, isDropped) => {
    const transport = answering(fresh(), answer, fresh());
    const { fetch } = cached({ fetch: transport });
    const authorization = { authorization: 'Bearer Ada', 'x-csrf-token': '1', 'idempotency-key': '2' };
    await read(fetch(url));
    await fetch(url, { method: 'POST', headers: authorization });
    expect(use(await fetch(url))?.status).toBe(isDropped ? 'miss' : 'hit');
  });

  test('drops where it says the result is, at the same origin', async () => {
    const transport = answering(
      fresh(),
      fresh(),
      () =>
        new Response('', { headers: { location: '/elsewhere', 'content-location': 'https://other.test/' } }),
    );
    const { fetch } = cached({ fetch: transport });
    const elsewhere = new URL('/elsewhere', url).href;
    await read(fetch(elsewhere));
    await read(fetch('https://other.test/'));
    await fetch(url, { method: 'DELETE' });
    expect(use(await fetch(elsewhere))?.status).toBe('miss');
    expect(use(await fetch('https://other.test/'))?.status).toBe('hit');
  });

  test('drops what is kept for everyone, of every variant', async () => {
    const headers = { 'cache-control': 'max-age=60', vary: 'accept' };
    const transport = answering(fresh('old', headers), 204, fresh('new', headers));
    const { fetch } = cached({ fetch: transport });
    const json = { headers: { accept: 'application/json' } };
    await read(fetch(url, json));
    await fetch(url, { method: 'PUT' });
    expect(await read(fetch(url))).toBe('new');
    expect(await read(fetch(url, json))).toBe('new');
  });
});

describe('the cache modes of fetch', () => {
  async function afterOne(mode: RequestCache, ageMs: number) {
    const transport = answering(fresh('one', { 'cache-control': 'max-age=60', etag: '"a"' }), fresh('two'));
    const { fetch, clock } = cached({ fetch: transport });
    await read(fetch(url));
    await clock.advance(ageMs);
    const text = await read(fetch(url, { cache: mode }));
    return { text, next: await read(fetch(url)), requests: transport.requests };
  }

  test('no-store passes by, and leaves what is kept', async () => {
    expect(await afterOne('no-store', 0)).toMatchObject({ text: 'two', next: 'one' });
  });

  test('reload asks, and keeps', async () => {
    const { text, next, requests } = await afterOne('reload', 0);
    expect({ text, next }).toEqual({ text: 'two', next: 'two' });
    expect(requests[1]?.headers.has('if-none-match')).toBe(false);
  });

  test('no-cache asks whether it still holds, however fresh', async () => {
    const { text, requests } = await afterOne('no-cache', 0);
    expect(text).toBe('two');
    expect(requests[1]?.headers.get('if-none-match')).toBe('"a"');
  });

  test('force-cache takes it, however stale', async () => {
    expect((await afterOne('force-cache', 3_600_000)).text).toBe('one');
  });

  test('only-if-cached takes it, however stale, and fails as fetch does without one', async () => {
    expect((await afterOne('only-if-cached', 3_600_000)).text).toBe('one');
    const { fetch, transport } = cached();
    const error = await rejection(TypeError, fetch(url, { cache: 'only-if-cached' }));
    expect(error).toMatchObject({ code: 'NETWORK', reason: 'NOT_CACHED', sent: 'no' });
    await transport.expectNone();
  });

  test('are those of a Request as well', async () => {
    const transport = answering(fresh('one'), fresh('two'));
    const { fetch } = cached({ fetch: transport });
    await read(fetch(url));
    expect(await read(fetch(new Request(url, { cache: 'no-store' })))).toBe('two');
    expect(await read(fetch(new Request(url)))).toBe('one');
  });

  test('a caller who asks conditionally, or for a part, has a cache of his own', async () => {
    const transport = answering(fresh('one'), confirmed(), fresh('part', {}, 206));
    const { fetch } = cached({ fetch: transport });
    await read(fetch(url));
    expect((await fetch(url, { headers: { 'If-None-Match': '"x"' } })).status).toBe(304);
    expect((await fetch(url, { headers: { Range: 'bytes=0-3' } })).status).toBe(206);
    expect(await read(fetch(url))).toBe('one');
  });
});

test('the memory is bounded in bytes, and the least recently used goes first', async () => {
  const transport = answering(fresh('k'.repeat(3_000)));
  const { fetch } = cached({ fetch: transport, store: { maxBytes: 10_000 } });
  const at = (path: string) => fetch(new URL(path, url));
  for (const path of ['/1', '/2', '/1', '/3']) await read(at(path));
  expect(use(await at('/1'))?.status).toBe('hit');
  expect(use(await at('/2'))?.status).toBe('miss');
});

test('a call of a client that is off costs no lookup and says nothing', async () => {
  const { fetch } = cached({ fetch: answering(fresh()), hosts: { 'payments.test': { cache: false } } });
  await read(fetch(url));
  expect(use(await fetch(url))).toBeUndefined();
});

describe('wrong options', () => {
  const make = (options: object) => () => createFetch(options);
  test('a cache without a store says where to get one', () => {
    expect(make({ cache: {} })).toThrow(
      "`cache` is on and there is nowhere to keep answers. Import `httpCache` from 'holdfast/cache' and give `cacheStore: httpCache()` to the client, or set the option to false.",
    );
    expect(make({ hosts: { 'a.test': { cache: {} } } })).toThrow("`hosts['a.test'].cache` is on");
  });

  test('nor can a single call have one', async () => {
    const { fetch } = harness({});
    await expect(fetch(url, { policy: { cache: {} } })).rejects.toThrow('`policy.cache` is on');
  });

  test('a store is not the cache over it', () => {
    expect(make({ cacheStore: new Map() })).toThrow(
      "`cacheStore` should be what `httpCache()` of 'holdfast/cache' makes",
    );
  });

  const wrong: [options: object, message: string][] = [
    [{ maxBytes: 0 }, '`httpCache.maxBytes` should be a whole number of at least 1, got 0.'],
    [
      { storeTimeoutMs: Infinity },
      '`httpCache.storeTimeoutMs` should be a number from 1 to 2147483647 (milliseconds)',
    ],
    [{ heuristicRatio: 2 }, '`httpCache.heuristicRatio` should be a number from 0 to 1, got 2.'],
    [{ store: {} }, '`httpCache.store.get` should be a function, got undefined.'],
    [{ store: new Map(), maxBytes: 1 }, '`httpCache.maxBytes` bounds memory'],
  ];
  test.each(wrong)('%o', (options, message) => {
    expect(() => httpCache(options)).toThrow(message);
  });

  test('of the policy', () => {
    const cacheStore = httpCache();
    expect(make({ cacheStore, cache: { staleIfErrorMs: -1 } })).toThrow(
      '`cache.staleIfErrorMs` should be a number of at least 0 (milliseconds), got -1.',
    );
    expect(make({ cacheStore, cache: { maxAgeMs: 1 } })).toThrow('Unknown option `cache.maxAgeMs`');
  });
});
