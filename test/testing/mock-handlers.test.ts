import { HttpResponse, http } from 'msw/http';
import { setupServer } from 'msw/node';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  type Api,
  binary,
  type Contract,
  createApi,
  defineContract,
  endpoint,
  eventStream,
  form,
  isStatusError,
  json,
  jsonLines,
  multipart,
  StatusError,
  stream,
  text,
} from '../../src/contract/index.ts';
import { createFetch, NetworkError, TimeoutError } from '../../src/index.ts';
import { brokenBody, networkError } from '../../src/testing/index.ts';
import { type MockHandlers, type MockOptions, mockHandlers } from '../../src/testing/msw/index.ts';
import { settled, virtualClock } from '../../src/testing/virtual-clock.ts';
import { rejection } from '../support/rejection.ts';

const baseUrl = 'https://users.test/v1';

const isoDate = z.codec(z.iso.datetime(), z.date(), {
  decode: iso => new Date(iso),
  encode: date => date.toISOString(),
});
const User = z.object({
  id: z.uuid(),
  name: z.string().min(1),
  joinedAt: isoDate,
  tags: z.array(z.string()).default([]),
});
const Problem = json(z.object({ title: z.string(), status: z.int().optional() }), {
  type: 'application/problem+json',
});

const getUser = endpoint({
  method: 'GET',
  path: '/users/{id}',
  params: z.object({ id: z.uuid() }),
  query: z.object({
    fields: z.array(z.string()).optional(),
    since: isoDate.optional(),
    limit: z.int().default(10),
  }),
  headers: z.object({ 'X-Trace': z.string().optional() }),
  cookies: z.object({ session: z.string().optional() }),
  responses: { 200: User, 404: Problem, '5xx': Problem },
});
const createUser = endpoint({
  method: 'POST',
  path: '/users',
  body: z.object({ name: z.string(), joinedAt: isoDate }),
  responses: { 201: { body: User, headers: z.object({ 'X-Version': z.coerce.number() }) }, 204: null },
});
const users = defineContract({
  getUser,
  me: endpoint({ method: 'GET', path: '/users/me', responses: { 200: z.object({ me: z.literal(true) }) } }),
  admin: {
    createUser,
    deleteUser: endpoint({
      method: 'DELETE',
      path: '/users/{id}',
      params: z.object({ id: z.uuid() }),
      responses: { 204: null },
    }),
  },
});

const id = '8e2c2d4e-6d0b-4d70-9b3a-3f0a3d2c1b0a';
const ada = { id, name: 'Ada', joinedAt: new Date('2026-01-02T03:04:05Z'), tags: ['x'] };

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

/** No retries: a test that scripts one answer sees one. */
const fetchOnce = createFetch({ retry: false, telemetry: false });

/** A contract that is mocked, and a client of it. */
function serve<const Definition extends Contract>(
  contract: Definition,
  options: Partial<MockOptions> = {},
): { mocks: MockHandlers<Definition>; api: Api<Definition> } {
  const mocks = mockHandlers(contract, { baseUrl, ...options });
  server.use(...mocks);
  return { mocks, api: createApi(contract, { baseUrl, fetch: fetchOnce }) };
}

const failure = (call: Promise<unknown>): Promise<StatusError> => rejection(StatusError, call);

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = [];
  for await (const value of values) list.push(value);
  return list;
}

