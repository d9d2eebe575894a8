import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type Auth,
  apiKey,
  bearer,
  createApi,
  defineContract,
  endpoint,
  type SecurityRequirement,
  StatusError,
  stream,
} from '../../src/contract/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

const anything = z.unknown();
const baseUrl = 'https://orders.test/v1';

const contract = defineContract({
  read: endpoint({
    method: 'GET',
    path: '/me',
    responses: { 200: anything },
    security: [{ bearerAuth: ['read'] }, { apiKey: [], appId: [] }],
  }),
  both: endpoint({
    method: 'POST',
    path: '/both',
    body: z.object({ item: z.string() }).optional(),
    idempotency: 'key',
    responses: { 200: anything },
    security: [{ apiKey: [], bearerAuth: [] }],
  }),
  upload: endpoint({
    method: 'PUT',
    path: '/file',
    body: stream(),
    responses: { 200: anything },
    security: [{ apiKey: [], bearerAuth: [] }],
  }),
  admin: {
    list: endpoint({
      method: 'GET',
      path: '/orders',
      query: z.object({ page: z.number().default(1) }),
      responses: { 200: z.array(z.unknown()) },
      security: [{ basicAuth: [] }],
      paginate: { page: 'page' },
    }),
  },
  optional: endpoint({
    method: 'GET',
    path: '/maybe',
    responses: { 200: anything },
    security: [{}, { apiKey: [] }],
  }),
  open: endpoint({ method: 'GET', path: '/open', responses: { 200: anything }, security: [] }),
  emptyWay: endpoint({ method: 'GET', path: '/empty', responses: { 200: anything }, security: [{}] }),
  unsaid: endpoint({ method: 'GET', path: '/unsaid', responses: { 200: anything } }),
});

const key = apiKey('K', { header: 'x-key' });
const app = apiKey('A', { query: 'app' });
const token = bearer('T');

const ok = () => Response.json({});

type Given = NonNullable<Parameters<typeof createApi<typeof contract>>[1]['auth']>;

function apiWith(auth: Given | undefined, ...answers: (() => Response)[]) {
  const service = answering(...(answers.length > 0 ? answers : [ok]));
  const world = harness({ fetch: service });
  const options = { baseUrl, fetch: world.fetch };
  return { service, world, api: createApi(contract, auth ? { ...options, auth } : options) };
}

/** What proves who calls, of each request. */
const proofs = (requests: readonly Request[]) =>
  requests.map(({ url, headers }) =>
    [headers.get('authorization'), headers.get('x-key'), new URL(url).searchParams.get('app')]
      .filter(proof => proof !== null)
      .join(' + '),
  );

