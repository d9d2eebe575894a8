/** Several labs by turns, in an order that moves on from round to round. */
import { Lab, type Turn } from './lab.ts';
import { spread } from './measure.ts';

/** A turn of one lab; several may belong to the same process. */
export interface Entry {
  readonly name: string;
  readonly lab: Lab;
  readonly turn: Turn;
}

/** CPU in microseconds per request, of each entry in each block. */
export type CpuByBlock = ReadonlyMap<string, readonly number[]>;

export async function takeTurns(
  entries: readonly Entry[],
  { blocks, roundsPerBlock }: { readonly blocks: number; readonly roundsPerBlock: number },
): Promise<CpuByBlock> {
  const cpu = new Map(entries.map(({ name }) => [name, new Array<number>(blocks).fill(0)]));
  let round = 0;
  for (let block = 0; block < blocks; block++) {
    for (let inBlock = 0; inBlock < roundsPerBlock; inBlock++, round++) {
      const from = round % entries.length;
      for (const { name, lab, turn } of [...entries.slice(from), ...entries.slice(0, from)]) {
        for (const { cpuMicros } of await lab.run(turn)) {
          const ofEntry = cpu.get(name);
          if (ofEntry) ofEntry[block] = (ofEntry[block] ?? 0) + cpuMicros / turn.slices / roundsPerBlock;
        }
      }
    }
  }
  return cpu;
}

/** The ratio is taken in each block, the median of these is what counts. */
export function ratio(cpu: CpuByBlock, name: string, base: string): number {
  const bases = cpu.get(base) ?? [];
  return spread((cpu.get(name) ?? []).map((micros, block) => micros / (bases[block] ?? Number.NaN))).median;
}

export const median = (cpu: CpuByBlock, name: string): number => spread(cpu.get(name) ?? []).median;

/** Opens a process for each, and ends them all whatever comes. */
export async function withLabs<Result>(
  names: readonly string[],
  url: string,
  build: string,
  work: (labs: ReadonlyMap<string, Lab>) => Promise<Result>,
): Promise<Result> {
  const labs = new Map(names.map(name => [name, new Lab(name, url, build)]));
  try {
    return await work(labs);
  } finally {
    for (const lab of labs.values()) lab.close();
  }
}
