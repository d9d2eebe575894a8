import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type AnswerOptions, type Framing, filler } from './protocol.ts';
import type { RequestHead } from './request-reader.ts';

/** A request and the means to answer it. */
export interface Exchange {
  readonly head: RequestHead;
  readonly body: Uint8Array;
  /** 1 for the first request to this path. */
  readonly count: number;
  readonly options: AnswerOptions;
  readonly socket: Socket;
  /** Closes the connection from our side: politely, or with a reset. */
  hangUp(how: 'fin' | 'reset'): void;
  /** Lets the next request on this connection run into a closed door. */
  doom(how: 'fin' | 'reset'): void;
  /** Waits until the test says `release(path)`. */
  released(): Promise<void>;
}

type Play = (exchange: Exchange) => Promise<void>;

const PIECE_BYTES = 64 * 1024;
const DEFAULT_BODY_BYTES = 1_000;
const DRIP_PIECES = 10;

const plays: Record<Exclude<Answer, `${number}`>, Play> = {
  echo: async exchange => {
    const { method, target, headers } = exchange.head;
    const body = Buffer.from(exchange.body).toString();
    await answer(
      exchange,
      statusOf(exchange),
      json({ method, target, headers: Object.fromEntries(headers), body }),
    );
  },
  'reset-before-headers': async exchange => {
    await held(exchange);
    exchange.hangUp('reset');
  },
  'fin-before-headers': async exchange => {
    await held(exchange);
    exchange.hangUp('fin');
  },
  'reset-mid-headers': async exchange => {
    await write(exchange.socket, 'HTTP/1.1 200 OK\r\ncontent-le');
    exchange.hangUp('reset');
  },
  'fin-mid-headers': async exchange => {
    await write(exchange.socket, 'HTTP/1.1 200 OK\r\ncontent-le');
    exchange.hangUp('fin');
  },
  'reset-mid-body': async exchange => {
    await firstHalf(exchange);
    await held(exchange);
    exchange.hangUp('reset');
  },
  'fin-mid-body': async exchange => {
    await firstHalf(exchange);
    await held(exchange);
    exchange.hangUp('fin');
  },
  'stall-headers': async exchange => {
    await exchange.released();
    await answer(exchange, statusOf(exchange), defaultBody(exchange, statusOf(exchange)));
  },
  'stall-mid-headers': async exchange => {
    await write(exchange.socket, 'HTTP/1.1 200 OK\r\ncontent-le');
    await exchange.released();
    await write(exchange.socket, 'ngth: 0\r\n\r\n');
  },
  'stall-body': async exchange => {
    const { reply, rest } = await firstHalf(exchange);
    await exchange.released();
    await reply.part(rest);
    await reply.end();
  },
  drip: async exchange => {
    const body = filler(sizeOf(exchange));
    const reply = new Reply(exchange);
    await reply.start(statusOf(exchange), body.length);
    const step = Math.ceil(body.length / DRIP_PIECES);
    for (let at = 0; at < body.length; at += step) {
      await reply.part(body.subarray(at, at + step));
      await delay(exchange.options.intervalMs ?? 10);
    }
    await reply.end();
  },
  'length-too-long': async exchange => {
    const body = filler(sizeOf(exchange));
    await write(exchange.socket, responseHead(200, { 'content-length': String(body.length + 1) }));
    await write(exchange.socket, body);
    await held(exchange);
    exchange.hangUp('fin');
  },
  'length-too-short': async exchange => {
    const body = filler(sizeOf(exchange));
    const head = responseHead(200, { 'content-length': String(body.length - 10) });
    await write(exchange.socket, Buffer.concat([Buffer.from(head), body]));
  },
  garbage: async exchange => {
    await write(exchange.socket, 'SSH-2.0-OpenSSH_9.2\r\nthis is not HTTP\r\n\r\n');
    exchange.hangUp('fin');
  },
  'garbage-mid-body': async exchange => {
    const head = responseHead(200, { 'transfer-encoding': 'chunked' });
    await write(exchange.socket, `${head}4\r\nabcd\r\n`);
    await held(exchange);
    await write(exchange.socket, 'not a chunk size\r\n');
  },
  'headers-too-large': async exchange => {
    await write(exchange.socket, responseHead(200, { 'content-length': '0', padding: 'a'.repeat(100_000) }));
  },
  'dies-by-reset': async exchange => {
    await answer(exchange, statusOf(exchange), defaultBody(exchange, statusOf(exchange)));
    exchange.doom('reset');
  },
  'dies-by-fin': async exchange => {
    await answer(exchange, statusOf(exchange), defaultBody(exchange, statusOf(exchange)));
    exchange.doom('fin');
  },
};

