import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createApi, defineContract, endpoint, StatusError } from '../../src/contract/index.ts';
import {
  createFetch,
  explain,
  type FetchLike,
  type FetchOptions,
  HoldfastError,
  NetworkError,
  TimeoutError,
} from '../../src/index.ts';
import {
  type ClientCredentialsOptions,
  oauth2ClientCredentials,
  TokenError,
} from '../../src/oauth2/index.ts';
import { brokenBody, networkError, stalledBody } from '../../src/testing/index.ts';
import { type Answer, answering } from '../support/answering.ts';
import { harness } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

const contract = defineContract({
  read: endpoint({ method: 'GET', path: '/me', responses: { 200: z.unknown() } }),
  readOrNothing: endpoint({
    method: 'GET',
    path: '/me/or-nothing',
    responses: { 200: z.unknown() },
    fallback: 'nothing',
  }),
});

const baseUrl = 'https://users.test';
const tokenUrl = 'https://id.test/oauth/token';
const credentials = { tokenUrl, clientId: 'orders', clientSecret: 'SECRET' };

interface Given {
  /** How the token endpoint answers, in turn; by default with `t1`, `t2`, … for an hour. */
  readonly tokens?: readonly Answer[];
  /** How the service answers, in turn. */
  readonly service?: readonly Answer[];
  readonly auth?: Partial<ClientCredentialsOptions>;
  readonly fetch?: FetchOptions;
}

const token = (fields: object) => () => Response.json({ token_type: 'Bearer', ...fields });

/** A token that no other answer has given. */
function nextToken() {
  let count = 0;
  return () => token({ access_token: `t${++count}`, expires_in: 3_600 })();
}

/** One fetch for a service and its token endpoint, and all that both have seen. */
function world({ tokens = [nextToken()], service = [() => Response.json({})], auth, fetch }: Given = {}) {
  const idp = answering(...tokens);
  const users = answering(...service);
  const transport: FetchLike = (input, init) =>
    (String(input).startsWith(baseUrl) ? users : idp)(input, init);
  const made = harness({ ...fetch, fetch: transport });
  const api = createApi(contract, {
    baseUrl,
    fetch: made.fetch,
    auth: oauth2ClientCredentials({ ...credentials, fetch: made.fetch, ...auth }),
  });
  return { ...made, api, idp, users };
}

const fieldsOf = async (request: Request | undefined) => [
  ...new URLSearchParams(await request?.clone().text()),
];
const tokensSeen = (requests: readonly Request[]) =>
  requests.map(({ headers }) => headers.get('authorization'));

