/** The unreliable service: on an origin of its own, as most services are, so that a page reaches it by CORS alone. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export const moods = ['well', 'flaky', 'failing', 'busy', 'silent'] as const;
export type Mood = (typeof moods)[number];

/** What the service has seen. */
export interface Seen {
  requests: number;
  /** Given up by the page before there was an answer. */
  cancelled: number;
}

export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly seen: Readonly<Seen>;
  /** Begins to count anew; what is under way counts with what went before. */
  forget(): void;
}

const answerMs = 350;

/** @param port - 0 for any. */
export async function startService(port = 0): Promise<Service> {
  let present: Seen = { requests: 0, cancelled: 0 };
  let mood: Mood = 'well';
  let isNextWell = true;

  async function order(response: ServerResponse): Promise<void> {
    const seen = present;
    seen.requests++;
    const gone = new AbortController();
    response.once('close', () => {
      if (response.writableEnded) return;
      seen.cancelled++;
      gone.abort();
    });
    if (mood === 'silent') return;
    await pause(answerMs, undefined, { signal: gone.signal });
    isNextWell = mood === 'flaky' ? !isNextWell : true;
    if (mood === 'busy') response.writeHead(429, { 'retry-after': '2' }).end();
    else if (mood === 'failing' || !isNextWell) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":42,"status":"paid"}');
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    allow(response);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://service');
    if (request.method === 'OPTIONS') response.writeHead(204).end();
    else if (pathname === '/orders/42') await order(response);
    else if (pathname === '/seen') response.end(JSON.stringify(present));
    else if (pathname === '/mood') {
      mood = moods.find(name => name === searchParams.get('is')) ?? mood;
      response.end(mood);
    } else response.writeHead(404).end();
  }

  const server = createServer((request, response) => {
    // Whoever has gone needs no answer.
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>(resolve => server.listen(port, 'localhost', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    get seen() {
      return present;
    },
    forget() {
      present = { requests: 0, cancelled: 0 };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

/** Without the last of these a page never sees when it is to come back. */
function allow(response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-methods', 'GET, PUT');
  response.setHeader('access-control-allow-headers', 'idempotency-key, traceparent');
  response.setHeader('access-control-expose-headers', 'retry-after');
  response.setHeader('access-control-max-age', '600');
}
