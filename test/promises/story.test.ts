import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  CircuitOpenError,
  ClosedError,
  createFetch,
  explain,
  type FetchOptions,
  HoldfastError,
  HostPausedError,
  NetworkError,
  type Policy,
  RejectedError,
  recoveryHeaders,
  responseInfo,
  TimeoutError,
} from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { microtasks } from '../support/settling.ts';
import { unhandledRejections } from '../support/unhandled.ts';

const breaksAtOnce = { consecutiveFailures: 1, minimumSilenceMs: 0 };

/** A call that meets a reset connection, a slow host and a 503 that asks for a second, and succeeds. */
async function eventful(options: FetchOptions = {}) {
  const parts = harness({ attemptTimeoutMs: 2_000, retry: { maxRetries: 3, jitter: 'none' }, ...options });
  const { fetch, transport, clock } = parts;
  const call = fetch(url);
  const first = await transport.next();
  await clock.advance(30);
  first.fail(networkError('ECONNRESET'));
  await clock.advance(200);
  await transport.next();
  await clock.advance(2_000);
  await clock.advance(400);
  const third = await transport.next();
  await clock.advance(15);
  third.respond(statusResponse(503, { 'Retry-After': '1' }));
  await clock.advance(1_200);
  const fourth = await transport.next();
  await clock.advance(40);
  fourth.respond(statusResponse(200));
  return { ...parts, response: await call };
}

