/** One operation at work: an input goes out as a request, and an answer comes back. */
import { HoldfastError, NetworkError, TimeoutError } from '../errors.ts';
import type { Inside } from '../fetch.ts';
import { discard } from '../http/drain.ts';
import { readBodyFailure } from '../http/failure.ts';
import { hasIdempotencyKey, idempotencyKeyHeader } from '../http/headers.ts';
import { uniqueId } from '../pipeline/clock.ts';
import type { CallPolicy } from '../policies/policy-options.ts';
import { type CallInit, keyFor } from '../request.ts';
import { type Sendable, sendAuthorized, type Trip } from './authorization.ts';
import type { BaseUrl } from './base-url.ts';
import { BodyLimit } from './body-limit.ts';
import { accepts, type Content, receivedType } from './content.ts';
import { contentsOf } from './declared-response.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import { StatusError } from './errors.ts';
import type { KeyGuard } from './key-guard.ts';
import { checkArguments, nothing, type OperationOptions } from './operation-options.ts';
import { maxBodyMs, OperationPolicy } from './operation-policy.ts';
import { Reporter } from './reporting.ts';
import {
  type EncodedRequest,
  type Input,
  type Report as ReportRequest,
  RequestEncoder,
  Unsendable,
} from './request-encoder.ts';
import { type Answer, type Report as ReportResponse, ResponseDecoder } from './response-decoder.ts';
import type { Choice, Credentials } from './security.ts';
import { openStream, type StreamSource } from './streams.ts';
import { readValidation, type Validation } from './validation.ts';

/** What the operations of one client share. */
export interface ApiClient {
  readonly inside: Inside;
  readonly base: BaseUrl;
  readonly validate: Validation;
  readonly credentials: Credentials;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly init: RequestInit;
  readonly keys: KeyGuard;
}

export class Exchange {
  /** As in the contract, such as `users.get`. */
  readonly name: string;
  readonly endpoint: Endpoint<EndpointOptions>;
  readonly client: ApiClient;
  readonly reporter: Reporter;
  readonly #encoder: RequestEncoder;
  readonly #decoder: ResponseDecoder;
  readonly #policy: OperationPolicy;
  readonly #choice: Choice;
  readonly #reportRequest: ReportRequest;
  readonly #reportResponse: ReportResponse;
  /** Those of the client, and what is accepted. */
  readonly #commonHeaders: Readonly<Record<string, string>>;
  /** As telemetry groups by it: with the path of the base URL in front. */
  readonly #urlTemplate: string;

  constructor(name: string, endpoint: Endpoint<EndpointOptions>, client: ApiClient) {
    const { options } = endpoint;
    const { base, inside } = client;
    const mode = readValidation(options.validate ?? {}, 'validate', client.validate);
    this.name = name;
    this.endpoint = endpoint;
    this.client = client;
    this.#urlTemplate = `${base.path}${options.path}`;
    const url = `${base.origin}${this.#urlTemplate}`;
    this.reporter = new Reporter({ operation: name, method: options.method, url }, mode, inside);
    this.#reportRequest = this.reporter.request.bind(this.reporter);
    this.#reportResponse = this.reporter.response.bind(this.reporter);
    this.#encoder = new RequestEncoder(options, mode.request);
    this.#decoder = new ResponseDecoder(options, mode.response);
    this.#policy = new OperationPolicy(options);
    this.#choice = client.credentials(options.security);
    const accept = [...new Set(contentsOf(options).map(({ type }) => type))].join(', ');
    this.#commonHeaders = accept === '' ? client.headers : { accept, ...client.headers };
  }

  /**
   * Sends, and reads what comes back.
   *
   * @param target - by default what the input says; a URL that the service itself has named stands in its place.
   * @throws HoldfastError if there is no answer; the reason of the caller's signal; TypeError for misuse.
   */
  async send(input: Input = nothing, options: OperationOptions = nothing, target?: URL): Promise<Answer> {
    const { options: declared } = this.endpoint;
    checkArguments(this.name, declared, input, options);
    const { missing } = this.#choice;
    if (missing !== undefined) throw new TypeError(`\`${this.name}\` ${missing}`);
    const encoding = this.#encode(input);
    const encoded = encoding instanceof Promise ? await encoding : encoding;
    const url = target?.href ?? this.#urlOf(encoded);
    const headers = this.#headersOf(encoded, options);
    const key = this.#givenKey(encoded, options);
    if (key !== undefined) await this.#checkKey(key, url, encoded);
    const { cookies, body } = encoded;
    const request: Sendable = { method: declared.method, target: url, headers, cookies, body };
    if (this.#policy.isUnbounded) return await this.#sendWithin(request, options);
    const response = await this.#dispatch(request, options);
    const wasRead = response.bodyUsed;
    try {
      return await this.#read(response, request, options);
    } catch (error) {
      throw wasRead ? error : this.#bodyError(error, response, options.signal);
    }
  }

  /** Nothing else limits the time of a body that is no stream. */
  async #sendWithin(request: Sendable, options: OperationOptions): Promise<Answer> {
    const limit = new BodyLimit(this.client.inside.clock, options.signal);
    const limited = { ...options, signal: limit.signal };
    const response = await this.#dispatch(request, limited);
    return this.#readWithin(limit, response, request, limited);
  }

