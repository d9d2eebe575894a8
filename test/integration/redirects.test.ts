import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createFetch, NetworkError, responseInfo } from '../../src/index.ts';
import { type FaultServer, type SeenRequest, startFaultServer } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';
import { replacedBy } from '../support/replaced.ts';

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

interface Servers {
  readonly home: FaultServer;
  readonly abroad: FaultServer;
}

/** What a program and both servers see of one call. */
interface Trace {
  readonly result: object;
  readonly home: readonly object[];
  readonly abroad: readonly object[];
}

const watched = ['authorization', 'cookie', 'content-type', 'content-length', 'idempotency-key', 'x-custom'];

function describeRequest({ method, path, headers, body }: SeenRequest): object {
  const kept = watched.map(name => [name, headers[name]] as const).filter(([, value]) => value !== undefined);
  return { method, path, headers: Object.fromEntries(kept), body: new TextDecoder().decode(body) };
}

async function resultOf(call: Promise<Response>): Promise<object> {
  try {
    const response = await call;
    const { status, redirected, url, type } = response;
    return { status, redirected, url, type, location: response.headers.get('location') };
  } catch (error) {
    const root = error instanceof NetworkError ? replacedBy(error) : (error as Error);
    // Why, in `cause`, is left out: undici's own word for it is often empty.
    return { typeError: error instanceof TypeError, message: root.message };
  }
}

/** Runs one call against two fresh servers, and names them in what it tells. */
async function trace(
  fetch: Fetch,
  call: (fetch: Fetch, servers: Servers) => Promise<Response>,
): Promise<Trace> {
  await using home = await startFaultServer();
  await using abroad = await startFaultServer();
  const result = await resultOf(call(fetch, { home, abroad }));
  const seen = {
    result,
    home: (await home.requests()).map(describeRequest),
    abroad: (await abroad.requests()).map(describeRequest),
  };
  return JSON.parse(
    JSON.stringify(seen).replaceAll(home.origin, '<home>').replaceAll(abroad.origin, '<abroad>'),
  ) as Trace;
}

/** The same call through us and through the runtime's own fetch. */
async function both(call: (fetch: Fetch, servers: Servers) => Promise<Response>) {
  await using fetch = createFetch({ retry: { baseDelayMs: 0 } });
  return { ours: await trace(fetch, call), theirs: await trace(globalThis.fetch, call) };
}

const withoutKey = (requests: readonly object[]): object[] =>
  requests.map(request => {
    const { headers, ...rest } = request as { headers: Record<string, string> };
    const { 'idempotency-key': _, ...others } = headers;
    return { ...rest, headers: others };
  });

/** Takes its time, so that nobody can know its length. */
const stream = () =>
  new ReadableStream<Uint8Array>({
    async start(controller) {
      for (let turn = 0; turn < 10; turn++) await setImmediate();
      controller.enqueue(new TextEncoder().encode('hello'));
      controller.close();
    },
  });

/** Calls that a redirect may meet; each run makes its own `init`, for a stream serves once. */
const calls: Record<string, () => RequestInit> = {
  GET: () => ({}),
  HEAD: () => ({ method: 'HEAD' }),
  DELETE: () => ({ method: 'DELETE' }),
  'POST of text': () => ({ method: 'POST', body: 'hello' }),
  'POST of nothing': () => ({ method: 'POST' }),
  'PUT of a form': () => ({ method: 'PUT', body: new URLSearchParams({ a: '1' }) }),
  'POST of a stream': () => ({ method: 'POST', body: stream(), duplex: 'half' }) as RequestInit,
};

const statuses = [301, 302, 303, 307, 308];
const matrix = statuses.flatMap(status => Object.keys(calls).map(kind => [status, kind] as const));

describe('a redirect is followed as fetch follows it', () => {
  test.each(matrix)('%i of %s, within the origin', async (status, kind) => {
    const { ours, theirs } = await both((fetch, { home }) =>
      fetch(home.url(`/${status}`, { headers: { location: '/200/there' } }), {
        ...calls[kind]!(),
        headers: { 'x-custom': 'a', authorization: 'Bearer b' },
      }),
    );
    expect(ours).toEqual(theirs);
  });

  test.each(matrix)('%i of %s, to another origin', async (status, kind) => {
    const { ours, theirs } = await both((fetch, { home, abroad }) =>
      fetch(home.url(`/${status}`, { headers: { location: abroad.url('/200/there') } }), {
        ...calls[kind]!(),
        headers: { 'x-custom': 'a', authorization: 'Bearer b' },
      }),
    );
    expect(ours).toEqual(theirs);
  });
});

