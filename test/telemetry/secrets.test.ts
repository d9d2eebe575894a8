import { fc, test } from '@fast-check/vitest';
import { afterAll, beforeAll, expect, test as plainTest } from 'vitest';
import { explain, HoldfastError, type LogFields } from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { type Answer, answering } from '../support/answering.ts';
import { harness } from '../support/harness.ts';
import { type Sdk, startSdk } from '../support/telemetry.ts';

let sdk: Sdk;
beforeAll(() => {
  sdk = startSdk();
});
afterAll(() => sdk.stop());

const secret = 'hunter2';

/** URLs and headers, each with a secret where one may stand. */
const nastyUrls = fc.constantFrom(
  `https://user:${secret}@a.test/`,
  `https://${secret}@a.test/`,
  `https://${secret}:@a.test/x`,
  `https://a.test/?X-Amz-Signature=${secret}`,
  `https://a.test/?x-amz-security-token=${secret}&page=1`,
  `https://a.test/?page=1&sig=${secret}#top`,
  `https://a.test/?SIGNATURE=${secret}`,
  `https://a.test/#access_token=${secret}`,
  `https://a.test/?api_key=${secret}`,
  `https://a.test/?client_secret=${secret}`,
  `https://user%40corp:${secret}@a.test:8443/?token=${secret}`,
  `https://a.test/accounts/${secret}/charges`,
  `https://a.test/accounts/${secret}?password=${secret}`,
);
const nastyHeaders = fc.constantFrom<Record<string, string>>(
  {},
  { Authorization: `Bearer ${secret}` },
  { Cookie: `session=${secret}` },
  { 'Idempotency-Key': secret },
  { 'X-Api-Key': secret },
);
const answers = fc.array(
  fc.constantFrom<Answer>(200, 404, 503, networkError('ECONNRESET'), networkError('ECONNREFUSED')),
  { minLength: 1, maxLength: 3 },
);

/** What `fetch` itself says of a URL with credentials goes to the caller as it is. */
const storyOf = (error: unknown) =>
  error instanceof HoldfastError ? [error.message, error.stack, error, explain(error)] : [];

const redact = (url: string) => url.replace(/\/accounts\/[^/?#]+/, '/accounts/REDACTED');

test.prop([nastyUrls, nastyHeaders, answers, fc.constantFrom('GET', 'POST')])(
  'no secret leaves in a span, a metric, a log line, an event or an error',
  async (url, headers, given, method) => {
    const lines: [LogFields, string][] = [];
    const write = (fields: LogFields, message: string) => void lines.push([fields, message]);
    const logger = { debug: write, info: write, warn: write, error: write };
    const { fetch, events } = harness({ fetch: answering(...given), logger, redact });
    const result = await fetch(url, { method, headers }).catch(error => error);
    if (result instanceof Response) await result.text();
    const shown = [
      ...sdk.spans().flatMap(span => [span.name, span.attributes, span.events, span.status]),
      ...(await sdk.series()),
      lines,
      events.map(event => ({ ...event, call: 'call' in event && { ...event.call, url: event.call?.url } })),
      result instanceof Response ? explain(result) : storyOf(result),
    ];
    await fetch.close();
    expect(JSON.stringify(shown)).not.toContain(secret);
  },
);

plainTest('a `redact` that throws leaves the origin', async () => {
  const redact = () => {
    throw new Error('no');
  };
  const { fetch, events } = harness({ fetch: answering(200), redact });
  await (await fetch('https://a.test/accounts/1?page=2')).text();
  expect(events[0]).toMatchObject({ call: { url: 'https://a.test' } });
});
