import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  CircuitOpenError,
  type ClientCallOptions,
  ClosedError,
  createClient,
  createFetch,
  explain,
  HTTPError,
  isHTTPError,
  NetworkError,
  type PolicyOptions,
  replaceOption,
  responseInfo,
  SchemaValidationError,
  TimeoutError,
} from '../../src/index.ts';
import { networkError, scriptedTransport, stalledBody, virtualClock } from '../../src/testing/index.ts';
import { rejection } from '../support/rejection.ts';

const origin = 'https://payments.internal';

/** What reached the service, in order. */
interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

let seen: Seen[] = [];
let answers: (() => Response)[] = [];

/** A service that answers what it is told, then echoes. */
const server = setupServer(
  http.all(`${origin}/*`, async ({ request }) => {
    const body = new Uint8Array(await request.clone().arrayBuffer());
    seen.push({ method: request.method, url: new URL(request.url), headers: request.headers, body });
    return answers.shift()?.() ?? HttpResponse.json({ ok: true });
  }),
);

beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
afterEach(() => {
  seen = [];
  answers = [];
});
afterAll(() => server.close());

const status = (code: number, headers?: HeadersInit) => () =>
  new HttpResponse(null, { status: code, ...(headers && { headers }) });
const textOf = ({ body }: Seen) => new TextDecoder().decode(body);

/** Retries at once. */
const eager = { retry: { baseDelayMs: 0 } } satisfies PolicyOptions;
const buffering = () => eagerClient({ policy: { retry: { maxBufferedBytes: 100 } } });

const eagerClient = (options: ClientCallOptions = {}) =>
  createClient({ baseUrl: origin, policy: eager }).extend(options);

describe('a client', () => {
  it('retries by the policy and returns the response that came last', async () => {
    answers = [status(503), status(503)];

    await expect(eagerClient().get('charges/42').json()).resolves.toEqual({ ok: true });
    expect(seen).toHaveLength(3);
  });

  it('can be called as a function, and by every method of ky', async () => {
    const client = eagerClient();

    await client('a', { method: 'delete' });
    for (const method of ['get', 'post', 'put', 'patch', 'head', 'delete', 'query'] as const)
      await client[method]('a');

    expect(seen.map(({ method }) => method)).toEqual([
      'DELETE',
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'HEAD',
      'DELETE',
      'QUERY',
    ]);
  });

  it("has the members of ky's own instance", async () => {
    const { default: ky } = await import('ky');

    expect(Object.keys(createClient())).toEqual(expect.arrayContaining(Object.keys(ky)));
    expect(Object.keys(createClient()).filter(name => !(name in ky))).toEqual(['fetch']);
  });

  it('makes URLs from baseUrl, prefix and searchParams', async () => {
    const client = createClient({ baseUrl: `${origin}/v1/`, searchParams: { tenant: 7 } });

    await client.get('charges', { searchParams: { page: 2, size: undefined } });

    expect(seen[0]?.url.href).toBe(`${origin}/v1/charges?tenant=7&page=2`);
  });

  it('validates with a schema', async () => {
    const schema = z.object({ ok: z.boolean() });

    const valid = await eagerClient().get('a').json(schema);
    const error = await rejection(
      SchemaValidationError,
      eagerClient()
        .get('a')
        .json(z.object({ ok: z.string() })),
    );

    expect(valid.ok).toBe(true);
    expect(error.issues[0]?.path).toEqual(['ok']);
  });

  it('parses and stringifies JSON as it is told', async () => {
    const client = eagerClient({
      parseJson: text => ({ parsed: text }),
      stringifyJson: data => `stringified:${JSON.stringify(data)}`,
    });

    await expect(client.post('a', { json: [1] }).json()).resolves.toEqual({ parsed: '{"ok":true}' });
    expect(textOf(seen[0] as Seen)).toBe('stringified:[1]');
  });

  it('reports the progress of a download', async () => {
    const onDownloadProgress = vi.fn<NonNullable<ClientCallOptions['onDownloadProgress']>>();

    await expect(eagerClient().get('a', { onDownloadProgress }).json()).resolves.toEqual({ ok: true });

    expect(onDownloadProgress.mock.lastCall?.[0]).toMatchObject({ percent: 1, transferredBytes: 11 });
  });

  it('shares its fetch with what is extended from it', async () => {
    const client = eagerClient();
    const extended = client.extend({ headers: { 'x-tenant': '7' } });

    await extended.get('a');

    expect(extended.fetch).toBe(client.fetch);
    expect(client.fetch.hosts.get('payments.internal')?.counters.calls).toBe(1);
    expect(seen[0]?.headers.get('x-tenant')).toBe('7');
  });

  it('extends with what it makes of its own presets', async () => {
    const client = eagerClient({ prefix: 'v1', policy: { totalTimeoutMs: 5_000 } });
    let policy: PolicyOptions | undefined;

    const extended = client.extend(parent => {
      policy = parent.policy;
      return { prefix: `${String(parent.prefix)}/charges` };
    });
    await extended.get('42');

    expect(policy).toEqual({ totalTimeoutMs: 5_000 });
    expect(seen[0]?.url.pathname).toBe('/v1/charges/42');
  });

  it('creates one without its presets over the same fetch', async () => {
    const client = eagerClient({ headers: { 'x-tenant': '7' }, policy: { retry: false } });
    const created = client.create({ baseUrl: origin });
    answers = [status(503)];

    await created.get('a');

    expect(created.fetch).toBe(client.fetch);
    expect(seen.map(({ headers }) => headers.get('x-tenant'))).toEqual([null, null]);
  });
});