describe('a redirect of a call with an Idempotency-Key is followed as fetch follows it', () => {
  const headers = { 'Idempotency-Key': 'key-1', 'x-custom': 'a', authorization: 'Bearer b' };

  test.each(matrix)('%i of %s, within the origin: the key goes along', async (status, kind) => {
    const { ours, theirs } = await both((fetch, { home }) =>
      fetch(home.url(`/${status}`, { headers: { location: '/200/there' } }), { ...calls[kind]!(), headers }),
    );
    expect(ours).toEqual(theirs);
  });

  test.each(matrix)('%i of %s, to another origin: the key stays at home', async (status, kind) => {
    const { ours, theirs } = await both((fetch, { home, abroad }) =>
      fetch(home.url(`/${status}`, { headers: { location: abroad.url('/200/there') } }), {
        ...calls[kind]!(),
        headers,
      }),
    );
    expect(ours.abroad).toEqual(withoutKey(theirs.abroad));
    expect({ ...ours, abroad: [] }).toEqual({ ...theirs, abroad: [] });
  });

  test('a key of our own making stays at home too', async () => {
    await using home = await startFaultServer();
    await using abroad = await startFaultServer();
    await using fetch = createFetch({ idempotencyKey: 'auto' });
    const url = home.url('/307', { headers: { location: abroad.url('/200') } });
    expect((await fetch(url, { method: 'POST', body: 'hello' })).status).toBe(200);
    expect((await home.seen('/307')).headers).toHaveProperty('idempotency-key');
    expect((await abroad.seen('/200')).headers).not.toHaveProperty('idempotency-key');
  });

  test('the key does not come back when the other origin redirects home', async () => {
    await using home = await startFaultServer();
    await using abroad = await startFaultServer();
    await using fetch = createFetch();
    const back = abroad.url('/307', { headers: { location: home.url('/200') } });
    const url = home.url('/307', { headers: { location: back } });
    const response = await fetch(url, { method: 'POST', body: 'hello', headers });
    // A response that came by way of another origin stays marked, as in fetch.
    expect(response).toMatchObject({ status: 200, redirected: true, type: 'cors' });
    expect((await home.seen('/200')).headers).not.toHaveProperty('idempotency-key');
  });

  test.each([
    'x-api-key',
    'x-auth-token',
  ])('neither does %s, a credential of its own kind, go abroad', async name => {
    await using home = await startFaultServer();
    await using abroad = await startFaultServer();
    await using fetch = createFetch();
    const url = home.url('/302', { headers: { location: abroad.url('/200') } });
    await fetch(url, { headers: { [name]: 'secret' } });
    expect((await abroad.seen('/200')).headers).not.toHaveProperty(name);
  });

  /** What of the matrix goes on without the body that a Request came with. */
  const bodiless = matrix.filter(([status, kind]) => {
    if (kind === 'POST of text') return status <= 303;
    return kind === 'PUT of a form' || kind === 'POST of a stream' ? status === 303 : true;
  });

  test.each(
    bodiless,
  )('%i of %s in a Request, to another origin: the key stays at home', async (status, kind) => {
    const { ours, theirs } = await both((fetch, { home, abroad }) => {
      const url = home.url(`/${status}`, { headers: { location: abroad.url('/200/there') } });
      return fetch(new Request(url, { ...calls[kind]!(), headers }));
    });
    expect(ours.abroad).toEqual(withoutKey(theirs.abroad));
    expect({ ...ours, abroad: [] }).toEqual({ ...theirs, abroad: [] });
  });

  // Over undici we read the body ourselves, and have it still where it was no stream.
  test.skipIf(process.env.TRANSPORT === 'undici').each([
    [301, 'PUT of a form'],
    [302, 'PUT of a form'],
    [307, 'POST of text'],
    [308, 'POST of text'],
    [307, 'POST of a stream'],
    [308, 'POST of a stream'],
  ] as const)(
    '%i of %s in a Request fails: its body is used up and must not be lost',
    async (status, kind) => {
      await using home = await startFaultServer();
      await using abroad = await startFaultServer();
      await using fetch = createFetch();
      const url = home.url(`/${status}`, { headers: { location: abroad.url('/200/there') } });
      const error = await rejection(NetworkError, fetch(new Request(url, { ...calls[kind]!(), headers })));
      expect(error.transient).toBe(false);
      expect(await abroad.requests()).toHaveLength(0);
    },
  );
});

/** Redirects that go wrong, or nowhere. */
const locations: Record<string, (servers: Servers) => Record<string, string>> = {
  'no location': () => ({}),
  'a location that is no URL': () => ({ location: 'http://' }),
  'an empty location': () => ({ location: '' }),
  'a scheme that is not HTTP': () => ({ location: 'ftp://127.0.0.1/' }),
  'a data URL': () => ({ location: 'data:text/plain,hello' }),
  'a relative path': () => ({ location: '../200/there' }),
  'a path without scheme': ({ abroad }) => ({ location: abroad.url('/200/there').replace('http:', '') }),
  'a fragment of its own': () => ({ location: '/200/there#part' }),
  'credentials, within the origin': ({ home }) => ({
    location: home.url('/200/there').replace('//', '//user:pass@'),
  }),
  'credentials, abroad': ({ abroad }) => ({
    location: abroad.url('/200/there').replace('//', '//user:pass@'),
  }),
  'a forbidden port': () => ({ location: 'http://127.0.0.1:9/' }),
};

