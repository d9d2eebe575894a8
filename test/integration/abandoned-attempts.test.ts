import { describe, expect, test } from 'vitest';
import { ClosedError, createFetch, TimeoutError } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { filler, startFaultServer } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';

/** An attempt that is given up is aborted on the wire: the server is the witness. */

describe('the attempt timeout', () => {
  test.each([
    'stall-headers',
    'stall-mid-headers',
  ])('closes the socket of an attempt that %s', async answer => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, attemptTimeoutMs: 2_000, retry: false });
    const call = rejection(TimeoutError, fetch(server.url(`/${answer}`)));
    await server.seen(`/${answer}`);
    await clock.advance(2_000);
    expect(await call).toMatchObject({ scope: 'attempt', limitMs: 2_000 });
    expect(await server.waitForClose(`/${answer}`)).toMatchObject({ closedBy: 'client' });
  });

  test('closes the socket of the first attempt before the retry answers', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, attemptTimeoutMs: 2_000, retry: { baseDelayMs: 0 } });
    const path = '/stall-headers,200';
    const call = fetch(server.url(path));
    await server.seen(path, 1);
    await clock.advance(2_000);
    expect((await call).status).toBe(200);
    expect(await server.waitForClose(path, 1)).toMatchObject({ closedBy: 'client' });
    expect((await server.requests())[1]?.connection).toBe(2);
  });

  test('ends an attempt whose connection is never made', async () => {
    await using server = await startFaultServer({ silent: true });
    const clock = virtualClock();
    await using fetch = createFetch({ clock, attemptTimeoutMs: 2_000, retry: false });
    const call = rejection(TimeoutError, fetch(server.url('/200')));
    await server.connected();
    await clock.advance(2_000);
    expect(await call).toMatchObject({ scope: 'attempt' });
    expect(await server.requests()).toHaveLength(0);
  });

  test('does not cut a body that is still being read', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, attemptTimeoutMs: 2_000, totalTimeoutMs: 60_000 });
    const response = await fetch(server.url('/stall-body', { size: 100 }));
    const body = response.bytes();
    await clock.advance(50_000);
    await server.release('/stall-body');
    expect(await body).toEqual(filler(100));
  });

  test('closes the socket of an upload that the server does not take', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, attemptTimeoutMs: 2_000, retry: false });
    const body = new ReadableStream({ start: controller => controller.enqueue(filler(10)) });
    const init = { method: 'POST', body, duplex: 'half' } as const;
    const call = rejection(TimeoutError, fetch(server.url('/200'), init));
    await server.headSeen('/200');
    await clock.advance(2_000);
    expect(await call).toMatchObject({ scope: 'attempt' });
    expect(await server.waitForClose('/200')).toMatchObject({ closedBy: 'client' });
  });
});

describe('the total timeout', () => {
  test('closes the socket of the attempt that it ends', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, totalTimeoutMs: 5_000, attemptTimeoutMs: false });
    const call = rejection(TimeoutError, fetch(server.url('/stall-headers')));
    await server.seen('/stall-headers');
    await clock.advance(5_000);
    expect(await call).toMatchObject({ scope: 'total', limitMs: 5_000 });
    expect(await server.waitForClose('/stall-headers')).toMatchObject({ closedBy: 'client' });
    expect(await server.requests()).toHaveLength(1);
  });

  test('ends a stalled body while it is read, with a TimeoutError', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, totalTimeoutMs: 5_000, attemptTimeoutMs: 2_000 });
    const response = await fetch(server.url('/stall-body'));
    const body = rejection(TimeoutError, response.text());
    await clock.advance(5_000);
    expect(await body).toMatchObject({ scope: 'total', limitMs: 5_000 });
    expect(await server.waitForClose('/stall-body')).toMatchObject({ closedBy: 'client' });
  });

  test('ends a body that drips on and on', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, totalTimeoutMs: 5_000, attemptTimeoutMs: 2_000 });
    const response = await fetch(server.url('/drip', { intervalMs: 10_000 }));
    const reader = response.body!.getReader();
    await reader.read();
    const rest = rejection(TimeoutError, reader.read());
    await clock.advance(5_000);
    expect(await rest).toMatchObject({ scope: 'total' });
    expect(await server.waitForClose('/drip')).toMatchObject({ closedBy: 'client' });
  });

  test.each(['stall-body', '200'])('closes the socket of a response that nobody reads (%s)', async answer => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, totalTimeoutMs: 5_000, attemptTimeoutMs: 2_000 });
    // Larger than what the network holds on the way, so that the connection cannot come free by itself.
    const response = await fetch(server.url(`/${answer}`, { size: 20_000_000 }));
    await clock.advance(5_000);
    expect(await server.waitForClose(`/${answer}`)).toMatchObject({ closedBy: 'client' });
    await rejection(TimeoutError, response.text());
  });
});