describe('the fetch of a client', () => {
  it('is the one given, whose policy rules and whose hosts count', async () => {
    const fetch = createFetch({ retry: false });
    answers = [status(503)];

    await expect(createClient({ baseUrl: origin, fetch }).get('a')).rejects.toThrow(HTTPError);

    expect(seen).toHaveLength(1);
    expect(fetch.hosts.get('payments.internal')?.counters.calls).toBe(1);
  });

  it('sends through any other fetch that is given', async () => {
    const transport = vi.fn(async () => Response.json('from the transport'));
    const client = createClient({ baseUrl: origin, fetch: transport });

    await expect(client.get('a').json()).resolves.toBe('from the transport');
    expect(client.fetch.hosts.size).toBe(1);
  });

  it('obeys the policy of the client by host, and a policy swapped in later', async () => {
    const client = createClient({
      baseUrl: origin,
      policy: { ...eager, hosts: { 'payments.internal': { retry: { maxRetries: 1 } } } },
    });

    answers = [status(503), status(503)];
    await expect(client.get('a')).rejects.toThrow(HTTPError);
    client.fetch.update({ retry: false });
    answers = [status(503)];
    await expect(client.get('a')).rejects.toThrow(HTTPError);

    expect(seen).toHaveLength(3);
  });

  it('hears of a policy that its source brings', async () => {
    let swap: (policy: PolicyOptions) => void = () => expect.unreachable('nobody has subscribed');
    const source = {
      subscribe(onPolicy: typeof swap) {
        swap = onPolicy;
        return () => {};
      },
    };
    const client = createClient({ baseUrl: origin, policy: { ...eager, source } });

    swap({ retry: false });
    answers = [status(503)];

    await expect(client.get('a')).rejects.toThrow(HTTPError);
    expect(seen).toHaveLength(1);
  });
});

