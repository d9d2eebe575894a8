import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  type ApiOptions,
  type Auth,
  apiKey,
  bearer,
  binary,
  type Contract,
  createApi,
  defineContract,
  endpoint,
  eventStream,
  isStatusError,
  jsonLines,
  multipart,
  type ServerSentEvent,
  type StatusError,
  stream,
  text,
} from '../../src/contract/index.ts';

const date = z.codec(z.iso.datetime(), z.date(), {
  decode: text => new Date(text),
  encode: date => date.toISOString(),
});
const User = z.object({ id: z.uuid(), name: z.string(), createdAt: date });
const Problem = z.object({ type: z.string(), title: z.string() });
const Conflict = z.object({ existing: z.uuid() });
const Page = z.object({ items: z.array(User), next: z.string().nullable() });

interface UserOut {
  id: string;
  name: string;
  createdAt: Date;
}

const contract = defineContract({
  getUser: endpoint({
    method: 'GET',
    path: '/users/{id}',
    params: z.object({ id: z.uuid() }),
    responses: { 200: User, 404: Problem, '5xx': text() },
  }),
  users: {
    create: endpoint({
      method: 'POST',
      path: '/users',
      body: User.omit({ id: true }),
      responses: {
        201: { body: User, headers: z.object({ location: z.string() }) },
        409: Conflict,
        default: Problem,
      },
      idempotency: 'key',
    }),
    list: endpoint({
      method: 'GET',
      path: '/users',
      query: z.object({ next: z.string().optional(), limit: z.number().default(20) }),
      responses: { 200: Page },
      paginate: { cursor: 'next', param: 'next', items: 'items' },
    }),
    remove: endpoint({
      method: 'DELETE',
      path: '/users/{id}/{sort}',
      params: z.object({ id: z.uuid(), sort: z.enum(['a', 'b']) }),
      responses: { 204: null, 202: z.object({ job: z.number() }) },
    }),
  },
});

const api = createApi(contract, { baseUrl: 'https://users.internal' });
const id = '9c2f7a3e-0d0c-4f2c-8e6d-0a8f3b1f3d11';

describe('an operation', () => {
  test('resolves with the output of the schema of its success', () => {
    expectTypeOf(api.getUser({ params: { id } })).resolves.toEqualTypeOf<UserOut>();
    expectTypeOf(
      api.users.create({ body: { name: 'Ann', createdAt: new Date() } }),
    ).resolves.toEqualTypeOf<UserOut>();
    expectTypeOf(api.users.remove({ params: { id, sort: 'a' } })).resolves.toEqualTypeOf<
      { job: number } | undefined
    >();
  });

  test('takes what its schemas give out, and nothing else', () => {
    // @ts-expect-error -- params are required
    api.getUser();
    // @ts-expect-error -- and so is each of them
    api.getUser({ params: {} });
    // @ts-expect-error -- a text
    api.getUser({ params: { id: 1 } });
    // @ts-expect-error -- no such group
    api.getUser({ params: { id }, query: {} });
    // @ts-expect-error -- a Date, which goes out as a text
    api.users.create({ body: { name: 'Ann', createdAt: '2026-01-01T00:00:00Z' } });
    // @ts-expect-error -- one of two
    api.users.remove({ params: { id, sort: 'c' } });
  });

  test('needs no input if nothing in it is required, and what has a default is not', () => {
    api.users.list();
    api.users.list({});
    api.users.list({ query: {} });
    api.users.list({ query: { limit: 5 } });
    // @ts-expect-error -- a number
    api.users.list({ query: { limit: '5' } });
  });

  test('takes a signal, a policy, a key and headers beside its input', () => {
    const { signal } = new AbortController();
    api.getUser({ params: { id } }, { signal, policy: { retry: false }, headers: { 'x-tenant': '1' } });
    api.users.create({ body: { name: 'Ann', createdAt: new Date() } }, { idempotencyKey: 'order-42' });
    // @ts-expect-error -- no such option
    api.getUser({ params: { id } }, { timeout: 5 });
  });

  test('has pages only if its endpoint says so', () => {
    expectTypeOf(api.users.list.items({})).toEqualTypeOf<AsyncIterable<UserOut>>();
    // @ts-expect-error -- it does not
    api.getUser.items;
  });
});

