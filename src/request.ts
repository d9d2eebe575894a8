/** Reads the two arguments of a `fetch` call, and knows what is left to the transport's own `fetch`. */
import {
  copyHeaders,
  type HeadersSource,
  hasIdempotencyKey,
  idempotencyKeyHeader,
  isOneShot,
  withHeaders,
} from './http/headers.ts';
import { isSafe, normalizeMethod } from './http/method.ts';
import type { CallRequest } from './pipeline/call.ts';
import { uniqueId } from './pipeline/clock.ts';
import { show } from './pipeline/options.ts';
import type { CallPolicy, ResolvedPolicy } from './policies/policy-options.ts';

/** What `fetch` takes as its second argument, and how this one call is treated. */
export interface CallInit extends RequestInit {
  /** Laid over the policy of the host for this call. The state shared by all calls to a host can only be left out. */
  readonly policy?: CallPolicy;
  /**
   * The template that the path of the URL was made from, such as `/users/{id}`: what telemetry may group by, where a
   * URL has too many values.
   */
  readonly urlTemplate?: string;
}

export type FetchInput = string | URL | Request;

/**
 * The URL that a call goes to over HTTP. Undefined for anything that is none of our business: an invalid URL, a
 * `data:` or `blob:` URL, another scheme. `fetch` says what it thinks of these.
 */
