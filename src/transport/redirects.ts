/**
 * `fetch` takes `Authorization` and cookies off a redirect to another origin, and nothing else. An `Idempotency-Key`
 * or an API key in a header of its own would go along. Calls that carry one are redirected here, by the same rules
 * as in `fetch`, with these headers taken off as well. All others are left to `fetch`.
 */
import { isReplayable } from '../http/body.ts';
import { discard } from '../http/drain.ts';
import { headersOf, someHeader } from '../http/headers.ts';
import { isSensitiveHeader } from '../http/redact.ts';
import type { CallRequest } from '../pipeline/call.ts';
import type { FetchLike } from './fetch-transport.ts';

/** What `fetch` takes off by itself. */
const guardedByFetch = /^(?:authorization|proxy-authorization|cookie|host)$/i;

/** https://fetch.spec.whatwg.org/#http-redirect-fetch, step 7 */
const maxRedirects = 20;

const redirectStatuses = [301, 302, 303, 307, 308];

/** https://fetch.spec.whatwg.org/#request-body-header-name */
const bodyHeaders = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
];

/** Browsers hide where a redirect goes from anyone but themselves. There the browser's own rules are all there is. */
const hidesRedirects = 'document' in globalThis || 'WorkerGlobalScope' in globalThis;

/** Whether the call has a secret header that `fetch` would hand on to another origin. */
export function carriesSecrets(request: CallRequest): boolean {
  if (hidesRedirects) return false;
  return someHeader(headersOf(request), name => isSensitiveHeader(name) && !guardedByFetch.test(name));
}

/** Sends a call and follows its redirects without carrying secrets to another origin. */
export async function followRedirects(
  send: FetchLike,
  { input, init: given, url: start, method: firstMethod }: CallRequest,
  init: RequestInit,
): Promise<Response> {
  let response = await send(input, { ...init, redirect: 'manual' });
  let from = start;
  let method = firstMethod;
  let hop: RequestInit = {
    ...init,
    headers: new Headers(headersOf({ input, init: given })),
    redirect: 'manual',
  };
  const isRequest = typeof input === 'object' && 'method' in input;
  if (isRequest) hop = { ...fromRequest(input), ...hop };
  let hasBody = isRequest ? Boolean(input.body ?? init.body) : Boolean(init.body);

  for (let redirects = 1; ; redirects++) {
    const to = target(response, from);
    if (!to) return redirects > 1 ? markRedirected(response) : response;
    if (redirects > maxRedirects) throw failed(response, 'redirect count exceeded');
    if (to.protocol !== 'http:' && to.protocol !== 'https:')
      throw failed(response, 'URL scheme must be a HTTP(S) scheme');
    const { status } = response;
    const headers = new Headers(hop.headers);
    if (dropsBody(status, method)) {
      method = method === 'HEAD' ? method : 'GET';
      hasBody = false;
      for (const name of bodyHeaders) headers.delete(name);
      const { body: _, ...bodiless } = hop;
      hop = bodiless;
    } else if (
      hasBody &&
      (isRequest ? init.body === undefined || init.body === null : !isReplayable(init.body))
    ) {
      throw failed(response, 'the body was a stream and cannot be sent to the new location');
    }
    if (to.origin !== from.origin)
      for (const name of [...headers.keys()]) if (isSensitiveHeader(name)) headers.delete(name);
    hop = { ...hop, method, headers };
    discard(response);
    from = to;
    response = await send(to.href, hop);
  }
}

/** What a `Request` says beyond its URL, body and headers, in the form of an `init`. */
function fromRequest(request: Request): RequestInit {
  const { cache, credentials, integrity, keepalive, mode, referrer, referrerPolicy } = request;
  const init: RequestInit = { cache, credentials, integrity, keepalive, referrerPolicy };
  if (mode !== 'navigate') init.mode = mode;
  if (referrer && referrer !== 'about:client') init.referrer = referrer;
  return init;
}

/** Where a response sends us; undefined if it stays. The fragment is inherited (RFC 9110 §10.2.2). */
function target(response: Response, from: URL): URL | undefined {
  if (!redirectStatuses.includes(response.status)) return undefined;
  const location = response.headers.get('location');
  if (location === null) return undefined;
  if (!URL.canParse(location, from))
    throw failed(response, `the location ${JSON.stringify(location)} is no URL`);
  const to = new URL(location, from);
  if (!to.hash) to.hash = from.hash;
  return to;
}

const dropsBody = (status: number, method: string): boolean =>
  ((status === 301 || status === 302) && method === 'POST') ||
  (status === 303 && method !== 'GET' && method !== 'HEAD');

/** As `fetch` fails: a TypeError whose cause says why. */
function failed(response: Response, why: string): TypeError {
  discard(response);
  return new TypeError('fetch failed', { cause: new Error(why) });
}

/** The last hop was asked for by itself and does not know that it was not the first. */
function markRedirected(response: Response): Response {
  return Object.defineProperty(response, 'redirected', { value: true, configurable: true, enumerable: true });
}
