/**
 * The same program over the runtime's own `fetch` and over undici, against the same server: what the program sees and
 * what the server sees has to be the same.
 */
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect } from 'vitest';
import { createFetch, NetworkError } from '../../src/index.ts';
import { undici } from '../../src/transport/undici/index.ts';
import { replacedBy } from './replaced.ts';

export type Fetch = typeof globalThis.fetch;
export type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Origins of three servers that answer alike. */
export interface Places {
  readonly home: string;
  readonly abroad: string;
  readonly secure: string;
}

export interface World extends Places {
  /** Kept until the program is over. */
  readonly controller: AbortController;
  /** Resolves when a server has got the head of a request. */
  readonly requested: Promise<void>;
}

export type Program = (fetch: Fetch, world: World) => unknown;

interface SeenRequest {
  readonly server: string;
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: readonly string[];
  body: string;
  isWhole: boolean;
}

interface Run {
  readonly answer: Answer;
  readonly requests: SeenRequest[];
  readonly ends: Promise<void>[];
  readonly onRequest: () => void;
}

export interface Outcome {
  readonly program: unknown;
  readonly requests: readonly SeenRequest[];
}

const certificate = (name: string) => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url));

export class Parity implements AsyncDisposable {
  readonly #servers: readonly http.Server[];
  readonly #ours = createFetch({ transport: undici(), retry: false, circuitBreaker: false });
  #run: Run | undefined;

  private constructor(servers: readonly http.Server[]) {
    this.#servers = servers;
  }

  static async start(): Promise<Parity> {
    const pem = certificate('self-signed');
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), pem.toString()]);
    const plain = { requireHostHeader: false, keepAliveTimeout: 60_000 };
    const parity: Parity = new Parity([
      http.createServer(plain, (...exchange) => parity.#answer('home', ...exchange)),
      http.createServer(plain, (...exchange) => parity.#answer('abroad', ...exchange)),
      https.createServer({ ...plain, key: certificate('self-signed-key'), cert: pem }, (...exchange) =>
        parity.#answer('secure', ...exchange),
      ),
    ]);
    for (const server of parity.#servers)
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return parity;
  }

  get places(): Places {
    const [home, abroad, secure] = this.#servers.map(server => (server.address() as AddressInfo).port);
    return {
      home: `http://127.0.0.1:${home}`,
      abroad: `http://127.0.0.1:${abroad}`,
      secure: `https://localhost:${secure}`,
    };
  }

  /** Runs a program over both, and expects them to see the same, on both sides. */
  async expectSame(program: Program, answer: Answer = ok): Promise<void> {
    const theirs = await this.theirs(program, answer);
    expect(await this.ours(program, answer)).toEqual(theirs);
  }

  /** As {@link expectSame}, where how names are spelled and ordered, and how a length is said, may differ. */
  async expectAlike(program: Program, answer: Answer = ok): Promise<void> {
    const theirs = await this.theirs(program, answer);
    const ours = await this.ours(program, answer);
    expect({ ...ours, requests: ours.requests.map(meant) }).toEqual({
      ...theirs,
      requests: theirs.requests.map(meant),
    });
  }

  theirs(program: Program, answer: Answer = ok): Promise<Outcome> {
    return this.#trace(globalThis.fetch, program, answer);
  }

  ours(program: Program, answer: Answer = ok): Promise<Outcome> {
    return this.#trace(this.#ours as Fetch, program, answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ours.close?.();
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }

  async #trace(fetch: Fetch, program: Program, answer: Answer): Promise<Outcome> {
    const controller = new AbortController();
    const { promise: requested, resolve: onRequest } = Promise.withResolvers<void>();
    const run: Run = { answer, requests: [], ends: [], onRequest };
    this.#run = run;
    const world: World = { ...this.places, controller, requested };
    const seen = await view((async () => program(fetch, world))());
    await Promise.all(run.ends);
    // How much of one that broke off has come through is a matter of chance.
    return this.#neutral({ program: seen, requests: run.requests.filter(({ isWhole }) => isWhole) });
  }

  #answer(server: string, request: IncomingMessage, response: ServerResponse): void {
    const run = this.#run as Run;
    const { method, url: path, rawHeaders: headers } = request;
    const seen: SeenRequest = { server, method, path, headers, body: '', isWhole: false };
    response.setHeader('Date', 'Sat, 01 Aug 2026 12:00:00 GMT');
    run.requests.push(seen);
    run.onRequest();
    const { promise, resolve } = Promise.withResolvers<void>();
    run.ends.push(promise);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.body = Buffer.concat(chunks).toString('latin1');
      seen.isWhole = true;
      run.answer(request, response);
    });
    request.on('error', () => {});
    request.on('close', resolve);
  }

  /** Without what differs from one run to the next. */
  #neutral(outcome: Outcome): Outcome {
    let text = JSON.stringify(outcome, (_, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    );
    for (const [name, origin] of Object.entries(this.places)) {
      text = text.replaceAll(origin, `<${name}>`).replaceAll(new URL(origin).host, `<${name} host>`);
    }
    // Where undici gives no reason, ours is as good as any.
    text = text.replace(/the body (?:was a stream and|of a Request) cannot be sent again/g, '');
    text = text.replace(/-{4}(?:formdata-undici|holdfast)-[\da-f]+/g, '<boundary>');
    return JSON.parse(text) as Outcome;
  }
}

