/** Which `fetch` is the runtime's own. */
import type { FetchLike } from '../http/fetch-like.ts';

/** Node's reads undici from among its internal modules, which no other code can. */
const internals = /\binternal\/deps\/undici\b|\blazyUndici\b/;

/** Whether nobody has put anything over it: neither a mock nor an instrumentation would see what goes past it. */
export const isRuntimeFetch = (fetch: FetchLike | undefined): boolean =>
  typeof fetch === 'function' && internals.test(Function.prototype.toString.call(fetch));
