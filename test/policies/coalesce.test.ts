import { describe, expect, test } from 'vitest';
import { ClosedError, explain, NetworkError, responseInfo, TimeoutError } from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { collected } from '../support/garbage.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { withinMicrotasks } from '../support/settling.ts';

const coalescing = (options = {}) => harness({ coalesce: true, retry: false, ...options });

describe('identical calls', () => {
  test('share one request, and each has a body of its own', async () => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(url), fetch(url), fetch(url)];
    (await transport.next()).respond(Response.json({ id: 42 }, { status: 201, headers: { 'x-shard': '3' } }));
    const responses = await Promise.all(calls);
    for (const response of responses) {
      expect(response).toBeInstanceOf(Response);
      expect([response.status, response.ok, response.headers.get('x-shard')]).toEqual([201, true, '3']);
      expect(await response.json()).toEqual({ id: 42 });
    }
    await transport.expectNone();
  });

  test('share nothing when one has ended before the next begins', async () => {
    const { fetch, transport } = coalescing();
    for (const body of ['one', 'two']) {
      const call = fetch(url);
      (await transport.next()).respond(new Response(body));
      expect(await (await call).text()).toBe(body);
    }
  });

  test('do not join a request whose headers have come', async () => {
    const { fetch, transport } = coalescing();
    const first = fetch(url);
    (await transport.next()).respond(new Response('old'));
    await first;
    const second = fetch(url);
    (await transport.next()).respond(new Response('new'));
    expect(await (await second).text()).toBe('new');
    expect(await (await first).text()).toBe('old');
  });

  test('do not join a request from before a change of the same host', async () => {
    const { fetch, transport } = coalescing();
    const before = fetch(url);
    const old = await transport.next();
    const change = fetch(url, { method: 'POST', body: 'x' });
    (await transport.next()).respond();
    await change;
    const after = fetch(url);
    (await transport.next()).respond(new Response('new'));
    old.respond(new Response('old'));
    expect(await (await after).text()).toBe('new');
    expect(await (await before).text()).toBe('old');
  });

  test('are told of: in the record, an event and the explanation', async () => {
    const { fetch, transport, events, clock } = coalescing({ retry: {} });
    const first = fetch(url);
    await clock.advance(10);
    const second = fetch(url);
    (await transport.next()).respond(new Response('', { status: 503 }));
    (await transport.next()).respond(new Response('fine'));
    const [one, two] = await Promise.all([first, second]);
    expect([responseInfo(one)?.coalesced, responseInfo(two)?.coalesced]).toEqual([false, true]);
    expect(responseInfo(two)?.attempts).toMatchObject([
      { attempt: 1, startMs: -10, status: 503, reason: 'retried' },
      { attempt: 2, startMs: 0, status: 200, reason: 'succeeded' },
    ]);
    expect(explain(two)).toContain('joined the request of an earlier call that was the same');
    expect(events.filter(({ type }) => type === 'coalesced')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'attempt-end')).toHaveLength(2);
    expect(events.filter(({ type }) => type === 'call-end')).toHaveLength(2);
  });

  test('keep what a made response cannot be told, also in clones', async () => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(url), fetch(url)];
    const original = new Response('x');
    Object.defineProperty(original, 'url', { value: `${url}?moved` });
    Object.defineProperty(original, 'redirected', { value: true });
    (await transport.next()).respond(original);
    for (const response of await Promise.all(calls)) {
      const clone = response.clone();
      expect([response.url, clone.url, clone.redirected]).toEqual([`${url}?moved`, `${url}?moved`, true]);
      expect(responseInfo(clone)?.url).toBe(url);
      expect(await clone.text()).toBe(await response.text());
    }
  });

  test('share responses without a body, and those of HEAD', async () => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(url, { method: 'HEAD' }), fetch(url, { method: 'head' })];
    (await transport.next()).respond(new Response(null, { status: 204 }));
    for (const response of await Promise.all(calls))
      expect([response.status, response.body]).toEqual([204, null]);
  });

  test('cannot change the bytes of the others', async () => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(url), fetch(url)];
    (await transport.next()).respond(new Response(new Uint8Array([1, 2, 3])));
    const [one, two] = await Promise.all(calls);
    (await one!.bytes()).fill(9);
    expect([...(await two!.bytes())]).toEqual([1, 2, 3]);
  });
});

