import { type Checks, integer, readOptions } from '../../pipeline/options.ts';

/** How much a call matters, the most first. */
export const priorities = ['critical', 'normal', 'background'] as const;

export type Priority = (typeof priorities)[number];

export const defaultPriority: Priority = 'normal';

export interface BulkheadOptions {
  /**
   * How many calls to the host may be under way at once, until the bodies of their responses have ended. A call counts
   * once, with all its attempts. From 1, or Infinity.
   * @defaultValue 100
   */
  readonly maxConcurrent?: number;
  /**
   * How many calls may wait for their turn, of all priorities together; the rest are refused at once. From 0, or
   * Infinity.
   * @defaultValue 100
   */
  readonly maxQueued?: number;
  /**
   * How many more important calls may go ahead of the one that has waited longest among the less important. Then it is
   * its turn. From 1: they take turns.
   * @defaultValue 10
   */
  readonly maxOvertakes?: number;
}

export type BulkheadLimits = Required<BulkheadOptions>;

export const bulkheadDefaults: BulkheadLimits = Object.freeze({
  maxConcurrent: 100,
  maxQueued: 100,
  maxOvertakes: 10,
});

const checks: Checks<BulkheadOptions> = {
  maxConcurrent: integer({ min: 1, unlimited: true }),
  maxQueued: integer({ unlimited: true }),
  maxOvertakes: integer({ min: 1 }),
};

export const readBulkheadOptions = (options: BulkheadOptions, path = 'bulkhead'): BulkheadLimits =>
  readOptions(path, options, checks, bulkheadDefaults);

/** Of a bulkhead that has been switched off while calls wait for it. */
export const noLimits: BulkheadLimits = Object.freeze({
  maxConcurrent: Number.POSITIVE_INFINITY,
  maxQueued: Number.POSITIVE_INFINITY,
  maxOvertakes: 1,
});
