import { SpanKind } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogFields, Logger } from '../../../src/index.ts';
import { networkError } from '../../../src/testing/index.ts';
import { answering, statusResponse } from '../../support/answering.ts';
import { harness, url } from '../../support/harness.ts';
import { type Sdk, startSdk } from '../../support/telemetry.ts';

let sdk: Sdk;
beforeEach(() => {
  sdk = startSdk();
});
afterEach(() => sdk.stop());

const outcomes = async (metric: string) =>
  (await sdk.points(metric)).map(({ attributes, value }) => [attributes['holdfast.outcome'], value]);
const total = async (metric: string) =>
  (await sdk.points(metric)).reduce((sum, { value }) => sum + (value as number), 0);

type Line = readonly [level: string, message: string, fields: LogFields];
function recorder(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: LogFields, message: string) =>
    void lines.push([level, message, fields]);
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

describe('a call that its caller gives up during a back-off', () => {
  async function giveUp(reason: unknown, logger = recorder()) {
    const { fetch, clock } = harness({ fetch: answering(503), random: () => 0.99, logger });
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal }).catch(error => error);
    await clock.advance(1);
    controller.abort(reason);
    await call;
    return logger;
  }

  test('is counted as cancelled', async () => {
    await giveUp(undefined);
    expect(await outcomes('holdfast.calls')).toEqual([['cancelled', 1]]);
  });

  test('is no error in the log', async () => {
    const { lines } = await giveUp(undefined);
    expect(lines.at(-1)?.slice(0, 2)).toEqual(['info', 'call given up by its caller']);
  });

  test('its reason makes no series', async () => {
    const named = (name: string) => Object.assign(new Error('enough'), { name });
    for (let index = 0; index < 5; index++) await giveUp(named(`user ${index}`));
    expect(await outcomes('holdfast.calls')).toEqual([['cancelled', 5]]);
  });

  test('by close() too', async () => {
    const { fetch, clock } = harness({ fetch: answering(503), random: () => 0.99 });
    const call = fetch(url).catch(error => error);
    await clock.advance(1);
    await fetch.close();
    await call;
    expect(await outcomes('holdfast.calls')).toEqual([['cancelled', 1]]);
  });
});

test('a call that a retry saved with a 404 counts as recovered, as in the counters of its host', async () => {
  const logger = recorder();
  const { fetch } = harness({ fetch: answering(503, 404), logger });
  await (await fetch(url)).text();
  expect(fetch.hosts.get('payments.test')?.counters.recoveredCalls).toBe(1);
  expect(await total('holdfast.recovered_calls')).toBe(1);
  expect(logger.lines.at(-1)?.[1]).toBe('call recovered after 2 attempts');
});

describe('an attempt that was given up while it waited for a paused host', () => {
  async function giveUpInPause() {
    const { fetch, clock, transport } = harness({ retry: false });
    const first = fetch(url);
    (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
    await (await first).text();
    const controller = new AbortController();
    const call = fetch(url, { signal: controller.signal }).catch(error => error);
    await clock.advance(1_000);
    controller.abort();
    await call;
    return fetch;
  }

  test('was not sent: counters of the host, spans and metrics agree', async () => {
    const fetch = await giveUpInPause();
    expect(fetch.hosts.get('payments.test')?.counters.attempts).toBe(1);
    expect(sdk.spans().filter(({ kind }) => kind === SpanKind.CLIENT)).toHaveLength(1);
    expect(await total('holdfast.attempts')).toBe(1);
  });

  test('its call says so', async () => {
    await giveUpInPause();
    const [, call] = sdk.spans().filter(({ kind }) => kind === SpanKind.INTERNAL);
    expect(call?.attributes['holdfast.attempts']).toBe(0);
  });
});

test('one attribute has one vocabulary: the outcome of a call on its span is that of its metric', async () => {
  const { fetch } = harness({ fetch: answering(500), retry: false });
  await (await fetch(url)).text();
  const call = sdk.spans().find(({ kind }) => kind === SpanKind.INTERNAL);
  const [[ofMetric] = []] = await outcomes('holdfast.calls');
  expect(call?.attributes['holdfast.outcome']).toBe(ofMetric);
});

test('a call whose body broke off has no span that says success and error at once', async () => {
  const { fetch } = harness({
    fetch: answering(
      () =>
        new Response(
          new ReadableStream({ pull: c => c.error(networkError('UND_ERR_SOCKET')) }, { highWaterMark: 0 }),
        ),
    ),
    retry: false,
  });
  await (await fetch(url)).text().catch(() => {});
  const call = sdk.spans().find(({ kind }) => kind === SpanKind.INTERNAL);
  expect(call?.attributes).toMatchObject({ 'error.type': 'UND_ERR_SOCKET' });
  expect(call?.attributes['holdfast.outcome']).not.toBe('success');
});
