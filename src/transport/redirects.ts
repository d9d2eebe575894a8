/**
 * `fetch` takes `Authorization` and cookies off a redirect to another origin, and nothing else. An `Idempotency-Key`
 * or an API key in a header of its own would go along. Calls that carry one are redirected here, by the same rules
 * as in `fetch`, with these headers taken off as well. All others are left to `fetch`.
 */
import { isReplayable } from '../http/body.ts';
import { isInBrowser } from '../http/browser.ts';
import { discard } from '../http/drain.ts';
import { fromTransport } from '../http/failure.ts';
import { copyHeaders, headersOf, someHeader } from '../http/headers.ts';
import { isSensitiveHeader } from '../http/redact.ts';
import type { CallRequest } from '../pipeline/call.ts';

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
export const hidesRedirects: boolean = isInBrowser();

/** Whether the call has a secret header that `fetch` would hand on to another origin. */
export function carriesSecrets(request: CallRequest): boolean {
  return someHeader(headersOf(request), name => isSensitiveHeader(name) && !guardedByFetch.test(name));
}

/** One request of the chain. */
interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  /** `unknown`: that of a `Request`, whose source only `fetch` itself can reach. */
  readonly body: 'none' | 'replayable' | 'one-shot' | 'unknown';
  /** Everything else, for every hop the same. */
  readonly init: RequestInit;
  /** Whether a redirect has left the origin that the call was for. */
  readonly isAbroad: boolean;
}

/**
 * Follows redirects without carrying secrets to another origin.
 *
 * @param first - what the call itself was answered with.
 * @param send - gets a URL as text, and what there is of `init` for it.
 * @see {@link https://fetch.spec.whatwg.org/#http-redirect-fetch | Fetch, HTTP-redirect fetch}
 */
export async function followRedirects(
  first: Response,
  send: (href: string, init: RequestInit) => Promise<Response>,
  request: CallRequest,
  init: RequestInit,
): Promise<Response> {
  let hop = firstHop(request, init);
  let response = first;
  for (let redirects = 0; ; redirects++) {
    const target = targetOf(response, hop.url);
    if (!target) return redirects === 0 ? response : markRedirected(response, hop);
    if (redirects === maxRedirects) throw failed(response, 'redirect count exceeded');
    const obstacle = obstacleTo(target, hop, response.status);
    if (obstacle) throw failed(response, obstacle);
    hop = nextHop(hop, target, response.status);
    discard(response);
    response = await send(hop.url.href, { ...hop.init, method: hop.method, headers: hop.headers }).catch(
      rethrowLate,
    );
  }
}

const rethrowLate = (error: unknown): never => {
  throw fromTransport(error, { afterRedirect: true });
};

function firstHop(request: CallRequest, init: RequestInit): Hop {
  const { input, url, method } = request;
  const given = typeof input === 'object' && 'method' in input ? input : undefined;
  const givenHeaders = headersOf(request);
  const headers = new Headers(givenHeaders && copyHeaders(givenHeaders));
  const body = init.body ?? undefined;
  const ofGiven = given?.body ? 'unknown' : 'none';
  const ofInit = isReplayable(body) ? 'replayable' : 'one-shot';
  const common: RequestInit = { ...(given && fromRequest(given)), ...init, redirect: 'manual' };
  return { url, method, headers, body: body === undefined ? ofGiven : ofInit, init: common, isAbroad: false };
}

/** What a `Request` says beyond its URL, method, body and headers, in the form of an `init`. */
function fromRequest(request: Request): RequestInit {
  const { cache, credentials, integrity, keepalive, mode, referrer, referrerPolicy } = request;
  const init: RequestInit = { cache, credentials, integrity, keepalive, referrerPolicy };
  if (mode !== 'navigate') init.mode = mode;
  if (referrer && referrer !== 'about:client') init.referrer = referrer;
  return init;
}

/** Where a response sends us; undefined if it stays. The fragment is inherited (RFC 9110 §10.2.2). */
function targetOf(response: Response, from: URL): URL | undefined {
  if (!redirectStatuses.includes(response.status)) return undefined;
  const location = response.headers.get('location');
  if (location === null) return undefined;
  const href = fromLatin1(location);
  // The error of the original would show it whole, with its secrets.
  if (!URL.canParse(href, from)) throw failed(response, 'the location is no URL');
  const target = new URL(href, from);
  if (!target.hash) target.hash = from.hash;
  return target;
}

/** Headers are read as Latin 1, and locations are meant as UTF-8. */
function fromLatin1(location: string): string {
  if (!/[^\0-\x7f]/.test(location) || /[^\0-\xff]/.test(location)) return location;
  return new TextDecoder().decode(Uint8Array.from(location, character => character.charCodeAt(0)));
}

/** Why `fetch` would not go there. */
function obstacleTo(target: URL, hop: Hop, status: number): string | undefined {
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    return 'URL scheme must be a HTTP(S) scheme';
  if (target.username || target.password) return 'cross origin not allowed for request mode "cors"';
  if (status === 303) return undefined;
  if (hop.body === 'one-shot') return 'the body was a stream and cannot be sent again';
  if (hop.body === 'unknown' && !dropsBody(status, hop.method))
    return 'the body of a Request cannot be sent again';
  return undefined;
}

function nextHop(hop: Hop, target: URL, status: number): Hop {
  const headers = new Headers(hop.headers);
  const leaves = target.origin !== hop.url.origin;
  if (leaves) {
    for (const name of [...headers.keys()])
      if (isSensitiveHeader(name) || name === 'host') headers.delete(name);
  }
  const next = { ...hop, url: target, headers, isAbroad: hop.isAbroad || leaves };
  if (!dropsBody(status, hop.method)) return next;
  for (const name of bodyHeaders) headers.delete(name);
  const { body: _, ...init } = hop.init;
  return { ...next, method: 'GET', body: 'none', init };
}

const dropsBody = (status: number, method: string): boolean =>
  ((status === 301 || status === 302) && method === 'POST') ||
  (status === 303 && method !== 'GET' && method !== 'HEAD');

/** As `fetch` fails: a TypeError whose cause says why. */
function failed(response: Response, why: string): unknown {
  discard(response);
  return fromTransport(new TypeError('fetch failed', { cause: new Error(why) }), { isRefusal: true });
}

/** The last hop was asked for by itself and does not know that it was not the first. Nor would its clones. */
function markRedirected(response: Response, hop: Hop): Response {
  const member = (value: unknown): PropertyDescriptor => ({ value, configurable: true, writable: true });
  if (hop.isAbroad) Object.defineProperty(response, 'type', member('cors'));
  return Object.defineProperties(response, {
    redirected: member(true),
    clone: member(function clone(this: Response): Response {
      return markRedirected(Object.getPrototypeOf(this).clone.call(this), hop);
    }),
  });
}
