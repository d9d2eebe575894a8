/** One operation at work: an input goes out as a request, and an answer comes back. */
import type { CallRecord } from '../call-record.ts';
import { HoldfastError, NetworkError, TimeoutError } from '../errors.ts';
import { recordOf } from '../explain.ts';
import type { Inside } from '../fetch.ts';
import { discard } from '../http/drain.ts';
import { readFailure } from '../http/failure.ts';
import { hasIdempotencyKey } from '../http/headers.ts';
import { uniqueId } from '../pipeline/clock.ts';
import { type Checks, readOptions, requireObject, show, unknownOption } from '../pipeline/options.ts';
import { type CallPolicy, overlay, type PolicyOptions } from '../policies/policy-options.ts';
import { type CallInit, keyFor } from '../request.ts';
import type { Auth } from './auth.ts';
import { type Sendable, sendAuthorized, type Trip } from './authorization.ts';
import type { BaseUrl } from './base-url.ts';
import { type Content, essenceOf, isStreamed } from './content.ts';
import { bodiesOf, declarationOf } from './declared-response.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import { type Part, StatusError, ValidationError } from './errors.ts';
import { excerptOf, withoutSecrets } from './excerpt.ts';
import type { KeyGuard } from './key-guard.ts';
import { type EncodedRequest, type Input, RequestEncoder, Unsendable } from './request-encoder.ts';
import { type Answer, ResponseDecoder } from './response-decoder.ts';
import type { Issue } from './standard-schema.ts';
import { openStream, type StreamSource } from './streams.ts';
import { readValidation, type Validation } from './validation.ts';

/** What one call of an operation takes beside its input. */
export interface OperationOptions {
  readonly signal?: AbortSignal | null | undefined;
  /** Laid over the policy of the endpoint, of the host and of the client. */
  readonly policy?: CallPolicy | undefined;
  /**
   * Sent as `Idempotency-Key`, for all attempts. By default one is made where the endpoint says `idempotency: 'key'`.
   * Given again with another payload, it is refused.
   */
  readonly idempotencyKey?: string | undefined;
  /** Further headers, which have the last word but for those of `auth`. */
  readonly headers?: HeadersInit | undefined;
}

/** What the operations of one client share. */
export interface ApiClient {
  readonly inside: Inside;
  readonly base: BaseUrl;
  readonly validate: Validation;
  readonly auth: Auth | undefined;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly init: RequestInit;
  readonly keys: KeyGuard;
}

const inputGroups = ['params', 'query', 'headers', 'cookies', 'body'];
/** What is not given, of input and of options. */
const nothing = Object.freeze({});
const anything = () => {};
const optionChecks: Checks<OperationOptions> = {
  signal: anything,
  policy: requireObject,
  idempotencyKey: anything,
  headers: anything,
};

export class Exchange {
  /** As in the contract, such as `users.get`. */
  readonly name: string;
  readonly endpoint: Endpoint<EndpointOptions>;
  readonly client: ApiClient;
  readonly #encoder: RequestEncoder;
  readonly #decoder: ResponseDecoder;
  readonly #accept: string;
  readonly #urlTemplate: string;
  readonly #policy: PolicyOptions | undefined;
  /** By the policy that a call brought: one that is used again is compiled once. */
  readonly #combined = new WeakMap<PolicyOptions, PolicyOptions>();

  constructor(name: string, endpoint: Endpoint<EndpointOptions>, client: ApiClient) {
    const { options } = endpoint;
    const mode = readValidation(options.validate ?? {}, 'validate', client.validate);
    this.name = name;
    this.endpoint = endpoint;
    this.client = client;
    this.#encoder = new RequestEncoder(options, mode.request);
    this.#decoder = new ResponseDecoder(options, mode.response);
    this.#accept = acceptOf(options);
    this.#urlTemplate = `${client.base.path}${options.path}`;
    this.#policy = policyOf(options);
    this.#isStrict = { request: mode.request === 'strict', response: mode.response === 'strict' };
  }

