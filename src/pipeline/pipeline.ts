import type { Call } from './call.ts';
import { show } from './options.ts';

/** Sends one call, or one attempt of it, and resolves with its response. */
export type Handler = (call: Call) => Promise<Response>;

/**
 * One behaviour around a call. `next` may be called never (refuse, fall back), once, again (retry)
 * or twice at once (hedge), with the call as given or with a changed copy of it.
 */
export type Policy = (call: Call, next: Handler) => Promise<Response>;

/**
 * Stacks policies on a transport. First is outermost: `pipeline([a, b], transport)` is a(b(transport)).
 *
 * @example
 * const send = pipeline([retry({ maxRetries: 3 }), attemptTimeout({ limitMs: 2_000 })], transport);
 */
export function pipeline(policies: readonly Policy[], transport: Handler): Handler {
  return policies.reduceRight<Handler>((next, policy) => {
    return call => {
      // One that throws has rejected, so that nobody further out has to expect both.
      try {
        return policy(call, next);
      } catch (error) {
        return Promise.reject(error);
      }
    };
  }, transport);
}

/**
 * Stops what is no response where it comes in, from a transport or a policy of somebody's own: a mistake in the
 * program, that must not be taken for a failure of the network and repeated.
 *
 * @throws TypeError with the code `ERR_INVALID_RETURN_VALUE`.
 */
export function requireResponse(value: Response): Response {
  if (value?.status >= 0) return value;
  const message = `A transport or policy should resolve with a Response, got ${show(value)}.`;
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' });
}
