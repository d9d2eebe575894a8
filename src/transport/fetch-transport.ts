import { fromTransport } from '../http/failure.ts';
import type { FetchLike } from '../http/fetch-like.ts';
import type { CallRequest } from '../pipeline/call.ts';
import type { Handler } from '../pipeline/pipeline.ts';
import { viaGlobalFetch } from './global-fetch.ts';
import { carriesSecrets, followRedirects, hidesRedirects } from './redirects.ts';

/**
 * The innermost handler over a fetch: one attempt is one call of it, with the caller's own arguments, and a signal.
 *
 * @param fetch - by default the global `fetch`, looked up at each attempt, so that mocks and polyfills take effect.
 */
export function fetchTransport(fetch?: FetchLike): Handler {
  const send = fetch ?? viaGlobalFetch();
  return function fetchTransport({ request, signal }) {
    const init = signal ? { ...request.init, signal } : request.init;
    try {
      const sending = mustGuard(request)
        ? sendAndFollow(send, request, init)
        : Promise.resolve(send(request.input, init));
      return sending.catch(rethrowMarked);
    } catch (error) {
      return Promise.reject(fromTransport(error));
    }
  };
}

async function sendAndFollow(send: FetchLike, request: CallRequest, init: RequestInit): Promise<Response> {
  const first = await send(request.input, { ...init, redirect: 'manual' });
  return followRedirects(first, send, request, init);
}

const rethrowMarked = (error: unknown): never => {
  throw fromTransport(error);
};

const mustGuard = (request: CallRequest): boolean =>
  !hidesRedirects &&
  followsRedirects(request) &&
  !hasIntegrity(request) &&
  (request.ownRedirects === true || carriesSecrets(request));

/** A hash is checked against every answer that `fetch` hands over, so only `fetch` can follow to the last. */
const hasIntegrity = ({ input, init }: CallRequest): boolean =>
  Boolean(init.integrity ?? (typeof input === 'object' && 'integrity' in input && input.integrity));

function followsRedirects({ input, init }: CallRequest): boolean {
  const mode =
    init.redirect ?? (typeof input === 'object' && 'redirect' in input ? input.redirect : undefined);
  return mode === undefined || mode === 'follow';
}
