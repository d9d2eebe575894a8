/** One request on the wire and the answer to it: what undici tells on the way, made into a response or an error. */
import type { Dispatcher } from 'undici';
import type { AttemptRecord } from '../../call-record.ts';
import { fromTransport } from '../../http/failure.ts';
import type { Phase } from '../../http/phase.ts';
import { isStale } from './connections.ts';
import { readCodings } from './content-coding.ts';
import { IncomingBody } from './incoming-body.ts';
import { asResponse, type BodyLimits, WireResponse } from './response.ts';

export interface ExchangeOptions {
  readonly url: URL;
  readonly method: string;
  /** Where the progress is taken down. */
  readonly entry: AttemptRecord | undefined;
  /** Ends the exchange. Not aborted yet. */
  readonly signal: AbortSignal | undefined;
  /** The caller's, which also ends the reading of what has come. */
  readonly callerSignal: AbortSignal | undefined;
  readonly limits: BodyLimits;
  /** How far the connection is that the request waits for. */
  readonly connectionPhase: () => Phase;
}

/** https://fetch.spec.whatwg.org/#null-body-status */
const nullBodyStatuses = [101, 103, 204, 205, 304];

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #pending = Promise.withResolvers<Response>();
  #wire: Dispatcher.DispatchController | undefined;
  #body: IncomingBody | undefined;
  #leaveQueue: ((reason: unknown) => void) | undefined;
  /** Whether the response, or an error in its place, has been handed over. */
  #isSettled = false;
  #hasAnswer = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#note('queue');
    options.signal?.addEventListener('abort', this);
  }

  get response(): Promise<Response> {
    return this.#pending.promise;
  }

  /** The signal has aborted. */
  handleEvent(): void {
    const reason = this.#options.signal?.reason;
    const wire = this.#wire;
    if (!wire) this.#note(this.#options.connectionPhase());
    this.#fail(reason, reason);
    if (wire) wire.abort(reason);
    else this.#leaveQueue?.(reason);
  }

  /** It has to wait for a connection, and can be taken out of the queue until it gets one. */
  onQueued(leave: (reason: unknown) => void): void {
    this.#leaveQueue = leave;
  }

  onRequestStart(wire: Dispatcher.DispatchController): void {
    // Thrown, it ends this request and not the connection that it was about to use.
    if (this.#isSettled) throw new Error('The request was aborted before it was sent.');
    this.#wire = wire;
    this.#leaveQueue = undefined;
    const { entry } = this.#options;
    if (entry) entry.sent = 'maybe';
    this.#note('send');
  }

  onRequestSent(): void {
    if (!this.#isSettled) this.#note('wait');
  }

  onResponseStarted(): void {
    this.#hasAnswer = true;
  }

  onResponseStart(
    wire: Dispatcher.DispatchController,
    status: number,
    rawHeaders: Record<string, string | string[] | undefined>,
    statusText = '',
  ): void {
    if (status < 200 || this.#isSettled) return;
    const { url, method, callerSignal: signal, limits } = this.#options;
    const hasBody = method !== 'HEAD' && !nullBodyStatuses.includes(status);
    const codings = hasBody ? readCodings(String(rawHeaders['content-encoding'] ?? '')) : [];
    if (hasBody) this.#body = new IncomingBody(wire);
    this.#note('body');
    this.#isSettled = true;
    const parts = { url: withoutFragment(url), status, statusText, rawHeaders, codings, signal, limits };
    this.#pending.resolve(asResponse(new WireResponse({ ...parts, body: this.#body })));
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
    if (this.#isSettled) this.#fail(undefined, new TypeError('terminated', { cause: error }));
    else this.#fail(this.#networkError(error), undefined);
  }

  /** @param headless - for a caller who has no response yet. @param broken - for the reader of a body. */
  #fail(headless: unknown, broken: unknown): void {
    this.#letGo();
    if (this.#isSettled) this.#body?.fail(broken);
    else this.#pending.reject(headless);
    this.#isSettled = true;
  }

  #networkError(cause: unknown): unknown {
    const isStarted = this.#wire !== undefined;
    const phase = isStarted ? undefined : this.#options.connectionPhase();
    if (phase) this.#note(phase);
    return fromTransport(new TypeError('fetch failed', { cause }), {
      sent: isStarted ? 'maybe' : 'no',
      isStale: isStarted && !this.#hasAnswer && isStale(cause),
    });
  }

  #letGo(): void {
    this.#options.signal?.removeEventListener('abort', this);
  }

  #note(phase: Phase): void {
    const { entry } = this.#options;
    if (entry) entry.phase = phase;
  }
}

/** As a response shows it. */
function withoutFragment({ href, hash }: URL): string {
  return hash || href.endsWith('#') ? href.slice(0, href.indexOf('#')) : href;
}