describe('a result', () => {
  test('is told apart by ok and status', async () => {
    const result = await api.getUser.safe({ params: { id } });
    if (result.ok) {
      expectTypeOf(result.status).toEqualTypeOf<200>();
      expectTypeOf(result.data).toEqualTypeOf<UserOut>();
      expectTypeOf(result.headers).toEqualTypeOf<Headers>();
    } else if (result.status === 404) {
      expectTypeOf(result.data).toEqualTypeOf<{ type: string; title: string }>();
    } else if (result.status === 503) {
      expectTypeOf(result.data).toEqualTypeOf<string>();
    } else if (result.status === undefined) {
      expectTypeOf(result.error).toEqualTypeOf<Error>();
      expectTypeOf(result.data).toEqualTypeOf<undefined>();
    }
  });

  test('has headers as declared', async () => {
    const result = await api.users.create.safe({ body: { name: 'Ann', createdAt: new Date() } });
    if (result.ok) expectTypeOf(result.headers).toEqualTypeOf<{ location: string }>();
    else if (result.status === 409) expectTypeOf(result.data).toEqualTypeOf<{ existing: string }>();
    else if (result.status === 404)
      expectTypeOf(result.data).toEqualTypeOf<{ type: string; title: string }>();
    // @ts-expect-error -- a success that is declared is no failure
    else if (result.status === 201) result.data;
  });
});

test('a default stands for failures too, and for no success beside one that is named', async () => {
  const responses = createApi(
    defineContract({
      alone: endpoint({ method: 'GET', path: '/alone', responses: { 404: Conflict, default: Problem } }),
      beside: endpoint({ method: 'GET', path: '/beside', responses: { 200: User, default: Problem } }),
    }),
    { baseUrl: 'https://users.internal' },
  );
  const alone = await responses.alone.safe();
  if (!alone.ok && alone.status === 500)
    expectTypeOf(alone.data).toEqualTypeOf<{ type: string; title: string }>();
  // @ts-expect-error -- a 500 is no success
  if (alone.ok && alone.status === 500) alone.data;
  const beside = await responses.beside.safe();
  // @ts-expect-error -- a 202 is no failure, and as a success it is not declared
  if (!beside.ok && beside.status === 202) beside.data;
});

test('what may be left out of a body may be left out of each kind of body, and the body if it says so', () => {
  const at = { at: date, by: z.string().default('me') };
  const bodies = createApi(
    defineContract({
      patch: endpoint({
        method: 'PATCH',
        path: '/a',
        body: z.object({ name: z.string().optional() }),
        responses: { 204: null },
      }),
      byDefault: endpoint({
        method: 'PUT',
        path: '/b',
        body: z.object({ name: z.string() }).default({ name: '' }),
        responses: { 204: null },
      }),
      either: endpoint({
        method: 'POST',
        path: '/c',
        body: z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('a'), ...at }),
          z.object({ kind: z.literal('b'), ...at, size: z.number() }),
          z.object({ kind: z.literal('c'), ...at, size: z.number().default(1) }),
        ]),
        responses: { 204: null },
      }),
    }),
    { baseUrl: 'https://users.internal' },
  );
  // @ts-expect-error -- an empty object is a body, nothing is none
  bodies.patch();
  bodies.patch({ body: {} });
  bodies.byDefault();
  bodies.either({ body: { kind: 'a', at: new Date() } });
  bodies.either({ body: { kind: 'b', at: new Date(), size: 1 } });
  bodies.either({ body: { kind: 'c', at: new Date() } });
  // @ts-expect-error -- of this kind, the size is required
  bodies.either({ body: { kind: 'b', at: new Date() } });
});

describe('isStatusError', () => {
  const error: unknown = undefined;

  test('narrows to the failures of an operation, and to one of them', () => {
    if (isStatusError(error)) expectTypeOf(error).toEqualTypeOf<StatusError>();
    if (isStatusError(error, api.getUser, 404)) {
      expectTypeOf(error.status).toEqualTypeOf<404>();
      expectTypeOf(error.data).toEqualTypeOf<{ type: string; title: string }>();
    }
    if (isStatusError(error, api.getUser, 503)) expectTypeOf(error.data).toEqualTypeOf<string>();
    if (isStatusError(error, api.users.create) && error.status === 409)
      expectTypeOf(error.data).toEqualTypeOf<{ existing: string }>();
    // @ts-expect-error -- not declared
    isStatusError(error, api.getUser, 409);
    // @ts-expect-error -- no failure
    isStatusError(error, api.getUser, 200);
  });
});

