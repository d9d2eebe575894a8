import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  createApi,
  defineContract,
  endpoint,
  form,
  isStatusError,
  json,
  multipart,
  StatusError,
  text,
  ValidationError,
} from '../../src/contract/index.ts';
import { HoldfastError, NetworkError, responseInfo, TimeoutError } from '../../src/index.ts';
import { networkError, slowBody } from '../../src/testing/index.ts';
import { ann, answer, apiOf, failureOf, id, Problem, User, users } from './support.ts';

const notFound = { type: 'about:blank', title: 'No such user', status: 404 };

describe('an operation', () => {
  test('sends method, path, accept and body, and resolves with the decoded success', async () => {
    const { api, transport } = apiOf(users);
    const call = api.createUser({ body: { name: 'Ann', createdAt: new Date('2026-01-02T03:04:05Z') } });
    const { request, respond } = await transport.next();
    expect(request.method).toBe('POST');
    expect(request.url).toBe('https://users.test/v1/users');
    expect(request.headers.get('accept')).toBe('application/json');
    expect(request.headers.get('content-type')).toBe('application/json');
    expect(await request.json()).toEqual({ name: 'Ann', createdAt: '2026-01-02T03:04:05.000Z' });
    respond(answer(ann, { status: 201 }));
    expect(await call).toEqual({ ...ann, createdAt: new Date('2026-01-02T03:04:05Z') });
  });

  test('throws a StatusError with the declared body for a declared failure', async () => {
    const { api, transport } = apiOf(users);
    const call = failureOf(api.getUser({ params: { id } }));
    (await transport.next()).respond(answer(notFound, { status: 404 }));
    const error = await call;
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error).toMatchObject({ code: 'STATUS', status: 404, data: notFound, isDeclared: true });
    expect(error).toMatchObject({
      operation: 'getUser',
      method: 'GET',
      url: `https://users.test/v1/users/${id}`,
    });
    expect(isStatusError(error)).toBe(true);
    expect(isStatusError(error, api.getUser, 404)).toBe(true);
    expect(isStatusError(error, api.createUser)).toBe(false);
    expect(isStatusError(new Error('x'), api.getUser, 404)).toBe(false);
  });

  test('retries what is repeatable and tells of it in the error', async () => {
    const { api, transport } = apiOf(users);
    const call = failureOf(api.getUser({ params: { id } }));
    for (let attempt = 1; attempt <= 3; attempt++)
      (await transport.next()).respond(new Response('busy', { status: 503 }));
    const error = (await call) as StatusError;
    expect(error).toMatchObject({ status: 503, isDeclared: false, data: 'busy' });
    expect(error.attempts).toHaveLength(3);
  });

  test('rejects with the errors of the fetch below', async () => {
    const { api, transport } = apiOf(users, {}, { retry: false });
    const call = failureOf(api.getUser({ params: { id } }));
    (await transport.next()).fail(networkError('ECONNREFUSED'));
    expect(await call).toBeInstanceOf(NetworkError);
  });

  test("rejects with the caller's own reason when it aborts, before, during, and while the body comes", async () => {
    const { api, transport } = apiOf(users);
    const reason = new Error('no longer wanted');
    expect(await failureOf(api.getUser({ params: { id } }, { signal: AbortSignal.abort(reason) }))).toBe(
      reason,
    );

    const during = new AbortController();
    const call = failureOf(api.getUser({ params: { id } }, { signal: during.signal }));
    await transport.next();
    during.abort(reason);
    expect(await call).toBe(reason);

    const late = new AbortController();
    const reading = failureOf(api.getUser({ params: { id } }, { signal: late.signal }));
    const { stream } = slowBody();
    (await transport.next()).respond(
      new Response(stream, { headers: { 'content-type': 'application/json' } }),
    );
    await transport.expectNone();
    late.abort(reason);
    expect(await reading).toBe(reason);
  });

  test('ends with a NetworkError when the body breaks off', async () => {
    const { api, transport } = apiOf(users);
    const call = failureOf(api.getUser({ params: { id } }));
    const { stream, send, fail } = slowBody();
    send('{"id":');
    (await transport.next()).respond(
      new Response(stream, { headers: { 'content-type': 'application/json' } }),
    );
    await transport.expectNone();
    fail(networkError('UND_ERR_SOCKET'));
    const error = await call;
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ sent: 'yes', transient: true });
  });

  test('ends with a TimeoutError when the body is not there in time', async () => {
    const { api, transport, clock } = apiOf(users);
    const call = failureOf(api.getUser({ params: { id } }));
    const { stream } = slowBody();
    (await transport.next()).respond(
      new Response(stream, { headers: { 'content-type': 'application/json' } }),
    );
    await clock.advance(30_000);
    expect(await call).toMatchObject({ code: 'TIMEOUT', scope: 'total' });
    expect(await call).toBeInstanceOf(TimeoutError);
  });

  test('has a policy per endpoint, and one per call over it', async () => {
    const contract = defineContract({
      slow: endpoint({
        method: 'GET',
        path: '/slow',
        responses: { 200: text() },
        policy: { attemptTimeoutMs: 500, retry: { maxRetries: 1 } },
      }),
    });
    const { api, transport, clock } = apiOf(contract);
    const call = failureOf(api.slow());
    await transport.next();
    await clock.advance(500);
    await transport.next();
    await clock.advance(500);
    expect(await call).toMatchObject({ code: 'TIMEOUT', limitMs: 500, attempts: { length: 2 } });

    const once = failureOf(api.slow({}, { policy: { retry: false } }));
    await transport.next();
    await clock.advance(500);
    expect(await once).toMatchObject({ limitMs: 500, attempts: { length: 1 } });
  });

  test('hands its template to telemetry, base path included', async () => {
    const seen: unknown[] = [];
    const { api, transport } = apiOf(
      users,
      {},
      {
        policies: [
          {
            inside: 'attemptTimeout',
            policy: (call, next) => {
              seen.push(call.request.urlTemplate);
              return next(call);
            },
          },
        ],
      },
    );
    const call = api.getUser({ params: { id } });
    const attempt = await transport.next();
    expect(attempt.init).not.toHaveProperty('urlTemplate');
    expect(attempt.init).not.toHaveProperty('policy');
    attempt.respond(answer(ann));
    await call;
    expect(seen).toEqual(['/v1/users/{id}']);
  });

  test('sends the headers of the client, of the contract and of the call, the nearer over the farther', async () => {
    const contract = defineContract({
      list: endpoint({
        method: 'GET',
        path: '/list',
        headers: z.object({ 'X-Tenant': z.string(), 'X-Limit': z.number().optional() }),
        cookies: z.object({ session: z.string() }),
        responses: { 200: text() },
      }),
    });
    const { api, transport } = apiOf(contract, { headers: { 'x-tenant': 'none', 'x-app': 'shop' } });
    const input = { headers: { 'X-Tenant': 'acme', 'X-Limit': 5 }, cookies: { session: 'a b;c' } };
    const call = api.list(input, { headers: { 'x-limit': '6' } });
    const { request, respond } = await transport.next();
    expect(request.headers.get('x-app')).toBe('shop');
    expect(request.headers.get('x-tenant')).toBe('acme');
    expect(request.headers.get('x-limit')).toBe('6');
    expect(request.headers.get('cookie')).toBe('session=a%20b%3Bc');
    respond(new Response('ok', { headers: { 'content-type': 'text/plain; charset=utf-8' } }));
    expect(await call).toBe('ok');
  });

  test('hands the transport headers of its own, so that what one call is given shows in no other', async () => {
    const seen: (string | undefined)[] = [];
    const fetch = async (_: unknown, init?: RequestInit) => {
      const headers = init?.headers as Record<string, string>;
      seen.push(headers['x-signed']);
      headers['x-signed'] = 'for this call';
      return answer(ann);
    };
    const { api } = apiOf(users, { fetch });
    await api.getUser({ params: { id } });
    await api.getUser({ params: { id } });
    expect(seen).toEqual([undefined, undefined]);
  });

  test('refuses an input and options that do not exist, naming those that do', async () => {
    const { api, transport } = apiOf(users);
    const untyped = api.getUser as unknown as (...args: unknown[]) => Promise<unknown>;
    expect(String(await failureOf(untyped({ param: { id } })))).toContain('Did you mean `params`?');
    expect(String(await failureOf(untyped({ params: { id }, query: {} })))).toContain('Known here: params');
    expect(String(await failureOf(untyped({ params: { id } }, { retries: 1 })))).toContain('Unknown option');
    expect(String(await failureOf(untyped({ params: { id } }, { signal: 'now' })))).toContain('AbortSignal');
    expect(String(await failureOf(untyped('x')))).toContain('should be an object');
    await transport.expectNone();
  });
});

