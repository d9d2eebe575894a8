import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  CircuitOpenError,
  explain,
  type HoldfastError,
  HostPausedError,
  NetworkError,
  responseInfo,
  TimeoutError,
} from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

const secretUrl =
  'https://user:SECRET-password@payments.test/charges?api_key=SECRET-key&X-Amz-Signature=SECRET-signature&q=visible#access_token=SECRET-token';

const signedUrl = 'https://payments.test/charges?api_key=SECRET-key&X-Amz-Signature=SECRET-signature';

const secretHeaders = {
  Authorization: 'Bearer SECRET-bearer',
  Cookie: 'session=SECRET-cookie',
  'Idempotency-Key': 'SECRET-idempotency',
  'X-API-Key': 'SECRET-api',
};

const secretInit = { method: 'POST', headers: secretHeaders, body: 'SECRET-body' };

/** Everything that a person or a log gets to see of an error. */
const faces = (error: HoldfastError): string =>
  [
    error.message,
    String(error),
    error.stack,
    JSON.stringify(error),
    explain(error),
    error.url,
    error.host,
  ].join('\n');

/** A fetch that takes URLs with credentials, as others than Node's do. */
const lenient = (answer: () => Response | Promise<Response>) => async () => answer();

describe('promise 18: secrets stay out of errors, stories and events', () => {
  const failing = lenient(() => {
    throw networkError('ECONNRESET');
  });

  test('errors of the network', async () => {
    const error = await rejection(NetworkError, harness({ fetch: failing }).fetch(secretUrl, secretInit));
    expect(faces(error)).not.toContain('SECRET');
    expect(error.url).toBe(
      'https://REDACTED:REDACTED@payments.test/charges?api_key=REDACTED&X-Amz-Signature=REDACTED&q=visible#access_token=REDACTED',
    );
  });

  test('errors of timeouts', async () => {
    const { fetch, clock } = harness({ fetch: () => new Promise(() => {}), retry: false });
    const call = rejection(TimeoutError, fetch(secretUrl, secretInit));
    await clock.advance(30_000);
    expect(faces(await call)).not.toContain('SECRET');
  });

  test('rejections', async () => {
    const { fetch } = harness({
      fetch: lenient(() => statusResponse(503, { 'Retry-After': '3600' })),
      retry: false,
    });
    await fetch(secretUrl, secretInit);
    expect(faces(await rejection(HostPausedError, fetch(secretUrl, secretInit)))).not.toContain('SECRET');
    fetch.hosts.for(secretUrl).pause.resume();
    fetch.hosts.for(secretUrl).circuitBreaker?.isolate();
    expect(faces(await rejection(CircuitOpenError, fetch(secretUrl, secretInit)))).not.toContain('SECRET');
  });

  test('errors printed whole, as the console does, but for the cause that the transport gave', async () => {
    const error = await rejection(NetworkError, harness({ fetch: failing }).fetch(secretUrl, secretInit));
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('SECRET');
  });

  test('the story of a response', async () => {
    const { fetch } = harness({ fetch: lenient(() => statusResponse(200)) });
    const response = await fetch(secretUrl, secretInit);
    expect(JSON.stringify(responseInfo(response))).not.toContain('SECRET');
    expect(explain(response)).not.toContain('SECRET');
  });

  test('events, printed or as JSON', async () => {
    const { fetch, events } = harness({ fetch: lenient(() => statusResponse(503)) });
    await (await fetch(secretUrl, secretInit)).text();
    expect(events.length).toBeGreaterThan(5);
    expect(JSON.stringify(events)).not.toContain('SECRET');
    expect(inspect(events, { depth: 10 })).not.toContain('SECRET');
    for (const event of events) if ('call' in event) expect(event.call?.url).not.toContain('SECRET');
  });

  test('the views of hosts', async () => {
    const { fetch } = harness({ fetch: lenient(() => statusResponse(200)) });
    await (await fetch(secretUrl, secretInit)).text();
    const view = fetch.hosts.get('payments.test');
    expect(view?.key).toBe('https://payments.test');
    expect(inspect([...fetch.hosts], { depth: 10 })).not.toContain('SECRET');
    expect(JSON.stringify([...fetch.hosts])).not.toContain('SECRET');
  });

  test.each([
    ['Deno', new TypeError(`error sending request for url (${signedUrl}): connection reset`)],
    ['a plain one', new Error(`request to ${signedUrl} failed, reason: socket hang up`)],
    ['a wrapped one', new TypeError('fetch failed', { cause: new Error(`could not reach ${signedUrl}`) })],
  ])('a URL in the transport’s own words: %s', async (_, cause) => {
    const transport = lenient(() => {
      throw cause;
    });
    const error = await rejection(NetworkError, harness({ fetch: transport }).fetch(signedUrl));
    expect(error.message).not.toContain('SECRET');
    expect(JSON.stringify(error)).not.toContain('SECRET');
    expect(explain(error)).not.toContain('SECRET');
  });

  test('a host pattern with credentials is refused without showing them', () => {
    expect(() => harness({ hosts: { 'user:SECRET@payments.test': {} } })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('SECRET') }),
    );
  });
});