  async #readWithin(
    limit: BodyLimit,
    response: Response,
    request: Sendable,
    options: OperationOptions,
  ): Promise<Answer> {
    limit.begin(maxBodyMs, () => new TimeoutError(this.reporter.recordOf(response), 'total', maxBodyMs));
    const wasRead = response.bodyUsed;
    try {
      return await this.#read(response, request, options);
    } catch (error) {
      throw wasRead ? error : this.#bodyError(error, response, options.signal);
    } finally {
      limit.lift();
    }
  }

  #encode(input: Input): EncodedRequest | Promise<EncodedRequest> {
    const refuse = (error: unknown): never => {
      if (!(error instanceof Unsendable)) throw error;
      throw this.reporter.refusedRequest(error.part, error.issues, error.value);
    };
    try {
      const encoding = this.#encoder.encode(input, this.#reportRequest);
      return encoding instanceof Promise ? encoding.catch(refuse) : encoding;
    } catch (error) {
      return refuse(error);
    }
  }

  #urlOf({ path, query }: EncodedRequest): string {
    const { base } = this.client;
    return `${base.origin}${base.path}${path}${query === '' ? '' : `?${query}`}`;
  }

  /** The error that an answer of a status without success comes to. */
  statusError(answer: Answer): StatusError {
    const { status, data, headers, response, isDeclared, problem } = answer;
    const { name: operation, endpoint, reporter } = this;
    const details = { operation, endpoint, status, data, headers, response, isDeclared, problem };
    return new StatusError(reporter.recordOf(response), details);
  }

  #read(response: Response, request: Sendable, options: OperationOptions): Answer | Promise<Answer> {
    return this.#decoder.decode(response, this.#reportResponse, (content, decode) =>
      openStream(content, this.#streamSource(content, response, request, options, decode)),
    );
  }

  /**
   * What the body of a response ends with when it breaks off: an error of ours, unless the caller had it so. Not to be asked
   * of one that was read before anybody here began: that is a mistake of whoever made it.
   */
  #bodyError(error: unknown, response: Response, signal: AbortSignal | null | undefined): unknown {
    if (error instanceof HoldfastError || signal?.aborted) return error;
    const failure = readBodyFailure(error, response);
    return failure
      ? new NetworkError(this.reporter.recordOf(response), { ...failure, sent: 'yes' }, error)
      : error;
  }

  #streamSource(
    content: Content,
    response: Response,
    request: Sendable,
    options: OperationOptions,
    decode: StreamSource['decode'],
  ): StreamSource {
    const { clock, random } = this.client.inside;
    return {
      response,
      decode,
      schema: content.schema,
      clock,
      random,
      signal: options.signal ?? undefined,
      record: this.reporter.recordOf(response),
      isRepeatable: this.#policy.isRepeatable && !isOneShot(request.body),
      report: (issues, value) => this.reporter.response('event', issues, value, response),
      errorOf: error => this.#bodyError(error, response, options.signal),
      reopen: lastEventId => this.#reopen(content, request, options, lastEventId),
    };
  }

  /** Asks for a stream of events once more, from after one of them. */
  async #reopen(
    content: Content,
    request: Sendable,
    options: OperationOptions,
    lastEventId: string | undefined,
  ): Promise<Response> {
    const headers = { ...request.headers };
    if (lastEventId !== undefined) headers['last-event-id'] = utf8(lastEventId);
    const limit = new BodyLimit(this.client.inside.clock, options.signal);
    const limited = { ...options, signal: limit.signal };
    const response = await this.#dispatch({ ...request, headers }, limited);
    if (!response.ok) throw this.statusError(await this.#readWithin(limit, response, request, limited));
    if (response.status === 204 || isOf(content, response)) return response;
    discard(response);
    const message = `should go on as ${content.type}`;
    throw this.reporter.refusedResponse('content-type', [{ message, path: [] }], '', response);
  }

  #dispatch(request: Sendable, options: OperationOptions): Promise<Response> {
    const { auth } = this.#choice;
    if (!auth) return this.client.inside.fetch(request.target, this.#initOf(request, options));
    const { trip, keyed } = this.#tripOf(request, options);
    return sendAuthorized(auth, keyed, trip);
  }

  /** A request that may be sent in two calls, which have one limit and one key between them. */
  #tripOf(request: Sendable, options: OperationOptions): { readonly trip: Trip; readonly keyed: Sendable } {
    const { inside } = this.client;
    const { target, method, headers } = request;
    const policy = inside.policyFor(target, this.#policy.forCall(inside, target, options.policy));
    const key = keyFor(method, { input: target, init: { headers } }, policy);
    const deadlineAt = inside.clock.now() + policy.totalTimeoutMs;
    const trip: Trip = {
      clock: inside.clock,
      signal: options.signal ?? undefined,
      deadlineAt,
      send: sendable => inside.fetch(sendable.target, this.#initOf(sendable, options), deadlineAt),
      tooLate: limitMs => new TimeoutError(this.reporter.newRecord(), 'auth', limitMs),
    };
    const keyed =
      key === undefined ? request : { ...request, headers: { ...headers, 'idempotency-key': key } };
    return { trip, keyed };
  }

  #initOf({ target, headers, cookies, body }: Sendable, { signal, policy }: OperationOptions): CallInit {
    const init: { -readonly [Key in keyof CallInit]: CallInit[Key] } & { duplex?: 'half' } = {
      ...this.client.init,
      method: this.endpoint.options.method,
      headers: withCookies(headers, cookies),
      urlTemplate: this.#urlTemplate,
    };
    const own = this.#policy.forCall(this.client.inside, target, policy);
    if (own) init.policy = own as CallPolicy;
    if (signal) init.signal = signal;
    if (body === undefined) return init;
    init.body = body;
    // Fetch §5.4: a stream is sent before the answer is read.
    if (isOneShot(body)) init.duplex = 'half';
    return init;
  }

  #headersOf(encoded: EncodedRequest, options: OperationOptions): Record<string, string> {
    // Of each call its own: what a transport adds to them must not show in the next.
    const headers: Record<string, string> = { ...this.#commonHeaders, ...encoded.headers };
    if (options.headers) for (const [name, value] of new Headers(options.headers)) headers[name] = value;
    // Nobody knows the boundary yet: `fetch` makes it, and the header with it.
    if (encoded.body instanceof FormData) delete headers['content-type'];
    const key = options.idempotencyKey ?? this.#newKey(headers);
    if (key !== undefined) headers['idempotency-key'] = key;
    return headers;
  }

  /** Of this call; a header of the client is for all of them. */
  #givenKey({ headers }: EncodedRequest, options: OperationOptions): string | undefined {
    if (options.idempotencyKey !== undefined) return options.idempotencyKey;
    const inOptions = options.headers && new Headers(options.headers).get(idempotencyKeyHeader);
    return inOptions ?? headers[idempotencyKeyHeader.toLowerCase()];
  }

  #newKey(headers: Record<string, string>): string | undefined {
    if (this.endpoint.options.idempotency !== 'key') return undefined;
    return hasIdempotencyKey({ input: '', init: { headers } }) ? undefined : uniqueId();
  }

  async #checkKey(key: string, url: string, { body }: EncodedRequest): Promise<void> {
    const { method } = this.endpoint.options;
    const obstacle = await this.client.keys.obstacle(key, { method, url, body });
    if (obstacle === undefined) return;
    const issues = [{ message: `\`idempotencyKey\` ${obstacle}`, path: [] }];
    throw this.reporter.refusedRequest('headers', issues, undefined);
  }
}

/** Beside those of a `Cookie` header that was given by hand. */
function withCookies(headers: Record<string, string>, cookies: string): Record<string, string> {
  if (cookies === '') return headers;
  return { ...headers, cookie: headers.cookie ? `${headers.cookie}; ${cookies}` : cookies };
}

/** In a header, where a character is a byte. */
const utf8 = (text: string): string =>
  Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join('');

const isOf = (content: Content, { headers }: Response): boolean => accepts(content, receivedType(headers));

const isOneShot = (body: BodyInit | undefined): boolean =>
  typeof body === 'object' && (body instanceof ReadableStream || Symbol.asyncIterator in body);
