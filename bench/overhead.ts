/**
 * CPU and wall time per request of every candidate, as ratios within the same block of rounds.
 *
 * They run in heats, a few at a time: a process that waits for two dozen others between its turns finds its code and data
 * gone from the caches of the machine, and what is measured then is how much of both it has.
 */
import { type Candidate, candidates, HOLDFAST, OTHER_BUILD, RAW, RAW_WITH_TIMER } from './candidates.ts';
import { Lab, type Turn } from './lab.ts';
import { type Cost, type Spread, spread } from './measure.ts';
import { startServer } from './server.ts';

export interface OverheadPlan {
  /** Those that run at a time, beside the baselines and holdfast, which run in every heat. */
  readonly candidatesPerHeat: number;
  /** Each generation is a fresh process per candidate: how code is compiled and laid out differs from one to the next. */
  readonly generations: number;
  readonly warmUpRequests: number;
  /** The unit of comparison: long enough to hold several collections of garbage, which come every thousand requests. */
  readonly blocksPerGeneration: number;
  /** In a round every candidate has one turn. Turns are short, so that a machine that drifts, drifts for all. */
  readonly roundsPerBlock: number;
  readonly turn: Turn;
}

export const fullPlan: OverheadPlan = {
  candidatesPerHeat: 5,
  generations: 3,
  warmUpRequests: 12_000,
  blocksPerGeneration: 3,
  roundsPerBlock: 5,
  turn: { slices: 10, requestsPerSlice: 100, concurrency: 16 },
};

export const quickPlan: OverheadPlan = { ...fullPlan, generations: 2, blocksPerGeneration: 2 };

/** What one candidate took in one block, per request, in microseconds. */
export interface BlockCost {
  /** All of it, garbage collection included. */
  readonly cpu: number;
  /** Of the median slice, which no collection fell into: the work itself. */
  readonly cpuOfMedianSlice: number;
  readonly wall: number;
}

/** One candidate over all its blocks. Ratios are each within one block. */
export interface OverheadRow {
  readonly candidate: Candidate;
  readonly blocks: number;
  readonly cost: Record<keyof BlockCost, Spread>;
  readonly toRaw: Record<keyof BlockCost, Spread>;
  readonly toRawWithTimer: Record<keyof BlockCost, Spread>;
}

/** By the name of the candidate. */
type Block = ReadonlyMap<string, BlockCost>;

/** What was measured. */
export class Overhead {
  readonly rows: readonly OverheadRow[];
  readonly #blocks: readonly Block[];

  constructor(chosen: readonly Candidate[], blocks: readonly Block[]) {
    this.#blocks = blocks;
    this.rows = chosen.map(candidate => this.#rowOf(candidate));
  }

  /** The CPU of one to that of another; undefined if they were in no heat together. */
  ratio(name: string, base: string): Spread | undefined {
    return this.#compare(name, base, ({ cpu }, { cpu: ofBase }) => cpu / ofBase);
  }

  /** By how much the CPU of one is more than that of another, in microseconds. */
  difference(name: string, base: string): Spread | undefined {
    return this.#compare(name, base, ({ cpu }, { cpu: ofBase }) => cpu - ofBase);
  }

  #compare(
    name: string,
    base: string,
    compare: (cost: BlockCost, ofBase: BlockCost) => number,
  ): Spread | undefined {
    const compared = this.#blocks.flatMap(block => {
      const [cost, ofBase] = [block.get(name), block.get(base)];
      return cost && ofBase ? compare(cost, ofBase) : [];
    });
    return compared.length > 0 ? spread(compared) : undefined;
  }

  #rowOf(candidate: Candidate): OverheadRow {
    const ratios = (base: string) =>
      forEachCost(of => this.#compare(candidate.name, base, (cost, ofBase) => cost[of] / ofBase[of]));
    return {
      candidate,
      blocks: this.#blocks.filter(block => block.has(candidate.name)).length,
      cost: forEachCost(of => this.#compare(candidate.name, candidate.name, cost => cost[of])),
      toRaw: ratios(RAW),
      toRawWithTimer: ratios(RAW_WITH_TIMER),
    };
  }
}