describe("the caller's abort rejects with the caller's own reason", () => {
  const reason = { why: 'the user went away' };

  test('before the call: nothing is sent', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch();
    await expect(fetch(server.url('/200'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await server.connections()).toHaveLength(0);
  });

  test('while the connection is being made', async () => {
    await using server = await startFaultServer({ silent: true });
    const controller = new AbortController();
    await using fetch = createFetch();
    const call = fetch(server.url('/200'), { signal: controller.signal });
    await server.connected();
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    // The socket itself is closed by undici's own connect timeout: it does not give up a handshake for an abort.
    expect(await server.connections()).toHaveLength(1);
  });

  test('while waiting for headers: the socket closes', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    await using fetch = createFetch();
    const call = fetch(server.url('/stall-headers,200'), { signal: controller.signal });
    await server.seen('/stall-headers,200');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(await server.waitForClose('/stall-headers,200')).toMatchObject({ closedBy: 'client' });
    expect(await server.requests()).toHaveLength(1);
  });

  test('in a back-off: no further attempt starts', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    const clock = virtualClock();
    await using fetch = createFetch({
      clock,
      observe: event => {
        if (event.type === 'retry') queueMicrotask(() => controller.abort(reason));
      },
    });
    await expect(fetch(server.url('/503,200'), { signal: controller.signal })).rejects.toBe(reason);
    await clock.advance(25_000);
    expect(await server.requests()).toHaveLength(1);
  });

  test('in the second attempt: its socket closes', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    await using fetch = createFetch({ retry: { baseDelayMs: 0 } });
    const path = '/reset-before-headers,stall-headers,200';
    const call = fetch(server.url(path), { signal: controller.signal });
    await server.seen(path, 2);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(await server.waitForClose(path, 2)).toMatchObject({ closedBy: 'client' });
    expect(await server.requests()).toHaveLength(2);
  });

  test('while the body is read: the reading fails and the socket closes', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    await using fetch = createFetch();
    const response = await fetch(server.url('/stall-body'), { signal: controller.signal });
    const body = response.text();
    controller.abort(reason);
    await expect(body).rejects.toBe(reason);
    expect(await server.waitForClose('/stall-body')).toMatchObject({ closedBy: 'client' });
  });

  test('before the body is read: the reading fails and the socket closes', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    await using fetch = createFetch();
    const response = await fetch(server.url('/stall-body'), { signal: controller.signal });
    controller.abort(reason);
    expect(await server.waitForClose('/stall-body')).toMatchObject({ closedBy: 'client' });
    await expect(response.text()).rejects.toBe(reason);
  });

  test('while the request body is sent: the socket closes', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    await using fetch = createFetch();
    const body = new ReadableStream({ start: source => source.enqueue(filler(10)) });
    const init = { method: 'POST', body, duplex: 'half', signal: controller.signal } as RequestInit;
    const call = fetch(server.url('/200'), init);
    await server.headSeen('/200');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(await server.waitForClose('/200')).toMatchObject({ closedBy: 'client' });
  });

  test("by a Request's own signal", async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    await using fetch = createFetch();
    const call = fetch(new Request(server.url('/stall-headers'), { signal: controller.signal }));
    await server.seen('/stall-headers');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(await server.waitForClose('/stall-headers')).toMatchObject({ closedBy: 'client' });
  });

  test('without a reason is an AbortError, as fetch has it', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    await using fetch = createFetch();
    const call = fetch(server.url('/stall-headers'), { signal: controller.signal });
    await server.seen('/stall-headers');
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError', code: DOMException.ABORT_ERR });
  });

  test('after the body has been read changes nothing', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    await using fetch = createFetch();
    const response = await fetch(server.url('/200'), { signal: controller.signal });
    await response.text();
    controller.abort(reason);
    expect(response.status).toBe(200);
    expect((await server.connections())[0]).toMatchObject({ closedBy: undefined });
  });

  test('of one call leaves another call on the same signal-less host alone', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    await using fetch = createFetch();
    const aborted = fetch(server.url('/stall-headers/one'), { signal: controller.signal });
    const other = fetch(server.url('/stall-headers/other'));
    await server.seen('/stall-headers/one');
    await server.seen('/stall-headers/other');
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await server.release('/stall-headers/other');
    expect((await other).status).toBe(200);
  });
});

describe('close()', () => {
  test('ends a call in flight and closes its socket', async () => {
    await using server = await startFaultServer();
    const fetch = createFetch();
    const call = rejection(ClosedError, fetch(server.url('/stall-headers')));
    await server.seen('/stall-headers');
    await fetch.close();
    await call;
    expect(await server.waitForClose('/stall-headers')).toMatchObject({ closedBy: 'client' });
  });

  test('ends a back-off, and no further attempt starts', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    const fetch = createFetch({ clock });
    const call = rejection(ClosedError, fetch(server.url('/503,200')));
    await server.answered('/503,200');
    await fetch.close();
    await call;
    await clock.advance(25_000);
    expect(await server.requests()).toHaveLength(1);
  });

  test('ends a body that is being read and closes its socket', async () => {
    await using server = await startFaultServer();
    const fetch = createFetch();
    const response = await fetch(server.url('/stall-body'));
    const body = rejection(ClosedError, response.text());
    await fetch.close();
    await body;
    expect(await server.waitForClose('/stall-body')).toMatchObject({ closedBy: 'client' });
  });
});

test('an early answer to an upload that goes on closes the socket once it has been read', async () => {
  await using server = await startFaultServer();
  await using fetch = createFetch();
  const body = new ReadableStream({ start: source => source.enqueue(filler(10)) });
  const init = { method: 'POST', body, duplex: 'half' } as const;
  const response = await fetch(server.url('/413', { early: true }), init);
  expect(await response.json()).toEqual({ status: 413, count: 1 });
  expect(await server.waitForClose('/413')).toMatchObject({ closedBy: 'client' });
});