describe('calls that differ', () => {
  const policy = { retry: false } as const;
  test.each<
    [string, Parameters<ReturnType<typeof harness>['fetch']>, Parameters<ReturnType<typeof harness>['fetch']>]
  >([
    ['in their URL', [url], [`${url}?page=2`]],
    ['in their method', [url], [url, { method: 'HEAD' }]],
    ['in a header', [url, { headers: { accept: 'text/plain' } }], [url]],
    [
      'in their user',
      [url, { headers: { authorization: 'Bearer a' } }],
      [url, { headers: { Authorization: 'Bearer b' } }],
    ],
    ['in a cookie', [url, { headers: [['cookie', 'a=1']] }], [url, { headers: [['cookie', 'a=2']] }]],
    ['in their policy', [url, { policy: { totalTimeoutMs: 5 } }], [url]],
    [
      'in policies of their own that say the same',
      [url, { policy: { ...policy } }],
      [url, { policy: { ...policy } }],
    ],
    ['by being two changes', [url, { method: 'POST' }], [url, { method: 'POST' }]],
    ['by being methods that nobody shares', [url, { method: 'OPTIONS' }], [url, { method: 'OPTIONS' }]],
    ['by asking for a fresh answer', [url, { cache: 'no-store' }], [url, { cache: 'no-store' }]],
    ['by reloading', [url, { cache: 'reload' }], [url, { cache: 'reload' }]],
    ['in their credentials', [url, { credentials: 'include' }], [url, { credentials: 'include' }]],
    ['in what is unknown', [url, { dispatcher: {} } as never], [url, { dispatcher: {} } as never]],
    ['in a Request that says more', [new Request(url, { redirect: 'manual' })], [new Request(url)]],
    ['by having no share in it', [url, { policy: { coalesce: false } }], [url]],
  ])('%s have requests of their own', async (_, one, other) => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(...one), fetch(...other)];
    for (const body of ['one', 'two']) (await transport.next()).respond(new Response(body));
    const bodies = await Promise.all(calls.map(async call => (await call).text()));
    expect(bodies).toEqual(['one', 'two']);
  });

  test.each<
    [string, Parameters<ReturnType<typeof harness>['fetch']>, Parameters<ReturnType<typeof harness>['fetch']>]
  >([
    [
      'in how headers are given',
      [url, { headers: { B: '1', a: '2' } }],
      [url, { headers: new Headers({ a: '2', b: '1' }) }],
    ],
    ['in being a Request', [url, { headers: { a: '1' } }], [new Request(url, { headers: { a: '1' } })]],
    ['in being a URL', [new URL(url)], [url]],
    [
      'in saying what goes without saying',
      [url, { method: 'get', redirect: 'follow', cache: 'default' }],
      [url],
    ],
    ['in their signal', [url, { signal: new AbortController().signal }], [url]],
  ])('only %s share a request', async (_, one, other) => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(...one), fetch(...other)];
    (await transport.next()).respond(new Response('both'));
    await transport.expectNone();
    expect(await Promise.all(calls.map(async call => (await call).text()))).toEqual(['both', 'both']);
  });

  test('share one if they have the same policy of their own', async () => {
    const { fetch, transport } = coalescing({ coalesce: false });
    const own = { coalesce: true } as const;
    const calls = [fetch(url, { policy: own }), fetch(url, { policy: own })];
    (await transport.next()).respond(new Response('both'));
    expect(await Promise.all(calls.map(async call => (await call).text()))).toEqual(['both', 'both']);
  });
});

