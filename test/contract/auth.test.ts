import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type ApiKeyPlace,
  type Auth,
  apiKey,
  basic,
  bearer,
  createApi,
  defineContract,
  type ExpiringToken,
  endpoint,
  eventStream,
  StatusError,
  stream,
} from '../../src/contract/index.ts';
import { explain, type FetchOptions, HoldfastError, type LogFields, TimeoutError } from '../../src/index.ts';
import { networkError, slowBody } from '../../src/testing/index.ts';
import { type Answer, answering, statusResponse } from '../support/answering.ts';
import { type Harness, harness } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { startSdk } from '../support/telemetry.ts';
import { unhandledRejections } from '../support/unhandled.ts';

const anything = z.unknown();

const contract = defineContract({
  read: endpoint({ method: 'GET', path: '/me', responses: { 200: anything } }),
  list: endpoint({
    method: 'GET',
    path: '/orders',
    query: z.object({ page: z.number() }),
    cookies: z.object({ session: z.string().optional() }),
    responses: { 200: anything },
  }),
  order: endpoint({
    method: 'POST',
    path: '/orders',
    body: z.object({ item: z.string() }),
    responses: { 200: anything },
  }),
  orderOnce: endpoint({
    method: 'POST',
    path: '/orders/once',
    body: z.object({ item: z.string() }),
    idempotency: 'key',
    responses: { 200: anything },
  }),
  upload: endpoint({ method: 'PUT', path: '/file', body: stream(), responses: { 200: anything } }),
  watch: endpoint({ method: 'GET', path: '/events', responses: { 200: eventStream(anything) } }),
  readOrNothing: endpoint({
    method: 'GET',
    path: '/me/or-nothing',
    responses: { 200: anything },
    fallback: 'nothing',
  }),
});

const baseUrl = 'https://orders.test/v1';

function clientOf(world: Harness, auth: Auth) {
  return createApi(contract, { baseUrl, fetch: world.fetch, auth });
}

/** A client whose attempts a test answers by hand. */
function scripted(auth: Auth, options: FetchOptions = {}) {
  const world = harness(options);
  return { ...world, api: clientOf(world, auth) };
}

/** A client of a service that answers by itself, in turn. */
function answered(auth: Auth, answers: readonly Answer[], options: FetchOptions = {}) {
  const service = answering(...answers);
  const world = harness({ ...options, fetch: service });
  return { ...world, service, api: clientOf(world, auth) };
}

/** A service that takes some tokens and no others. */
function guarding(auth: Auth, ...accepted: string[]) {
  const good = new Set(accepted);
  const seen: string[] = [];
  const world = harness({
    fetch: async (input, init) => {
      const token = new Request(input, init).headers.get('authorization')?.slice('Bearer '.length) ?? '';
      seen.push(token);
      return good.has(token) ? ok() : statusResponse(401);
    },
  });
  return { ...world, good, seen, api: clientOf(world, auth) };
}

const ok = () => Response.json({ fine: true });

/** A function that gets tokens `t1`, `t2`, … with this life, at once or when it is told to: before it is asked, or after. */
function issuer(expiresInMs: number) {
  const issued: PromiseWithResolvers<ExpiringToken>[] = [];
  const slot = (number: number) => (issued[number - 1] ??= Promise.withResolvers());
  let asked = 0;
  return {
    get asked() {
      return asked;
    },
    atOnce: async () => ({ token: `t${++asked}`, expiresInMs }),
    byHand: () => slot(++asked).promise,
    issue: (number: number) => slot(number).resolve({ token: `t${number}`, expiresInMs }),
    refuse: (number: number, error: unknown) => slot(number).reject(error),
  };
}

const credentialsOf = (request: Request | undefined) => request?.headers.get('authorization');
const bodyOf = (body: string) => new Blob([body]).stream();

