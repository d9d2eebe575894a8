import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LogFields } from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { harness, url } from '../support/harness.ts';
import { type Sdk, startSdk } from '../support/telemetry.ts';

let sdk: Sdk;
beforeEach(() => {
  sdk = startSdk();
});
afterEach(() => sdk.stop());

const spansNamed = (name: string) => sdk.spans().filter(span => span.name === name);

test('a shared request has one span, under the first call, and the others link to that', async () => {
  const { fetch, transport } = harness({ coalesce: true });
  const calls = [fetch(url), fetch(url), fetch(url)];
  (await transport.next()).respond(new Response('x'));
  for (const response of await Promise.all(calls)) await response.text();
  await transport.expectNone();
  const [request, ...others] = spansNamed('GET');
  expect(others).toEqual([]);
  const ofCalls = spansNamed('holdfast GET');
  const first = ofCalls.find(span => span.spanContext().spanId === request?.parentSpanContext?.spanId);
  const joined = ofCalls.filter(span => span !== first);
  expect(joined).toHaveLength(2);
  for (const { attributes, links } of joined) {
    expect(attributes).toMatchObject({ 'holdfast.coalesced': true, 'holdfast.outcome': 'success' });
    expect(links.map(({ context }) => context.spanId)).toEqual([first?.spanContext().spanId]);
  }
  expect(await sdk.points('holdfast.coalesced_calls')).toMatchObject([{ value: 2 }]);
  expect(await sdk.points('holdfast.attempts')).toMatchObject([{ value: 1 }]);
  expect(await sdk.points('holdfast.calls')).toMatchObject([{ value: 3 }]);
});

test('a retry of a shared request is counted once', async () => {
  const { fetch, transport } = harness({ coalesce: true });
  const calls = [fetch(url), fetch(url)];
  (await transport.next()).respond(new Response('', { status: 503 }));
  (await transport.next()).respond(new Response('x'));
  for (const response of await Promise.all(calls)) await response.text();
  expect(await sdk.points('holdfast.retried_calls')).toMatchObject([{ value: 1 }]);
  expect(await sdk.points('holdfast.recovered_calls')).toMatchObject([{ value: 1 }]);
});

test('a call that a fallback answers is the failure that it was, and the fallback is counted', async () => {
  const { fetch, transport } = harness({ retry: false, fallback: { value: 1, name: 'yesterday' } });
  const call = fetch(url);
  (await transport.next()).fail(networkError('ECONNRESET'));
  await (await call).json();
  await transport.expectNone();
  const [span] = spansNamed('holdfast GET');
  expect(span?.attributes).toMatchObject({ 'holdfast.outcome': 'network_error', 'error.type': 'ECONNRESET' });
  expect(span?.events.map(({ name }) => name)).toEqual(['holdfast.fallback']);
  expect(await sdk.points('holdfast.fallbacks')).toMatchObject([
    { value: 1, attributes: { 'holdfast.reason': 'NETWORK', 'holdfast.outcome': 'success' } },
  ]);
  expect(await sdk.points('holdfast.calls')).toMatchObject([
    { value: 1, attributes: { 'holdfast.outcome': 'network_error' } },
  ]);
});

test('a fallback writes a line, whether it answers or not', async () => {
  const lines: [LogFields, string][] = [];
  const print = (fields: LogFields, message: string) => void lines.push([fields, message]);
  const logger = { debug: print, info: print, warn: print, error: print };
  for (const fallback of [{ value: 1 }, { answer: () => Promise.reject(new Error('no')) }]) {
    const { fetch, transport } = harness({ retry: false, fallback, logger });
    const call = fetch(url).catch(() => {});
    (await transport.next()).fail(networkError('ECONNRESET'));
    await call;
  }
  expect(lines.map(([, message]) => message)).toEqual([
    'answered by the fallback "fallback"',
    'call failed: network_error',
    'the fallback "fallback" has not answered',
    'call failed: network_error',
  ]);
  expect(lines[0]?.[0]).toMatchObject({ fallback: 'fallback', error: 'NETWORK' });
});