  readonly #isStrict: { readonly request: boolean; readonly response: boolean };

  /**
   * Sends, and reads what comes back.
   *
   * @param target - by default what the input says; a URL that the service itself has named stands in its place.
   * @throws HoldfastError if there is no answer; the reason of the caller's signal; TypeError for misuse.
   */
  async send(input: Input = nothing, options: OperationOptions = nothing, target?: URL): Promise<Answer> {
    this.#checkArguments(input, options);
    const encoded = await this.#encode(input);
    const url = target?.href ?? this.#urlOf(encoded);
    const headers = this.#headersOf(encoded, options);
    if (options.idempotencyKey !== undefined) await this.#checkKey(options.idempotencyKey, url, encoded);
    const { cookies, body } = encoded;
    const { method } = this.endpoint.options;
    const request: Sendable = { method, target: url, headers, cookies, body };
    const response = await this.#dispatch(request, options);
    return this.#read(response, request, options);
  }

  async #encode(input: Input): Promise<EncodedRequest> {
    const report = (part: Part, issues: readonly Issue[], value: unknown) =>
      this.#report('request', this.#isStrict.request, part, issues, value);
    try {
      return await this.#encoder.encode(input, report);
    } catch (error) {
      if (!(error instanceof Unsendable)) throw error;
      throw this.#validationError('request', error.part, error.issues, error.value);
    }
  }

  #urlOf({ path, query }: EncodedRequest): string {
    const { base } = this.client;
    return `${base.origin}${base.path}${path}${query === '' ? '' : `?${query}`}`;
  }

  /** The error that an answer of a status without success comes to. */
  statusError(answer: Answer): StatusError {
    const { status, data, headers, response, isDeclared, problem } = answer;
    const { name: operation, endpoint } = this;
    const details = { operation, endpoint, status, data, headers, response, isDeclared, problem };
    return new StatusError(this.#recordOf(response), details);
  }

  /** The error of an answer that cannot be gone on with, whatever the mode. */
  refusal(part: Part, message: string, value: unknown, response: Response): ValidationError {
    return this.#validationError('response', part, [{ message, path: [] }], value, response);
  }

  /** Whether a call of this operation may be sent again from the start. */
  get isRepeatable(): boolean {
    const { method, idempotency } = this.endpoint.options;
    if (idempotency === undefined) return method === 'GET' || method === 'HEAD';
    return idempotency !== 'none';
  }

  async #read(response: Response, request: Sendable, options: OperationOptions): Promise<Answer> {
    const report = (part: Part, issues: readonly Issue[], value: unknown) =>
      this.#report('response', this.#isStrict.response, part, issues, value, response);
    try {
      return await this.#decoder.decode(response, report, (content, decode) =>
        openStream(content, this.#streamSource(response, request, options, decode)),
      );
    } catch (error) {
      throw this.bodyError(error, response, options.signal);
    }
  }

  /** What the body of a response ends with when it breaks off: an error of ours, unless the caller had it so. */
  bodyError(error: unknown, response: Response, signal: AbortSignal | null | undefined): unknown {
    if (error instanceof HoldfastError || signal?.aborted) return error;
    const failure = readFailure(error);
    return failure ? new NetworkError(this.#recordOf(response), { ...failure, sent: 'yes' }, error) : error;
  }

  #streamSource(
    response: Response,
    request: Sendable,
    options: OperationOptions,
    decode: StreamSource['decode'],
  ): StreamSource {
    const { clock, random } = this.client.inside;
    return {
      response,
      decode,
      clock,
      random,
      signal: options.signal ?? undefined,
      record: this.#recordOf(response),
      isRepeatable: this.isRepeatable,
      report: (issues, value) =>
        this.#report('response', this.#isStrict.response, 'event', issues, value, response),
      errorOf: error => this.bodyError(error, response, options.signal),
      reopen: async lastEventId => {
        const headers = { ...request.headers };
        if (lastEventId) headers['last-event-id'] = lastEventId;
        const again = await this.#dispatch({ ...request, headers }, options);
        if (!again.ok) throw this.statusError(await this.#read(again, request, options));
        if (again.status === 204 || isEvents(again)) return again;
        discard(again);
        throw this.refusal('content-type', 'should go on as text/event-stream', '', again);
      },
    };
  }

  #dispatch(request: Sendable, options: OperationOptions): Promise<Response> {
    const { auth, inside } = this.client;
    if (!auth) return inside.fetch(request.target, this.#initOf(request, options));
    const { trip, keyed } = this.#tripOf(request, options);
    return sendAuthorized(auth, keyed, trip);
  }

  /** A request that may be sent in two calls, which have one limit and one key between them. */
  #tripOf(request: Sendable, options: OperationOptions): { readonly trip: Trip; readonly keyed: Sendable } {
    const { inside } = this.client;
    const { target, method, headers } = request;
    const policy = inside.policyFor(target, this.#policyWith(options.policy));
    const key = keyFor(method, { input: target, init: { headers } }, policy);
    const deadlineAt = inside.clock.now() + policy.totalTimeoutMs;
    const trip: Trip = {
      clock: inside.clock,
      signal: options.signal ?? undefined,
      deadlineAt,
      send: sendable => inside.fetch(sendable.target, this.#initOf(sendable, options), deadlineAt),
      tooLate: limitMs => new TimeoutError(this.#newRecord(), 'auth', limitMs),
    };
    const keyed =
      key === undefined ? request : { ...request, headers: { ...headers, 'idempotency-key': key } };
    return { trip, keyed };
  }

  #initOf({ headers, cookies, body }: Sendable, { signal, policy }: OperationOptions): CallInit {
    const init: { -readonly [Key in keyof CallInit]: CallInit[Key] } & { duplex?: 'half' } = {
      ...this.client.init,
      method: this.endpoint.options.method,
      headers: withCookies(headers, cookies),
      urlTemplate: this.#urlTemplate,
    };
    const own = this.#policyWith(policy);
    if (own) init.policy = own as CallPolicy;
    if (signal) init.signal = signal;
    if (body === undefined) return init;
    init.body = body;
    // Fetch §5.4: a stream is sent before the answer is read.
    if (isOneShot(body)) init.duplex = 'half';
    return init;
  }

  #headersOf(encoded: EncodedRequest, options: OperationOptions): Record<string, string> {
    const headers: Record<string, string> = { ...this.client.headers, ...encoded.headers };
    if (this.#accept !== '' && headers.accept === undefined) headers.accept = this.#accept;
    if (options.headers) for (const [name, value] of new Headers(options.headers)) headers[name] = value;
    const key = options.idempotencyKey ?? this.#newKey(headers);
    if (key !== undefined) headers['idempotency-key'] = key;
    return headers;
  }

  #newKey(headers: Record<string, string>): string | undefined {
    if (this.endpoint.options.idempotency !== 'key') return undefined;
    return hasIdempotencyKey({ input: '', init: { headers } }) ? undefined : uniqueId();
  }

  async #checkKey(key: string, url: string, { body }: EncodedRequest): Promise<void> {
    const { method } = this.endpoint.options;
    const obstacle = await this.client.keys.obstacle(key, { method, url, body });
    if (obstacle === undefined) return;
    const issues = [{ message: obstacle, path: ['idempotencyKey'] }];
    throw new ValidationError(this.#newRecord(), {
      operation: this.name,
      direction: 'request',
      part: 'headers',
      issues,
      excerpt: '',
    });
  }

  #policyWith(own: CallPolicy | undefined): PolicyOptions | undefined {
    if (own === undefined || this.#policy === undefined) return own ?? this.#policy;
    let combined = this.#combined.get(own);
    if (!combined) {
      combined = overlay(this.#policy, own);
      this.#combined.set(own, combined);
    }
    return combined;
  }

  #checkArguments(input: Input, options: OperationOptions): void {
    const { options: declared } = this.endpoint;
    requireObject(input, `${this.name}: input`);
    for (const group in input) {
      const isKnown = inputGroups.includes(group) && declared[group as keyof Input] !== undefined;
      if (isKnown || input[group as keyof Input] === undefined) continue;
      const known = inputGroups.filter(name => declared[name as keyof Input] !== undefined);
      throw unknownOption(`${this.name}: ${group}`, group, known.length > 0 ? known : ['nothing']);
    }
    if (options === nothing) return;
    if (options.signal) requireSignal(options.signal);
    readOptions<OperationOptions, object>('', options, optionChecks, nothing);
  }

  #report(
    direction: 'request' | 'response',
    isStrict: boolean,
    part: Part,
    issues: readonly Issue[],
    value: unknown,
    response?: Response,
  ): void {
    const error = this.#validationError(direction, part, issues, value, response);
    if (isStrict) throw error;
    const { inside } = this.client;
    const call = HoldfastError.recordOf(error) as CallRecord;
    inside.tell({ type: 'validation', call, operation: this.name, direction, part, issues: error.issues });
    if (!inside.isHeard) this.#warnOnce(error);
  }

  #hasWarned = false;

  #warnOnce(error: ValidationError): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    console.warn(
      `holdfast: ${error.message} It passes, since \`validate\` says 'warn'; further ones stay silent.`,
    );
  }

  #validationError(
    direction: 'request' | 'response',
    part: Part,
    issues: readonly Issue[],
    value: unknown,
    response?: Response,
  ): ValidationError {
    return new ValidationError(response ? this.#recordOf(response) : this.#newRecord(), {
      operation: this.name,
      direction,
      part,
      issues: withoutSecrets(issues),
      excerpt: excerptOf(value),
      response,
    });
  }

  #recordOf(response: Response): CallRecord {
    return recordOf(response) ?? this.#newRecord();
  }

  /** Of a call that was not sent: its URL is that of the template. */
  #newRecord(): CallRecord {
    const { base, inside } = this.client;
    return inside.newRecord(this.endpoint.options.method, { href: `${base.origin}${this.#urlTemplate}` });
  }
}

