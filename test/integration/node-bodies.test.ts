/** A fetch of somebody's own whose bodies are streams of Node's, as those of node-fetch are. */
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { leaseOf } from '../../src/http/body-lease.ts';
import { discard, drain } from '../../src/http/drain.ts';
import { createFetch, type HoldfastEvent } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { startFaultServer } from '../support/fault-server.ts';
import { collected } from '../support/garbage.ts';
import { rejection } from '../support/rejection.ts';

/** An abort ends the request, and with it the body, also after the headers. */
const nodeFetch: typeof globalThis.fetch = async (input, init = {}) => {
  const { signal, method = 'GET' } = init;
  const request = http.request(String(input), { method, ...(signal && { signal }) });
  request.end();
  const [body] = (await once(request, 'response')) as [IncomingMessage];
  const { statusCode: status, headers } = body;
  return { status, ok: status === 200, headers: new Headers(headers as HeadersInit), body } as never;
};

const readAll = (response: Response): Promise<string> => text(response.body as unknown as IncomingMessage);

describe('a body that is a stream of Node’s', () => {
  test('is ended by the caller’s abort', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ fetch: nodeFetch });
    const controller = new AbortController();
    const response = await fetch(server.url('/stall-body'), { signal: controller.signal });
    const reading = rejection(Error, readAll(response));
    controller.abort();
    await reading;
    expect(await server.waitForClose('/stall-body')).toMatchObject({ closedBy: 'client' });
  });

  test('is part of the call: the total timeout ends it', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    const ends: unknown[] = [];
    const observe = (event: HoldfastEvent): void => {
      if (event.type === 'body-end') ends.push(event.end);
    };
    await using fetch = createFetch({ fetch: nodeFetch, clock, totalTimeoutMs: 5_000, observe });
    const reading = rejection(Error, readAll(await fetch(server.url('/stall-body'))));
    await clock.advance(5_000);
    await reading;
    expect(await server.waitForClose('/stall-body')).toMatchObject({ closedBy: 'client' });
    expect(ends).toEqual(['failed']);
  });

  test('has ended when it has closed, and the signal is let go', async () => {
    await using server = await startFaultServer();
    const ends: unknown[] = [];
    const observe = (event: HoldfastEvent): void => {
      if (event.type === 'body-end') ends.push(event.end);
    };
    await using fetch = createFetch({ fetch: nodeFetch, observe });
    const response = await fetch(server.url('/200'));
    expect(ends).toEqual([]);
    await readAll(response);
    await setImmediate();
    expect(ends).toEqual(['complete']);
  });

  test('holds a place in the bulkhead no longer than the lease of a body that nobody reads', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ fetch: nodeFetch, clock, bulkhead: { maxConcurrent: 1 } });
    const host = (): number | undefined => fetch.hosts.get(new URL(server.url('/200')).host)?.bulkhead?.inUse;
    await fetch(server.url('/stall-body'));
    expect(host()).toBe(1);
    await clock.advance(1_000);
    expect(host()).toBe(0);
  });

  for (const [how, read] of Object.entries({
    'its data': body => body.on('data', () => {}),
    // What it asks for may be on its way still when the body is destroyed.
    'an iterator': body =>
      void body[Symbol.asyncIterator]()
        .next()
        .catch(() => {}),
    'a pipe': body => body.pipe(new PassThrough()),
    'what it has': body => body.on('readable', () => body.read()),
  } satisfies Record<string, (body: IncomingMessage) => void>)) {
    test(`holds it as long as it is read, by ${how}`, async () => {
      await using server = await startFaultServer();
      const clock = virtualClock();
      await using fetch = createFetch({ fetch: nodeFetch, clock, bulkhead: { maxConcurrent: 1 } });
      const host = (): number | undefined =>
        fetch.hosts.get(new URL(server.url('/200')).host)?.bulkhead?.inUse;
      const body = (await fetch(server.url('/stall-body'))).body as unknown as IncomingMessage;
      body.once('error', () => {});
      read(body);
      await clock.advance(5_000);
      expect(host()).toBe(1);
      body.destroy();
      await setImmediate();
      expect(host()).toBe(0);
    });
  }

  test('has ended if it closed before anyone looked at it', async () => {
    const body = Readable.from(['read']);
    await text(body);
    await setImmediate();
    expect(body.closed).toBe(true);
    expect(leaseOf({ body } as unknown as Response).isOver).toBe(true);
  });

  test('is collected with its response when nobody reads it', async () => {
    const ends: unknown[] = [];
    const silent = async () =>
      ({ status: 200, headers: new Headers(), body: new Readable({ read() {} }) }) as never;
    await using fetch = createFetch({
      fetch: silent,
      totalTimeoutMs: Number.POSITIVE_INFINITY,
      observe: event => void (event.type === 'body-end' && ends.push(event.end)),
    });
    await (async () => void (await fetch('https://payments.test/')))();
    await collected(() => ends.length > 0);
    expect(ends).toEqual(['collected']);
  });

  test('is closed by whoever does not want it', () => {
    for (const giveUp of [drain, discard]) {
      const body = Readable.from(['unread']);
      giveUp({ body } as unknown as Response);
      expect(body.destroyed).toBe(true);
    }
  });
});