describe('without a script', () => {
  test('a call is answered with the first declared success, made from its schema', async () => {
    const { api } = serve(users);
    const user = await api.getUser({ params: { id } });
    expect(User.safeEncode(user).success).toBe(true);
    expect(user.joinedAt).toBeInstanceOf(Date);
    const { status, headers } = (await api.admin.createUser.safe({ body: ada })) as {
      status: number;
      headers: { 'X-Version': number };
    };
    expect(status).toBe(201);
    expect(typeof headers['X-Version']).toBe('number');
    expect(await api.admin.deleteUser({ params: { id } })).toBeUndefined();
  });

  test('the same seed makes the same data, in whatever order they are asked for', async () => {
    const first = serve(users, { seed: 7 });
    const user = await first.api.getUser({ params: { id } });
    server.resetHandlers();
    const second = serve(users, { seed: 7 });
    await second.api.me();
    expect(await second.api.getUser({ params: { id } })).toEqual(user);
    expect(await second.api.getUser({ params: { id } })).toEqual(user);
    server.resetHandlers();
    expect(await serve(users, { seed: 8 }).api.getUser({ params: { id } })).not.toEqual(user);
  });

  test('a path that stands for itself comes before one with a parameter', async () => {
    expect(await serve(users).api.me()).toEqual({ me: true });
  });

  test('a refinement is met by trying again, and where that is hopeless the answer says what to do', async () => {
    const even = endpoint({
      method: 'GET',
      path: '/even',
      responses: { 200: z.int().refine(it => it % 2 === 0) },
    });
    const never = endpoint({
      method: 'GET',
      path: '/never',
      responses: { 200: z.string().refine(() => false, 'Never') },
    });
    const { api } = serve({ even, never });
    expect((await api.even()) % 2).toBe(0);
    const error = await failure(api.never());
    expect(error).toMatchObject({ status: 501, problem: { title: 'The mock has no answer' } });
    expect(error.problem?.detail).toContain(
      'never: no answer 200 can be made: none of 100 that were tried will do (Never)',
    );
    expect(error.problem?.detail).toContain('`mocks.on("never").reply(200, data)`');
  });

  test('of a schema of another library, the answer says that one must be given', async () => {
    const { api, mocks } = serve({
      find: endpoint({ method: 'GET', path: '/find', responses: { 200: v.object({ id: v.number() }) } }),
    });
    const error = await failure(api.find());
    expect(error.problem?.detail).toContain('nothing is known of schemas of valibot');
    mocks.on('find').reply(200, { id: 1 });
    expect(await api.find()).toEqual({ id: 1 });
  });

  test('a request that no endpoint declares is for msw to decide on', async () => {
    serve(users);
    server.use(http.get(`${baseUrl}/other`, () => HttpResponse.text('theirs')));
    expect(await (await fetch(`${baseUrl}/other`)).text()).toBe('theirs');
    const elsewhere = http.get('https://elsewhere.test/v1/users/me', () => HttpResponse.text('elsewhere'));
    server.use(elsewhere);
    expect(await (await fetch('https://elsewhere.test/v1/users/me')).text()).toBe('elsewhere');
  });
});

describe('lists that go on have one page:', () => {
  const Page = z.object({
    items: z.array(z.int()).min(1).max(3),
    next: z.string().nullable(),
    total: z.int(),
  });
  const list = { method: 'GET', responses: { 200: Page } } as const;
  const pages = defineContract({
    cursor: endpoint({
      ...list,
      path: '/cursor',
      query: z.object({ cursor: z.string().optional() }),
      paginate: { items: 'items', cursor: 'next' },
    }),
    counted: endpoint({
      method: 'GET',
      path: '/counted',
      query: z.object({ page: z.int().optional() }),
      paginate: { page: 'page' },
      responses: { 200: z.array(z.int()) },
    }),
    offset: endpoint({
      method: 'GET',
      path: '/offset',
      query: z.object({ offset: z.int().optional() }),
      paginate: { items: 'items', offset: 'offset' },
      responses: { 200: z.object({ items: z.array(z.int()) }) },
    }),
  });

  test.each(['cursor', 'counted', 'offset'] as const)('by a %s', async name => {
    const { api, mocks } = serve(pages);
    const items = await all(api[name].items() as AsyncIterable<number>);
    expect(items.length).toBeGreaterThan(0);
    expect(mocks.on(name).requests.length).toBeLessThanOrEqual(2);
  });
});

