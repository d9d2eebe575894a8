/** An endpoint at work: a request comes in, is held against the contract, and is answered. */
import type { BaseUrl } from '../../contract/base-url.ts';
import { type EndpointOptions, titleOf } from '../../contract/endpoint-options.ts';
import { show } from '../../pipeline/options.ts';
import {
  type EncodedBody,
  type Eventually,
  encodeBody,
  encodeHeaders,
  respond,
  Unanswerable,
} from './answer-encoder.ts';
import { AnswerMaker } from './answer-maker.ts';
import { type Declared, declaredFor, usualStatus } from './declared.ts';
import type { OperationExamples } from './examples.ts';
import { Unmakeable } from './made-data.ts';
import { placeInExample, placeOf } from './pages.ts';
import { type Mismatch, type ReadGroups, RequestReader } from './request-reader.ts';

/** A request that is not what the contract says. */
export interface RefusedRequest {
  /** Name of the operation, as in the contract. */
  readonly operation: string;
  readonly request: Request;
  /** What is wrong, part by part. */
  readonly mismatches: readonly Mismatch[];
}

/** What all endpoints of a mocked service share. */
export interface MockedService {
  readonly base: BaseUrl;
  readonly seed: number;
  /** A request that is not what the contract says, and what comes of it. */
  readonly refuse: (refused: RefusedRequest, title: string) => Response;
  /** What the network does when it fails. */
  readonly networkError: () => Response;
}

type Received = ReadGroups & { readonly request: Request };
type Step = (received: Received) => Response | Promise<Response>;

/** What a test scripts, before it is looked at. */
type Script = readonly [answer: unknown, data?: unknown, headers?: unknown];

/** What a test sees of it, with the types of its contract, is a `Mock`. */
export class MockedEndpoint {
  readonly name: string;
  readonly options: EndpointOptions;
  readonly #service: MockedService;
  readonly #reader: RequestReader;
  readonly #maker: AnswerMaker;
  readonly #examples: OperationExamples | undefined;
  /** Those that were what the contract says. */
  readonly requests: Received[] = [];
  #once: Step[] = [];
  #always: Step | undefined;

  /** @param examples - what is answered instead of what would be made. */
  constructor(name: string, options: EndpointOptions, service: MockedService, examples?: OperationExamples) {
    this.name = name;
    this.options = options;
    this.#service = service;
    this.#reader = new RequestReader(options, service.base);
    this.#maker = new AnswerMaker(name, options, service.seed, examples);
    this.#examples = examples;
  }

  matches(url: string): boolean {
    return this.#reader.matches(new URL(url));
  }

  /** Rejects with what a function of the test throws: that is its own. */
  async answer(request: Request): Promise<Response> {
    const { groups, mismatches } = await this.#reader.read(request.clone());
    if (mismatches)
      return this.#service.refuse({ operation: this.name, request, mismatches }, titleOf(this.options));
    const received: Received = { ...groups, request };
    this.requests.push(received);
    const step = this.#once.shift() ?? this.#always ?? (it => this.#usual(it));
    try {
      return await step(received);
    } catch (error) {
      if (!(error instanceof Unanswerable || error instanceof Unmakeable)) throw error;
      return problem(501, 'The mock has no answer', error.message);
    }
  }

  reply(...script: Script): this {
    this.#always = this.#stepOf(script);
    return this;
  }

  replyOnce(...script: Script): this {
    this.#once.push(this.#stepOf(script));
    return this;
  }

  fail(code?: string): this {
    this.#always = this.#failing(code);
    return this;
  }

  failOnce(code?: string): this {
    this.#once.push(this.#failing(code));
    return this;
  }

