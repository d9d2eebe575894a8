import { test as property } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  defineContract,
  endpoint,
  eventStream,
  jsonLines,
  type ServerSentEvent,
  stream,
  text,
} from '../../src/contract/index.ts';
import { networkError, type SlowBody, slowBody } from '../../src/testing/index.ts';
import { apiOf, date, failureOf } from './support.ts';

const Tick = z.object({ n: z.int(), at: date.optional() });
const get = { method: 'GET', path: '/ticks' } as const;

const contract = defineContract({
  ticks: endpoint({ ...get, responses: { 200: eventStream(Tick), 404: text() } }),
  plain: endpoint({ ...get, path: '/plain', responses: { 200: eventStream() } }),
  patient: endpoint({ ...get, path: '/p', responses: { 200: eventStream(Tick, { idleTimeoutMs: false }) } }),
  forever: endpoint({
    ...get,
    path: '/f',
    responses: { 200: eventStream(Tick, { reconnectOn: 'end', maxReconnects: 2 }), 204: null },
  }),
  ask: endpoint({ method: 'POST', path: '/ask', body: z.string(), responses: { 200: eventStream(Tick) } }),
  askAgain: endpoint({
    method: 'POST',
    path: '/again',
    body: z.string(),
    responses: { 200: eventStream(Tick) },
    idempotency: 'key',
  }),
  askForever: endpoint({
    method: 'POST',
    path: '/ask-forever',
    body: z.string(),
    responses: { 200: eventStream(Tick, { reconnectOn: 'end' }) },
  }),
  pour: endpoint({
    method: 'POST',
    path: '/pour',
    body: stream(),
    responses: { 200: eventStream(Tick) },
    idempotency: 'key',
  }),
  custom: endpoint({ ...get, path: '/c', responses: { 200: eventStream({ type: 'application/x-events' }) } }),
  lines: endpoint({ ...get, path: '/lines', responses: { 200: jsonLines(Tick) } }),
  bytes: endpoint({ ...get, path: '/bytes', responses: { 200: stream() } }),
});

const sse = { headers: { 'content-type': 'text/event-stream; charset=utf-8' } };
const ndjson = { headers: { 'content-type': 'application/x-ndjson' } };

/** Reads along, and shows what has come so far. */
function reading<Value>(opening: Promise<AsyncIterable<Value>>) {
  const values: Value[] = [];
  const done = (async () => {
    for await (const value of await opening) values.push(value);
  })();
  done.catch(() => {});
  return { values, done };
}

const eventOf = (data: unknown, more: Partial<ServerSentEvent<unknown>> = {}) => ({
  event: 'message',
  data,
  id: undefined,
  ...more,
});

