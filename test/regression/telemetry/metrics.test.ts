import { metrics, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFetch } from '../../../src/index.ts';
import { Tally } from '../../../src/telemetry/tally.ts';
import { settled } from '../../../src/testing/virtual-clock.ts';
import { answering, statusResponse } from '../../support/answering.ts';
import { collected } from '../../support/garbage.ts';
import { harness, url } from '../../support/harness.ts';
import { type Sdk, startSdk } from '../../support/telemetry.ts';

let sdk: Sdk;
beforeEach(() => {
  sdk = startSdk();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await sdk.stop();
});

const circuitBreaker = { consecutiveFailures: 1, minimumSilenceMs: 0, openJitterRatio: 0 };
const states = async () =>
  Object.fromEntries(
    (await sdk.points('holdfast.breaker_state')).map(({ attributes, value }) => [
      attributes['holdfast.breaker.state'],
      value,
    ]),
  );

describe('an SDK that throws breaks no call:', () => {
  test('a tracer provider without a tracer', async () => {
    const getTracer = () => {
      throw new Error('provider at fault');
    };
    trace.disable();
    trace.setGlobalTracerProvider({ getTracer });
    const { fetch } = harness({ fetch: answering(200) });
    expect((await fetch(url)).status).toBe(200);
  });

  test('a meter provider without a meter', async () => {
    const getMeter = () => {
      throw new Error('provider at fault');
    };
    metrics.disable();
    const { fetch } = harness({ fetch: answering(200) });
    metrics.setGlobalMeterProvider({ getMeter });
    expect((await fetch(url)).status).toBe(200);
  });
});

test('500 hosts do not run into the limit of the SDK', async () => {
  const { fetch } = harness({ fetch: answering(200) });
  for (let index = 0; index < 600; index++) await (await fetch(`https://host-${index}.test/`)).text();
  const points = await sdk.points('holdfast.breaker_state');
  await fetch.close();
  expect(points.filter(({ attributes }) => attributes['otel.metric.overflow'])).toEqual([]);
});

test('a circuit whose policy is gone is not open any more', async () => {
  const { fetch, clock } = harness({ fetch: answering(500, 200), retry: false, circuitBreaker });
  await (await fetch(url)).text();
  fetch.update({ circuitBreaker: false });
  await (await fetch(url)).text();
  await clock.advance(600_000);
  const seen = await states();
  await fetch.close();
  expect(seen.open ?? 0).toBe(0);
  expect(seen['half-open'] ?? 0).toBe(0);
});

test('a status is a number, as the conventions define the attribute', async () => {
  const { fetch } = harness({ fetch: answering(() => statusResponse(503, { 'Retry-After': '60' })) });
  await (await fetch(url)).text();
  const [point] = await sdk.points('holdfast.host_pauses');
  await fetch.close();
  expect(point?.attributes['http.response.status_code']).toBe(503);
});

test('codes of somebody’s own make no series without bound', () => {
  const tally = new Tally(['holdfast.host', 'holdfast.reason']);
  for (let index = 0; index < 5_000; index++) tally.count('https://a.test', `E_${index}`);
  const seen: number[] = [];
  tally.observe({ observe: count => void seen.push(count) });
  expect(seen.length).toBeLessThanOrEqual(2_000);
  expect(seen.reduce((sum, count) => sum + count)).toBe(5_000);
});

test('what a person does to a circuit counts, also with an SDK that came after the client and before its first call', async () => {
  await sdk.stop();
  const { fetch } = harness({ fetch: answering(200) });
  sdk = startSdk();
  fetch.hosts.for(url).circuitBreaker.isolate();
  const points = await sdk.points('holdfast.breaker_transitions');
  await fetch.close();
  expect(points).toHaveLength(1);
});

test('clients that are forgotten leave nothing behind, with no SDK at all', async () => {
  await sdk.stop();
  const make = async (count: number) => {
    for (let index = 0; index < count; index++) {
      createFetch();
      if (index % 1_000 === 0) await settled();
    }
    await collected(() => false, 10);
  };
  await make(2_000);
  const before = process.memoryUsage().heapUsed;
  await make(40_000);
  const perClient = (process.memoryUsage().heapUsed - before) / 40_000;
  expect(perClient).toBeLessThan(16);
});

test('an empty list of known methods is as good as none', async () => {
  vi.resetModules();
  vi.stubEnv('OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS', '');
  const { methodLabel } = await import('../../../src/telemetry/attributes.ts');
  vi.unstubAllEnvs();
  expect(methodLabel('GET')).toBe('GET');
});
