/** Numbers that have a limit of their own, each measured in a fresh process. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Holdfast, loadHoldfast } from './holdfast.ts';
import { callsInFlight } from './probes/calls-in-flight.ts';
import { contractTypes } from './probes/contract-types.ts';
import { hostState } from './probes/host-state.ts';
import { manyHosts } from './probes/many-hosts.ts';
import { openCircuit } from './probes/open-circuit.ts';
import { policyCosts } from './probes/policies.ts';
import { protectedSoak } from './probes/protected-soak.ts';
import { sharedSignal } from './probes/shared-signal.ts';
import { soak } from './probes/soak.ts';

/** One measured number, against what it must not exceed. */
export interface Finding {
  readonly what: string;
  readonly measured: number;
  /** Absent when the number is told for information. */
  readonly limit?: number;
  readonly unit: string;
}

export interface Probe {
  readonly name: string;
  /** `scale` shrinks the number of calls for a quick run; 1 is the full measurement. */
  run(holdfast: Holdfast, scale: number): Promise<Finding[]>;
}

export const probes: readonly Probe[] = [
  openCircuit,
  hostState,
  manyHosts,
  sharedSignal,
  callsInFlight,
  soak,
  protectedSoak,
  policyCosts,
  contractTypes,
];

export const holds = ({ measured, limit }: Finding): boolean => limit === undefined || measured <= limit;

/** Runs a probe in a process of its own: what others left on the heap is not its to explain. */
export async function runProbe({ name }: Probe, build: string, scale: number): Promise<Finding[]> {
  const child = fork(import.meta.filename, [name, build, String(scale)], { execArgv: ['--expose-gc'] });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The probe "${name}" ended with code ${code}.`);
  });
  const [findings] = await Promise.race([once(child, 'message'), failed]);
  return findings;
}

if (import.meta.main) {
  const [name, build, scale] = process.argv.slice(2);
  const probe = probes.find(each => each.name === name);
  if (!probe) throw new Error(`No probe is called "${name}".`);
  process.send?.(await probe.run(await loadHoldfast(build), Number(scale)));
  process.disconnect();
}
