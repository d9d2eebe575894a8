import type { CallLog } from '../call-log.ts';
import type { HoldfastClient } from '../holdfast-client.ts';
import type { DemoOptions } from '../options.ts';
import type { TimedPhase } from '../scenarios.ts';

/** What there is to see while the demo runs. */
export interface Scene {
  readonly options: DemoOptions;
  readonly phases: readonly TimedPhase[];
  readonly fetch: Side;
  readonly holdfast: Side & { readonly client: HoldfastClient };
  readonly elapsed: () => number;
}

export interface Side {
  readonly log: CallLog;
  readonly origin: string;
  readonly pid: number | undefined;
}

/** Draws the scene until told to stop. */
export interface View {
  stop(): void;
}

export type Draw = (scene: Scene) => View;

export const silent: Draw = () => ({ stop: () => {} });

export function phaseAt(phases: readonly TimedPhase[], atMs: number): TimedPhase | undefined {
  return phases.find(phase => atMs < phase.endMs);
}