/** As Node's `fetch` has it. */
const undecodable = (): Error => {
  const cause = Object.assign(new Error('incorrect header check'), { code: 'Z_DATA_ERROR' });
  return new TypeError('terminated', { cause });
};

describe('safe', () => {
  test.each([
    ['breaks off in a browser', new TypeError('network error'), true],
    ['is not compressed as it says', undecodable(), false],
  ])('has an error of ours for a body that %s', async (_, error, transient) => {
    const { api, transport } = apiOf(users, {}, { retry: false });
    const result = api.getUser.safe({ params: { id } });
    const body = slowBody();
    (await transport.next()).respond(
      new Response(body.stream, { headers: { 'content-type': 'application/json' } }),
    );
    body.fail(error);
    expect(await result).toMatchObject({ ok: false, error: { code: 'NETWORK', sent: 'yes', transient } });
  });

  test.each<[string, () => Promise<Response>]>([
    ['is no response', async () => ({ ok: true, status: 200, headers: new Headers() }) as Response],
    [
      'was read before',
      async () => {
        const response = answer(ann);
        await response.text();
        return response;
      },
    ],
  ])('has the mistake itself where a fetch gives what %s', async (_, fetch) => {
    const api = createApi(users, { baseUrl: 'https://users.test', fetch });
    const { error } = await api.getUser.safe({ params: { id } });
    expect(error).toBeInstanceOf(TypeError);
    expect(error).not.toBeInstanceOf(HoldfastError);
  });

  test('resolves with a success, a declared failure, or an error, and never rejects', async () => {
    const { api, transport } = apiOf(users, {}, { retry: false });
    const success = api.getUser.safe({ params: { id } });
    (await transport.next()).respond(answer(ann));
    const { response, ...told } = await success;
    expect(told).toMatchObject({ ok: true, status: 200, data: { name: 'Ann' } });
    expect(responseInfo(response as Response)?.attempts).toHaveLength(1);

    const failure = api.getUser.safe({ params: { id } });
    (await transport.next()).respond(answer(notFound, { status: 404 }));
    expect(await failure).toMatchObject({ ok: false, status: 404, data: notFound });

    const broken = api.getUser.safe({ params: { id } });
    (await transport.next()).fail(networkError('ECONNRESET'));
    expect(await broken).toEqual({ ok: false, error: expect.any(NetworkError) });

    const undeclared = api.getUser.safe({ params: { id } });
    (await transport.next()).respond(answer({ why: 'no' }, { status: 403 }));
    expect(await undeclared).toMatchObject({ ok: false, error: { status: 403, data: { why: 'no' } } });

    expect(await api.getUser.safe({ params: { id: 'x' } })).toEqual({
      ok: false,
      error: expect.any(ValidationError),
    });
    const reason = new Error('enough');
    expect(await api.getUser.safe({ params: { id } }, { signal: AbortSignal.abort(reason) })).toEqual({
      ok: false,
      error: reason,
    });
  });
});

