import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFetch, NetworkError } from '../../../src/index.ts';
import { type VirtualClock, virtualClock } from '../../../src/testing/index.ts';
import { type Addresses, DnsCache } from '../../../src/transport/undici/dns-cache.ts';
import { type UndiciOptions, undici } from '../../../src/transport/undici/index.ts';
import { scriptedLookup } from '../../support/lookups.ts';
import { rejection } from '../../support/rejection.ts';

const address: Addresses = [{ address: '192.0.2.1', family: 4 }];

describe('what names resolve to is remembered', () => {
  let clock: VirtualClock;
  let asked: string[] = [];
  let answers: PromiseWithResolvers<Addresses>[] = [];

  beforeEach(() => {
    clock = virtualClock();
    asked = [];
    answers = [];
  });

  const cache = (limits: { ttlMs?: number; maxNames?: number } = {}) => {
    const resolve = (hostname: string, family: number) => {
      asked.push(`${hostname}/${family}`);
      const answer = Promise.withResolvers<Addresses>();
      answers.push(answer);
      return answer.promise;
    };
    return new DnsCache(resolve, { ttlMs: 10, maxNames: 10, ...limits }, clock);
  };

  const answer = async (nth: number) => {
    answers[nth]?.resolve(address);
    await answers[nth]?.promise;
  };

  test('one question at a time, however long it takes', async () => {
    const { resolve } = cache();
    const first = resolve('a.test', 0);
    await clock.advance(1_000);
    const second = resolve('A.test', 0);
    expect(asked).toEqual(['a.test/0']);
    await answer(0);
    expect(await first).toBe(address);
    expect(await second).toBe(address);
  });

  test('for its time, from the answer on', async () => {
    const { resolve } = cache({ ttlMs: 10 });
    resolve('a.test', 0);
    await clock.advance(1_000);
    await answer(0);
    await clock.advance(9);
    resolve('a.test', 0);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    resolve('a.test', 0);
    expect(asked).toHaveLength(2);
  });

  test('each family apart', () => {
    const { resolve } = cache();
    resolve('a.test', 4);
    resolve('a.test', 6);
    expect(asked).toEqual(['a.test/4', 'a.test/6']);
  });

  test('but no failure', async () => {
    const { resolve } = cache();
    const failed = resolve('a.test', 0);
    answers[0]?.reject(new Error('no'));
    await expect(failed).rejects.toThrow('no');
    resolve('a.test', 0);
    expect(asked).toHaveLength(2);
  });

  test('of so many names, and then the oldest is forgotten', async () => {
    const { resolve } = cache({ maxNames: 2 });
    for (const name of ['a', 'b', 'c']) resolve(name, 0);
    for (const nth of [0, 1, 2]) await answer(nth);
    for (const name of ['c', 'b', 'a']) resolve(name, 0);
    expect(asked).toEqual(['a/0', 'b/0', 'c/0', 'a/0']);
  });

  test('a late failure of a forgotten question forgets no newer answer', async () => {
    const { resolve } = cache({ maxNames: 1 });
    const first = resolve('a', 0);
    resolve('b', 0);
    resolve('a', 0);
    await answer(2);
    answers[0]?.reject(new Error('late'));
    await expect(first).rejects.toThrow('late');
    resolve('a', 0);
    expect(asked).toEqual(['a/0', 'b/0', 'a/0']);
  });

  test('until it is forgotten, except for a question that is still open', async () => {
    const names = cache();
    names.resolve('a', 0);
    names.forget('a');
    names.resolve('a', 0);
    expect(asked).toHaveLength(1);
    await answer(0);
    names.forget('a');
    names.resolve('a', 0);
    expect(asked).toHaveLength(2);
  });
});

describe('over real connections', () => {
  let server: Server;
  let port: number;

  beforeAll(async () => {
    server = createServer((_, response) => response.end('{}'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ({ port } = server.address() as AddressInfo);
  });

  afterAll(() => server.close());

  const sending = (options: UndiciOptions) => createFetch({ transport: undici(options), retry: false });

  test('many calls at once ask once', async () => {
    const { lookup, asked } = scriptedLookup(['127.0.0.1']);
    await using fetch = sending({ lookup, dnsCache: {} });
    const calls = Array.from({ length: 20 }, () => fetch(`http://name.test:${port}/`));
    for (const response of await Promise.all(calls)) await response.text();
    expect(asked).toEqual(['name.test']);
  });

  test('without a cache each connection asks', async () => {
    const { lookup, asked } = scriptedLookup(['127.0.0.1']);
    await using fetch = sending({ lookup });
    const calls = Array.from({ length: 3 }, () => fetch(`http://name.test:${port}/`));
    for (const response of await Promise.all(calls)) await response.text();
    expect(asked).toHaveLength(3);
  });

  test('an address that cannot be connected to any more is asked for again', async () => {
    const { lookup, asked } = scriptedLookup(['127.0.0.2'], ['127.0.0.1']);
    await using fetch = sending({ lookup, dnsCache: {} });
    const error = await rejection(NetworkError, fetch(`http://moved.test:${port}/`));
    expect(error.reason).toBe('ECONNREFUSED');
    expect((await fetch(`http://moved.test:${port}/`)).status).toBe(200);
    expect(asked).toHaveLength(2);
  });

  test('a failure is told as that of the name, and asked about again', async () => {
    const notFound = Object.assign(new Error('not found'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
    const { lookup } = scriptedLookup(notFound, ['127.0.0.1']);
    await using fetch = sending({ lookup, dnsCache: {} });
    const error = await rejection(NetworkError, fetch(`http://new.test:${port}/`));
    expect(error).toMatchObject({ reason: 'ENOTFOUND', sent: 'no', transient: true });
    expect(error.attempts[0]).toMatchObject({ phase: 'dns' });
    expect((await fetch(`http://new.test:${port}/`)).status).toBe(200);
  });

  test('a lookup that gives one address, as those do that know no lists', async () => {
    const lookup: LookupFunction = (_name, _options, callback) => callback(null, '127.0.0.1', 4);
    await using fetch = sending({ lookup, dnsCache: {}, guard: { allow: ['127.0.0.1'] } });
    expect((await fetch(`http://one.test:${port}/`)).status).toBe(200);
  });

  describe.each([
    ['as it is', {}],
    ['with a cache', { dnsCache: {} }],
    ['with a guard', { guard: { allow: ['127.0.0.1'] } }],
  ])('what is wrong with a lookup is an error of the call: %s', (_, options: UndiciOptions) => {
    const failure = async (lookup: LookupFunction) => {
      await using fetch = sending({ ...options, lookup });
      return await rejection(NetworkError, fetch(`http://broken.test:${port}/`));
    };

    test('it throws', async () => {
      const error = await failure(() => {
        throw new Error('broken lookup');
      });
      expect(error).toMatchObject({ sent: 'no', message: expect.stringContaining('broken lookup') });
    });

    test.each([[[]], [['not an address']], [['127.0.0.1', '']]])('it finds %j', async addresses => {
      const error = await failure(scriptedLookup(addresses).lookup);
      expect(error).toMatchObject({ sent: 'no', reason: 'ENOTFOUND' });
      const { message } = error.cause as Error;
      expect(message).toContain('`lookup` should give addresses for broken.test, got [');
    });
  });

  test('Node is asked where no lookup is given', async () => {
    await using fetch = sending({ dnsCache: {} });
    expect((await fetch(`http://localhost:${port}/`)).status).toBe(200);
  });
});