describe('credentials by scheme', () => {
  test('go with the endpoints that ask for them, and with no other', async () => {
    const { api, service } = apiWith({ bearerAuth: token });
    for (const call of [api.read, api.open, api.emptyWay, api.unsaid, api.optional]) await call();
    expect(proofs(service.requests)).toEqual(['Bearer T', '', '', '', '']);
  });

  test('go in the first alternative of which all schemes are given', async () => {
    for (const [auth, expected] of [
      [{ bearerAuth: token, apiKey: key, appId: app }, 'Bearer T'],
      [{ apiKey: key, appId: app }, 'K + A'],
    ] as const) {
      const { api, service } = apiWith(auth);
      await api.read();
      expect(proofs(service.requests)).toEqual([expected]);
    }
  });

  test('go together where they are asked for together, one behind the other as they are named', async () => {
    const order: string[] = [];
    const noting = (name: string): Auth => ({
      async authorize(draft) {
        order.push(`${name} begins`);
        await Promise.resolve();
        draft.headers[`x-${name}`] = Object.keys(draft.headers)
          .filter(header => header.startsWith('x-'))
          .join();
        order.push(`${name} ends`);
      },
    });
    const { api, service } = apiWith({ bearerAuth: noting('second'), apiKey: noting('first') });
    await api.both({});
    expect(order).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
    expect(service.requests[0]?.headers.get('x-second')).toBe('x-first');
  });

  test('go where they are optional, though to go without stands first', async () => {
    const { api, service } = apiWith({ apiKey: key });
    await api.optional();
    expect(proofs(service.requests)).toEqual(['K']);
  });

  test('may be undefined, as those of an environment that has none', async () => {
    const { api, service } = apiWith({ bearerAuth: undefined, apiKey: key, appId: app });
    await api.read();
    expect(proofs(service.requests)).toEqual(['K + A']);
  });

  test('that are missing fail the call before anything is sent, and no other call', async () => {
    const { api, service } = apiWith({ apiKey: key });
    const error = await rejection(TypeError, api.read());
    expect(error.message).toBe(
      '`read` asks for "bearerAuth", or "apiKey" with "appId", and `auth` has "apiKey". ' +
        'Give what is missing to createApi; nothing was sent.',
    );
    const nested = await rejection(TypeError, api.admin.list({}));
    expect(nested.message).toMatch(/^`admin\.list` asks for "basicAuth", and/);
    expect(service.requests).toEqual([]);
    await api.optional();
    expect(service.requests).toHaveLength(1);
  });

  test('that are missing fail a list when it is read, and make a result of `.safe()`', async () => {
    const { api } = apiWith({});
    const items = api.admin.list.items({});
    await expect(items[Symbol.asyncIterator]().next()).rejects.toThrow(
      '`admin.list` asks for "basicAuth", and `auth` has nothing.',
    );
    expect(await api.admin.list.safe({})).toEqual({ ok: false, error: expect.any(TypeError) });
  });

  test('of a name like those of objects are credentials like others', async () => {
    const security: SecurityRequirement[] = [JSON.parse('{"__proto__":[]}')];
    const it = endpoint({ method: 'GET', path: '/', responses: { 200: anything }, security });
    const service = answering(ok);
    const fetch = harness({ fetch: service }).fetch;
    const auth = Object.fromEntries([['__proto__', key]]);
    await createApi(defineContract({ it }), { baseUrl, fetch, auth }).it();
    expect(proofs(service.requests)).toEqual(['K']);
    const without = createApi(defineContract({ it }), { baseUrl, fetch, auth: {} });
    await expect(without.it()).rejects.toThrow('`it` asks for "__proto__", and `auth` has nothing.');
  });

  test.each([
    [
      { bearerAuht: token },
      '`auth` has "bearerAuht", which no endpoint asks for. Did you mean "bearerAuth"?',
    ],
    [{ other: undefined }, 'They ask for "bearerAuth", "apiKey", "appId", "basicAuth".'],
    [{ toString: token }, '`auth` has "toString", which no endpoint asks for.'],
    [{ bearerAuth: 'SECRET' }, '`auth.bearerAuth` should be an Auth, such as bearer(token)'],
    [{ bearerAuth: { authorize: 'SECRET' } }, '`auth.bearerAuth` should be an Auth'],
    [{ bearerAuth: null }, '`auth.bearerAuth` should be an Auth'],
    [[token], '`auth` should be an object'],
  ])('%j are refused when the client is made', (auth, message) => {
    const made = () => createApi(contract, { baseUrl, auth: auth as Given });
    expect(made).toThrow(TypeError);
    expect(made).toThrow(message);
    expect(made).not.toThrow('SECRET');
  });

  test('are refused for a contract that names no schemes', () => {
    const { open, unsaid } = contract;
    const made = (auth: object) => () =>
      createApi(defineContract({ open, unsaid }), { baseUrl, auth: auth as Auth });
    expect(made({ bearerAuth: token })).toThrow(
      '`auth` has "bearerAuth", which no endpoint asks for. ' +
        'None of them says `security`: give one Auth for all of them.',
    );
    expect(made({})).toThrow('`auth.authorize` should be a function');
  });
});

describe('one Auth', () => {
  test('goes with every call but those of endpoints that ask for none', async () => {
    const { api, service } = apiWith(token);
    for (const call of [api.read, api.open, api.emptyWay, api.unsaid, api.optional]) await call();
    expect(proofs(service.requests)).toEqual(['Bearer T', '', '', 'Bearer T', 'Bearer T']);
  });

  test('may be a method of a class', async () => {
    class Proof implements Auth {
      authorize(draft: Parameters<Auth['authorize']>[0]): void {
        draft.headers['x-key'] = 'P';
      }
    }
    const { api, service } = apiWith(new Proof());
    await api.read();
    expect(proofs(service.requests)).toEqual(['P']);
  });

  test('is not needed: without `auth` every call goes as it is', async () => {
    const { api, service } = apiWith(undefined);
    await api.read();
    await api.both({});
    expect(proofs(service.requests)).toEqual(['', '']);
  });
});

