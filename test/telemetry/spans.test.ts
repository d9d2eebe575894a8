import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { responseInfo } from '../../src/index.ts';
import { networkError, slowBody, stalledBody } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { collected } from '../support/garbage.ts';
import { harness, url } from '../support/harness.ts';
import { type Sdk, startSdk } from '../support/telemetry.ts';

let sdk: Sdk;
beforeEach(() => {
  sdk = startSdk();
});
afterEach(() => sdk.stop());

const kindOf = (kind: SpanKind) => sdk.spans().filter(span => span.kind === kind);
const attempts = () => kindOf(SpanKind.CLIENT);
const calls = () => kindOf(SpanKind.INTERNAL);
const parentOf = (span: ReadableSpan | undefined) => span?.parentSpanContext?.spanId;
const ms = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1_000 + nanoseconds / 1_000_000;

describe('a call that succeeds', () => {
  test('is one CLIENT span under one INTERNAL span, with the attributes that the conventions require', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    await (await fetch('https://payments.test/charges?limit=2#top', { method: 'put' })).text();
    const [attempt] = attempts();
    const [call] = calls();
    expect(sdk.spans()).toHaveLength(2);
    expect(parentOf(attempt)).toBe(call?.spanContext().spanId);
    expect(attempt?.name).toBe('PUT');
    expect(call?.name).toBe('holdfast PUT');
    expect(attempt?.attributes).toEqual({
      'http.request.method': 'PUT',
      'server.address': 'payments.test',
      'server.port': 443,
      'url.full': 'https://payments.test/charges?limit=2#top',
      'http.response.status_code': 200,
    });
    expect(attempt?.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(call?.attributes).toMatchObject({
      'holdfast.host': 'https://payments.test',
      'holdfast.outcome': 'success',
      'holdfast.attempts': 1,
      'holdfast.retries': 0,
    });
  });

  test('hangs from the span that was active when it was made', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    const parent = trace.getTracer('test').startSpan('page');
    const response = await context.with(trace.setSpan(context.active(), parent), () => fetch(url));
    await response.text();
    expect(parentOf(calls()[0])).toBe(parent.spanContext().spanId);
  });

  test('both spans end with the body, on the clock that was given', async () => {
    const { fetch, transport, clock } = harness();
    const call = fetch(url);
    const body = slowBody();
    const headers = { 'content-length': '4' };
    (await transport.next()).respond(new Response(body.stream, { headers }));
    const text = (await call).text();
    await clock.advance(2_000);
    expect(sdk.spans()).toEqual([]);
    body.send('kelp');
    body.end();
    await text;
    expect(sdk.spans().map(({ duration }) => ms(duration))).toEqual([2_000, 2_000]);
    expect(attempts()[0]?.attributes['http.response.body.size']).toBe(4);
  });

  test('of a response that nobody reads they end with its headers', async () => {
    const { fetch, transport, clock } = harness({ leaseMs: 1_000 });
    const call = fetch(url);
    const attempt = await transport.next();
    await clock.advance(300);
    attempt.respond(new Response(stalledBody()));
    const response = await call;
    await clock.advance(5_000);
    expect(sdk.spans().map(({ duration }) => ms(duration))).toEqual([300, 300]);
    expect(response.bodyUsed).toBe(false);
  });

  test('tells its trace id', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    const response = await fetch(url);
    await response.text();
    expect(responseInfo(response)?.traceId).toBe(calls()[0]?.spanContext().traceId);
  });
});

