/** The third door: a typed function for each endpoint of a contract. */
import { HoldfastError, NetworkError, RejectedError, TimeoutError } from '../errors.ts';
import { type GivenFetch, givenFetch, insideFor } from '../given-fetch.ts';
import { type Check, type Checks, callback, readOptions, requireObject } from '../pipeline/options.ts';
import type { Auth } from './auth.ts';
import { readBaseUrl } from './base-url.ts';
import { type Contract, endpointsOf } from './contract.ts';
import type { Endpoint } from './endpoint.ts';
import { StatusError, TokenError, ValidationError } from './errors.ts';
import { type ApiClient, Exchange } from './exchange.ts';
import type { Empty, InputOf, ItemOf, ResultOf, SuccessOf } from './infer.ts';
import { KeyGuard } from './key-guard.ts';
import type { OperationOptions } from './operation-options.ts';
import { itemsOf, type Page, type PageOptions, pagesOf } from './pages.ts';
import type { Input } from './request-encoder.ts';
import { type Credentials, readCredentials, schemesIn } from './security.ts';
import { readValidation, type Validation } from './validation.ts';

/**
 * What a typed client is made with.
 *
 * @typeParam Scheme - the schemes that endpoints of the contract ask for in their `security`.
 */
export interface ApiOptions<Scheme extends string = never> extends GivenFetch {
  /** What all paths are appended to, its own path included: an absolute URL, or in a browser one from the root. */
  readonly baseUrl: string | URL;
  /** What becomes of values that do not match; endpoints may say otherwise. */
  readonly validate?: Validation;
  /**
   * Proves who calls: `bearer(…)`, `basic(…)`, `apiKey(…)`, or one of your own, for all endpoints but those that ask for
   * none; or one for each scheme that endpoints ask for, `{ bearerAuth: bearer(…) }`, sent where it is asked for.
   */
  readonly auth?: Auth | AuthByScheme<Scheme>;
  /** Sent with every call. What the contract or the call says comes before. */
  readonly headers?: HeadersInit;
  /** Further members for `fetch`, such as `credentials` in a browser. */
  readonly init?: Omit<RequestInit, 'method' | 'headers' | 'body' | 'signal' | 'duplex'>;
}

/** Without schemes there is no such object: to the compiler, one without members would be any. */
type AuthByScheme<Scheme extends string> = [Scheme] extends [never]
  ? never
  : { readonly [Name in Scheme]?: Auth | undefined };

/** An input that may be empty may be left out. */
type Arguments<Input, Options = OperationOptions> = Empty extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options];

/**
 * The client function of an endpoint. It resolves with the data of a success, and rejects with a `StatusError` for any
 * other status, a `ValidationError` for what is not as the contract says, and with what a fetch of ours rejects with.
 */
export interface Operation<Input, Data, Result> {
  // Without a comment of its own, so that an editor shows the one that stands above the endpoint in the contract.
  (...args: Arguments<Input>): Promise<Data>;
  /** Resolves with whatever comes of it, and never rejects. */
  safe(...args: Arguments<Input>): Promise<Result>;
  /** What it was made from. */
  readonly endpoint: Endpoint;
}

/** The client function of an endpoint that answers page by page. */
export interface PagedOperation<Input, Data, Result, Item> extends Operation<Input, Data, Result> {
  /** The items of all pages, each page called for when it is needed. */
  items(...args: Arguments<Input, PageOptions>): AsyncIterable<Item>;
  pages(...args: Arguments<Input, PageOptions>): AsyncIterable<Page<Item, Data>>;
}

type OperationOf<Options> = Options extends { readonly paginate: unknown }
  ? PagedOperation<InputOf<Options>, SuccessOf<Options>, ResultOf<Options>, ItemOf<Options>>
  : Operation<InputOf<Options>, SuccessOf<Options>, ResultOf<Options>>;

/** A typed function for each endpoint of a contract, in the same groups. */
export type Api<Definition> = {
  readonly [Name in keyof Definition]: Definition[Name] extends Endpoint<infer Options>
    ? OperationOf<Options>
    : Api<Definition[Name]>;
};

/** The schemes that endpoints of a contract ask for; any, where the contract is only known when the program runs. */
type SchemesOf<Definition> = string extends keyof Definition
  ? string
  : {
      [Name in keyof Definition]: Definition[Name] extends Endpoint<infer Options>
        ? Options extends { readonly security: readonly (infer Requirement)[] }
          ? Names<Requirement>
          : never
        : SchemesOf<Definition[Name]>;
    }[keyof Definition];

type Names<Requirement> = Requirement extends unknown ? keyof Requirement & string : never;

const anything: Check = () => {};

const checks: Checks<ApiOptions> = {
  baseUrl: anything,
  validate: (value, name) => readValidation(value as Validation, name),
  auth: requireObject,
  headers: requireObject,
  init: requireObject,
  fetch: callback,
  policy: requireObject,
};