  async sample(status: number): Promise<unknown> {
    return (await this.#maker.make(status)).read();
  }

  reset(): void {
    this.requests.length = 0;
    this.#once = [];
    this.#always = undefined;
  }

  #stepOf([answer, data, headers]: Script): Step {
    if (answer instanceof Response) return () => answer.clone();
    if (typeof answer === 'number') return this.#declared(answer, data, headers);
    if (typeof answer !== 'function')
      throw new TypeError(
        `${this.name}: reply with a status, a function or a Response, got ${show(answer)}.`,
      );
    return async received => {
      const given = await answer(received);
      if (given instanceof Response) return given;
      if (typeof given?.status === 'number')
        return this.#declared(given.status, given.data, given.headers)(received);
      throw new Unanswerable(`${this.name}: answer with { status, data } or a Response, got ${show(given)}.`);
    };
  }

  /** @throws Unanswerable at once, where the schemas can tell. */
  #declared(status: number, data: unknown, headers: unknown): Step {
    const declared = declaredFor(this.options, status);
    if (!declared) throw this.#unanswerable(status, 'is not declared');
    try {
      const body = data === undefined ? undefined : heldBack(encodeBody(declared.contents, data));
      const fields = headers === undefined ? undefined : heldBack(encodeHeaders(declared.headers, headers));
      return async () => this.#completed(status, declared, await fields, await body);
    } catch (error) {
      throw this.#unanswerable(status, `is not what the contract says: ${(error as Error).message}`);
    }
  }

  #unanswerable(status: number, why: string): Unanswerable {
    return new Unanswerable(
      `${this.name}: the answer ${status} ${why}. If it should be sent, give a Response.`,
    );
  }

  /** What is not given is made. */
  async #completed(
    status: number,
    declared: Declared,
    headers: Headers | undefined,
    body: EncodedBody | undefined,
  ): Promise<Response> {
    if (body && (headers || !declared.headers)) return respond(status, headers ?? new Headers(), body);
    const made = (await this.#maker.make(status)).respond();
    const type = made.headers.get('content-type');
    if (body) {
      made.headers.delete('content-type');
      return respond(status, made.headers, body);
    }
    if (!headers) return made;
    const all = new Headers(headers);
    if (type !== null && !all.has('content-type')) all.set('content-type', type);
    return new Response(made.body, { status, headers: all });
  }

  async #usual({ query, request }: Received): Promise<Response> {
    const status = usualStatus(this.options, key => Object.hasOwn(this.#examples ?? {}, key));
    const [content] = declaredFor(this.options, status)?.contents ?? [];
    const example = this.#maker.exampleFor(status);
    if (this.#examples && content && !example) return this.#withoutExample(status);
    const isEvents = content?.kind === 'event-stream';
    // A made stream has been sent as a whole: who asks for more after its end is told that there is none.
    if (isEvents && request.headers.has('last-event-id')) return new Response(null, { status: 204 });
    const place = (example ? placeInExample : placeOf)(this.options.paginate, query);
    return (await this.#maker.make(status, place)).respond();
  }

  #withoutExample(status: number): Response {
    const on = `mocks.on(${JSON.stringify(this.name)})`;
    return problem(
      501,
      `${this.name}: there is no example of its answer ${status}`,
      `Give one: \`${on}.reply(${status}, data)\`, or have it made: \`${on}.reply(${status})\`.`,
    );
  }

  #failing(code: string | undefined): Step {
    return () => {
      const error = this.#service.networkError();
      // The response becomes the cause of what `fetch` rejects with, which is where clients look for a code.
      return code === undefined ? error : Object.assign(error, { code });
    };
  }
}

/** What goes wrong with it is told where it is waited for, and nowhere else. */
function heldBack<Value>(value: Eventually<Value>): Eventually<Value> {
  if (value instanceof Promise) value.catch(() => {});
  return value;
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc9457 | RFC 9457} */
export function problem(status: number, title: string, detail: string, more: object = {}): Response {
  const headers = { 'content-type': 'application/problem+json' };
  return new Response(JSON.stringify({ title, status, detail, ...more }), { status, headers });
}
