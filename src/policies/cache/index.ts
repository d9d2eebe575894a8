/**
 * The last good answer: a cache as HTTP describes it. Needs the packages `http-cache-semantics` and `lru-cache`.
 *
 * @module holdfast/cache
 */
export { type HttpCacheOptions, httpCache } from './http-cache.ts';
export type { CacheStore } from './store-shelf.ts';
