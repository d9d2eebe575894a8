import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFetch } from '../../src/index.ts';
import { type Sdk, startSdk } from '../support/telemetry.ts';

let sdk: Sdk;
let instrumentation: UndiciInstrumentation;
const received: IncomingHttpHeaders[] = [];
/** How often each request has the header; `headers` shows the first alone. */
const traceparents: number[] = [];
const server = createServer((request, response) => {
  received.push(request.headers);
  traceparents.push(request.rawHeaders.filter(name => name.toLowerCase() === 'traceparent').length);
  response.writeHead(received.length === 1 ? 503 : 200).end('{}');
});

beforeEach(async () => {
  received.length = 0;
  traceparents.length = 0;
  sdk = startSdk();
  instrumentation = new UndiciInstrumentation();
  instrumentation.enable();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  instrumentation.disable();
  await sdk.stop();
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
});

const target = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/kelp`;
const clientSpans = () => sdk.spans().filter(({ kind }) => kind === SpanKind.CLIENT);
const counted = async () => {
  const points = await sdk.points('http.client.request.duration');
  return points.reduce((sum, { value }) => sum + (value as { count: number }).count, 0);
};

test("with undici's own instrumentation registered no attempt is counted twice", async () => {
  const fetch = createFetch({ random: () => 0 });
  await (await fetch(target())).text();
  expect(received).toHaveLength(2);
  expect(clientSpans().map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([
    undefined,
    1,
  ]);
  expect(await counted()).toBe(2);
  expect(received.map(({ traceparent }) => traceparent)).toEqual(
    clientSpans().map(span => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`),
  );
});

test('nor with the global fetch given by hand', async () => {
  const ours = createFetch({ random: () => 0, fetch: globalThis.fetch });
  await (await ours(target())).text();
  expect(clientSpans()).toHaveLength(2);
  expect(await counted()).toBe(2);
  expect(traceparents).toEqual([1, 1]);
});

test('an attempt of which the connection is refused is measured once', async () => {
  const refused = target();
  await new Promise(resolve => server.close(resolve));
  const ours = createFetch({ retry: false });
  await ours(refused).catch(() => {});
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  expect(clientSpans()).toHaveLength(1);
  expect(await counted()).toBe(1);
});

test('what is not ours stays with the instrumentation', async () => {
  const ours = createFetch({ random: () => 0 });
  await (await ours(target())).text();
  await (await fetch(target())).text();
  expect(clientSpans()).toHaveLength(3);
});

test('telemetry: false leaves all of it to the instrumentation', async () => {
  const fetch = createFetch({ random: () => 0, telemetry: false });
  await (await fetch(target())).text();
  expect(clientSpans()).toHaveLength(2);
  expect(await counted()).toBe(2);
});