describe('the policy of a call', () => {
  it('is laid over the policy of the fetch', async () => {
    answers = [status(503)];

    await expect(eagerClient().get('a', { policy: { retry: false } })).rejects.toThrow(HTTPError);
    expect(seen).toHaveLength(1);
  });

  it('can be preset, laid over again, and replaces lists instead of adding to them', async () => {
    const client = eagerClient({ policy: { retry: { statuses: [500], maxRetries: 1 } } });

    answers = [status(500), status(500)];
    await expect(client.get('preset')).rejects.toThrow(HTTPError);
    answers = [status(500)];
    await expect(client.get('over', { policy: { retry: { statuses: [418] } } })).rejects.toThrow(HTTPError);
    answers = [status(418), status(418)];
    await expect(client.get('again', { policy: { retry: { statuses: [418] } } })).rejects.toThrow(HTTPError);

    expect(seen.map(({ url }) => url.pathname)).toEqual(['/preset', '/preset', '/over', '/again', '/again']);
  });

  it('is combined with the preset once, so that it is compiled once', async () => {
    const fetch = createFetch({ fetch: async () => new Response() });
    const spy = Object.assign(vi.fn(fetch), fetch);
    const client = createClient({ fetch: spy }).extend({ policy: { totalTimeoutMs: 5_000 } });
    const policy = { retry: { maxRetries: 1 } };

    await client.get(origin, { policy });
    await client.get(origin, { policy });

    const [first, second] = spy.mock.calls.map(([, init]) => init?.policy);
    expect(first).toEqual({ totalTimeoutMs: 5_000, retry: { maxRetries: 1 } });
    expect(second).toBe(first);
  });

  it('counts as not given when undefined', async () => {
    answers = [status(503)];

    // As JavaScript may write it; the types refuse it.
    await expect(
      eagerClient({ policy: { retry: false } }).get('a', { policy: undefined } as never),
    ).rejects.toThrow(HTTPError);
    expect(seen).toHaveLength(1);
  });

  it('is the one that an init hook sets', async () => {
    answers = [status(503)];
    const client = eagerClient({
      hooks: { init: [options => void Object.assign(options, { policy: { retry: false } })] },
    });

    await expect(client.get('a')).rejects.toThrow(HTTPError);
    expect(seen).toHaveLength(1);
  });

  it.each<[string, unknown, RegExp]>([
    ['no policy', 5, /`policy` should be an object, got 5/],
    ['one with an unknown option', { retries: 2 }, /Unknown option `policy.retries`/],
    ['one with a value out of range', { retry: { maxRetries: -1 } }, /`policy.retry.maxRetries`.*got -1/],
    [
      'one that would change what calls share',
      { circuitBreaker: {} },
      /`policy.circuitBreaker` of a single call/,
    ],
  ])('is refused where it is %s', async (_, policy, message) => {
    const client = eagerClient();

    expect(() => client.extend({ policy } as never)).toThrow(message);
    await expect(client.get('a', { policy } as never)).rejects.toThrow(message);
    expect(seen).toHaveLength(0);
  });
});

describe('errors', () => {
  it("are ky's HTTPError for an HTTP error status, with the body's data and the story of the call", async () => {
    answers = [status(503), status(503), () => HttpResponse.json({ reason: 'busy' }, { status: 503 })];

    const error = await rejection(HTTPError, eagerClient().get('a'));

    expect(isHTTPError(error)).toBe(true);
    expect(error.response.status).toBe(503);
    expect(error.data).toEqual({ reason: 'busy' });
    expect(responseInfo(error.response)?.attempts.map(attempt => attempt.status)).toEqual([503, 503, 503]);
  });

  it('are none for an HTTP error status if the client says so', async () => {
    answers = [status(404)];

    await expect(eagerClient({ throwHttpErrors: false }).get('a')).resolves.toMatchObject({ status: 404 });
  });

  it('are our NetworkError when nothing came back, as it is', async () => {
    answers = [HttpResponse.error, HttpResponse.error, HttpResponse.error];
    const beforeError = vi.fn(({ error }: { error: Error }) => error);

    const error = await rejection(
      NetworkError,
      eagerClient({ hooks: { beforeError: [beforeError] } }).get('a'),
    );

    expect(error).toBeInstanceOf(TypeError);
    expect(error.attempts).toHaveLength(3);
    expect(beforeError.mock.calls[0]?.[0].error).toBe(error);
  });

  it('are our TimeoutError when a limit passes, also while ky reads the body', async () => {
    const clock = virtualClock();
    const transport = scriptedTransport();
    const client = createClient({ fetch: createFetch({ clock, fetch: transport, retry: false }) });

    const late = rejection(TimeoutError, client.get(origin).text());
    await transport.next();
    await clock.advance(10_000);
    const stalled = rejection(TimeoutError, client.get(origin).json());
    (await transport.next()).respond(new Response(stalledBody('{"ok"')));
    await clock.advance(30_000);

    expect((await late).scope).toBe('attempt');
    expect((await stalled).scope).toBe('total');
    expect(clock.pending).toBe(0);
  });

  it("come from no timer of ky's: time is the policy's", async () => {
    const clock = virtualClock();
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    const client = createClient({
      fetch: createFetch({ clock, fetch: async () => Response.json({ ok: true }) }),
    });

    await client.get(origin).json();

    expect(setTimeout).not.toHaveBeenCalled();
    setTimeout.mockRestore();
  });

  it('are our rejections as they are', async () => {
    const client = eagerClient();
    client.fetch.hosts.get(origin)?.circuitBreaker?.isolate();
    await client.get('a');
    client.fetch.hosts.get(origin)?.circuitBreaker?.isolate();

    await expect(client.get('a')).rejects.toThrow(CircuitOpenError);
    await client.fetch.close();
    await expect(client.get('a')).rejects.toThrow(ClosedError);
  });

  it.each([
    ['an error', new Error('the user has left')],
    ['any other value', { because: 'the user has left' }],
    ['no reason', undefined],
  ])("are the caller's own abort reason, untouched: %s", async (_, reason) => {
    const transport = scriptedTransport();
    const client = createClient({ fetch: transport });
    const controller = new AbortController();

    const call = client.get(origin, { signal: controller.signal }).json();
    const attempt = await transport.next();
    controller.abort(reason);

    await expect(call).rejects.toBe(controller.signal.reason);
    expect(attempt.signal.aborted).toBe(true);
  });

  it("are the caller's own abort reason while the body is read", async () => {
    const transport = scriptedTransport();
    const controller = new AbortController();
    const reason = new Error('the user has left');

    const call = createClient({ fetch: transport }).get(origin, { signal: controller.signal });
    (await transport.next()).respond(new Response(stalledBody('half')));
    const text = (await call).text();
    controller.abort(reason);

    await expect(text).rejects.toBe(reason);
  });

  it('are the abort reason before anything is sent', async () => {
    const signal = AbortSignal.abort('too late');

    await expect(eagerClient().get('a', { signal })).rejects.toBe('too late');
    expect(seen).toHaveLength(0);
  });
});

