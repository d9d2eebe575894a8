/** What a test says beforehand of an attempt to come: what it has to be, and how it is answered. */
import { type Clock, MAX_TIMER_MS } from '../pipeline/clock.ts';
import { duration, show } from '../pipeline/options.ts';
import { assertionError, type Difference, differenceLines } from './assertion.ts';
import { brokenBody, type Chunk, type SlowBody, slowBody } from './bodies.ts';
import {
  describeExpected,
  describeRequest,
  differences,
  type ExpectedRequest,
  readExpected,
} from './expected-request.ts';
import { bodyError, networkError } from './network-error.ts';

/** How a test answers: the attempt in its hands, or one that it expects. */
export interface Answering {
  /** With an empty 200 unless a response is given. */
  respond(response?: Response): void;
  /** Lets it fail: with an error, or as the network fails, by its code such as `ECONNREFUSED`. */
  fail(error: unknown): void;
  /** Never: it ends when its signal aborts. */
  stall(): void;
  /** With headers at once, and a body that is sent by hand. */
  stream(init?: ResponseInit): SlowBody;
  /** With headers at once, and a body that breaks off after what is given, as when its connection is reset. */
  breakOff(...chunks: Chunk[]): void;
}

/** How it is answered is said last; unless it is said, with an empty 200. */
export interface Expectation extends Answering {
  /** Of so many attempts in a row. */
  times(count: number): this;
  /** When so much time has passed: on the clock that the transport was given. */
  after(delayMs: number): this;
  /** With what is made of each request. */
  respond(response?: Response | ((request: Request) => Response | Promise<Response>)): void;
}

/** The attempt that is answered, as far as that needs to know it. */
export interface Answerable {
  readonly request: Request;
  readonly signal: AbortSignal;
  respond(response?: Response): void;
  fail(error: unknown): void;
}

const checkDelay = duration({ max: MAX_TIMER_MS });

function requireReadable(response: Response): void {
  if (typeof response?.clone === 'function' && !response.bodyUsed && !response.body?.locked) return;
  throw new TypeError(`\`response\` should be a Response that nobody has read, got ${show(response)}.`);
}

type Answer = (attempt: Answerable) => unknown;

/** What became of an attempt that was expected. */
interface Met {
  readonly request: Request;
  readonly differences: readonly Difference[];
}

export class ScriptedExpectation implements Expectation {
  readonly #expected: ExpectedRequest;
  readonly #clock: Clock | undefined;
  readonly #met: Met[] = [];
  #answer: Answer = attempt => attempt.respond();
  #count = 1;
  #taken = 0;
  #delayMs = 0;

  constructor(expected: ExpectedRequest, clock: Clock | undefined) {
    this.#expected = readExpected(expected);
    this.#clock = clock;
  }

  times(count: number): this {
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`An attempt can be expected a whole number of times, from 1; got ${count}.`);
    this.#count = count;
    return this;
  }

  after(delayMs: number): this {
    if (!this.#clock)
      throw new TypeError('`after` needs a clock to wait on. Make the transport with one: { clock }.');
    checkDelay(delayMs, 'delayMs');
    this.#delayMs = delayMs;
    return this;
  }

  respond(response?: Response | ((request: Request) => Response | Promise<Response>)): void {
    if (response !== undefined && typeof response !== 'function') requireReadable(response);
    // A response can be read once, and may be given several times.
    this.#answer = async attempt =>
      attempt.respond(
        typeof response === 'function' ? await response(attempt.request.clone()) : response?.clone(),
      );
  }

  fail(error: unknown): void {
    this.#answer = attempt => attempt.fail(errorOf(error));
  }

  stall(): void {
    this.#answer = () => {};
  }

  stream(init?: ResponseInit): SlowBody {
    if (this.#count > 1)
      throw new TypeError('A body that is sent by hand is that of one attempt. Expect each by itself.');
    const body = slowBody();
    this.#answer = attempt => attempt.respond(new Response(body.stream, init));
    return body;
  }

  breakOff(...chunks: Chunk[]): void {
    this.#answer = attempt => attempt.respond(brokenResponse(chunks));
  }

  /** Takes one more attempt, unless it has had all that it is for. */
  tryTake(): boolean {
    if (this.#taken === this.#count) return false;
    this.#taken++;
    return true;
  }

  /** Looks at an attempt that it has taken, and answers it if it is the one. */
  async meet(attempt: Answerable): Promise<void> {
    try {
      await this.#meet(attempt);
    } catch (error) {
      attempt.fail(error);
    }
  }

  async #meet(attempt: Answerable): Promise<void> {
    const { request, signal } = attempt;
    const found = await differences(request, this.#expected);
    this.#met.push({ request, differences: found });
    if (found.length > 0) throw unexpected(request, this.#expected, found);
    if (this.#delayMs > 0) await this.#wait(signal);
    if (!signal.aborted) await this.#answer(attempt);
  }

  get isMet(): boolean {
    return this.#met.length === this.#count && this.#met.every(met => met.differences.length === 0);
  }

  /** What has become of it, for people. */
  lines(): string[] {
    const what = describeExpected(this.#expected);
    const came = this.#met.flatMap(({ request, differences }) =>
      differences.length === 0
        ? [`✓ ${what}`]
        : [`✗ ${what}: ${describeRequest(request)} came`, ...differences.flatMap(indented)],
    );
    const missing = Array.from(
      { length: this.#count - this.#met.length },
      () => `✗ ${what}: it has not come`,
    );
    return [...came, ...missing];
  }

  #wait(signal: AbortSignal): Promise<void> {
    const clock = this.#clock as Clock;
    return new Promise(resolve => {
      const done = () => {
        clock.clearTimer(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.setTimer(done, this.#delayMs);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }
}

export function unexpected(request: Request, expected: ExpectedRequest, found: readonly Difference[]): Error {
  const lines = [`Expected ${describeExpected(expected)}, but ${describeRequest(request)} has come:`];
  return assertionError(
    [...lines, ...found.flatMap(indented)].join('\n'),
    Object.fromEntries(found.map(({ of, actual }) => [of, actual])),
    Object.fromEntries(found.map(({ of, expected }) => [of, expected])),
  );
}

/** A text is the code of a failure of the network. */
export const errorOf = (error: unknown): unknown => (typeof error === 'string' ? networkError(error) : error);

export const brokenResponse = (chunks: readonly Chunk[]): Response =>
  new Response(brokenBody(bodyError('ECONNRESET'), ...chunks));

const indented = (difference: Difference): string[] => differenceLines(difference).map(line => `    ${line}`);
