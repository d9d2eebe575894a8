/** A retry that we refuse ourselves ends its call with what the service has said, and not with our refusal. */
import { describe, expect, test } from 'vitest';
import { explain, type FetchOptions, NetworkError, RateLimitedError, responseInfo } from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';

/** One request a second, and no time to wait for the second. */
const oneToken: FetchOptions = { rateLimit: { perSecond: 1 }, totalTimeoutMs: 500 };

const unavailable = (body: BodyInit | null = 'why', headers: HeadersInit = {}) =>
  new Response(body, { status: 503, headers: { 'x-id': '7', ...headers } });

test('a response comes back as it was, and its story tells of the refusal', async () => {
  const { fetch, transport, events } = harness(oneToken);
  const call = fetch(url);
  (await transport.next()).respond(unavailable());
  const response = await call;
  expect(response.status).toBe(503);
  expect(response.headers.get('x-id')).toBe('7');
  expect(await response.text()).toBe('why');
  expect(responseInfo(response)).toMatchObject({
    retries: 0,
    attempts: [
      { outcome: 'transient', status: 503, reason: 'retried' },
      { outcome: 'rejected', code: 'RATE_LIMITED', reason: 'rejected', sent: 'no' },
    ],
  });
  expect(explain(response)).toContain('→ 503');
  expect(explain(response)).toContain('rejected RATE_LIMITED');
  expect(events.filter(({ type }) => type === 'retry-refused')).toMatchObject([
    { attempt: 1, reason: 'rejected' },
  ]);
  expect(events.at(-2)).toMatchObject({ type: 'call-end', outcome: 'transient', status: 503 });
  expect(events.at(-1)).toMatchObject({ type: 'body-end', end: 'complete' });
  const host = fetch.hosts.get('payments.test');
  expect(host?.retryBudget?.tokens).toBe(10);
  expect(host?.activeCalls).toBe(0);
  expect(host?.counters).toMatchObject({ attempts: 1, retries: 0, retriesRefused: 1, rejected: 1 });
});

test('an error comes back as it was', async () => {
  const { fetch, transport } = harness(oneToken);
  const call = rejection(NetworkError, fetch(url));
  (await transport.next()).fail(networkError('ECONNRESET'));
  expect(await call).toMatchObject({
    reason: 'ECONNRESET',
    attempts: [{ code: 'ECONNRESET' }, { code: 'RATE_LIMITED' }],
  });
});

test('a first attempt that is refused still fails with the refusal', async () => {
  const { fetch, transport } = harness(oneToken);
  const first = fetch(url);
  (await transport.next()).respond();
  await first;
  await rejection(RateLimitedError, fetch(url));
});

test('the host pauses during the back-off, for longer than there is time', async () => {
  const { fetch, transport, clock } = harness({
    retry: { jitter: 'none', baseDelayMs: 100 },
    concurrencyLimit: false,
    circuitBreaker: false,
    totalTimeoutMs: 5_000,
  });
  const call = fetch(url);
  (await transport.next()).respond(unavailable());
  const other = fetch(url, { policy: { retry: { maxRetries: 0 } } });
  (await transport.next()).respond(unavailable('later', { 'retry-after': '60' }));
  await other;
  await clock.advance(100);
  await transport.expectNone();
  const response = await call;
  expect(await response.text()).toBe('why');
  expect(responseInfo(response)?.attempts).toMatchObject([{ status: 503 }, { code: 'HOST_PAUSED' }]);
});

test('the throttle refuses the retry', async () => {
  const { fetch, transport } = harness({
    retry: { jitter: 'none', baseDelayMs: 0 },
    concurrencyLimit: false,
    circuitBreaker: false,
    throttle: { factor: 1 },
  });
  const call = fetch(url);
  (await transport.next()).respond(unavailable());
  const response = await call;
  expect(await response.text()).toBe('why');
  expect(responseInfo(response)?.attempts).toMatchObject([{ status: 503 }, { code: 'THROTTLED' }]);
});

describe('a body that has not come in yet', () => {
  function slow() {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    let cancelled: unknown;
    const stream = new ReadableStream<Uint8Array>({
      start: it => {
        controller = it;
      },
      cancel: reason => {
        cancelled = reason ?? 'cancelled';
      },
    });
    const send = (text: string) => controller.enqueue(new TextEncoder().encode(text));
    return {
      stream,
      send,
      end: () => controller.close(),
      fail: (error: unknown) => controller.error(error),
      get cancelled() {
        return cancelled;
      },
    };
  }

  test('comes in as it is read', async () => {
    const { fetch, transport } = harness(oneToken);
    const body = slow();
    const call = fetch(url);
    body.send('first, ');
    (await transport.next()).respond(unavailable(body.stream));
    const text = (await call).text();
    body.send('second');
    body.end();
    expect(await text).toBe('first, second');
    expect(fetch.hosts.get('payments.test')?.activeCalls).toBe(0);
  });

  test('is larger than what is read ahead: no socket is held for it, and the refusal is told', async () => {
    const { fetch, transport } = harness(oneToken);
    const call = rejection(RateLimitedError, fetch(url));
    const body = slow();
    (await transport.next()).respond(unavailable(body.stream));
    body.send('x'.repeat(300_000));
    expect((await call).attempts).toMatchObject([{ status: 503 }, { outcome: 'rejected' }]);
    expect(body.cancelled).toBeDefined();
  });

  test('breaks off for its reader', async () => {
    const { fetch, transport } = harness(oneToken);
    const body = slow();
    const call = fetch(url);
    (await transport.next()).respond(unavailable(body.stream));
    const response = await call;
    const failure = new Error('broken');
    body.fail(failure);
    await expect(response.text()).rejects.toBe(failure);
  });

  test('is cancelled by its reader', async () => {
    const { fetch, transport } = harness(oneToken);
    const body = slow();
    const call = fetch(url);
    (await transport.next()).respond(unavailable(body.stream));
    await (await call).body?.cancel('enough');
    expect(body.cancelled).toBe('enough');
    expect(fetch.hosts.get('payments.test')?.activeCalls).toBe(0);
  });

  test('is given up as soon as the retry goes out', async () => {
    const { fetch, transport } = harness();
    const body = slow();
    const call = fetch(url);
    (await transport.next()).respond(unavailable(body.stream));
    const second = await transport.next();
    expect(body.cancelled).toBe('cancelled');
    second.respond();
    await call;
  });
});
