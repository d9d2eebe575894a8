/** Sends through undici's dispatcher what the runtime's `fetch` would send, for a third of the cost. */
import type { Dispatcher } from 'undici';
import { fromTransport } from '../../http/failure.ts';
import type { Call, CallRequest } from '../../pipeline/call.ts';
import { globalFetch } from '../fetch-transport.ts';
import { followRedirects, isRedirect } from '../redirects.ts';
import type { Transport } from '../transport.ts';
import { newAgent } from './agent.ts';
import { isBadPort } from './bad-ports.ts';
import { Connections } from './connections.ts';
import { Exchange } from './exchange.ts';
import { loadUndici } from './load-undici.ts';
import { readUndiciOptions, type UndiciOptions } from './options.ts';
import { isPlain, type Outgoing, readOutgoing } from './outgoing.ts';
import type { BodyLimits } from './response.ts';

/** A transport on undici. */
export interface UndiciTransport extends Transport {
  /** What sends, for use beside this transport. A new one after `close()`. */
  readonly dispatcher: Dispatcher;
  /** Closes the connections, those in use when they are free. A request afterwards opens new ones. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const bufferedBytes = 64 * 1024 * 1024;

/**
 * A transport for Node that sends through undici: cheaper than `fetch`, with control over connections, and knowing how
 * far a request has got. Several fetches may share one; its connections are closed with the last of them.
 *
 * @throws Error if the package `undici` is missing or too old.
 * @throws TypeError or RangeError if an option will not do.
 * @example
 * const fetch = createFetch({ transport: undici({ connectTimeoutMs: 1_000 }) });
 */
export function undici(options: UndiciOptions = {}): UndiciTransport {
  return new Undici(readUndiciOptions(options));
}

class Undici implements UndiciTransport {
  readonly #undici = loadUndici();
  readonly #connections = new Connections();
  readonly #options: UndiciOptions;
  readonly #limits: BodyLimits;
  #dispatcher: Dispatcher | undefined;
  #users = 0;

  constructor(options: UndiciOptions) {
    this.#options = options;
    const { maxResponseBytes } = options;
    this.#limits = { streamed: maxResponseBytes ?? 0, buffered: maxResponseBytes ?? bufferedBytes };
  }

  readonly send = (call: Call): Promise<Response> => {
    const { request } = call;
    if (isPlain(request)) return this.#sendAndFollow(call);
    return this.#delegate(call);
  };

  get dispatcher(): Dispatcher {
    this.#dispatcher ??= this.#options.dispatcher ?? newAgent(this.#undici, this.#connections, this.#options);
    return this.#dispatcher;
  }

  attach(): () => Promise<void> {
    this.#users++;
    return async () => {
      this.#users--;
      if (this.#users === 0) await this.close();
    };
  }

  async close(): Promise<void> {
    const dispatcher = this.#dispatcher;
    this.#dispatcher = undefined;
    // One of the caller's own is the caller's to close.
    if (dispatcher && dispatcher !== this.#options.dispatcher) await dispatcher.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #sendAndFollow(call: Call): Promise<Response> {
    const { request } = call;
    const response = await this.#sendOnce(call, request);
    if (!isRedirect(response)) return response;
    const { input, init } = request;
    const mode =
      init.redirect ?? (typeof input === 'object' && 'redirect' in input ? input.redirect : 'follow');
    if (mode === 'manual') return response;
    if (mode === 'error') throw unexpectedRedirect(response);
    const sendNext = (href: string, next: RequestInit): Promise<Response> => {
      const method = next.method ?? 'GET';
      return this.#sendOnce(call, { ...request, input: href, init: next, method, url: new URL(href) });
    };
    return followRedirects(response, sendNext, request, init);
  }

  async #sendOnce(call: Call, request: CallRequest): Promise<Response> {
    const { url, method } = request;
    const outgoing = readOutgoing(request);
    if (isBadPort(url)) throw fromTransport(new TypeError('fetch failed', { cause: new Error('bad port') }));
    return this.#dispatch(call, url, method, outgoing instanceof Promise ? await outgoing : outgoing);
  }

  #dispatch(call: Call, url: URL, method: string, { headers, body }: Outgoing): Promise<Response> {
    const { signal, request, record } = call;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { origin } = url;
    const exchange = new Exchange({
      url,
      method,
      entry: record.attempt(call.attempt),
      signal,
      callerSignal: request.callerSignal,
      limits: this.#limits,
      connectionPhase: () => this.#connections.phaseOf(origin),
    });
    const path = pathOf(url);
    this.dispatcher.dispatch({ origin, path, method, headers, body } as Dispatcher.DispatchOptions, exchange);
    return exchange.response;
  }

  /** What only the original does goes over the same connections. */
  async #delegate({ request, signal }: Call): Promise<Response> {
    const dispatcher = new this.#undici.Dispatcher1Wrapper(this.dispatcher);
    const init = { ...request.init, dispatcher, ...(signal && { signal }) };
    try {
      return await globalFetch()(request.input, init);
    } catch (error) {
      throw fromTransport(error);
    }
  }
}

/** An empty query is one: `/search?` is not `/search`. */
function pathOf({ pathname, search, href, hash }: URL): string {
  if (search) return pathname + search;
  const end = hash ? href.length - hash.length : href.endsWith('#') ? href.length - 1 : href.length;
  return href[end - 1] === '?' ? `${pathname}?` : pathname;
}

function unexpectedRedirect(response: Response): unknown {
  response.body?.cancel().catch(() => {});
  return fromTransport(new TypeError('fetch failed', { cause: new Error('unexpected redirect') }));
}