describe('an endpoint', () => {
  test('has the params that its path names', () => {
    const responses = { 200: User };
    // @ts-expect-error -- {id} is missing
    endpoint({ method: 'GET', path: '/users/{id}', responses });
    // @ts-expect-error -- it is called id
    endpoint({ method: 'GET', path: '/users/{id}', params: z.object({ user: z.string() }), responses });
    const both = z.object({ id: z.string(), team: z.string() });
    // @ts-expect-error -- {team} is not in the path
    endpoint({ method: 'GET', path: '/users/{id}', params: both, responses });
    endpoint({ method: 'GET', path: '/teams/{team}/users/{id}', params: both, responses });
    const base: string = '/v1';
    // A path that the compiler does not know cannot disagree.
    endpoint({ method: 'GET', path: `${base}/teams/{team}/users/{id}`, params: both, responses });
    endpoint({ method: 'GET', path: `/${base}/teams/{team}/users/{id}` as const, params: both, responses });
  });

  test('has no option that does not exist', () => {
    // @ts-expect-error -- it is called `responses`
    endpoint({ method: 'GET', path: '/users', response: User, responses: {} });
    // @ts-expect-error -- no method of HTTP
    endpoint({ method: 'FETCH', path: '/users', responses: { 200: User } });
    // @ts-expect-error -- no range
    endpoint({ method: 'GET', path: '/users', responses: { '6xx': User } });
  });

  test('has a fallback of the type of its success', () => {
    const responses = { 200: z.object({ rate: z.number() }), 404: Problem };
    endpoint({ method: 'GET', path: '/rate', responses, fallback: { rate: 1 } });
    endpoint({
      method: 'GET',
      path: '/rate',
      responses,
      fallback: error => ({ rate: error.message.length }),
    });
    // @ts-expect-error -- a number
    endpoint({ method: 'GET', path: '/rate', responses, fallback: { rate: '1' } });
    // @ts-expect-error -- a number
    endpoint({ method: 'GET', path: '/rate', responses, fallback: () => ({ rate: '1' }) });
  });
});

test('bodies that are no JSON have types of their own', () => {
  const media = createApi(
    defineContract({
      upload: endpoint({
        method: 'POST',
        path: '/files',
        body: multipart(z.object({ title: z.string(), file: z.instanceof(Blob) })),
        responses: { 201: text() },
      }),
      download: endpoint({ method: 'GET', path: '/file', responses: { 200: binary(), 206: stream() } }),
      events: endpoint({ method: 'GET', path: '/events', responses: { 200: eventStream(User) } }),
      ticks: endpoint({ method: 'GET', path: '/ticks', responses: { 200: eventStream() } }),
      lines: endpoint({ method: 'GET', path: '/lines', responses: { 200: jsonLines(User) } }),
      several: endpoint({
        method: 'GET',
        path: '/any',
        responses: { 200: [User, text({ type: 'text/csv' })] },
      }),
      state: endpoint({ method: 'GET', path: '/state', responses: { 200: text(z.enum(['up', 'down'])) } }),
    }),
    { baseUrl: 'https://media.internal' },
  );
  expectTypeOf(media.upload({ body: { title: 'a', file: new Blob() } })).resolves.toEqualTypeOf<string>();
  expectTypeOf(media.download()).resolves.toEqualTypeOf<Blob | ReadableStream<Uint8Array<ArrayBuffer>>>();
  expectTypeOf(media.events()).resolves.toEqualTypeOf<AsyncIterable<ServerSentEvent<UserOut>>>();
  expectTypeOf(media.ticks()).resolves.toEqualTypeOf<AsyncIterable<ServerSentEvent<string>>>();
  expectTypeOf(media.lines()).resolves.toEqualTypeOf<AsyncIterable<UserOut>>();
  expectTypeOf(media.state()).resolves.toEqualTypeOf<'up' | 'down'>();
  expectTypeOf(media.several()).resolves.toEqualTypeOf<UserOut | string>();
});