describe('promise 16: every response and every error tells its story', () => {
  test('a response: what each attempt came to, and why it was or was not repeated', async () => {
    const { response } = await eventful();
    const info = responseInfo(response);
    expect(info).toMatchObject({
      method: 'GET',
      url,
      host: 'https://payments.test',
      retries: 3,
      elapsedMs: 3_885,
      circuit: 'closed',
      fallback: undefined,
      traceId: undefined,
    });
    expect(info?.attempts).toMatchObject([
      {
        attempt: 1,
        startMs: 0,
        durationMs: 30,
        outcome: 'transient',
        sent: 'maybe',
        status: undefined,
        code: 'ECONNRESET',
        reason: 'retried',
        delayMs: 200,
        retryAfterMs: undefined,
      },
      {
        attempt: 2,
        startMs: 230,
        durationMs: 2_000,
        outcome: 'transient',
        sent: 'maybe',
        status: undefined,
        code: 'TIMEOUT',
        reason: 'retried',
        delayMs: 400,
        retryAfterMs: undefined,
      },
      {
        attempt: 3,
        startMs: 2_630,
        durationMs: 15,
        outcome: 'transient',
        sent: 'yes',
        status: 503,
        code: undefined,
        reason: 'retried',
        delayMs: 1_200,
        retryAfterMs: 1_000,
      },
      {
        attempt: 4,
        startMs: 3_845,
        durationMs: 40,
        outcome: 'success',
        sent: 'yes',
        status: 200,
        code: undefined,
        reason: 'succeeded',
        delayMs: undefined,
        retryAfterMs: undefined,
      },
    ]);
  });

  test('explain() prints one line per attempt', async () => {
    const { response } = await eventful();
    expect(explain(response)).toMatchInlineSnapshot(`
      "GET https://payments.test/charges → 200 in 3885 ms, 4 attempts
        #1  at 0 ms     took 30 ms    transient ECONNRESET  maybe sent  retried after 200 ms
        #2  at 230 ms   took 2000 ms  transient TIMEOUT     maybe sent  retried after 400 ms
        #3  at 2630 ms  took 15 ms    transient 503                     retried after 1200 ms (asked to wait 1000 ms)
        #4  at 3845 ms  took 40 ms    success 200"
    `);
  });

  test('explain() of a call that succeeded at once is short', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    expect(explain(await fetch(url))).toMatchInlineSnapshot(`
      "GET https://payments.test/charges → 200 in 0 ms, 1 attempt
        #1  at 0 ms  took 0 ms  success 200"
    `);
  });

  test('explain() of an error ends in its message', async () => {
    const { fetch } = harness({ fetch: answering(networkError('ECONNREFUSED')), retry: { maxRetries: 1 } });
    expect(explain(await rejection(NetworkError, fetch(url)))).toMatchInlineSnapshot(`
      "GET https://payments.test/charges → NETWORK, 2 attempts
        #1  at 0 ms  took 0 ms  transient ECONNREFUSED  not sent  retried after 0 ms
        #2  at 0 ms  took 0 ms  transient ECONNREFUSED  not sent  not retried: no retries left
        GET https://payments.test/charges failed after 2 attempts: ECONNREFUSED (it never reached the server)."
    `);
  });

  test('explain() of a call that we refused does not count it as an attempt', async () => {
    const { fetch } = harness();
    fetch.hosts.for(url).circuitBreaker?.isolate();
    const error = await rejection(CircuitOpenError, fetch(url));
    expect(explain(error)).toMatch(/^GET https:\/\/payments\.test\/charges → CIRCUIT_OPEN, 0 attempts\n/);
  });

  test('explain() of what is none of ours says so', () => {
    for (const foreign of [new Response(), new Error('own'), undefined, null, 'text', 42])
      expect(explain(foreign)).toBe('No call of a holdfast fetch is known to have ended with this.');
  });

  test('responseInfo() of a foreign response is undefined', () => {
    expect(responseInfo(new Response())).toBeUndefined();
  });

  test('a clone of a response tells the same story', async () => {
    const { fetch } = harness({ fetch: answering(503, 200) });
    const response = await fetch(url);
    expect(responseInfo(response.clone())).toEqual(responseInfo(response));
  });

  test('says nothing of the circuit of a call that has no breaker, unless the host is isolated by hand', async () => {
    const { fetch, transport, events } = harness({ retry: false, circuitBreaker: breaksAtOnce });
    const broken = fetch(url).catch(() => {});
    (await transport.next()).fail(networkError('ECONNREFUSED'));
    await broken;
    const withoutBreaker = { policy: { circuitBreaker: false, fallback: { value: {} } } } as const;

    const call = fetch(url, withoutBreaker);
    (await transport.next()).respond(statusResponse(200));
    const past = await call;
    expect(responseInfo(past)?.circuit).toBeUndefined();
    expect(explain(past)).not.toContain('circuit');
    const stopped = await fetch(url, { policy: { fallback: { value: {} } } });
    expect(responseInfo(stopped)?.circuit).toBe('open');

    fetch.hosts.for(url).circuitBreaker.isolate();
    const isolated = await fetch(url, withoutBreaker);
    expect(responseInfo(isolated)?.circuit).toBe('isolated');
    expect(explain(isolated)).toContain('circuit of https://payments.test: isolated');
    expect(events.findLast(({ type }) => type === 'call-end')).toMatchObject({
      call: { circuit: 'isolated' },
    });
  });

  test('recoveryHeaders() says how often a call was retried', async () => {
    const { response } = await eventful();
    expect(recoveryHeaders(response)).toEqual({ 'X-Retry-Count': '3' });
    expect(recoveryHeaders(new Response())).toEqual({});
    const { fetch } = harness({ fetch: answering(200) });
    expect(recoveryHeaders(await fetch(url))).toEqual({ 'X-Retry-Count': '0' });
  });

  test('recoveryHeaders() says when to come back: as the service said, or as we know', async () => {
    const { fetch, clock } = harness({
      fetch: answering(() => statusResponse(503, { 'Retry-After': '3' })),
      retry: false,
    });
    expect(recoveryHeaders(await fetch(url))).toEqual({ 'X-Retry-Count': '0', 'Retry-After': '3' });
    await clock.advance(1_700);
    const paused = await rejection(HostPausedError, fetch(url, { policy: { totalTimeoutMs: 1_000 } }));
    expect(recoveryHeaders(paused)).toEqual({ 'X-Retry-Count': '0', 'Retry-After': '2' });
  });

  test('recoveryHeaders() of an error says nothing of when where nobody knows', async () => {
    const { fetch } = harness({ fetch: answering(networkError('ECONNREFUSED')) });
    const error = await rejection(NetworkError, fetch(url));
    expect(recoveryHeaders(error)).toEqual({ 'X-Retry-Count': '2' });
    fetch.hosts.for(url).circuitBreaker.isolate();
    const isolated = await rejection(CircuitOpenError, fetch(url));
    expect(recoveryHeaders(isolated)).toEqual({ 'X-Retry-Count': '0' });
    expect(recoveryHeaders(new Error('own'))).toEqual({});
    expect(recoveryHeaders(undefined)).toEqual({});
  });

  test('recoveryHeaders() gives no Retry-After of an answer that is neither 429 nor 503', async () => {
    const { fetch } = harness({ fetch: answering(() => statusResponse(404, { 'Retry-After': '3' })) });
    expect(recoveryHeaders(await fetch(url))).toEqual({ 'X-Retry-Count': '0' });
  });

  test('each answer to "why not again?" has words of its own', async () => {
    const post = { method: 'POST' };
    const stream = () => new Blob(['x']).stream();
    const streaming = () => ({
      method: 'PUT',
      body: stream(),
      duplex: 'half',
      headers: { 'Idempotency-Key': 'k' },
    });
    const cases: [reason: string, options: FetchOptions, init: RequestInit][] = [
      ['not-repeatable', {}, post],
      ['body-not-replayable', {}, streaming() as RequestInit],
      ['retries-exhausted', { retry: { maxRetries: 0 } }, {}],
      ['deadline', { retry: { delayMs: () => 60_000 } }, {}],
      ['elapsed', { retry: { delayMs: () => 10, maxElapsedMs: 5 } }, {}],
      ['circuit-open', { circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0 } }, {}],
      ['vetoed', { retry: { shouldRetry: () => false } }, {}],
      ['no-retry-policy', { retry: false }, {}],
    ];
    const words = new Set<string>();
    for (const [reason, options, init] of cases) {
      const { fetch } = harness({ fetch: answering(503), ...options });
      const response = await fetch(url, init);
      expect(responseInfo(response)?.attempts.map(attempt => attempt.reason)).toEqual([reason]);
      words.add(explain(response).split('\n')[1] ?? '');
    }
    const { fetch } = harness({ fetch: answering(503), retry: { budget: { maxTokens: 1 } } });
    words.add(explain(await fetch(url)).split('\n')[2] ?? '');
    expect(words.size).toBe(cases.length + 1);
  });

  describe('the story is whole when the caller gets it:', () => {
    const whole = { durationMs: expect.any(Number), outcome: expect.any(String), sent: expect.any(String) };

    test('in the TimeoutError of a total timeout that cut an attempt short', async () => {
      const { fetch, transport, clock } = harness({ totalTimeoutMs: 5_000, attemptTimeoutMs: false });
      let told: unknown;
      const call = fetch(url).catch(error => {
        told = JSON.parse(JSON.stringify(error)).attempts;
      });
      await transport.next();
      await clock.advance(5_000);
      await call;
      expect(told).toMatchObject([{ ...whole, durationMs: 5_000, code: 'TIMEOUT', reason: 'deadline' }]);
    });

    test('in the TimeoutError of a total timeout that cut a back-off short', async () => {
      const { fetch, transport, clock } = harness({
        totalTimeoutMs: 300,
        attemptTimeoutMs: 200,
        retry: { jitter: 'none' },
      });
      let told: unknown;
      const call = fetch(url).catch(error => {
        told = JSON.parse(JSON.stringify(error)).attempts;
      });
      (await transport.next()).respond(statusResponse(503));
      await clock.advance(200);
      await transport.next();
      await clock.advance(100);
      await call;
      expect(told).toMatchObject([
        { ...whole, reason: 'retried' },
        { ...whole, durationMs: 100 },
      ]);
    });

    test('in the ClosedError of a client that was closed', async () => {
      const { fetch, transport } = harness();
      let told: unknown;
      const call = fetch(url).catch(error => {
        told = JSON.parse(JSON.stringify(error)).attempts;
      });
      await transport.next();
      await fetch.close();
      await call;
      expect(told).toMatchObject([{ ...whole, reason: 'aborted' }]);
    });

    test('in the event that ends a call that was aborted', async () => {
      const told: unknown[] = [];
      const controller = new AbortController();
      const { fetch, transport } = harness({
        observe: event =>
          event.type === 'call-end' && told.push(JSON.parse(JSON.stringify(event.call.attempts))),
      });
      const call = fetch(url, { signal: controller.signal }).catch(() => {});
      await transport.next();
      controller.abort();
      await call;
      expect(told).toMatchObject([[{ ...whole, outcome: 'cancelled', reason: 'aborted' }]]);
    });

    test('in the event that ends a call whose time was over', async () => {
      const told: unknown[] = [];
      const { fetch, transport, clock } = harness({
        totalTimeoutMs: 1_000,
        attemptTimeoutMs: 1_000,
        observe: event =>
          event.type === 'call-end' && told.push(JSON.parse(JSON.stringify(event.call.attempts))),
      });
      const call = fetch(url).catch(() => {});
      await transport.next();
      await clock.advance(1_000);
      await call;
      expect(told).toMatchObject([[{ code: 'TIMEOUT', reason: 'deadline' }]]);
    });
  });

  test('an attempt starts when it is made, also behind a policy of somebody’s own that takes time', async () => {
    const slow: Policy = async (call, next) => {
      await new Promise<void>(resolve => call.runtime.clock.setTimer(resolve, 500));
      return next(call);
    };
    const { fetch, transport, clock } = harness({ policies: [{ policy: slow, outside: 'retry' }] });
    const call = fetch(url);
    await clock.advance(500);
    const attempt = await transport.next();
    await clock.advance(20);
    attempt.respond();
    expect(responseInfo(await call)?.attempts).toMatchObject([{ startMs: 500, durationMs: 20 }]);
  });

  describe('errors', () => {
    test('have a stable code, and a class by what a caller does next', async () => {
      const network = await rejection(
        NetworkError,
        harness({ fetch: answering(networkError('ECONNREFUSED')) }).fetch(url),
      );
      expect(network).toMatchObject({
        name: 'NetworkError',
        code: 'NETWORK',
        reason: 'ECONNREFUSED',
        sent: 'no',
        transient: true,
        method: 'GET',
        url,
        host: 'https://payments.test',
      });
      expect(network).toBeInstanceOf(TypeError);
      expect(network).toBeInstanceOf(HoldfastError);
      expect(network).not.toBeInstanceOf(RejectedError);
      expect(network).not.toBeInstanceOf(TimeoutError);

      const { fetch, transport, clock } = harness({ retry: false });
      const timedOut = rejection(TimeoutError, fetch(url));
      await transport.next();
      await clock.advance(10_000);
      expect(await timedOut).toMatchObject({
        name: 'TimeoutError',
        code: 'TIMEOUT',
        scope: 'attempt',
        limitMs: 10_000,
      });
      expect(await timedOut).not.toBeInstanceOf(TypeError);

      fetch.hosts.for(url).circuitBreaker?.isolate();
      const refused = await rejection(CircuitOpenError, fetch(url));
      expect(refused).toMatchObject({ name: 'CircuitOpenError', code: 'CIRCUIT_OPEN', state: 'isolated' });
      expect(refused).toBeInstanceOf(RejectedError);

      await fetch.close();
      const closed = await rejection(ClosedError, fetch(url));
      expect(closed).toMatchObject({ name: 'ClosedError', code: 'CLOSED', attempts: [] });
    });

    test('have messages that a person can act on', async () => {
      const messageOf = async (error: Error) =>
        (await rejection(NetworkError, harness({ fetch: answering(error) }).fetch(url))).message;
      expect(await messageOf(networkError('ECONNREFUSED'))).toBe(
        `GET ${url} failed after 3 attempts: ECONNREFUSED (it never reached the server).`,
      );
      expect(await messageOf(networkError('ECONNRESET'))).toBe(
        `GET ${url} failed after 3 attempts: ECONNRESET (it may have reached the server).`,
      );
      expect(await messageOf(networkError('CERT_HAS_EXPIRED'))).toContain(
        'repeating it unchanged will not help',
      );
      const { fetch, transport, clock } = harness({ retry: false });
      const call = rejection(TimeoutError, fetch(url));
      await transport.next();
      await clock.advance(10_000);
      expect((await call).message).toBe(`GET ${url}: no response headers within 10 s.`);
    });

    test('say the state of affairs in toJSON(), with nothing in it that JSON cannot hold', async () => {
      const { fetch, transport } = harness({ retry: false });
      const call = rejection(NetworkError, fetch(url, { method: 'POST' }));
      (await transport.next()).fail(networkError('ECONNRESET'));
      const error = await call;
      const json = JSON.parse(JSON.stringify(error));
      expect(json).toMatchObject({
        name: 'NetworkError',
        code: 'NETWORK',
        message: error.message,
        method: 'POST',
        url,
        host: 'https://payments.test',
        reason: 'ECONNRESET',
        sent: 'maybe',
        transient: true,
        attempts: [{ attempt: 1, outcome: 'transient', code: 'ECONNRESET' }],
      });
    });

    test('of the host that is paused say how long in toJSON()', async () => {
      const { fetch, transport } = harness({ retry: false, totalTimeoutMs: 5_000 });
      const first = fetch(url);
      (await transport.next()).respond(statusResponse(503, { 'Retry-After': '10' }));
      await (await first).text();
      const error = await rejection(HostPausedError, fetch(url));
      expect(error.toJSON()).toMatchObject({ code: 'HOST_PAUSED', retryAfterMs: 10_000 });
    });

    test('keep the transport’s own error as their cause', async () => {
      const cause = networkError('ECONNRESET');
      const error = await rejection(NetworkError, harness({ fetch: answering(cause) }).fetch(url));
      expect(error.cause).toBe(cause.cause);
    });

    test('are recognised across two copies of the package, each by its own class', async () => {
      vi.resetModules();
      const copy = await import('../../src/index.ts');
      const error = await rejection(
        NetworkError,
        harness({ fetch: answering(networkError('ECONNRESET')) }).fetch(url),
      );
      expect(copy.NetworkError).not.toBe(NetworkError);
      expect(error).toBeInstanceOf(copy.NetworkError);
      expect(error).toBeInstanceOf(copy.HoldfastError);
      expect(error).not.toBeInstanceOf(copy.TimeoutError);
      expect(error).not.toBeInstanceOf(copy.RejectedError);
      expect(new Error('x')).not.toBeInstanceOf(copy.HoldfastError);
      expect(copy.explain(error)).toBe(explain(error));
    });

    test('print with their name and message', async () => {
      const error = await rejection(
        NetworkError,
        harness({ fetch: answering(networkError('ECONNRESET')) }).fetch(url),
      );
      expect(String(error)).toBe(`NetworkError: ${error.message}`);
      expect(error.stack?.startsWith(`NetworkError: ${error.message}`)).toBe(true);
      expect(Object.keys(error)).not.toContain('name');
    });
  });

  describe('the event stream', () => {
    test('tells a call from its start to the end of its body', async () => {
      const { events, response } = await eventful();
      await response.text();
      const told = events.map(event => ('attempt' in event ? `${event.type} ${event.attempt}` : event.type));
      expect(told).toEqual([
        'call-start',
        'attempt-start 1',
        'attempt-end 1',
        'retry 1',
        'attempt-start 2',
        'attempt-end 2',
        'retry 2',
        'attempt-start 3',
        'host-pause',
        'attempt-end 3',
        'retry 3',
        'attempt-start 4',
        'attempt-end 4',
        'call-end',
        'body-end',
      ]);
    });

    test('says why a retry was refused', async () => {
      const { fetch, events } = harness({ fetch: answering(503), retry: { budget: { maxTokens: 1 } } });
      await fetch(url);
      expect(events.filter(event => event.type === 'retry-refused')).toMatchObject([
        { attempt: 2, reason: 'budget-empty' },
      ]);
    });

    test('ends every call once, also one that is refused or has wrong options', async () => {
      const { fetch, transport, events } = harness();
      const call = fetch(url);
      (await transport.next()).respond();
      await call;
      fetch.hosts.for(url).circuitBreaker?.isolate();
      await rejection(CircuitOpenError, fetch(url));
      await rejection(TypeError, fetch(url, { policy: { retry: { retries: 1 } as object } }));
      await microtasks();
      const count = (type: string) => events.filter(event => event.type === type).length;
      expect(count('call-end')).toBe(count('call-start'));
    });

    test('ends a call with the very error that the caller gets', async () => {
      const { fetch, events } = harness({ fetch: answering(networkError('ECONNREFUSED')) });
      const error = await rejection(NetworkError, fetch(url));
      expect(events.find(event => event.type === 'call-end')).toHaveProperty('error', error);
    });

    test('an observer that throws breaks nothing, and is reported once', async () => {
      const report = vi.spyOn(console, 'error').mockImplementation(() => {});
      const observe = vi.fn(() => {
        throw new Error('in the observer');
      });
      const { fetch } = harness({ fetch: answering(503, 200), observe });
      expect(await (await fetch(url)).text()).toBe('status 200');
      expect(observe.mock.calls.length).toBeGreaterThan(5);
      expect(report).toHaveBeenCalledOnce();
      report.mockRestore();
    });
  });

  test.each<[string, (callback: () => Promise<never>) => FetchOptions]>([
    ['observe', callback => ({ observe: callback })],
    ['onStateChange', callback => ({ circuitBreaker: { onStateChange: callback, ...breaksAtOnce } })],
  ])('an async %s that rejects breaks no call, and not the program', async (_, options) => {
    const report = vi.spyOn(console, 'error').mockImplementation(() => {});
    const callback = () => Promise.reject(new Error('in a callback'));
    const unhandled = await unhandledRejections(async () => {
      const { fetch } = harness({ fetch: answering(503), retry: false, ...options(callback) });
      await (await fetch(url)).text();
    });
    expect(unhandled).toEqual([]);
    report.mockRestore();
  });

  describe('calls after a close', () => {
    let fetch: ReturnType<typeof createFetch>;
    beforeEach(async () => {
      fetch = createFetch({ fetch: answering(200) });
      await (await fetch(url)).text();
      await fetch.close();
    });
    afterEach(() => fetch.close());

    test('are refused with a ClosedError', async () => {
      const error = await rejection(ClosedError, fetch(url));
      expect(error.message).toContain('was closed');
    });

    test('leave no host behind', async () => {
      await rejection(ClosedError, fetch(url));
      expect(fetch.hosts.size).toBe(0);
    });

    test('await using closes', async () => {
      let inner: ReturnType<typeof createFetch>;
      {
        await using scoped = createFetch({ fetch: answering(200) });
        inner = scoped;
      }
      await rejection(ClosedError, inner(url));
    });
  });
});
