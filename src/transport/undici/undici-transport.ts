/** Sends through undici's dispatcher what the runtime's `fetch` would send, for a third of the cost. */
import type { Dispatcher } from 'undici';
import { discard } from '../../http/drain.ts';
import { fromTransport } from '../../http/failure.ts';
import type { FetchLike } from '../../http/fetch-like.ts';
import type { Phase } from '../../http/phase.ts';
import type { Call, CallRequest } from '../../pipeline/call.ts';
import { globalFetch } from '../global-fetch.ts';
import { followRedirects } from '../redirects.ts';
import type { Transport } from '../transport.ts';
import { newAgent } from './agent.ts';
import { isBadPort } from './bad-ports.ts';
import { Connections } from './connections.ts';
import { Exchange, type ExchangeRules } from './exchange.ts';
import { loadUndici } from './load-undici.ts';
import { readUndiciOptions, type UndiciOptions, type UndiciSettings } from './options.ts';
import { bodyOfSent, isPlain, type Outgoing, readOutgoing } from './outgoing.ts';
import { dispatchClass } from './queue-hook.ts';
import { giveUp } from './request-stream.ts';
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

/** `undici()` for a fetch that becomes the global one: what only the original does goes to the `fetch` given. */
export function undiciBeside(fetch: FetchLike, options: UndiciOptions): UndiciTransport {
  return new Undici(readUndiciOptions(options), fetch);
}

class Undici implements UndiciTransport, ExchangeRules {
  readonly #undici = loadUndici();
  readonly #Dispatch = dispatchClass(this.#undici);
  readonly #connections = new Connections();
  readonly #options: UndiciSettings;
  readonly limits: BodyLimits;
  readonly mayRestart: boolean;
  /** Whether a request holds up those behind it until it is answered, as undici would have it. */
  readonly #blocking: false | undefined;
  #dispatcher: Dispatcher | undefined;
  #users = 0;

  readonly fetch: FetchLike;

  /**
   * @param fetch - for what only the original does. Not the present global: ours may be that one day, and what is put
   * over it then, such as a mock, ends in ours again.
   */
  constructor(options: UndiciSettings, fetch: FetchLike = globalFetch()) {
    this.fetch = fetch;
    this.#options = options;
    const { dispatcher, http2 = false, maxResponseBytes, pipelining = 1 } = options;
    this.#blocking = pipelining > 1 ? false : undefined;
    this.mayRestart = http2 || dispatcher !== undefined;
    this.limits = { streamed: maxResponseBytes ?? 0, buffered: maxResponseBytes ?? bufferedBytes };
  }

  readonly isLeaf = true;

  readonly send = (call: Call): Promise<Response> =>
    isPlain(call.request) ? this.#send(call, call.request) : this.#delegate(call);

  get dispatcher(): Dispatcher {
    this.#dispatcher ??= this.#options.dispatcher ?? newAgent(this.#undici, this.#connections, this.#options);
    return this.#dispatcher;
  }

  attach(): () => Promise<void> {
    this.#users++;
    let isAttached = true;
    return async () => {
      if (!isAttached) return;
      isAttached = false;
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

  phaseOf(origin: string): Phase {
    return this.#connections.phaseOf(origin);
  }

  async redirected(response: Response, call: Call): Promise<Response> {
    const { request } = call;
    const { input, init } = request;
    const mode =
      init.redirect ?? (typeof input === 'object' && 'redirect' in input ? input.redirect : 'follow');
    if (mode === 'manual') return response;
    if (mode === 'error') throw unexpectedRedirect(response);
    // A small body has come in by then, and its connection is free.
    await undefined;
    const sendNext = (href: string, next: RequestInit): Promise<Response> => {
      const hop = { ...request, input: href, init: next, method: next.method ?? 'GET', url: new URL(href) };
      return this.#send({ ...call, request: { ...hop, init: { ...next, redirect: 'manual' } } }, hop);
    };
    const body = init.body ?? (typeof input === 'object' ? bodyOfSent(input) : undefined);
    try {
      return await followRedirects(response, sendNext, request, body ? { ...init, body } : init);
    } catch (error) {
      throw fromTransport(error);
    }
  }

  /** @param request - that of the call, or of a redirect on its way. */
  #send(call: Call, request: CallRequest): Promise<Response> {
    try {
      const outgoing = readOutgoing(request);
      return outgoing instanceof Promise
        ? outgoing.then(read => this.#dispatch(call, request, read))
        : this.#dispatch(call, request, outgoing);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #dispatch(call: Call, request: CallRequest, { headers, body }: Outgoing): Promise<Response> {
    const { method, url } = request;
    const obstacle = obstacleTo(call, url);
    if (obstacle) {
      giveUp(body, obstacle.reason);
      return Promise.reject(obstacle.reason);
    }
    const pending = Promise.withResolvers<Response>();
    const exchange = new Exchange(this, call, request, body, pending);
    const options = new this.#Dispatch(
      { origin: url.origin, path: pathOf(url), method, headers, body, blocking: this.#blocking },
      exchange,
    );
    try {
      this.dispatcher.dispatch(options as Dispatcher.DispatchOptions, exchange);
    } catch (error) {
      // So do dispatchers that have no request for it, such as one for tests.
      exchange.onResponseError(undefined, error);
    }
    return pending.promise;
  }

  /** What only the original does goes over the same connections, unless the call says over which. */
  async #delegate({ request, signal }: Call): Promise<Response> {
    const { dispatcher: own } = request.init as { readonly dispatcher?: Dispatcher };
    if (own && this.#options.guard) throw new TypeError(pastGuard);
    const dispatcher = own ?? new this.#undici.Dispatcher1Wrapper(this.dispatcher);
    const init = { ...request.init, dispatcher, ...(signal && { signal }) };
    try {
      const send = this.fetch;
      return await send(request.input, init);
    } catch (error) {
      throw fromTransport(error);
    }
  }
}

const pastGuard =
  'The `dispatcher` of a call goes past the `guard` of undici(). Leave it out, or send this call by a fetch without a guard.';

/** Why a request is not handed over: its body took a while to read, or `fetch` would not go there. */
function obstacleTo({ signal }: Call, url: URL): { readonly reason: unknown } | undefined {
  if (signal?.aborted) return signal;
  if (!isBadPort(url)) return undefined;
  const cause = new Error('bad port');
  return { reason: fromTransport(new TypeError('fetch failed', { cause }), { sent: 'no' }) };
}

/** An empty query is one: `/search?` is not `/search`. */
function pathOf({ pathname, search, href, hash }: URL): string {
  if (search) return pathname + search;
  const end = hash ? href.length - hash.length : href.endsWith('#') ? href.length - 1 : href.length;
  return href[end - 1] === '?' ? `${pathname}?` : pathname;
}

function unexpectedRedirect(response: Response): unknown {
  discard(response);
  return fromTransport(new TypeError('fetch failed', { cause: new Error('unexpected redirect') }));
}