test('valibot and arktype do as well: the caller gives the form of the wire, and gets the output', () => {
  const other = createApi(
    defineContract({
      valibot: endpoint({
        method: 'POST',
        path: '/v/{id}',
        params: v.object({ id: v.string() }),
        body: v.object({
          at: v.pipe(
            v.string(),
            v.isoTimestamp(),
            v.transform(text => new Date(text)),
          ),
        }),
        responses: {
          200: v.object({
            at: v.pipe(
              v.string(),
              v.isoTimestamp(),
              v.transform(text => new Date(text)),
            ),
          }),
        },
      }),
      arktype: endpoint({
        method: 'GET',
        path: '/a/{id}',
        params: type({ id: 'string' }),
        query: type({ 'limit?': 'number' }),
        responses: { 200: type({ id: 'string.uuid' }) },
      }),
    }),
    { baseUrl: 'https://other.internal' },
  );
  expectTypeOf(
    other.valibot({ params: { id }, body: { at: '2026-01-01T00:00:00Z' } }),
  ).resolves.toEqualTypeOf<{
    at: Date;
  }>();
  expectTypeOf(other.arktype({ params: { id } })).resolves.toEqualTypeOf<{ id: string }>();
  // @ts-expect-error -- a text
  other.arktype({ params: { id: 1 } });
});

describe('credentials', () => {
  const responses = { 200: User } as const;
  const guarded = defineContract({
    read: endpoint({ method: 'GET', path: '/a', responses, security: [{ bearerAuth: ['read'] }] }),
    group: {
      write: endpoint({
        method: 'PUT',
        path: '/a',
        responses,
        security: [{}, { bearerAuth: [], 'app-id': [] }, { key: [] }],
      }),
      open: endpoint({ method: 'GET', path: '/b', responses, security: [] }),
      unsaid: endpoint({ method: 'GET', path: '/c', responses }),
    },
  });
  const baseUrl = 'https://users.internal';
  const auth = bearer('abc');
  const key = apiKey('k', { header: 'x-key' });

  test('are given by the names of the schemes that endpoints ask for, and no others', () => {
    createApi(guarded, { baseUrl, auth: { bearerAuth: auth } });
    createApi(guarded, { baseUrl, auth: { bearerAuth: auth, 'app-id': key, key } });
    createApi(guarded, { baseUrl, auth: { key: undefined } });
    // @ts-expect-error -- no endpoint asks for it
    createApi(guarded, { baseUrl, auth: { bearerAuht: auth } });
    // @ts-expect-error -- no endpoint asks for it, either
    createApi(guarded, { baseUrl, auth: { bearerAuth: auth, other: key } });
    // @ts-expect-error -- a token is no Auth
    createApi(guarded, { baseUrl, auth: { bearerAuth: 'abc' } });
    expectTypeOf<Parameters<typeof createApi<typeof guarded>>[1]>().toEqualTypeOf<
      ApiOptions<'bearerAuth' | 'app-id' | 'key'>
    >();
  });

  test('are one for all as well', () => {
    createApi(guarded, { baseUrl, auth });
    createApi(guarded, {
      baseUrl,
      auth: {
        authorize(draft) {
          draft.headers.a = 'b';
        },
      },
    });
  });

  test('are only that where no endpoint says what it asks for', () => {
    createApi(contract, { baseUrl, auth });
    // @ts-expect-error -- there are no schemes
    createApi(contract, { baseUrl, auth: { bearerAuth: auth } });
    // @ts-expect-error -- nor is this an Auth
    createApi(contract, { baseUrl, auth: {} });
    expectTypeOf<Parameters<typeof createApi<typeof contract>>[1]>().toEqualTypeOf<ApiOptions>();
  });

  test('pass through functions for any contract', () => {
    const toAny = <Definition extends Contract>(definition: Definition, options: ApiOptions) =>
      createApi(definition, options);
    toAny(guarded, { baseUrl, auth });
    const unknown: Contract = guarded;
    createApi(unknown, { baseUrl, auth: { anything: auth } });
    const one = (auth: Auth) => createApi(guarded, { baseUrl, auth });
    one(auth);
  });

  test('of a wrong form are found where the endpoint is declared', () => {
    // @ts-expect-error -- alternatives are a list
    endpoint({ method: 'GET', path: '/a', responses, security: { bearerAuth: [] } });
    // @ts-expect-error -- scopes are a list
    endpoint({ method: 'GET', path: '/a', responses, security: [{ bearerAuth: 'read' }] });
  });
});