describe('whoever leaves', () => {
  test('is gone at once, with their own reason, and the others get their answer', async () => {
    const { fetch, transport } = coalescing();
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [fetch(url, { signal: first.signal }), fetch(url, { signal: second.signal }), fetch(url)];
    const attempt = await transport.next();
    const reasons = [new Error('one'), new Error('two')];
    first.abort(reasons[0]);
    expect(await withinMicrotasks(calls[0]!)).toEqual({ state: 'rejected', reason: reasons[0] });
    second.abort(reasons[1]);
    expect(await withinMicrotasks(calls[1]!)).toEqual({ state: 'rejected', reason: reasons[1] });
    expect(attempt.signal.aborted).toBe(false);
    attempt.respond(new Response('there'));
    expect(await (await calls[2]!).text()).toBe('there');
    expect(responseInfo(await calls[2]!)).toMatchObject({ coalesced: true, attempts: [{ status: 200 }] });
  });

  test('last takes the request along', async () => {
    const { fetch, transport, events } = coalescing();
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [fetch(url, { signal: first.signal }), fetch(url, { signal: second.signal })];
    const attempt = await transport.next();
    first.abort('one');
    expect(attempt.signal.aborted).toBe(false);
    second.abort('two');
    expect(attempt.signal.reason).toBe('two');
    expect(await Promise.allSettled(calls)).toMatchObject([{ reason: 'one' }, { reason: 'two' }]);
    expect(events.filter(({ type }) => type === 'attempt-end')).toMatchObject([{ outcome: 'cancelled' }]);
  });

  test('last ends the attempt of a transport that does not listen', async () => {
    const { fetch, transport, events } = coalescing({ ignoreSignal: true, attemptTimeoutMs: false });
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [fetch(url, { signal: first.signal }), fetch(url, { signal: second.signal })];
    const attempt = await transport.next();
    first.abort('one');
    second.abort('two');
    await Promise.allSettled(calls);
    attempt.respond(new Response('late'));
    expect(events.filter(({ type }) => type === 'attempt-end')).toMatchObject([{ outcome: 'cancelled' }]);
  });

  test('lets the next one begin anew', async () => {
    const { fetch, transport } = coalescing();
    const controller = new AbortController();
    const given = fetch(url, { signal: controller.signal });
    await transport.next();
    controller.abort('gone');
    await given.catch(() => {});
    const call = fetch(url);
    (await transport.next()).respond(new Response('anew'));
    expect(await (await call).text()).toBe('anew');
  });

  test('while reading loses only their own body', async () => {
    const { fetch, transport } = coalescing();
    const controller = new AbortController();
    const calls = [fetch(url, { signal: controller.signal }), fetch(url)];
    let more: ReadableStreamDefaultController | undefined;
    const attempt = await transport.next();
    attempt.respond(
      new Response(
        new ReadableStream({
          start: it => {
            more = it;
          },
        }),
      ),
    );
    const [one, two] = await Promise.all(calls);
    const reading = one!.text();
    controller.abort('enough');
    await expect(reading).rejects.toBe('enough');
    expect(attempt.signal.aborted).toBe(false);
    more?.enqueue(new TextEncoder().encode('all of it'));
    more?.close();
    expect(await two!.text()).toBe('all of it');
  });

  test.each(['cancelling', 'aborting'])('last by %s a body ends the body on the wire', async how => {
    const { fetch, transport } = coalescing();
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [fetch(url, { signal }), fetch(url, { signal })];
    let isCancelled = false;
    const attempt = await transport.next();
    attempt.respond(
      new Response(
        new ReadableStream({
          cancel: () => {
            isCancelled = true;
          },
        }),
      ),
    );
    const responses = await Promise.all(calls);
    if (how === 'aborting') controller.abort('gone');
    else for (const response of responses) await response.body?.cancel();
    await transport.expectNone();
    expect(how === 'aborting' ? attempt.signal.aborted : isCancelled).toBe(true);
    expect(fetch.hosts.get('payments.test')?.activeCalls).toBe(0);
  });

  test('has a deadline of their own', async () => {
    const { fetch, transport, clock } = coalescing({ totalTimeoutMs: 1_000, attemptTimeoutMs: false });
    const first = rejection(TimeoutError, fetch(url));
    const attempt = await transport.next();
    await clock.advance(600);
    const second = fetch(url);
    await clock.advance(400);
    expect(await first).toMatchObject({ scope: 'total' });
    expect(attempt.signal.aborted).toBe(false);
    await clock.advance(500);
    attempt.respond(new Response('in time'));
    expect(await (await second).text()).toBe('in time');
  });

  test('last by their deadline ends the request, as a timeout of ours', async () => {
    const { fetch, transport, clock } = coalescing({ totalTimeoutMs: 1_000, attemptTimeoutMs: false });
    const first = rejection(TimeoutError, fetch(url));
    const attempt = await transport.next();
    await clock.advance(600);
    const second = rejection(TimeoutError, fetch(url));
    await clock.advance(1_000);
    const errors = [await first, await second];
    expect(errors[0]).not.toBe(errors[1]);
    expect(attempt.signal.reason).toMatchObject({ code: 'TIMEOUT' });
    expect(fetch.hosts.get('payments.test')?.circuitBreaker.counts).toMatchObject({ failures: 1 });
  });
});