describe('the request for a token', () => {
  test('is a form that asks for client credentials, with id and secret in the Authorization header', async () => {
    const { api, idp } = world({ auth: { clientId: 'my app', clientSecret: 'p:ä&' } });
    await api.read();
    const [request] = idp.requests;
    expect(request).toMatchObject({ method: 'POST', url: tokenUrl });
    expect(request?.headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
    expect(request?.headers.get('accept')).toBe('application/json');
    // RFC 6749 §2.3.1: both are encoded as in a form before they are joined.
    expect(request?.headers.get('authorization')).toBe(`Basic ${btoa('my+app:p%3A%C3%A4%26')}`);
    expect(await fieldsOf(request)).toEqual([['grant_type', 'client_credentials']]);
  });

  test('has id and secret in its body, if that is how the server takes them', async () => {
    const { api, idp } = world({ auth: { authentication: 'post' } });
    await api.read();
    expect(idp.requests[0]?.headers.has('authorization')).toBe(false);
    expect(await fieldsOf(idp.requests[0])).toEqual([
      ['grant_type', 'client_credentials'],
      ['client_id', 'orders'],
      ['client_secret', 'SECRET'],
    ]);
  });

  test('says what the token is for', async () => {
    const { api, idp } = world({
      auth: {
        scope: 'users:read users:write',
        audience: 'https://users.test/',
        resource: ['https://users.test/a', 'https://users.test/b'],
        parameters: { tenant: 'north' },
      },
    });
    await api.read();
    expect((await fieldsOf(idp.requests[0])).sort()).toEqual([
      ['audience', 'https://users.test/'],
      ['grant_type', 'client_credentials'],
      ['resource', 'https://users.test/a'],
      ['resource', 'https://users.test/b'],
      ['scope', 'users:read users:write'],
      ['tenant', 'north'],
    ]);
  });

  test.each<[string, Answer]>([
    ['an answer that may pass', 503],
    ['a failure of the network', networkError('ECONNRESET')],
  ])('is repeated after %s, since asking twice does no harm', async (_, failure) => {
    const { api, idp } = world({ tokens: [failure, nextToken()] });
    await api.read();
    expect(idp.requests).toHaveLength(2);
    expect(await fieldsOf(idp.requests[1])).toEqual(await fieldsOf(idp.requests[0]));
  });

  test('is not repeated where the policy knows no retries', async () => {
    const { api, idp } = world({ tokens: [503], fetch: { retry: false } });
    await rejection(TokenError, api.read());
    expect(idp.requests).toHaveLength(1);
  });

  test('goes by a policy of its own, if it is given one', async () => {
    const idp = answering(503);
    const auth = oauth2ClientCredentials({
      ...credentials,
      fetch: createFetch({ fetch: idp, retry: { maxRetries: 1, baseDelayMs: 0 } }),
    });
    const api = createApi(contract, { baseUrl, fetch: answering(200), auth });
    expect(await rejection(TokenError, api.read())).toMatchObject({
      attempts: [{ status: 503 }, { status: 503 }],
    });
  });

  test('may go by any fetch, with a policy beside it', async () => {
    const idp = answering(503);
    const auth = oauth2ClientCredentials({ ...credentials, fetch: idp, policy: { retry: false } });
    const { fetch } = harness();
    await rejection(TokenError, createApi(contract, { baseUrl, fetch, auth }).read());
    expect(idp.requests).toHaveLength(1);
  });

  test('does not follow a redirect, which would take the secret along', async () => {
    const redirect = () => new Response(null, { status: 307, headers: { location: 'https://evil.test/' } });
    const { api, idp } = world({ tokens: [redirect, nextToken()], auth: { authentication: 'post' } });
    const error = await rejection(TokenError, api.read());
    expect(error.message).toBe(
      `POST ${tokenUrl} gave no token: 307 (a redirect, which is not followed: the secret would go along).`,
    );
    expect(idp.requests).toHaveLength(1);
  });
});

describe('the token', () => {
  test('goes with every call, and is asked for once', async () => {
    const { api, idp, users } = world();
    await Promise.all(Array.from({ length: 1_000 }, () => api.read()));
    expect(idp.requests).toHaveLength(1);
    expect(new Set(tokensSeen(users.requests))).toEqual(new Set(['Bearer t1']));
  });

  test('is got again a minute before it expires', async () => {
    const { api, idp, clock } = world();
    await api.read();
    await clock.advance(3_539_999);
    await api.read();
    expect(idp.requests).toHaveLength(1);
    await clock.advance(1);
    await api.read();
    expect(idp.requests).toHaveLength(2);
  });

  test('may tell its life in a text', async () => {
    const { api, idp, clock } = world({ tokens: [token({ access_token: 't', expires_in: '100' })] });
    await api.read();
    await clock.advance(89_999);
    await api.read();
    expect(idp.requests).toHaveLength(1);
    await clock.advance(1);
    await api.read();
    expect(idp.requests).toHaveLength(2);
  });

  test('that comes without expires_in is kept until it is refused', async () => {
    const { api, idp, users, clock } = world({
      tokens: [token({ access_token: 'first' }), token({ access_token: 'second' })],
      service: [200, 200, 401, 200].map(status => () => Response.json({}, { status })),
    });
    await api.read();
    await clock.advance(365 * 24 * 3_600_000);
    await api.read();
    expect(idp.requests).toHaveLength(1);
    await api.read();
    expect(tokensSeen(users.requests)).toEqual(
      ['first', 'first', 'first', 'second'].map(it => `Bearer ${it}`),
    );
  });

  test('that is refused is replaced by another, once for all calls, and each is sent once more', async () => {
    const refuse = ({ headers }: Request) => headers.get('authorization') === 'Bearer t1';
    const { api, idp, users } = world({
      service: [() => Response.json({}, { status: refuse(users.requests.at(-1) as Request) ? 401 : 200 })],
    });
    await Promise.all(Array.from({ length: 100 }, () => api.read()));
    expect(idp.requests).toHaveLength(2);
    expect(users.requests).toHaveLength(200);
  });

  test('that is refused however new it is, is not got again by each call', async () => {
    const { api, idp, users } = world({ service: [401] });
    for (let call = 0; call < 5; call++) await rejection(StatusError, api.read());
    expect(idp.requests).toHaveLength(2);
    expect(users.requests).toHaveLength(6);
  });

  test.each([
    'a\r\nX-Evil: 1',
    'a b',
    'SECRET ä',
  ])('%j is none: nothing is sent, and it is not quoted', async text => {
    const { api, users } = world({ tokens: [token({ access_token: text })] });
    const error = await rejection(TypeError, api.read());
    expect(inspect(error)).not.toContain(text);
    expect(users.requests).toEqual([]);
  });
});

describe('what the token endpoint refuses, the call ends with:', () => {
  const refusal =
    (status: number, body: unknown, headers: HeadersInit = {}) =>
    () =>
      Response.json(body, { status, headers });
  const page = (status: number) => () =>
    new Response('<h1>SECRET</h1>', { status, headers: { 'content-type': 'text/html' } });

  test.each<[string, Answer, { status: number; reason?: string; description?: string }, string]>([
    [
      'a client that is not known',
      refusal(401, { error: 'invalid_client', error_description: 'No such client' }),
      { status: 401, reason: 'invalid_client', description: 'No such client' },
      '401 invalid_client (No such client)',
    ],
    [
      'the same with the challenge that the standard asks for',
      refusal(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="id"' }),
      { status: 401, reason: 'invalid_client' },
      '401 invalid_client',
    ],
    [
      'a challenge and no more',
      () => new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic realm="id"' } }),
      { status: 401 },
      '401',
    ],
    [
      'a scope that is not allowed',
      refusal(400, { error: 'invalid_scope' }),
      { status: 400, reason: 'invalid_scope' },
      '400 invalid_scope',
    ],
    [
      'an error that comes as a success',
      refusal(200, { error: 'incorrect_client_credentials' }),
      { status: 200, reason: 'incorrect_client_credentials' },
      '200 incorrect_client_credentials',
    ],
    ['a page of a proxy', page(403), { status: 403 }, '403'],
    [
      'a page in the place of a token',
      page(200),
      { status: 200 },
      '200 ("response" content-type must be application/json)',
    ],
    [
      'an empty object',
      refusal(200, {}),
      { status: 200 },
      '200 ("response" body "access_token" property must be a string)',
    ],
    [
      'a token that is cut off',
      () => new Response('{"access_token":"SECRET', { headers: { 'content-type': 'application/json' } }),
      { status: 200 },
      '200 (failed to parse "response" body as JSON)',
    ],
    [
      'a life that is no number',
      token({ access_token: 'SECRET', expires_in: 'SECRET' }),
      { status: 200 },
      '200 ("response" body "expires_in" property must be a number)',
    ],
    [
      'a token of another type',
      token({ access_token: 'SECRET', token_type: 'mac' }),
      { status: 200 },
      '200 (unsupported `token_type` value)',
    ],
    [
      'a token that is bound to a key',
      token({ access_token: 'SECRET', token_type: 'DPoP' }),
      { status: 200 },
      '200 (a token of the type DPoP needs a key, which is not supported)',
    ],
    [
      'a description that quotes the secret, and breaks the line',
      refusal(400, { error: 'invalid_request', error_description: 'bad\nsecret SECRET, token=SECRET' }),
      { status: 400, reason: 'invalid_request', description: 'bad secret REDACTED, token=REDACTED' },
      '400 invalid_request (bad secret REDACTED, token=REDACTED)',
    ],
    ['an outage that outlives the retries', 503, { status: 503 }, '503'],
  ])('%s', async (_, answer, details, words) => {
    const { api, users, events } = world({ tokens: [answer] });
    const error = await rejection(TokenError, api.read());
    expect(error.message).toBe(`POST ${tokenUrl} gave no token: ${words}.`);
    expect(error).toMatchObject({
      code: 'TOKEN',
      method: 'POST',
      url: tokenUrl,
      host: 'https://id.test',
      ...details,
    });
    expect(error.attempts.at(-1)).toMatchObject({ status: details.status });
    expect(error.cause).toBeUndefined();
    expect(error).toBeInstanceOf(HoldfastError);
    const shown = [
      error.stack,
      explain(error),
      JSON.stringify(error),
      inspect(error, { depth: 10, showHidden: true }),
    ];
    expect(shown.join('\n')).not.toContain('SECRET');
    expect(JSON.stringify(events) + inspect(events, { depth: 10 })).not.toContain('SECRET');
    expect(users.requests).toEqual([]);
  });

  test('all calls that wait for the token end so, and the next asks again', async () => {
    const { api, idp, users } = world({ tokens: [refusal(400, { error: 'invalid_scope' }), nextToken()] });
    const results = await Promise.all(Array.from({ length: 100 }, () => api.read.safe()));
    expect(new Set(results.map(({ error }) => (error as TokenError | undefined)?.reason))).toEqual(
      new Set(['invalid_scope']),
    );
    await api.read();
    expect(idp.requests).toHaveLength(2);
    expect(users.requests).toHaveLength(1);
  });

  test.each([
    ['an outage lets the fallback of an endpoint stand in', 503, { ok: true, data: 'nothing' }],
    ['so does a rate limit', 429, { ok: true, data: 'nothing' }],
    ['wrong credentials are not covered up by it', 401, { ok: false, error: { status: 401 } }],
  ])('%s', async (_, status, result) => {
    const { api } = world({ tokens: [status], fetch: { retry: false } });
    expect(await api.readOrNothing.safe()).toMatchObject(result);
  });
});

describe('what keeps the token endpoint from answering, the call ends with:', () => {
  test('a network that fails', async () => {
    const { api, users } = world({ tokens: [networkError('ECONNREFUSED')] });
    const error = await rejection(NetworkError, api.read());
    expect(error).toMatchObject({ method: 'POST', url: tokenUrl, sent: 'no', attempts: { length: 3 } });
    expect(users.requests).toEqual([]);
  });

  test.each<[string, () => Error, string | undefined]>([
    ['with a code', () => networkError('ECONNRESET'), 'ECONNRESET'],
    ['without one, as in browsers', () => new TypeError('network error'), undefined],
  ])('a body that breaks off, %s', async (_, failure, reason) => {
    const broken = () =>
      new Response(brokenBody(failure(), '{"access_token":"SECRET"'), {
        headers: { 'content-type': 'application/json' },
      });
    const { api } = world({ tokens: [broken] });
    const error = await rejection(NetworkError, api.read());
    expect(error).toMatchObject({ url: tokenUrl, sent: 'yes', reason });
    expect(inspect(error, { depth: 10 })).not.toContain('SECRET');
  });

  test('a body that stalls, at the end of its own total timeout', async () => {
    const { fetch, transport, clock } = harness({ hosts: { 'id.test': { totalTimeoutMs: 5_000 } } });
    const auth = oauth2ClientCredentials({ ...credentials, fetch });
    const api = createApi(contract, { baseUrl, fetch, auth });
    const call = rejection(TimeoutError, api.read());
    const headers = { 'content-type': 'application/json' };
    (await transport.next()).respond(new Response(stalledBody('{"access_token":"SECRET"'), { headers }));
    await clock.advance(5_000);
    const error = await call;
    expect(error).toMatchObject({ method: 'POST', url: tokenUrl, scope: 'total', limitMs: 5_000 });
    expect(inspect(error, { depth: 10 })).not.toContain('SECRET');
  });

  test('its circuit, without a word to the service', async () => {
    const { api, fetch, users } = world();
    fetch.hosts.for(tokenUrl).circuitBreaker?.isolate();
    expect(await api.read.safe()).toMatchObject({
      ok: false,
      error: { code: 'CIRCUIT_OPEN', host: 'https://id.test', state: 'isolated' },
    });
    expect(users.requests).toEqual([]);
  });
});

describe('options', () => {
  const made = (options: object) => () =>
    oauth2ClientCredentials({ ...credentials, ...options } as ClientCredentialsOptions);

  test.each([
    'http://localhost/token',
    'http://id.localhost:8080/token',
    'http://127.0.0.1:8080/token',
    'http://127.8.9.10/token',
    'http://[::1]:8080/token',
    'https://id.internal/token?tenant=1',
    new URL('https://id.internal/token'),
  ])('%s is a token endpoint', url => {
    expect(made({ tokenUrl: url })).not.toThrow();
  });

  test('http: to another machine has to be allowed', () => {
    expect(made({ tokenUrl: 'http://id.internal/token' })).toThrow(/clear text.*allowHttp/);
    expect(made({ tokenUrl: 'http://localhost.evil.test/token' })).toThrow(/clear text/);
    expect(made({ tokenUrl: 'http://127.0.0.1.evil.test/token' })).toThrow(/clear text/);
    expect(made({ tokenUrl: 'http://id.internal/token', allowHttp: true })).not.toThrow();
  });

  test.each<[string, object, RegExp]>([
    [
      'a token endpoint that is none',
      { tokenUrl: '/token' },
      /`tokenUrl` should be an absolute URL, got "\/token"/,
    ],
    ['none at all', { tokenUrl: undefined }, /`tokenUrl` should be an absolute URL, got undefined/],
    ['another scheme', { tokenUrl: 'ftp://id.internal/' }, /should be a URL of https/],
    [
      'credentials in the URL',
      { tokenUrl: 'https://u:SECRET@id.internal/' },
      /should have no credentials in it/,
    ],
    ['a secret in the query of a bad URL', { tokenUrl: 'http://id.test/?client_secret=SECRET' }, /REDACTED/],
    ['a fragment', { tokenUrl: 'https://id.internal/#top' }, /should have no fragment/],
    ['no id', { clientId: '' }, /`clientId` should be a text that is not empty/],
    ['an id that is undefined', { clientId: undefined }, /`clientId` should be a text that is not empty/],
    ['no secret', { clientSecret: '' }, /`clientSecret` should be a text that is not empty/],
    ['a secret that is undefined', { clientSecret: undefined }, /`clientSecret` should be a text/],
    ['a secret that is no text', { clientSecret: ['SECRET'] }, /`clientSecret` should be a text/],
    ['a list of scopes', { scope: ['a', 'b'] }, /`scope` should be a text/],
    ['a resource that is no text', { resource: [7] }, /`resource` should be a text/],
    [
      'another authentication',
      { authentication: 'digest' },
      /`authentication` should be one of "basic", "post"/,
    ],
    ['a parameter that is no text', { parameters: { a: 1 } }, /`parameters.a` should be a text, got number/],
    [
      'a parameter of the grant',
      { parameters: { client_secret: 'SECRET' } },
      /`parameters.client_secret` is said by/,
    ],
    [
      'a parameter with an option of its own',
      { parameters: { scope: 'a' } },
      /`parameters.scope` is said by/,
    ],
    ['an unknown option', { clientsecret: 'SECRET' }, /Did you mean `clientSecret`/],
    ['a policy beside a fetch that has one', { fetch: createFetch(), policy: {} }, /contradict each other/],
  ])('%s is refused, and no secret is quoted', (_, options, message) => {
    expect(made(options)).toThrow(message);
    expect(made(options)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('SECRET') }),
    );
  });
});
