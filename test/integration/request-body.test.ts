import { describe, expect, test } from 'vitest';
import { createFetch, NetworkError } from '../../src/index.ts';
import { filler, type SeenRequest, startFaultServer } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';

const headers = { 'Idempotency-Key': 'key-1' };
const retries = { retry: { maxRetries: 2, baseDelayMs: 0 } };
const bytes = filler(70_000) as Uint8Array<ArrayBuffer>;

/** Every body that can be given twice, and what the server has to receive each time. */
const replayable: Record<string, { body: () => BodyInit; expected: Uint8Array; type?: string }> = {
  string: {
    body: () => 'grüße',
    expected: new TextEncoder().encode('grüße'),
    type: 'text/plain;charset=UTF-8',
  },
  'empty string': { body: () => '', expected: new Uint8Array(), type: 'text/plain;charset=UTF-8' },
  URLSearchParams: {
    body: () => new URLSearchParams({ a: '1', b: 'two words' }),
    expected: new TextEncoder().encode('a=1&b=two+words'),
    type: 'application/x-www-form-urlencoded;charset=UTF-8',
  },
  Blob: { body: () => new Blob([bytes], { type: 'image/png' }), expected: bytes, type: 'image/png' },
  File: { body: () => new File([bytes], 'a.bin', { type: 'image/gif' }), expected: bytes, type: 'image/gif' },
  ArrayBuffer: { body: () => bytes.buffer, expected: bytes },
  Uint8Array: { body: () => bytes, expected: bytes },
  'a view of a part': { body: () => bytes.subarray(10, 20), expected: bytes.slice(10, 20) },
  DataView: { body: () => new DataView(bytes.buffer, 5, 7), expected: bytes.slice(5, 12) },
  Buffer: { body: () => Buffer.from('hello') as never, expected: new TextEncoder().encode('hello') },
};

async function sendThrice(method: string, body: BodyInit): Promise<readonly SeenRequest[]> {
  await using server = await startFaultServer();
  await using fetch = createFetch(retries);
  const response = await fetch(server.url('/503,reset-before-headers,200'), { method, headers, body });
  expect(response.status).toBe(200);
  return server.requests();
}

describe('a body that can be given twice arrives intact on every attempt', () => {
  test.each(Object.keys(replayable))('%s', async kind => {
    const { body, expected, type } = replayable[kind]!;
    const requests = await sendThrice('POST', body());
    expect(requests).toHaveLength(3);
    for (const request of requests) {
      expect(request.body).toEqual(expected);
      expect(request.headers['content-type']).toBe(type);
      expect(request.headers['content-length']).toBe(String(expected.length));
    }
  });

  test('FormData, with a file', async () => {
    const form = new FormData();
    form.set('title', 'grüße');
    form.set('file', new File([bytes], 'a.bin', { type: 'image/png' }));
    const requests = await sendThrice('POST', form);
    expect(requests).toHaveLength(3);
    for (const request of requests) {
      const received = await new Response(request.body as Uint8Array<ArrayBuffer>, {
        headers: { 'content-type': request.headers['content-type']! },
      }).formData();
      expect(received.get('title')).toBe('grüße');
      const file = received.get('file') as File;
      expect({ name: file.name, type: file.type }).toEqual({ name: 'a.bin', type: 'image/png' });
      expect(await file.bytes()).toEqual(bytes);
    }
  });

  test('of a Request whose body is replaced by init', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(retries);
    const request = new Request(server.url('/503,200'), { method: 'POST', headers, body: 'first' });
    expect((await fetch(request, { body: 'second' })).status).toBe(200);
    const bodies = (await server.requests()).map(({ body }) => new TextDecoder().decode(body));
    expect(bodies).toEqual(['second', 'second']);
    expect(request.bodyUsed).toBe(false);
  });
});

/** Every body that gives its content once. */
const oneShot: Record<string, () => BodyInit> = {
  ReadableStream: () => new Blob([bytes]).stream(),
  'async generator': () =>
    (async function* () {
      yield bytes;
    })() as never,
};

describe('a body that gives its content once', () => {
  test.each(Object.keys(oneShot))('arrives intact: %s', async kind => {
    await using server = await startFaultServer();
    await using fetch = createFetch(retries);
    const init = { method: 'POST', headers, body: oneShot[kind]!(), duplex: 'half' } as RequestInit;
    expect((await fetch(server.url('/200'), init)).status).toBe(200);
    expect((await server.seen('/200')).body).toEqual(bytes);
  });

  test.each(Object.keys(oneShot))('is sent once, key or not: %s', async kind => {
    await using server = await startFaultServer();
    await using fetch = createFetch(retries);
    const init = { method: 'POST', headers, body: oneShot[kind]!(), duplex: 'half' } as RequestInit;
    const error = await rejection(NetworkError, fetch(server.url('/reset-before-headers,200'), init));
    expect(error.attempts).toMatchObject([{ outcome: 'transient', reason: 'body-not-replayable' }]);
    expect(await server.requests()).toHaveLength(1);
  });
});

describe('a Request', () => {
  test('without a body is retried', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(retries);
    const request = new Request(server.url('/503,reset-before-headers,200'), { headers: { 'x-trace': 'a' } });
    expect((await fetch(request)).status).toBe(200);
    const traces = (await server.requests()).map(seen => seen.headers['x-trace']);
    expect(traces).toEqual(['a', 'a', 'a']);
  });

  test('with a body sends it, and is used up as fetch uses it up', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(retries);
    const request = new Request(server.url('/200'), { method: 'POST', body: bytes });
    expect((await fetch(request)).status).toBe(200);
    expect((await server.seen('/200')).body).toEqual(bytes);
    expect(request.bodyUsed).toBe(true);
  });

  test('with a body is sent once: the body is not consumed twice', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(retries);
    const request = new Request(server.url('/503,200'), { method: 'POST', headers, body: bytes });
    const response = await fetch(request);
    expect(response.status).toBe(503);
    expect(await server.requests()).toHaveLength(1);
  });

  test('without a body can be fetched again', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(retries);
    const request = new Request(server.url('/200'));
    expect((await fetch(request)).status).toBe(200);
    expect((await fetch(request)).status).toBe(200);
  });

  test('can be cloned before, and its clone fetched after', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(retries);
    const request = new Request(server.url('/201'), { method: 'POST', body: 'hello' });
    const copy = request.clone();
    await fetch(request);
    await fetch(copy);
    const bodies = (await server.requests()).map(({ body }) => new TextDecoder().decode(body));
    expect(bodies).toEqual(['hello', 'hello']);
  });
});

test('a Headers object that the caller changes meanwhile does not change the retry', async () => {
  await using server = await startFaultServer();
  const shared = new Headers({ 'Idempotency-Key': 'key-1' });
  await using fetch = createFetch({
    ...retries,
    observe: event => {
      if (event.type === 'retry') shared.set('Idempotency-Key', 'key-2');
    },
  });
  await fetch(server.url('/503,200'), { method: 'POST', headers: shared, body: 'hello' });
  const keys = (await server.requests()).map(request => request.headers['idempotency-key']);
  expect(keys).toEqual(['key-1', 'key-1']);
});
