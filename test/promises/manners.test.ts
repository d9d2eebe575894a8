import { HttpResponse, http } from 'msw/http';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createFetch, HoldfastError, NetworkError, responseInfo } from '../../src/index.ts';
import { networkError, slowBody } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { replacedBy } from '../support/replaced.ts';
import { withinMicrotasks } from '../support/settling.ts';

type Fetch = typeof globalThis.fetch;

/** As it is before it is mocked: the mock throws on wrong arguments, where fetch rejects. */
const nativeFetch = globalThis.fetch;

const home = 'https://home.test';
const abroad = 'https://abroad.test';

/** What a server saw of a request, as JSON. */
async function echo({ request }: { request: Request }) {
  const { method, url } = request;
  const boundary = /boundary=(.*)$/.exec(request.headers.get('content-type') ?? '')?.[1] ?? '—';
  const headers = Object.fromEntries(request.headers);
  const text = JSON.stringify({ method, url, headers, body: await request.text() });
  return HttpResponse.text(text.replaceAll(boundary, '<boundary>'));
}

const redirectTo = (status: number, location: string) => () =>
  new HttpResponse(null, { status, headers: { Location: location } });

const server = setupServer(
  http.all(`${home}/echo`, echo),
  http.all(`${abroad}/echo`, echo),
  http.get(`${home}/status/:status`, ({ params }) =>
    statusResponse(Number(params.status), { 'X-Custom': 'yes' }),
  ),
  http.head(`${home}/head`, () => new HttpResponse(null, { headers: { 'Content-Length': '42' } })),
  ...[301, 302, 303, 307, 308].map(status =>
    http.all(`${home}/redirect/${status}`, redirectTo(status, `${home}/echo`)),
  ),
  http.all(`${home}/abroad`, redirectTo(307, `${abroad}/echo`)),
  http.head(`${home}/loop`, redirectTo(302, `${home}/loop`)),
  http.get(`${home}/loop`, redirectTo(302, `${home}/loop`)),
  http.get(`${home}/error`, () => HttpResponse.error()),
);

beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

/** What a program sees of a call. */
async function describeCall(call: Promise<Response>): Promise<object> {
  try {
    const response = await call;
    const { status, statusText, ok, url, redirected, type, bodyUsed } = response;
    const hasBody = response.body !== null;
    const headers = [...response.headers];
    const isResponse = response instanceof Response;
    const text = await response.text();
    return { status, statusText, ok, url, redirected, type, bodyUsed, hasBody, headers, isResponse, text };
  } catch (error) {
    if (error instanceof NetworkError)
      return { isTypeError: error instanceof TypeError, ...story(replacedBy(error)) };
    return { isTypeError: error instanceof TypeError, ...story(error) };
  }
}

/** The words of an error and its cause. */
function story(error: unknown): object {
  if (!(error instanceof Error)) return { thrown: error };
  return { message: error.message, cause: (error.cause as Error | undefined)?.message };
}

const ours = () => createFetch({ retry: { baseDelayMs: 0 } }) as Fetch;

/** The same call by the runtime's own fetch and by ours looks the same to the program and to the server. */
async function expectSame(call: (fetch: Fetch) => Promise<Response>): Promise<void> {
  const theirs = await describeCall(call(globalThis.fetch));
  expect(await describeCall(call(ours()))).toEqual(theirs);
}

class InitOfOnesOwn {
  readonly method = 'PUT';
  readonly #content: string;

  constructor(content: string) {
    this.#content = content;
  }

  get headers(): HeadersInit {
    return { 'X-Custom': 'from a getter' };
  }

  get body(): string {
    return this.#content;
  }
}

const bodies: Record<string, () => BodyInit> = {
  text: () => 'grüezi',
  'empty text': () => '',
  URLSearchParams: () => new URLSearchParams({ amount: '42', note: 'a b' }),
  FormData: () => {
    const form = new FormData();
    form.append('amount', '42');
    form.append('receipt', new Blob(['paid']), 'receipt.txt');
    return form;
  },
  'a Blob with a type': () => new Blob(['blob'], { type: 'text/x-custom' }),
  'a Blob without a type': () => new Blob(['blob']),
  'a File': () => new File(['file'], 'file.txt', { type: 'text/plain' }),
  'an ArrayBuffer': () => new TextEncoder().encode('buffer').buffer,
  'a Uint8Array on part of a buffer': () => new TextEncoder().encode('not this part').subarray(4, 8),
  'a DataView': () => new DataView(new TextEncoder().encode('view').buffer),
  'a ReadableStream': () => new Blob(['stream']).stream(),
  'an async iterable': () =>
    (async function* () {
      yield new TextEncoder().encode('iterable');
    })() as unknown as BodyInit,
};

