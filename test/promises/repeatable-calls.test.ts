import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFetch, type RetryOptions, responseInfo } from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { answering } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

const key = { 'Idempotency-Key': 'key-1' };

/** How many attempts a call makes when every one of them gets the same answer. */
async function attemptsOf(
  answer: number | Error,
  init: RequestInit | undefined,
  retry: RetryOptions = {},
): Promise<number> {
  const transport = answering(answer);
  const { fetch } = harness({ fetch: transport, retry });
  await fetch(url, init).catch(() => {});
  return transport.calls.length;
}

const keysOf = (transport: ReturnType<typeof answering>) =>
  transport.requests.map(request => request.headers.get('idempotency-key'));

describe('promise 1: only repeatable calls are retried', () => {
  const methods = ['GET', 'HEAD', 'OPTIONS', 'QUERY', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'];
  const matrix = methods.flatMap(method =>
    [false, true].flatMap(keyed =>
      [false, true].map(idempotent => ({
        method,
        keyed,
        idempotent,
        attempts: method === 'GET' || method === 'HEAD' || keyed || idempotent ? 3 : 1,
      })),
    ),
  );

  test.each(
    matrix,
  )('$method, with a key: $keyed, declared idempotent: $idempotent, makes $attempts attempts', async ({
    method,
    keyed,
    idempotent,
    attempts,
  }) => {
    const init = { method, ...(keyed && { headers: key }) };
    expect(await attemptsOf(503, init, { idempotent })).toBe(attempts);
    expect(await attemptsOf(networkError('ECONNRESET'), init, { idempotent })).toBe(attempts);
  });

  test('`methods` replaces the methods that are repeated as they are', async () => {
    expect(await attemptsOf(503, { method: 'PUT' }, { methods: ['PUT'] })).toBe(3);
    expect(await attemptsOf(503, { method: 'GET' }, { methods: ['PUT'] })).toBe(1);
  });

  test('the method that is judged is the method that is sent, also where a getter changes its mind', async () => {
    const answers = ['GET', 'POST', 'PUT'];
    const init = {
      get method() {
        return answers.shift() ?? 'DELETE';
      },
    };
    const transport = answering(503);
    const { fetch } = harness({ fetch: transport });
    await fetch(url, init);
    expect(transport.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);
  });

  test('a method is taken as fetch sends it: get is GET, patch is not PATCH', async () => {
    expect(await attemptsOf(503, { method: 'get' })).toBe(3);
    expect(await attemptsOf(503, { method: 'put' }, { methods: ['PUT'] })).toBe(3);
    expect(await attemptsOf(503, { method: 'patch' }, { methods: ['PATCH'] })).toBe(1);
  });

  test('the method and key of a Request count as those of an init do', async () => {
    for (const [init, attempts] of [
      [{ method: 'POST' }, 1],
      [{ method: 'POST', headers: key }, 3],
      [{ method: 'HEAD' }, 3],
    ] as const) {
      const transport = answering(503);
      await harness({ fetch: transport }).fetch(new Request(url, init));
      expect(transport.calls).toHaveLength(attempts);
    }
  });

  test('headers of the init replace those of a Request, the key among them', async () => {
    const transport = answering(503);
    const request = new Request(url, { method: 'POST', headers: key });
    await harness({ fetch: transport }).fetch(request, { headers: { 'X-Other': 'yes' } });
    expect(transport.calls).toHaveLength(1);
  });

  test.each([
    ['an object', { 'idempotency-key': 'key-1' }],
    ['pairs', [['IDEMPOTENCY-KEY', 'key-1']] as [string, string][]],
    ['Headers', new Headers(key)],
    ['a Map', new Map([['Idempotency-Key', 'key-1']]) as unknown as HeadersInit],
  ])('a key in %s counts, whatever its case', async (_, headers) => {
    expect(await attemptsOf(503, { method: 'POST', headers })).toBe(3);
  });

  describe("idempotencyKey: 'auto'", () => {
    test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('gives a %s a key', async method => {
      const transport = answering(503);
      await harness({ fetch: transport, idempotencyKey: 'auto' }).fetch(url, { method });
      expect(transport.calls).toHaveLength(3);
      expect(keysOf(transport)[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    });

    test('is the same on all attempts of a call, and another for the next call', async () => {
      const transport = answering(503);
      const { fetch } = harness({ fetch: transport, idempotencyKey: 'auto' });
      await fetch(url, { method: 'POST', body: 'a' });
      await fetch(url, { method: 'POST', body: 'b' });
      const [first, second, third, fourth, fifth, sixth] = keysOf(transport);
      expect([second, third]).toEqual([first, first]);
      expect([fifth, sixth]).toEqual([fourth, fourth]);
      expect(fourth).not.toBe(first);
    });

    test.each(['GET', 'HEAD', 'OPTIONS', 'QUERY'])('leaves a %s without one', async method => {
      const transport = answering(200);
      await harness({ fetch: transport, idempotencyKey: 'auto' }).fetch(url, { method });
      expect(keysOf(transport)).toEqual([null]);
    });

    test('leaves a key that is given, in the init or in a Request', async () => {
      const transport = answering(200);
      const { fetch } = harness({ fetch: transport, idempotencyKey: 'auto' });
      await fetch(url, { method: 'POST', headers: key });
      await fetch(new Request(url, { method: 'POST', headers: key }));
      expect(keysOf(transport)).toEqual(['key-1', 'key-1']);
    });

    test('keeps the other headers, and leaves those of the caller as they are', async () => {
      const transport = answering(200);
      const headers = new Headers({ 'X-Custom': 'yes' });
      await harness({ fetch: transport, idempotencyKey: 'auto' }).fetch(url, { method: 'POST', headers });
      expect(transport.requests[0]?.headers.get('x-custom')).toBe('yes');
      expect(headers.has('idempotency-key')).toBe(false);
    });

    test('can come from a function, asked once per call', async () => {
      const idempotencyKey = vi.fn(() => 'made-here');
      const transport = answering(503);
      await harness({ fetch: transport, idempotencyKey }).fetch(url, { method: 'POST' });
      expect(keysOf(transport)).toEqual(['made-here', 'made-here', 'made-here']);
      expect(idempotencyKey).toHaveBeenCalledOnce();
    });

    test('can be switched on for one call', async () => {
      const transport = answering(503);
      const { fetch } = harness({ fetch: transport });
      await fetch(url, { method: 'POST', policy: { idempotencyKey: 'auto' } });
      expect(transport.calls).toHaveLength(3);
    });
  });

  describe('the key stays the same when the caller, between attempts,', () => {
    test.each([
      [
        'changes a Headers object',
        new Headers({ 'Idempotency-Key': 'key-1' }),
        (headers: HeadersInit) => (headers as Headers).set('Idempotency-Key', 'key-2'),
      ],
      [
        'changes a plain object',
        { 'Idempotency-Key': 'key-1' },
        (headers: HeadersInit) => {
          (headers as Record<string, string>)['Idempotency-Key'] = 'key-2';
        },
      ],
      [
        'changes a list of pairs',
        [['Idempotency-Key', 'key-1']] as [string, string][],
        (headers: HeadersInit) => {
          (headers as [string, string][])[0] = ['Idempotency-Key', 'key-2'];
        },
      ],
      [
        'changes one pair of a list',
        [['Idempotency-Key', 'key-1']] as [string, string][],
        (headers: HeadersInit) => {
          (headers as [string, string][])[0]![1] = 'key-2';
        },
      ],
    ])('%s', async (_, headers: HeadersInit, change) => {
      const { fetch, transport } = harness();
      const call = fetch(url, { method: 'POST', headers });
      const first = await transport.next();
      change(headers);
      first.respond(new Response(null, { status: 503 }));
      const second = await transport.next();
      expect(second.request.headers.get('idempotency-key')).toBe('key-1');
      second.respond();
      await call;
    });

    test('changes the headers of a Request', async () => {
      const { fetch, transport } = harness();
      const request = new Request(url, { method: 'POST', headers: key });
      const call = fetch(request);
      const first = await transport.next();
      request.headers.set('Idempotency-Key', 'key-2');
      first.respond(new Response(null, { status: 503 }));
      const second = await transport.next();
      expect(second.request.headers.get('idempotency-key')).toBe('key-1');
      second.respond();
      await call;
    });

    test('changes the init', async () => {
      const { fetch, transport } = harness();
      const init: RequestInit = { method: 'POST', headers: key, body: 'charge 42' };
      const call = fetch(url, init);
      const first = await transport.next();
      Object.assign(init, { method: 'DELETE', headers: { 'Idempotency-Key': 'key-2' }, body: 'charge 43' });
      first.respond(new Response(null, { status: 503 }));
      const { request, respond } = await transport.next();
      expect(request.method).toBe('POST');
      expect(request.headers.get('idempotency-key')).toBe('key-1');
      expect(await request.text()).toBe('charge 42');
      respond();
      await call;
    });
  });

  describe('a retry goes where the call went when the caller, between attempts,', () => {
    /** The two requests of a call whose first attempt fails after `change`. */
    async function requestsAround(input: string | URL, init: RequestInit, change: () => void) {
      const { fetch, transport } = harness();
      const call = fetch(input, init);
      const first = await transport.next();
      change();
      first.respond(new Response(null, { status: 503 }));
      const second = await transport.next();
      second.respond();
      await call;
      return [first.request, second.request] as const;
    }

    test('changes a URL object, as for the next page', async () => {
      const page = new URL('https://payments.test/charges?page=1');
      const [first, second] = await requestsAround(page, {}, () => page.searchParams.set('page', '2'));
      expect(first.url).toBe('https://payments.test/charges?page=1');
      expect(second.url).toBe(first.url);
    });

    test('changes a URLSearchParams body', async () => {
      const body = new URLSearchParams({ amount: '42' });
      const init = { method: 'POST', headers: key, body };
      const [, second] = await requestsAround(url, init, () => body.set('amount', '43'));
      expect(await second.text()).toBe('amount=42');
    });

    test('changes a FormData body', async () => {
      const body = new FormData();
      body.set('amount', '42');
      const init = { method: 'POST', headers: key, body };
      const [, second] = await requestsAround(url, init, () => body.set('amount', '43'));
      expect((await second.formData()).get('amount')).toBe('42');
    });
  });

  describe('a key that is none', () => {
    test.each([
      ['nothing', () => undefined],
      ['an empty text', () => ''],
      ['white space', () => ' '],
      ['a number', () => 42],
      ['null', () => null],
    ])('is refused when the function that makes it returns %s, and nothing is sent', async (_, makeKey) => {
      const transport = answering(200);
      const { fetch } = harness({ fetch: transport, idempotencyKey: makeKey as () => string });
      const error = await rejection(TypeError, fetch(url, { method: 'POST' }));
      expect(error.message).toContain('idempotencyKey');
      expect(transport.calls).toHaveLength(0);
    });

    test('does not make a call repeatable when it is empty', async () => {
      expect(await attemptsOf(503, { method: 'POST', headers: { 'Idempotency-Key': '' } })).toBe(1);
    });
  });

  describe('retry.unsent', () => {
    const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

    test.each(unsent)('repeats a POST that %s proves to have never left', async code => {
      expect(await attemptsOf(networkError(code), { method: 'POST', body: 'a' }, { unsent: true })).toBe(3);
    });

    test('repeats a POST whose connection timed out while it was being made', async () => {
      const error = networkError('ETIMEDOUT', 'connect');
      expect(await attemptsOf(error, { method: 'POST' }, { unsent: true })).toBe(3);
    });

    test.each([
      'ECONNRESET',
      'EPIPE',
      'ETIMEDOUT',
      'UND_ERR_SOCKET',
      'UND_ERR_HEADERS_TIMEOUT',
    ])('does not repeat a POST that failed with %s, which may have arrived', async code => {
      expect(await attemptsOf(networkError(code), { method: 'POST' }, { unsent: true })).toBe(1);
    });

    test('does not repeat a POST that was answered', async () => {
      expect(await attemptsOf(503, { method: 'POST' }, { unsent: true })).toBe(1);
    });

    test('does not repeat a POST that timed out', async () => {
      const { fetch, transport, clock } = harness({ retry: { unsent: true } });
      const call = fetch(url, { method: 'POST' }).catch(() => {});
      await transport.next();
      await clock.advance(30_000);
      await call;
      await transport.expectNone();
    });

    test('is off by default', async () => {
      expect(await attemptsOf(networkError('ECONNREFUSED'), { method: 'POST' })).toBe(1);
    });
  });

  test('shouldRetry cannot unlock a call that is not repeatable', async () => {
    expect(await attemptsOf(503, { method: 'POST' }, { shouldRetry: () => true })).toBe(1);
  });

  test('shouldRetry can extend what may pass, and veto it', async () => {
    expect(await attemptsOf(404, {}, { shouldRetry: ({ outcome }) => outcome.status === 404 })).toBe(3);
    expect(await attemptsOf(503, {}, { shouldRetry: () => false })).toBe(1);
  });

  test.each([408, 425, 429, 500, 502, 503, 504])('a GET that gets %d is repeated', async status => {
    expect(await attemptsOf(status, {})).toBe(3);
  });

  test.each([
    200, 204, 304, 400, 401, 403, 404, 409, 410, 413, 422, 501, 505,
  ])('a GET that gets %d is not repeated', async status => {
    expect(await attemptsOf(status, {})).toBe(1);
  });

  test('maxRetries counts what comes after the first attempt', async () => {
    expect(await attemptsOf(503, {}, { maxRetries: 0 })).toBe(1);
    expect(await attemptsOf(503, {}, { maxRetries: 5 })).toBe(6);
  });

  test('retry: false makes one attempt', async () => {
    const transport = answering(503);
    const { fetch } = harness({ fetch: transport, retry: false });
    expect((await fetch(url)).status).toBe(503);
    expect(transport.calls).toHaveLength(1);
  });
});

describe('promise 2: a body that cannot be replayed is sent once', () => {
  const stream = () => new Blob(['once']).stream();
  const streamInit = () => ({ method: 'POST', headers: key, body: stream(), duplex: 'half' }) as RequestInit;

  test.each([
    ['text', () => 'charge 42'],
    ['empty text', () => ''],
    ['URLSearchParams', () => new URLSearchParams({ amount: '42' })],
    ['bytes', () => new TextEncoder().encode('charge 42')],
    ['an ArrayBuffer', () => new TextEncoder().encode('charge 42').buffer],
    ['a DataView', () => new DataView(new TextEncoder().encode('charge 42').buffer)],
    ['a Blob', () => new Blob(['charge 42'], { type: 'text/plain' })],
    ['a File', () => new File(['charge 42'], 'charge.txt')],
  ])('%s is sent as it was given, and again from its source', async (_, makeBody) => {
    const body = makeBody() as BodyInit;
    const transport = answering(503, 503, 200);
    await harness({ fetch: transport }).fetch(url, { method: 'POST', headers: key, body });
    expect(transport.calls).toHaveLength(3);
    expect(transport.calls[0]?.[1]?.body).toBe(body);
    const texts = await Promise.all(transport.requests.map(request => request.text()));
    expect(new Set(texts).size).toBe(1);
  });

  test('a FormData is sent again with all its parts', async () => {
    const form = new FormData();
    form.set('amount', '42');
    form.set('receipt', new Blob(['paid']), 'receipt.txt');
    const transport = answering(503, 200);
    await harness({ fetch: transport }).fetch(url, { method: 'POST', headers: key, body: form });
    for (const request of transport.requests) {
      const parts = await request.formData();
      expect(parts.get('amount')).toBe('42');
      expect(await (parts.get('receipt') as File).text()).toBe('paid');
    }
    expect(transport.requests).toHaveLength(2);
  });

  test.each([
    ['a ReadableStream', stream],
    ['an async iterable', async function* () {}],
    ['a Request with a body', undefined],
  ])('%s is sent once, with or without a key', async (_, makeBody) => {
    const transport = answering(503);
    const { fetch } = harness({ fetch: transport, retry: { idempotent: true, unsent: true } });
    const init = { method: 'POST', duplex: 'half', headers: key } as RequestInit;
    const response = makeBody
      ? await fetch(url, { ...init, body: makeBody() as BodyInit })
      : await fetch(new Request(url, { ...init, body: 'of a Request' }));
    expect(transport.calls).toHaveLength(1);
    expect(responseInfo(response)?.attempts[0]?.reason).toBe('body-not-replayable');
  });

  test('a stream that never left is not sent again either, since it may have been read', async () => {
    const transport = answering(networkError('ECONNREFUSED'));
    const { fetch } = harness({ fetch: transport, retry: { unsent: true } });
    await expect(fetch(url, streamInit())).rejects.toThrow(TypeError);
    expect(transport.calls).toHaveLength(1);
  });

  test('a body in the init replaces that of a Request, and is replayed', async () => {
    const transport = answering(503, 200);
    const request = new Request(url, { method: 'POST', headers: key, body: 'of the Request' });
    await harness({ fetch: transport }).fetch(request, { body: 'of the init' });
    expect(await Promise.all(transport.requests.map(sent => sent.text()))).toEqual([
      'of the init',
      'of the init',
    ]);
  });

  describe('nothing is cloned or tee’d', () => {
    beforeEach(() => {
      vi.spyOn(Request.prototype, 'clone');
      vi.spyOn(Response.prototype, 'clone');
      vi.spyOn(ReadableStream.prototype, 'tee');
      vi.spyOn(Blob.prototype, 'slice');
    });
    afterEach(() => vi.restoreAllMocks());

    const expectNoCopies = () => {
      expect(Request.prototype.clone).not.toHaveBeenCalled();
      expect(Response.prototype.clone).not.toHaveBeenCalled();
      expect(ReadableStream.prototype.tee).not.toHaveBeenCalled();
      expect(Blob.prototype.slice).not.toHaveBeenCalled();
    };

    test('on the happy path', async () => {
      const { fetch, transport } = harness();
      const call = fetch(new Request(url, { method: 'POST', body: 'of a Request' }));
      (await transport.next()).respond(new Response('answer'));
      expect(await (await call).text()).toBe('answer');
      expectNoCopies();
    });

    test('when a call is repeated', async () => {
      const transport = answering(503, 503, 200);
      const fetch = createFetch({ fetch: transport, retry: { baseDelayMs: 0 } });
      const body = new Blob(['charge 42']);
      const response = await fetch(url, { method: 'POST', headers: key, body });
      expect(await response.text()).toBe('status 200');
      expect(transport.calls).toHaveLength(3);
      expectNoCopies();
    });

    test('the response is the very object that the transport resolved with', async () => {
      const { fetch, transport } = harness();
      const call = fetch(url);
      const given = new Response('answer');
      (await transport.next()).respond(given);
      expect(await call).toBe(given);
    });
  });
});