/**
 * Makes a client of a contract: one function per endpoint, in the groups of the contract.
 *
 * @throws TypeError or RangeError if an option will not do.
 * @example
 * const api = createApi(users, { baseUrl: 'https://users.internal', fetch });
 * const user = await api.getUser({ params: { id } });
 */
export function createApi<const Definition extends Contract>(
  contract: Definition,
  options: ApiOptions<SchemesOf<Definition>>,
): Api<Definition> {
  readOptions<ApiOptions<SchemesOf<Definition>>, object>('', options, checks, {});
  const endpoints = endpointsOf(contract);
  const schemes = endpoints.flatMap(({ endpoint }) => schemesIn(endpoint.options.security));
  const client = clientOf(options, readCredentials(options.auth, new Set(schemes)));
  const api: Group = {};
  for (const { path, endpoint } of endpoints) {
    let group = api;
    for (const name of path.slice(0, -1)) group = groupIn(group, name);
    // Compiled at the first call: of a large contract, a program uses little.
    let exchange: Exchange | undefined;
    const operation = operationOf(
      () => (exchange ??= new Exchange(path.join('.'), endpoint, client)),
      endpoint,
    );
    define(group, path.at(-1) as string, operation);
  }
  return api as Api<Definition>;
}

interface Group {
  [name: string]: unknown;
}

function groupIn(group: Group, name: string): Group {
  if (!Object.hasOwn(group, name)) define(group, name, {});
  return group[name] as Group;
}

/** Not by assignment, which `__proto__` would take for something else. */
function define(group: Group, name: string, value: unknown): void {
  Object.defineProperty(group, name, { value, enumerable: true });
}

function clientOf(
  { baseUrl, validate = {}, headers, init = {}, fetch, policy }: Omit<ApiOptions, 'auth'>,
  credentials: Credentials,
): ApiClient {
  return {
    inside: insideFor(givenFetch({ fetch, policy })),
    base: readBaseUrl(baseUrl),
    validate,
    credentials,
    headers: Object.fromEntries(new Headers(headers)),
    init,
    keys: new KeyGuard(),
  };
}

/** @param exchange - made at the first call. */
function operationOf(exchange: () => Exchange, endpoint: Endpoint): unknown {
  const call = (input?: Input, options?: OperationOptions) => dataOf(exchange, input, options);
  const safe = (input?: Input, options?: OperationOptions) => resultOf(exchange, input, options);
  if (!('paginate' in endpoint.options)) return Object.assign(call, { safe, endpoint });
  const items = (input?: Input, options?: PageOptions) => itemsOf(exchange(), input, options);
  const pages = (input?: Input, options?: PageOptions) => pagesOf(exchange(), input, options);
  return Object.assign(call, { safe, endpoint, items, pages });
}

async function dataOf(get: () => Exchange, input?: Input, options?: OperationOptions): Promise<unknown> {
  const exchange = get();
  let error: unknown;
  try {
    const answer = await exchange.send(input, options);
    if (answer.ok) return answer.data;
    error = exchange.statusError(answer);
  } catch (thrown) {
    error = thrown;
  }
  if (!hasSubstitute(exchange, error)) throw error;
  return substitute(exchange, error);
}

async function resultOf(get: () => Exchange, input?: Input, options?: OperationOptions): Promise<unknown> {
  try {
    return await resultOrSubstitute(get(), input, options);
  } catch (error) {
    // A fallback has thrown.
    return { ok: false, error };
  }
}

async function resultOrSubstitute(
  exchange: Exchange,
  input?: Input,
  options?: OperationOptions,
): Promise<unknown> {
  let error: unknown;
  try {
    const answer = await exchange.send(input, options);
    const { ok, status, data, headers, response, isDeclared } = answer;
    if (ok) return { ok, status, data, headers, response };
    error = exchange.statusError(answer);
    if (isDeclared && !hasSubstitute(exchange, error)) return { ok, status, data, headers, response };
  } catch (thrown) {
    error = thrown;
  }
  if (!hasSubstitute(exchange, error)) return { ok: false, error };
  return { ok: true, fallback: true, data: substitute(exchange, error), error };
}

/** What the service cannot help or nobody can: not what the caller did wrong, nor what the caller called off. */
function hasSubstitute({ endpoint }: Exchange, error: unknown): error is HoldfastError {
  if (!('fallback' in endpoint.options)) return false;
  // A gateway that fails has its own idea of what a failure looks like: the status counts.
  const hasStatus =
    error instanceof StatusError || error instanceof TokenError || error instanceof ValidationError;
  if (hasStatus) return (error.status ?? 0) >= 500 || error.status === 429;
  return error instanceof NetworkError || error instanceof TimeoutError || error instanceof RejectedError;
}

/** Never silently: an event tells of it, and the record of the call. */
function substitute({ endpoint, name, client }: Exchange, error: HoldfastError): unknown {
  const call = HoldfastError.recordOf(error);
  if (call) {
    call.fallback = name;
    const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined;
    client.inside.tell({ type: 'fallback', call, name, error, status });
  }
  const { fallback } = endpoint.options;
  return typeof fallback === 'function' ? fallback(error) : fallback;
}