/** Beside those of a `Cookie` header that was given by hand. */
function withCookies(headers: Record<string, string>, cookies: string): Record<string, string> {
  if (cookies === '') return headers;
  return { ...headers, cookie: headers.cookie ? `${headers.cookie}; ${cookies}` : cookies };
}

const isEvents = ({ headers }: Response): boolean =>
  essenceOf(headers.get('content-type') ?? '') === 'text/event-stream';

const isOneShot = (body: BodyInit | undefined): boolean =>
  typeof body === 'object' && (body instanceof ReadableStream || Symbol.asyncIterator in body);

function requireSignal(signal: unknown): void {
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal) return;
  throw new TypeError(`\`signal\` should be an AbortSignal, got ${show(signal)}.`);
}

/** Content types of all that may come back, in the order in which they are declared. */
function acceptOf({ responses }: EndpointOptions): string {
  return [...new Set(contentsOf({ responses }).map(({ type }) => type))].join(', ');
}

function contentsOf({ responses }: Pick<EndpointOptions, 'responses'>): Content[] {
  return Object.values(responses).flatMap(declared => {
    const { body } = declarationOf(declared ?? null);
    return body ? bodiesOf(body) : [];
  });
}

/** What the declarations of an endpoint mean for the policy. */
function policyOf(options: EndpointOptions): PolicyOptions | undefined {
  const { idempotency, policy } = options;
  const layers: PolicyOptions[] = [];
  if (idempotency === 'safe' || idempotency === 'idempotent') layers.push({ retry: { idempotent: true } });
  if (idempotency === 'none') layers.push({ retry: false, idempotencyKey: false });
  // The life of a stream is no measure of its health; its silence is.
  if (contentsOf(options).some(isStreamed)) layers.push({ totalTimeoutMs: false });
  if (policy) layers.push(policy);
  return layers.length === 0 ? undefined : layers.reduce(overlay);
}
