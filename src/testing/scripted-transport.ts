import type { FetchLike } from '../http/fetch-like.ts';
import type { Clock } from '../pipeline/clock.ts';
import type { FetchInput } from '../request.ts';
import { assertionError } from './assertion.ts';
import { breakOff, slowBody } from './bodies.ts';
import {
  type Answering,
  brokenResponse,
  type Expectation,
  errorOf,
  ScriptedExpectation,
  unexpected,
} from './expectation.ts';
import { describeRequest, differences, type ExpectedRequest, readExpected } from './expected-request.ts';
import { settled } from './virtual-clock.ts';

export interface ScriptedTransportOptions {
  /**
   * Whether attempts go on although their signal aborts, as with a transport that has never heard of signals. They
   * can be answered late, then.
   * @defaultValue false
   */
  readonly ignoreSignal?: boolean;
  /** What `after` of an expectation waits on. */
  readonly clock?: Clock;
}

/** One attempt, as the transport sees it, waiting to be answered. */
export interface ScriptedAttempt extends Answering {
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
}

/** A fetch that a test answers by hand. */
export interface ScriptedTransport extends FetchLike {
  /**
   * Says beforehand what attempt is to come next, and how it is answered. Expectations are met in their order. An attempt
   * that is another one fails with an `AssertionError` that says why; one for which there is none waits for {@link next}.
   */
  expect(expected?: ExpectedRequest): Expectation;
  /**
   * The next attempt that nobody has taken yet.
   *
   * @param expected - what it has to be.
   * @throws AssertionError if it is another.
   * @throws Error if none has come when everything has settled that needs no more time: what the code under test is
   * waiting for then is the clock, or the answer to an attempt before.
   */
  next(expected?: ExpectedRequest): Promise<ScriptedAttempt>;
  /** @throws Error if an attempt has come that nobody has taken, when everything has settled. */
  expectNone(): Promise<void>;
  /**
   * For the end of a test.
   *
   * @throws AssertionError that lists what was expected and what came, if an expectation was not met, or an attempt came
   * that nobody has taken.
   */
  verify(): void;
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
  clock,
}: ScriptedTransportOptions = {}): ScriptedTransport {
  const attempts: ScriptedAttempt[] = [];
  const expectations: ScriptedExpectation[] = [];
  /** Those that nobody has taken. */
  const waiting: ScriptedAttempt[] = [];

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
      const number = attempts.length + 1;
      const answering = answeringBy(respond, fail);
      const attempt: ScriptedAttempt = { number, request, input, init, signal, ...answering };
      attempts.push(attempt);
      const expectation = expectations.find(each => each.tryTake());
      if (expectation) expectation.meet(attempt);
      else waiting.push(attempt);
    });
  }

  // Async, so that arguments that will not do make it reject, as `fetch` does, and not throw.
  async function transport(input: FetchInput, init?: RequestInit): Promise<Response> {
    return begin(new Request(input, init), input, init);
  }

  return Object.assign(transport, {
    attempts,
    expect(expected: ExpectedRequest = {}): Expectation {
      const expectation = new ScriptedExpectation(expected, clock);
      expectations.push(expectation);
      return expectation;
    },
    async next(given: ExpectedRequest = {}) {
      const expected = readExpected(given);
      if (waiting.length === 0) await settled();
      const attempt = waiting.shift();
      if (!attempt)
        throw new Error(
          `Expected attempt ${attempts.length + 1}, but it has not come. Move the clock first?`,
        );
      const found = await differences(attempt.request, expected);
      if (found.length > 0) throw unexpected(attempt.request, expected, found);
      return attempt;
    },
    async expectNone() {
      await settled();
      const [attempt] = waiting;
      if (!attempt) return;
      const { number, request } = attempt;
      throw new Error(`Expected no attempt, but number ${number} has come: ${describeRequest(request)}`);
    },
    verify() {
      if (waiting.length === 0 && expectations.every(({ isMet }) => isMet)) return;
      const lines = expectations.flatMap(expectation => expectation.lines());
      const unasked = waiting.map(({ request }) => `✗ nobody expected ${describeRequest(request)}`);
      throw assertionError(
        ['The transport has not seen what was expected:', ...lines, ...unasked].join('\n  '),
        attempts.map(({ request }) => describeRequest(request)),
        lines,
      );
    },
  });
}

function answeringBy(respond: (response?: Response) => void, fail: (error: unknown) => void): Answering {
  return {
    respond,
    fail: error => fail(errorOf(error)),
    stall: () => {},
    stream(init) {
      const body = slowBody();
      respond(new Response(body.stream, init));
      return body;
    },
    breakOff: (...chunks) => respond(brokenResponse(chunks)),
  };
}

const signalOf = (input: FetchInput, init: RequestInit | undefined): AbortSignal =>
  init?.signal ?? (input instanceof Request ? input.signal : new AbortController().signal);
