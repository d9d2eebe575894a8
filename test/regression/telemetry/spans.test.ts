import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFetch, type Policy } from '../../../src/index.ts';
import { slowBody } from '../../../src/testing/index.ts';
import { answering, statusResponse } from '../../support/answering.ts';
import { collected } from '../../support/garbage.ts';
import { harness, url } from '../../support/harness.ts';
import { type Sdk, startSdk } from '../../support/telemetry.ts';
import { type BasicTracerCounts, counting } from './counting.ts';

let sdk: Sdk;
let counts: BasicTracerCounts;
beforeEach(() => {
  counts = counting();
  sdk = startSdk({ processor: counts.processor });
});
afterEach(() => sdk.stop());
const ofKind = (kind: SpanKind) => counts.ended.filter(span => span.kind === kind);

describe('every span that begins ends', () => {
  test('with headers that fetch refuses', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    await fetch(url, { headers: { 'bad header': 'x' } }).catch(() => {});
    expect(counts.started.length).toBeGreaterThan(0);
    expect(counts.ended).toHaveLength(counts.started.length);
  });

  test('with a propagator that throws', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    vi.spyOn(propagation, 'inject').mockImplementation(() => {
      throw new Error('propagator at fault');
    });
    await (await fetch(url)).text();
    vi.restoreAllMocks();
    expect(counts.ended).toHaveLength(counts.started.length);
    expect(ofKind(SpanKind.CLIENT)).toHaveLength(1);
  });
});

describe('the change of a circuit', () => {
  const circuitBreaker = { consecutiveFailures: 1, minimumSilenceMs: 0, openJitterRatio: 0 };

  test('by a probe is an event of the call that moved it, whoever reads the body', async () => {
    const { fetch, clock, transport } = harness({ retry: false, circuitBreaker });
    const first = fetch(url);
    (await transport.next()).respond(statusResponse(500));
    await (await first).text();
    await clock.advance(1_000);
    const page = trace.getTracer('app').startSpan('page');
    await context.with(trace.setSpan(context.active(), page), async () => {
      const call = fetch(url);
      const body = slowBody();
      (await transport.next()).respond(new Response(body.stream));
      const text = (await call).text();
      body.end();
      await text;
    });
    page.end();
    const eventsOf = (name: string) =>
      counts.ended
        .filter(span => span.name === name)
        .flatMap(({ events }) => events.map(({ attributes }) => attributes?.['holdfast.breaker.state']));
    expect(eventsOf('page')).toEqual([]);
    expect(eventsOf('holdfast GET')).toEqual(['open', 'half-open', 'closed']);
  });

  test('by hand writes on no span that is not ours', async () => {
    const { fetch } = harness({ fetch: answering(200) });
    await (await fetch(url)).text();
    const page = trace.getTracer('app').startSpan('page');
    context.with(trace.setSpan(context.active(), page), () =>
      fetch.hosts.get('payments.test')?.circuitBreaker.isolate(),
    );
    page.end();
    expect(counts.ended.find(({ name }) => name === 'page')?.events).toEqual([]);
  });
});

describe('a policy of somebody’s own', () => {
  const inSpanOfItsOwn: Policy = (call, next) => {
    const tracer = trace.getTracer('app');
    return tracer.startActiveSpan('sign', span => next(call).finally(() => span.end()));
  };

  test('with a span around the attempt is the parent of the attempt', async () => {
    const { fetch } = harness({
      fetch: answering(200),
      policies: [{ policy: inSpanOfItsOwn, outside: 'attemptSpan' }],
    });
    await (await fetch(url)).text();
    const [attempt] = ofKind(SpanKind.CLIENT);
    const sign = counts.ended.find(({ name }) => name === 'sign');
    expect(attempt?.parentSpanContext?.spanId).toBe(sign?.spanContext().spanId);
  });

  test('that sets baggage has it sent along', async () => {
    const policy: Policy = (call, next) => {
      const baggage = propagation.createBaggage({ tenant: { value: 'kelp' } });
      return context.with(propagation.setBaggage(context.active(), baggage), () => next(call));
    };
    const transport = answering(200);
    const { fetch } = harness({ fetch: transport, policies: [{ policy, outside: 'attemptSpan' }] });
    await (await fetch(url)).text();
    expect(transport.requests[0]?.headers.get('baggage')).toBe('tenant=kelp');
  });
});