describe('a call that is retried', () => {
  test('has a CLIENT span per attempt, numbered from the first resend on, and the delay as an event', async () => {
    const { fetch } = harness({ fetch: answering(503, networkError('ECONNRESET'), 200) });
    const call = fetch(url);
    await (await call).text();
    expect(
      attempts().map(({ attributes }) => [
        attributes['http.request.resend_count'],
        attributes['http.response.status_code'],
        attributes['error.type'],
      ]),
    ).toEqual([
      [undefined, 503, '503'],
      [1, undefined, 'ECONNRESET'],
      [2, 200, undefined],
    ]);
    expect(attempts().map(({ status }) => status.code)).toEqual([
      SpanStatusCode.ERROR,
      SpanStatusCode.ERROR,
      SpanStatusCode.UNSET,
    ]);
    expect(calls()[0]?.events.map(({ name, attributes }) => [name, attributes?.['error.type']])).toEqual([
      ['holdfast.retry', '503'],
      ['holdfast.retry', 'ECONNRESET'],
    ]);
    expect(calls()[0]?.attributes).toMatchObject({ 'holdfast.retries': 2, 'holdfast.outcome': 'success' });
  });

  test('says why it is not retried further', async () => {
    const retryAfter = () => statusResponse(503, { 'Retry-After': '60' });
    const { fetch } = harness({ fetch: answering(retryAfter) });
    await (await fetch(url)).text();
    expect(calls()[0]?.events.find(({ name }) => name === 'holdfast.retry_refused')?.attributes).toEqual({
      'holdfast.attempt': 1,
      'holdfast.reason': 'deadline',
      'holdfast.retry_after_ms': 60_000,
      'error.type': '503',
    });
    expect(calls()[0]?.events.map(({ name }) => name)).toContain('holdfast.host-pause');
  });
});

describe('what is no attempt is no CLIENT span:', () => {
  test('a refusal by an open circuit is an event of the call', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    fetch.hosts.for(url).circuitBreaker.isolate();
    await expect(fetch(url)).rejects.toThrow();
    expect(attempts()).toEqual([]);
    expect(calls()[0]?.events).toMatchObject([
      { name: 'holdfast.rejected', attributes: { 'error.type': 'CIRCUIT_OPEN' } },
    ]);
    expect(calls()[0]?.attributes).toMatchObject({ 'error.type': 'CIRCUIT_OPEN', 'holdfast.attempts': 0 });
  });

  test('the change of a circuit is an event of the call that moved it', async () => {
    const circuitBreaker = { consecutiveFailures: 1, minimumSilenceMs: 0 };
    const { fetch } = harness({ fetch: answering(500), retry: false, circuitBreaker });
    await (await fetch(url)).text();
    expect(calls()[0]?.events).toMatchObject([
      { name: 'holdfast.circuit', attributes: { 'holdfast.breaker.state': 'open' } },
    ]);
  });
});

describe('errors:', () => {
  test('a timeout of ours is one', async () => {
    const { fetch, transport, clock } = harness({ attemptTimeoutMs: 1_000, retry: false });
    const call = fetch(url).catch(error => error);
    await transport.next();
    await clock.advance(1_000);
    await call;
    expect(sdk.spans().map(({ attributes, status }) => [attributes['error.type'], status.code])).toEqual([
      ['TIMEOUT', SpanStatusCode.ERROR],
      ['TIMEOUT', SpanStatusCode.ERROR],
    ]);
  });

  test("the caller's own cancellation is none, and ends both spans", async () => {
    const { fetch, transport } = harness();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal }).catch(error => error);
    await transport.next();
    controller.abort(new Error('enough'));
    await call;
    expect(sdk.spans().map(({ attributes, status }) => [attributes['error.type'], status.code])).toEqual([
      [undefined, SpanStatusCode.UNSET],
      [undefined, SpanStatusCode.UNSET],
    ]);
    expect(calls()[0]?.attributes['holdfast.outcome']).toBe('cancelled');
  });

  test('a body that breaks off is one', async () => {
    const { fetch, transport } = harness();
    const call = fetch(url);
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream));
    const text = (await call).text();
    body.fail(Object.assign(new TypeError('terminated'), { code: 'UND_ERR_SOCKET' }));
    await text.catch(() => {});
    expect(sdk.spans().map(({ attributes }) => attributes['error.type'])).toEqual([
      'UND_ERR_SOCKET',
      'UND_ERR_SOCKET',
    ]);
  });

  test('carry no message, which may be long and may tell secrets', async () => {
    const { fetch } = harness({ fetch: answering(networkError('ECONNREFUSED')), retry: false });
    await fetch('https://user:pass@payments.test/').catch(() => {});
    expect(sdk.spans().every(({ status }) => status.message === undefined)).toBe(true);
  });
});