describe("options that ky's own attempts and timeouts would read", () => {
  it.each<[string, object, RegExp]>([
    ['retry', { retry: 3 }, /`retry` of ky is off.*got 3.*policy: \{ retry: \{ maxRetries \} \}/],
    ['retry that is off', { retry: { limit: 0 } }, /`retry` of ky is off/],
    ['timeout', { timeout: 500 }, /`timeout` of ky is off.*got 500.*attemptTimeoutMs/],
    ['timeout that is off', { timeout: false }, /`timeout` of ky is off.*got false.*attemptTimeoutMs/],
    ['totalTimeout', { totalTimeout: 500 }, /`totalTimeout` of ky is off.*totalTimeoutMs/],
    ['an option of ours outside `policy`', { attemptTimeoutMs: 500 }, /`attemptTimeoutMs`.*inside `policy`/],
    ['a setting of createFetch', { observe: () => {} }, /`observe`.*createFetch\(\)/],
  ])('are refused everywhere: %s', (_, options, message) => {
    const client = createClient({ baseUrl: origin });

    expect(() => createClient(options)).toThrow(message);
    expect(() => client.create(options)).toThrow(message);
    expect(() => client.extend(options)).toThrow(message);
    expect(() => client.extend(() => options)).toThrow(message);
    expect(() => client.get('a', options)).toThrow(message);
    expect(() => client('a', { ...options, hooks: {} })).toThrow(message);
    const byHook = client.extend({ hooks: { init: [given => void Object.assign(given, options)] } });
    expect(() => byHook.get('a')).toThrow(message);
    expect(() => client.get('a', options)).toThrow(TypeError);
    expect(seen).toHaveLength(0);
  });

  it('count as not given when undefined', async () => {
    const off = { retry: undefined, timeout: undefined, totalTimeout: undefined, fetch: undefined } as never;
    answers = [status(503)];

    await createClient({ baseUrl: origin, policy: eager, fetch: undefined } as never)
      .extend(off)
      .get('a', off);

    expect(seen).toHaveLength(2);
  });

  it('are refused: another fetch for a client that has one', () => {
    const client = createClient();
    const fetch = globalThis.fetch;

    expect(() => client.extend({ fetch })).toThrow(/`fetch` cannot change here.*createClient\(\)/);
    expect(() => client.get(origin, { fetch })).toThrow(/`fetch` cannot change here/);
  });

  it('are refused: a policy beside a fetch that has one', () => {
    expect(() => createClient({ fetch: createFetch(), policy: {} })).toThrow(
      /`policy` and `fetch` contradict.*createFetch\(\).*extend\(\{ policy \}\)/s,
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['options', 5, /`options` should be an object, got 5/],
    ['a policy', { policy: 5 }, /`policy` should be an object, got 5/],
    ['a policy with an unknown option', { policy: { retries: 2 } }, /Unknown option `retries`/],
    ['a fetch', { fetch: 'fetch' }, /`fetch` should be a function, got "fetch"/],
  ])('are refused: what is no such thing as %s', (_, options, message) => {
    expect(() => createClient(options as never)).toThrow(message);
  });
});

const form = () => {
  const data = new FormData();
  data.set('amount', '42');
  data.set('receipt', new File(['%PDF'], 'receipt.pdf', { type: 'application/pdf' }));
  return data;
};

const keyed = { 'idempotency-key': 'charge-42' };

describe('a body', () => {
  it.each<[string, () => ClientCallOptions, string, string | undefined]>([
    ['JSON', () => ({ json: { amount: 42 } }), '{"amount":42}', 'application/json'],
    ['null as JSON', () => ({ json: null }), 'null', 'application/json'],
    ['text', () => ({ body: 'amount' }), 'amount', 'text/plain;charset=UTF-8'],
    ['no text', () => ({ body: '' }), '', 'text/plain;charset=UTF-8'],
    [
      'parameters',
      () => ({ body: new URLSearchParams({ amount: '42' }) }),
      'amount=42',
      'application/x-www-form-urlencoded;charset=UTF-8',
    ],
    ['a blob', () => ({ body: new Blob(['amount'], { type: 'text/csv' }) }), 'amount', 'text/csv'],
    ['bytes', () => ({ body: new TextEncoder().encode('amount') }), 'amount', undefined],
    ['a buffer', () => ({ body: new TextEncoder().encode('amount').buffer }), 'amount', undefined],
  ])('that is %s is sent again from its source', async (_, options, body, contentType) => {
    answers = [status(503), status(503)];

    await eagerClient().post('a', { ...options(), headers: keyed });

    expect(seen.map(textOf)).toEqual([body, body, body]);
    expect(seen.map(({ headers }) => headers.get('content-type') ?? undefined)).toEqual([
      contentType,
      contentType,
      contentType,
    ]);
    expect(seen.map(({ headers }) => headers.get('idempotency-key'))).toEqual(Array(3).fill('charge-42'));
  });

  it('that is a form is sent again with the boundary that it then has', async () => {
    answers = [status(503)];

    await eagerClient().post('a', { body: form(), headers: keyed });

    expect(seen).toHaveLength(2);
    for (const { body, headers } of seen) {
      const read = await new Response(body, { headers }).formData();
      expect(read.get('amount')).toBe('42');
      expect(read.get('receipt')).toMatchObject({ name: 'receipt.pdf', type: 'application/pdf', size: 4 });
    }
  });

  it('that is a form keeps a content type that the caller gave', async () => {
    await eagerClient().post('a', { body: form(), headers: { 'content-type': 'multipart/x-mixed' } });
    await eagerClient({
      hooks: { beforeRequest: [({ request }) => request.headers.set('content-type', 'multipart/x-hooked')] },
    }).post('a', { body: form() });

    expect(seen.map(({ headers }) => headers.get('content-type'))).toEqual([
      'multipart/x-mixed',
      'multipart/x-hooked',
    ]);
  });

  it('is sent again with a key that the policy makes', async () => {
    answers = [status(503)];

    await eagerClient().post('a', { json: 1, policy: { idempotencyKey: 'auto' } });

    const keys = seen.map(({ headers }) => headers.get('idempotency-key'));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(seen.map(({ headers }) => headers.get('content-type'))).toEqual(Array(2).fill('application/json'));
  });

  it('is sent again to a host that is declared idempotent', async () => {
    answers = [status(503)];

    await eagerClient().put('a', { json: 1, policy: { retry: { idempotent: true } } });

    expect(seen.map(textOf)).toEqual(['1', '1']);
  });

  it('without a key is sent once', async () => {
    answers = [status(503)];

    const { response } = await rejection(HTTPError, eagerClient().post('a', { json: 1 }));

    expect(responseInfo(response)?.attempts[0]?.reason).toBe('not-repeatable');
    expect(seen).toHaveLength(1);
  });

  it('that is a stream is sent once', async () => {
    answers = [status(503)];
    const body = new Blob(['amount']).stream();

    const { response } = await rejection(HTTPError, eagerClient().post('a', { body, headers: keyed }));

    expect(responseInfo(response)?.attempts[0]?.reason).toBe('body-not-replayable');
    expect(seen.map(textOf)).toEqual(['amount']);
  });

  it('of a Request is sent once, since nobody knows where it came from', async () => {
    answers = [status(503)];
    const request = new Request(`${origin}/a`, { method: 'POST', body: 'amount' });

    const { response } = await rejection(HTTPError, eagerClient()(request, { headers: keyed }));

    expect(responseInfo(response)?.attempts[0]?.reason).toBe('body-not-replayable');
    expect(seen.map(textOf)).toEqual(['amount']);
  });

  it('whose progress is reported is sent once, as a stream', async () => {
    answers = [status(503)];
    const onUploadProgress = vi.fn<NonNullable<ClientCallOptions['onUploadProgress']>>();

    const { response } = await rejection(
      HTTPError,
      eagerClient().post('a', { body: 'amount', headers: keyed, onUploadProgress }),
    );

    expect(responseInfo(response)?.attempts[0]?.reason).toBe('body-not-replayable');
    expect(seen.map(textOf)).toEqual(['amount']);
    expect(onUploadProgress.mock.lastCall?.[0]).toMatchObject({ percent: 1, transferredBytes: 6 });
  });

  it.each<[string, () => Promise<Response>]>([
    [
      'that is a stream',
      () => buffering().post('a', { body: new Blob(['amount']).stream(), headers: keyed }),
    ],
    [
      'of a Request',
      () => buffering()(new Request(`${origin}/a`, { method: 'POST', body: 'amount' }), { headers: keyed }),
    ],
    [
      'whose progress is reported',
      () => buffering().post('a', { body: 'amount', headers: keyed, onUploadProgress: () => {} }),
    ],
  ])('%s is sent again where it may be buffered', async (_, call) => {
    answers = [status(503)];

    expect((await call()).status).toBe(200);

    expect(seen.map(textOf)).toEqual(['amount', 'amount']);
  });

  it('is handed on as its source, and no copy of it is made', async () => {
    const transport = scriptedTransport();
    const body = new Blob(['amount']);

    const call = createClient({ fetch: transport }).post(origin, { body });
    const { init, respond } = await transport.next();
    respond();
    await call;

    expect(init?.body).toBe(body);
  });
});

describe('hooks', () => {
  it('change the request in place, for every attempt', async () => {
    answers = [status(503)];
    const client = eagerClient({
      hooks: { beforeRequest: [({ request }) => request.headers.set('authorization', 'Bearer token')] },
    });

    await client.post('a', { json: 1, headers: keyed });

    expect(seen.map(({ headers }) => headers.get('authorization'))).toEqual(Array(2).fill('Bearer token'));
    expect(seen.map(textOf)).toEqual(['1', '1']);
  });

  it('put another request in place, which goes out as they made it', async () => {
    const client = eagerClient({
      hooks: {
        beforeRequest: [
          ({ request }) => new Request(request, { body: 'another', headers: { 'x-made-by': 'hook' } }),
        ],
      },
    });

    await client.post('a', { json: 1 });

    expect(seen.map(textOf)).toEqual(['another']);
    expect(seen[0]?.headers.get('x-made-by')).toBe('hook');
  });

  it('answer in place of the service', async () => {
    const client = eagerClient({ hooks: { beforeRequest: [() => Response.json('from the hook')] } });

    await expect(client.post('a', { json: 1 }).json()).resolves.toBe('from the hook');
    expect(seen).toHaveLength(0);
  });

  it('set what is sent before the request is made', async () => {
    answers = [status(503)];
    const client = eagerClient({
      hooks: { init: [options => void Object.assign(options, { json: { from: 'init' } })] },
      headers: keyed,
    });

    await client.post('a', { json: 1 });

    expect(seen.map(textOf)).toEqual(Array(2).fill('{"from":"init"}'));
  });

  it('of a call run after those of the client, and bodies are still sent again', async () => {
    answers = [status(503)];
    const heard: string[] = [];
    const client = eagerClient({ hooks: { beforeRequest: [() => void heard.push('client')] } });

    await client.post('a', {
      json: 1,
      headers: keyed,
      hooks: { beforeRequest: [() => void heard.push('call')] },
    });

    expect(heard).toEqual(['client', 'call']);
    expect(seen.map(textOf)).toEqual(['1', '1']);
  });

  it.each<[string, ClientCallOptions]>([
    ['replaced', { hooks: replaceOption({}) as never }],
    ['taken out', { hooks: undefined } as never],
    ['taken out one by one', { hooks: { init: undefined, beforeRequest: undefined } } as never],
  ])('that are %s leave the policy and the body in place', async (_, options) => {
    answers = [status(503)];
    const hook = vi.fn();
    const client = eagerClient({ hooks: { init: [hook], beforeRequest: [hook] } });

    await client.post('a', { json: 1, headers: keyed, ...options });

    expect(hook).not.toHaveBeenCalled();
    expect(seen.map(textOf)).toEqual(['1', '1']);
    expect(() => client.extend(options).get('a', { timeout: 5 })).toThrow(/`timeout` of ky is off/);
  });

  it('read the response, and the caller still can', async () => {
    const heard: unknown[] = [];
    const client = eagerClient({
      hooks: { afterResponse: [async ({ response }) => void heard.push(await response.json())] },
    });

    await expect(client.get('a').json()).resolves.toEqual({ ok: true });
    expect(heard).toEqual([{ ok: true }]);
  });

  it('are asked once per call, however many attempts it takes', async () => {
    answers = [status(503), status(503)];
    const hook = vi.fn();

    await eagerClient({ hooks: { beforeRequest: [hook], beforeRetry: [hook], afterResponse: [hook] } }).get(
      'a',
    );

    expect(hook).toHaveBeenCalledTimes(2);
    expect(seen).toHaveLength(3);
  });

  it('have the call made again, with its body, by returning client.retry()', async () => {
    const client = eagerClient();
    let token = 'stale';
    const signedIn = client.extend({
      hooks: {
        beforeRequest: [({ request }) => request.headers.set('authorization', token)],
        beforeRetry: [({ request }) => request.headers.set('authorization', token)],
        afterResponse: [
          ({ response }) => {
            if (response.status !== 401) return;
            token = 'fresh';
            return client.retry({ delay: 0 });
          },
        ],
      },
    });
    answers = [status(401), status(503)];

    await expect(signedIn.post('a', { json: 1, headers: keyed }).json()).resolves.toEqual({ ok: true });

    expect(seen.map(({ headers }) => headers.get('authorization'))).toEqual(['stale', 'fresh', 'fresh']);
    expect(seen.map(textOf)).toEqual(['1', '1', '1']);
  });

  it('have the request made again that one of them had put in place', async () => {
    const client = eagerClient();
    const replaced = client.extend({
      hooks: {
        beforeRequest: [({ request }) => new Request(request, { body: 'another' })],
        afterResponse: [({ response }) => (response.status === 401 ? client.retry({ delay: 0 }) : undefined)],
      },
    });
    answers = [status(401)];

    await replaced.post('a', { json: 1 });

    expect(seen.map(textOf)).toEqual(['another', 'another']);
  });

  it('have another request made in place of the call', async () => {
    const client = eagerClient();
    const moved = client.extend({
      hooks: {
        afterResponse: [
          ({ response, request }) =>
            response.status === 410
              ? client.retry({
                  delay: 0,
                  request: new Request(`${origin}/new`, { headers: request.headers }),
                })
              : undefined,
        ],
      },
    });
    answers = [status(410)];

    await moved.post('old', { json: 1 });

    expect(seen.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual(['POST /old', 'GET /new']);
    expect(textOf(seen[1] as Seen)).toBe('');
  });

  it('cost no copy of the request unless one of them could ask for it again, nor of a stream', async () => {
    const clone = vi.spyOn(Request.prototype, 'clone');
    const client = createClient({ fetch: async () => Response.json({ ok: true }) });
    const afterResponse = [() => {}];

    await client.post(origin, { json: 1 });
    await client.post(origin, { body: new Blob(['amount']).stream(), hooks: { afterResponse } });
    expect(clone).not.toHaveBeenCalled();
    await client.post(origin, { json: 1, hooks: { afterResponse } });
    expect(clone).toHaveBeenCalledOnce();

    clone.mockRestore();
  });

  it('do not make ky repeat by itself what the policy has given up', async () => {
    answers = Array(9).fill(status(503));

    await expect(eagerClient({ hooks: { afterResponse: [() => {}] } }).get('a')).rejects.toThrow(HTTPError);
    expect(seen).toHaveLength(3);
  });
});

describe('the story of a call', () => {
  const retried = { attempts: [{ status: 503 }, { status: 200 }], retries: 1 };

  it('is told by the response', async () => {
    answers = [status(503)];

    const response = await eagerClient().get('a');

    expect(responseInfo(response)).toMatchObject(retried);
    expect(explain(response)).toMatch(/^GET https:\/\/payments\.internal\/a → 200 .*2 attempts/);
  });

  it('is told to hooks, and by what they make of the response', async () => {
    answers = [status(503)];
    const heard: unknown[] = [];
    const client = eagerClient({
      hooks: {
        afterResponse: [
          ({ response }) => void heard.push(responseInfo(response), responseInfo(response.clone())),
          ({ response }) => new Response(response.body, { status: 202 }),
        ],
      },
    });

    const response = await client.get('a');

    expect(heard).toMatchObject([retried, retried]);
    expect(response.status).toBe(202);
    expect(responseInfo(response)).toMatchObject(retried);
  });

  it('is told to hooks by a response without a body', async () => {
    answers = [status(503), () => new HttpResponse(null, { status: 204 })];
    const heard: unknown[] = [];
    const client = eagerClient({
      hooks: {
        afterResponse: [
          ({ response }) => void heard.push(responseInfo(response), responseInfo(response.clone())),
        ],
      },
    });

    await client.get('a');

    const story = { attempts: [{ status: 503 }, { status: 204 }], retries: 1 };
    expect(heard).toMatchObject([story, story]);
  });

  it('is told by a response whose progress is reported', async () => {
    answers = [status(503)];

    const response = await eagerClient().get('a', { onDownloadProgress: () => {} });

    expect(responseInfo(response)).toMatchObject(retried);
    await expect(response.json()).resolves.toEqual({ ok: true });
  });

  it('is not told by what a hook answers in place of the service', async () => {
    const client = eagerClient({
      hooks: { beforeRequest: [() => new Response()], afterResponse: [() => {}] },
    });

    expect(responseInfo(await client.get('a'))).toBeUndefined();
  });

  it('leaves an error with whoever waits for it, and with nobody else', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const transport = scriptedTransport();
    const client = createClient({ fetch: transport, policy: { retry: false } });

    const read = client.get(origin, { onDownloadProgress: () => {} }).json();
    (await transport.next()).fail(networkError('ECONNRESET'));
    await expect(read).rejects.toThrow(NetworkError);
    await new Promise(setImmediate);
    expect(unhandled).not.toHaveBeenCalled();

    void client.get(origin, { onDownloadProgress: () => {} });
    (await transport.next()).fail(networkError('ECONNRESET'));
    await vi.waitFor(() => expect(unhandled).toHaveBeenCalledOnce());
    process.off('unhandledRejection', unhandled);
  });
});

it('`cache` is the mode of fetch as a text, and a policy inside `policy`', () => {
  expect(() => createClient({ cache: 'no-store' })).not.toThrow();
  const asPolicy = { cache: {} } as unknown as Parameters<typeof createClient>[0];
  expect(() => createClient(asPolicy)).toThrow(
    '`cache` is no option of a client: it stands inside `policy`.',
  );
  const store = { cacheStore: {} } as unknown as Parameters<typeof createClient>[0];
  expect(() => createClient(store)).toThrow(
    '`cacheStore` is no option of a client: give it to createFetch()',
  );
});