describe('responses', () => {
  const contract = defineContract({
    ranges: endpoint({
      method: 'GET',
      path: '/ranges',
      responses: { 200: text(), 404: z.literal('gone'), '4xx': z.literal('yours'), '5xx': z.literal('ours') },
      policy: { retry: false },
    }),
    byDefault: endpoint({ method: 'GET', path: '/default', responses: { 200: text(), default: Problem } }),
    onlyDefault: endpoint({
      method: 'GET',
      path: '/any',
      responses: { default: z.object({ n: z.number() }) },
    }),
    several: endpoint({
      method: 'GET',
      path: '/several',
      responses: { 200: [User, text({ type: 'text/csv' })] },
    }),
    nothing: endpoint({
      method: 'DELETE',
      path: '/x',
      responses: { 204: null, 202: null, 200: z.undefined() },
    }),
    head: endpoint({ method: 'HEAD', path: '/x', responses: { 200: null, 404: null } }),
    headers: endpoint({
      method: 'GET',
      path: '/headers',
      responses: {
        200: {
          body: text(),
          headers: z.object({ 'X-Total': z.coerce.number(), ETag: z.string().optional() }),
        },
      },
    }),
  });

  test('are those of the status, or else of its range, or else the default', async () => {
    const { api, transport } = apiOf(contract);
    const ranges = async (status: number, body: unknown) => {
      const result = api.ranges.safe();
      (await transport.next()).respond(answer(body, { status }));
      return result;
    };
    expect(await ranges(404, 'gone')).toMatchObject({ status: 404, data: 'gone' });
    expect(await ranges(418, 'yours')).toMatchObject({ status: 418, data: 'yours' });
    expect(await ranges(500, 'ours')).toMatchObject({ status: 500, data: 'ours' });
    expect(await ranges(500, 'theirs')).toMatchObject({ error: { code: 'VALIDATION', status: 500 } });

    const other = api.byDefault.safe();
    (await transport.next()).respond(answer(notFound, { status: 409 }));
    expect(await other).toMatchObject({ ok: false, status: 409, data: notFound });
    const success = api.byDefault.safe();
    (await transport.next()).respond(answer(notFound, { status: 202 }));
    expect(await success).toMatchObject({ ok: false, error: { code: 'VALIDATION', part: 'status' } });
    const any = api.onlyDefault.safe();
    (await transport.next()).respond(answer({ n: 1 }, { status: 202 }));
    expect(await any).toMatchObject({ ok: true, status: 202, data: { n: 1 } });
  });

  test('choose the body by content type', async () => {
    const { api, transport } = apiOf(contract);
    const csv = api.several();
    (await transport.next()).respond(
      new Response('id\n1', { headers: { 'content-type': 'text/csv; header=present' } }),
    );
    expect(await csv).toBe('id\n1');
    const json = api.several();
    const type = { headers: { 'content-type': 'Application/Hal+JSON' } };
    (await transport.next()).respond(new Response(JSON.stringify(ann), type));
    expect(await json).toMatchObject({ name: 'Ann' });
  });

  test('choose the body of that very type before one that would do', async () => {
    const A = z.object({ a: z.string() });
    const problem = { 'content-type': 'application/problem+json' };
    const several = defineContract({
      get: endpoint({
        method: 'GET',
        path: '/x',
        responses: {
          200: [A, json(Problem, { type: 'application/problem+json' }), text({ type: 'text/*' })],
        },
      }),
    });
    const { api, transport } = apiOf(several);
    const call = api.get();
    (await transport.next()).respond(new Response(JSON.stringify(notFound), { headers: problem }));
    expect(await call).toEqual(notFound);
    const other = api.get();
    (await transport.next()).respond(new Response('<p>', { headers: { 'content-type': 'text/html' } }));
    expect(await other).toBe('<p>');
  });

  test('without a body are undefined, and what came all the same is given up', async () => {
    const { api, transport } = apiOf(contract);
    const removed = api.nothing();
    (await transport.next()).respond(new Response(null, { status: 204 }));
    expect(await removed).toBeUndefined();
    const stuck = api.nothing();
    const broken = new ReadableStream({ cancel: () => Promise.reject(new Error('gone')) });
    (await transport.next()).respond(new Response(broken, { status: 202 }));
    expect(await stuck).toBeUndefined();
    const empty = api.nothing();
    (await transport.next()).respond(new Response('', { headers: { 'content-type': 'application/json' } }));
    expect(await empty).toBeUndefined();
    const body = slowBody();
    const unasked = api.nothing();
    (await transport.next()).respond(new Response(body.stream, { status: 202 }));
    expect(await unasked).toBeUndefined();
    expect(body.state).toBe('cancelled');
    const head = api.head.safe();
    (await transport.next()).respond(new Response(null, { status: 404 }));
    expect(await head).toMatchObject({ ok: false, status: 404, data: undefined });
  });

  test('that never have a body do not match a range that has one, unless its schema can do without', async () => {
    const ranges = defineContract({
      one: endpoint({ method: 'GET', path: '/1', responses: { '2xx': User, '3xx': Problem } }),
      maybe: endpoint({ method: 'GET', path: '/2', responses: { '2xx': User.optional() } }),
    });
    const { api, transport } = apiOf(ranges);
    const success = api.one.safe();
    (await transport.next()).respond(new Response(null, { status: 204 }));
    expect(await success).toMatchObject({
      ok: false,
      error: { code: 'VALIDATION', part: 'body', status: 204 },
    });
    const failure = api.one.safe();
    (await transport.next()).respond(new Response(null, { status: 304 }));
    expect(await failure).toMatchObject({
      ok: false,
      error: { code: 'STATUS', status: 304, isDeclared: false },
    });
    const maybe = api.maybe.safe();
    (await transport.next()).respond(new Response(null, { status: 204 }));
    expect(await maybe).toMatchObject({ ok: true, status: 204, data: undefined });
  });

  test('that are failures without a word are a StatusError, whatever is declared for their body', async () => {
    const { api, transport } = apiOf(users);
    const call = failureOf(api.getUser({ params: { id } }));
    (await transport.next()).respond(new Response(null, { status: 404 }));
    expect(await call).toMatchObject({ code: 'STATUS', status: 404, isDeclared: false, data: undefined });
    expect(isStatusError(await call, api.getUser, 404)).toBe(false);
  });

  test('that are forms have a list where the schema has one, also of one', async () => {
    const tags = z.object({ tags: z.array(z.string()), name: z.string() });
    const forms = defineContract({
      form: endpoint({ method: 'GET', path: '/1', responses: { 200: form(tags) } }),
      multipart: endpoint({ method: 'GET', path: '/2', responses: { 200: multipart(tags) } }),
    });
    const { api, transport } = apiOf(forms);
    const fields = new URLSearchParams({ tags: 'a', name: 'x' });
    const one = api.form();
    (await transport.next()).respond(new Response(fields));
    expect(await one).toEqual({ tags: ['a'], name: 'x' });
    const other = api.multipart();
    const data = new FormData();
    for (const [name, value] of fields) data.append(name, value);
    (await transport.next()).respond(new Response(data));
    expect(await other).toEqual({ tags: ['a'], name: 'x' });
  });

  test('have headers as declared, in any case, and else as they are', async () => {
    const { api, transport } = apiOf(contract);
    const call = api.headers.safe();
    (await transport.next()).respond(
      new Response('x', { headers: { 'content-type': 'text/plain', 'x-total': '7', etag: 'W/"1"' } }),
    );
    expect(await call).toMatchObject({ ok: true, headers: { 'X-Total': 7, ETag: 'W/"1"' } });
    const wrong = api.headers.safe();
    (await transport.next()).respond(
      new Response('x', { headers: { 'content-type': 'text/plain', 'x-total': 'many' } }),
    );
    expect(await wrong).toMatchObject({
      error: { code: 'VALIDATION', part: 'headers', issues: [{ path: ['X-Total'] }] },
    });
    const undeclared = api.nothing.safe();
    const response = new Response(null, { status: 204, headers: { etag: '"2"' } });
    (await transport.next()).respond(response);
    expect((await undeclared).headers).toBe(response.headers);
  });

  test('explain themselves by problem details that nobody declared (RFC 9457)', async () => {
    const { api, transport } = apiOf(users, {}, { retry: false });
    const call = failureOf(api.getUser({ params: { id } }));
    const problem = { title: 'Out of stock', detail: 'Nothing left', balance: 3, status: 'not a number' };
    const headers = { 'content-type': 'application/problem+json' };
    (await transport.next()).respond(new Response(JSON.stringify(problem), { status: 503, headers }));
    const error = (await call) as StatusError;
    expect(error.problem).toEqual({
      type: 'about:blank',
      title: 'Out of stock',
      detail: 'Nothing left',
      balance: 3,
    });
    expect(error.message).toContain('503 Out of stock');
  });

  test('of a proxy in between are a StatusError with its page, not a complaint about it', async () => {
    const { api, transport } = apiOf(contract);
    const call = failureOf(api.ranges());
    const headers = { 'content-type': 'text/html' };
    (await transport.next()).respond(new Response('<h1>Bad Gateway</h1>', { status: 502, headers }));
    expect(await call).toMatchObject({
      code: 'STATUS',
      status: 502,
      isDeclared: false,
      data: '<h1>Bad Gateway</h1>',
    });
  });
});