describe('what arrives', () => {
  test('is remembered in the form of the program, by place', async () => {
    const { api, mocks } = serve(users);
    const since = new Date('2026-05-06T07:08:09Z');
    await api.getUser({
      params: { id },
      query: { fields: ['a,b', '&=ü'], since },
      headers: { 'X-Trace': 't 1' },
      cookies: { session: 'a b;c' },
    });
    const [request] = mocks.on(users.getUser).requests;
    expect(request).toMatchObject({
      params: { id },
      query: { fields: ['a,b', '&=ü'], since, limit: 10 },
      headers: { 'X-Trace': 't 1' },
      cookies: { session: 'a b;c' },
    });
    expect(request?.request.url).toContain('/v1/users/');
    await api.admin.createUser({ body: { name: 'Ada', joinedAt: since } });
    expect(mocks.on('admin.createUser').requests[0]?.body).toEqual({ name: 'Ada', joinedAt: since });
    expect(mocks.refused).toEqual([]);
  });

  test('is read by its content: forms, files, bytes and text', async () => {
    const ok = { responses: { 204: null }, method: 'POST' } as const;
    const uploads = defineContract({
      fields: endpoint({
        ...ok,
        path: '/fields',
        body: form(z.object({ a: z.int(), list: z.array(z.string()), on: z.boolean() })),
      }),
      files: endpoint({
        ...ok,
        path: '/files',
        body: multipart(
          z.object({
            file: z.instanceof(Blob),
            all: z.array(z.instanceof(Blob)),
            none: z.array(z.string()),
            size: z.int(),
            meta: z.object({ at: isoDate }),
          }),
        ),
      }),
      bytes: endpoint({ ...ok, path: '/bytes', body: binary() }),
      text: endpoint({ ...ok, path: '/text', body: text() }),
      stream: endpoint({ ...ok, path: '/stream', body: stream() }),
    });
    const { api, mocks } = serve(uploads);
    await api.fields({ body: { a: 1, list: ['x', 'y&z'], on: false } });
    expect(mocks.on('fields').requests[0]?.body).toEqual({ a: 1, list: ['x', 'y&z'], on: false });
    const at = new Date('2026-01-01T00:00:00Z');
    const [file, other] = [new Blob(['one']), new Blob(['{}'], { type: 'application/json' })];
    await api.files({ body: { file, all: [file, other], none: [], size: 3, meta: { at } } });
    const files = mocks.on('files').requests[0]?.body;
    expect(files).toMatchObject({ none: [], size: 3, meta: { at } });
    expect(await files?.file.text()).toBe('one');
    expect(await files?.all[1]?.text()).toBe('{}');
    await api.bytes({ body: new Blob([new Uint8Array([1, 2])]) });
    expect(await mocks.on('bytes').requests[0]?.body.bytes()).toEqual(new Uint8Array([1, 2]));
    await api.text({ body: 'ü' });
    expect(mocks.on('text').requests[0]?.body).toBe('ü');
    await api.stream({ body: new Blob(['streamed']).stream() });
    expect(await mocks.on('stream').requests[0]?.body.text()).toBe('streamed');
  });

  test('may be one of several things, and is what its schema takes', async () => {
    const search = endpoint({
      method: 'QUERY',
      path: '/search',
      query: z.object({
        at: z.union([z.int(), z.enum(['first', 'last'])]),
        tags: z.union([z.array(z.int()).min(2), z.string()]),
        by: z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('name'), name: z.string() }),
          z.object({ kind: z.literal('age'), age: z.int() }),
        ]),
      }),
      styles: { query: { by: { style: 'deepObject' } } },
      responses: { 204: null },
    });
    const { api, mocks } = serve({ search });
    const both = [
      { at: 3, tags: [1, 2], by: { kind: 'age', age: 7 } as const },
      { at: 'last' as const, tags: 'one', by: { kind: 'name', name: '7' } as const },
    ];
    for (const query of both) await api.search({ query });
    expect(mocks.on('search').requests.map(({ query }) => query)).toEqual(both);
  });

  test('is understood as other clients write it', async () => {
    const find = endpoint({
      method: 'GET',
      path: '/find',
      query: z.strictObject({ q: z.string(), tags: z.array(z.string()) }),
      headers: z.object({ 'X-Tags': z.array(z.string()) }),
      styles: { query: { tags: { style: 'pipeDelimited' } } },
      responses: { 204: null },
    });
    const { mocks } = serve({ find });
    await fetch(`${baseUrl}/find?q=a+b&tags=x|y`, { headers: { 'X-Tags': 'a,  b ,,c' } });
    expect(mocks.on(find).requests[0]).toMatchObject({
      query: { q: 'a b', tags: ['x', 'y'] },
      headers: { 'X-Tags': ['a', 'b', 'c'] },
    });
    const strict = await fetch(`${baseUrl}/find?q=a&tags=x&other=1`);
    expect((await strict.json()).detail).toContain('Unrecognized key: "other"');
  });

  test('is understood from schemas of other libraries', async () => {
    const find = endpoint({
      method: 'GET',
      path: '/find/{id}',
      params: v.object({ id: v.number() }),
      query: v.object({ q: v.string(), n: v.number(), on: v.boolean(), tags: v.array(v.string()) }),
      responses: { 204: null },
    });
    const { api, mocks } = serve({ find });
    await api.find({ params: { id: 7 }, query: { q: '1', n: 2, on: true, tags: ['a'] } });
    expect(mocks.on(find).requests[0]).toMatchObject({
      params: { id: 7 },
      query: { q: '1', n: 2, on: true, tags: ['a'] },
    });
  });
});