describe('promise 15: a drop-in for fetch', () => {
  test('looks like fetch', () => {
    const fetch = createFetch();
    expect(fetch.name).toBe('fetch');
    expect(fetch.length).toBe(1);
    expect(typeof fetch).toBe('function');
  });

  test('needs no `this`', async () => {
    const { fetch } = { fetch: ours() };
    expect((await fetch.call(undefined, `${home}/echo`)).status).toBe(200);
  });

  test('the default is the global fetch, looked up at each attempt', async () => {
    const fetch = createFetch({ retry: { baseDelayMs: 0 } });
    const first = vi.fn(async () => {
      globalThis.fetch = second;
      return statusResponse(503);
    });
    const second = vi.fn(async () => statusResponse(200));
    const original = globalThis.fetch;
    globalThis.fetch = first;
    try {
      expect((await fetch(home)).status).toBe(200);
    } finally {
      globalThis.fetch = original;
    }
    expect(first).toHaveBeenCalledOnce();
    expect(second).toHaveBeenCalledOnce();
  });

  test('can be put in the place of the global fetch, and still sends by the one that was there', async () => {
    const original = globalThis.fetch;
    const transport = answering(503, 200);
    globalThis.fetch = transport;
    try {
      globalThis.fetch = createFetch({ retry: { baseDelayMs: 0 } }) as Fetch;
      expect((await globalThis.fetch(home)).status).toBe(200);
      globalThis.fetch = createFetch({ retry: false }) as Fetch;
      expect((await globalThis.fetch(home)).status).toBe(200);
    } finally {
      globalThis.fetch = original;
    }
    expect(transport.calls).toHaveLength(3);
  });

  describe('as the global fetch, with a wrapper put over it, it still sends by the one that was there:', () => {
    const wrappers: Record<string, (inner: Fetch) => Fetch> = {
      'one that passes on at once': inner => (input, init) => inner(input, init),
      'one that waits first': inner => async (input, init) => {
        await Promise.resolve();
        return inner(input, init);
      },
      'one that makes a Request of it': inner => async (input, init) => inner(new Request(input, init)),
    };
    test.each(Object.entries(wrappers))('%s', async (_, wrap) => {
      const original = globalThis.fetch;
      const transport = answering(503, 200, 200);
      globalThis.fetch = transport;
      let wrapped = 0;
      try {
        globalThis.fetch = createFetch({ retry: { baseDelayMs: 0 } }) as Fetch;
        const inner = wrap(globalThis.fetch);
        globalThis.fetch = (input, init) => {
          wrapped++;
          if (wrapped > 9) throw new Error('round in a circle');
          return inner(input, init);
        };
        expect((await globalThis.fetch(home)).status).toBe(200);
        expect((await globalThis.fetch(`${home}/other`)).status).toBe(200);
      } finally {
        globalThis.fetch = original;
      }
      expect(transport.calls).toHaveLength(3);
    });

    test('a URL that is not HTTP', async () => {
      const original = globalThis.fetch;
      globalThis.fetch = createFetch() as Fetch;
      const inner = globalThis.fetch;
      globalThis.fetch = (input, init) => inner(input, init);
      try {
        expect(await (await globalThis.fetch('data:,hello')).text()).toBe('hello');
      } finally {
        globalThis.fetch = original;
      }
    });

    test('a mock that calls ours for something else is asked for that too', async () => {
      const original = globalThis.fetch;
      const ours = createFetch({ retry: false });
      const asked: string[] = [];
      globalThis.fetch = async input => {
        asked.push(String(input));
        if (asked.length === 1) await ours(`${home}/token`);
        return statusResponse(200);
      };
      try {
        await ours(`${home}/data`);
      } finally {
        globalThis.fetch = original;
      }
      expect(asked).toEqual([`${home}/data`, `${home}/token`]);
    });
  });

  describe('inputs look the same to the server:', () => {
    test.each<[string, (fetch: Fetch) => Promise<Response>]>([
      ['a string', fetch => fetch(`${home}/echo?a=1#fragment`)],
      ['a URL', fetch => fetch(new URL(`${home}/echo?a=1`))],
      ['an object with toString()', fetch => fetch({ toString: () => `${home}/echo` } as unknown as string)],
      [
        'a Request',
        fetch => fetch(new Request(`${home}/echo`, { method: 'PUT', headers: { 'X-Custom': 'yes' } })),
      ],
      [
        'a Request with a body',
        fetch => fetch(new Request(`${home}/echo`, { method: 'POST', body: 'of a Request' })),
      ],
      [
        'a Request and an init that changes it',
        fetch =>
          fetch(new Request(`${home}/echo`, { method: 'POST', body: 'a', headers: { 'X-Custom': 'a' } }), {
            method: 'PUT',
            body: 'b',
            headers: { 'X-Custom': 'b' },
          }),
      ],
      [
        'a Request for an init',
        fetch =>
          fetch(
            `${home}/echo`,
            new Request(`${abroad}/echo`, {
              method: 'PATCH',
              body: 'of a Request',
              headers: { 'X-Custom': 'yes' },
            }),
          ),
      ],
      [
        'an instance of a class for an init',
        fetch => fetch(`${home}/echo`, new InitOfOnesOwn('of a class') as RequestInit),
      ],
      [
        'an init without a prototype',
        fetch => fetch(`${home}/echo`, Object.assign(Object.create(null), { method: 'PUT', body: 'bare' })),
      ],
      [
        'an init that inherits from another',
        fetch => fetch(`${home}/echo`, Object.create({ method: 'PUT', body: 'inherited' }) as RequestInit),
      ],
      [
        'an init of undefined members',
        fetch =>
          fetch(`${home}/echo`, {
            method: undefined,
            headers: undefined,
            body: undefined,
          } as unknown as RequestInit),
      ],
      ['a method in lower case', fetch => fetch(`${home}/echo`, { method: 'post', body: 'a' })],
      [
        'headers in pairs, one name twice',
        fetch =>
          fetch(`${home}/echo`, {
            headers: [
              ['X-Custom', 'a'],
              ['X-Custom', 'b'],
            ],
          }),
      ],
      ['Headers', fetch => fetch(`${home}/echo`, { headers: new Headers({ 'X-Custom': 'yes' }) })],
      [
        'a Map for headers',
        fetch => fetch(`${home}/echo`, { headers: new Map([['X-Custom', 'yes']]) as unknown as HeadersInit }),
      ],
      [
        'an iterator for headers, which can be read once',
        fetch =>
          fetch(`${home}/echo`, {
            headers: new Map([['X-Custom', 'yes']]).entries() as unknown as HeadersInit,
          }),
      ],
      [
        'an iterator for the headers of a keyed POST',
        fetch =>
          fetch(`${home}/echo`, {
            method: 'POST',
            headers: new Map([['Idempotency-Key', 'key-1']]).entries() as unknown as HeadersInit,
          }),
      ],
    ])('%s', async (_, call) => {
      await expectSame(call);
    });

    test.each(Object.entries(bodies))('%s as a body', async (_, makeBody) => {
      await expectSame(fetch =>
        fetch(`${home}/echo`, { method: 'POST', body: makeBody(), duplex: 'half' } as RequestInit),
      );
    });

    test.each(Object.entries(bodies))('%s as the body of a Request', async (_, makeBody) => {
      await expectSame(fetch =>
        fetch(
          new Request(`${home}/echo`, { method: 'POST', body: makeBody(), duplex: 'half' } as RequestInit),
        ),
      );
    });
  });

  describe('answers look the same to the program:', () => {
    test.each([200, 201, 204, 304, 400, 404, 418, 500, 501, 599])('a %d is a response', async status => {
      await expectSame(fetch => fetch(`${home}/status/${status}`));
    });

    test.each([
      408, 425, 429, 502, 503, 504,
    ])('a %d, when its retries have run out, is a response', async status => {
      await expectSame(fetch => fetch(`${home}/status/${status}`));
    });

    test('HEAD', async () => {
      await expectSame(fetch => fetch(`${home}/head`, { method: 'HEAD' }));
    });

    test('the body can be streamed, cloned and read in each way', async () => {
      const fetch = ours();
      const response = await fetch(`${home}/status/200`);
      const copy = response.clone();
      let streamed = '';
      for await (const chunk of response.body!) streamed += new TextDecoder().decode(chunk);
      expect(streamed).toBe('status 200');
      expect(new TextDecoder().decode(await copy.bytes())).toBe('status 200');
      expect(response.bodyUsed).toBe(true);
      await rejection(TypeError, response.text());
    });
  });

  describe('redirects', () => {
    const statuses = [301, 302, 303, 307, 308];
    const inits: Record<string, () => RequestInit> = {
      GET: () => ({}),
      HEAD: () => ({ method: 'HEAD' }),
      POST: () => ({ method: 'POST', body: 'again?' }),
      'PUT with a key': () => ({ method: 'PUT', body: 'again?', headers: { 'Idempotency-Key': 'key-1' } }),
      'POST with a key': () => ({
        method: 'POST',
        body: new Blob(['again?'], { type: 'text/x-custom' }),
        headers: { 'Idempotency-Key': 'key-1', 'Content-Language': 'en' },
      }),
      'GET with an API key': () => ({ headers: { 'X-API-Key': 'secret' } }),
    };
    const cases = statuses.flatMap(status => Object.keys(inits).map(init => [status, init] as const));

    test.each(cases)('%d of a %s is followed as fetch does', async (status, init) => {
      await expectSame(fetch => fetch(`${home}/redirect/${status}`, inits[init]!()));
    });

    test.each(Object.keys(inits))('of a %s are handed over when the mode is manual', async init => {
      await expectSame(fetch => fetch(`${home}/redirect/302`, { ...inits[init]!(), redirect: 'manual' }));
    });

    test.each(Object.keys(inits))('of a %s fail when the mode is error', async init => {
      await expectSame(fetch => fetch(`${home}/redirect/302`, { ...inits[init]!(), redirect: 'error' }));
    });

    test.each(Object.keys(inits))('of a %s that do not end fail', async init => {
      if (inits[init]!().method?.startsWith('P')) return;
      await expectSame(fetch => fetch(`${home}/loop`, inits[init]!()));
    });

    test('of a Request are followed by its own mode', async () => {
      for (const redirect of ['follow', 'manual', 'error'] as const) {
        const headers = { 'Idempotency-Key': 'key-1' };
        await expectSame(fetch => fetch(new Request(`${home}/redirect/302`, { redirect, headers })));
      }
    });

    test('a redirect that fails by its mode is not repeated', async () => {
      const fetch = createFetch({ retry: { baseDelayMs: 0 } });
      const error = await rejection(NetworkError, fetch(`${home}/redirect/302`, { redirect: 'error' }));
      expect(error.attempts).toHaveLength(1);
    });
  });

  describe('what is wrong rejects as fetch does, and is sent once at most:', () => {
    const posted = () => new Request(`${home}/echo`, { method: 'POST', body: 'gone' });
    const used = () => {
      const request = posted();
      void request.text();
      return request;
    };

    test.each<[string, (fetch: Fetch) => Promise<Response>]>([
      ['no argument', fetch => (fetch as unknown as () => Promise<Response>)()],
      ['an invalid URL', fetch => fetch('http://')],
      ['a relative URL', fetch => fetch('/relative')],
      ['a scheme that is unknown', fetch => fetch('gopher://home.test/')],
      ['credentials in the URL', fetch => fetch('https://user:secret@home.test/')],
      ['a forbidden method', fetch => fetch(home, { method: 'TRACE' })],
      ['an invalid method', fetch => fetch(home, { method: 'NOT A METHOD' })],
      ['an invalid header name', fetch => fetch(home, { headers: { 'not a name': 'x' } })],
      ['an invalid header value', fetch => fetch(home, { headers: { 'X-Custom': 'a\nb' } })],
      [
        'headers that are a text',
        fetch => fetch(home, { headers: 'X-Custom: yes' as unknown as HeadersInit }),
      ],
      [
        'a header that is no pair',
        fetch => fetch(home, { headers: [['X-Custom', 'yes'], false] as unknown as HeadersInit }),
      ],
      ['headers that are a number', fetch => fetch(home, { headers: 42 as unknown as HeadersInit })],
      ['a referrer that is no URL', fetch => fetch(home, { referrer: '::' })],
      ['a body in a GET', fetch => fetch(home, { body: 'x' })],
      ['a body of a Request in a GET', fetch => fetch(posted(), { method: 'GET' })],
      ['a body of a Request, and a bad header', fetch => fetch(posted(), { headers: { 'X-Y': 'a\nb' } })],
      ['a stream without duplex', fetch => fetch(home, { method: 'POST', body: new ReadableStream() })],
      ['an unknown redirect mode', fetch => fetch(home, { redirect: 'sometimes' as RequestRedirect })],
      ['a signal that is none', fetch => fetch(home, { signal: {} as AbortSignal })],
      ['a Request that has been used', fetch => fetch(used())],
    ])('%s', async (_, call) => {
      const theirs = await rejection(Error, call(nativeFetch));
      const mine = await rejection(Error, call(createFetch({ fetch: nativeFetch }) as Fetch));
      expect(mine.message).toBe(theirs.message);
      expect(Object.getPrototypeOf(mine)).toBe(Object.getPrototypeOf(theirs));
      expect(mine).not.toBeInstanceOf(HoldfastError);
    });

    test('a Request of another make than that of the transport, which takes it for a text', async () => {
      const foreign: Fetch = input => nativeFetch(String(input));
      const theirs = await rejection(TypeError, foreign(posted()));
      const mine = await rejection(TypeError, createFetch({ fetch: foreign })(posted()));
      expect(mine.message).toBe(theirs.message);
      expect(mine).not.toBeInstanceOf(HoldfastError);
    });

    test('a relative URL where there is a document that the transport does not know of, as in jsdom', async () => {
      vi.stubGlobal('location', { href: `${home}/` });
      onTestFinished(() => void vi.unstubAllGlobals());
      const theirs = await rejection(TypeError, nativeFetch('/relative'));
      const mine = await rejection(TypeError, createFetch({ fetch: nativeFetch })('/relative'));
      expect(mine.message).toBe(theirs.message);
      expect(mine).not.toBeInstanceOf(HoldfastError);
    });

    test('an init that is no object', async () => {
      const { fetch, transport } = harness();
      const call = rejection(TypeError, fetch(home, 'init' as unknown as RequestInit));
      await transport.expectNone();
      await call;
    });

    test('the error of a refused argument is the transport’s own', async () => {
      const error = new TypeError('Failed to construct Request');
      const transport = vi.fn(async () => {
        throw error;
      });
      const { fetch } = harness({ fetch: transport });
      await expect(fetch(home, { method: 'TRACE' })).rejects.toBe(error);
      expect(transport).toHaveBeenCalledOnce();
    });

    test('a getter of the caller’s that throws rejects, and does not throw', async () => {
      const init = {
        get method(): string {
          throw new Error('in a getter');
        },
      };
      await expect(ours()(home, init)).rejects.toThrow('in a getter');
    });
  });

  test('a failure of the network is a TypeError, repeated, with what the transport threw as its cause', async () => {
    const fetch = createFetch({ retry: { baseDelayMs: 0 } });
    const error = await rejection(NetworkError, fetch(`${home}/error`));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.attempts).toHaveLength(3);
  });

  test('it stands in place of the TypeError of fetch: `error.cause.code` is what it is there', async () => {
    const thrown = networkError('ECONNREFUSED');
    const fails = () => Promise.reject(thrown);
    const error = await rejection(NetworkError, createFetch({ fetch: fails, retry: false })(home));
    expect(error.cause).toBe(thrown.cause);
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('and so is `error.cause.message`, of a failure without a code', async () => {
    const { cause } = await fetch(`${home}/redirect/302`, { redirect: 'error' }).catch(error => error);
    const error = await rejection(NetworkError, ours()(`${home}/redirect/302`, { redirect: 'error' }));
    expect(error.cause).toEqual(cause);
    expect(error.cause).toMatchObject({ message: 'unexpected redirect' });
  });

  test('null for an init is as good as none', async () => {
    const { fetch, transport } = harness();
    const call = fetch(home, null as unknown as RequestInit);
    (await transport.next()).respond();
    expect((await call).status).toBe(200);
    const data = createFetch({ fetch: nativeFetch })('data:,', null as unknown as RequestInit);
    expect((await data).status).toBe(200);
  });

  describe('URLs that are not HTTP pass through untouched:', () => {
    test('data:', async () => {
      await expectSame(fetch => fetch('data:text/plain,hello'));
    });

    test('blob:', async () => {
      const blobUrl = URL.createObjectURL(new Blob(['hello']));
      await expectSame(fetch => fetch(blobUrl));
      URL.revokeObjectURL(blobUrl);
    });

    test('with their very arguments, and no host remembered', async () => {
      const transport = vi.fn(async () => new Response());
      const { fetch } = harness({ fetch: transport });
      const init = { headers: { 'X-Custom': 'yes' } };
      const response = await fetch('data:,', init);
      expect(transport).toHaveBeenCalledExactlyOnceWith('data:,', init);
      expect((transport.mock.calls as unknown[][])[0]?.[1]).toBe(init);
      expect(fetch.hosts.size).toBe(0);
      expect(responseInfo(response)).toBeUndefined();
    });
  });

  describe('the transport is handed', () => {
    test.each<[string, () => string | URL | Request]>([
      ['a string', () => home],
      ['a URL', () => new URL(home)],
      ['a Request', () => new Request(home)],
      ['a Request with a body', () => new Request(home, { method: 'POST', body: 'x' })],
    ])('the caller’s own first argument: %s', async (_, make) => {
      const input = make();
      const transport = answering(200);
      await harness({ fetch: transport }).fetch(input);
      expect(transport.calls[0]?.[0]).toBe(input);
    });

    test('every member of the init as it was given, known or not, and a signal', async () => {
      const init = {
        method: 'POST',
        headers: new Headers({ 'X-Custom': 'yes' }),
        body: new Blob(['x']),
        mode: 'cors',
        credentials: 'include',
        cache: 'no-store',
        redirect: 'manual',
        referrer: 'https://home.test/from',
        referrerPolicy: 'no-referrer',
        integrity: '',
        keepalive: true,
        priority: 'high',
        duplex: 'half',
        next: { revalidate: 60 },
        cf: { cacheTtl: 5 },
        [Symbol.for('own')]: 'symbol',
      } as const;
      let seen: Record<PropertyKey, unknown> = {};
      const transport = async (_: unknown, given: unknown) => {
        seen = given as Record<PropertyKey, unknown>;
        return new Response();
      };
      await harness({ fetch: transport }).fetch(home, init as unknown as RequestInit);
      const { signal, ...members } = seen;
      expect(signal).toBeInstanceOf(AbortSignal);
      for (const key of Reflect.ownKeys(init))
        expect(members[key as string]).toBe(init[key as keyof typeof init]);
      expect(Reflect.ownKeys(members).sort(byText)).toEqual(Reflect.ownKeys(init).sort(byText));
    });

    test('no `policy`', async () => {
      const transport = answering(200);
      await harness({ fetch: transport }).fetch(home, { policy: { retry: false } });
      expect(transport.calls[0]?.[1]).not.toHaveProperty('policy');
    });

    test('a call in the same turn in which the caller made it', () => {
      const transport = answering(200);
      void harness({ fetch: transport }).fetch(home);
      expect(transport.calls).toHaveLength(1);
    });

    test('a init that is the caller’s no longer: changing it afterwards changes nothing here', async () => {
      const transport = answering(200);
      const init = { method: 'POST' };
      const call = harness({ fetch: transport }).fetch(home, init);
      expect(transport.calls[0]?.[1]).not.toBe(init);
      await call;
      expect(init).toEqual({ method: 'POST' });
    });
  });

  describe('a signal that has aborted before', () => {
    test('sends nothing and rejects with its reason', async () => {
      const { fetch, transport } = harness();
      const call = fetch(home, { signal: AbortSignal.abort('enough') });
      expect(await withinMicrotasks(call)).toEqual({ state: 'rejected', reason: 'enough' });
      await transport.expectNone();
    });

    test('cancels the body, if it is a stream', async () => {
      const body = slowBody();
      const init = { method: 'POST', body: body.stream, duplex: 'half', signal: AbortSignal.abort('enough') };
      await expect(harness().fetch(home, init as RequestInit)).rejects.toBe('enough');
      expect(body.state).toBe('cancelled');
    });

    test('comes second to arguments that will not do', async () => {
      const init = { method: 'TRACE', signal: AbortSignal.abort('enough') };
      await rejection(TypeError, harness().fetch(home, init));
    });
  });

  test('a Request that has been sent cannot be sent again, as with fetch', async () => {
    const fetch = ours();
    const request = new Request(`${home}/echo`, { method: 'POST', body: 'once' });
    expect(JSON.parse(await (await fetch(request)).text()).body).toBe('once');
    expect(request.bodyUsed).toBe(true);
    await rejection(TypeError, fetch(request));
  });

  test('a Request without a body can be sent twice', async () => {
    const fetch = ours();
    const request = new Request(`${home}/echo`);
    expect((await fetch(request)).status).toBe(200);
    expect((await fetch(request)).status).toBe(200);
  });

  test('many calls at once keep their answers apart', async () => {
    const fetch = ours();
    const texts = await Promise.all(
      Array.from({ length: 100 }, async (_, number) => {
        const response = await fetch(`${home}/echo?${number}`);
        return JSON.parse(await response.text()).url as string;
      }),
    );
    expect(texts).toEqual(Array.from({ length: 100 }, (_, number) => `${home}/echo?${number}`));
  });
});

const byText = (a: string | symbol, b: string | symbol) => String(a).localeCompare(String(b));
