import { MAX_TIMER_MS } from '../../pipeline/clock.ts';
import { type Checks, duration, integer, number, readOptions } from '../../pipeline/options.ts';

/** When a second attempt is started beside one that has not answered yet. */
export interface HedgeOptions {
  /**
   * Starts it after this many milliseconds, from 1. With `quantile` as well: as long as there are too few samples.
   */
  readonly afterMs?: number;
  /**
   * Starts it when this share of the attempts to the host has been answered by then: 0.95 hedges the slowest
   * twentieth. From 0.5 to 0.99. Nothing is known before the host has answered 5 ÷ (1 − quantile) times.
   * @defaultValue 0.95, or none with `afterMs`
   */
  readonly quantile?: number;
  /**
   * How many may be started beside one attempt, each after as long again. From 1 to 10.
   * @defaultValue 1
   */
  readonly maxHedges?: number;
}

export interface HedgeRules {
  readonly afterMs: number | undefined;
  readonly quantile: number | undefined;
  readonly maxHedges: number;
}

/** The quantile is that of hedging without a delay. */
export const hedgeDefaults: { readonly quantile: number; readonly maxHedges: number } = Object.freeze({
  quantile: 0.95,
  maxHedges: 1,
});

const checks: Checks<HedgeOptions> = {
  afterMs: duration({ min: 1, max: MAX_TIMER_MS }),
  quantile: number({ min: 0.5, max: 0.99 }),
  maxHedges: integer({ min: 1, max: 10 }),
};

export function readHedgeOptions(options: HedgeOptions, path = 'hedge'): HedgeRules {
  const { afterMs, quantile, maxHedges } = readOptions(path, options, checks, hedgeDefaults);
  const isDefault = options.quantile === undefined && afterMs !== undefined;
  return { afterMs, quantile: isDefault ? undefined : quantile, maxHedges };
}