describe('what each kind adds to a request', () => {
  test('a bearer token goes as `Authorization: Bearer`', async () => {
    const { api, service } = answered(bearer('abc.def-ghi_~+/=='), [ok]);
    await api.read();
    expect(credentialsOf(service.requests[0])).toBe('Bearer abc.def-ghi_~+/==');
  });

  test('user and password go as `Authorization: Basic`, in UTF-8', async () => {
    const { api, service } = answered(basic('Aladdin', 'öpen:sesame'), [ok]);
    await api.read();
    const credentials = Buffer.from('Aladdin:öpen:sesame', 'utf8').toString('base64');
    expect(credentialsOf(service.requests[0])).toBe(`Basic ${credentials}`);
  });

  test('a key goes into a header of any name', async () => {
    const { api, service } = answered(apiKey('k 1', { header: "X-Odd!#$%&'*+.^_`|~Name" }), [ok]);
    await api.read();
    expect(service.requests[0]?.headers.get("x-odd!#$%&'*+.^_`|~name")).toBe('k 1');
  });

  test('a key goes into the query, beside what the endpoint puts there, and is encoded', async () => {
    const { api, service } = answered(apiKey('a&b=c d#', { query: 'the key' }), [ok]);
    await api.list({ query: { page: 2 } });
    await api.read();
    expect(service.requests.map(({ url }) => url)).toEqual([
      `${baseUrl}/orders?page=2&the%20key=a%26b%3Dc%20d%23`,
      `${baseUrl}/me?the%20key=a%26b%3Dc%20d%23`,
    ]);
  });

  test('a key goes into a cookie, beside those of the endpoint and of the client', async () => {
    const service = answering(ok);
    const { fetch } = harness({ fetch: service });
    const auth = apiKey('a;b', { cookie: 'key' });
    const api = createApi(contract, { baseUrl, fetch, auth, headers: { cookie: 'theme=dark' } });
    await api.list({ query: { page: 1 }, cookies: { session: 's' } });
    expect(service.calls[0]?.[1]?.headers).toMatchObject({ cookie: 'theme=dark; session=s; key=a%3Bb' });
  });

  test('a key from a function is asked for at each call', async () => {
    let count = 0;
    const auth = apiKey(() => `k${++count}`, { header: 'x-search-key' });
    const { api, service } = answered(auth, [ok]);
    await api.read();
    await api.read();
    expect(service.requests.map(({ headers }) => headers.get('x-search-key'))).toEqual(['k1', 'k2']);
  });

  test('credentials come after everything that the call says', async () => {
    const { api, service } = answered(bearer('mine'), [ok]);
    await api.read({}, { headers: { Authorization: 'Bearer theirs' } });
    expect(credentialsOf(service.requests[0])).toBe('Bearer mine');
  });
});

