import { describe, expect, test } from 'vitest';
import { createFetch, NetworkError, responseInfo } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { filler, startFaultServer } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';

/** Attempts beside each other on real sockets: the server is the witness. */

const options = { hedge: { afterMs: 100 }, telemetry: false } as const;

describe('a hedge', () => {
  test('that wins is read whole, and the socket of the loser is closed', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ ...options, clock });
    const path = '/stall-headers,200';
    const call = fetch(server.url(path, { size: 200_000 }));
    await server.seen(path, 1);
    await clock.advance(100);
    const response = await call;
    expect(await response.bytes()).toEqual(filler(200_000));
    expect(await server.waitForClose(path, 1)).toMatchObject({ closedBy: 'client' });
    expect((await server.requests()).map(({ connection }) => connection)).toEqual([1, 2]);
    expect(responseInfo(response)?.attempts).toMatchObject([
      { outcome: 'cancelled', reason: 'lost' },
      { outcome: 'success', hedge: true },
    ]);
  });

  test('that loses is aborted on the wire, and the first is read whole', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ ...options, clock });
    const path = '/stall-headers';
    const call = fetch(server.url(path, { size: 200_000 }));
    await server.seen(path, 1);
    await clock.advance(100);
    await server.seen(path, 2);
    await server.release(path);
    const response = await call;
    expect(await response.bytes()).toEqual(filler(200_000));
    expect(await server.waitForClose(path, 2)).toMatchObject({ closedBy: 'client' });
  });

  test('that was answered with a failure is released when the other one wins', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ ...options, clock, hedge: { afterMs: 100, maxHedges: 2 } });
    const path = '/stall-headers,stall-body,200';
    const call = fetch(server.url(path, { size: 1_000_000, status: 503 }));
    await server.seen(path, 1);
    await clock.advance(100);
    await server.seen(path, 2);
    await clock.advance(100);
    const response = await call;
    expect(response.status).toBe(200);
    await response.bytes();
    expect(await server.waitForClose(path, 1)).toMatchObject({ closedBy: 'client' });
    expect(await server.waitForClose(path, 2)).toMatchObject({ closedBy: 'client' });
  });

  test("is cancelled on the wire with the first by the caller's abort, whose reason comes back", async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ ...options, clock });
    const controller = new AbortController();
    const path = '/stall-headers';
    const call = fetch(server.url(path), { signal: controller.signal });
    await server.seen(path, 1);
    await clock.advance(100);
    await server.seen(path, 2);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(await server.waitForClose(path, 1)).toMatchObject({ closedBy: 'client' });
    expect(await server.waitForClose(path, 2)).toMatchObject({ closedBy: 'client' });
    expect(clock.pending).toBe(0);
  });

  test('does not break off a body that is being read, which the caller still can', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ ...options, clock });
    const controller = new AbortController();
    const path = '/stall-headers,stall-body';
    const call = fetch(server.url(path, { size: 100 }), { signal: controller.signal });
    await server.seen(path, 1);
    await clock.advance(100);
    const response = await call;
    expect(await server.waitForClose(path, 1)).toMatchObject({ closedBy: 'client' });
    const body = response.bytes();
    body.catch(() => {});
    controller.abort(new Error('enough'));
    await expect(body).rejects.toThrow('enough');
    expect(await server.waitForClose(path, 2)).toMatchObject({ closedBy: 'client' });
  });

  test('is not started for a stream, which is sent once', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ ...options, clock, retry: { idempotent: true } });
    const body = new ReadableStream({
      start: controller => {
        controller.enqueue(filler(10));
        controller.close();
      },
    });
    const call = fetch(server.url('/stall-headers'), { method: 'POST', body, duplex: 'half' } as RequestInit);
    await server.seen('/stall-headers', 1);
    await clock.advance(1_000);
    await server.release('/stall-headers');
    expect((await call).status).toBe(200);
    expect(await server.requests()).toHaveLength(1);
  });
});

describe('endpoints', () => {
  test('a crash of the first sends calls to the second, also a POST that never left', async () => {
    await using one = await startFaultServer();
    await using two = await startFaultServer();
    const [first, second] = [new URL(one.url('/')), new URL(two.url('/'))];
    await using fetch = createFetch({
      hosts: {
        [first.host]: { endpoints: [first.origin, second.origin], retry: { unsent: true, baseDelayMs: 0 } },
      },
    });
    await one.crash();
    const response = await fetch(one.url('/echo'), { method: 'POST', body: 'order' });
    expect(await response.json()).toMatchObject({ method: 'POST', body: 'order' });
    expect(new URL(response.url).origin).toBe(second.origin);
    expect(await two.requests()).toHaveLength(1);
  });

  test('a POST without a key that may have arrived is not sent to the second', async () => {
    await using one = await startFaultServer();
    await using two = await startFaultServer();
    const [first, second] = [new URL(one.url('/')), new URL(two.url('/'))];
    await using fetch = createFetch({
      hosts: { [first.host]: { endpoints: [first.origin, second.origin], retry: { unsent: true } } },
    });
    const call = fetch(one.url('/reset-before-headers'), { method: 'POST', body: 'order' });
    await rejection(NetworkError, call);
    expect(await one.requests()).toHaveLength(1);
    expect(await two.requests()).toHaveLength(0);
  });
});
