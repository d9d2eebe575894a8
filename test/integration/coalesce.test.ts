import { describe, expect, test } from 'vitest';
import { createFetch, responseInfo } from '../../src/index.ts';
import { filler, startFaultServer } from '../support/fault-server.ts';

/** Identical calls over real sockets: the server is the witness. */

describe('identical calls', () => {
  test('are one request to the server, be they a thousand', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ coalesce: true });
    const calls = Array.from({ length: 1_000 }, () => fetch(server.url('/200', { size: 1_000 })));
    const bodies = await Promise.all(calls.map(async call => (await call).bytes()));
    for (const body of bodies) expect(Buffer.compare(body, filler(1_000))).toBe(0);
    expect(await server.requests()).toHaveLength(1);
    const joined = (await Promise.all(calls)).filter(response => responseInfo(response)?.coalesced);
    expect(joined).toHaveLength(999);
  });

  test('all read a body of 5 MB, and one that never reads holds up nobody', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ coalesce: true });
    const size = 5_000_000;
    const calls = Array.from({ length: 9 }, () => fetch(server.url('/200', { size })));
    const [unread, ...readers] = await Promise.all(calls);
    const bodies = await Promise.all(readers.map(response => response.bytes()));
    const expected = filler(size);
    for (const body of bodies) expect(Buffer.compare(body, expected)).toBe(0);
    expect(await server.requests()).toHaveLength(1);
    expect(Buffer.compare(await unread!.bytes(), expected)).toBe(0);
  });

  test('close the socket when the last of them aborts, and not before', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ coalesce: true });
    const controllers = Array.from({ length: 3 }, () => new AbortController());
    const calls = controllers.map(({ signal }) => fetch(server.url('/stall-headers'), { signal }));
    await server.seen('/stall-headers');
    const [first, ...others] = controllers;
    for (const controller of others) controller.abort('gone');
    expect(await Promise.allSettled(calls.slice(1))).toMatchObject([{ reason: 'gone' }, { reason: 'gone' }]);
    expect((await server.connections()).map(({ closedBy }) => closedBy)).toEqual([undefined]);
    first?.abort('last');
    await expect(calls[0]).rejects.toBe('last');
    expect(await server.waitForClose('/stall-headers')).toMatchObject({ closedBy: 'client' });
    expect(await server.requests()).toHaveLength(1);
  });

  test('close the socket of a body when the last of them gives it up', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ coalesce: true });
    const controller = new AbortController();
    const path = '/stall-body';
    const calls = [fetch(server.url(path), { signal: controller.signal }), fetch(server.url(path))];
    const [one, two] = await Promise.all(calls);
    const reading = one!.text();
    await two!.body?.cancel();
    controller.abort('gone');
    await expect(reading).rejects.toBe('gone');
    expect(await server.waitForClose(path)).toMatchObject({ closedBy: 'client' });
  });

  test('are retried as one', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ coalesce: true, retry: { baseDelayMs: 0 } });
    const calls = Array.from({ length: 10 }, () => fetch(server.url('/503,200')));
    for (const response of await Promise.all(calls)) expect(response.status).toBe(200);
    expect(await server.requests()).toHaveLength(2);
  });
});

describe('a fallback', () => {
  test('leaves the connection of the answer that it replaces free for the next call', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ fallback: { value: null, onlyFor: [503] }, retry: false });
    for (let call = 1; call <= 3; call++) {
      expect(await (await fetch(server.url('/503'))).json()).toBeNull();
      await server.answered?.('/503', call);
    }
    expect(new Set((await server.requests()).map(({ connection }) => connection)).size).toBe(1);
  });
});
