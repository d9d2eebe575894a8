/** The packed package in the bundles of those who make pages, and such a bundle in a page. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScratchProject } from '../support/scratch-project.ts';
import { bundlers } from './support/bundlers.ts';
import { openBrowser, serve } from './support/page.ts';

/** What is good for a page too. The others need Node, and say so. */
const doors = [
  'holdfast',
  'holdfast/contract',
  'holdfast/cache',
  'holdfast/chaos',
  'holdfast/check',
  'holdfast/oauth2',
  'holdfast/testing',
];

/** Sends one call to a server that fails it at first, and says what became of it. */
const app = `
  import { createFetch, responseInfo } from 'holdfast';
  import { createApi, defineContract, endpoint, json, schema } from 'holdfast/contract';
  import { httpCache } from 'holdfast/cache';

  const events = [];
  const fetch = createFetch({ observe: event => events.push(event.type), cache: {}, cacheStore: httpCache() });
  const response = await fetch('/flaky');
  const text = await response.text();
  const { attempts } = responseInfo(response);
  const circuit = fetch.hosts.get(location.origin).circuitBreaker.state;
  globalThis.story = { text, statuses: attempts.map(({ status }) => status), circuit, retries: events.filter(type => type === 'retry').length };
`;

let project: ScratchProject;
let browser: Browser;

beforeAll(async () => {
  project = new ScratchProject(['lru-cache', 'http-cache-semantics', 'oauth4webapi']);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  project?.[Symbol.dispose]();
});

describe.each(Object.entries(bundlers))('%s', (name, bundle) => {
  test('takes every door that a page may use without a warning', async () => {
    const names = doors.map((_, index) => `door${index}`);
    const imports = doors.map((door, index) => `import * as door${index} from '${door}';`);
    const entry = project.write(
      `${name}-all.js`,
      `${imports.join('\n')}\nglobalThis.doors = [${names.join(', ')}];`,
    );
    const { warnings, modules } = await bundle(entry, false);
    expect(warnings).toEqual([]);
    expect(
      modules.filter(path => /node_modules\/(?:opossum|p-retry|events)\/|^node:|external/.test(path)),
    ).toEqual([]);
    expect(modules.length).toBeGreaterThan(100);
  });

  test('makes a bundle that retries in a browser', async () => {
    const { code, warnings } = await bundle(project.write(`${name}-app.js`, app));
    expect(warnings).toEqual([]);
    let requests = 0;
    await using server = await serve(({ url }, response) => {
      if (url === '/bundle.js') return response.setHeader('content-type', 'text/javascript').end(code);
      if (url === '/flaky')
        return ++requests === 1 ? response.writeHead(503).end() : response.end('well again');
      response.setHeader('content-type', 'text/html').end('<script type="module" src="/bundle.js"></script>');
    });
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', error => complaints.push(error.message));
    await page.goto(server.url);
    const story = await page.waitForFunction(() => (globalThis as { story?: unknown }).story);
    expect(await story.jsonValue()).toEqual({
      text: 'well again',
      statuses: [503, 200],
      circuit: 'closed',
      retries: 1,
    });
    expect(complaints).toEqual([]);
    expect(requests).toBe(2);
    await page.close();
  });
});
