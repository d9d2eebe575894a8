import type { ServerResponse } from 'node:http';
import type { Ledger } from './ledger.ts';
import { luck } from './luck.ts';
import type { Fault } from './protocol.ts';

/** One request, as the faults see it. */
export interface Exchange {
  readonly call: number;
  /** 1 for the first request on behalf of this call. */
  readonly visit: number;
  /** Of an order; undefined for a request that only reads. */
  readonly idempotencyKey: string | undefined;
  readonly response: ServerResponse;
  readonly ledger: Ledger;
  /** Since the phase began. */
  readonly phaseMs: number;
}

type Answer = (exchange: Exchange) => void;

/** While overloaded, the service refuses for this long, then serves for as long again. */
const REFUSES_MS = 1_000;

export const answers: Record<Fault, Answer> = {
  healthy: exchange => reply(exchange, usualMs(exchange)),

  slow: exchange => reply(exchange, draw(exchange, 'stuck') < 0.25 ? stuckMs(exchange) : usualMs(exchange)),

  overload: exchange => {
    const sinceMs = exchange.phaseMs % (2 * REFUSES_MS);
    if (sinceMs < REFUSES_MS) refuse(exchange, REFUSES_MS - sinceMs);
    else reply(exchange, usualMs(exchange));
  },

  reset: exchange =>
    draw(exchange, 'reset') < 0.3 ? resetBeforeHeaders(exchange) : reply(exchange, usualMs(exchange)),

  'mid-body-reset': exchange =>
    draw(exchange, 'cut') < 0.3 ? resetMidBody(exchange) : reply(exchange, usualMs(exchange)),

  'black-hole': () => {},

  // The process is dead for most of this phase; before and after, it is well.
  crash: exchange => reply(exchange, usualMs(exchange)),
};

const draw = (exchange: Exchange, about: string): number => luck(exchange.call, exchange.visit, about);

const usualMs = (exchange: Exchange): number => 10 + 30 * draw(exchange, 'usual');

const stuckMs = (exchange: Exchange): number => 1_500 + 4_500 * draw(exchange, 'how long');

/** The order is executed as the request comes in, whatever becomes of the answer: that is what makes losing one bad. */
function execute(exchange: Exchange): string {
  if (exchange.idempotencyKey !== undefined) exchange.ledger.execute(exchange.idempotencyKey);
  const lines = Array.from({ length: 40 }, (_, line) => ({ line, part: `part ${line} of ${exchange.call}` }));
  return JSON.stringify({ call: exchange.call, lines });
}

function reply(exchange: Exchange, afterMs: number): void {
  const body = execute(exchange);
  setTimeout(() => exchange.response.setHeader('content-type', 'application/json').end(body), afterMs);
}

/** An honest refusal: executes nothing, and says when it will be over. */
function refuse({ response }: Exchange, remainingMs: number): void {
  response.writeHead(503, { 'retry-after': String(Math.ceil(remainingMs / 1_000)) });
  response.end('Too busy, come back later.\n');
}

function resetBeforeHeaders(exchange: Exchange): void {
  execute(exchange);
  setTimeout(() => exchange.response.socket?.resetAndDestroy(), usualMs(exchange));
}

function resetMidBody(exchange: Exchange): void {
  const body = execute(exchange);
  const { response } = exchange;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.write(body.slice(0, body.length / 2));
  setTimeout(() => response.socket?.resetAndDestroy(), usualMs(exchange));
}
