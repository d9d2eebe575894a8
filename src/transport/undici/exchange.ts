/** One request on the wire and the answer to it: what undici tells on the way, made into a response or an error. */
import type { Dispatcher } from 'undici';
import { type AttemptRecord, follow } from '../../call-record.ts';
import { fromTransport } from '../../http/failure.ts';
import type { Phase } from '../../http/phase.ts';
import type { Branch, Hanging } from '../../pipeline/branch.ts';
import type { Call, CallRequest } from '../../pipeline/call.ts';
import { endByAbort } from '../../pipeline/outcome.ts';
import { isStale } from './connections.ts';
import { readCodings } from './content-coding.ts';
import { IncomingBody } from './incoming-body.ts';
import { giveUp } from './request-stream.ts';
import { asResponse, type BodyLimits, WireResponse } from './response.ts';
import type { RawHeaders } from './response-headers.ts';

/** What exchanges of one transport have in common. */
export interface ExchangeRules {
  readonly limits: BodyLimits;
  /** Whether undici may send a request anew by itself: what an HTTP/2 server has said that it did not look at. */
  readonly mayRestart: boolean;
  /** How far the connection is that a request to an origin waits for. */
  phaseOf(origin: string): Phase;
  /** What becomes of a response that leads elsewhere. */
  redirected(response: Response, call: Call): Response | Promise<Response>;
}

/** https://fetch.spec.whatwg.org/#null-body-status */
const nullBodyStatuses = [101, 103, 204, 205, 304];

const redirectStatuses = [301, 302, 303, 307, 308];

export class Exchange implements Dispatcher.DispatchHandler, Hanging {
  readonly #rules: ExchangeRules;
  readonly #call: Call;
  readonly #request: CallRequest;
  readonly #sent: unknown;
  /** Where the progress is taken down. */
  readonly #entry: AttemptRecord | undefined;
  /** What it hangs on; undefined for a signal that somebody has put in its place. */
  readonly #branch: Branch | undefined;
  next: Hanging | undefined;
  previous: Hanging | undefined;
  /**
   * Gone as soon as the response, or an error in its place, has been handed over: undici keeps the exchange as long as a
   * body is unread, and this would keep the response, which then nobody could drop.
   */
  #pending: PromiseWithResolvers<Response> | undefined;
  #wire: Dispatcher.DispatchController | undefined;
  #body: IncomingBody | undefined;
  #leaveQueue: ((reason: unknown) => void) | undefined;
  #hasAnswer = false;
  #phase: Phase = 'queue';

  /**
   * @param request - that of the call, or of a redirect on its way.
   * @param sent - the body of the request.
   * @param pending - what it comes to.
   */
  constructor(
    rules: ExchangeRules,
    call: Call,
    request: CallRequest,
    sent: unknown,
    pending: PromiseWithResolvers<Response>,
  ) {
    this.#sent = sent;
    this.#pending = pending;
    this.#rules = rules;
    this.#call = call;
    this.#request = request;
    this.#entry = call.record.attempt(call.attempt);
    if (this.#entry) {
      // A redirect comes after something was sent.
      if (request === call.request) this.#entry.sent = 'no';
      this.#entry.phase = undefined;
      follow(this.#entry, this);
    }
    this.#branch = call.branch?.signal === call.signal ? call.branch : undefined;
    if (this.#branch) this.#branch.adopt(this);
    else call.signal?.addEventListener('abort', this);
  }

  /** A signal that is not of our own branches has aborted. */
  handleEvent(): void {
    this.abort(this.#call.signal?.reason);
  }

  abort(reason: unknown): void {
    const wire = this.#wire;
    this.#letGo();
    giveUp(this.#sent, reason);
    if (this.#pending) this.#settle()?.reject(reason);
    else this.#body?.abort(reason, endByAbort(reason, this.#call));
    if (wire) wire.abort(reason as Error);
    else this.#leaveQueue?.(reason);
  }

  /** It has to wait for a connection, and can be taken out of the queue until it gets one. */
  onQueued(leave: (reason: unknown) => void): void {
    this.#leaveQueue = leave;
  }

  /** What it is at: while it waits for a connection, as far as that is. */
  get phase(): Phase {
    return this.#wire ? this.#phase : this.#rules.phaseOf(this.#request.url.origin);
  }

  onRequestStart(wire: Dispatcher.DispatchController): void {
    // Thrown, it ends this request and not the connection that it was about to use.
    if (!this.#pending) throw new Error('The request was aborted before it was sent.');
    if (this.#wire && !this.#rules.mayRestart) throw restarted();
    this.#wire = wire;
    this.#leaveQueue = undefined;
    if (this.#entry) this.#entry.sent = 'maybe';
    this.#phase = 'send';
  }

  onRequestSent(): void {
    this.#phase = 'wait';
  }

  onResponseStarted(): void {
    this.#hasAnswer = true;
  }

  onResponseStart(
    wire: Dispatcher.DispatchController,
    status: number,
    headers: RawHeaders,
    statusText = '',
  ): void {
    if (status < 200 || !this.#pending) return;
    const { url, method, callerSignal } = this.#request;
    const { limits } = this.#rules;
    const hasBody = method !== 'HEAD' && !nullBodyStatuses.includes(status);
    const codings = hasBody ? readCodings(headers['content-encoding']) : [];
    if (hasBody) this.#body = new IncomingBody(wire);
    this.#phase = 'body';
    const pending = this.#settle();
    const { href, hash } = url;
    const response = asResponse(
      new WireResponse({
        url: hash || href.endsWith('#') ? href.slice(0, href.indexOf('#')) : href,
        status,
        statusText,
        headers,
        body: this.#body,
        codings,
        signal: callerSignal,
        limits,
      }),
    );
    pending?.resolve(
      redirectStatuses.includes(status) ? this.#rules.redirected(response, this.#call) : response,
    );
  }

  onResponseData(wire: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#body) this.#body.push(chunk);
    // Nobody can read what should not be there: better to close the connection than to wait for its end.
    else wire.abort(new Error('A response without a body should have none.'));
  }

  onResponseEnd(): void {
    this.#letGo();
    this.#body?.finish();
  }

  onResponseError(_wire: unknown, error: unknown): void {
    this.#letGo();
    const broken = this.#pending ? this.#networkError(error) : new TypeError('terminated', { cause: error });
    giveUp(this.#sent, broken);
    if (this.#pending) this.#settle()?.reject(broken);
    else this.#body?.fail(broken);
  }

  /** The attempt is over, and what it came to is about to be handed over. */
  #settle(): PromiseWithResolvers<Response> | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    if (this.#entry) this.#entry.phase = this.phase;
    return pending;
  }

  #networkError(cause: unknown): unknown {
    const isStarted = this.#wire !== undefined;
    return fromTransport(new TypeError('fetch failed', { cause }), {
      sent: isStarted ? 'maybe' : 'no',
      isStale: isStarted && !this.#hasAnswer && isStale(cause),
    });
  }

  #letGo(): void {
    if (this.#branch) this.#branch.drop(this);
    else this.#call.signal?.removeEventListener('abort', this);
  }
}

/**
 * undici sends those anew that stood behind another on a connection that broke. Whether to repeat is for the policy to
 * say: the server may have seen them.
 */
const restarted = (): Error =>
  Object.assign(new Error('The connection broke with the request on it.'), { code: 'UND_ERR_SOCKET' });
