import { afterEach, beforeEach, expect, test } from 'vitest';
import { chaos } from '../../src/chaos/index.ts';
import { createFetch } from '../../src/index.ts';
import { type Sdk, startSdk } from '../support/telemetry.ts';

let sdk: Sdk;
beforeEach(() => {
  sdk = startSdk();
});
afterEach(() => sdk.stop());

test('the span of an attempt says what was injected, and a log line too', async () => {
  const lines: object[] = [];
  const log = (fields: object, message: string) => void lines.push({ ...fields, message });
  const fetch = createFetch({
    retry: false,
    policies: [chaos({ faults: [{ type: 'latency', delayMs: 0 }, { type: 'refused' }] })],
    logger: { debug: log, info: log, warn: log, error: log },
  });
  await fetch('https://payments.test/').catch(() => {});
  const span = sdk.spans().find(({ name }) => name === 'GET');
  expect(span?.attributes).toMatchObject({
    'holdfast.chaos': ['latency', 'refused'],
    'error.type': 'ECONNREFUSED',
  });
  expect(lines).toContainEqual(
    expect.objectContaining({
      message: 'chaos in attempt 1: latency, refused',
      faults: ['latency', 'refused'],
    }),
  );
});
