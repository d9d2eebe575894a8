/**
 * The unreliable service that all runtimes call, on real sockets.
 *
 * `/<id>/<answers>/…`: the answers, with commas between them, are given in turn and the last one again and again. What
 * came is told at `/log/<id>`; with `?until=closed` as soon as the client has closed a connection before its answer was
 * complete. Whatever a browser asks beforehand is allowed, and counted.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a suite finds it. */
export interface Addresses {
  readonly origin: string;
  /** The same service at another origin. */
  readonly other: string;
  /** Nobody listens here. */
  readonly nobody: string;
}

/** A request as the service saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly origin: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  body: string;
  /** Milliseconds since the service was started. */
  readonly at: number;
  /** Whether the client closed the connection before the answer was complete. */
  closed: boolean;
}

export interface Log {
  readonly requests: Seen[];
  readonly preflights: number;
}

interface Story {
  readonly requests: Seen[];
  preflights: number;
  readonly waiting: Set<() => void>;
}

export interface RunningServer extends AsyncDisposable {
  readonly addresses: Addresses;
}

export async function startServer(): Promise<RunningServer> {
  const stories = new Map<string, Story>();
  const handle = (request: IncomingMessage, response: ServerResponse) =>
    void answer(stories, addresses, request, response).catch(() => request.socket.destroy());
  const servers = await Promise.all([listen(handle), listen(handle), listen(handle)]);
  const [first, second, nobody] = servers.map(origin) as [string, string, string];
  const addresses: Addresses = { origin: first, other: second, nobody };
  servers[2].close();
  return {
    addresses,
    async [Symbol.asyncDispose]() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 60_000 }, handle);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

const origin = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function answer(
  stories: Map<string, Story>,
  addresses: Addresses,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://service.test');
  const [, first = '', second = ''] = url.pathname.split('/');
  response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
  response.setHeader('access-control-expose-headers', '*, retry-after, x-id');
  const id = first === 'log' ? second : first;
  const story = storyOf(stories, id);
  // On a connection that has been used before, a runtime may repeat by itself what broke.
  if (!second.startsWith('kept')) response.setHeader('connection', 'close');
  if (request.method === 'OPTIONS') {
    story.preflights++;
    response.writeHead(204, {
      'access-control-allow-methods': '*, GET, HEAD, POST, PUT, DELETE, PATCH',
      'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
      'access-control-max-age': '0',
    });
    response.end();
    return;
  }
  if (first === 'log') {
    if (url.searchParams.get('until') === 'closed') await closing(story);
    const { requests, preflights } = story;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ requests, preflights } satisfies Log));
    return;
  }
  const seen: Seen = {
    method: request.method ?? '',
    path: url.pathname,
    origin: `http://${request.headers.host}`,
    headers: request.headers as Record<string, string>,
    body: '',
    at: performance.now(),
    closed: false,
  };
  const answers = second.split(',');
  const kind = answers[Math.min(story.requests.length, answers.length - 1)] ?? '200';
  story.requests.push(seen);
  response.on('close', () => {
    if (response.writableFinished) return;
    seen.closed = true;
    for (const wake of story.waiting) wake();
  });
  for await (const chunk of request) seen.body += String(chunk);
  await play(kind, url, addresses, seen, request, response);
}

function storyOf(stories: Map<string, Story>, id: string): Story {
  let story = stories.get(id);
  if (!story) {
    story = { requests: [], preflights: 0, waiting: new Set() };
    stories.set(id, story);
  }
  return story;
}

/** Resolves when a client has hung up, and after five seconds in any case. */
async function closing(story: Story): Promise<void> {
  const giveUp = new AbortController();
  const heard = new Promise<void>(resolve => {
    story.waiting.add(resolve);
    if (story.requests.some(({ closed }) => closed)) resolve();
  });
  await Promise.race([heard, sleep(5_000, undefined, { signal: giveUp.signal }).catch(() => {})]);
  giveUp.abort();
}

async function play(
  kind: string,
  url: URL,
  addresses: Addresses,
  seen: Seen,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [name = '', argument = ''] = kind.split('~');
  const socket = request.socket as Socket & { resetAndDestroy(): void };
  response.setHeader('content-type', 'text/plain');
  switch (name) {
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'hang-up':
      socket.end();
      return;
    case 'silent':
      return;
    case 'slow':
      await sleep(Number(argument));
      response.end('slow');
      return;
    case 'reset-mid-body':
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      await sleep(50);
      socket.resetAndDestroy();
      return;
    case 'stalled':
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      return;
    case 'lines':
      response.writeHead(200);
      for (let line = 1; line <= Number(argument); line++) {
        response.write(`line ${line}\n`);
        await sleep(30);
      }
      response.end();
      return;
    case 'echo':
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ method: seen.method, headers: seen.headers, body: seen.body }));
      return;
    case 'json':
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: 42, name: 'Ann' }));
      return;
    case 'fresh':
      response.setHeader('cache-control', 'max-age=60');
      response.end(`answer ${seen.at}`);
      return;
    case 'redirect': {
      const target = url.searchParams.get('to') === 'other' ? addresses.other : addresses.origin;
      response.writeHead(Number(argument), { location: `${target}${seen.path}` });
      response.end();
      return;
    }
    case 'asks': {
      response.writeHead(503, { 'retry-after': argument });
      response.end('later');
      return;
    }
    case 'kept':
      response.end('kept');
      return;
    default: {
      const status = Number(name);
      response.writeHead(status);
      response.end(status === 204 || status === 304 ? undefined : `status ${status}`);
    }
  }
}
