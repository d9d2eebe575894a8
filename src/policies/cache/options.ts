/** What a policy says of its cache, and what a store of answers has to be. The rest comes with `holdfast/cache`. */
import { boolean, type Checks, duration, orFalse, readOptions } from '../../pipeline/options.ts';
import type { Policy } from '../../pipeline/pipeline.ts';

export interface CacheOptions {
  /**
   * How long past its freshness, in milliseconds, an answer may stand in for a call that failed: no answer, a refusal of
   * our own, or a 500, 502, 503 or 504. The service's own `stale-if-error` counts as well: the longer of the two.
   * `false` for never, whatever the service allows.
   * @defaultValue 0
   */
  readonly staleIfErrorMs?: number | false;
  /**
   * How long past its freshness, in milliseconds, an answer may be given at once while another is asked for in the
   * background. The service's own `stale-while-revalidate` counts as well: the longer of the two. `false` for never.
   * @defaultValue 0
   */
  readonly staleWhileRevalidateMs?: number | false;
  /**
   * Whether any answer that is still kept, however old, stands in while the circuit of its host is open.
   * @defaultValue false
   */
  readonly staleOnOpenCircuit?: boolean;
}

export type CacheRules = Required<CacheOptions>;

export const cacheDefaults: CacheRules = Object.freeze({
  staleIfErrorMs: 0,
  staleWhileRevalidateMs: 0,
  staleOnOpenCircuit: false,
});

const checks: Checks<CacheOptions> = {
  staleIfErrorMs: orFalse(duration()),
  staleWhileRevalidateMs: orFalse(duration()),
  staleOnOpenCircuit: boolean,
};

export const readCacheOptions = (options: CacheOptions, path = 'cache'): CacheRules =>
  readOptions(path, options, checks, cacheDefaults);

/** Where answers are kept: what `httpCache()` of `holdfast/cache` makes. May serve several clients. */
export interface HttpCache {
  /** The policy that answers from it. */
  policy(rules: CacheRules): Policy;
}
