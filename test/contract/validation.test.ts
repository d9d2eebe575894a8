import { test as property } from '@fast-check/vitest';
import { type } from 'arktype';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { excerptOf, isSecretName } from '../../src/contract/excerpt.ts';
import {
  defineContract,
  endpoint,
  json,
  multipart,
  text,
  ValidationError,
} from '../../src/contract/index.ts';
import { slowBody } from '../../src/testing/index.ts';
import { ann, answer, apiOf, date, failureOf, id, User, users } from './support.ts';

const html = { headers: { 'content-type': 'text/html' } };
const jsonType = { headers: { 'content-type': 'application/json' } };

describe('a request that does not match', () => {
  test('is not sent, and the error says what is wrong, where, and with what', async () => {
    const { api, transport } = apiOf(users);
    const error = await failureOf(api.createUser({ body: { name: 5, createdAt: 'now' } as never }));
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({
      code: 'VALIDATION',
      name: 'ValidationError',
      operation: 'createUser',
      direction: 'request',
      part: 'body',
      issues: [{ path: ['name'] }, { path: ['createdAt'] }],
      excerpt: '{"name":5,"createdAt":"now"}',
      response: undefined,
      attempts: [],
      method: 'POST',
      url: 'https://users.test/v1/users',
    });
    expect(String(error)).toMatch(
      /\(createUser\): the body of the request is not what the contract says: name: .*It was not sent\./,
    );
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: 'VALIDATION', part: 'body' });
    await transport.expectNone();
  });

  test("passes with an event where the mode is 'warn', as it was given", async () => {
    const { api, transport, events } = apiOf(users, { validate: { request: 'warn' } });
    api.getUser({ params: { id: 'not a uuid' } }).catch(() => {});
    expect((await transport.next()).request.url).toBe('https://users.test/v1/users/not%20a%20uuid');
    expect(events.filter(({ type }) => type === 'validation')).toMatchObject([
      {
        operation: 'getUser',
        direction: 'request',
        part: 'params',
        issues: [{ path: ['id'] }],
        call: { method: 'GET' },
      },
    ]);
  });

  test('is not said to be unsent where it passes', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { api, transport } = apiOf(users, { validate: { request: 'warn' } }, {
      observe: undefined,
    } as never);
    api.getUser({ params: { id: 'not a uuid' } }).catch(() => {});
    await transport.next();
    const [told] = warn.mock.calls.flat().filter(text => String(text).includes('getUser'));
    warn.mockRestore();
    expect(told).toContain('It passes');
    expect(told).not.toContain('not sent');
  });

  test("is not looked at where the mode is 'off', but converted where there is a codec", async () => {
    const { api, transport, events } = apiOf(users, { validate: { request: 'off' } });
    api.createUser({ body: { name: 'Ann', createdAt: new Date(0) } }).catch(() => {});
    expect(await (await transport.next()).request.json()).toEqual({
      name: 'Ann',
      createdAt: '1970-01-01T00:00:00.000Z',
    });
    api.createUser({ body: { name: 5, createdAt: 'now' } as never }).catch(() => {});
    expect(await (await transport.next()).request.json()).toEqual({ name: 5, createdAt: 'now' });
    expect(events.some(({ type }) => type === 'validation')).toBe(false);
  });

  test('is refused all the same if it has no spelling or would lead elsewhere', async () => {
    const { api, transport } = apiOf(users, { validate: { request: 'off' } });
    expect(await failureOf(api.getUser({ params: { id: '..' } }))).toBeInstanceOf(Error);
    await transport.expectNone();
  });
});

