import type { FetchLike } from '../http/fetch-like.ts';
import type { FetchInput } from '../request.ts';
import { breakOff } from './bodies.ts';
import { settled } from './virtual-clock.ts';

export interface ScriptedTransportOptions {
  /**
   * Whether attempts go on although their signal aborts, as with a transport that has never heard of signals. They
   * can be answered late, then.
   * @defaultValue false
   */
  readonly ignoreSignal?: boolean;
}

/** One attempt, as the transport sees it, waiting to be answered. */
export interface ScriptedAttempt {
  /** 1 for the first attempt that this transport saw, of whatever call. */
  readonly number: number;
  /** The request that the arguments make, as `fetch` reads them. */
  readonly request: Request;
  /** The first argument itself. */
  readonly input: FetchInput;
  /** The second argument itself. */
  readonly init: RequestInit | undefined;
  /** Aborts when the attempt is given up. A signal that never does, if none was handed over. */
  readonly signal: AbortSignal;
  /** Answers it. By default with an empty 200. */
  respond(response?: Response): void;
  /** Lets it fail, as with {@link networkError}. */
  fail(error: unknown): void;
}

/** A fetch that a test answers by hand. */
export interface ScriptedTransport extends FetchLike {
  /**
   * The next attempt that nobody has taken yet.
   *
   * @throws Error if none has come when everything has settled that needs no more time: what the code under test is
   * waiting for then is the clock, or the answer to an attempt before.
   */
  next(): Promise<ScriptedAttempt>;
  /** @throws Error if an attempt has come that nobody has taken, when everything has settled. */
  expectNone(): Promise<void>;
  /** All that have come so far, taken or not. */
  readonly attempts: readonly ScriptedAttempt[];
}

/**
 * The other side of a call: a test takes each attempt as it comes, looks at it, and answers it or lets it fail.
 *
 * It has the manners of `fetch`: arguments that `fetch` refuses are refused and are no attempt, the body of a `Request`
 * is taken from it, and an abort of the signal rejects with the signal's reason or, after the answer, breaks its body
 * off if it is one of {@link slowBody} or {@link stalledBody}.
 *
 * @example
 * const transport = scriptedTransport();
 * const fetch = createFetch({ fetch: transport, clock });
 *
 * const call = fetch('https://payments.internal/v1/charges/42');
 * const first = await transport.next();
 * first.respond(new Response('busy', { status: 503 }));
 * await transport.expectNone(); // it waits before it tries again
 * await clock.advance(200);
 * const second = await transport.next();
 * second.respond(Response.json({ id: 42 }));
 * await (await call).json(); // { id: 42 }
 */
export function scriptedTransport({
  ignoreSignal = false,
}: ScriptedTransportOptions = {}): ScriptedTransport {
  const attempts: ScriptedAttempt[] = [];
  let taken = 0;

  /** Adds an attempt, and says how it ends. */
  function begin(request: Request, input: FetchInput, init: RequestInit | undefined): Promise<Response> {
    const signal = signalOf(input, init);
    if (!ignoreSignal) signal.throwIfAborted();
    return new Promise((resolve, fail) => {
      // Taken when it is answered: a response that has been cloned shows another stream.
      let body: ReadableStream | null = null;
      const respond = (response = new Response()) => {
        body = response.body;
        resolve(response);
      };
      const abort = () => {
        fail(signal.reason);
        breakOff(body, signal.reason);
      };
      if (!ignoreSignal) signal.addEventListener('abort', abort, { once: true });
      attempts.push({ number: attempts.length + 1, request, input, init, signal, respond, fail });
    });
  }

  // Async, so that arguments that will not do make it reject, as `fetch` does, and not throw.
  async function transport(input: FetchInput, init?: RequestInit): Promise<Response> {
    return begin(new Request(input, init), input, init);
  }

  return Object.assign(transport, {
    attempts,
    async next() {
      if (taken === attempts.length) await settled();
      const attempt = attempts[taken];
      if (!attempt)
        throw new Error(`Expected attempt ${taken + 1}, but it has not come. Move the clock first?`);
      taken++;
      return attempt;
    },
    async expectNone() {
      await settled();
      const attempt = attempts[taken];
      if (!attempt) return;
      const { method, url } = attempt.request;
      throw new Error(`Expected no attempt, but number ${attempt.number} has come: ${method} ${url}`);
    },
  });
}

const signalOf = (input: FetchInput, init: RequestInit | undefined): AbortSignal =>
  init?.signal ?? (input instanceof Request ? input.signal : new AbortController().signal);
