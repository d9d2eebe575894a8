import { type Checks, duration, integer, number, readOptions } from '../pipeline/options.ts';

/** What a policy has to carry. Without it, what depends on it is not looked at. */
export interface Traffic {
  /** Calls per second of one process to one host. Over 0. */
  readonly callsPerSecond?: number;
  /** How long a call takes on average, its body included, in milliseconds. From 0. */
  readonly latencyMs?: number;
  /**
   * How many services on the way have this policy, each calling the next. From 1 to 20.
   * @defaultValue 1
   */
  readonly layers?: number;
}

export interface ReadTraffic extends Traffic {
  readonly layers: number;
}

const checks: Checks<Traffic> = {
  callsPerSecond: number({ min: 0.000_001 }),
  latencyMs: duration(),
  layers: integer({ min: 1, max: 20 }),
};

export const readTraffic = (traffic: Traffic): ReadTraffic =>
  readOptions('traffic', traffic, checks, { layers: 1 });