describe('server-sent events', () => {
  test('come typed, as they come', async () => {
    const { api, transport } = apiOf(contract);
    const { values, done } = reading(api.ticks());
    const { request, respond } = await transport.next();
    expect(request.headers.get('accept')).toBe('text/event-stream, text/plain');
    const body = slowBody();
    respond(new Response(body.stream, sse));
    body.send('data: {"n":1,"at":"1970-01-01T00:00:00Z"}\n\n');
    body.send(': keep-alive\n\nevent: tock\nid: 7\ndata: {"n"');
    await transport.expectNone();
    expect(values).toEqual([eventOf({ n: 1, at: new Date(0) })]);
    body.send(':2}\n\ndata: {"n":3}\r\n\r\n');
    await transport.expectNone();
    expect(values.slice(1)).toEqual([
      eventOf({ n: 2 }, { event: 'tock', id: '7' }),
      eventOf({ n: 3 }, { id: '7' }),
    ]);
    body.send('data: {"n":4}');
    body.end();
    await done;
    expect(values).toHaveLength(3);
  });

  test('may be text', async () => {
    const { api, transport } = apiOf(contract);
    const { values, done } = reading(api.plain());
    (await transport.next()).respond(new Response('data: a\ndata: b\n\ndata\n\n', sse));
    await done;
    expect(values.map(({ data }) => data)).toEqual(['a\nb', '']);
  });

  test('end with [DONE], and nothing is asked for behind it', async () => {
    const { api, transport, clock } = apiOf(contract);
    const { values, done } = reading(api.forever() as Promise<AsyncIterable<ServerSentEvent<unknown>>>);
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream, sse));
    body.send('id: 1\ndata: {"n":1}\n\ndata: [DONE]\n\ndata: {"n":2}\n\n');
    await done;
    expect(values).toEqual([eventOf({ n: 1 }, { id: '1' })]);
    expect(body.state).toBe('cancelled');
    expect(clock.pending).toBe(0);
    await transport.expectNone();

    const texts = reading(api.plain());
    (await transport.next()).respond(new Response('data: [DONE]\n\ndata: a\n\n', sse));
    await texts.done;
    expect(texts.values.map(({ data }) => data)).toEqual(['[DONE]', 'a']);
  });

  test('outlive the total timeout, and may be silent for a minute', async () => {
    const { api, transport, clock } = apiOf(contract);
    const { values, done } = reading(api.ticks());
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream, sse));
    for (let minute = 0; minute < 5; minute++) {
      await clock.advance(59_999);
      body.send(': still here\n');
      await transport.expectNone();
    }
    body.send('data: {"n":1}\n\n');
    await transport.expectNone();
    expect(values).toHaveLength(1);
    await clock.advance(60_000);
    expect(await failureOf(done)).toMatchObject({ code: 'TIMEOUT', scope: 'idle', limitMs: 60_000 });
    expect(body.state).toBe('cancelled');
  });

  test('may be silent for ever if the contract says so', async () => {
    const { api, transport, clock } = apiOf(contract);
    const { values } = reading(api.patient());
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream, sse));
    await clock.advance(24 * 3_600_000);
    body.send('data: {"n":1}\n\n');
    await transport.expectNone();
    expect(values).toHaveLength(1);
    body.end();
  });

  test('that do not match are errors, or pass with an event', async () => {
    const strict = apiOf(contract);
    const { done } = reading(strict.api.ticks());
    const body = slowBody();
    (await strict.transport.next()).respond(new Response(body.stream, sse));
    body.send('data: {"n":"x","token":"hunter2"}\n\n');
    const error = await failureOf(done);
    expect(error).toMatchObject({ code: 'VALIDATION', part: 'event', issues: [{ path: ['n'] }] });
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(body.state).toBe('cancelled');

    const lax = apiOf(contract, { validate: { response: 'warn' } });
    const passing = reading(lax.api.ticks());
    (await lax.transport.next()).respond(new Response('data: {"n":"x"}\n\ndata: {\n\n', sse));
    await passing.done;
    expect(passing.values.map(({ data }) => data)).toEqual([{ n: 'x' }, '{']);
    expect(lax.events.filter(({ type }) => type === 'validation')).toHaveLength(2);
  });

  test("pass as JSON, converted if they can be, where the mode is 'off'", async () => {
    const { api, transport, events } = apiOf(contract, { validate: { response: 'off' } });
    const { values, done } = reading(api.ticks());
    const body =
      'data: {"n":"x","at":"1970-01-01T00:00:00Z"}\n\ndata: {"n":1,"at":"1970-01-01T00:00:00Z"}\n\ndata: {\n\n';
    (await transport.next()).respond(new Response(body, sse));
    await done;
    expect(values.map(({ data }) => data)).toEqual([
      { n: 'x', at: '1970-01-01T00:00:00Z' },
      { n: 1, at: new Date(0) },
      '{',
    ]);
    expect(events.some(({ type }) => type === 'validation')).toBe(false);
  });

  test('have the id that was the last when they came, and none after an empty one', async () => {
    const { api, transport } = apiOf(contract);
    const { values, done } = reading(api.ticks());
    const body = 'id: 1\ndata: {"n":1}\n\ndata: {"n":2}\n\nid: 2\ndata: {"n":3}\n\nid\ndata: {"n":4}\n\n';
    (await transport.next()).respond(new Response(body, sse));
    await done;
    expect(values.map(({ id }) => id)).toEqual(['1', '1', '2', undefined]);
  });

  test('do not keep an answer that is no stream waiting for ever', async () => {
    const { api, transport, clock } = apiOf(contract);
    const call = failureOf(api.ticks());
    const body = slowBody();
    (await transport.next()).respond(
      new Response(body.stream, { status: 404, headers: { 'content-type': 'text/plain' } }),
    );
    await clock.advance(29_999);
    body.send('still');
    await transport.expectNone();
    expect(body.state).toBe('open');
    await clock.advance(1);
    expect(await call).toMatchObject({ code: 'TIMEOUT', scope: 'total', limitMs: 30_000 });
    expect(body.state).not.toBe('open');
  });

  test('end when their reader leaves or the caller aborts, and the body is released', async () => {
    const { api, transport, clock } = apiOf(contract);
    const opening = api.ticks();
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream, sse));
    body.send('data: {"n":1}\n\n');
    for await (const { data } of await opening) {
      expect(data).toEqual({ n: 1 });
      break;
    }
    expect(body.state).toBe('cancelled');
    expect(clock.pending).toBe(0);

    const controller = new AbortController();
    const reason = new Error('enough');
    const { done } = reading(api.ticks({}, { signal: controller.signal }));
    const second = slowBody();
    (await transport.next()).respond(new Response(second.stream, sse));
    second.send('id: 1\ndata: {"n":1}\n\n');
    await transport.expectNone();
    controller.abort(reason);
    expect(await failureOf(done)).toBe(reason);
    await transport.expectNone();
    expect(clock.pending).toBe(0);
  });

  test('can be read once', async () => {
    const { api, transport } = apiOf(contract);
    const opening = api.ticks();
    (await transport.next()).respond(new Response('', sse));
    const events = await opening;
    for await (const _ of events);
    expect(() => events[Symbol.asyncIterator]()).toThrow('can be read once');
  });

  property.prop([
    fc.array(fc.record({ n: fc.integer() }), { maxLength: 5 }),
    fc.array(fc.nat(200), { maxLength: 20 }),
  ])('are the same however the bytes are cut', async (ticks, cuts) => {
    const { api, transport } = apiOf(contract);
    const { values, done } = reading(api.ticks());
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream, sse));
    const bytes = new TextEncoder().encode(
      ticks.map(tick => `event: grüße\ndata: ${JSON.stringify(tick)}\n\n`).join(''),
    );
    let from = 0;
    for (const cut of [...cuts, bytes.length]) {
      body.send(bytes.slice(from, from + cut));
      from += cut;
    }
    body.end();
    await done;
    expect(values).toEqual(ticks.map(tick => eventOf(tick, { event: 'grüße' })));
  });
});

