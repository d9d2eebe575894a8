/** What the runtime's own `fetch` is, and what its requests go through. */
import type { FetchLike } from '../http/fetch-like.ts';

/** Node's reads undici from among its internal modules, which no other code can. */
const internals = /\binternal\/deps\/undici\b|\blazyUndici\b/;

/** Whether nobody has put anything over it: neither a mock nor an instrumentation would see what goes past it. */
export const isRuntimeFetch = (fetch: FetchLike): boolean =>
  internals.test(Function.prototype.toString.call(fetch));

/** Where every undici, the runtime's included, puts what `setGlobalDispatcher()` was given. */
const place = Symbol.for('undici.globalDispatcher.1');

/** The dispatcher that the runtime's `fetch` sends through; undefined until somebody has needed or set one. */
export const globalDispatcher = (): unknown => (globalThis as { [place]?: unknown })[place];