function forEachCost(toSpread: (of: keyof BlockCost) => Spread | undefined): Record<keyof BlockCost, Spread> {
  const of = (cost: keyof BlockCost): Spread => toSpread(cost) ?? spread([]);
  return { cpu: of('cpu'), cpuOfMedianSlice: of('cpuOfMedianSlice'), wall: of('wall') };
}

export interface OverheadRequest {
  readonly plan: OverheadPlan;
  readonly build: string;
  readonly otherBuild: string | undefined;
  isWanted(candidate: string): boolean;
  report(progress: string): void;
}

export async function measureOverhead(request: OverheadRequest): Promise<Overhead> {
  const { plan, report } = request;
  const chosen = choose(request);
  const heats = heatsOf(chosen, plan.candidatesPerHeat);
  const server = await startServer();
  const blocks: Block[] = [];
  try {
    for (const [index, heat] of heats.entries()) {
      for (let generation = 1; generation <= plan.generations; generation++) {
        report(
          `overhead: heat ${index + 1} of ${heats.length}, generation ${generation} of ${plan.generations}`,
        );
        blocks.push(...(await runGeneration(request, heat, server.url)));
      }
    }
  } finally {
    server.close();
  }
  return new Overhead(chosen, blocks);
}

function choose({ isWanted, otherBuild }: OverheadRequest): Candidate[] {
  return candidates.filter(({ name, role }) => {
    if (name === OTHER_BUILD) return otherBuild !== undefined;
    return role === 'baseline' || isWanted(name);
  });
}

/** In the order of the list, where those stand together that are compared with each other. */
function heatsOf(chosen: readonly Candidate[], size: number): Candidate[][] {
  const isInAll = ({ name, role }: Candidate): boolean =>
    role === 'baseline' || name === HOLDFAST || name === OTHER_BUILD;
  const inAll = chosen.filter(isInAll);
  const others = chosen.filter(candidate => !isInAll(candidate));
  const count = Math.max(1, Math.ceil(others.length / size));
  return Array.from({ length: count }, (_, heat) => [
    ...inAll,
    ...others.slice(heat * size, (heat + 1) * size),
  ]);
}

async function runGeneration(
  { plan, build, otherBuild = build }: OverheadRequest,
  heat: readonly Candidate[],
  url: string,
): Promise<Block[]> {
  const labs = heat.map(({ name }) => new Lab(name, url, name === OTHER_BUILD ? otherBuild : build));
  try {
    for (const lab of labs) await lab.run({ ...plan.turn, slices: 1, requestsPerSlice: plan.warmUpRequests });
    const blocks: Block[] = [];
    for (let block = 0; block < plan.blocksPerGeneration; block++) {
      blocks.push(await runBlock(plan, labs, block));
    }
    return blocks;
  } finally {
    for (const lab of labs) lab.close();
  }
}

async function runBlock(plan: OverheadPlan, labs: readonly Lab[], block: number): Promise<Block> {
  const slices = new Map<string, Cost[]>(labs.map(({ candidate }) => [candidate, []]));
  for (let round = 0; round < plan.roundsPerBlock; round++) {
    for (const lab of turnOrder(labs, block * plan.roundsPerBlock + round)) {
      slices.get(lab.candidate)?.push(...(await lab.run(plan.turn)));
    }
  }
  return new Map([...slices].map(([candidate, costs]) => [candidate, blockCost(costs)]));
}

/** Everyone starts, ends and follows everyone else in turn, so that the order favours nobody. */
function turnOrder<T>(items: readonly T[], round: number): T[] {
  const start = (round * 5) % items.length;
  const rotated = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}

function blockCost(slices: readonly Cost[]): BlockCost {
  const cpu = slices.map(({ cpuMicros }) => cpuMicros);
  return {
    cpu: mean(cpu),
    cpuOfMedianSlice: spread(cpu).median,
    wall: mean(slices.map(({ wallMicros }) => wallMicros)),
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
