import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyv } from 'keyv';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { responseInfo } from '../../../src/index.ts';
import { httpCache } from '../../../src/policies/cache/index.ts';
import type { CacheStore } from '../../../src/policies/cache/store-shelf.ts';
import { answering } from '../../support/answering.ts';
import { type Harness, harness, url } from '../../support/harness.ts';
import { SqliteStore } from './support/sqlite-store.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function sqlite(path = ':memory:'): SqliteStore {
  const store = new SqliteStore(path);
  closing.push(() => store.close());
  return store;
}

const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => index % 256);
const answer =
  (text: BodyInit = bytes, headers: Record<string, string> = {}) =>
  () =>
    new Response(text, { headers: { 'cache-control': 'max-age=60', etag: '"a"', ...headers } });

interface Setting extends Harness {
  /** Until so many values have been written. */
  kept(count?: number): Promise<void>;
}

function over(store: CacheStore, fetch = answering(answer())): Setting {
  let written = 0;
  const counting: CacheStore = {
    get: key => store.get(key),
    delete: key => store.delete(key),
    on: (event, listener) => store.on?.(event, listener),
    set: async (...args) => {
      await store.set(...args);
      written++;
    },
  };
  return {
    ...harness({ retry: false, cache: {}, cacheStore: httpCache({ store: counting }), fetch }),
    kept: (count = 1) => until(() => written >= count),
  };
}

/** A digest is made in a thread of its own, so turns cannot be counted. */
const until = async (holds: () => boolean): Promise<void> => {
  await vi.waitUntil(holds, { interval: 1, timeout: 20_000 });
};

const failures = ({ events }: Harness) =>
  events.flatMap(event => (event.type === 'cache-store-failed' ? [event] : []));

const statusOf = async (response: Promise<Response>) => {
  const { body } = await response;
  await body?.cancel();
  return responseInfo(await response)?.cache?.status;
};

describe.each([
  ['a Keyv in memory', () => new Keyv()],
  ['a Keyv on SQLite', () => new Keyv({ store: sqlite() })],
  ['SQLite itself, as an adapter of Keyv', () => sqlite()],
  ['a Map', () => new Map()],
])('over %s', (_, make) => {
  test('an answer comes back as it was, byte by byte', async () => {
    const setting = over(make());
    await (await setting.fetch(url)).bytes();
    await setting.kept();
    const response = await setting.fetch(url);
    expect(responseInfo(response)?.cache?.status).toBe('hit');
    expect(response.url).toBe(url);
    expect(response.headers.get('etag')).toBe('"a"');
    expect(await response.bytes()).toEqual(bytes);
    expect(failures(setting)).toEqual([]);
  });

  test('variants are told apart, and dropped together', async () => {
    const transport = answering(
      answer('en', { vary: 'accept-language' }),
      answer('fr', { vary: 'accept-language' }),
      204,
    );
    const setting = over(make() as CacheStore, transport);
    const inLanguage = (language: string) => setting.fetch(url, { headers: { 'accept-language': language } });
    await (await inLanguage('en')).text();
    await setting.kept(2);
    await (await inLanguage('fr')).text();
    await setting.kept(4);
    expect(await (await inLanguage('en')).text()).toBe('en');
    expect(await (await inLanguage('fr')).text()).toBe('fr');
    await setting.fetch(url, { method: 'DELETE' });
    expect(await statusOf(inLanguage('en'))).toBe('miss');
    expect(await statusOf(inLanguage('fr'))).toBe('miss');
  });
});

test('another client, later, finds what was kept in a file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-'));
  closing.push(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'cache.sqlite');
  const first = over(new Keyv({ store: sqlite(path) }));
  await (await first.fetch(url)).text();
  await first.kept();
  const second = over(new Keyv({ store: sqlite(path) }));
  expect(await statusOf(second.fetch(url))).toBe('hit');
});

test('neither URLs nor credentials can be read from the keys', async () => {
  const store = sqlite();
  const setting = over(store);
  const secret = `${url}?api_key=s3cr3t`;
  const init = { headers: { authorization: 'Bearer t0k3n' } };
  await (await setting.fetch(secret, init)).text();
  await setting.kept(2);
  expect(await statusOf(setting.fetch(secret, init))).toBe('hit');
  const keys = (JSON.parse(store.dump()) as { key: string }[]).map(({ key }) => key);
  expect(keys).toHaveLength(2);
  for (const key of keys) expect(key).toMatch(/^holdfast:[0-9a-f]{64}$/);
  expect(store.dump()).not.toContain('t0k3n');
});