describe('names and attributes', () => {
  test('a method that nobody knows does not become a name', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    await (await fetch(url, { method: 'patch' })).text();
    expect(attempts()[0]).toMatchObject({
      name: 'HTTP',
      attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'patch' },
    });
  });

  test('an IPv6 address has no brackets, and a port is a number', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    await (await fetch('http://[::1]:8080/')).text();
    expect(attempts()[0]?.attributes).toMatchObject({ 'server.address': '::1', 'server.port': 8080 });
  });

  test('a template goes into the name, a path never does', async () => {
    const telemetry = { urlTemplate: () => '/charges/{id}' };
    const { fetch } = harness({ fetch: answering(200), telemetry });
    await (await fetch(`${url}/42`)).text();
    expect(attempts()[0]).toMatchObject({
      name: 'GET /charges/{id}',
      attributes: { 'url.template': '/charges/{id}' },
    });
  });

  test('headers only by allow-list', async () => {
    const telemetry = { requestHeaders: ['x-tenant'], responseHeaders: ['x-shard'] };
    const answer = () => new Response('{}', { headers: { 'X-Shard': '7', 'X-Other': '8' } });
    const { fetch } = harness({ fetch: answering(answer), telemetry });
    await (await fetch(url, { headers: { 'X-Tenant': 'kelp', 'X-Else': 'no' } })).text();
    const headers = Object.entries(attempts()[0]?.attributes ?? {}).filter(([key]) =>
      key.includes('.header.'),
    );
    expect(headers).toEqual([
      ['http.request.header.x-tenant', ['kelp']],
      ['http.response.header.x-shard', ['7']],
    ]);
  });

  test('a header that holds a secret is refused at construction', () => {
    expect(() => harness({ telemetry: { requestHeaders: ['authorization'] } })).toThrow(
      '`telemetry.requestHeaders[0]` should be a header without secrets, got "authorization".',
    );
  });

  test('credentials and signatures are not in url.full', async () => {
    const { fetch } = harness({ fetch: answering(networkError('ECONNREFUSED')), retry: false });
    await fetch('https://user:pass@payments.test/?X-Amz-Signature=abc&page=2').catch(() => {});
    expect(attempts()[0]?.attributes['url.full']).toBe(
      'https://REDACTED:REDACTED@payments.test/?X-Amz-Signature=REDACTED&page=2',
    );
  });
});

