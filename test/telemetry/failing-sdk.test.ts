import { context, defaultTextMapGetter, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { afterEach, expect, test } from 'vitest';
import { answering } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { type Sdk, startSdk } from '../support/telemetry.ts';

let sdk: Sdk | undefined;
afterEach(() => sdk?.stop());

const fail = () => {
  throw new Error('processor at fault');
};
const quiet: SpanProcessor = {
  onStart() {},
  onEnd() {},
  shutdown: async () => {},
  forceFlush: async () => {},
};

test.each<[string, SpanProcessor]>([
  ['a processor that throws when a span starts', { ...quiet, onStart: fail }],
  ['a processor that throws when a span ends', { ...quiet, onEnd: fail }],
])('%s breaks no call', async (_, processor) => {
  sdk = startSdk({ processor });
  const { fetch } = harness({ fetch: answering(503, 200) });
  const response = await fetch(url);
  await response.text();
  expect(response.status).toBe(200);
});

test('an exporter that never comes back holds no call up', async () => {
  const exporter: SpanExporter = { export() {}, shutdown: async () => {}, forceFlush: async () => {} };
  sdk = startSdk({
    processor: new BatchSpanProcessor({
      exporter,
      maxExportBatchSize: 1,
      maxQueueSize: 4,
      exportTimeoutMillis: 10,
    }),
  });
  const { fetch } = harness({ fetch: answering(200) });
  for (let call = 0; call < 50; call++) expect((await fetch(url)).status).toBe(200);
  await expect(fetch.close()).resolves.toBeUndefined();
  // The SDK itself gives up on such an exporter by rejecting.
  await sdk.stop().catch(() => {});
  sdk = undefined;
});

test.each([
  '',
  'nonsense',
  `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
  `00-${'g'.repeat(32)}-1-1`,
])('a malformed trace context that came in (%j) begins a new trace', async traceparent => {
  sdk = startSdk();
  const inbound = propagation.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter);
  const { fetch } = harness({ fetch: answering(200) });
  await context.with(inbound, async () => (await fetch(url)).text());
  expect(sdk.spans().map(span => span.spanContext().traceId)).toEqual([
    expect.stringMatching(/^(?!0{32})[0-9a-f]{32}$/),
    expect.stringMatching(/^(?!0{32})[0-9a-f]{32}$/),
  ]);
});
