import { MAX_TIMER_MS } from '../../pipeline/clock.ts';
import {
  boolean,
  type Checks,
  callback,
  duration,
  integer,
  number,
  readOptions,
  show,
} from '../../pipeline/options.ts';
import { Answers } from './answers.ts';
import { cache } from './cache.ts';
import { memoryShelf } from './memory-shelf.ts';
import type { HttpCache } from './options.ts';
import { type CacheStore, storeShelf } from './store-shelf.ts';

export interface HttpCacheOptions {
  /** What keeps the answers: a `Keyv`, or anything with its three methods. By default memory, bounded by `maxBytes`. */
  readonly store?: CacheStore;
  /**
   * Bound on what is kept in memory, in bytes from 1; the least recently used goes first. Not with a `store`, which
   * has bounds of its own.
   * @defaultValue 67_108_864
   */
  readonly maxBytes?: number;
  /**
   * Largest body that is kept, in bytes from 1. A larger one streams through.
   * @defaultValue 5_242_880
   */
  readonly maxEntryBytes?: number;
  /**
   * How long, in milliseconds from 1, a call waits for the store. After that it goes on without it.
   * @defaultValue 100
   */
  readonly storeTimeoutMs?: number;
  /**
   * How long past its freshness, in milliseconds, an answer is kept: to be revalidated, or to stand in.
   * @defaultValue 86_400_000
   */
  readonly retentionMs?: number;
  /**
   * Whether all who call are answered from the same answers, whatever their credentials. Then the rules for shared
   * caches hold: nothing `private`, and nothing that was asked for with `Authorization` unless it says so.
   * @defaultValue false
   */
  readonly shared?: boolean;
  /**
   * How much of an answer's age (since `Last-Modified`) is taken for its lifetime where it says nothing of that, 0 to 1.
   * @defaultValue 0.1
   */
  readonly heuristicRatio?: number;
}

export type HttpCacheLimits = Required<Omit<HttpCacheOptions, 'store'>>;

export const httpCacheDefaults: HttpCacheLimits = Object.freeze({
  maxBytes: 67_108_864,
  maxEntryBytes: 5_242_880,
  storeTimeoutMs: 100,
  retentionMs: 86_400_000,
  shared: false,
  heuristicRatio: 0.1,
});

function checkStore(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(
      `\`${name}\` should be a Keyv, or an object with its \`get\`, \`set\` and \`delete\`, got ${show(value)}.`,
    );
  for (const method of ['get', 'set', 'delete'] as const)
    callback((value as Record<string, unknown>)[method], `${name}.${method}`);
}

const checks: Checks<HttpCacheOptions> = {
  store: checkStore,
  maxBytes: integer({ min: 1 }),
  maxEntryBytes: integer({ min: 1 }),
  storeTimeoutMs: duration({ min: 1, max: MAX_TIMER_MS }),
  retentionMs: duration(),
  shared: boolean,
  heuristicRatio: number({ max: 1 }),
};

/**
 * A cache of answers as HTTP describes it, for the setting `cacheStore`. One may serve several clients.
 *
 * @throws TypeError or RangeError if an option will not do.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9111 | RFC 9111}
 * @example
 * const fetch = createFetch({ cacheStore: httpCache({ maxBytes: 10_000_000 }), cache: { staleIfErrorMs: 60_000 } });
 */
export function httpCache(options: HttpCacheOptions = {}): HttpCache {
  const limits = readOptions('httpCache', options, checks, httpCacheDefaults);
  if (limits.store && options.maxBytes !== undefined)
    throw new TypeError(
      '`httpCache.maxBytes` bounds memory, and with `httpCache.store` nothing is kept there. Give one of them.',
    );
  const shelf = limits.store ? storeShelf(limits.store, limits.storeTimeoutMs) : memoryShelf(limits.maxBytes);
  const answers = new Answers(shelf, limits);
  return { policy: rules => cache(rules, answers) };
}