describe('a stream of events that breaks off', () => {
  const broken = () => networkError('UND_ERR_SOCKET');

  test('is resumed after the last event, when the server says or after a second', async () => {
    const { api, transport, clock } = apiOf(contract);
    const { values, done } = reading(api.ticks());
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    first.send('id: a\ndata: {"n":1}\n\n');
    await transport.expectNone();
    first.fail(broken());
    await transport.expectNone();
    await clock.advance(1_000);
    const again = await transport.next();
    expect(again.request.headers.get('last-event-id')).toBe('a');
    const second = slowBody();
    again.respond(new Response(second.stream, sse));
    second.send('retry: 300\nid: b\ndata: {"n":2}\n\n');
    await transport.expectNone();
    second.fail(broken());
    await clock.advance(300);
    const third = await transport.next();
    expect(third.request.headers.get('last-event-id')).toBe('b');
    third.respond(new Response('data: {"n":3}\n\n', sse));
    await done;
    expect(values.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test.each([
    ['Chromium', new TypeError('network error')],
    ['Firefox', new TypeError('Error in input stream')],
    ['Safari', new TypeError('Load failed')],
    ['workerd', new Error('Network connection lost.')],
  ])('is resumed where the runtime names no code, as %s', async (_, error) => {
    const { api, transport, clock } = apiOf(contract);
    const { values, done } = reading(api.ticks());
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    first.send('id: a\ndata: {"n":1}\n\n');
    await transport.expectNone();
    first.fail(error);
    await clock.advance(1_000);
    (await transport.next()).respond(new Response('data: {"n":2}\n\n', sse));
    await done;
    expect(values.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test.each([
    ['é', '\u00c3\u00a9'],
    ['✓', '\u00e2\u009c\u0093'],
  ])('is resumed after an id of any script, as the bytes of UTF-8: %s', async (id, bytes) => {
    const { api, transport, clock } = apiOf(contract);
    const { done } = reading(api.ticks());
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    first.send(`id: ${id}\ndata: {"n":1}\n\n`);
    await transport.expectNone();
    first.fail(broken());
    await transport.expectNone();
    await clock.advance(1_000);
    const again = await transport.next();
    expect(again.request.headers.get('last-event-id')).toBe(bytes);
    again.respond(new Response('', sse));
    await done;
  });

  test('is resumed after an id of any length', async () => {
    const { api, transport, clock } = apiOf(contract);
    const { done } = reading(api.ticks());
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    const id = 'x'.repeat(1_000_000);
    first.send(`id: ${id}\ndata: {"n":1}\n\n`);
    await transport.expectNone();
    first.fail(broken());
    await transport.expectNone();
    await clock.advance(1_000);
    const again = await transport.next();
    expect(again.request.headers.get('last-event-id')).toHaveLength(id.length);
    again.respond(new Response('', sse));
    await done;
  });

  test('is not resumed without an id, nor for a call that must not be repeated', async () => {
    const { api, transport } = apiOf(contract);
    const noId = reading(api.ticks());
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    first.send('data: {"n":1}\n\n');
    await transport.expectNone();
    first.fail(broken());
    expect(await failureOf(noId.done)).toMatchObject({ code: 'NETWORK' });

    const post = reading(api.ask({ body: 'x' }));
    const second = slowBody();
    (await transport.next()).respond(new Response(second.stream, sse));
    second.send('id: 1\ndata: {"n":1}\n\n');
    await transport.expectNone();
    second.fail(broken());
    expect(await failureOf(post.done)).toMatchObject({ code: 'NETWORK' });
    await transport.expectNone();
  });

  test('is asked for again never before the server wants it, and not by all at one time', async () => {
    for (const [chance, delay] of [
      [0, 60_000],
      [0.5, 75_000],
    ] as const) {
      const { api, transport, clock } = apiOf(contract, {}, { random: () => chance });
      reading(api.patient());
      const first = slowBody();
      (await transport.next()).respond(new Response(first.stream, sse));
      first.send('retry: 60000\nid: a\ndata: {"n":1}\n\n');
      await transport.expectNone();
      first.fail(broken());
      await clock.advance(delay - 1);
      await transport.expectNone();
      await clock.advance(1);
      await transport.next();
    }
  });

  test('is not asked for again without a pause, even if the server once said so', async () => {
    const { api, transport, clock } = apiOf(contract, {}, { retry: false, circuitBreaker: false });
    reading(api.ticks());
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    first.send('retry: 0\nid: a\ndata: {"n":1}\n\n');
    await transport.expectNone();
    first.fail(broken());
    await clock.advance(0);
    (await transport.next()).respond(new Response('', { status: 503 }));
    await clock.advance(1_999);
    await transport.expectNone();
    await clock.advance(1);
    await transport.next();
  });

  test('is asked for again when what was said instead did not come to its end', async () => {
    const { api, transport, clock } = apiOf(contract, {}, { retry: false });
    const { done } = reading(api.ticks());
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    first.send('id: a\ndata: {"n":1}\n\n');
    await transport.expectNone();
    first.fail(broken());
    await clock.advance(1_000);
    const page = slowBody();
    (await transport.next()).respond(
      new Response(page.stream, { status: 404, headers: { 'content-type': 'text/plain' } }),
    );
    await clock.advance(30_000);
    await transport.expectNone();
    expect(page.state).not.toBe('open');
    // It was silent, which may pass: it is asked for again.
    await clock.advance(2_000);
    (await transport.next()).respond(new Response('data: {"n":2}\n\n', sse));
    await done;
  });

  test('is not asked for again with a body that can be sent once', async () => {
    const { api, transport, clock } = apiOf(contract);
    const { done } = reading(api.pour({ body: new Blob(['x']).stream() }));
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    first.send('id: a\ndata: {"n":1}\n\n');
    await transport.expectNone();
    first.fail(broken());
    expect(await failureOf(done)).toMatchObject({ code: 'NETWORK' });
    await clock.advance(60_000);
    await transport.expectNone();
  });

  test('goes on as the type that the contract says', async () => {
    const type = { headers: { 'content-type': 'application/x-events' } };
    const { api, transport, clock } = apiOf(contract);
    const { values, done } = reading(api.custom());
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, type));
    first.send('id: a\ndata: 1\n\n');
    await transport.expectNone();
    first.fail(broken());
    await clock.advance(1_000);
    (await transport.next()).respond(new Response('data: 2\n\n', type));
    await done;
    expect(values.map(({ data }) => data)).toEqual(['1', '2']);
  });

  test('is not asked for again after its end if the call must not be repeated', async () => {
    const { api, transport, clock } = apiOf(contract);
    const { values, done } = reading(api.askForever({ body: 'x' }));
    (await transport.next()).respond(new Response('id: a\ndata: {"n":1}\n\n', sse));
    await clock.advance(60_000);
    await done;
    expect(values).toHaveLength(1);
    await transport.expectNone();
  });

  test('is resumed with the same key and body where the call has a key', async () => {
    const { api, transport, clock } = apiOf(contract);
    const { done } = reading(api.askAgain({ body: 'x' }));
    const first = slowBody();
    const opened = await transport.next();
    opened.respond(new Response(first.stream, sse));
    first.send('id: 1\ndata: {"n":1}\n\n');
    await transport.expectNone();
    first.fail(broken());
    await clock.advance(1_000);
    const again = await transport.next();
    const key = opened.request.headers.get('idempotency-key');
    expect(key).not.toBeNull();
    expect(again.request.headers.get('idempotency-key')).toBe(key);
    expect(await again.request.json()).toBe('x');
    again.respond(new Response('', sse));
    await done;
  });

  test('is given up after so many failures in a row, each waited for longer', async () => {
    const { api, transport, clock } = apiOf(contract, {}, { retry: false, circuitBreaker: false });
    const { done } = reading(api.ticks());
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    first.send('id: a\ndata: {"n":1}\n\n');
    await transport.expectNone();
    first.fail(broken());
    for (const delay of [1_000, 2_000, 4_000, 8_000, 16_000]) {
      await clock.advance(delay - 1);
      await transport.expectNone();
      await clock.advance(1);
      (await transport.next()).respond(new Response('', { status: 503 }));
    }
    expect(await failureOf(done)).toMatchObject({ code: 'STATUS', status: 503 });
    await clock.advance(100_000);
    await transport.expectNone();
  });

  test('is given up at once when the server says no, or is another', async () => {
    const { api, transport, clock } = apiOf(contract);
    const page = slowBody();
    for (const [answer, expected] of [
      [
        new Response('gone', { status: 404, headers: { 'content-type': 'text/plain' } }),
        { code: 'STATUS', status: 404 },
      ],
      [new Response(page.stream), { code: 'VALIDATION', part: 'content-type' }],
    ] as const) {
      const { done } = reading(api.ticks());
      const first = slowBody();
      (await transport.next()).respond(new Response(first.stream, sse));
      first.send('id: a\ndata: {"n":1}\n\n');
      await transport.expectNone();
      first.fail(broken());
      await clock.advance(1_000);
      (await transport.next()).respond(answer);
      expect(await failureOf(done)).toMatchObject(expected);
    }
    expect(page.state).toBe('cancelled');
  });

  test('is opened again also when the server ends it, if the contract says so, until it says that there is no more', async () => {
    const { api, transport, clock } = apiOf(contract);
    const { values, done } = reading(api.forever() as Promise<AsyncIterable<ServerSentEvent<unknown>>>);
    (await transport.next()).respond(new Response('data: {"n":1}\n\n', sse));
    await clock.advance(1_000);
    (await transport.next()).respond(new Response('data: {"n":2}\n\n', sse));
    await clock.advance(1_000);
    (await transport.next()).respond(new Response(null, { status: 204 }));
    await done;
    expect(values).toHaveLength(2);

    const silent = reading(api.forever() as Promise<AsyncIterable<unknown>>);
    (await transport.next()).respond(new Response('', sse));
    for (const delay of [1_000, 2_000]) {
      await clock.advance(delay);
      (await transport.next()).respond(new Response('', sse));
    }
    await silent.done;
  });

  test('stops waiting when the caller aborts', async () => {
    const { api, transport, clock } = apiOf(contract);
    const controller = new AbortController();
    const { done } = reading(api.ticks({}, { signal: controller.signal }));
    const first = slowBody();
    (await transport.next()).respond(new Response(first.stream, sse));
    first.send('id: a\ndata: {"n":1}\n\n');
    await transport.expectNone();
    first.fail(broken());
    await clock.advance(500);
    controller.abort(new Error('enough'));
    expect(await failureOf(done)).toEqual(new Error('enough'));
    await clock.advance(100_000);
    await transport.expectNone();
  });
});

describe('lines of JSON', () => {
  test('come typed, blank ones left out, the last without an end', async () => {
    const { api, transport } = apiOf(contract);
    const { values, done } = reading(api.lines());
    (await transport.next()).respond(
      new Response('{"n":1}\n\n{"n":2,"at":"1970-01-01T00:00:00Z"}\r\n{"n":3}', ndjson),
    );
    await done;
    expect(values).toEqual([{ n: 1 }, { n: 2, at: new Date(0) }, { n: 3 }]);
  });

  test('that are no JSON, or do not match, are errors that say so', async () => {
    const { api, transport } = apiOf(contract);
    for (const [line, message] of [
      ['{"n":1', 'is no JSON'],
      ['{"n":"x"}', 'number'],
    ] as const) {
      const { done } = reading(api.lines());
      (await transport.next()).respond(new Response(`{"n":1}\n${line}\n`, ndjson));
      expect(await failureOf(done)).toMatchObject({
        part: 'event',
        issues: [{ message: expect.stringContaining(message) }],
      });
    }
  });

  test('end with a NetworkError when the body breaks off, and the circuit hears of it', async () => {
    const { api, fetch, transport } = apiOf(contract);
    const { done } = reading(api.lines());
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream, ndjson));
    body.send('{"n":1}\n{"n"');
    await transport.expectNone();
    body.fail(networkError('ECONNRESET'));
    expect(await failureOf(done)).toMatchObject({ code: 'NETWORK', reason: 'ECONNRESET', sent: 'yes' });
    expect(fetch.hosts.get('users.test')?.circuitBreaker.counts.failures).toBe(1);
  });
});

test('bytes come as they are, as a stream', async () => {
  const { api, transport } = apiOf(contract);
  const call = api.bytes();
  const body: SlowBody = slowBody();
  const headers = { 'content-type': 'application/octet-stream' };
  (await transport.next()).respond(new Response(body.stream, { headers }));
  body.send('abc');
  body.end();
  expect(await new Response(await call).text()).toBe('abc');
});
