/** What docs/browser.md says of browsers, asked of one. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AttemptRecord, createFetch, NetworkError } from '../../src/index.ts';
import { ScratchProject } from '../support/scratch-project.ts';
import { bundlers } from './support/bundlers.ts';
import { openBrowser, serve } from './support/page.ts';

/** What the page makes known. */
declare const holdfast: { createFetch: typeof createFetch };

let browser: Browser;
let page: Page;
let site: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  using project = new ScratchProject();
  const entry = project.write(
    'page.js',
    `import * as holdfast from 'holdfast'; globalThis.holdfast = holdfast;`,
  );
  const { code } = await bundlers.esbuild!(entry);
  site = await serve(({ url }, response) => {
    if (url === '/bundle.js') response.setHeader('content-type', 'text/javascript').end(code);
    else
      response.setHeader('content-type', 'text/html').end('<script type="module" src="/bundle.js"></script>');
  });
  browser = await openBrowser();
  page = await browser.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => 'holdfast' in globalThis);
});
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

interface Story {
  readonly name: string;
  readonly sent: string;
  readonly attempts: Pick<AttemptRecord, 'status' | 'code' | 'reason' | 'retryAfterMs'>[];
}

/** What becomes of a call from the page. */
const call = (
  url: string,
  init: { method?: string; headers?: Record<string, string> } = {},
): Promise<Story> =>
  page.evaluate(
    async ([url, init]) => {
      const attempts: AttemptRecord[] = [];
      const fetch = holdfast.createFetch({
        retry: { maxRetries: 1, baseDelayMs: 1 },
        totalTimeoutMs: 2_000,
        observe(event) {
          if (event.type === 'call-end') attempts.push(...event.call.attempts);
        },
      });
      const { name, sent } = await fetch(url, init).then(
        () => ({ name: 'none', sent: 'yes' }),
        (error: NetworkError) => ({ name: error.name, sent: error.sent }),
      );
      const told = attempts.map(({ status, code, reason, retryAfterMs }) => ({
        status,
        code,
        reason,
        retryAfterMs,
      }));
      return { name, sent, attempts: told };
    },
    [url, init] as const,
  );

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

test('a browser does not tell how far a refused connection got, so that it may have got there', async () => {
  const url = `http://127.0.0.1:${await closedPort()}/`;
  const failed = { code: undefined, status: undefined, retryAfterMs: undefined };
  expect(await call(url)).toEqual({
    name: 'NetworkError',
    sent: 'maybe',
    attempts: [
      { ...failed, reason: 'retried' },
      { ...failed, reason: 'retries-exhausted' },
    ],
  });
  expect(await call(url, { method: 'POST' })).toMatchObject({
    sent: 'maybe',
    attempts: [{ reason: 'not-repeatable' }],
  });
});

test('what CORS keeps from a page looks like a broken connection, and is retried as one', async () => {
  await using service = await serve((_, response) => response.end('for others'));
  expect(await call(service.url)).toMatchObject({
    name: 'NetworkError',
    attempts: [{ code: undefined }, {}],
  });
});

test.each([
  ['when it is exposed', { 'access-control-expose-headers': 'retry-after' }, 60_000],
  ['and not otherwise', {}, undefined],
])('Retry-After is heard from another origin %s', async (_, headers, retryAfterMs) => {
  await using service = await serve((_, response) => {
    response.writeHead(503, { 'access-control-allow-origin': '*', 'retry-after': '60', ...headers }).end();
  });
  const { attempts } = await call(service.url);
  expect(attempts[0]).toMatchObject({ status: 503, retryAfterMs });
});

test.each([
  ['an Idempotency-Key', { 'idempotency-key': '"7"' }, true],
  ['nothing of ours', undefined, false],
])('whether a request with %s asks first: $2', async (_, headers, asksFirst) => {
  const methods: (string | undefined)[] = [];
  await using service = await serve(({ method }, response) => {
    methods.push(method);
    response
      .writeHead(200, {
        'access-control-allow-origin': '*',
        'access-control-allow-headers': 'idempotency-key',
      })
      .end();
  });
  await call(service.url, { ...(headers && { headers }) });
  expect(methods).toEqual(asksFirst ? ['OPTIONS', 'GET'] : ['GET']);
});