/** Plays the answer that a path names, such as `503` or `reset-mid-body`; throws if there is none by that name. */
export async function play(name: string, exchange: Exchange): Promise<void> {
  if (/^\d{3}$/.test(name)) return answerStatus(exchange, Number(name));
  if (!(name in plays)) throw new Error(`the fault server knows no answer named '${name}'`);
  return plays[name as keyof typeof plays](exchange);
}

async function answerStatus(exchange: Exchange, status: number): Promise<void> {
  if (status === 204 || status === 304) {
    await write(exchange.socket, responseHead(status, exchange.options.headers));
  } else {
    await answer(exchange, status, defaultBody(exchange, status));
  }
}

async function answer(exchange: Exchange, status: number, body: Uint8Array): Promise<void> {
  const reply = new Reply(exchange);
  await reply.start(status, body.length);
  for (let at = 0; at < body.length; at += PIECE_BYTES) await reply.part(body.subarray(at, at + PIECE_BYTES));
  await reply.end();
}

async function firstHalf(exchange: Exchange): Promise<{ reply: Reply; rest: Uint8Array }> {
  const body = filler(sizeOf(exchange));
  const half = body.length / 2;
  const reply = new Reply(exchange);
  await reply.start(statusOf(exchange), body.length);
  await reply.part(body.subarray(0, half));
  return { reply, rest: body.subarray(half) };
}

/** One response, in the framing that was asked for. */
class Reply {
  readonly #exchange: Exchange;
  readonly #framing: Framing;
  readonly #hasBody: boolean;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#framing = exchange.options.framing ?? 'length';
    // A response to HEAD has the headers of the body it does not have (RFC 9110 §9.3.2).
    this.#hasBody = exchange.head.method !== 'HEAD';
  }

  start(status: number, size: number): Promise<void> {
    const framed: Record<Framing, Record<string, string>> = {
      length: { 'content-length': String(size) },
      chunked: { 'transfer-encoding': 'chunked' },
      close: { connection: 'close' },
    };
    const headers = { ...framed[this.#framing], ...this.#exchange.options.headers };
    return write(this.#exchange.socket, responseHead(status, headers));
  }

  async part(bytes: Uint8Array): Promise<void> {
    if (!this.#hasBody || bytes.length === 0) return;
    const chunk = [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')];
    await write(this.#exchange.socket, this.#framing === 'chunked' ? Buffer.concat(chunk) : bytes);
  }

  async end(): Promise<void> {
    if (this.#framing === 'chunked' && this.#hasBody) await write(this.#exchange.socket, '0\r\n\r\n');
    if (this.#framing === 'close') this.#exchange.hangUp('fin');
  }
}

const held = ({ options, released }: Exchange): Promise<void> =>
  options.hold ? released() : Promise.resolve();

const statusOf = ({ options }: Exchange): number => options.status ?? 200;

const sizeOf = ({ options }: Exchange): number => options.size ?? DEFAULT_BODY_BYTES;

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

const defaultBody = ({ options, count }: Exchange, status: number): Uint8Array =>
  options.size === undefined ? json({ status, count }) : filler(options.size);

function responseHead(status: number, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`;
}

/** Resolves when the bytes are with the kernel, so a slow reader slows us down. */
const write = (socket: Socket, bytes: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.write(bytes, error => (error ? reject(error) : resolve()));
  });
