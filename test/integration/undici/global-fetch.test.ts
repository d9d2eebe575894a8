/** A fetch over undici that was made the global one by hand, and what others put over it. */
import { createServer } from 'node:http';
import { http, passthrough } from 'msw';
import { setupServer } from 'msw/node';
import { afterEach, describe, expect, test } from 'vitest';
import { createFetch } from '../../../src/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';
import { Listening } from '../../support/listening.ts';

const original = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = original;
});

const startServer = (): Promise<Listening> =>
  Listening.on(createServer((_, response) => void response.end('real')));

/** What is sent by undici, and what only Node's own `fetch` does. */
const calls: Record<string, (url: string) => Promise<Response>> = {
  'a plain call': url => fetch(url),
  'one past the caches': url => fetch(url, { cache: 'no-store' }),
  'one for a data: URL': () => fetch('data:,real'),
};

describe.each(Object.entries(calls))('%s is answered', (_, call) => {
  test('under a wrapper', async () => {
    await using server = await startServer();
    await using ours = createFetch({ transport: undici(), retry: false });
    globalThis.fetch = ours as typeof fetch;
    let wrapped = 0;
    globalThis.fetch = (...args: Parameters<typeof fetch>) => {
      wrapped++;
      return wrapped === 1 ? ours(...args) : Promise.reject(new Error('round in a circle'));
    };
    expect(await (await call(`http://127.0.0.1:${server.port}/`)).text()).toBe('real');
    expect(wrapped).toBe(1);
  });

  test('under msw', async () => {
    await using server = await startServer();
    await using ours = createFetch({ transport: undici(), retry: false });
    globalThis.fetch = ours as typeof fetch;
    const url = `http://127.0.0.1:${server.port}/`;
    const mock = setupServer(http.get(url, () => passthrough()));
    mock.listen();
    try {
      expect(await (await call(url)).text()).toBe('real');
    } finally {
      mock.close();
    }
  });
});