describe('a store that', () => {
  test('is down breaks no call, and is told of', async () => {
    const down = () => Promise.reject(new Error('connection refused'));
    const setting = over({ get: down, set: down, delete: down });
    expect((await setting.fetch(url)).status).toBe(200);
    expect(failures(setting)).toMatchObject([{ operation: 'get', error: { message: 'connection refused' } }]);
  });

  test('throws at once breaks no call either', async () => {
    const broken = () => {
      throw new Error('no');
    };
    const setting = over({ get: broken, set: broken, delete: broken });
    expect((await setting.fetch(url)).status).toBe(200);
    expect((await setting.fetch(url, { method: 'POST' })).status).toBe(200);
  });

  test('is a Keyv over one that is down, which does not reject, is told of as well', async () => {
    const adapter = sqlite();
    adapter.get = () => Promise.reject(new Error('disk on fire'));
    const setting = over(new Keyv({ store: adapter }));
    expect((await setting.fetch(url)).status).toBe(200);
    expect(failures(setting)[0]).toMatchObject({ operation: 'get', error: { message: 'disk on fire' } });
  });

  test('hangs delays a call by no more than its limit, and the next ones by nothing', async () => {
    let asked = 0;
    const hang = () => {
      asked++;
      return new Promise(() => {});
    };
    const setting = over({ get: hang, set: hang, delete: hang });
    const call = setting.fetch(url);
    await until(() => asked === 1);
    await setting.clock.advance(99);
    expect(setting.events.at(-1)?.type).toBe('call-start');
    await setting.clock.advance(1);
    expect((await call).status).toBe(200);
    expect(failures(setting)).toMatchObject([
      { operation: 'get', error: { message: 'the store took longer than 100 ms' } },
    ]);
    expect((await setting.fetch(url)).status).toBe(200);
    expect(asked).toBe(1);
    await setting.clock.advance(1_000);
    const later = setting.fetch(url);
    await until(() => asked === 2);
    await setting.clock.advance(100);
    await later;
  });

  test('hangs holds no caller who has gone', async () => {
    let asked = 0;
    const hang = () => {
      asked++;
      return new Promise(() => {});
    };
    const setting = over({ get: hang, set: hang, delete: hang });
    const controller = new AbortController();
    const call = setting.fetch(url, { signal: controller.signal });
    await until(() => asked === 1);
    controller.abort('gone');
    await expect(call).rejects.toBe('gone');
    expect(setting.clock.pending).toBe(0);
  });

  test('hangs while it is to keep something delays nobody', async () => {
    const hang = () => new Promise(() => {});
    const setting = over({ get: () => undefined, set: hang, delete: hang });
    expect(await (await setting.fetch(url)).bytes()).toEqual(bytes);
  });

  const rubbish = [
    '',
    'null',
    '{"v":1}',
    '{"v":99}',
    '[[',
    '{"v":1,"vary":"x"}',
    'ÿþ',
    '{"v":1,"vary":[],"generation":3}',
  ];
  test.each(rubbish)('holds %j holds nothing, and that is deleted', async text => {
    const store = sqlite();
    const setting = over(store, answering(answer('one'), answer('two')));
    await (await setting.fetch(url)).text();
    await setting.kept();
    store.corrupt(text);
    const response = await setting.fetch(url);
    expect(responseInfo(response)?.cache?.status).toBe('miss');
    expect(failures(setting)).toMatchObject([
      { operation: 'get', error: { message: 'what the store held cannot be read' } },
    ]);
    expect(store.dump()).toBe('[]');
    expect(await response.text()).toBe('two');
  });

  test('holds what is no text holds nothing', async () => {
    const setting = over({ get: () => ({ v: 1 }), set: () => {}, delete: () => {} });
    expect(await statusOf(setting.fetch(url))).toBe('miss');
    expect(failures(setting)).toHaveLength(1);
  });
});

test('what is kept is given a time to live: as long as it is of use', async () => {
  const lives: number[] = [];
  const store = {
    get: () => undefined,
    set: (_key: string, _value: string, ttlMs: number) => void lives.push(ttlMs),
    delete: () => {},
  };
  const setting = over(store);
  await (await setting.fetch(url)).text();
  await setting.kept();
  expect(lives).toEqual([60_000 + 86_400_000]);
});

/** A `Map` that stops at one of its methods until it is let go. */
function gated(at: 'get' | 'set') {
  const kept = new Map<string, string>();
  const gate = Promise.withResolvers<void>();
  let isArmed = false;
  let isReached = false;
  const pass = async (here: 'get' | 'set') => {
    if (!isArmed || here !== at) return;
    isReached = true;
    await gate.promise;
  };
  const store: CacheStore = {
    async get(key) {
      await pass('get');
      return kept.get(key);
    },
    async set(key, value) {
      await pass('set');
      kept.set(key, value);
    },
    delete: async key => kept.delete(key),
  };
  return {
    store,
    arm: () => {
      isArmed = true;
    },
    reached: () => until(() => isReached),
    open: () => {
      isArmed = false;
      gate.resolve();
    },
  };
}

describe('an answer that is being kept while a call changes something', () => {
  test.each(['get', 'set'] as const)('is not kept after all, with the store at its %s', async at => {
    const { store, arm, reached, open } = gated(at);
    const { fetch } = over(store, answering(answer('before'), answer('written'), answer('after')));
    const asked = await fetch(url, { cache: 'reload' });
    arm();
    await asked.text();
    await reached();
    const writing = fetch(url, { method: 'POST' });
    // Until it waits for what it has outdated.
    await until(() => fetch.hosts.get('payments.test')?.counters.attempts === 2);
    await (await fetch('https://other.test/', { policy: { cache: false } })).body?.cancel();
    open();
    await (await writing).body?.cancel();
    const response = await fetch(url);
    expect(responseInfo(response)?.cache?.status).toBe('miss');
    await response.body?.cancel();
  });
});
