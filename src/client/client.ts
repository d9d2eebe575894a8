/** The one file, with its neighbours in this folder, that knows ky. */
import ky, { type Input, type KyInstance, type Options as KyOptions, type ResponsePromise } from 'ky';
import type { HoldfastFetch } from '../fetch.ts';
import { type GivenFetch, givenFetch } from '../given-fetch.ts';
import { isReplayable } from '../http/body.ts';
import { requireObject } from '../pipeline/options.ts';
import { checkCallPolicy, overlay, type PolicyOptions, resolvePolicy } from '../policies/policy-options.ts';
import { ClientCall } from './client-call.ts';
import { refuseForeign, refuseForeignToCall } from './owned-options.ts';

/** What users of a client catch and pass. From our copy of ky, so that `instanceof` holds without one of theirs. */
export { HTTPError, isHTTPError, replaceOption, SchemaValidationError } from 'ky';

type OwnedByUs = 'fetch' | 'retry' | 'timeout' | 'totalTimeout';

/** What a client is made with: ky's options, except those that would have a say in attempts and time. */
export interface ClientOptions extends Omit<KyOptions, OwnedByUs>, GivenFetch {}

/** What one call takes, and what `extend()` presets: ky's options, and how the calls are treated. */
export interface ClientCallOptions extends KyOptions {
  /**
   * Laid over the policy of the client and of the host, option by option. The state shared by all calls to a host
   * (circuit, pause, budget) can only be left out.
   */
  policy?: PolicyOptions;
  /** @deprecated Refused with a `TypeError`: the policy retries. Set `policy: { retry: { maxRetries } }`. */
  retry?: NonNullable<KyOptions['retry']>;
  /** @deprecated Refused with a `TypeError`: the policy bounds attempts. Set `policy: { attemptTimeoutMs }`. */
  timeout?: NonNullable<KyOptions['timeout']>;
  /** @deprecated Refused with a `TypeError`: the policy bounds the call. Set `policy: { totalTimeoutMs }`. */
  totalTimeout?: NonNullable<KyOptions['totalTimeout']>;
  /** @deprecated Refused with a `TypeError`: a client keeps its fetch. Give it to `createClient()`. */
  fetch?: NonNullable<KyOptions['fetch']>;
}

/** Sends one request of a method. */
export type Send = <T>(url: Input, options?: ClientCallOptions) => ResponsePromise<T>;

/** A ky instance that sends through a fetch of ours. Fits wherever a `KyInstance` is asked for. */
export interface Client {
  <T>(url: Input, options?: ClientCallOptions): ResponsePromise<T>;
  readonly get: Send;
  readonly post: Send;
  readonly put: Send;
  readonly delete: Send;
  readonly patch: Send;
  readonly head: (url: Input, options?: ClientCallOptions) => ResponsePromise;
  readonly query: Send;
  /** A client with other presets over the same fetch; nothing is inherited but that. */
  readonly create: (defaults?: ClientCallOptions) => Client;
  /** A client with further presets over the same fetch. Policies are laid over each other, lists replaced. */
  readonly extend: (
    defaults: ClientCallOptions | ((parent: ClientCallOptions) => ClientCallOptions),
  ) => Client;
  readonly stop: KyInstance['stop'];
  /** Asks for the call to be made once more, from an `afterResponse` hook. */
  readonly retry: KyInstance['retry'];
  /** What sends: hosts to look at, `update()` to change the policy, `close()` to end. */
  readonly fetch: HoldfastFetch;
}

/**
 * A ky instance that retries, times out and breaks circuits as `createFetch` does. ky's own retry and timeouts are
 * off. An HTTP error status is ky's `HTTPError`; all other errors are ours, or the caller's own abort reason.
 *
 * @throws TypeError or RangeError if an option will not do.
 * @example
 * const payments = createClient({ baseUrl: 'https://payments.internal/v1/', policy: { totalTimeoutMs: 20_000 } });
 * const charge = await payments.get('charges/42').json();
 */
export function createClient(options: ClientOptions = {}): Client {
  refuseForeign(options);
  const { policy, fetch, ...presets } = options;
  return newClient({ ky: ky.create(presets), policy: undefined, fetch: givenFetch({ fetch, policy }) });
}

interface Presets {
  /** Holds everything that the user has set, and nothing of ours. */
  readonly ky: KyInstance;
  /** What is laid over the policy of the fetch. */
  readonly policy: PolicyOptions | undefined;
  readonly fetch: HoldfastFetch;
}

const methods = ['get', 'post', 'put', 'patch', 'head', 'delete', 'query'] as const;
type Method = (typeof methods)[number];

function newClient(presets: Presets): Client {
  const calls = new Calls(presets);
  const client = (input: Input, options?: ClientCallOptions) => calls.send(undefined, input, options);
  for (const method of methods) {
    Object.assign(client, {
      [method]: (input: Input, options?: ClientCallOptions) => calls.send(method, input, options),
    });
  }
  return Object.assign(client, {
    create: (defaults: ClientCallOptions = {}) =>
      extended({ ...presets, ky: ky.create(), policy: undefined }, defaults),
    extend: (defaults: Parameters<Client['extend']>[0]) => extended(presets, defaults),
    stop: ky.stop,
    retry: ky.retry,
    fetch: presets.fetch,
  }) as unknown as Client;
}