describe('a failure', () => {
  test('of the network reaches everyone, each with their own record', async () => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(url), fetch(url)].map(call => rejection(NetworkError, call));
    (await transport.next()).fail(networkError('ECONNRESET'));
    const [one, two] = await Promise.all(calls);
    expect(one).not.toBe(two);
    expect([one, two]).toMatchObject([
      { reason: 'ECONNRESET' },
      { reason: 'ECONNRESET', attempts: [{ attempt: 1 }] },
    ]);
    expect(explain(two)).toContain('joined the request');
  });

  test('of an attempt timeout reaches everyone', async () => {
    const { fetch, clock, events } = coalescing({ attemptTimeoutMs: 100 });
    const calls = [fetch(url), fetch(url)].map(call => rejection(TimeoutError, call));
    await clock.advance(100);
    expect(await Promise.all(calls)).toMatchObject([
      { scope: 'attempt', limitMs: 100, name: 'TimeoutError' },
      { scope: 'attempt', limitMs: 100, name: 'TimeoutError' },
    ]);
    const ends = events.filter(({ type }) => type === 'call-end');
    expect(ends).toMatchObject([{ outcome: 'transient' }, { outcome: 'transient' }]);
  });

  test('is counted once', async () => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(url), fetch(url), fetch(url)];
    (await transport.next()).fail(networkError('ECONNRESET'));
    await Promise.allSettled(calls);
    const host = fetch.hosts.get('payments.test');
    expect(host?.circuitBreaker.counts).toMatchObject({ failures: 1 });
    expect(host?.counters).toMatchObject({ calls: 3, attempts: 1 });
    expect(host?.activeCalls).toBe(0);
  });

  test('of close() is everyone their own', async () => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(url), fetch(url)].map(call => rejection(ClosedError, call));
    const attempt = await transport.next();
    await fetch.close();
    const [one, two] = await Promise.all(calls);
    expect(one).not.toBe(two);
    expect(attempt.signal.aborted).toBe(true);
  });

  test('within the body reaches everyone who reads it', async () => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(url), fetch(url)];
    const lost = new TypeError('terminated');
    (await transport.next()).respond(new Response(new ReadableStream({ pull: it => it.error(lost) })));
    for (const response of await Promise.all(calls)) await expect(response.text()).rejects.toBe(lost);
  });
});

describe('a body', () => {
  const chunksOf = (count: number, bytes: number) => {
    let sent = 0;
    return new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (sent++ < count) controller.enqueue(new Uint8Array(bytes).fill(sent));
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  };

  test('is read by each at their own pace', async () => {
    const { fetch, transport } = coalescing();
    const calls = [fetch(url), fetch(url)];
    (await transport.next()).respond(new Response(chunksOf(20, 1_000)));
    const [fast, slow] = await Promise.all(calls);
    const reader = slow!.body!.getReader();
    await reader.read();
    expect((await fast!.bytes()).byteLength).toBe(20_000);
    let bytes = 1_000;
    for (let step = await reader.read(); !step.done; step = await reader.read())
      bytes += step.value.byteLength;
    expect(bytes).toBe(20_000);
  });

  test('is lost for whoever is too far behind, and nobody waits for them', async () => {
    const { fetch, transport } = coalescing({ coalesce: { maxBufferedBytes: 5_000 } });
    const calls = [fetch(url), fetch(url)];
    (await transport.next()).respond(new Response(chunksOf(20, 1_000)));
    const [fast, slow] = await Promise.all(calls);
    expect((await fast!.bytes()).byteLength).toBe(20_000);
    const error = await rejection(TypeError, slow!.bytes());
    expect(error.cause).toMatchObject({ code: 'COALESCED_BODY_TOO_SLOW' });
  });

  test.each([
    ['that is said to be larger than what is kept', { 'content-length': '5001' }],
    ['that has no end', { 'content-type': 'text/event-stream' }],
  ])('%s goes to the first, and the others ask for themselves', async (_, headers) => {
    const { fetch, transport } = coalescing({ coalesce: { maxBufferedBytes: 5_000 } });
    const calls = [fetch(url), fetch(url)];
    const original = new Response('first', { headers });
    (await transport.next()).respond(original);
    (await transport.next()).respond(new Response('second', { headers }));
    const [one, two] = await Promise.all(calls);
    expect(one).toBe(original);
    expect([await one!.text(), await two!.text()]).toEqual(['first', 'second']);
    expect(responseInfo(two!)).toMatchObject({ coalesced: false, attempts: [{ attempt: 1, status: 200 }] });
  });

  test('that everybody drops unread is given up', async () => {
    const { fetch, transport } = coalescing({ coalesce: { maxBufferedBytes: 10 } });
    let isCancelled = false;
    const endless = () =>
      new ReadableStream({
        pull: it => it.enqueue(new Uint8Array(100)),
        cancel: () => {
          isCancelled = true;
        },
      });
    const calls = [fetch(url), fetch(url)];
    (await transport.next()).respond(new Response(endless()));
    await Promise.all(calls);
    calls.length = 0;
    await collected(() => isCancelled);
    expect(isCancelled).toBe(true);
  });
});

describe('wrong options', () => {
  test.each([
    [{ coalesce: 1 }, '`coalesce` should be an object, got 1.'],
    [
      { coalesce: { maxBufferedBytes: -1 } },
      '`coalesce.maxBufferedBytes` should be a whole number of at least 0, got -1.',
    ],
    [{ coalesce: { max: 1 } }, 'Unknown option `coalesce.max`. Known here: maxBufferedBytes.'],
  ])('%j are refused', (options, message) => {
    expect(() => harness(options as never)).toThrow(message);
  });
});
