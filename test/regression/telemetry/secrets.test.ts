import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { redactUrl } from '../../../src/http/redact.ts';
import { answering } from '../../support/answering.ts';
import { harness } from '../../support/harness.ts';

const secret = 'hunter2';

test.each([
  `https://a.test/?%73ig=${secret}`,
  `https://a.test/?X%2DAmz%2DSignature=${secret}`,
  `https://a.test/?access%5Ftoken=${secret}`,
  `https://a.test/?oauth_signature=${secret}`,
  `https://a.test/?token[]=${secret}`,
  `https://a.test/?token%5B%5D=${secret}`,
  `https://a.test/?user[password]=${secret}`,
  `https://a.test/#/callback#access_token=${secret}`,
  `https://a.test/?sessionid=${secret}`,
])('no secret in %s', url => {
  expect(redactUrl(new URL(url).href)).not.toContain(secret);
});

test.each([
  `https://user:p ${secret}@a.test/`,
  `https://user:p"${secret}@a.test/`,
  `https://user:'${secret}@a.test/`,
  `https://user:<${secret}@a.test/`,
])('what fetch says of %s is told without the secret', async url => {
  const transport = (input: string | URL | Request, init?: RequestInit) => fetch(input, init);
  const { fetch: ours, events } = harness({ fetch: transport });
  await ours(url).catch(() => {});
  expect(events.at(-1)?.type).toBe('call-end');
  expect(inspect(events, { depth: 9 })).not.toContain(secret);
});

test('what a transport complains about, in an error of its own class, is told without the secrets in it', async () => {
  const url = `https://a.test/?token=${secret}`;
  const error = Object.assign(new Error(`request to ${url} failed`), { name: 'FetchError' });
  const { fetch, events } = harness({ fetch: answering(error), retry: false });
  await fetch(url).catch(() => {});
  expect(inspect(events, { depth: 9 })).not.toContain(secret);
});
