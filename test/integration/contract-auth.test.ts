import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type Auth,
  apiKey,
  basic,
  bearer,
  createApi,
  defineContract,
  endpoint,
  StatusError,
  stream,
} from '../../src/contract/index.ts';
import { createFetch, explain, type HoldfastEvent, NetworkError } from '../../src/index.ts';
import {
  type ClientCredentialsOptions,
  oauth2ClientCredentials,
  TokenError,
} from '../../src/oauth2/index.ts';
import { refusedUrl } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';

const anything = z.unknown();

const contract = defineContract({
  read: endpoint({ method: 'GET', path: '/me', responses: { 200: anything } }),
  order: endpoint({
    method: 'POST',
    path: '/orders',
    body: z.object({ item: z.string() }),
    idempotency: 'key',
    responses: { 200: anything },
  }),
  upload: endpoint({ method: 'PUT', path: '/file', body: stream(), responses: { 200: anything } }),
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** As they stood on the wire, names and values. */
  readonly raw: string;
  readonly body: string;
}

/** A server on a port, and so an origin, of its own. */
class LittleServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url = '', headers, rawHeaders } = request;
    const seen: Seen = { method, url, headers, raw: rawHeaders.join('\n'), body };
    this.seen.push(seen);
    await this.answer(seen, response);
  });
  answer: (request: Seen, response: ServerResponse) => unknown;

  constructor(answer: LittleServer['answer']) {
    this.answer = answer;
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const serve = (answer: LittleServer['answer'] = (_, response) => reply(response, 200, {})) =>
  new LittleServer(answer).listen();

function reply(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

const redirectTo = (location: string, status: number) => (_: Seen, response: ServerResponse) =>
  reply(response, status, {}, { location });

describe('a redirect to another origin takes no credentials along:', () => {
  const kinds: [string, Auth][] = [
    ['a bearer token', bearer('SECRET')],
    ['a token of a function', bearer(async () => ({ token: 'SECRET', expiresInMs: 60_000 }))],
    ['user and password', basic('user', 'SECRET')],
    ['a key in X-API-Key', apiKey('SECRET', { header: 'X-API-Key' })],
    ['a key in a header of an odd name', apiKey('SECRET', { header: "!#$%&'*+.^_`|~odd" })],
    ['a key in a header of a common name', apiKey('SECRET', { header: 'From' })],
    ['a key in a cookie', apiKey('SECRET', { cookie: 'odd' })],
    ['a key in the query', apiKey('SECRET', { query: 'odd' })],
    [
      'what an own Auth adds',
      {
        authorize({ headers }) {
          headers['X-Own-Proof'] = 'SECRET';
        },
      },
    ],
  ];
  const encoded = Buffer.from('user:SECRET').toString('base64');
  const showsSecret = ({ url, raw, body }: Seen) =>
    [url, raw, body].some(text => text.includes('SECRET') || text.includes(encoded));
  const cases = kinds.flatMap(([kind, auth]) =>
    [302, 303, 307, 308].map(status => [kind, status, auth] as const),
  );

  test.each(cases)('%s, by a %i', async (_, status, auth) => {
    await using abroad = await serve();
    await using home = await serve(redirectTo(`${abroad.origin}/there`, status));
    await using fetch = createFetch();
    const api = createApi(contract, { baseUrl: home.origin, fetch, auth });
    await api.order({ body: { item: 'kelp' } });
    expect(home.seen.map(showsSecret)).toEqual([true]);
    expect(abroad.seen.map(({ url }) => url)).toEqual(['/there']);
    expect(abroad.seen.map(showsSecret)).toEqual([false]);
    expect(abroad.seen[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  test('a key in a header does not come back when the other origin redirects home', async () => {
    await using home = await serve();
    await using abroad = await serve(redirectTo(`${home.origin}/back`, 307));
    home.answer = (request, response) =>
      request.url === '/back'
        ? reply(response, 200, {})
        : reply(response, 307, {}, { location: `${abroad.origin}/there` });
    await using fetch = createFetch();
    const auth = apiKey('SECRET', { header: 'X-Odd' });
    await createApi(contract, { baseUrl: home.origin, fetch, auth }).read();
    expect(home.seen.map(showsSecret)).toEqual([true, false]);
  });

  test('within the origin they go along', async () => {
    await using home = await serve();
    home.answer = (request, response) =>
      request.url === '/there' ? reply(response, 200, {}) : reply(response, 307, {}, { location: '/there' });
    await using fetch = createFetch();
    const auth = apiKey('SECRET', { header: 'X-Odd' });
    await createApi(contract, { baseUrl: home.origin, fetch, auth }).read();
    expect(home.seen.map(showsSecret)).toEqual([true, true]);
  });
});

describe('of several schemes at once', () => {
  const security = [{ login: [], key: [], session: [], app: [] }] as const;
  const guarded = defineContract({
    read: endpoint({ method: 'GET', path: '/me', responses: { 200: anything }, security }),
    list: endpoint({
      method: 'GET',
      path: '/items',
      responses: { 200: z.array(anything) },
      security,
      paginate: { link: 'next' },
    }),
    open: endpoint({ method: 'GET', path: '/open', responses: { 200: anything }, security: [] }),
  });
  const schemes = () => {
    let count = 0;
    return {
      login: bearer(async () => ({ token: `SECRET-LOGIN-${++count}`, expiresInMs: 60_000 })),
      key: apiKey('SECRET-KEY', { header: 'X-Odd-Key' }),
      session: apiKey('SECRET-SESSION', { cookie: 'odd-session' }),
      app: apiKey('SECRET-APP', { query: 'odd-app' }),
    };
  };
  const secretsIn = ({ url, raw, body }: Seen) =>
    [...[url, raw, body].join('\n').matchAll(/SECRET-[\w-]+/g)].map(([secret]) => secret).sort();
  const all = (login: number) => ['SECRET-APP', 'SECRET-KEY', `SECRET-LOGIN-${login}`, 'SECRET-SESSION'];

  test.each([302, 303, 307, 308])('none follows a redirect to another origin, by a %i', async status => {
    await using abroad = await serve();
    await using home = await serve(redirectTo(`${abroad.origin}/there`, status));
    await using fetch = createFetch();
    const api = createApi(guarded, { baseUrl: home.origin, fetch, auth: schemes() });
    await api.read();
    expect(home.seen.map(secretsIn)).toEqual([all(1)]);
    expect(abroad.seen.map(({ url }) => url)).toEqual(['/there']);
    expect(abroad.seen.map(secretsIn)).toEqual([[]]);
  });

  test('none goes to another origin after they are renewed, where the second answer leads there', async () => {
    await using abroad = await serve();
    await using home = await serve();
    home.answer = ({ headers }, response) =>
      headers.authorization === 'Bearer SECRET-LOGIN-1'
        ? reply(response, 401, {})
        : reply(response, 307, {}, { location: `${abroad.origin}/there` });
    await using fetch = createFetch();
    const api = createApi(guarded, { baseUrl: home.origin, fetch, auth: schemes() });
    await api.read();
    expect(home.seen.map(secretsIn)).toEqual([all(1), all(2)]);
    expect(abroad.seen.map(secretsIn)).toEqual([[]]);
  });

  test('a 401 of another origin, where a redirect has led, gets none of them', async () => {
    await using abroad = await serve((_, response) => reply(response, 401, {}));
    await using home = await serve(redirectTo(`${abroad.origin}/there`, 307));
    await using fetch = createFetch();
    const api = createApi(guarded, { baseUrl: home.origin, fetch, auth: schemes() });
    expect(await rejection(StatusError, api.read())).toMatchObject({ status: 401 });
    expect(abroad.seen.flatMap(secretsIn)).toEqual([]);
  });

  test('a next page of another origin is not asked for', async () => {
    await using abroad = await serve((_, response) => reply(response, 200, []));
    await using home = await serve((_, response) =>
      reply(response, 200, [1], { link: `<${abroad.origin}/items?page=2>; rel="next"` }),
    );
    await using fetch = createFetch();
    const api = createApi(guarded, { baseUrl: home.origin, fetch, auth: schemes() });
    const read = async () => {
      for await (const _ of api.list.items({}));
    };
    await expect(read()).rejects.toThrow('should stay at');
    expect(home.seen.map(secretsIn)).toEqual([all(1)]);
    expect(abroad.seen).toEqual([]);
  });

  test('none shows in errors and events, and none goes where none is asked for', async () => {
    await using home = await serve((_, response) => reply(response, 403, { title: 'no' }));
    const events: HoldfastEvent[] = [];
    await using fetch = createFetch({ observe: event => events.push(event) });
    const api = createApi(guarded, { baseUrl: home.origin, fetch, auth: schemes() });
    const error = await rejection(StatusError, api.read());
    const shown = [error.message, JSON.stringify(error), explain(error), inspect(error, { depth: 10 })];
    expect(shown.concat(inspect(events, { depth: 10 })).join('\n')).not.toContain('SECRET');
    await rejection(StatusError, api.open());
    expect(home.seen.map(secretsIn)).toEqual([all(1), []]);
  });
});

describe('a key in the query', () => {
  const auth = apiKey('SECRET', { query: 'odd' });
  /** A path of its own for each event: what is shown of it. */
  const shownOf = (error: Error, events: readonly HoldfastEvent[]) =>
    [error.message, error.stack, JSON.stringify(error), explain(error), inspect(error, { depth: 10 })]
      .concat(JSON.stringify(events), inspect(events, { depth: 10 }))
      .join('\n');

  test('does not show in errors and events when a service refuses', async () => {
    await using home = await serve((_, response) =>
      reply(response, 403, { title: 'no' }, { 'set-cookie': 'session=SECRET' }),
    );
    const events: HoldfastEvent[] = [];
    await using fetch = createFetch({ observe: event => events.push(event) });
    const api = createApi(contract, { baseUrl: home.origin, fetch, auth });
    const error = await rejection(StatusError, api.read());
    expect(home.seen[0]?.url).toBe('/me?odd=SECRET');
    expect(error.url).toBe(`${home.origin}/me?odd=REDACTED`);
    expect(error.response.url).toBe(`${home.origin}/me?odd=SECRET`);
    expect(events.length).toBeGreaterThan(3);
    expect(shownOf(error, events)).not.toContain('SECRET');
  });

  test('does not show in errors and events when the network fails', async () => {
    const { origin } = new URL(await refusedUrl());
    const events: HoldfastEvent[] = [];
    await using fetch = createFetch({ observe: event => events.push(event), retry: { baseDelayMs: 0 } });
    const error = await rejection(NetworkError, createApi(contract, { baseUrl: origin, fetch, auth }).read());
    expect(error.attempts).toHaveLength(3);
    expect(shownOf(error, events)).not.toContain('SECRET');
  });
});

/** An authorization server for client credentials, and a service that takes its tokens. */
class LittleIdentityProvider {
  readonly good = new Set<string>();
  issued = 0;
  /** How the next requests for a token fail before one is granted. */
  readonly failures: ((response: ServerResponse) => unknown)[] = [];
  /** Tokens wait for this. */
  gate: Promise<unknown> = Promise.resolve();

  readonly grant: LittleServer['answer'] = async ({ headers, body }, response) => {
    await this.gate;
    const failure = this.failures.shift();
    if (failure) return failure(response);
    const form = new URLSearchParams(body);
    const [id, secret] = credentialsIn(headers.authorization, form);
    if (form.get('grant_type') !== 'client_credentials')
      return reply(response, 400, { error: 'unsupported_grant_type' });
    if (id !== 'orders' || secret !== 'SE:CRET')
      return reply(
        response,
        401,
        { error: 'invalid_client' },
        { 'www-authenticate': 'Basic realm="little"' },
      );
    const access_token = `t${++this.issued}`;
    this.good.add(access_token);
    return reply(response, 200, { access_token, token_type: 'Bearer', expires_in: 3_600 });
  };

  readonly protect: LittleServer['answer'] = ({ headers }, response) => {
    const token = headers.authorization?.replace('Bearer ', '') ?? '';
    return this.good.has(token)
      ? reply(response, 200, { token })
      : reply(response, 401, { title: 'no' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
  };
}

function credentialsIn(header: string | undefined, form: URLSearchParams): (string | null)[] {
  if (header === undefined) return [form.get('client_id'), form.get('client_secret')];
  const pair = Buffer.from(header.replace('Basic ', ''), 'base64').toString();
  return pair.split(':').map(part => new URLSearchParams(`part=${part}`).get('part'));
}

/** A service, its identity provider, and a client of them, on sockets. */
async function realWorld(options: Partial<ClientCredentialsOptions> = {}) {
  const provider = new LittleIdentityProvider();
  const idp = await serve(provider.grant);
  const service = await serve(provider.protect);
  const fetch = createFetch({ retry: { baseDelayMs: 0 } });
  const tokenUrl = `${idp.origin}/oauth/token`;
  const client = { tokenUrl, clientId: 'orders', clientSecret: 'SE:CRET', fetch, ...options };
  const api = createApi(contract, { baseUrl: service.origin, fetch, auth: oauth2ClientCredentials(client) });
  const close = async () => {
    for (const part of [fetch, service, idp]) await part[Symbol.asyncDispose]();
  };
  return { provider, idp, service, api, tokenUrl, [Symbol.asyncDispose]: close };
}

describe('client credentials, against a real token server', () => {
  test.each([
    'basic',
    'post',
  ] as const)('a token is got by %s, and goes with the call', async authentication => {
    await using world = await realWorld({ authentication });
    expect(await world.api.read()).toEqual({ token: 't1' });
    expect(world.idp.seen).toHaveLength(1);
  });

  test('two hundred calls at once share one', async () => {
    await using world = await realWorld();
    const answers = await Promise.all(Array.from({ length: 200 }, () => world.api.read()));
    expect(new Set(answers.map(answer => JSON.stringify(answer)))).toEqual(new Set(['{"token":"t1"}']));
    expect(world.idp.seen).toHaveLength(1);
  });

  test('two hundred calls in flight whose token is revoked share the next', async () => {
    await using world = await realWorld();
    await world.api.read();
    world.provider.good.clear();
    const answers = await Promise.all(Array.from({ length: 200 }, () => world.api.read()));
    expect(new Set(answers.map(answer => JSON.stringify(answer)))).toEqual(new Set(['{"token":"t2"}']));
    expect(world.idp.seen).toHaveLength(2);
  });

  test('a call that is sent again after a 401 is the same call: body, key, and all', async () => {
    await using world = await realWorld();
    await world.api.read();
    world.provider.good.clear();
    await world.api.order({ body: { item: 'kelp' } });
    const [, refused, repeated] = world.service.seen;
    expect(refused?.headers['idempotency-key']).toMatch(/./);
    const { authorization: first, ...before } = refused?.headers ?? {};
    const { authorization: second, ...after } = repeated?.headers ?? {};
    expect([first, second]).toEqual(['Bearer t1', 'Bearer t2']);
    expect(after).toEqual(before);
    expect(repeated).toMatchObject({ method: 'POST', url: '/orders', body: refused?.body });
  });

  test('a stream is not sent again, and the next call has a token that is good', async () => {
    await using world = await realWorld();
    await world.api.read();
    world.provider.good.clear();
    const error = await rejection(StatusError, world.api.upload({ body: new Blob(['once']).stream() }));
    expect(error).toMatchObject({ status: 401, data: { title: 'no' } });
    expect(await world.api.upload({ body: new Blob(['again']).stream() })).toEqual({ token: 't2' });
    expect(world.service.seen.map(({ body }) => body)).toEqual(['', 'once', 'again']);
  });

  test('the body of a 401 is let go on the wire before the call is sent again', async () => {
    await using world = await realWorld();
    const closed = Promise.withResolvers<void>();
    world.service.answer = (request, response) => {
      if (request.headers.authorization !== 'Bearer t1') return reply(response, 200, {});
      response.on('close', closed.resolve);
      response.writeHead(401);
      return response.write('this goes on for ever');
    };
    expect(await world.api.read()).toEqual({});
    await closed.promise;
  });

  test('a token server that stumbles is asked again', async () => {
    await using world = await realWorld();
    world.provider.failures.push(
      response => reply(response, 503, {}),
      response => response.destroy(),
    );
    expect(await world.api.read()).toEqual({ token: 't1' });
    expect(world.idp.seen).toHaveLength(3);
    expect(new Set(world.idp.seen.map(({ body }) => body))).toEqual(
      new Set(['grant_type=client_credentials']),
    );
  });

  test('a caller that aborts while the token server thinks is answered at once; the others get their token', async () => {
    await using world = await realWorld();
    const gate = Promise.withResolvers<void>();
    world.provider.gate = gate.promise;
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    const impatient = rejection(Error, world.api.read({}, { signal: controller.signal }));
    const patient = world.api.read();
    controller.abort(reason);
    expect(await impatient).toBe(reason);
    gate.resolve();
    expect(await patient).toEqual({ token: 't1' });
    expect(world.idp.seen).toHaveLength(1);
    expect(world.service.seen).toHaveLength(1);
  });

  test('a secret that is wrong is said to be wrong, without being said', async () => {
    await using world = await realWorld({ clientSecret: 'WRONG-SECRET' });
    const error = await rejection(TokenError, world.api.read());
    expect(error).toMatchObject({ status: 401, reason: 'invalid_client', url: world.tokenUrl });
    expect(error.message).toBe(`POST ${world.tokenUrl} gave no token: 401 invalid_client.`);
    const shown = [
      error.stack,
      explain(error),
      JSON.stringify(error),
      inspect(error, { depth: 10, showHidden: true }),
    ];
    expect(shown.join('\n')).not.toContain('WRONG-SECRET');
    expect(world.service.seen).toEqual([]);
  });

  test('a token server that moves elsewhere does not take the secret along', async () => {
    await using elsewhere = await serve();
    await using world = await realWorld({ authentication: 'post' });
    world.provider.failures.push(response =>
      reply(response, 308, {}, { location: `${elsewhere.origin}/token` }),
    );
    expect(await rejection(TokenError, world.api.read())).toMatchObject({ status: 308 });
    expect(elsewhere.seen).toEqual([]);
  });

  test('one that is down is an error of the network, with its own address', async () => {
    const tokenUrl = await refusedUrl('/oauth/token');
    await using world = await realWorld({ tokenUrl });
    const error = await rejection(NetworkError, world.api.read());
    expect(error).toMatchObject({ method: 'POST', url: tokenUrl, reason: 'ECONNREFUSED', sent: 'no' });
    expect(world.service.seen).toEqual([]);
  });
});