function extended(presets: Presets, defaults: Parameters<Client['extend']>[0]): Client {
  let { policy } = presets;
  const extendedKy = presets.ky.extend(parent => {
    const given =
      typeof defaults === 'function' ? defaults(policy ? { ...parent, policy } : parent) : defaults;
    refuseForeignToCall(given);
    const { policy: over, ...rest } = given;
    policy = laidOver(policy, over);
    return rest;
  });
  return newClient({ ...presets, ky: extendedKy, policy });
}

/** Checks what is laid over here, where it was written, and not only at the first call. */
function laidOver(
  base: PolicyOptions | undefined,
  over: PolicyOptions | undefined,
): PolicyOptions | undefined {
  if (over === undefined) return base;
  checkCallPolicy(over);
  resolvePolicy(over, 'policy');
  return base ? overlay(base, over) : over;
}

/** Sends the calls of one client through ky. */
class Calls {
  readonly #presets: Presets;
  /** ky as the client set it, with our last word on every call. */
  readonly #ky: KyInstance;
  /** Combinations of policies by the one that a call brought: a policy that is used again is compiled once. */
  readonly #combined = new WeakMap<PolicyOptions, PolicyOptions>();
  /** The call that ky has just begun; its `init` hooks run before it returns. */
  #begun: { readonly call: ClientCall; readonly isCopied: boolean } | undefined;

  constructor(presets: Presets) {
    this.#presets = presets;
    this.#ky = this.#withLastWord(presets.ky);
  }

  send(method: Method | undefined, input: Input, options?: ClientCallOptions): ResponsePromise<unknown> {
    const result = this.#begin(method, input, options);
    const begun = this.#begun;
    // Or the last call would stay in memory until the next one, response and all.
    this.#begun = undefined;
    return begun?.isCopied ? telling(result, begun.call) : result;
  }

  /** Hooks of a call come after the presets', or replace them; then our word has to be said again to be the last. */
  #begin(method: Method | undefined, input: Input, options?: ClientCallOptions): ResponsePromise<unknown> {
    if (typeof options !== 'object' || options === null || !('hooks' in options)) {
      return method ? this.#ky[method](input, options) : this.#ky(input, options);
    }
    const instance = this.#withLastWord(this.#presets.ky.extend(options));
    return method ? instance[method](input) : instance(input);
  }

  #withLastWord(instance: KyInstance): KyInstance {
    return instance.extend({ hooks: { init: [options => this.#haveLastWord(options)] } });
  }

  /** The last `init` hook: what ky reads next is what stands here. */
  #haveLastWord(options: ClientCallOptions): void {
    refuseForeignToCall(options);
    const call = new ClientCall(this.#presets.fetch);
    const isCopied = hasAfterResponse(options) || options.onDownloadProgress !== undefined;
    const policy = this.#policyWith(options.policy);
    if (policy) options.policy = policy;
    if (hasBody(options)) options.hooks = withKeptBody(options.hooks, call);
    options.fetch = isCopied ? call.sendTellingClones : call.send;
    options.timeout = false;
    options.retry = mayBeAskedToRetry(options) ? onlyWhenAsked : 0;
    this.#begun = { call, isCopied };
  }

  #policyWith(own: PolicyOptions | undefined): PolicyOptions | undefined {
    const { policy } = this.#presets;
    if (policy === undefined || own === undefined) return own ?? policy;
    requireObject(own, 'policy');
    let combined = this.#combined.get(own);
    if (!combined) {
      combined = overlay(policy, own);
      this.#combined.set(own, combined);
    }
    return combined;
  }
}

/** No method is retried by ky itself; what is left of its retries are those that a hook returns `client.retry()` for. */
const onlyWhenAsked = { methods: [] };

const hasAfterResponse = ({ hooks }: ClientCallOptions): boolean => (hooks?.afterResponse?.length ?? 0) > 0;

/** Being ready to repeat makes ky clone each request, which would hold a stream in memory. */
const mayBeAskedToRetry = (options: ClientCallOptions): boolean =>
  hasAfterResponse(options) && isReplayable(options.body);

const hasBody = ({ body, json }: ClientCallOptions): boolean =>
  (body !== undefined && body !== null) || json !== undefined;

/** The lists are shared by all calls of an instance: ours go into new ones. */
const withKeptBody = (
  hooks: ClientCallOptions['hooks'],
  call: ClientCall,
): NonNullable<KyOptions['hooks']> => ({
  ...hooks,
  beforeRequest: [call.keepBody, ...(hooks?.beforeRequest ?? [])],
  beforeRetry: [call.keepBodyOfClone, ...(hooks?.beforeRetry ?? [])],
});

/** The same promise, except that the response it brings can tell its story; ky makes up a new one on some ways. */
function telling(result: ResponsePromise<unknown>, call: ClientCall): ResponsePromise<unknown> {
  const told = result.then(response => {
    call.tell(response);
    return response;
  });
  for (const [name, read] of Object.entries(result) as [string, (...args: unknown[]) => unknown][]) {
    // Who reads the body by way of `json()` hears of errors there, and has no handler on the promise itself.
    const readTold = (...args: unknown[]) => {
      told.catch(() => {});
      return read(...args);
    };
    Object.assign(told, { [name]: readTold });
  }
  return told as ResponsePromise<unknown>;
}
