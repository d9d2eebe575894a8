/** A payment service on a real socket that misbehaves in one way, and counts what reaches it. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What becomes of a request: `nth` counts from 1. */
type Behaviour = (response: ServerResponse, nth: number) => void;

const answer = (response: ServerResponse): void =>
  void response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"id":42,"status":"paid"}');

export const behaviours = {
  /** Is well. */
  well: answer,
  /** Is busy once. */
  hiccup: (response, nth) => (nth === 1 ? void response.writeHead(503).end() : answer(response)),
  /** Asks once for a second. */
  pause: (response, nth) =>
    nth === 1 ? void response.writeHead(503, { 'Retry-After': '1' }).end() : answer(response),
  /** Fails for good. */
  outage: response => void response.writeHead(503).end(),
  /** Never answers. */
  silence: () => {},
  /** Loses its first answer, after it has done what was asked. */
  lost: (response, nth) => (nth === 1 ? void response.socket?.destroy() : answer(response)),
} satisfies Record<string, Behaviour>;

export class Service implements AsyncDisposable {
  /** With a path, as most have. */
  readonly url: string;
  readonly requestedAt: number[] = [];
  /** Payments that were made: a second request with the same key makes none. */
  payments = 0;
  readonly #server: ReturnType<typeof createServer>;
  readonly #open = new Set<ServerResponse>();

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  static async start(behave: Behaviour): Promise<Service> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const service = new Service(server);
    const keys = new Set<unknown>();
    server.on('request', async (request, response) => {
      const nth = service.requestedAt.push(performance.now());
      service.#open.add(response);
      response.once('close', () => service.#open.delete(response));
      for await (const _ of request);
      if (!request.url?.startsWith('/v1/')) return void response.writeHead(404).end();
      const key = request.headers['idempotency-key'];
      if (request.method === 'POST' && (key === undefined || !keys.has(key))) service.payments++;
      keys.add(key);
      behave(response, nth);
    });
    return service;
  }

  get requests(): number {
    return this.requestedAt.length;
  }

  /** Requests that somebody still holds a connection for, after time enough to let go. */
  async abandoned(): Promise<number> {
    await sleep(100);
    return this.#open.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