describe('a response that does not match', () => {
  test('is a ValidationError with status, issues and the beginning of the body', async () => {
    const { api, transport } = apiOf(users);
    const call = failureOf(api.getUser({ params: { id } }));
    (await transport.next()).respond(answer({ ...ann, name: null }));
    expect(await call).toMatchObject({
      direction: 'response',
      part: 'body',
      status: 200,
      issues: [{ path: ['name'] }],
      attempts: { length: 1 },
      url: `https://users.test/v1/users/${id}`,
    });
    expect((await call) as ValidationError).toHaveProperty('response');
  });

  test('in its content type or its syntax is one too', async () => {
    const { api, transport } = apiOf(users);
    const page = failureOf(api.getUser({ params: { id } }));
    (await transport.next()).respond(new Response('<html>Please log in</html>', html));
    expect(await page).toMatchObject({
      part: 'content-type',
      issues: [{ message: 'should be application/json, got "text/html"' }],
      excerpt: '<html>Please log in</html>',
    });
    const cut = failureOf(api.getUser({ params: { id } }));
    (await transport.next()).respond(new Response('{"id":"1', jsonType));
    expect(await cut).toMatchObject({
      part: 'body',
      issues: [{ message: expect.stringContaining('no JSON') }],
    });
    const none = failureOf(api.getUser({ params: { id } }));
    (await transport.next()).respond(new Response(null));
    expect(await none).toMatchObject({ part: 'body' });
  });

  test.each([
    ['application/json, application/json', true],
    ['text/html, application/json; charset="utf-8, or so"', true],
    ['application/json, */*', true],
    ['application/json, nonsense', true],
    ['application/json, text/html', false],
  ])('is read as the last type that it names, where there are several: %s', async (type, isJson) => {
    const { api, transport } = apiOf(users);
    const call = api.getUser.safe({ params: { id } });
    (await transport.next()).respond(
      new Response(JSON.stringify(ann), { headers: { 'content-type': type } }),
    );
    expect(await call).toMatchObject(
      isJson ? { ok: true, data: { name: 'Ann' } } : { error: { part: 'content-type' } },
    );
  });

  test('is the first that is declared where it names no type, or an empty one', async () => {
    const { api, transport } = apiOf(users);
    for (const headers of [{}, { 'content-type': '' }]) {
      const call = api.getUser({ params: { id } });
      const body = new TextEncoder().encode(JSON.stringify(ann));
      (await transport.next()).respond(new Response(body, { headers }));
      expect(await call).toMatchObject({ name: 'Ann' });
    }
  });

  test('in many places, or at a long one, is told of briefly', async () => {
    const big = defineContract({
      list: endpoint({ method: 'GET', path: '/1', responses: { 200: z.array(z.int()) } }),
      record: endpoint({ method: 'GET', path: '/2', responses: { 200: z.record(z.string(), z.int()) } }),
    });
    const { api, transport } = apiOf(big);
    const many = failureOf(api.list());
    (await transport.next()).respond(answer(Array.from({ length: 1_000 }, String)));
    const { issues } = (await many) as ValidationError;
    expect(issues).toHaveLength(101);
    expect(issues.at(-1)).toEqual({ path: [], message: 'and 900 more issues' });
    const long = failureOf(api.record());
    (await transport.next()).respond(answer({ ['k'.repeat(100_000)]: 'x' }));
    expect(JSON.stringify(await long).length).toBeLessThan(2_000);
  });

  test('in its headers gives its body up', async () => {
    const headers = z.object({ 'x-total': z.string() });
    const list = endpoint({ method: 'GET', path: '/', responses: { 200: { body: text(), headers } } });
    const { api, transport } = apiOf(defineContract({ list }));
    const call = failureOf(api.list());
    const body = slowBody();
    (await transport.next()).respond(
      new Response(body.stream, { headers: { 'content-type': 'text/plain' } }),
    );
    expect(await call).toMatchObject({ code: 'VALIDATION', part: 'headers' });
    await transport.expectNone();
    expect(body.state).toBe('cancelled');
  });

  test('in that its codec throws, or its form is malformed, is one too, without what was thrown', async () => {
    const amount = z.codec(z.string(), z.bigint(), { decode: BigInt, encode: String });
    const odd = defineContract({
      amount: endpoint({ method: 'GET', path: '/1', responses: { 200: z.object({ amount }) } }),
      form: endpoint({ method: 'GET', path: '/2', responses: { 200: multipart(z.object({})) } }),
    });
    const { api, transport } = apiOf(odd);
    const thrown = failureOf(api.amount());
    (await transport.next()).respond(answer({ amount: 'five' }));
    expect(await thrown).toMatchObject({
      code: 'VALIDATION',
      issues: [{ message: 'cannot be converted (SyntaxError)', path: [] }],
      excerpt: '{"amount":"five"}',
    });
    const malformed = failureOf(api.form());
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    (await transport.next()).respond(new Response('no form', { headers }));
    expect(await malformed).toMatchObject({ code: 'VALIDATION', part: 'body', excerpt: 'no form' });
  });

  test('in its status is one, if it is a success that is not declared', async () => {
    const { api, transport } = apiOf(users);
    const call = failureOf(api.getUser({ params: { id } }));
    (await transport.next()).respond(answer(ann, { status: 203 }));
    expect(await call).toMatchObject({
      part: 'status',
      issues: [{ message: 'should be 200, 404, got 203' }],
    });
  });

  test("passes with an event where the mode is 'warn'", async () => {
    const { api, transport, events } = apiOf(users, { validate: { response: 'warn' } });
    const send = async (response: Response) => {
      const call = api.getUser({ params: { id } });
      (await transport.next()).respond(response);
      return call;
    };
    expect(await send(answer({ ...ann, name: null }))).toEqual({ ...ann, name: null });
    expect(await send(new Response('plain', html))).toBe('plain');
    expect(await send(new Response('{', jsonType))).toBe('{');
    expect(await send(answer(ann, { status: 203 }))).toEqual(ann);
    const parts = events.flatMap(event => (event.type === 'validation' ? event.part : []));
    expect(parts).toEqual(['body', 'content-type', 'body', 'body', 'status']);
  });

  test("is not looked at where the mode is 'off', but converted if it can be", async () => {
    const contract = defineContract({
      plain: endpoint({ method: 'GET', path: '/plain', responses: { 200: z.object({ n: z.number() }) } }),
      user: endpoint({ method: 'GET', path: '/user', responses: { 200: User } }),
    });
    const { api, transport, events } = apiOf(contract, { validate: { response: 'off' } });
    const send = async (operation: () => Promise<unknown>, response: Response) => {
      const call = operation();
      (await transport.next()).respond(response);
      return call;
    };
    expect(await send(api.plain, answer({ n: 'x', more: 1 }))).toEqual({ n: 'x', more: 1 });
    expect(await send(api.user, answer(ann))).toMatchObject({ createdAt: new Date(ann.createdAt) });
    expect(await send(api.user, answer({ odd: 1 }))).toEqual({ odd: 1 });
    expect(await send(api.user, answer({ odd: 1 }, { status: 299 }))).toEqual({ odd: 1 });
    expect(events.some(({ type }) => type === 'validation')).toBe(false);
  });

  test('is treated as the endpoint says, or else the client', async () => {
    const contract = defineContract({
      lax: endpoint({
        method: 'GET',
        path: '/lax',
        responses: { 200: json(z.string()) },
        validate: { response: 'off' },
      }),
      strict: endpoint({ method: 'GET', path: '/strict', responses: { 200: json(z.string()) } }),
    });
    const { api, transport } = apiOf(contract, { validate: { response: 'warn', request: 'off' } });
    const lax = api.lax();
    (await transport.next()).respond(answer(5));
    expect(await lax).toBe(5);
    const strict = api.strict();
    (await transport.next()).respond(answer(5));
    expect(await strict).toBe(5);
  });

  test('is told on the console once per operation where nobody listens', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { api, transport } = apiOf(users, { validate: { response: 'warn' } }, {
      observe: undefined,
    } as never);
    for (let count = 0; count < 2; count++) {
      const call = api.getUser({ params: { id } });
      (await transport.next()).respond(answer({}));
      await call;
    }
    expect(warn.mock.calls.flat().filter(text => String(text).includes('getUser'))).toHaveLength(1);
    warn.mockRestore();
  });
});

