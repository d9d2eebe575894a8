import { describe, expect, test } from 'vitest';
import { createFetch, NetworkError, responseInfo, TimeoutError } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { filler, refusedUrl, socketIsFree, startFaultServer } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';

const quickRetries = { retry: { maxRetries: 3, baseDelayMs: 1 } };
const post = { method: 'POST', body: 'charge 42' } as const;
const keyed = { ...post, headers: { 'Idempotency-Key': 'key-1' } } as const;

/** Faults that strike before the response headers, and leave open whether the server did what it was asked. */
const unanswered = [
  'reset-before-headers',
  'fin-before-headers',
  'reset-mid-headers',
  'fin-mid-headers',
  'garbage',
];

describe('a GET recovers', () => {
  test.each(unanswered)('from %s', async answer => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const response = await fetch(server.url(`/${answer},200`));
    expect(await response.json()).toEqual({ status: 200, count: 2 });
  });

  test('from stalled headers, by the attempt timeout', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, attemptTimeoutMs: 2_000 });
    const call = fetch(server.url('/stall-headers,200'));
    await server.seen('/stall-headers,200');
    // The attempt's time, and the longest first back-off.
    await clock.advance(2_000 + 200);
    const response = await call;
    expect(responseInfo(response)?.attempts).toMatchObject([{ code: 'TIMEOUT' }, { status: 200 }]);
  });

  test('from a series of different faults', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const response = await fetch(server.url('/503,reset-before-headers,fin-before-headers,200'));
    expect(await response.json()).toEqual({ status: 200, count: 4 });
    expect(responseInfo(response)).toMatchObject({ retries: 3 });
  });

  test('from a crash, once the server is back', async () => {
    await using server = await startFaultServer();
    await server.crash();
    await using fetch = createFetch({
      retry: { maxRetries: 50, baseDelayMs: 20, jitter: 'none', backoff: 'constant', budget: false },
      circuitBreaker: false,
      observe: event => {
        if (event.type === 'retry' && event.attempt === 1) server.restart();
      },
    });
    const response = await fetch(server.url('/200'));
    expect(response.status).toBe(200);
    expect(responseInfo(response)?.attempts[0]).toMatchObject({ code: 'ECONNREFUSED', sent: 'no' });
  });
});

test('HEAD is retried as GET is', async () => {
  await using server = await startFaultServer();
  await using fetch = createFetch(quickRetries);
  const response = await fetch(server.url('/503,200', { size: 100 }), { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-length')).toBe('100');
  expect((await server.requests()).map(request => request.method)).toEqual(['HEAD', 'HEAD']);
});

test('when retries run out on 503, the last 503 resolves with its body intact', async () => {
  await using server = await startFaultServer();
  await using fetch = createFetch({ retry: { maxRetries: 2, baseDelayMs: 1 } });
  const response = await fetch(server.url('/503'));
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ status: 503, count: 3 });
});

describe('Retry-After', () => {
  test('503 with Retry-After, then 200', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const response = await fetch(server.url('/503,200', { headers: { 'retry-after': '0' } }));
    expect(responseInfo(response)?.attempts).toMatchObject([
      { status: 503, retryAfterMs: 0 },
      { status: 200 },
    ]);
  });

  test('one that does not fit the deadline is not waited for: the 503 resolves, and tells', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const response = await fetch(server.url('/503,200', { headers: { 'retry-after': '3600' } }));
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 503, count: 1 });
    expect(responseInfo(response)?.attempts).toMatchObject([{ retryAfterMs: 3_600_000, reason: 'deadline' }]);
  });
});

describe('a POST without a key reaches the server exactly once', () => {
  test.each([...unanswered, '503', '429', '500', '502', '504', '408', '425'])('on %s', async answer => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    await fetch(server.url(`/${answer},200`), post).catch(error => {
      expect(error).toBeInstanceOf(NetworkError);
      expect(error.attempts).toMatchObject([{ outcome: 'transient', reason: 'not-repeatable' }]);
    });
    const requests = await server.requests();
    expect(requests).toHaveLength(1);
    expect(new TextDecoder().decode(requests[0]?.body)).toBe('charge 42');
  });

  test('on stalled headers, cut by the attempt timeout', async () => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, attemptTimeoutMs: 2_000 });
    const call = rejection(TimeoutError, fetch(server.url('/stall-headers,200'), post));
    await server.seen('/stall-headers,200');
    await clock.advance(2_000);
    const error = await call;
    expect(error.attempts).toMatchObject([{ code: 'TIMEOUT', reason: 'not-repeatable' }]);
    await server.waitForClose('/stall-headers,200');
    expect(await server.requests()).toHaveLength(1);
  });

  test('on a body that is cut', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const response = await fetch(server.url('/reset-mid-body,200'), post);
    await expect(response.text()).rejects.toBeInstanceOf(TypeError);
    expect(await server.requests()).toHaveLength(1);
  });

  test('on a large upload that is reset half-way', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const body = filler(5_000_000) as Uint8Array<ArrayBuffer>;
    const call = fetch(server.url('/reset-before-headers,200', { early: true }), { method: 'POST', body });
    expect(await rejection(NetworkError, call)).toMatchObject({ sent: 'maybe' });
    expect(await server.requests()).toHaveLength(1);
  });

  test.each(['PUT', 'PATCH', 'DELETE'])('and so does %s', async method => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const call = fetch(server.url('/reset-before-headers,200'), { method });
    expect((await rejection(NetworkError, call)).attempts).toMatchObject([{ reason: 'not-repeatable' }]);
    expect(await server.requests()).toHaveLength(1);
  });
});