describe('a request that is not what the contract says', () => {
  test('is answered with 400 and a problem that says all that is wrong', async () => {
    const { mocks } = serve(users);
    const response = await fetch(`${baseUrl}/users/7?limit=many`);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = await response.json();
    expect(problem).toMatchObject({
      operation: 'getUser',
      title: 'The request is not what the contract says',
    });
    expect(problem.detail).toContain(
      'getUser (GET /users/{id}): params: id: Invalid UUID; query: limit: Invalid input',
    );
    expect(problem.mismatches.map(({ part }: { part: string }) => part)).toEqual(['params', 'query']);
    expect(mocks.on('getUser').requests).toEqual([]);
    expect(mocks.refused).toMatchObject([
      { operation: 'getUser', mismatches: [{ part: 'params' }, { part: 'query' }] },
    ]);
  });

  test.each([
    ['no JSON', '{', 'application/json', 'body: is no JSON'],
    [
      'another content type',
      'name=Ada',
      'text/plain',
      'content-type: should be application/json, got "text/plain"',
    ],
    ['nothing', undefined, undefined, 'body: Invalid input'],
  ])('may have a body that is %s', async (_, body, type, detail) => {
    serve(users);
    const headers = type ? { 'content-type': type } : {};
    const response = await fetch(`${baseUrl}/users`, { method: 'POST', headers, ...(body && { body }) });
    expect((await response.json()).detail).toContain(detail);
  });

  test('may have percent signs that encode nothing', async () => {
    serve({
      any: endpoint({
        method: 'GET',
        path: '/any',
        query: z.object({ q: z.string() }),
        responses: { 204: null },
      }),
    });
    const { detail } = await (await fetch(`${baseUrl}/any?q=%zz&%zz=1`)).json();
    expect(detail).toContain('query: q: has a percent sign that encodes no character');
  });

  test('fails as the network fails and says why on the console, if it should', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { mocks } = serve(users, { onInvalid: 'error' });
    await expect(fetch(`${baseUrl}/users/7`)).rejects.toThrow(TypeError);
    expect(log.mock.calls.join()).toContain(
      'a request to getUser (GET /users/{id}) is not what the contract says',
    );
    expect(mocks.refused).toHaveLength(1);
    log.mockRestore();
  });

  test('uses up nothing that was scripted', async () => {
    const { api, mocks } = serve(users);
    mocks.on('getUser').replyOnce(200, ada);
    await fetch(`${baseUrl}/users/7`);
    expect(await api.getUser({ params: { id } })).toEqual(ada);
  });
});