describe('secrets', () => {
  const contract = defineContract({
    login: endpoint({
      method: 'POST',
      path: '/login',
      body: type({ user: 'string', password: "'correct horse'" }),
      responses: { 200: z.object({ ok: z.boolean() }) },
    }),
  });

  test('are whatever cookies hold', async () => {
    const cookies = type({ sid: 'string', theme: "'dark'" });
    const get = endpoint({ method: 'GET', path: '/', cookies, responses: { 200: text() } });
    const { api } = apiOf(defineContract({ get }));
    const error = await failureOf(api.get({ cookies: { sid: 'hunter2', theme: 'hunter3' as never } }));
    expect(error).toMatchObject({ part: 'cookies', issues: [{ path: ['theme'] }] });
    expect(JSON.stringify(error)).not.toContain('hunter');
  });

  test('and what a service adds to a problem stay out of logs, and the rest is short', async () => {
    const get = endpoint({ method: 'GET', path: '/', responses: { 200: text() } });
    const { api, transport } = apiOf(defineContract({ get }));
    const call = failureOf(api.get());
    const problem = { title: 'No', detail: `token=hunter2 ${'x'.repeat(10_000)}`, debug: 'hunter2' };
    const headers = { 'content-type': 'application/problem+json' };
    (await transport.next()).respond(Response.json(problem, { status: 400, headers }));
    const error = await call;
    expect(error).toMatchObject({ problem });
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(JSON.stringify(error).length).toBeLessThan(2_000);
  });

  test('are left out of excerpts, issues, messages and events', async () => {
    const { api, transport, events } = apiOf(contract);
    const wrong = await failureOf(api.login({ body: { user: 'ann', password: 'hunter2' as never } }));
    const call = failureOf(api.login({ body: { user: 'ann', password: 'correct horse' } }));
    (await transport.next()).respond(
      answer({ accessToken: 'hunter2', nested: [{ client_secret: 'hunter2', user: 'ann' }] }),
    );
    const broken = failureOf(api.login({ body: { user: 'ann', password: 'correct horse' } }));
    (await transport.next()).respond(new Response('{"user":"ann","api_key":"hunter2', jsonType));
    const errors = [wrong, await call, await broken];
    for (const error of errors) {
      const { message, stack, excerpt, issues } = error as ValidationError;
      expect(JSON.stringify([error, message, stack, excerpt, issues])).not.toContain('hunter2');
    }
    expect((errors[1] as ValidationError).excerpt).toContain('"user":"ann"');
    expect(JSON.stringify(events)).not.toContain('hunter2');
  });

  test.each([
    'password',
    'accessToken',
    'access_token',
    'X-Api-Key',
    'clientSecret',
    'cardNumber',
    'CVV',
    'Set-Cookie',
    'ssn',
    'refresh.token',
  ])('are known by the name %s', name => {
    expect(isSecretName(name)).toBe(true);
  });

  test.each([
    'name',
    'tokens_used',
    'author',
    'key',
    'company',
    'pinned',
    'panel',
    'secretary',
  ])('are not every %s', name => {
    expect(isSecretName(name)).toBe(false);
  });

  property.prop([fc.json({ stringUnit: 'binary' }), fc.constantFrom('password', 'apiKey', 'sessionToken')])(
    'never come through an excerpt, which is short and never throws',
    (text, name) => {
      const secret = 's3cr3t-value';
      const payload: unknown = {
        deep: [JSON.parse(text), { [name]: secret, list: [{ [name]: { inside: secret } }] }],
      };
      for (const excerpt of [excerptOf(payload), excerptOf(JSON.stringify(payload))]) {
        expect(excerpt).not.toContain(secret);
        expect(excerpt.length).toBeLessThanOrEqual(500);
      }
    },
  );

  test('excerpts take whatever there is', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const values = [
      undefined,
      null,
      1n,
      circle,
      Symbol('x'),
      () => {},
      new Date(Number.NaN),
      new Blob(['x']),
      'x'.repeat(10_000),
    ];
    for (const value of values) expect(excerptOf(value).length).toBeLessThanOrEqual(500);
    const getter = {
      get bad() {
        throw new Error('no');
      },
    };
    expect(excerptOf(getter)).toBe('');
  });
});

test('a text body is checked by its schema as well', async () => {
  const contract = defineContract({
    version: endpoint({
      method: 'GET',
      path: '/version',
      responses: { 200: text(z.string().regex(/^v\d+$/)) },
    }),
    at: endpoint({ method: 'GET', path: '/at', responses: { 200: text(date) } }),
  });
  const { api, transport } = apiOf(contract);
  const call = failureOf(api.version());
  (await transport.next()).respond(new Response('five', { headers: { 'content-type': 'text/plain' } }));
  expect(await call).toMatchObject({ part: 'body', excerpt: 'five' });
  const at = api.at();
  (await transport.next()).respond(
    new Response('1970-01-01T00:00:00Z', { headers: { 'content-type': 'text/plain' } }),
  );
  expect(await at).toEqual(new Date(0));
});