describe('a fallback', () => {
  const contract = defineContract({
    rate: endpoint({
      method: 'GET',
      path: '/rate',
      responses: { 200: z.object({ rate: z.number() }), 404: Problem },
      policy: { retry: false },
      fallback: { rate: 1 },
    }),
    computed: endpoint({
      method: 'GET',
      path: '/computed',
      responses: { 200: text() },
      policy: { retry: false },
      fallback: error => `because of ${error.name}`,
    }),
  });

  test('stands in for what the service cannot help, and says so', async () => {
    const { api, transport, events } = apiOf(contract);
    const call = api.rate.safe();
    (await transport.next()).respond(new Response('', { status: 503 }));
    expect(await call).toEqual({
      ok: true,
      fallback: true,
      data: { rate: 1 },
      error: expect.any(StatusError),
    });
    expect(events.at(-1)).toMatchObject({ type: 'fallback', name: 'rate', error: { status: 503 } });

    const computed = api.computed();
    (await transport.next()).fail(networkError('ECONNRESET'));
    expect(await computed).toBe('because of NetworkError');
  });

  test('that throws does not make safe reject', async () => {
    const why = new Error('no substitute');
    const failing = endpoint({
      method: 'GET',
      path: '/failing',
      responses: { 200: text() },
      policy: { retry: false },
      fallback: () => {
        throw why;
      },
    });
    const { api, transport } = apiOf(defineContract({ failing }));
    const call = api.failing.safe();
    (await transport.next()).fail(networkError('ECONNRESET'));
    expect(await call).toEqual({ ok: false, error: why });
  });

  test('stands in for a failure of the service whose body is not what is declared', async () => {
    const shaped = defineContract({
      rate: endpoint({
        method: 'GET',
        path: '/rate',
        responses: { 200: z.object({ rate: z.number() }), '5xx': Problem },
        policy: { retry: false },
        fallback: { rate: 1 },
      }),
    });
    const { api, transport } = apiOf(shaped);
    const call = api.rate.safe();
    (await transport.next()).respond(answer({ message: 'upstream connect error' }, { status: 503 }));
    expect(await call).toMatchObject({
      ok: true,
      fallback: true,
      error: { code: 'VALIDATION', status: 503 },
    });
  });

  test('never for what the caller did, nor for an answer that is declared', async () => {
    const { api, transport } = apiOf(contract);
    const missing = api.rate.safe();
    (await transport.next()).respond(answer(notFound, { status: 404 }));
    expect(await missing).toMatchObject({ ok: false, status: 404 });
    const reason = new Error('enough');
    expect(await failureOf(api.rate({}, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const wrong = failureOf(api.rate());
    (await transport.next()).respond(answer({ rate: 'x' }));
    expect(await wrong).toBeInstanceOf(ValidationError);
  });
});