describe('a script', () => {
  let mocks: MockHandlers<typeof users>;
  let api: Api<typeof users>;
  beforeEach(() => {
    ({ mocks, api } = serve(users));
  });
  const call = () => api.getUser({ params: { id } });

  test('answers with data in the form of the program', async () => {
    mocks.on(users.getUser).reply(200, ada);
    expect(await call()).toEqual(ada);
    expect(await call()).toEqual(ada);
  });

  test('fills in what has a default', async () => {
    const { tags: _, ...rest } = ada;
    mocks.on('getUser').reply(200, rest);
    expect(await call()).toEqual({ ...rest, tags: [] });
  });

  test('answers with declared failures, also of a range', async () => {
    mocks.on('getUser').replyOnce(404, { title: 'No such user' }).replyOnce(503);
    const error = await failure(call());
    expect(isStatusError(error, api.getUser, 404) && error.data.title).toBe('No such user');
    expect(await failure(call())).toMatchObject({ status: 503, isDeclared: true });
  });

  test('comes once in the order in which it was written, then for good, then made', async () => {
    const mock = mocks.on('getUser').reply(404, { title: 'for good' });
    mock.replyOnce(200, ada).failOnce();
    expect(await call()).toEqual(ada);
    await rejection(NetworkError, call());
    expect(await failure(call())).toMatchObject({ status: 404 });
    expect(await failure(call())).toMatchObject({ status: 404 });
    expect(mock.requests).toHaveLength(4);
    mocks.reset();
    expect(mock.requests).toHaveLength(0);
    expect((await call()).name).not.toBe('Ada');
  });

  test('can be a function of what arrived', async () => {
    mocks.on('getUser').reply(async ({ params, query, request }) => {
      expect(request.method).toBe('GET');
      return query.limit > 10
        ? { status: 404, data: { title: 'Too many' } }
        : { status: 200, data: { ...ada, id: params.id } };
    });
    expect((await call()).id).toBe(id);
    expect(await failure(api.getUser({ params: { id }, query: { limit: 11 } }))).toMatchObject({
      status: 404,
    });
  });

  test('can hold an answer back for as long as it likes', async () => {
    const [arrived, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    mocks.on('getUser').reply(async () => {
      arrived.resolve();
      await gate.promise;
      return { status: 200, data: ada };
    });
    let isAnswered = false;
    const user = call().then(value => {
      isAnswered = true;
      return value;
    });
    await arrived.promise;
    await settled();
    expect(isAnswered).toBe(false);
    gate.resolve();
    expect(await user).toEqual(ada);
  });

  test('that never answers ends in the time-out of the caller', async () => {
    const clock = virtualClock();
    const impatient = createApi(users, {
      baseUrl,
      fetch: createFetch({ retry: false, telemetry: false, clock }),
    });
    const arrived = Promise.withResolvers<void>();
    mocks.on('getUser').reply(() => {
      arrived.resolve();
      return new Promise(() => {});
    });
    const timeout = rejection(TimeoutError, impatient.getUser({ params: { id } }));
    await arrived.promise;
    await clock.advance(10_000);
    await timeout;
  });

  test('can be a response that the contract does not declare, as often as it is asked for', async () => {
    mocks
      .on('getUser')
      .reply(new Response('<h1>Bad Gateway</h1>', { status: 418, headers: { 'content-type': 'text/html' } }));
    for (const _ of [1, 2]) expect(await failure(call())).toMatchObject({ status: 418, isDeclared: false });
  });

  test('can break a body off that names its length', async () => {
    mocks.on('getUser').reply(() => {
      const headers = { 'content-type': 'application/json', 'content-length': '100' };
      return new Response(brokenBody(networkError('ECONNRESET'), '{"id":'), { headers });
    });
    expect(await rejection(NetworkError, call())).toMatchObject({ sent: 'yes' });
  });

  test('fails with a code, by which is known whether anything was sent', async () => {
    mocks.on('getUser').failOnce('ECONNREFUSED').failOnce('ECONNRESET').fail();
    expect(await rejection(NetworkError, call())).toMatchObject({ sent: 'no' });
    expect(await rejection(NetworkError, call())).toMatchObject({ sent: 'maybe' });
    expect(await rejection(NetworkError, call())).toMatchObject({ sent: 'maybe' });
  });

  test('is retried where the caller retries', async () => {
    const retrying = createApi(users, {
      baseUrl,
      fetch: createFetch({ random: () => 0, telemetry: false }),
    });
    mocks.on('getUser').failOnce().replyOnce(503).reply(200, ada);
    expect(await retrying.getUser({ params: { id } })).toEqual(ada);
    expect(mocks.on('getUser').requests).toHaveLength(3);
  });

  test('takes declared headers, and makes those or the body that it leaves out', async () => {
    const create = mocks.on(users.admin.createUser);
    create
      .replyOnce(201, ada, { 'X-Version': 3 })
      .replyOnce(201, ada)
      .replyOnce(201, undefined, { 'X-Version': 4 });
    const results = [];
    for (const _ of [1, 2, 3]) results.push(await api.admin.createUser.safe({ body: ada }));
    expect(results[0]).toMatchObject({ ok: true, status: 201, data: ada, headers: { 'X-Version': 3 } });
    expect(results[1]).toMatchObject({ ok: true, data: ada, headers: { 'X-Version': expect.any(Number) } });
    expect(results[2]).toMatchObject({
      ok: true,
      data: { id: expect.any(String) },
      headers: { 'X-Version': 4 },
    });
  });

  test('refuses at once what is not what the contract says, with the way to send it all the same', () => {
    const mock = mocks.on('getUser');
    expect(() => mock.reply(200, { ...ada, id: '7' })).toThrow(
      'getUser: the answer 200 is not what the contract says: id: Invalid UUID. If it should be sent, give a Response.',
    );
    // @ts-expect-error -- not declared
    expect(() => mock.reply(202)).toThrow('getUser: the answer 202 is not declared');
    // @ts-expect-error -- that is no answer
    expect(() => mock.reply('200')).toThrow('reply with a status, a function or a Response, got "200"');
    // @ts-expect-error -- there is no body
    expect(() => mocks.on('admin.deleteUser').reply(204, {})).toThrow('has no body');
  });

  test('says what is wrong with what a function answers', async () => {
    mocks.on('getUser').replyOnce(() => ({ status: 200, data: { ...ada, id: '7' } }));
    expect((await failure(call())).problem?.detail).toContain('id: Invalid UUID');
    // @ts-expect-error -- neither an answer nor a response
    mocks.on('getUser').replyOnce(() => undefined);
    expect((await failure(call())).problem?.detail).toContain(
      'answer with { status, data } or a Response, got undefined',
    );
  });

  test('can begin with the data that would be made', async () => {
    const made = await mocks.on('getUser').sample(200);
    expect(made).toEqual(await call());
    made.tags.push('changed');
    expect(await mocks.on('getUser').sample(200)).toEqual(await call());
    mocks.on('getUser').reply(200, { ...made, name: 'Grace' });
    expect(await call()).toEqual({ ...made, name: 'Grace' });
    expect((await mocks.on('getUser').sample(404)).title).toEqual(expect.any(String));
  });
});

describe('bodies that are no JSON', () => {
  const Tick = z.object({ n: z.int(), at: isoDate });
  const get = { method: 'GET' } as const;
  const contents = defineContract({
    events: endpoint({
      ...get,
      path: '/events',
      responses: { 200: eventStream(Tick) },
    }),
    plain: endpoint({ ...get, path: '/plain', responses: { 200: eventStream() } }),
    lines: endpoint({ ...get, path: '/lines', responses: { 200: jsonLines(Tick) } }),
    bytes: endpoint({ ...get, path: '/bytes', responses: { 200: binary({ type: 'image/*' }) } }),
    stream: endpoint({ ...get, path: '/stream', responses: { 200: stream() } }),
    text: endpoint({ ...get, path: '/text', responses: { 200: text() } }),
    id: endpoint({ ...get, path: '/id', responses: { 200: text(z.uuid()) } }),
    form: endpoint({
      ...get,
      path: '/form',
      responses: { 200: form(z.object({ a: z.coerce.number(), b: z.string() })) },
    }),
    files: endpoint({
      ...get,
      path: '/files',
      responses: { 200: multipart(z.object({ name: z.string(), file: z.file() })) },
    }),
    either: endpoint({ ...get, path: '/either', responses: { 200: [json(Tick), text()] } }),
    head: endpoint({ method: 'HEAD', path: '/text', responses: { 200: null } }),
  });
  const at = new Date('2026-01-01T00:00:00Z');

  test('are made too', async () => {
    const { api, mocks } = serve(contents);
    const lines = await all(await api.lines());
    expect(lines).toEqual(await mocks.on('lines').sample(200));
    expect(lines).toHaveLength(3);
    const plain = await all(await api.plain());
    expect(plain.map(({ id, data }) => ({ id, data }))).toEqual(await mocks.on('plain').sample(200));
    expect((await api.bytes()).size).toBe(16);
    expect((await new Response(await api.stream()).bytes()).length).toBe(16);
    expect(await (await mocks.on('stream').sample(200)).bytes()).toHaveLength(16);
    expect(await api.text()).toMatch(/^[a-z]+$/);
    expect(z.uuid().safeParse(await api.id()).success).toBe(true);
    expect(await api.form()).toEqual({ a: expect.any(Number), b: expect.any(String) });
    expect((await api.files()).file).toBeInstanceOf(File);
    expect(await api.either()).toMatchObject({ n: expect.any(Number) });
    expect(await api.head()).toBeUndefined();
  });

  test('made events have ends, also for a client that asks for more', async () => {
    const { api } = serve(contents);
    expect((await all(await api.plain())).map(({ id }) => id)).toEqual(['1', '2', '3']);
    const more = await fetch(`${baseUrl}/plain`, { headers: { 'last-event-id': '3' } });
    expect(more.status).toBe(204);
  });

  test('can be scripted', async () => {
    const { api, mocks } = serve(contents);
    mocks.on('plain').reply(200, [
      { data: 'one\ntwo', id: '1' },
      { data: '', event: 'end' },
    ]);
    expect(await all(await api.plain())).toEqual([
      { event: 'message', data: 'one\ntwo', id: '1' },
      { event: 'end', data: '', id: '1' },
    ]);
    mocks.on('lines').reply(() => ({ status: 200, data: ticks() }));
    expect(await all(await api.lines())).toEqual([
      { n: 1, at },
      { n: 2, at },
    ]);
    mocks.on('bytes').reply(200, new Uint8Array([7]));
    for (const _ of [1, 2]) expect(await (await api.bytes()).bytes()).toEqual(new Uint8Array([7]));
    mocks.on('stream').reply(() => ({ status: 200, data: bytes() }));
    expect(await new Response(await api.stream()).text()).toBe('ab');
    mocks.on('form').reply(200, { a: 1, b: 'x&y' });
    expect(await api.form()).toEqual({ a: 1, b: 'x&y' });
    mocks.on('either').replyOnce(200, 'text').replyOnce(200, { n: 1, at });
    expect(await api.either()).toBe('text');
    expect(await api.either()).toEqual({ n: 1, at });
    mocks.on('files').reply(200, { name: 'n', file: new File(['x'], 'x.txt') });
    expect(await (await api.files()).file.text()).toBe('x');
  });

  async function* ticks() {
    yield { n: 1, at };
    yield { n: 2, at };
  }

  async function* bytes() {
    yield new TextEncoder().encode('a');
    yield new TextEncoder().encode('b');
  }

  test('are refused where they do not fit', () => {
    const { mocks } = serve(contents);
    expect(() => mocks.on('lines').reply(200, [{ n: 1.5, at }])).toThrow('n: Invalid input');
    // @ts-expect-error -- no list
    expect(() => mocks.on('plain').reply(200, 'one')).toThrow('should be a list or a generator');
    // @ts-expect-error -- no bytes
    expect(() => mocks.on('bytes').reply(200, 'text')).toThrow('should be a Blob');
  });
});

describe('options and names', () => {
  test('that will not do are refused', () => {
    const mocks = mockHandlers(users, { baseUrl });
    // @ts-expect-error -- no such name
    expect(() => mocks.on('getUsers')).toThrow(
      '"getUsers" is no endpoint of this contract, which has: getUser, me, admin.createUser, admin.deleteUser.',
    );
    const other = endpoint({ method: 'GET', path: '/', responses: { 204: null } });
    expect(() => mocks.on(other)).toThrow('What was given is no endpoint of this contract');
    expect(() => mockHandlers(users, { baseUrl: '/v1' })).toThrow('`baseUrl` should be an absolute URL');
    // @ts-expect-error -- no such option
    expect(() => mockHandlers(users, { baseUrl, seeds: 1 })).toThrow('Did you mean `seed`?');
  });

  test('handlers are an array, one for each endpoint', () => {
    expect([...mockHandlers(users, { baseUrl })]).toHaveLength(4);
  });
});

test('whole numbers beyond 2^53 come and go as they are', async () => {
  const integer = z.codec(z.union([z.int(), z.bigint()]), z.bigint(), {
    decode: value => BigInt(value),
    encode: value => (Number.isSafeInteger(Number(value)) ? Number(value) : value),
  });
  const Row = z.object({ id: integer });
  const { mocks, api } = serve(
    defineContract({
      putRow: endpoint({
        method: 'PUT',
        path: '/rows/{id}',
        params: z.object({ id: integer }),
        query: z.object({ like: Row.optional() }),
        styles: { query: { like: { style: 'json' } } },
        body: Row,
        responses: { 200: Row },
      }),
      rows: endpoint({ method: 'GET', path: '/rows', responses: { 200: jsonLines(Row) } }),
    }),
  );
  const large = 9_007_199_254_740_993n;
  mocks.on('putRow').reply(200, { id: large + 4n });
  const row = api.putRow({
    params: { id: large },
    query: { like: { id: -large } },
    body: { id: large + 2n },
  });
  expect(await row).toEqual({ id: large + 4n });
  expect(mocks.on('putRow').requests).toMatchObject([
    { params: { id: large }, query: { like: { id: -large } }, body: { id: large + 2n } },
  ]);
  mocks.on('rows').reply(200, [{ id: 1n }, { id: large }]);
  expect(await all(await api.rows())).toEqual([{ id: 1n }, { id: large }]);
});