describe('a token of a function', () => {
  test('that is a text is asked for at each call: the function keeps it, if anyone does', async () => {
    let count = 0;
    const { api, service } = answered(
      bearer(() => `t${++count}`),
      [ok],
    );
    await api.read();
    await api.read();
    expect(service.requests.map(credentialsOf)).toEqual(['Bearer t1', 'Bearer t2']);
  });

  test('is asked for once by a thousand calls at once', async () => {
    const tokens = issuer(3_600_000);
    const { api, seen } = guarding(bearer(tokens.atOnce), 't1');
    await Promise.all(Array.from({ length: 1_000 }, () => api.read()));
    expect(tokens.asked).toBe(1);
    expect(seen).toHaveLength(1_000);
    expect(new Set(seen)).toEqual(new Set(['t1']));
  });

  test('is kept until a tenth of its life is left, and got again then', async () => {
    const tokens = issuer(100_000);
    const { api, clock } = answered(bearer(tokens.atOnce), [ok]);
    await api.read();
    await clock.advance(89_999);
    await api.read();
    expect(tokens.asked).toBe(1);
    await clock.advance(1);
    await api.read();
    expect(tokens.asked).toBe(2);
  });

  test('is got again a minute before its end, if a tenth of its life is more', async () => {
    const tokens = issuer(3_600_000);
    const { api, clock } = answered(bearer(tokens.atOnce), [ok]);
    await api.read();
    await clock.advance(3_600_000 - 60_001);
    await api.read();
    expect(tokens.asked).toBe(1);
    await clock.advance(1);
    await api.read();
    expect(tokens.asked).toBe(2);
  });

  test('makes nobody wait while the next is got early: the old one is still good', async () => {
    const tokens = issuer(100_000);
    const { api, clock, service } = answered(bearer(tokens.byHand), [ok]);
    const first = api.read();
    tokens.issue(1);
    await first;
    await clock.advance(95_000);
    await api.read();
    await api.read();
    expect(tokens.asked).toBe(2);
    tokens.issue(2);
    await clock.advance(0);
    await api.read();
    expect(service.requests.map(credentialsOf)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  test('outlives a failure to get the next one, to its own end and no longer', async () => {
    const tokens = issuer(100_000);
    const { api, clock, service } = answered(bearer(tokens.byHand), [ok]);
    const first = api.read();
    tokens.issue(1);
    await first;
    const unhandled = await unhandledRejections(async () => {
      await clock.advance(99_999);
      await api.read();
      tokens.refuse(2, new Error('down'));
      await clock.advance(0);
    });
    expect(unhandled).toEqual([]);
    await clock.advance(1);
    const late = api.read();
    tokens.issue(3);
    await late;
    expect(service.requests.map(credentialsOf)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t3']);
  });

  test('that never expires is kept until it is refused', async () => {
    const tokens = issuer(Number.POSITIVE_INFINITY);
    const { api, clock, good } = guarding(bearer(tokens.atOnce), 't1', 't2');
    await api.read();
    await clock.advance(365 * 24 * 3_600_000);
    await api.read();
    expect(tokens.asked).toBe(1);
    good.delete('t1');
    await api.read();
    expect(tokens.asked).toBe(2);
  });

  test('that expires at once is got for each call, and shared by those that wait for it', async () => {
    const tokens = issuer(0);
    const { api } = answered(bearer(tokens.atOnce), [ok]);
    await Promise.all([api.read(), api.read()]);
    await api.read();
    expect(tokens.asked).toBe(2);
  });
});

describe('a function that fails', () => {
  test('fails all that wait with its own error, and is asked again by the next', async () => {
    const tokens = issuer(100_000);
    const { api, transport } = scripted(bearer(tokens.byHand));
    const error = new Error('the vault is sealed');
    const calls = [api.read(), api.read()].map(call => rejection(Error, call));
    await transport.expectNone();
    tokens.refuse(1, error);
    expect(await Promise.all(calls)).toEqual([error, error]);
    const next = api.read();
    tokens.issue(2);
    const attempt = await transport.next();
    attempt.respond(ok());
    await next;
    expect(credentialsOf(attempt.request)).toBe('Bearer t2');
  });

  test('may throw as well as reject, and `safe` hands either over', async () => {
    const error = new Error('no');
    const thrower = () => {
      throw error;
    };
    for (const auth of [bearer(thrower), apiKey(thrower, { header: 'x-search-key' })]) {
      const { api, transport } = scripted(auth);
      expect(await api.read.safe()).toEqual({ ok: false, error });
      await transport.expectNone();
    }
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 42],
    ['an empty text', ''],
    ['an object without a token', { expiresInMs: 1 }],
    ['a life that is no number', { token: 'SECRET', expiresInMs: 'SECRET' }],
    ['a negative life', { token: 'SECRET', expiresInMs: -1 }],
    ['a life that is NaN', { token: 'SECRET', expiresInMs: Number.NaN }],
  ])('by giving %s is told so, without its token', async (_, given) => {
    const { api } = answered(bearer((async () => given) as () => Promise<string>), [ok]);
    const error = await rejection(TypeError, api.read());
    expect(error.message).toMatch(/token/);
    expect(inspect(error)).not.toContain('SECRET');
  });
});

describe('a function that hangs', () => {
  const never = () => new Promise<string>(() => {});

  test.each([
    ['a token', bearer(never)],
    ['a key', apiKey(never, { header: 'x-search-key' })],
    ['an own Auth', { authorize: () => new Promise<void>(() => {}) }],
  ])('holds a call up for no longer than its total timeout: %s', async (_, auth) => {
    const { api, clock, transport } = scripted(auth);
    const call = rejection(TimeoutError, api.read({}, { policy: { totalTimeoutMs: 2_000 } }));
    await clock.advance(2_000);
    const error = await call;
    expect(error).toMatchObject({ scope: 'auth', limitMs: 2_000, url: `${baseUrl}/me`, attempts: [] });
    expect(error.message).toBe(`GET ${baseUrl}/me: no credentials within 2 s.`);
    await transport.expectNone();
    expect(clock.pending).toBe(0);
  });

  test('holds no call up for longer than half a minute, one without a total timeout neither', async () => {
    const { api, clock } = scripted(bearer(never));
    const call = rejection(TimeoutError, api.watch());
    await clock.advance(30_000);
    expect(await call).toMatchObject({ scope: 'auth', limitMs: 30_000 });
  });

  test('is asked again after half a minute, and what it says then comes too late', async () => {
    const tokens = issuer(100_000);
    const { api, clock, service } = answered(bearer(tokens.byHand), [ok]);
    const hung = rejection(TimeoutError, api.read());
    await clock.advance(29_999);
    const patient = rejection(TimeoutError, api.read({}, { policy: { totalTimeoutMs: 1 } }));
    await clock.advance(1);
    await Promise.all([hung, patient]);
    expect(tokens.asked).toBe(1);
    const next = api.read();
    await clock.advance(0);
    expect(tokens.asked).toBe(2);
    tokens.issue(2);
    await next;
    tokens.issue(1);
    await clock.advance(0);
    await api.read();
    expect(service.requests.map(credentialsOf)).toEqual(['Bearer t2', 'Bearer t2']);
  });

  test('lets the fallback of an endpoint stand in', async () => {
    const { api, clock } = scripted(bearer(never));
    const call = api.readOrNothing();
    await clock.advance(30_000);
    expect(await call).toBe('nothing');
  });

  test('takes its time from the total timeout of the call', async () => {
    const tokens = issuer(100_000);
    const { api, clock, transport } = scripted(bearer(tokens.byHand));
    const call = rejection(TimeoutError, api.read({}, { policy: { totalTimeoutMs: 5_000 } }));
    await clock.advance(4_000);
    tokens.issue(1);
    const attempt = await transport.next();
    await clock.advance(1_000);
    expect(await call).toMatchObject({ scope: 'total', limitMs: 5_000 });
    expect(attempt.signal.aborted).toBe(true);
  });
});

describe('a caller that aborts', () => {
  const reason = new Error('changed my mind');

  test('before the call is told so at once; no token is asked for and nothing sent', async () => {
    const tokens = issuer(100_000);
    const { api, transport } = scripted(bearer(tokens.byHand));
    expect(await rejection(Error, api.read({}, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(tokens.asked).toBe(0);
    await transport.expectNone();
  });

  test('while it waits for a token hears its own reason at once, and the others get their token', async () => {
    const tokens = issuer(100_000);
    const { api, transport, clock } = scripted(bearer(tokens.byHand));
    const controller = new AbortController();
    const impatient = rejection(Error, api.read({}, { signal: controller.signal }));
    const patient = api.read();
    await clock.advance(0);
    controller.abort(reason);
    expect(await impatient).toBe(reason);
    tokens.issue(1);
    const attempt = await transport.next();
    attempt.respond(ok());
    await patient;
    await transport.expectNone();
    expect(tokens.asked).toBe(1);
  });

  test('alone does not spoil the token for the next call', async () => {
    const tokens = issuer(100_000);
    const { api, service, clock } = answered(bearer(tokens.byHand), [ok]);
    const controller = new AbortController();
    const call = rejection(Error, api.read({}, { signal: controller.signal }));
    await clock.advance(0);
    controller.abort(reason);
    await call;
    const next = api.read();
    tokens.issue(1);
    await next;
    expect(tokens.asked).toBe(1);
    expect(service.requests.map(credentialsOf)).toEqual(['Bearer t1']);
  });

  test('leaves no unhandled rejection behind when the token then fails', async () => {
    const tokens = issuer(100_000);
    const { api, clock } = scripted(bearer(tokens.byHand));
    const unhandled = await unhandledRejections(async () => {
      const controller = new AbortController();
      const call = rejection(Error, api.read({}, { signal: controller.signal }));
      await clock.advance(0);
      controller.abort(reason);
      await call;
      tokens.refuse(1, new Error('down'));
    });
    expect(unhandled).toEqual([]);
  });

  test('later, or never, finds no listener of ours left on its signal', async () => {
    const tokens = issuer(0);
    const { api } = answered(bearer(tokens.atOnce), [ok]);
    const { signal } = new AbortController();
    for (let call = 0; call < 3; call++) await api.read({}, { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('while another token is got after a 401 hears its own reason, and the 401 is released', async () => {
    const tokens = issuer(100_000);
    const { api, transport, clock } = scripted(bearer(tokens.byHand));
    const controller = new AbortController();
    const call = rejection(Error, api.read({}, { signal: controller.signal }));
    tokens.issue(1);
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream, { status: 401 }));
    await clock.advance(0);
    expect(tokens.asked).toBe(2);
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect(body.state).not.toBe('open');
  });
});

describe('after a 401', () => {
  test('another token is got and the call sent once more', async () => {
    const tokens = issuer(100_000);
    const { api, seen } = guarding(bearer(tokens.atOnce), 't2');
    expect(await api.read()).toEqual({ fine: true });
    expect(seen).toEqual(['t1', 't2']);
  });

  test('the call is sent exactly once more, whatever comes', async () => {
    const tokens = issuer(100_000);
    const { api, seen } = guarding(bearer(tokens.atOnce));
    expect(await rejection(StatusError, api.read())).toMatchObject({ status: 401 });
    expect(seen).toEqual(['t1', 't2']);
  });

  test('a service that refuses every token is not asked twice by every call', async () => {
    const tokens = issuer(1_000_000);
    const { api, seen, clock } = guarding(bearer(tokens.atOnce));
    for (let call = 0; call < 5; call++) await api.read.safe();
    expect(seen).toEqual(['t1', 't2', 't2', 't2', 't2', 't2']);
    await clock.advance(10_000);
    await api.read.safe();
    expect(seen.slice(6)).toEqual(['t2', 't3']);
    expect(tokens.asked).toBe(3);
  });

  test('the same token again is no reason to send again', async () => {
    const { api, seen } = guarding(bearer(async () => 'same'));
    expect(await api.read.safe()).toMatchObject({ ok: false, error: { status: 401 } });
    expect(seen).toEqual(['same']);
  });

  test('a token that is asked for at each call is asked for once more, not twice', async () => {
    let count = 0;
    const { api, seen } = guarding(
      bearer(() => `t${++count}`),
      't2',
    );
    await api.read();
    expect(seen).toEqual(['t1', 't2']);
  });

  test.each([
    ['a static token', bearer('static')],
    ['user and password', basic('user', 'password')],
    ['a key', apiKey('key', { header: 'x-search-key' })],
    ['a key from a function', apiKey(async () => 'key', { header: 'x-search-key' })],
  ])('nothing is sent again with %s', async (_, auth) => {
    const { api, service } = answered(auth, [401]);
    expect(await rejection(StatusError, api.read())).toMatchObject({ status: 401, data: 'status 401' });
    expect(service.requests).toHaveLength(1);
  });

  test('of a thousand calls in flight, one token is got for all of them', async () => {
    const tokens = issuer(3_600_000);
    const { api, seen } = guarding(bearer(tokens.atOnce), 't2');
    const results = await Promise.all(Array.from({ length: 1_000 }, () => api.read.safe()));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(tokens.asked).toBe(2);
    expect(seen).toHaveLength(2_000);
  });

  test('of calls that hear of it one after the other, the later take the token that the first has got', async () => {
    const tokens = issuer(3_600_000);
    const { api, transport } = scripted(bearer(tokens.atOnce));
    const calls = [api.read(), api.read()];
    const [first, second] = [await transport.next(), await transport.next()];
    first.respond(statusResponse(401));
    (await transport.next()).respond(ok());
    await calls[0];
    second.respond(statusResponse(401));
    const replay = await transport.next();
    replay.respond(ok());
    await calls[1];
    expect(credentialsOf(replay.request)).toBe('Bearer t2');
    expect(tokens.asked).toBe(2);
  });

  test('its body is released before the call is sent again', async () => {
    const tokens = issuer(100_000);
    const { api, transport } = scripted(bearer(tokens.atOnce));
    const call = api.read();
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream, { status: 401 }));
    const replay = await transport.next();
    expect(body.state).toBe('cancelled');
    replay.respond(ok());
    await call;
  });

  test('a function that fails is what the call ends with, and the body is released', async () => {
    const tokens = issuer(100_000);
    const { api, transport, clock } = scripted(bearer(tokens.byHand));
    const error = new Error('the vault is sealed');
    const call = rejection(Error, api.read());
    tokens.issue(1);
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream, { status: 401 }));
    await clock.advance(0);
    tokens.refuse(2, error);
    expect(await call).toBe(error);
    expect(body.state).toBe('cancelled');
  });

  test('a body that can be sent once is not sent again, and the next call has another token', async () => {
    const tokens = issuer(100_000);
    const { api, seen, clock } = guarding(bearer(tokens.atOnce), 't2');
    const error = await rejection(StatusError, api.upload({ body: bodyOf('once') }));
    expect(error).toMatchObject({ status: 401, data: 'status 401' });
    await clock.advance(0);
    await api.upload({ body: bodyOf('again') });
    expect(seen).toEqual(['t1', 't2']);
    expect(tokens.asked).toBe(2);
  });

  test('a failure to get the next token after such a body disturbs nobody', async () => {
    const tokens = issuer(100_000);
    const { api, transport, clock } = scripted(bearer(tokens.byHand));
    const unhandled = await unhandledRejections(async () => {
      const call = rejection(StatusError, api.upload({ body: bodyOf('once') }));
      tokens.issue(1);
      (await transport.next()).respond(statusResponse(401));
      await call;
      tokens.refuse(2, new Error('down'));
      await clock.advance(0);
    });
    expect(unhandled).toEqual([]);
  });

  test('a body that can be sent again is sent as it was', async () => {
    const { api, service } = answered(bearer(issuer(100_000).atOnce), [401, ok]);
    await api.order({ body: { item: 'kelp' } });
    expect(await Promise.all(service.requests.map(request => request.text()))).toEqual([
      '{"item":"kelp"}',
      '{"item":"kelp"}',
    ]);
  });

  const keysOf = (requests: readonly Request[]) =>
    requests.map(({ headers }) => headers.get('idempotency-key'));

  test('the Idempotency-Key stays the same: one of the endpoint’s making', async () => {
    const { api, service } = answered(bearer(issuer(100_000).atOnce), [401, ok]);
    await api.orderOnce({ body: { item: 'kelp' } });
    const [first, second] = keysOf(service.requests);
    expect(first).toMatch(/./);
    expect(second).toBe(first);
  });

  test('the Idempotency-Key stays the same: one of the caller’s', async () => {
    const { api, service } = answered(bearer(issuer(100_000).atOnce), [401, ok]);
    await api.order({ body: { item: 'kelp' } }, { idempotencyKey: 'order-1' });
    expect(keysOf(service.requests)).toEqual(['order-1', 'order-1']);
  });

  test.each([
    ['of the client', { idempotencyKey: 'auto' }, {}],
    ['of the call', {}, { policy: { idempotencyKey: 'auto' } }],
  ] as const)('the Idempotency-Key stays the same: one of the policy %s', async (_, options, ofCall) => {
    const { api, service } = answered(bearer(issuer(100_000).atOnce), [401, ok], options);
    await api.order({ body: { item: 'kelp' } }, ofCall);
    const [first, second] = keysOf(service.requests);
    expect(first).toMatch(/./);
    expect(second).toBe(first);
  });

  test('no key is made for a call that is safe', async () => {
    const { api, service } = answered(bearer('abc'), [ok], { idempotencyKey: 'auto' });
    await api.read();
    expect(keysOf(service.requests)).toEqual([null]);
  });

  test('what it takes is taken from the same total timeout', async () => {
    const { api, clock, transport } = scripted(bearer(issuer(100_000).atOnce));
    const call = rejection(TimeoutError, api.read({}, { policy: { totalTimeoutMs: 5_000 } }));
    const first = await transport.next();
    await clock.advance(4_000);
    first.respond(statusResponse(401));
    const replay = await transport.next();
    await clock.advance(1_000);
    expect(await call).toMatchObject({ scope: 'total', limitMs: 5_000 });
    expect(replay.signal.aborted).toBe(true);
  });
});

describe('secrets', () => {
  const kinds: [string, Auth][] = [
    ['a bearer token', bearer('SECRET')],
    ['a token of a function', bearer(async () => ({ token: 'SECRET', expiresInMs: 1_000 }))],
    ['user and password', basic('user', 'SECRET')],
    ['a key in a header', apiKey('SECRET', { header: 'X-Oddly-Named' })],
    ['a key in the query', apiKey('SECRET', { query: 'oddly named' })],
    ['a key in a cookie', apiKey('SECRET', { cookie: 'oddly-named' })],
  ];
  const encoded = Buffer.from('user:SECRET').toString('base64');

  const answers: [string, Answer[]][] = [
    ['a success', [ok]],
    ['a retry', [503, ok]],
    ['a 401', [401]],
    ['a 500', [500]],
    ['what is not as the contract says', [() => new Response('?')]],
    ['a failure of the network', [networkError('ECONNREFUSED')]],
  ];
  const cases = kinds.flatMap(([kind, auth]) =>
    answers.map(([ending, given]) => [kind, ending, auth, given]),
  );

  test.each(
    cases as [string, string, Auth, Answer[]][],
  )('of %s do not show after %s: in errors, stories, events, spans, metrics and logs', async (_, __, auth, given) => {
    const sdk = startSdk();
    const lines: [LogFields, string][] = [];
    const write = (fields: LogFields, message: string) => void lines.push([fields, message]);
    const logger = { debug: write, info: write, warn: write, error: write };
    const { api, events, fetch } = answered(auth, given, { logger });
    const result = await api.list.safe({ query: { page: 1 } });
    const error = 'error' in result ? result.error : undefined;
    const shown = [
      ...sdk.spans().flatMap(span => [span.name, span.attributes, span.events, span.status]),
      ...(await sdk.series()),
      lines,
      events,
      error instanceof HoldfastError && [error.message, error.stack, error, explain(error)],
    ];
    await fetch.close();
    await sdk.stop();
    const text = `${JSON.stringify(shown)}${inspect(events, { depth: 10 })}`;
    expect(events.length).toBeGreaterThan(2);
    expect(text).not.toContain('SECRET');
    expect(text).not.toContain(encoded);
  });

  test('of a key in the query do not show in an error that is printed whole', async () => {
    const service = async (input: string | URL | Request) => {
      const response = new Response('no', { status: 500, headers: { 'set-cookie': 'session=SECRET' } });
      return Object.defineProperty(response, 'url', { value: String(input), enumerable: true });
    };
    const { fetch } = harness({ fetch: service, retry: false });
    const auth = apiKey('SECRET', { query: 'oddly-named' });
    const api = createApi(contract, { baseUrl, fetch, auth });
    const error = await rejection(StatusError, api.read());
    expect(error.response.url).toContain('SECRET');
    expect(inspect(error, { depth: 10 })).not.toContain('SECRET');
  });

  test('that an own Auth adds count as such: in URLs, and in headers on the way to another origin', async () => {
    const auth: Auth = {
      authorize(draft) {
        draft.headers['X-Own-Proof'] = 'SECRET';
        draft.query.push('own-proof=SECRET');
      },
    };
    const redirect = () =>
      new Response(null, { status: 307, headers: { location: 'https://elsewhere.test/' } });
    const { api, service, events } = answered(auth, [redirect, ok]);
    await api.read();
    expect(service.requests[0]?.headers.get('x-own-proof')).toBe('SECRET');
    expect(service.requests[1]?.url).toBe('https://elsewhere.test/');
    expect([...(service.requests[1]?.headers.keys() ?? [])]).toEqual(['accept']);
    expect(JSON.stringify(events)).not.toContain('SECRET');
  });

  const places: [string, ApiKeyPlace][] = [
    ['header', { header: 'x-search-key' }],
    ['query', { query: 'search-key' }],
    ['cookie', { cookie: 'search-key' }],
  ];
  const injections = ['a\r\nX-Evil: 1', 'a\nb', 'a\rb', 'a\0b', 'ä', 'a\u2028b', '', ' ', ' a', 'a '];

  test.each(
    injections.flatMap(key => places.map(([name, place]) => [key, name, place] as const)),
  )('the key %j is refused in a %s, and is not quoted', (key, _, place) => {
    const error = thrown(() => apiKey(key, place));
    expect(error).toBeInstanceOf(TypeError);
    if (key.trim().length > 1) expect(error.message).not.toContain(key);
  });

  test.each([
    ...injections,
    'a b',
    'a,b',
    'a;b',
    'Bearer a',
    'a=b',
  ])('the token %j is refused, static or not, and is not quoted', async token => {
    const error = thrown(() => bearer(token));
    const { api, service } = answered(
      bearer(() => token),
      [ok],
    );
    const later = await rejection(TypeError, api.read());
    for (const { message } of [error, later]) {
      expect(message).toMatch(/^A bearer token should/);
      if (token.trim().length > 1) expect(message).not.toContain(token);
    }
    expect(service.requests).toEqual([]);
  });

  test.each([
    ['a colon in the user’s name', 'us:er', 'SECRET'],
    ['a line break in the user’s name', 'us\ner', 'SECRET'],
    ['a line break in the password', 'user', 'SECRET\r\nX: 1'],
    ['a NUL in the password', 'user', 'SECRET\0'],
  ])('%s is refused, and the password is not quoted', (_, user, password) => {
    const error = thrown(() => basic(user, password));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).not.toContain('SECRET');
  });

  test.each<[string, unknown]>([
    ['no name', { header: '' }],
    ['a line break in the name of a header', { header: 'x-a\r\nx-b' }],
    ['a space in the name of a header', { header: 'x a' }],
    ['a sign in the name of a cookie that ends it', { cookie: 'a=b' }],
    ['no place', {}],
    ['a name that is no text', { query: 7 }],
    ['nothing', undefined],
    ['the key itself, the two the wrong way round', 'SECRET'],
  ])('%s is refused as the place of a key, and nothing is quoted', (_, place) => {
    const error = thrown(() => apiKey('SECRET', place as ApiKeyPlace));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain('A key goes into');
    expect(error.message).not.toContain('SECRET');
  });

  test('do not add up when a service leads to its next page with the key in the link', async () => {
    const paged = defineContract({
      list: endpoint({
        method: 'GET',
        path: '/orders',
        responses: { 200: z.array(z.number()) },
        paginate: { link: 'next' },
      }),
    });
    let page = 0;
    const urls: string[] = [];
    const { fetch } = harness({
      fetch: async input => {
        urls.push(String(input));
        const next = new URL(String(input));
        next.searchParams.set('page', String(++page));
        return Response.json([page], page < 3 ? { headers: { link: `<${next.href}>; rel="next"` } } : {});
      },
    });
    const api = createApi(paged, { baseUrl, fetch, auth: apiKey('k', { query: 'api_key' }) });
    const items: number[] = [];
    for await (const item of api.list.items()) items.push(item);
    expect(items).toEqual([1, 2, 3]);
    expect(urls).toEqual([
      `${baseUrl}/orders?api_key=k`,
      `${baseUrl}/orders?page=1&api_key=k`,
      `${baseUrl}/orders?page=2&api_key=k`,
    ]);
  });
});

test('all of it works over a fetch of another copy of the package, which shows nothing of its inside', async () => {
  const service = answering(401, ok);
  const { fetch } = harness({ fetch: service });
  const { hosts, update, close } = fetch;
  const foreign = Object.assign((...call: Parameters<typeof fetch>) => fetch(...call), {
    hosts,
    update,
    close,
    [Symbol.asyncDispose]: close,
  });
  const api = createApi(contract, { baseUrl, fetch: foreign, auth: bearer(issuer(100_000).atOnce) });
  await api.orderOnce({ body: { item: 'kelp' } });
  expect(service.requests.map(credentialsOf)).toEqual(['Bearer t1', 'Bearer t2']);
});

describe('an own Auth', () => {
  test('sees the method and the URL that it proves something of', async () => {
    const seen: object[] = [];
    const auth: Auth = { authorize: ({ method, url }) => void seen.push({ method, url }) };
    const { api } = answered(auth, [ok]);
    await api.list({ query: { page: 3 } });
    await api.order({ body: { item: 'kelp' } });
    expect(seen).toEqual([
      { method: 'GET', url: `${baseUrl}/orders?page=3` },
      { method: 'POST', url: `${baseUrl}/orders` },
    ]);
  });

  test('may name headers in any case, and replaces what stands there', async () => {
    const auth: Auth = {
      authorize(draft) {
        draft.headers.Authorization = 'Proof own';
      },
    };
    const { api, service } = answered(auth, [ok]);
    await api.read({}, { headers: { authorization: 'Proof other' } });
    expect(credentialsOf(service.requests[0])).toBe('Proof own');
  });

  test('renews on a draft as fresh as the first, and hears what was refused', async () => {
    const heard: object[] = [];
    const auth: Auth = {
      authorize(draft) {
        draft.headers['x-proof'] = 'one';
        draft.query.push('nonce=1');
      },
      async renew(draft, refused) {
        heard.push({ refused: refused.headers['x-proof'], query: refused.query, fresh: draft.query.length });
        draft.headers['x-proof'] = 'two';
        draft.query.push('nonce=2');
        return true;
      },
    };
    const { api, service } = answered(auth, [401, ok]);
    await api.read();
    expect(heard).toEqual([{ refused: 'one', query: ['nonce=1'], fresh: 0 }]);
    expect(service.requests.map(({ url, headers }) => [url, headers.get('x-proof')])).toEqual([
      [`${baseUrl}/me?nonce=1`, 'one'],
      [`${baseUrl}/me?nonce=2`, 'two'],
    ]);
  });

  test('that says no to a renewal lets the 401 stand, its body unread', async () => {
    const { api, service } = answered({ authorize: () => {}, renew: () => false }, [401, ok]);
    expect(await rejection(StatusError, api.read())).toMatchObject({ status: 401, data: 'status 401' });
    expect(service.requests).toHaveLength(1);
  });
});

/** What a function throws. */
function thrown(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  return expect.unreachable('it did not throw');
}