test('events of a span lie within it, on the clock that was given', async () => {
  const { fetch, clock } = harness({ fetch: answering(503, 200), random: () => 0.5 });
  const call = fetch(url);
  await clock.advance(100);
  await (await call).text();
  const [span] = ofKind(SpanKind.INTERNAL);
  const ns = ([s, n]: readonly [number, number]) => s * 1e3 + n / 1e6;
  expect(span?.events).toHaveLength(1);
  for (const event of span?.events ?? []) {
    expect(ns(event.time)).toBeGreaterThanOrEqual(ns(span?.startTime ?? [0, 0]));
    expect(ns(event.time)).toBeLessThanOrEqual(ns(span?.endTime ?? [0, 0]));
  }
});

describe('attributes', () => {
  test('a HEAD has no body, whatever its content-length says', async () => {
    const answer = () => new Response(null, { headers: { 'content-length': '1234' } });
    const { fetch } = harness({ fetch: answering(answer) });
    await fetch(url, { method: 'HEAD' });
    expect(ofKind(SpanKind.CLIENT)[0]?.attributes).not.toHaveProperty(['http.response.body.size']);
  });

  test('what no one received has no status', async () => {
    const { fetch } = harness({ fetch: answering(() => Response.error()) });
    await fetch(url);
    expect(ofKind(SpanKind.CLIENT)[0]?.attributes).not.toHaveProperty(['http.response.status_code']);
  });

  test('a real body that breaks off has the code of what broke it', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      // Once it has left, so that there are headers to begin with.
      response.write('kelp', () => response.destroy());
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const fetch = createFetch({ retry: false });
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await response.text().catch(() => {});
    server.close();
    expect(ofKind(SpanKind.CLIENT)[0]?.attributes['error.type']).toBe('UND_ERR_SOCKET');
  });

  test('a URL in a header of the allow-list is redacted as any other', async () => {
    const answer = () =>
      new Response('{}', {
        status: 201,
        headers: { location: 'https://files.test/1?X-Amz-Signature=hunter2' },
      });
    const { fetch } = harness({ fetch: answering(answer), telemetry: { responseHeaders: ['location'] } });
    await (await fetch(url)).text();
    expect(JSON.stringify(ofKind(SpanKind.CLIENT)[0]?.attributes)).not.toContain('hunter2');
  });

  test('a list that is changed later changes nothing', async () => {
    const requestHeaders = ['x-tenant'];
    const { fetch } = harness({ fetch: answering(200), telemetry: { requestHeaders } });
    requestHeaders.push('authorization');
    await (await fetch(url, { headers: { Authorization: 'Bearer hunter2' } })).text();
    expect(JSON.stringify(ofKind(SpanKind.CLIENT)[0]?.attributes)).not.toContain('hunter2');
  });
});

test('a response that is kept does not keep its span', async () => {
  const { fetch } = harness({ fetch: answering(200) });
  const response = await fetch(url);
  await response.text();
  const references = counts.ended.map(span => new WeakRef(span));
  counts.ended.length = 0;
  counts.started.length = 0;
  // Not asked in between: who looks at a weak reference keeps what it refers to for that turn.
  await collected(() => false, 20);
  expect(references.map(reference => reference.deref())).toEqual([undefined, undefined]);
  expect(response.status).toBe(200);
});

describe('in a worker of a browser', () => {
  test('the trace context goes to its own origin alone', async () => {
    vi.stubGlobal('WorkerGlobalScope', class {});
    vi.stubGlobal('location', { origin: 'https://shop.test', href: 'https://shop.test/worker.js' });
    const transport = answering(200);
    const { fetch } = harness({ fetch: transport });
    await (await fetch(url)).text();
    vi.unstubAllGlobals();
    expect(transport.requests[0]?.headers.get('traceparent')).toBeNull();
  });
});
