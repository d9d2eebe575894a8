import { describe, expect, test, vi } from 'vitest';
import {
  ClosedError,
  createFetch,
  type FallbackFailure,
  type FallbackOptions,
  NetworkError,
  recoveryHeaders,
  responseInfo,
} from '../../src/index.ts';
import { networkError, virtualClock } from '../../src/testing/index.ts';
import { answering } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { withinMicrotasks } from '../support/settling.ts';

const failing = (fallback: FallbackOptions, options = {}) => harness({ fallback, retry: false, ...options });

/** A call that fails with a reset connection. */
async function reset({ fetch, transport }: ReturnType<typeof harness>, init?: RequestInit) {
  const call = fetch(url, init);
  (await transport.next()).fail(networkError('ECONNRESET'));
  return call;
}

describe('a fallback answers with', () => {
  test('a fresh copy of a response each time', async () => {
    const response = new Response('closed today', { status: 203, headers: { 'x-kind': 'static' } });
    const world = failing({ response });
    for (let time = 1; time <= 3; time++) {
      const answer = await reset(world);
      expect([answer.status, answer.headers.get('x-kind')]).toEqual([203, 'static']);
      expect(await answer.text()).toBe('closed today');
    }
  });

  test('the same response under the next policy too, and under that of a call', async () => {
    const response = new Response('closed today');
    const world = failing({ response });
    expect(await (await reset(world)).text()).toBe('closed today');
    world.fetch.update({ fallback: { response }, retry: false });
    expect(await (await reset(world)).text()).toBe('closed today');
    const init = { policy: { fallback: { response } } } as RequestInit;
    expect(await (await reset(world, init)).text()).toBe('closed today');
  });

  test.each([
    { value: { hits: [] } },
    { value: null },
    { value: 0 },
    { value: 'none' },
  ])('%j as JSON', async fallback => {
    const answer = await reset(failing(fallback));
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual(fallback.value);
  });

  test.each([
    ['a Response', new Response('made'), 'made'],
    ['a promise of one', Promise.resolve(new Response('made')), 'made'],
    ['a value', { rate: 1 }, '{"rate":1}'],
    ['a promise of one', Promise.resolve([1]), '[1]'],
  ])('what a function makes of the failure: %s', async (_, made, body) => {
    let heard: FallbackFailure | undefined;
    const world = failing({
      answer: failure => {
        heard = failure;
        return made;
      },
    });
    expect(await (await reset(world)).text()).toBe(body);
    expect(heard?.error).toBeInstanceOf(NetworkError);
    expect(heard).toMatchObject({ status: undefined, response: undefined, request: { method: 'GET' } });
    expect(heard?.call.attempts).toHaveLength(1);
    expect(heard?.signal.aborted).toBe(false);
  });

  test('another call, under the policy of its own host', async () => {
    const world = failing(
      { call: { url: 'https://mirror.test/charges', init: { headers: { 'x-why': 'fallback' } } } },
      { hosts: { 'mirror.test': { retry: { maxRetries: 1 } } } },
    );
    const call = reset(world);
    await world.transport.expectNone().catch(() => {});
    const first = await world.transport.next();
    expect([first.request.url, first.request.headers.get('x-why')]).toEqual([
      'https://mirror.test/charges',
      'fallback',
    ]);
    first.respond(new Response('', { status: 503 }));
    (await world.transport.next()).respond(new Response('from the mirror'));
    const response = await call;
    expect(await response.text()).toBe('from the mirror');
    expect(responseInfo(response)).toMatchObject({
      url,
      fallback: 'fallback',
      attempts: [{ code: 'ECONNRESET' }],
    });
    expect(world.fetch.hosts.get('mirror.test')?.counters.attempts).toBe(2);
  });

  test('another call, that does not fall back again', async () => {
    const world = failing(
      { call: 'https://mirror.test/' },
      { hosts: { 'mirror.test': { fallback: { call: url } } } },
    );
    const call = rejection(NetworkError, reset(world));
    (await world.transport.next()).respond();
    await call.catch(() => {});
    const again = rejection(NetworkError, reset(world));
    (await world.transport.next()).fail(networkError('ECONNREFUSED'));
    expect(await again).toMatchObject({ reason: 'ECONNRESET' });
    await world.transport.expectNone();
  });

  test.each<[string, (call: () => Promise<Response>) => Promise<Response>]>([
    ['at once', call => call()],
    [
      'after a while',
      async call => {
        await null;
        return call();
      },
    ],
  ])('what a call to the same host comes to, for which it is not asked again: %s', async (_, make) => {
    let answers = 0;
    const world: ReturnType<typeof harness> = failing({
      answer() {
        answers++;
        if (answers === 10) throw new Error('It goes round and round.');
        return make(() => world.fetch(url));
      },
    });
    // Without a wait for anything the round would hold up the whole program.
    world.fetch.hosts.for(url).circuitBreaker.isolate();
    await expect(world.fetch(url)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(answers).toBe(1);
    expect(world.events.filter(({ type }) => type === 'fallback-failed')).toHaveLength(1);
    // Nor does it stick to what is called afterwards.
    await expect(world.fetch(url)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(answers).toBe(2);
  });

  test('what a value that stands in for its own call comes to', async () => {
    const inner = 'https://mirror.test/';
    const world: ReturnType<typeof harness> = failing(
      { answer: () => world.fetch(inner) },
      { hosts: { 'mirror.test': { fallback: { value: 'none' } } } },
    );
    world.transport.expect().times(2).fail('ECONNRESET');
    expect(await (await world.fetch(url)).json()).toBe('none');
  });

  test('what the function of another client makes of its own call', async () => {
    const mirror = failing({ answer: () => 'kept by the mirror' });
    const world = failing({ answer: () => mirror.fetch('https://mirror.test/') });
    mirror.fetch.hosts.for('https://mirror.test/').circuitBreaker.isolate();
    world.fetch.hosts.for(url).circuitBreaker.isolate();
    expect(await (await world.fetch(url)).json()).toBe('kept by the mirror');
  });

  test('of two functions that call each other what the second comes to, and neither is asked twice', async () => {
    const asked: string[] = [];
    const ask = (name: string, other: () => typeof first) =>
      failing({
        answer() {
          asked.push(name);
          return other().fetch(url);
        },
      });
    const first: ReturnType<typeof harness> = ask('first', () => second);
    const second: ReturnType<typeof harness> = ask('second', () => first);
    for (const { fetch } of [first, second]) fetch.hosts.for(url).circuitBreaker.isolate();
    await expect(first.fetch(url)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(asked).toEqual(['first', 'second']);
  });

  test('no body to HEAD', async () => {
    const answer = await reset(failing({ value: { hits: [] } }), { method: 'HEAD' });
    expect(answer.body).toBeNull();
  });
});

describe('the answer is marked', () => {
  test('in the record, in headers, and by an event', async () => {
    const world = failing({ value: 1, name: 'yesterday' });
    const answer = await reset(world);
    expect(responseInfo(answer)).toMatchObject({
      fallback: 'yesterday',
      attempts: [{ outcome: 'transient' }],
    });
    expect(recoveryHeaders(answer)).toMatchObject({ 'X-Fallback': 'yesterday' });
    const event = world.events.find(({ type }) => type === 'fallback');
    expect(event).toMatchObject({ name: 'yesterday', error: { code: 'NETWORK' }, status: undefined });
  });

  test('and the call is told of as the failure that it was', async () => {
    const world = failing({ value: 1 });
    await reset(world);
    const end = world.events.find(({ type }) => type === 'call-end');
    expect(end).toMatchObject({ outcome: 'transient', status: undefined, error: { code: 'NETWORK' } });
  });
});

describe('a fallback answers', () => {
  test('after the last attempt', async () => {
    const world = failing({ value: 1 }, { retry: { maxRetries: 2 } });
    const call = world.fetch(url);
    for (let attempt = 1; attempt <= 3; attempt++)
      (await world.transport.next()).fail(networkError('ECONNRESET'));
    expect(responseInfo(await call)).toMatchObject({ retries: 2, fallback: 'fallback' });
  });

  test('at once where the circuit is open', async () => {
    const world = failing({ value: 1 });
    world.fetch.hosts.for(url).circuitBreaker.isolate();
    const settling = await withinMicrotasks(world.fetch(url));
    expect(settling.state).toBe('fulfilled');
    await world.transport.expectNone();
  });

  test('when the total timeout has ended the call', async () => {
    const world = failing({ value: 1 }, { totalTimeoutMs: 1_000 });
    const call = world.fetch(url);
    await world.transport.next();
    await world.clock.advance(1_000);
    expect(await (await call).json()).toBe(1);
    expect(world.events.find(({ type }) => type === 'fallback')).toMatchObject({
      error: { code: 'TIMEOUT' },
    });
  });

  test('each of the calls that shared a request', async () => {
    let made = 0;
    const world = failing({ answer: () => ({ made: ++made }) }, { coalesce: true });
    const calls = [world.fetch(url), world.fetch(url)];
    (await world.transport.next()).fail(networkError('ECONNRESET'));
    const bodies = await Promise.all(calls.map(async call => (await call).json()));
    expect(bodies).toEqual([{ made: 1 }, { made: 2 }]);
  });

  test('only those failures that are listed', async () => {
    const world = failing({ value: 1, onlyFor: ['CIRCUIT_OPEN'] });
    await rejection(NetworkError, reset(world));
    world.fetch.hosts.for(url).circuitBreaker.isolate();
    expect(await (await world.fetch(url)).json()).toBe(1);
  });

  test('no status unless it is listed', async () => {
    const plain = failing({ value: 1 }, { fetch: answering(503) });
    expect((await plain.fetch(url)).status).toBe(503);
    const listed = failing({ value: 1, onlyFor: [503] }, { fetch: answering(503) });
    const answer = await listed.fetch(url);
    expect(answer.status).toBe(200);
    const types = ['fallback', 'call-end'];
    expect(listed.events.filter(({ type }) => types.includes(type))).toMatchObject([
      { status: 503, error: undefined },
      { outcome: 'transient', status: 503, error: undefined },
    ]);
  });

  test('and the replaced answer is read to its end, so that its connection is free', async () => {
    const world = failing({ value: 1, onlyFor: [503] });
    const call = world.fetch(url);
    const replaced = new Response('busy', { status: 503 });
    (await world.transport.next()).respond(replaced);
    await (await call).text();
    await world.transport.expectNone();
    expect(replaced.bodyUsed).toBe(true);
    expect(world.clock.pending).toBe(0);
  });

  test('a replaced answer is there to be read', async () => {
    const answer = async ({ status, response }: FallbackFailure) => `${status}: ${await response?.text()}`;
    const world = failing({ answer, onlyFor: [503] });
    const call = world.fetch(url);
    (await world.transport.next()).respond(new Response('busy', { status: 503 }));
    expect(await (await call).json()).toBe('503: busy');
  });
});

describe('a fallback does not answer', () => {
  test('when the caller aborts', async () => {
    const world = failing({ value: 1 });
    const controller = new AbortController();
    const call = world.fetch(url, { signal: controller.signal });
    await world.transport.next();
    controller.abort('mine');
    await expect(call).rejects.toBe('mine');
    expect(world.events.some(({ type }) => type.startsWith('fallback'))).toBe(false);
  });

  test('when the client is closed', async () => {
    const world = failing({ value: 1 });
    const call = rejection(ClosedError, world.fetch(url));
    await world.transport.next();
    await world.fetch.close();
    await call;
  });

  test('for a mistake in the arguments', async () => {
    const world = failing({ value: 1 });
    await rejection(TypeError, world.fetch(url, { headers: { 'bad name': 'x' } }));
    expect(world.events.some(({ type }) => type.startsWith('fallback'))).toBe(false);
  });

  test('where it is switched off, for a host or a call', async () => {
    const world = failing({ value: 1 }, { hosts: { 'payments.test': { fallback: false } } });
    await rejection(NetworkError, reset(world));
    const other = failing({ value: 1 });
    await rejection(NetworkError, reset(other, { policy: { fallback: false } } as never));
  });
});

describe('the failure surfaces unchanged, with an event, when the fallback', () => {
  const loop: unknown[] = [];
  loop.push(loop);
  const used = new Response('x');
  void used.text();

  test.each<[string, FallbackOptions]>([
    [
      'throws',
      {
        answer: () => {
          throw new Error('no');
        },
      },
    ],
    ['rejects', { answer: () => Promise.reject(new Error('no')) }],
    ['gives a function', { answer: () => () => {} }],
    ['gives a symbol', { answer: () => Symbol('x') }],
    ['gives what JSON cannot hold', { answer: () => loop }],
    ['gives a number that JSON cannot hold', { answer: () => 1n }],
    ['gives an error response', { answer: () => Response.error() }],
    ['gives a response that was read', { answer: () => used }],
  ])('%s', async (_, fallback) => {
    const world = failing(fallback);
    const error = await rejection(NetworkError, reset(world));
    expect(error.reason).toBe('ECONNRESET');
    expect(world.events.filter(({ type }) => type.startsWith('fallback'))).toMatchObject([
      { type: 'fallback-failed', name: 'fallback', error: { code: 'NETWORK' } },
    ]);
    expect(world.clock.pending).toBe(0);
  });

  test('gives one response to two calls, which only one of them could read', async () => {
    const shared = new Response('x');
    const world = failing({ answer: () => shared });
    const first = await reset(world);
    await rejection(NetworkError, reset(world));
    expect(await first.text()).toBe('x');
    const [failed] = world.events.filter(({ type }) => type === 'fallback-failed');
    expect(failed).toMatchObject({ reason: { message: expect.stringContaining('another call') } });
  });

  test('hangs, after `maxMs`', async () => {
    let signal: AbortSignal | undefined;
    const world = failing({
      answer: failure => {
        ({ signal } = failure);
        return new Promise(() => {});
      },
      maxMs: 700,
    });
    const call = rejection(NetworkError, reset(world));
    await world.transport.expectNone();
    await world.clock.advance(699);
    expect(signal?.aborted).toBe(false);
    await world.clock.advance(1);
    await call;
    expect(signal?.aborted).toBe(true);
    expect(world.events.some(({ type }) => type === 'fallback-failed')).toBe(true);
  });

  test('is another call that fails, or is answered with an error', async () => {
    for (const status of [404, 500]) {
      const world = failing({ call: 'https://mirror.test/' });
      const call = rejection(NetworkError, reset(world));
      await world.transport.expectNone().catch(() => {});
      (await world.transport.next()).respond(new Response('', { status }));
      await call;
    }
  });

  test('says undefined, which is no event', async () => {
    const world = failing({ answer: () => undefined });
    await rejection(NetworkError, reset(world));
    expect(world.events.some(({ type }) => type.startsWith('fallback'))).toBe(false);
  });

  test('says undefined to a status: the answer is whole', async () => {
    for (const answer of [
      () => undefined,
      ({ response }: FallbackFailure) => void response,
      async ({ response }: FallbackFailure) => void (await response?.text()),
    ]) {
      const world = failing({ answer, onlyFor: [503] });
      const call = world.fetch(url);
      (await world.transport.next()).respond(new Response('busy', { status: 503 }));
      const response = await call;
      expect([response.status, await response.text()]).toEqual([503, 'busy']);
    }
  });
});

test('where there is no async context, its calls are known until it waits, and then by their signal', async () => {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  vi.resetModules();
  const { ask, atWorkOn, isAtWork } = await import('../../src/policies/fallback/answering.ts');
  const { signal } = new AbortController();
  const another = () => {};
  const answer = async () => {
    const isKnown = (function_: () => unknown, on?: AbortSignal) => isAtWork(function_, atWorkOn(on));
    const first = isKnown(answer);
    await null;
    return [first, isKnown(answer), isKnown(answer, signal), isKnown(another, signal)];
  };
  const known = await ask(answer, { signal } as FallbackFailure, undefined);
  vi.restoreAllMocks();
  expect(known).toEqual([true, false, true, false]);
});

describe('while a fallback is at work', () => {
  test.each(['abort', 'close'])('%s ends the call at once', async how => {
    const world = failing({ answer: () => new Promise(() => {}) });
    const controller = new AbortController();
    const call = reset(world, { signal: controller.signal });
    await world.transport.expectNone().catch(() => {});
    await withinMicrotasks(call);
    if (how === 'abort') controller.abort('mine');
    else await world.fetch.close();
    const { state, reason } = (await withinMicrotasks(call)) as { state: string; reason: unknown };
    expect(state).toBe('rejected');
    if (how === 'abort') expect(reason).toBe('mine');
    else expect(reason).toBeInstanceOf(ClosedError);
    expect(world.clock.pending).toBe(0);
  });

  test('an abort ends the other call too, and its body', async () => {
    const world = failing({ call: 'https://mirror.test/' });
    const controller = new AbortController();
    const call = reset(world, { signal: controller.signal });
    await withinMicrotasks(call);
    const other = await world.transport.next();
    other.respond(new Response(new ReadableStream()));
    await call;
    controller.abort('mine');
    expect(other.signal.aborted).toBe(true);
  });
});

describe('wrong options', () => {
  test.each([
    [{ fallback: 1 }, '`fallback` should be an object, got 1.'],
    [{ fallback: {} }, '`fallback` should have one of `response`, `value`, `answer` and `call`, got none.'],
    [
      { fallback: { value: 1, call: url } },
      '`fallback` should have one of `response`, `value`, `answer` and `call`, got `value` and `call`.',
    ],
    [{ fallback: { value: () => 1 } }, '`fallback.value` should be what JSON can hold, got a function.'],
    [{ fallback: { response: 'x' } }, '`fallback.response` should be a Response, got "x".'],
    [{ fallback: { response: Response.error() } }, '`fallback.response` should be a Response with a status'],
    [{ fallback: { answer: 1 } }, '`fallback.answer` should be a function, got 1.'],
    [{ fallback: { call: '/x' } }, '`fallback.call` should be an absolute URL of http or https, got "/x".'],
    [
      { fallback: { call: { url: 'ftp://x' } } },
      '`fallback.call.url` should be an absolute URL of http or https',
    ],
    [{ fallback: { call: {} } }, '`fallback.call.url` should be given.'],
    [
      { fallback: { call: { url, init: { signal: new AbortController().signal } } } },
      '`fallback.call.init.signal` is that of the call',
    ],
    [{ fallback: { call: { url, init: { policy: {} } } } }, '`fallback.call.init.policy` cannot be given'],
    [
      { fallback: { call: { url, init: { method: 'POST', body: new ReadableStream() } } } },
      '`fallback.call.init.body` should be one that can be sent again',
    ],
    [
      { fallback: { value: 1, name: '' } },
      '`fallback.name` should be a text of visible ASCII characters, got "".',
    ],
    [{ fallback: { value: 1, onlyFor: [] } }, '`fallback.onlyFor` should be a list that is not empty'],
    [
      { fallback: { value: 1, onlyFor: ['CLOSED'] } },
      '`fallback.onlyFor[0]` should be a status from 400 to 599 or one of',
    ],
    [
      { fallback: { value: 1, onlyFor: [200] } },
      '`fallback.onlyFor[0]` should be a status from 400 to 599 or one of',
    ],
    [
      { fallback: { value: 1, maxMs: 0 } },
      '`fallback.maxMs` should be a number from 1 to 2147483647 (milliseconds), got 0.',
    ],
  ])('%j are refused', (options, message) => {
    expect(() => createFetch({ clock: virtualClock(), ...(options as object) })).toThrow(message);
  });
});

test('what a host says replaces what is said of all', async () => {
  const world = failing(
    { value: { a: 1 } },
    { hosts: { 'payments.test': { fallback: { value: { b: 2 } } } } },
  );
  expect(await (await reset(world)).json()).toEqual({ b: 2 });
});
