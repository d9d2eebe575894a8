/** How a body ends that does not come to its end, and what that says of its host: once, and the same as over `fetch`. */
import { createServer } from 'node:net';
import zlib from 'node:zlib';
import { Dispatcher } from 'undici';
import { describe, expect, test } from 'vitest';
import { createFetch, type FetchOptions, type HoldfastFetch, TimeoutError } from '../../../src/index.ts';
import { virtualClock } from '../../../src/testing/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';
import { Listening } from '../../support/listening.ts';
import { rejection } from '../../support/rejection.ts';

const head = (...headers: string[]): string => `HTTP/1.1 200 OK\r\n${headers.join('\r\n')}\r\n\r\n`;

/** Answers each request with these bytes, and then says no more. */
const startServer = (...answer: (string | Uint8Array)[]): Promise<Listening> =>
  Listening.on(
    createServer(socket =>
      socket.once('data', () => socket.write(Buffer.concat(answer.map(part => Buffer.from(part))))),
    ),
  );

const urlOf = ({ port }: Listening): string => `http://127.0.0.1:${port}/`;

/** A fetch over either transport, and how bodies ended. */
function watched(over: string, options: FetchOptions = {}) {
  const ends: string[] = [];
  const fetch = createFetch({
    ...(over === 'undici' && { transport: undici() }),
    retry: false,
    observe: event => {
      if (event.type === 'body-end') ends.push(event.end);
    },
    ...options,
  });
  return { fetch, ends };
}

function countsOf(fetch: HoldfastFetch) {
  const [host] = fetch.hosts;
  return { ...host?.circuitBreaker.counts, activeCalls: host?.activeCalls };
}

const neutral = { successes: 0, failures: 0, activeCalls: 0 };
const failure = { successes: 0, failures: 1, activeCalls: 0 };

const part = [head('Content-Length: 1000'), 'part'];

const readers: Record<string, (response: Response) => Promise<unknown> | undefined> = {
  nobody: () => undefined,
  'text()': response => response.text(),
  'a reader': async response => {
    for await (const _ of response.body ?? []);
  },
  'a clone': response => Promise.all([response.clone().text(), response.text()]),
};

describe.each(['fetch', 'undici'])('over %s, a body in the middle of which', over => {
  describe.each(Object.entries(readers))('read by %s,', (_, read) => {
    test('its caller leaves says nothing of its host', async () => {
      await using server = await startServer(...part);
      const { fetch, ends } = watched(over);
      const controller = new AbortController();
      const reading = read(await fetch(urlOf(server), { signal: controller.signal }))?.catch(error => error);
      controller.abort('enough');
      expect(await (reading ?? 'enough')).toBe('enough');
      expect(ends).toEqual(['aborted']);
      expect(countsOf(fetch)).toEqual(neutral);
    });

    test('its fetch is closed says nothing of its host', async () => {
      await using server = await startServer(...part);
      const { fetch, ends } = watched(over);
      const response = await fetch(urlOf(server));
      const [host] = fetch.hosts;
      const reading = read(response)?.catch(error => error.name);
      void fetch.close();
      expect(await (reading ?? 'ClosedError')).toBe('ClosedError');
      expect(ends).toEqual(['aborted']);
      expect(host).toMatchObject({ activeCalls: 0, circuitBreaker: { counts: { failures: 0 } } });
    });
  });

  test('the time of its call is up blames its host', async () => {
    await using server = await startServer(...part);
    const clock = virtualClock();
    const { fetch, ends } = watched(over, { clock, totalTimeoutMs: 1_000 });
    const reading = rejection(TimeoutError, (await fetch(urlOf(server))).text());
    await clock.advance(1_000);
    expect(await reading).toMatchObject({ scope: 'total' });
    expect(ends).toEqual(['failed']);
    expect(countsOf(fetch)).toEqual(failure);
  });
});

test('a dispatcher that breaks off at once, before anybody has asked for the body, blames the host', async () => {
  class Broken extends Dispatcher {
    override dispatch(_: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      const wire = { abort() {}, pause() {}, resume() {} } as unknown as Dispatcher.DispatchController;
      handler.onRequestStart?.(wire, {});
      handler.onResponseStart?.(wire, 200, {}, 'OK');
      handler.onResponseError?.(wire, new Error('broken'));
      return true;
    }
  }
  const { fetch, ends } = watched('undici', { transport: undici({ dispatcher: new Broken() }) });
  const response = await fetch('http://localhost/');
  expect(ends).toEqual(['failed']);
  await rejection(TypeError, response.text());
  expect(countsOf(fetch)).toEqual(failure);
});

describe.each(['gzip', 'deflate', 'br', 'zstd'])('a body that is no %s, and has not ended', coding => {
  const answer = [head(`Content-Encoding: ${coding}`, 'Content-Length: 1000000'), 'x'.repeat(100)];

  test.each(
    Object.entries(readers).slice(1),
  )('breaks off and is let go of when read by %s', async (_, read) => {
    await using server = await startServer(...answer);
    const { fetch, ends } = watched('undici');
    const error = await rejection(TypeError, read(await fetch(urlOf(server))) as Promise<unknown>);
    expect(error).toMatchObject({ message: 'terminated', cause: { code: expect.any(String) } });
    await server.deserted();
    expect(ends).toEqual(['failed']);
    expect(countsOf(fetch)).toEqual(failure);
  });
});

test('a body that is too large once decoded, and has not ended, is let go of', async () => {
  const coded = zlib.gzipSync(Buffer.alloc(100_000));
  await using server = await startServer(head('Content-Encoding: gzip', 'Content-Length: 100000'), coded);
  const { fetch, ends } = watched('undici', { transport: undici({ maxResponseBytes: 1_000 }) });
  const error = await rejection(TypeError, (await fetch(urlOf(server))).text());
  expect(error).toMatchObject({ cause: { code: 'RESPONSE_TOO_LARGE' } });
  await server.deserted();
  expect(ends).toEqual(['cancelled']);
  expect(countsOf(fetch)).toMatchObject({ failures: 0, activeCalls: 0 });
});