describe('promise 18: keys and credentials do not follow a redirect to another origin', () => {
  const home = 'https://home.test';
  const abroad = 'https://abroad.test';

  const redirect = (status: number, location: string) => () =>
    new Response(null, { status, headers: { Location: location } });

  /** Every request that a call led to. */
  async function requestsOf(answers: Parameters<typeof answering>, init: RequestInit): Promise<Request[]> {
    const transport = answering(...answers);
    await harness({ fetch: transport, retry: false }).fetch(`${home}/from`, init);
    return [...transport.requests];
  }

  const custom = {
    'Idempotency-Key': 'key-1',
    'X-API-Key': 'secret',
    'X-Auth-Token': 'secret',
    'X-Trace': 'kept',
  };

  test('are taken off on the way to another origin, and other headers are not', async () => {
    const init = {
      method: 'PUT',
      body: 'x',
      headers: { ...custom, Authorization: 'Bearer secret', Cookie: 'a=b' },
    };
    const [first, second] = await requestsOf([redirect(307, `${abroad}/to`), 200], init);
    expect(first?.headers.get('idempotency-key')).toBe('key-1');
    expect(second?.url).toBe(`${abroad}/to`);
    expect([...second!.headers.keys()].sort()).toEqual(['content-type', 'x-trace']);
    expect(await second?.text()).toBe('x');
  });

  test.each([
    ['another port', `${home}:8443/to`],
    ['another scheme', 'http://home.test/to'],
    ['a subdomain', 'https://sub.home.test/to'],
  ])('are taken off on the way to %s', async (_, location) => {
    const [, second] = await requestsOf([redirect(302, location), 200], { headers: custom });
    expect([...second!.headers.keys()]).toEqual(['x-trace']);
  });

  test('stay on the way within the origin', async () => {
    const [, second] = await requestsOf([redirect(302, '/to'), 200], { headers: custom });
    expect(second?.url).toBe(`${home}/to`);
    expect([...second!.headers.keys()].sort()).toEqual([
      'idempotency-key',
      'x-api-key',
      'x-auth-token',
      'x-trace',
    ]);
  });

  test('do not come back on the way home', async () => {
    const answers = [redirect(302, `${abroad}/to`), redirect(302, `${home}/back`), 200] as const;
    const requests = await requestsOf([...answers], { headers: custom });
    expect(requests[2]?.url).toBe(`${home}/back`);
    expect([...requests[2]!.headers.keys()]).toEqual(['x-trace']);
  });

  test('a Host header does not go along either, as with fetch', async () => {
    const init = { headers: { ...custom, Host: 'virtual.test' } };
    const [, second] = await requestsOf([redirect(302, `${abroad}/to`), 200], init);
    expect(second?.headers.has('host')).toBe(false);
  });

  test.each([
    [301, 'POST', 'GET', false],
    [302, 'POST', 'GET', false],
    [303, 'POST', 'GET', false],
    [303, 'PUT', 'GET', false],
    [307, 'POST', 'POST', true],
    [308, 'POST', 'POST', true],
    [301, 'PUT', 'PUT', true],
    [302, 'DELETE', 'DELETE', true],
  ])('a %d of a %s becomes a %s, its body kept: %s', async (status, method, next, keepsBody) => {
    const init = { method, body: 'x', headers: { ...custom, 'Content-Type': 'text/x-custom' } };
    const [, second] = await requestsOf([redirect(status, `${abroad}/to`), 200], init);
    expect(second?.method).toBe(next);
    expect(await second?.text()).toBe(keepsBody ? 'x' : '');
    expect(second?.headers.get('content-type')).toBe(keepsBody ? 'text/x-custom' : null);
  });

  test('the fragment is inherited, unless the location has one', async () => {
    const transport = answering(redirect(302, '/to'), redirect(302, '/on#own'), 200);
    await harness({ fetch: transport }).fetch(`${home}/from#part`, { headers: custom });
    expect(transport.calls.slice(1).map(([input]) => String(input))).toEqual([
      `${home}/to#part`,
      `${home}/on#own`,
    ]);
  });

  test('the response says that it was redirected', async () => {
    const transport = answering(redirect(302, '/to'), 200);
    const response = await harness({ fetch: transport }).fetch(`${home}/from`, { headers: custom });
    expect(response.redirected).toBe(true);
  });

  test('a clone of the response says so too', async () => {
    const transport = answering(redirect(302, '/to'), 200);
    const response = await harness({ fetch: transport }).fetch(`${home}/from`, { headers: custom });
    expect(response.clone().redirected).toBe(true);
  });

  test('the bodies of redirects are let go', async () => {
    let cancelled = 0;
    const body = () => new ReadableStream({ cancel: () => void cancelled++ });
    const transport = answering(
      () => new Response(body(), { status: 302, headers: { Location: '/to' } }),
      200,
    );
    await harness({ fetch: transport }).fetch(`${home}/from`, { headers: custom });
    expect(cancelled).toBe(1);
  });

  test('a redirect response without a location is the answer', async () => {
    const transport = answering(() => new Response('here', { status: 302 }));
    const response = await harness({ fetch: transport }).fetch(`${home}/from`, { headers: custom });
    expect(response.status).toBe(302);
    expect(response.redirected).toBe(false);
  });

  describe('what fetch refuses is refused, said to have been sent, and not repeated:', () => {
    test.each<[string, Parameters<typeof answering>, RequestInit]>([
      ['more than twenty redirects', [redirect(302, '/again')], {}],
      ['another scheme', [redirect(302, 'data:text/plain,x')], {}],
      ['a location that is no URL', [redirect(302, 'http://[')], {}],
      [
        'a one-shot body that would have to be sent again',
        [redirect(307, '/to')],
        { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' } as RequestInit,
      ],
    ])('%s', async (_, answers, init) => {
      const transport = answering(...answers);
      const { fetch } = harness({ fetch: transport });
      const error = await rejection(NetworkError, fetch(`${home}/from`, { ...init, headers: custom }));
      expect(error.transient).toBe(false);
      expect(error.attempts).toHaveLength(1);
      expect(error.sent).not.toBe('no');
    });

    test('twenty redirects are followed', async () => {
      const answers = [...Array.from({ length: 20 }, () => redirect(302, '/again')), 200];
      const transport = answering(...answers);
      const response = await harness({ fetch: transport }).fetch(`${home}/from`, { headers: custom });
      expect(response.status).toBe(200);
    });
  });

  test('a location that is no URL is not shown with its secrets', async () => {
    const transport = answering(redirect(302, 'https://user:SECRET@[/?api_key=SECRET'));
    const { fetch } = harness({ fetch: transport });
    const error = await rejection(NetworkError, fetch(`${home}/from`, { headers: custom }));
    expect(faces(error)).not.toContain('SECRET');
  });

  test('a call that carries no key is left to fetch, which follows by itself', async () => {
    const transport = answering(redirect(302, `${abroad}/to`));
    const init = { headers: { Authorization: 'Bearer secret', 'X-Trace': 'kept' } };
    await harness({ fetch: transport }).fetch(`${home}/from`, init);
    expect(transport.calls).toHaveLength(1);
    expect(transport.calls[0]?.[1]).not.toHaveProperty('redirect');
  });

  test.each(['manual', 'error'] as const)('a call in the mode %s is left to fetch', async mode => {
    const transport = answering(redirect(302, `${abroad}/to`));
    await harness({ fetch: transport }).fetch(`${home}/from`, { headers: custom, redirect: mode });
    expect(transport.calls).toHaveLength(1);
    expect(transport.calls[0]?.[1]?.redirect).toBe(mode);
  });

  test('each hop goes out with the signal of the attempt', async () => {
    const transport = answering(redirect(302, '/to'), 200);
    await harness({ fetch: transport }).fetch(`${home}/from`, { headers: custom });
    const signals = transport.calls.map(([, init]) => init?.signal);
    expect(signals[0]).toBeInstanceOf(AbortSignal);
    expect(signals[1]).toBe(signals[0]);
  });

  test('the attempt timeout covers all hops together', async () => {
    const { fetch, transport, clock } = harness({ retry: false });
    const call = rejection(TimeoutError, fetch(`${home}/from`, { headers: custom }));
    const first = await transport.next();
    await clock.advance(6_000);
    first.respond(redirect(302, '/to')());
    await transport.next();
    await clock.advance(4_000);
    expect(await call).toMatchObject({ scope: 'attempt' });
  });
});