describe('after a 401, of several schemes at once', () => {
  /** Hands out `t1`, `t2`, … */
  function issuer(prefix: string) {
    let count = 0;
    return async () => ({ token: `${prefix}${++count}`, expiresInMs: 3_600_000 });
  }
  /** A bearer token under another name, so that two of them can go together. */
  function inHeader(name: string, auth: Auth): Auth {
    const moved = async (draft: Parameters<Auth['authorize']>[0], act: (inner: typeof draft) => unknown) => {
      const inner = { ...draft, headers: {} as Record<string, string> };
      const done = await act(inner);
      if (inner.headers.authorization) draft.headers[name] = inner.headers.authorization;
      return done;
    };
    return {
      authorize: (draft, clock) => moved(draft, inner => auth.authorize(inner, clock)) as Promise<void>,
      renew: (draft, refused, clock) =>
        moved(draft, inner =>
          auth.renew?.(inner, { ...refused, headers: { authorization: refused.headers[name] ?? '' } }, clock),
        ) as Promise<boolean>,
    };
  }
  const no = () => statusResponse(401);

  test('every one that can renew does, once, and the call is sent once more with the rest as it was', async () => {
    const { api, service } = apiWith(
      { apiKey: inHeader('x-key', bearer(issuer('k'))), bearerAuth: bearer(issuer('t')) },
      no,
      no,
    );
    expect(await rejection(StatusError, api.both({}))).toMatchObject({ status: 401 });
    expect(proofs(service.requests)).toEqual(['Bearer t1 + Bearer k1', 'Bearer t2 + Bearer k2']);
    const keys = service.requests.map(({ headers }) => headers.get('idempotency-key'));
    expect(new Set(keys).size).toBe(1);
  });

  test('what cannot be renewed goes along as it was', async () => {
    const { api, service } = apiWith({ apiKey: key, bearerAuth: bearer(issuer('t')) }, no, ok);
    await api.both({ body: { item: 'kelp' } });
    expect(proofs(service.requests)).toEqual(['Bearer t1 + K', 'Bearer t2 + K']);
  });

  test('it stands where none can do better', async () => {
    for (const bearerAuth of [token, bearer(() => 'same')]) {
      const { api, service } = apiWith({ apiKey: key, bearerAuth }, no);
      expect(await rejection(StatusError, api.both({}))).toMatchObject({ status: 401 });
      expect(service.requests).toHaveLength(1);
    }
  });

  test('those of an alternative that was not chosen are left alone', async () => {
    let asked = 0;
    const appId: Auth = { authorize: () => void asked++, renew: () => Boolean(asked++) };
    const { api } = apiWith({ bearerAuth: bearer(issuer('t')), apiKey: key, appId }, no);
    await rejection(StatusError, api.read());
    expect(asked).toBe(0);
  });

  test('a body that is sent once is not sent again, and the next call has other tokens', async () => {
    const { api, service } = apiWith({ apiKey: key, bearerAuth: bearer(issuer('t')) }, no, ok);
    await rejection(StatusError, api.upload({ body: new Blob(['once']).stream() }));
    await api.both({});
    expect(proofs(service.requests)).toEqual(['Bearer t1 + K', 'Bearer t2 + K']);
  });

  test('what one of them throws ends the call', async () => {
    const failing: Auth = { ...key, renew: () => Promise.reject(new Error('no renewal')) };
    const { api, service } = apiWith({ apiKey: failing, bearerAuth: bearer(issuer('t')) }, no);
    await expect(api.both({})).rejects.toThrow('no renewal');
    expect(service.requests).toHaveLength(1);
  });

  test('a caller that aborts while the second is awaited hears its own reason, and nothing is sent', async () => {
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    const bearerAuth: Auth = { authorize: () => new Promise(() => controller.abort(reason)) };
    const { api, service } = apiWith({ apiKey: key, bearerAuth });
    await expect(api.both({}, { signal: controller.signal })).rejects.toBe(reason);
    expect(service.requests).toEqual([]);
  });
});

describe('`security` of an endpoint', () => {
  test.each([
    [{ bearerAuth: [] }, '`security` should be an array, got an object with keys ["bearerAuth"].'],
    [
      ['bearerAuth'],
      '`security[0]` should be an object with the scopes of each scheme, such as { bearerAuth: [] }, got "bearerAuth".',
    ],
    [[{}, null], '`security[1]` should be an object with the scopes of each scheme'],
    [[{ login: 'read' }], '`security[0].login` should be an array, got "read".'],
    [[{ login: ['read', 1] }], '`security[0].login[1]` should be a text, got 1.'],
  ])('%j is refused, and the endpoint is named', (security, message) => {
    const declared = () =>
      endpoint({ method: 'GET', path: '/me', responses: { 200: anything }, security: security as never });
    expect(declared).toThrow(TypeError);
    expect(declared).toThrow(`GET /me: ${message}`);
  });
});