describe('a POST with a key', () => {
  test.each(unanswered)('recovers from %s and carries the same key on all attempts', async answer => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const response = await fetch(server.url(`/${answer},${answer},200`), keyed);
    expect(response.status).toBe(200);
    const requests = await server.requests();
    expect(requests.map(request => request.headers['idempotency-key'])).toEqual(['key-1', 'key-1', 'key-1']);
    expect(requests.map(request => new TextDecoder().decode(request.body))).toEqual(Array(3).fill(post.body));
  });

  test('made by the policy, differs from call to call and not from attempt to attempt', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ ...quickRetries, idempotencyKey: 'auto' });
    await fetch(server.url('/503,200/first'), post);
    await fetch(server.url('/503,200/second'), post);
    const [first, firstAgain, second, secondAgain] = (await server.requests()).map(
      request => request.headers['idempotency-key'],
    );
    expect(first).toMatch(/\S{16,}/);
    expect(firstAgain).toBe(first);
    expect(secondAgain).toBe(second);
    expect(second).not.toBe(first);
  });

  test('is not given to a GET', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ idempotencyKey: 'auto' });
    await fetch(server.url('/200'));
    expect((await server.seen('/200')).headers).not.toHaveProperty('idempotency-key');
  });
});

describe('retry.unsent', () => {
  const unsent = { retry: { ...quickRetries.retry, unsent: true } };

  test('repeats a POST whose connection was refused', async () => {
    await using fetch = createFetch(unsent);
    const error = await rejection(NetworkError, fetch(await refusedUrl(), post));
    expect(error.attempts.map(attempt => attempt.sent)).toEqual(['no', 'no', 'no', 'no']);
  });

  test('repeats a POST whose host name was not found', async () => {
    await using fetch = createFetch(unsent);
    const error = await rejection(NetworkError, fetch('http://nonexistent.invalid/', post));
    expect(error.attempts).toHaveLength(4);
  });

  test.each(unanswered)('does not repeat a POST on %s', async answer => {
    await using server = await startFaultServer();
    await using fetch = createFetch(unsent);
    await rejection(NetworkError, fetch(server.url(`/${answer},200`), post));
    expect(await server.requests()).toHaveLength(1);
  });

  test('is off by default: a refused POST is tried once', async () => {
    await using fetch = createFetch(quickRetries);
    const error = await rejection(NetworkError, fetch(await refusedUrl(), post));
    expect(error.attempts).toMatchObject([{ sent: 'no', reason: 'not-repeatable' }]);
  });
});

describe('a kept-alive connection that dies between requests', () => {
  const deaths = ['dies-by-reset', 'dies-by-fin'];

  test.each(deaths)('%s: a GET is retried on a fresh connection', async death => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    await (await fetch(server.url(`/${death}`))).text();
    await socketIsFree();
    const response = await fetch(server.url('/200'));
    expect(await response.json()).toEqual({ status: 200, count: 1 });
    expect(responseInfo(response)?.attempts).toMatchObject([
      { outcome: 'transient', sent: 'maybe' },
      { outcome: 'success' },
    ]);
  });

  test.each(deaths)('%s: a POST without a key is not retried', async death => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    await (await fetch(server.url(`/${death}`))).text();
    await socketIsFree();
    const error = await rejection(NetworkError, fetch(server.url('/200'), post));
    expect(error.attempts).toMatchObject([{ sent: 'maybe', reason: 'not-repeatable' }]);
    expect(await server.requests('/200')).toHaveLength(0);
    expect(await server.connections()).toHaveLength(1);
  });

  test.each(deaths)('%s: a POST with a key is retried', async death => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    await (await fetch(server.url(`/${death}`))).text();
    await socketIsFree();
    expect((await fetch(server.url('/200'), keyed)).status).toBe(200);
    expect(await server.requests('/200')).toHaveLength(1);
  });
});

describe('the response of a failed attempt', () => {
  test.each([
    'length',
    'chunked',
  ] as const)('is drained when it is small (%s), so that all attempts share one connection', async framing => {
    await using server = await startFaultServer();
    const clock = virtualClock();
    await using fetch = createFetch({ clock, retry: { maxRetries: 3 } });
    const path = '/503,503,503,200';
    const call = fetch(server.url(path, { framing, size: 2_000 }));
    for (let attempt = 1; attempt <= 3; attempt++) {
      await server.answered(path, attempt);
      await clock.advance(2_000);
    }
    expect((await call).status).toBe(200);
    expect(await server.connections()).toHaveLength(1);
  });

  test('is cancelled when it is large, and the server sees its connection close', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const path = '/503,200';
    const response = await fetch(server.url(path, { size: 20_000_000 }));
    expect(response.status).toBe(200);
    expect(await server.waitForClose(path, 1)).toMatchObject({ closedBy: 'client' });
    expect((await server.seen(path, 1)).answered).toBe(false);
    await response.body?.cancel();
  });

  test('does not hold up the retry when its body never comes', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const path = '/stall-body,204';
    const response = await fetch(server.url(path, { status: 503 }));
    expect(response.status).toBe(204);
    expect(await server.waitForClose(path, 1)).toMatchObject({ closedBy: 'client' });
  });

  test('that is cut half-way does not disturb the retry', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(quickRetries);
    const response = await fetch(server.url('/reset-mid-body,fin-mid-body,204', { status: 503 }));
    expect(response.status).toBe(204);
    expect(await server.requests()).toHaveLength(3);
  });
});
