import { createServer, type ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createFetch } from '../../src/index.ts';
import { Listening } from '../support/listening.ts';

/** The server is the witness: how many requests were open at once, from their first byte to the last of the answer. */
describe('a bulkhead, on real sockets', () => {
  test('never has more requests open than it has permits, bodies included', async () => {
    let open = 0;
    let most = 0;
    let seen = 0;
    const held: ServerResponse[] = [];
    const server = createServer((request, response) => {
      seen++;
      most = Math.max(most, ++open);
      request.resume();
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.write('first half, ');
      held.push(response);
      // The other half comes when so many are open as will be, or the last ones are.
      if (open === 4 || seen === 60) setImmediate(finishAll);
    });
    const finishAll = () => {
      for (const response of held.splice(0)) {
        // Before the last byte leaves: what the client has in hand then is no longer open here.
        open--;
        response.end('second half');
      }
    };
    await using address = await Listening.on(server);
    const origin = `http://127.0.0.1:${address.port}`;
    await using fetch = createFetch({ bulkhead: { maxConcurrent: 4, maxQueued: 100 }, retry: false });
    const texts = await Promise.all(
      Array.from({ length: 60 }, async (_, call) => (await fetch(`${origin}/${call}`)).text()),
    );
    expect(new Set(texts)).toEqual(new Set(['first half, second half']));
    expect(seen).toBe(60);
    expect(most).toBe(4);
    expect(fetch.hosts.get(origin)?.bulkhead).toMatchObject({ inUse: 0, waiting: 0 });
  });

  test('a call that is aborted while it waits never reaches the server', async () => {
    const paths: (string | undefined)[] = [];
    const answers: ServerResponse[] = [];
    const arrived = Promise.withResolvers<void>();
    const server = createServer((request, response) => {
      paths.push(request.url);
      answers.push(response);
      if (request.url === '/first') arrived.resolve();
      else response.end();
    });
    await using address = await Listening.on(server);
    const origin = `http://127.0.0.1:${address.port}`;
    await using fetch = createFetch({ bulkhead: { maxConcurrent: 1 }, retry: false });
    const first = fetch(`${origin}/first`);
    await arrived.promise;
    const controllers = Array.from({ length: 20 }, () => new AbortController());
    const waiting = controllers.map(({ signal }, call) => fetch(`${origin}/${call}`, { signal }));
    for (const controller of controllers) controller.abort('gone');
    const settled = await Promise.allSettled(waiting);
    expect(settled.every(each => each.status === 'rejected' && each.reason === 'gone')).toBe(true);
    answers[0]?.end();
    await (await first).text();
    await (await fetch(`${origin}/last`)).text();
    expect(paths).toEqual(['/first', '/last']);
  });
});
