import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFetch } from '../../../src/index.ts';
import { type Sdk, startSdk } from '../../support/telemetry.ts';

let sdk: Sdk;
let instrumentation: UndiciInstrumentation;
const received: IncomingHttpHeaders[] = [];
const rawTraceparents: number[] = [];
const server = createServer((request, response) => {
  received.push(request.headers);
  rawTraceparents.push(request.rawHeaders.filter(name => name.toLowerCase() === 'traceparent').length);
  response.writeHead(200).end('{}');
});

beforeEach(async () => {
  received.length = 0;
  rawTraceparents.length = 0;
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

test('the global fetch, given by hand: no attempt is counted twice', async () => {
  const ours = createFetch({ random: () => 0, fetch: globalThis.fetch });
  await (await ours(target())).text();
  expect.soft(clientSpans()).toHaveLength(1);
  expect.soft(await counted()).toBe(1);
  expect.soft(rawTraceparents).toEqual([1]);
});

test('an attempt of which the connection is refused is measured once', async () => {
  const port = (server.address() as AddressInfo).port;
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  const ours = createFetch({ retry: false });
  await ours(`http://127.0.0.1:${port}/`).catch(() => {});
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  expect(clientSpans()).toHaveLength(1);
  expect(await counted()).toBe(1);
});
