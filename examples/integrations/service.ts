/** A stub service on a real socket that misbehaves as it is told, and counts what reaches it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the service saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  body: string;
  /** Resolves when the connection is gone before the answer was whole. */
  readonly lost: Promise<void>;
}

export type Answer = (response: ServerResponse, request: IncomingMessage, seen: Seen) => unknown;

export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly Seen[];
  /** Resolves with the request of this number, from 1, once it has arrived. */
  request(number: number): Promise<Seen>;
}

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  response =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

/** 503, as a service says it that is being restarted. */
export const unavailable: Answer = json({ error: { message: 'restarting', type: 'api_error' } }, 503);

/** 429, and in how many seconds to come back. */
export const tooMany = (seconds: number): Answer =>
  json({ error: { message: 'slow down' } }, 429, { 'retry-after': String(seconds) });

/** The connection is reset when the request has arrived, as after a crash: it may or may not have been carried out. */
export const reset: Answer = (_, request) => request.socket.resetAndDestroy();

/** Never answers. */
export const silence: Answer = () => {};

/** Server-sent events, the next one when `next` lets it go. After the last the stream stays open if it is to stall. */
export const events =
  (
    data: readonly string[],
    { next, stalls = false }: { next?: (index: number) => Promise<unknown>; stalls?: boolean } = {},
  ): Answer =>
  async response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const [index, event] of data.entries()) {
      if (index > 0) await next?.(index);
      response.write(event);
    }
    if (!stalls) response.end();
  };

/** Answers in turn; the last one again and again. */
export async function startService(...answers: readonly Answer[]): Promise<Service> {
  const requests: Seen[] = [];
  const arrivals = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    response.on('close', () => response.writableFinished || resolve());
    const seen: Seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: '',
      lost,
    };
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    for await (const chunk of request.setEncoding('latin1')) seen.body += chunk;
    requests.push(seen);
    for (const heard of arrivals) heard();
    await answer?.(response, request, seen);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async request(number) {
      while (requests.length < number) {
        const { promise, resolve } = Promise.withResolvers<void>();
        arrivals.add(resolve);
        await promise;
        arrivals.delete(resolve);
      }
      return requests[number - 1] as Seen;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
