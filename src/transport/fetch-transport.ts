import { fromTransport } from '../http/failure.ts';
import type { FetchLike } from '../http/fetch-like.ts';
import type { CallRequest } from '../pipeline/call.ts';
import type { Handler } from '../pipeline/pipeline.ts';
import { carriesSecrets, followRedirects, hidesRedirects } from './redirects.ts';

/**
 * The innermost handler over a fetch: one attempt is one call of it, with the caller's own arguments, and a signal.
 *
 * @param fetch - by default the global `fetch`, looked up at each attempt, so that mocks and polyfills take effect.
 */
export function fetchTransport(fetch?: FetchLike): Handler {
  return function fetchTransport({ request, signal }) {
    const send: FetchLike = fetch ?? globalThis.fetch;
    const init = signal ? withSignal(request, signal) : request.init;
    try {
      const sending = mustGuard(request)
        ? followRedirects(send, request, init)
        : Promise.resolve(send(request.input, init));
      return sending.catch(rethrowMarked);
    } catch (error) {
      return Promise.reject(fromTransport(error));
    }
  };
}

const rethrowMarked = (error: unknown): never => {
  throw fromTransport(error);
};

/**
 * Anything at all in `init` makes `fetch` forget the referrer of a `Request`; a signal of ours must not.
 *
 * @see {@link https://fetch.spec.whatwg.org/#dom-request | Fetch, the Request constructor, "if init is not empty"}
 */
function withSignal({ input, init }: CallRequest, signal: AbortSignal): RequestInit {
  if (typeof input === 'string' || !('referrer' in input) || Object.keys(init).length > 0)
    return { ...init, signal };
  const { referrer, referrerPolicy } = input;
  return { referrer, referrerPolicy, signal };
}

const mustGuard = (request: CallRequest): boolean =>
  !hidesRedirects && followsRedirects(request) && (request.ownRedirects === true || carriesSecrets(request));

function followsRedirects({ input, init }: CallRequest): boolean {
  const mode =
    init.redirect ?? (typeof input === 'object' && 'redirect' in input ? input.redirect : undefined);
  return mode === undefined || mode === 'follow';
}
