import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type FetchOptions, type HoldfastFetch, TimeoutError } from '../../src/index.ts';
import {
  brokenBody,
  networkError,
  type ScriptedAttempt,
  type SlowBody,
  slowBody,
  stalledBody,
} from '../../src/testing/index.ts';
import { statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { microtasks, withinMicrotasks } from '../support/settling.ts';

/** A call whose headers have come and whose body is sent by hand. */
async function answered(options: FetchOptions = {}, init: RequestInit = {}) {
  const parts = harness(options);
  const call = parts.fetch(url, init);
  const attempt: ScriptedAttempt = await parts.transport.next();
  const body: SlowBody = slowBody();
  attempt.respond(new Response(body.stream));
  return { ...parts, attempt, body, response: await call };
}

const hostOf = (fetch: HoldfastFetch) => fetch.hosts.get('payments.test')!;

/** The circuit judges by its window; one that counts from the first attempt shows every verdict. */
const countsOf = (fetch: HoldfastFetch) => hostOf(fetch).circuitBreaker!.counts;

describe('promise 8: a response outlives its headers', () => {
  describe('the total timeout', () => {
    test('covers the body: a stalled one breaks off with the TimeoutError', async () => {
      const { clock, response, body, attempt } = await answered({
        totalTimeoutMs: 5_000,
        attemptTimeoutMs: false,
      });
      body.send('half');
      const text = rejection(TimeoutError, response.text());
      await clock.advance(4_999);
      expect(await withinMicrotasks(text)).toEqual({ state: 'pending' });
      await clock.advance(1);
      expect(await text).toMatchObject({ scope: 'total', limitMs: 5_000 });
      expect(attempt.signal.aborted).toBe(true);
    });

    test.each([
      'json',
      'arrayBuffer',
      'blob',
      'bytes',
      'formData',
    ] as const)('ends a %s() that hangs', async reader => {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const { fetch, transport, clock } = harness({ totalTimeoutMs: 5_000, attemptTimeoutMs: false });
      const call = fetch(url);
      (await transport.next()).respond(new Response(stalledBody('{"half":'), { headers }));
      const read = rejection(TimeoutError, (await call)[reader]());
      await clock.advance(5_000);
      await read;
    });

    test('ends a reader that waits for the next chunk', async () => {
      const { clock, response, body } = await answered({ totalTimeoutMs: 5_000, attemptTimeoutMs: false });
      const reader = response.body!.getReader();
      body.send('half');
      await reader.read();
      const next = rejection(TimeoutError, reader.read());
      await clock.advance(5_000);
      await next;
    });

    test('counts from the start of the call, not from the headers', async () => {
      const { fetch, transport, clock } = harness({ totalTimeoutMs: 5_000, attemptTimeoutMs: 4_000 });
      const call = fetch(url);
      const attempt = await transport.next();
      await clock.advance(3_000);
      attempt.respond(new Response(stalledBody()));
      const text = rejection(TimeoutError, (await call).text());
      await clock.advance(2_000);
      await text;
    });

    test('is over when the body has ended in time', async () => {
      const { clock, response, body, attempt } = await answered({
        totalTimeoutMs: 5_000,
        attemptTimeoutMs: false,
      });
      const text = response.text();
      body.send('whole');
      body.end();
      expect(await text).toBe('whole');
      await clock.advance(60_000);
      expect(attempt.signal.aborted).toBe(false);
      expect(clock.pending).toBe(0);
    });

    test('false leaves a stream that stays open alone', async () => {
      const { clock, response, body } = await answered({ totalTimeoutMs: false });
      const reader = response.body!.getReader();
      await clock.advance(3_600_000);
      body.send('still here');
      expect(new TextDecoder().decode((await reader.read()).value)).toBe('still here');
    });
  });

  test('the attempt timeout has done its work at the headers: a slow body is not cut by it', async () => {
    const { clock, response, body, attempt } = await answered({
      attemptTimeoutMs: 1_000,
      totalTimeoutMs: 60_000,
    });
    const text = response.text();
    for (let second = 0; second < 50; second++) {
      body.send('.');
      await clock.advance(1_000);
    }
    body.end();
    expect(await text).toBe('.'.repeat(50));
    expect(attempt.signal.aborted).toBe(false);
  });

  describe('the outcome for the circuit waits for the end of the body', () => {
    test('that came whole: success', async () => {
      const { fetch, response, body } = await answered();
      const text = response.text();
      await microtasks();
      expect(countsOf(fetch)).toEqual({ successes: 0, failures: 0 });
      expect(hostOf(fetch).activeCalls).toBe(1);
      body.end();
      await text;
      expect(countsOf(fetch)).toEqual({ successes: 1, failures: 0 });
      expect(hostOf(fetch).activeCalls).toBe(0);
    });

    test('that broke off: failure', async () => {
      const { fetch, response, body } = await answered();
      const text = rejection(TypeError, response.text());
      body.fail(networkError('ECONNRESET'));
      await text;
      expect(countsOf(fetch)).toEqual({ successes: 0, failures: 1 });
    });

    test('that stalled into the total timeout: failure', async () => {
      const { fetch, clock, response } = await answered({ totalTimeoutMs: 5_000 });
      const text = rejection(TimeoutError, response.text());
      await clock.advance(5_000);
      await text;
      expect(countsOf(fetch)).toEqual({ successes: 0, failures: 1 });
    });

    test('that its reader cancelled: success, since that is all it wanted', async () => {
      const { fetch, response } = await answered();
      await response.body!.cancel();
      expect(countsOf(fetch)).toEqual({ successes: 1, failures: 0 });
    });

    test('that the caller aborted: neutral', async () => {
      const controller = new AbortController();
      const { fetch, response } = await answered({}, { signal: controller.signal });
      const text = response.text().catch(() => {});
      controller.abort();
      await text;
      expect(countsOf(fetch)).toEqual({ successes: 0, failures: 0 });
      expect(hostOf(fetch).activeCalls).toBe(0);
    });

    test('that is no JSON: success, the body came in whole', async () => {
      const { fetch, response, body } = await answered();
      const json = rejection(SyntaxError, response.json());
      body.send('{"half":');
      body.end();
      await json;
      expect(countsOf(fetch)).toEqual({ successes: 1, failures: 0 });
    });

    test('that broke off often enough opens the circuit', async () => {
      const { fetch, transport } = harness({
        circuitBreaker: { consecutiveFailures: 3, minimumSilenceMs: 0 },
      });
      for (let call = 0; call < 3; call++) {
        const response = fetch(url);
        (await transport.next()).respond(new Response(brokenBody(networkError('UND_ERR_SOCKET'), 'half')));
        await rejection(TypeError, (await response).text());
      }
      expect(hostOf(fetch).circuitBreaker?.state).toBe('open');
    });

    test('that is read chunk by chunk: success at the last', async () => {
      const { fetch, response, body } = await answered();
      body.send('a');
      body.send('b');
      body.end();
      let text = '';
      for await (const chunk of response.body!) text += new TextDecoder().decode(chunk);
      expect(text).toBe('ab');
      await microtasks();
      expect(countsOf(fetch)).toEqual({ successes: 1, failures: 0 });
    });

    test('that is read by one reader after another: no failure between them', async () => {
      const { fetch, response, body } = await answered();
      body.send('first chunk');
      const peeking = response.body!.getReader();
      await peeking.read();
      peeking.releaseLock();
      const rest = response.body!.getReader();
      await microtasks();
      expect(countsOf(fetch)).toEqual({ successes: 0, failures: 0 });
      expect(hostOf(fetch).activeCalls).toBe(1);
      body.end();
      expect((await rest.read()).done).toBe(true);
      await microtasks();
      expect(countsOf(fetch)).toEqual({ successes: 1, failures: 0 });
    });

    test('that is iterated after a peek: no failure between them', async () => {
      const { fetch, response, body } = await answered();
      body.send('first chunk');
      body.send('rest');
      body.end();
      const peeking = response.body!.getReader();
      await peeking.read();
      peeking.releaseLock();
      for await (const _ of response.body!);
      await microtasks();
      expect(countsOf(fetch)).toEqual({ successes: 1, failures: 0 });
    });
  });

  describe('a body that is left on purpose stays covered for the next reader:', () => {
    test('an iteration with preventCancel that breaks off early', async () => {
      const controller = new AbortController();
      const { fetch, response, body } = await answered({}, { signal: controller.signal });
      body.send('first');
      for await (const _ of response.body!.values({ preventCancel: true })) break;
      await microtasks();
      expect(hostOf(fetch).activeCalls).toBe(1);
      const next = response.body!.getReader().read();
      controller.abort('enough');
      await expect(next).rejects.toBe('enough');
    });

    test('a pipe with preventCancel whose other end fails', async () => {
      const controller = new AbortController();
      const { fetch, response, body } = await answered({}, { signal: controller.signal });
      const broken = new WritableStream({
        write() {
          throw new Error('disk full');
        },
      });
      body.send('first');
      await rejection(Error, response.body!.pipeTo(broken, { preventCancel: true }));
      await microtasks();
      expect(hostOf(fetch).activeCalls).toBe(1);
      const next = response.body!.getReader().read();
      controller.abort('enough');
      await expect(next).rejects.toBe('enough');
    });

    test('a reader that has been released and is cancelled afterwards, which does nothing', async () => {
      const { fetch, response } = await answered();
      const reader = response.body!.getReader();
      reader.releaseLock();
      await rejection(TypeError, reader.cancel());
      await microtasks();
      expect(hostOf(fetch).activeCalls).toBe(1);
    });
  });

  test('a stream whose pipe has failed is free for the next reader at once', async () => {
    const { response, body } = await answered();
    const broken = new WritableStream({
      write() {
        throw new Error('disk full');
      },
    });
    body.send('first');
    const stream = response.body!;
    const wasLocked = await stream.pipeTo(broken, { preventCancel: true }).catch(() => stream.locked);
    expect(wasLocked).toBe(false);
  });

  test('a reader made by its own constructor is out of our sight, and bounded by lease and total timeout', async () => {
    const { fetch, clock, response, body } = await answered({ leaseMs: 1_000, totalTimeoutMs: 5_000 });
    const reader = new ReadableStreamDefaultReader(response.body!);
    body.end();
    await reader.read();
    await clock.advance(1_000);
    expect(hostOf(fetch).activeCalls).toBe(0);
    await clock.advance(4_000);
    expect(clock.pending).toBe(0);
  });

  test('a body that is wrapped in a Response of the caller’s own ends the lease when that is read', async () => {
    const { fetch, clock, response, body } = await answered();
    const wrapped = new Response(response.body, { headers: { 'X-Wrapped': 'yes' } });
    body.send('whole');
    body.end();
    expect(await wrapped.text()).toBe('whole');
    await microtasks();
    expect(hostOf(fetch).activeCalls).toBe(0);
    expect(clock.pending).toBe(0);
  });

  describe('copies', () => {
    test('the lease ends when one of them has been read whole', async () => {
      const { fetch, response, body, clock } = await answered();
      const copy = response.clone();
      const text = copy.text();
      body.send('whole');
      body.end();
      expect(await text).toBe('whole');
      expect(hostOf(fetch).activeCalls).toBe(0);
      expect(await response.text()).toBe('whole');
      expect(clock.pending).toBe(0);
    });

    test('one that is given up leaves the others covered', async () => {
      const { fetch, clock, response, body } = await answered({ totalTimeoutMs: 5_000 });
      const copy = response.clone();
      // A tee waits for both branches, so this promise stays open.
      void copy.body!.cancel();
      await microtasks();
      expect(hostOf(fetch).activeCalls).toBe(1);
      const text = rejection(TimeoutError, response.text());
      body.send('half');
      await clock.advance(5_000);
      await text;
    });

    test('the lease ends when all of them have been given up', async () => {
      const { fetch, response, body } = await answered();
      const [left, right] = response.body!.tee();
      void left.cancel();
      await microtasks();
      expect(hostOf(fetch).activeCalls).toBe(1);
      await right.cancel();
      expect(hostOf(fetch).activeCalls).toBe(0);
      expect(body.state).toBe('cancelled');
    });

    test('giving one up twice counts once', async () => {
      const { fetch, response } = await answered();
      const [left, right] = response.body!.tee();
      void left.cancel();
      void left.cancel();
      await microtasks();
      expect(hostOf(fetch).activeCalls).toBe(1);
      await right.cancel();
      expect(hostOf(fetch).activeCalls).toBe(0);
    });
  });

  describe('a response that nobody reads', () => {
    test('holds the circuit’s verdict no longer than the lease', async () => {
      const { fetch, clock } = await answered({ leaseMs: 2_000 });
      await clock.advance(1_999);
      expect(countsOf(fetch)).toEqual({ successes: 0, failures: 0 });
      await clock.advance(1);
      expect(countsOf(fetch)).toEqual({ successes: 1, failures: 0 });
      expect(hostOf(fetch).activeCalls).toBe(0);
    });

    test('can still be read after the lease, within the total timeout', async () => {
      const { clock, response, body } = await answered({ leaseMs: 2_000, totalTimeoutMs: 60_000 });
      await clock.advance(10_000);
      body.send('whole');
      body.end();
      expect(await response.text()).toBe('whole');
      expect(clock.pending).toBe(0);
    });

    test('is still bounded by the total timeout after the lease', async () => {
      const { clock, response, attempt } = await answered({ leaseMs: 1_000, totalTimeoutMs: 5_000 });
      await clock.advance(5_000);
      expect(attempt.signal.reason).toBeInstanceOf(TimeoutError);
      await rejection(TimeoutError, response.text());
      expect(clock.pending).toBe(0);
    });

    test('and one that is being read is not taken for unread, however slowly it comes', async () => {
      const { fetch, clock, response } = await answered({ leaseMs: 1_000, totalTimeoutMs: 60_000 });
      const text = response.text().catch(() => {});
      await clock.advance(30_000);
      expect(hostOf(fetch).activeCalls).toBe(1);
      await clock.advance(30_000);
      await text;
      expect(hostOf(fetch).activeCalls).toBe(0);
    });
  });

  test('the observer hears once how the body ended', async () => {
    const { events, response, body, clock } = await answered();
    await clock.advance(500);
    const text = response.text();
    body.end();
    await text;
    await clock.advance(60_000);
    expect(events.filter(event => event.type === 'body-end')).toMatchObject([
      { end: 'complete', durationMs: 500 },
    ]);
  });

  test.each([
    ['an empty 200', () => new Response()],
    ['a 204', () => new Response(null, { status: 204 })],
    ['a 304', () => new Response(null, { status: 304 })],
  ])('%s has ended with its headers', async (_, make) => {
    const { fetch, transport, clock } = harness();
    const call = fetch(url);
    (await transport.next()).respond(make());
    await call;
    expect(hostOf(fetch).activeCalls).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe('promise 9: no listener, timer or handle outlives its call', () => {
  const endings: Record<string, (response: Response) => Promise<unknown>> = {
    'read whole': response => response.text(),
    'read by a reader': async response => {
      const reader = response.body!.getReader();
      while (!(await reader.read()).done);
    },
    iterated: async response => {
      for await (const _ of response.body!);
    },
    'left half-way through an iteration': async response => {
      for await (const _ of response.body!) break;
    },
    'piped to a sink': response => response.body!.pipeTo(new WritableStream()),
    'piped through a transform': response =>
      new Response(response.body!.pipeThrough(new TransformStream())).text(),
    cancelled: response => response.body!.cancel(),
    'cancelled through a reader': response => response.body!.getReader().cancel(),
    'read from a clone': response => Promise.all([response.clone().text(), response.text()]),
  };

  test.each(Object.entries(endings))('after a response that was %s', async (_, end) => {
    const { fetch, transport, clock } = harness();
    const { signal } = new AbortController();
    const call = fetch(url, { signal });
    const attempt = await transport.next();
    attempt.respond(statusResponse(200));
    const response = await call;
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await end(response);
    await microtasks();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
    expect(hostOf(fetch).activeCalls).toBe(0);
  });

  test.each<[string, FetchOptions, (attempt: ScriptedAttempt) => void]>([
    ['a network error', { retry: false }, attempt => attempt.fail(networkError('ECONNRESET'))],
    ['an error of somebody’s own', {}, attempt => attempt.fail(new RangeError('own'))],
    ['a status error', {}, attempt => attempt.respond(new Response(null, { status: 404 }))],
    [
      'retries that ran out',
      { retry: { maxRetries: 0 } },
      attempt => attempt.respond(new Response(null, { status: 503 })),
    ],
  ])('after a call that ended in %s', async (_, options, end) => {
    const { fetch, transport, clock } = harness(options);
    const { signal } = new AbortController();
    const call = fetch(url, { signal }).catch(() => {});
    end(await transport.next());
    await call;
    await microtasks();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
    expect(hostOf(fetch).activeCalls).toBe(0);
  });

  test('after a call that timed out', async () => {
    const { fetch, transport, clock } = harness();
    const { signal } = new AbortController();
    const call = rejection(TimeoutError, fetch(url, { signal }));
    await clock.advance(30_000);
    await call;
    expect(transport.attempts.length).toBeGreaterThan(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    for (const attempt of transport.attempts) expect(attempt.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('after retries: only the timers and the listener of the last attempt are left while its body is read', async () => {
    const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
    const { signal } = new AbortController();
    const call = fetch(url, { signal });
    (await transport.next()).respond(statusResponse(503));
    await clock.advance(200);
    (await transport.next()).respond(statusResponse(503));
    await clock.advance(400);
    (await transport.next()).respond(statusResponse(200));
    const response = await call;
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    expect(clock.pending).toBe(1); // the total timeout; a response that is read at once needs no lease
    await response.text();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  test('with a response that is kept unread: the total timeout and the lease are left, until its body ends', async () => {
    const { clock, response } = await answered();
    await microtasks();
    expect(clock.pending).toBe(2);
    await response.body?.cancel();
    expect(clock.pending).toBe(0);
  });

  test('after the total timeout of a response that nobody reads', async () => {
    const { clock, response } = await answered();
    expect(response.bodyUsed).toBe(false);
    await clock.advance(30_000);
    expect(clock.pending).toBe(0);
  });

  test('after close(), whatever was under way', async () => {
    const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
    const { signal } = new AbortController();
    const calls = [1, 2, 3].map(() => fetch(url, { signal }).catch(error => error.code));
    await transport.next();
    (await transport.next()).respond(statusResponse(503));
    (await transport.next()).respond(new Response(stalledBody('half')));
    await transport.expectNone();
    await fetch.close();
    expect(await Promise.all(calls.slice(0, 2))).toEqual(['CLOSED', 'CLOSED']);
    await expect(((await calls[2]) as Response).text()).rejects.toMatchObject({ code: 'CLOSED' });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
    expect(fetch.hosts.size).toBe(0);
  });

  test('ten thousand calls on one signal leave it as it was', async () => {
    const { fetch, clock } = harness({ fetch: async () => statusResponse(200) });
    const { signal } = new AbortController();
    for (let call = 0; call < 10_000; call++) await (await fetch(url, { signal })).text();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  test('a client that has made no call has no timer', () => {
    expect(harness().clock.pending).toBe(0);
  });
});