export function httpUrl(input: FetchInput): URL | undefined {
  const text = isObject(input) && 'url' in input ? input.url : input;
  try {
    const url = new URL(text, documentBase());
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** What relative URLs stand on, in a browser and in a worker. */
function documentBase(): string | undefined {
  const scope = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  return scope.document?.baseURI ?? scope.location?.href;
}

/** The caller's signal: that of `init`, even if it is null, before that of a `Request`. */
export function signalOf(input: FetchInput, init: CallInit | undefined): AbortSignal | undefined {
  const own = init?.signal;
  if (own !== undefined) return own ?? undefined;
  return isObject(input) && 'signal' in input ? input.signal : undefined;
}

/** Whether it can be listened to. What is given in its place, `fetch` will refuse in its own words. */
export const isSignal = (value: unknown): value is AbortSignal =>
  typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;

/** Whether it can be read as an `init`; null is as good as none. What else is given, `fetch` will refuse. */
export const isInit = (init: unknown): init is CallInit | undefined | null =>
  init === undefined ||
  init === null ||
  (canHaveMembers(init) && areHeaders((init as CallInit).headers ?? {}));

/** Whether they can be looked through. */
const areHeaders = (headers: unknown): boolean =>
  Array.isArray(headers)
    ? headers.every(pair => isObject(pair) && Symbol.iterator in pair)
    : canHaveMembers(headers);

const canHaveMembers = (value: unknown): boolean => isObject(value) || typeof value === 'function';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Whether the body of a `Request` is gone, which `fetch` refuses, and no retry can mend. */
export const isUsed = (input: FetchInput, init: CallInit | undefined): boolean =>
  isLocked(init?.body) ||
  (typeof input === 'object' &&
    'bodyUsed' in input &&
    input.bodyUsed &&
    (init?.body === undefined || init.body === null));

const isLocked = (body: unknown): boolean => isObject(body) && 'locked' in body && body.locked === true;

/** The caller's `init` as `fetch` may see it. */
export function withoutPolicy(init: CallInit | undefined): RequestInit | undefined {
  return isObject(init) && ('policy' in init || 'urlTemplate' in init) ? ofFetch(init) : init;
}

/** The call as it will be handed to the transport; a key is made here, once for all attempts. */
export function readRequest(
  input: FetchInput,
  init: CallInit | undefined,
  url: URL,
  policy: Pick<ResolvedPolicy, 'idempotencyKey'>,
): CallRequest {
  const given = typeof input === 'object' && 'method' in input ? input.method : undefined;
  const own = readInit(input, init);
  // From the copy: a getter may answer otherwise when it is asked again, and it is the copy that is sent.
  const method = normalizeMethod(own.method === undefined ? given : String(own.method));
  const urlTemplate = init?.urlTemplate;
  const callerSignal = signalOf(input, init);
  const plain: CallRequest = { input, init: own, method, url, callerSignal };
  const request = urlTemplate === undefined ? plain : { ...plain, urlTemplate: String(urlTemplate) };
  const key = keyFor(method, request, policy);
  return key === undefined ? request : withKey(request, key);
}

function isOnlySignal(init: CallInit): boolean {
  for (const name in init) if (name !== 'signal') return false;
  // What is inherited, as from a `Request`, may not show.
  return Object.getPrototypeOf(init) === Object.prototype;
}

/** Shared by all calls that have none. */
const noInit: RequestInit = Object.freeze({});

function readInit(input: FetchInput, init: CallInit | undefined): RequestInit {
  const isRequest = typeof input === 'object' && 'method' in input;
  // The signal is read already, and every attempt gets one of its own in its place.
  if (!isRequest && (!init || isOnlySignal(init))) return noInit;
  const copy = init ? ofFetch(init) : {};
  if (isRequest && Object.keys(copy).length === 0) keepReferrer(copy, input);
  if (copy.headers && isOneShot(copy.headers)) copy.headers = copyHeaders(copy.headers);
  return copy;
}

/**
 * Anything at all in `init` makes `fetch` forget the referrer of a `Request`; a signal of ours must not.
 *
 * @see {@link https://fetch.spec.whatwg.org/#dom-request | Fetch, the Request constructor, "if init is not empty"}
 */
function keepReferrer(init: RequestInit, { referrer, referrerPolicy }: Request): void {
  if (referrer !== undefined) init.referrer = referrer;
  if (referrerPolicy) init.referrerPolicy = referrerPolicy;
}

/** The key that a policy makes for a call; undefined if that has one, or needs none. */
export function keyFor(
  method: string,
  source: HeadersSource,
  { idempotencyKey }: Pick<ResolvedPolicy, 'idempotencyKey'>,
): string | undefined {
  if (idempotencyKey === false || isSafe(method) || hasIdempotencyKey(source)) return undefined;
  return idempotencyKey === 'auto' ? uniqueId() : madeKey(idempotencyKey());
}

function withKey(request: CallRequest, key: string): CallRequest {
  return {
    ...request,
    init: { ...request.init, headers: withHeaders(request, { [idempotencyKeyHeader]: key }) },
  };
}

/** @throws TypeError for what is no key, since without one a retry would be a second order. */
function madeKey(key: unknown): string {
  if (typeof key === 'string' && key.trim() !== '') return key;
  throw new TypeError(`\`idempotencyKey\` should return a text that is not empty, got ${show(key)}.`);
}

/** https://fetch.spec.whatwg.org/#requestinit, and what Node's adds. */
const initMembers = [
  'method',
  'headers',
  'body',
  'referrer',
  'referrerPolicy',
  'mode',
  'credentials',
  'cache',
  'redirect',
  'integrity',
  'keepalive',
  'signal',
  'duplex',
  'priority',
  'window',
  'dispatcher',
  'policy',
  'urlTemplate',
] as const;

/** A copy without what is ours. Not by `delete`, after which an object is slow to read for good. */
function ofFetch(init: CallInit): RequestInit {
  const whole = isPlain(init) ? init : copyInit(init);
  // Taking members out copies slowly.
  if (!('policy' in whole) && !('urlTemplate' in whole)) return { ...whole };
  const { policy: _, urlTemplate: __, ...rest } = whole as CallInit;
  return rest;
}

function isPlain(init: CallInit): boolean {
  const prototype = Object.getPrototypeOf(init);
  return prototype === Object.prototype || prototype === null;
}

/** A copy with every member that `fetch` would read, also where they are inherited, as from a `Request`. */
function copyInit(init: CallInit): CallInit {
  const copy: Record<string, unknown> = { ...init };
  for (const name of initMembers) {
    const value = (init as Record<string, unknown>)[name];
    if (value !== undefined) copy[name] = value;
  }
  return copy;
}