describe('the context', () => {
  const traceparentsOf = async (
    options: Parameters<typeof harness>[0],
    init: RequestInit = {},
    target = url,
  ) => {
    const { fetch, transport } = harness(options);
    const call = fetch(target, init);
    const sent: Headers[] = [];
    for (const status of [503, 200]) {
      const attempt = await transport.next();
      sent.push(new Headers(attempt.init?.headers ?? (attempt.input as Request).headers));
      attempt.respond(statusResponse(status));
    }
    await (await call).text();
    return sent;
  };

  test('goes along with each attempt, as that of its own span', async () => {
    const sent = await traceparentsOf({}, { headers: { 'X-Tenant': 'kelp' } });
    expect(sent.map(headers => headers.get('traceparent'))).toEqual(
      attempts().map(span => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`),
    );
    expect(sent.map(headers => headers.get('x-tenant'))).toEqual(['kelp', 'kelp']);
  });

  test("keeps the headers of a Request, and replaces what the caller's own traceparent said", async () => {
    const headers = { traceparent: 'nonsense', Accept: 'text/plain' };
    const sent = await traceparentsOf({}, {}, new Request(url, { headers }) as unknown as string);
    expect(sent.map(each => each.get('accept'))).toEqual(['text/plain', 'text/plain']);
    expect(sent[0]?.get('traceparent')).toMatch(/^00-/);
  });

  test('takes baggage along', async () => {
    const baggage = propagation.createBaggage({ tenant: { value: 'kelp' } });
    const sent = await context.with(propagation.setBaggage(context.active(), baggage), () =>
      traceparentsOf({}),
    );
    expect(sent[1]?.get('baggage')).toBe('tenant=kelp');
  });

  test.each<[string, boolean | (() => boolean)]>([
    ['false', false],
    ['a function that says no', () => false],
    [
      'a function that throws',
      () => {
        throw new Error('no');
      },
    ],
  ])('stays at home with propagate: %s', async (_, propagate) => {
    const sent = await traceparentsOf({ telemetry: { propagate } });
    expect(sent.map(headers => headers.get('traceparent'))).toEqual([null, null]);
  });

  test('is active while the transport runs, in every attempt', async () => {
    const active: (string | undefined)[] = [];
    let attempt = 0;
    const transport = async () => {
      active.push(trace.getActiveSpan()?.spanContext().spanId);
      await Promise.resolve();
      active.push(trace.getActiveSpan()?.spanContext().spanId);
      return statusResponse(attempt++ === 0 ? 503 : 200);
    };
    const { fetch } = harness({ fetch: transport });
    const call = fetch(url);
    await (await call).text();
    const [first, second] = attempts().map(span => span.spanContext().spanId);
    expect(active).toEqual([first, first, second, second]);
  });
});

test('a response that is dropped unread is still collected, and ends its spans', async () => {
  const { fetch } = harness({ fetch: async () => new Response('unread'), leaseMs: Number.POSITIVE_INFINITY });
  await (async () => void (await fetch(url)))();
  await collected(() => sdk.spans().length === 2);
  expect(sdk.spans()).toHaveLength(2);
});

test('telemetry: false makes no span and adds no header', async () => {
  const { fetch, transport } = harness({ telemetry: false });
  const call = fetch(url);
  const attempt = await transport.next();
  expect(attempt.init?.headers).toBeUndefined();
  attempt.respond(statusResponse(200));
  await (await call).text();
  expect(sdk.spans()).toEqual([]);
});

test('without an SDK nothing is added to what the transport is handed', async () => {
  await sdk.stop();
  const { fetch, transport } = harness();
  const call = fetch(url);
  const attempt = await transport.next();
  expect(Object.keys(attempt.init ?? {})).toEqual(['signal']);
  attempt.respond(statusResponse(200));
  await (await call).text();
});

test('an SDK that comes later is seen', async () => {
  await sdk.stop();
  const { fetch } = harness({ fetch: answering(200) });
  await (await fetch(url)).text();
  sdk = startSdk();
  await (await fetch(url)).text();
  expect(sdk.spans()).toHaveLength(2);
});

describe('a hedged call', () => {
  test('has a span for each attempt, under one call, and both end', async () => {
    const { fetch, transport, clock } = harness({ hedge: { afterMs: 100 } });
    const call = fetch(url);
    await transport.next();
    await clock.advance(100);
    (await transport.next()).respond(statusResponse(200));
    await (await call).text();
    const [parent] = calls();
    expect(attempts().map(span => parentOf(span))).toEqual(Array(2).fill(parent?.spanContext().spanId));
    const hedge = attempts().find(({ attributes }) => attributes['holdfast.hedge'] === true);
    const first = attempts().find(span => span !== hedge);
    expect(hedge?.attributes).toMatchObject({
      'http.request.resend_count': 1,
      'http.response.status_code': 200,
    });
    expect(first?.attributes['error.type']).toBeUndefined();
    expect(first?.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(parent?.attributes).toMatchObject({ 'holdfast.attempts': 2, 'holdfast.retries': 0 });
    expect(parent?.events).toMatchObject([
      { name: 'holdfast.hedge', attributes: { 'holdfast.attempt': 2, 'holdfast.delay_ms': 100 } },
    ]);
  });

  test('says where each attempt went, without secrets', async () => {
    const endpoints = ['https://payments.test', 'https://other.test:8443'];
    const { fetch } = harness({
      fetch: answering(networkError('ECONNRESET'), 200),
      hosts: { 'payments.test': { endpoints } },
    });
    await (await fetch(`${url}?api_key=secret`)).text();
    expect(attempts().map(({ attributes }) => attributes['server.address'])).toEqual([
      'payments.test',
      'other.test',
    ]);
    expect(attempts()[1]?.attributes).toMatchObject({ 'server.port': 8443 });
    expect(attempts()[1]?.attributes['url.full']).toMatch(/^https:\/\/other\.test:8443\/charges\?api_key=/);
    expect(JSON.stringify(attempts().map(({ attributes }) => attributes))).not.toContain('secret');
  });
});
