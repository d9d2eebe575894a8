import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { Agent, type Dispatcher, Dispatcher1Wrapper, MockAgent, RetryAgent } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ClosedError, createFetch, NetworkError } from '../../../src/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';
import { Listening } from '../../support/listening.ts';
import { rejection } from '../../support/rejection.ts';

let listening: Listening;
let url: string;
let held: ServerResponse[] = [];
let statuses: number[] = [];
const server = createServer((request, response) => {
  if (request.url === '/held') {
    held.push(response);
    server.emit('held');
    return;
  }
  response.writeHead(statuses.shift() ?? 200).end('{}');
});

beforeAll(async () => {
  listening = await Listening.on(server);
  url = `http://127.0.0.1:${listening.port}/`;
});

afterAll(() => listening[Symbol.asyncDispose]());

beforeEach(() => {
  held = [];
  statuses = [];
});

describe('a dispatcher of the caller’s own', () => {
  test('sends, and stays open when the fetch is closed', async () => {
    const dispatcher = new Agent({ connections: 1 });
    const fetch = createFetch({ transport: undici({ dispatcher }) });
    await (await fetch(url)).text();
    await fetch.close();
    expect([dispatcher.closed, dispatcher.destroyed]).toEqual([false, false]);
    await dispatcher.close();
  });

  test('may be composed', async () => {
    statuses = [503, 503, 200];
    const agent = new Agent();
    const dispatcher = new RetryAgent(agent, { minTimeout: 1, maxTimeout: 1 }).compose(
      dispatch => (options, handler) => dispatch({ ...options, path: '/composed' }, handler),
    );
    await using fetch = createFetch({ transport: undici({ dispatcher }), retry: false });
    await (await fetch(url)).text();
    expect(statuses).toEqual([]);
    await agent.close();
  });

  test('may be one for tests', async () => {
    const dispatcher = new MockAgent();
    dispatcher.disableNetConnect();
    dispatcher
      .get('http://mocked.test')
      .intercept({ path: '/a', method: 'POST', body: '{"n":1}' })
      .reply(201, { ok: true }, { headers: { 'x-mocked': 'yes' } });
    await using fetch = createFetch({ transport: undici({ dispatcher }), retry: false });
    const response = await fetch('http://mocked.test/a', { method: 'POST', body: '{"n":1}' });
    expect([response.status, response.headers.get('x-mocked')]).toEqual([201, 'yes']);
    expect(await response.json()).toEqual({ ok: true });
    const controller = new AbortController();
    const unknown = fetch('http://mocked.test/b', { signal: controller.signal });
    await expect(unknown).rejects.toThrow(TypeError);
    await dispatcher.close();
  });

  test('that was closed is an error of the call', async () => {
    const dispatcher = new Agent();
    await dispatcher.close();
    await using fetch = createFetch({ transport: undici({ dispatcher }), retry: false });
    expect(await rejection(NetworkError, fetch(url))).toMatchObject({ sent: 'no' });
  });
});

describe('a dispatcher given with a call', () => {
  /** Wrapped for the `fetch` of Node, which is of an older undici. */
  const counting = (agent: Agent): { dispatcher: Dispatcher; seen: string[] } => {
    const seen: string[] = [];
    const counted = agent.compose(dispatch => (options, handler) => {
      seen.push(options.path);
      return dispatch(options, handler);
    });
    return { dispatcher: new Dispatcher1Wrapper(counted), seen };
  };

  test('sends that call, as with `fetch`', async () => {
    const agent = new Agent();
    const { dispatcher, seen } = counting(agent);
    await using fetch = createFetch({ transport: undici() });
    const init: RequestInit & { dispatcher: Dispatcher } = { dispatcher };
    expect(await (await fetch(url, init)).text()).toBe('{}');
    await (await fetch(url)).text();
    expect(seen).toEqual(['/']);
    await agent.close();
  });

  test('is not seen in a `Request` that was made with it, which keeps it to itself', async () => {
    const agent = new Agent();
    const { dispatcher, seen } = counting(agent);
    await using fetch = createFetch({ transport: undici() });
    const init: RequestInit & { dispatcher: Dispatcher } = { dispatcher };
    expect(await (await fetch(new Request(url, init))).text()).toBe('{}');
    expect(seen).toEqual([]);
    expect(await (await fetch(new Request(url), init)).text()).toBe('{}');
    expect(seen).toEqual(['/']);
    await agent.close();
  });

  test('is refused where a guard looks at addresses, which it would go past', async () => {
    const agent = new Agent();
    const { dispatcher, seen } = counting(agent);
    await using fetch = createFetch({ transport: undici({ guard: { allow: ['127.0.0.1'] } }), retry: false });
    const init: RequestInit & { dispatcher: Dispatcher } = { dispatcher };
    await expect(fetch(url, init)).rejects.toThrow('`dispatcher` of a call goes past the `guard`');
    expect(seen).toEqual([]);
    await agent.close();
  });
});

describe('fetches that share a transport', () => {
  test('share its connections, which close with the last of them', async () => {
    const before = listening.sockets.length;
    const transport = undici({ maxConnections: 1 });
    const [one, other] = [createFetch({ transport }), createFetch({ transport })];
    await (await one(url)).text();
    await (await other(url)).text();
    await one.close();
    await (await other(url)).text();
    expect(listening.sockets.length).toBe(before + 1);
    expect(listening.open).toBe(1);
    await other.close();
    await listening.deserted();
  });

  test('a call of one that is open while the other closes goes on', async () => {
    const transport = undici();
    const [one, other] = [createFetch({ transport }), createFetch({ transport })];
    const isHeld = once(server, 'held');
    const call = other(`${url}held`);
    await isHeld;
    await one.close();
    held[0]?.end('{}');
    expect((await call).status).toBe(200);
    await other.close();
  });
});

describe('close', () => {
  test('ends the open calls of a fetch, and their connections', async () => {
    const fetch = createFetch({ transport: undici() });
    const isHeld = once(server, 'held');
    const ended = rejection(ClosedError, fetch(`${url}held`));
    await isHeld;
    await fetch.close();
    await ended;
    await listening.deserted();
    await rejection(ClosedError, fetch(url));
  });

  test('of a transport waits for what is under way, and a call afterwards opens new connections', async () => {
    const transport = undici();
    const fetch = createFetch({ transport });
    const isHeld = once(server, 'held');
    const call = fetch(`${url}held`);
    await isHeld;
    let isClosed = false;
    const closing = transport.close().then(() => {
      isClosed = true;
    });
    expect((await fetch(url)).status).toBe(200);
    expect(isClosed).toBe(false);
    held[0]?.end('{}');
    expect((await call).status).toBe(200);
    await closing;
    await fetch.close();
    await listening.deserted();
  });

  test('twice, or of a transport that has sent nothing, is nothing', async () => {
    const transport = undici();
    await transport.close();
    await transport.close();
    await transport[Symbol.asyncDispose]();
  });
});