describe('a redirect with', () => {
  for (const keyed of [false, true]) {
    const headers: Record<string, string> = keyed ? { 'Idempotency-Key': 'key-1' } : {};
    const what = keyed ? ', of a call with a key' : '';
    test.each(Object.keys(locations))(`%s${what} ends as in fetch`, async kind => {
      const { ours, theirs } = await both((fetch, servers) =>
        fetch(`${servers.home.url('/302', { headers: locations[kind]!(servers) })}#start`, { headers }),
      );
      expect(ours.result).toEqual(theirs.result);
      expect(withoutKey(ours.home)).toEqual(withoutKey(theirs.home));
      expect(withoutKey(ours.abroad)).toEqual(withoutKey(theirs.abroad));
    });
  }
});

describe('redirects without end', () => {
  test.each([{}, { 'Idempotency-Key': 'key-1' }] as Record<
    string,
    string
  >[])('fail after as many as in fetch, and are not retried (%o)', async headers => {
    const { ours, theirs } = await both((fetch, { home }) => {
      const again = home.url('/302/again');
      // Each hop carries its own answer in its query: a relative location drops it, so the loop is spelt out.
      const loop = `${again}?answer=${encodeURIComponent(JSON.stringify({ headers: { location: '?again' } }))}`;
      return fetch(loop, { headers });
    });
    expect(ours.home.length).toBe(theirs.home.length);
    expect(ours.result).toEqual(theirs.result);
  });
});

describe('the other modes', () => {
  for (const headers of [{}, { 'Idempotency-Key': 'key-1' }] as Record<string, string>[]) {
    const what = Object.keys(headers).length ? 'with a key' : 'without a key';

    test.each(statuses)(`manual hands out the %i, ${what}`, async status => {
      const { ours, theirs } = await both((fetch, { home }) =>
        fetch(home.url(`/${status}`, { headers: { location: '/200' } }), { redirect: 'manual', headers }),
      );
      expect(ours).toEqual(theirs);
      expect(ours.result).toMatchObject({ status, location: '/200' });
    });

    test.each(statuses)(`error fails on %i and is not retried, ${what}`, async status => {
      const { ours, theirs } = await both((fetch, { home }) =>
        fetch(home.url(`/${status}`, { headers: { location: '/200' } }), { redirect: 'error', headers }),
      );
      expect(ours).toEqual(theirs);
      expect(ours.home).toHaveLength(1);
    });
  }

  test.each(['manual', 'error'] as const)('%s, given by a Request', async redirect => {
    const { ours, theirs } = await both((fetch, { home }) => {
      const url = home.url('/302', { headers: { location: '/200' } });
      return fetch(new Request(url, { redirect, headers: { 'Idempotency-Key': 'key-1' } }));
    });
    expect(ours).toEqual(theirs);
  });

  test('an error on a redirect does not claim that nothing was sent', async () => {
    await using home = await startFaultServer();
    await using fetch = createFetch();
    const url = home.url('/302', { headers: { location: '/200' } });
    const error = await rejection(NetworkError, fetch(url, { redirect: 'error' }));
    expect(error.sent).not.toBe('no');
  });
});

describe('retry and redirect', () => {
  test('a fault behind a redirect repeats the call from its start', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ retry: { baseDelayMs: 0 } });
    const url = server.url('/302', { headers: { location: '/503,reset-before-headers,200/there' } });
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(responseInfo(response)?.attempts).toHaveLength(3);
    expect(await server.requests('/302')).toHaveLength(3);
  });

  test('a keyed POST behind a 307 carries its key and body on every hop of every attempt', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ retry: { baseDelayMs: 0 } });
    const url = server.url('/307', { headers: { location: '/503,200/there' } });
    const init = { method: 'POST', body: 'hello', headers: { 'Idempotency-Key': 'key-1' } };
    expect((await fetch(url, init)).status).toBe(200);
    const seen = (await server.requests()).map(request => ({
      key: request.headers['idempotency-key'],
      body: new TextDecoder().decode(request.body),
    }));
    expect(seen).toEqual(Array(4).fill({ key: 'key-1', body: 'hello' }));
  });

  test('a POST without a key behind a 307 is executed once', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ retry: { baseDelayMs: 0 } });
    const url = server.url('/307', { headers: { location: '/reset-before-headers,200/there' } });
    await rejection(NetworkError, fetch(url, { method: 'POST', body: 'hello' }));
    expect(await server.requests()).toHaveLength(2);
  });

  test.each([{}, { 'Idempotency-Key': 'key-1' }] as Record<
    string,
    string
  >[])("the caller's abort reaches the last hop (%o)", async headers => {
    await using server = await startFaultServer();
    await using fetch = createFetch();
    const controller = new AbortController();
    const url = server.url('/302', { headers: { location: '/stall-headers' } });
    const call = fetch(url, { signal: controller.signal, headers });
    await server.seen('/stall-headers');
    controller.abort('enough');
    await expect(call).rejects.toBe('enough');
    expect(await server.waitForClose('/stall-headers')).toMatchObject({ closedBy: 'client' });
  });
});