const framing = ['content-length', 'transfer-encoding'];

/** What a request means, and not how it is spelled. */
function meant(request: SeenRequest): SeenRequest {
  const fields: string[] = [];
  for (let at = 0; at < request.headers.length; at += 2) {
    const name = String(request.headers[at]).toLowerCase();
    if (!framing.includes(name)) fields.push(`${name}: ${request.headers[at + 1]}`);
  }
  return { ...request, headers: fields.sort() };
}

/** An answer that says what it got. */
export const ok: Answer = (_, response) => {
  response.setHeader('X-Custom', 'yes');
  response.end('{"is":"ok"}');
};

/** An answer given byte by byte, after which the connection is closed. */
export const raw =
  (...parts: readonly (string | Uint8Array)[]): Answer =>
  request => {
    const { socket } = request;
    socket.end(
      Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
    );
  };

/** What can be said of anything in the form of JSON, and be compared. */
export async function view(value: unknown): Promise<unknown> {
  try {
    return await shown(await value);
  } catch (error) {
    return {
      thrown: error instanceof Error || error instanceof DOMException ? story(error) : (error ?? `${error}`),
    };
  }
}

async function shown(value: unknown): Promise<unknown> {
  if (value === undefined) return 'undefined';
  if (value instanceof Response) return response(value);
  if (value instanceof Error || value instanceof DOMException) return { error: story(value) };
  if (value instanceof Blob)
    return { blob: Buffer.from(await value.arrayBuffer()).toString('latin1'), type: value.type };
  if (value instanceof FormData) {
    const entries = [...(value as unknown as Iterable<[string, string | File]>)];
    return Promise.all(
      entries.map(async ([name, entry]) =>
        typeof entry === 'string' ? [name, entry] : [name, entry.name, entry.type, await entry.text()],
      ),
    );
  }
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    const view = ArrayBuffer.isView(value) ? value : new Uint8Array(value);
    const { byteLength, byteOffset } = view;
    const bytes = Buffer.from(view.buffer as ArrayBuffer, byteOffset, byteLength).toString('latin1');
    return { view: view.constructor.name, bytes, byteOffset, ownBytes: view.buffer.byteLength };
  }
  if (Array.isArray(value)) return Promise.all(value.map(view));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return Object.fromEntries(
      await Promise.all(entries.map(async ([name, each]) => [name, await view(each)])),
    );
  }
  return typeof value === 'function' || typeof value === 'symbol' ? String(value) : value;
}

async function response(given: Response): Promise<object> {
  const { status, statusText, ok, url, redirected, type, bodyUsed } = given;
  const isResponse = given instanceof Response;
  const hasBody = given.body !== null;
  const headers = [...given.headers];
  const body = given.bodyUsed || given.body?.locked ? 'in use' : await view(given.text());
  return { status, statusText, ok, url, redirected, type, bodyUsed, isResponse, hasBody, headers, body };
}

/** The class and the words of an error and of its causes. */
function story(given: unknown): unknown {
  if (!(given instanceof Error || given instanceof DOMException)) return given ?? `${given}`;
  const error = given instanceof NetworkError ? replacedBy(given) : given;
  const { name, message } = error;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  const type = Object.prototype.toString.call(error);
  return { type, isTypeError: error instanceof TypeError, name, message, code, cause: cause && story(cause) };
}
