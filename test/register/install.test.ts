import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createFetch } from '../../src/index.ts';
import { install, uninstall } from '../../src/register/install/index.ts';

const original = Object.getOwnPropertyDescriptor(globalThis, 'fetch') as PropertyDescriptor;
const present = () => Object.getOwnPropertyDescriptor(globalThis, 'fetch');

let requests = 0;
const server = createServer((_, response) => {
  requests++;
  response.writeHead(503).end();
});
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

beforeAll(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise(resolve => server.close(resolve)));
beforeEach(() => {
  requests = 0;
});
afterEach(() => {
  Object.defineProperty(globalThis, 'fetch', original);
  uninstall();
});

const retryOnce = { retry: { maxRetries: 1, baseDelayMs: 0 }, hostPause: false } as const;

test('installs a resilient fetch, and puts back exactly what was there', async () => {
  const { fetch } = install(retryOnce);
  expect(globalThis.fetch).toBe(fetch);
  expect(present()).toEqual({ ...original, value: fetch });
  expect((await globalThis.fetch(url())).status).toBe(503);
  expect(requests).toBe(2);
  expect([...fetch.hosts]).toHaveLength(1);
  uninstall();
  expect(present()).toEqual(original);
});

test('a property that is hidden and fixed, or read by a getter, comes back as it was', () => {
  const value = async () => new Response();
  for (const property of [
    { value, writable: true, enumerable: false, configurable: true },
    { get: () => value, enumerable: true, configurable: true },
  ]) {
    Object.defineProperty(globalThis, 'fetch', property);
    const { fetch } = install();
    expect(present()).toMatchObject({ value: fetch, enumerable: property.enumerable });
    uninstall();
    expect(present()).toEqual({ ...('get' in property && { set: undefined }), ...property });
    Object.defineProperty(globalThis, 'fetch', { value: original.value, writable: true });
  }
});

test('twice is once: no call is retried by two, and two undo it', async () => {
  const first = install(retryOnce);
  const second = install();
  expect(second.fetch).toBe(first.fetch);
  uninstall();
  expect(globalThis.fetch).toBe(first.fetch);
  uninstall();
  expect(present()).toEqual(original);
  uninstall();
  expect(present()).toEqual(original);
});

test('nested installs do not stand on each other, and are undone in order', async () => {
  using _ = install(retryOnce);
  const outer = globalThis.fetch;
  {
    using inner = install(retryOnce);
    expect(globalThis.fetch).toBe(inner.fetch);
    await globalThis.fetch(url());
    expect(requests).toBe(2);
  }
  expect(globalThis.fetch).toBe(outer);
});

test('an install that is undone out of order says so, and undoes nothing', () => {
  const first = install({});
  const second = install({});
  expect(() => first[Symbol.dispose]()).toThrow(/in order, the latest first/);
  expect(globalThis.fetch).toBe(second.fetch);
  second[Symbol.dispose]();
  second[Symbol.dispose]();
  expect(globalThis.fetch).toBe(first.fetch);
  first[Symbol.dispose]();
  expect(present()).toEqual(original);
});

test("somebody else's fetch is not taken away, which is said; once it is gone ours can be", () => {
  const { fetch } = install();
  const mock: typeof globalThis.fetch = async () => new Response('mock');
  globalThis.fetch = mock;
  expect(() => uninstall()).toThrow(/somebody has replaced it since, and it is left alone/);
  {
    using again = install();
    expect(again.fetch).toBe(fetch);
  }
  expect(globalThis.fetch).toBe(mock);
  globalThis.fetch = fetch;
  uninstall();
  expect(present()).toEqual(original);
});

test('a fetch that somebody has put back by hand is no longer installed, and can be again', () => {
  const first = install();
  globalThis.fetch = original.value;
  const second = install();
  expect(globalThis.fetch).toBe(second.fetch);
  expect(second.fetch).not.toBe(first.fetch);
  first[Symbol.dispose]();
  expect(globalThis.fetch).toBe(second.fetch);
});

test('a mock that was there before and is undone takes ours out with it, and it can be installed again', () => {
  globalThis.fetch = async () => new Response('mock');
  const first = install();
  globalThis.fetch = original.value;
  uninstall();
  expect(present()).toEqual(original);
  const second = install();
  expect(globalThis.fetch).toBe(second.fetch);
  expect(second.fetch).not.toBe(first.fetch);
});

test('it stands on a fetch that was there before and is not the runtime’s', async () => {
  const seen = vi.fn(async () => new Response(null, { status: 503 }));
  globalThis.fetch = seen;
  using _ = install(retryOnce);
  await globalThis.fetch(url());
  expect(seen).toHaveBeenCalledTimes(2);
  expect(requests).toBe(0);
});

test('what a wrapper around it sends to it, it does not send to the wrapper', async () => {
  using _ = install({ undici: {} });
  const inner = globalThis.fetch;
  let calls = 0;
  globalThis.fetch = (...args) => {
    calls++;
    if (calls > 10) throw new Error('round in circles');
    return inner(...args);
  };
  expect(await (await globalThis.fetch('data:,kelp')).text()).toBe('kelp');
  await globalThis.fetch(url(), { integrity: '', mode: 'no-cors' });
  expect(calls).toBe(2);
  globalThis.fetch = inner;
});

test('a fetch by createFetch beside it sends by the original, once', async () => {
  using _ = install(retryOnce);
  await createFetch({ retry: false })(url());
  expect(requests).toBe(1);
});

test('calls that are open when it is undone go on, and who holds it can use it', async () => {
  const { fetch } = install({ retry: false });
  const open = globalThis.fetch(url());
  uninstall();
  expect((await open).status).toBe(503);
  expect((await fetch(url())).status).toBe(503);
});

test('a dispatcher that the program has set for undici is used, with options or without interceptors', async () => {
  const before = getGlobalDispatcher();
  const used = vi.fn();
  const composed = before.compose(dispatch => (options, handler) => {
    used();
    return dispatch(options, handler);
  });
  for (const dispatcher of [
    composed,
    new Agent({ connect: (_, callback) => callback(new Error('mine'), null) }),
  ]) {
    setGlobalDispatcher(dispatcher);
    using _ = install({ retry: false });
    const outcome = await globalThis.fetch(url()).then(String, error => String(error.cause?.cause ?? error));
    if (dispatcher !== composed) expect(outcome).toContain('mine');
    setGlobalDispatcher(before);
  }
  expect(used).toHaveBeenCalledTimes(1);
});

test.each<[string, object, RegExp]>([
  ['a transport', { transport: { send: fetch } }, /`transport` has no place here/],
  ['a fetch and undici', { fetch: original.value, undici: {} }, /`fetch` and `undici` contradict each other/],
  ['an option that is unknown', { retires: 1 }, /Unknown option `retires`/],
  ['a wrong option of undici', { undici: { connectTimeoutMs: -1 } }, /`connectTimeoutMs` should be/],
  ['no object', 5 as unknown as object, /should be an object/],
])('%s is refused, and nothing is installed', (_what, options, message) => {
  expect(() => install(options)).toThrow(message);
  expect(present()).toEqual(original);
});

test('without a fetch to replace there is nothing to install', () => {
  Reflect.deleteProperty(globalThis, 'fetch');
  expect(() => install()).toThrow(/There is no global `fetch` to replace/);
});
