/** CPU and wall time per request of every candidate, interleaved, as ratios within the same block of rounds. */
import { type Candidate, candidates, HOLDFAST, OTHER_BUILD, RAW, RAW_WITH_TIMER } from './candidates.ts';
import { Lab, type Turn } from './lab.ts';
import { type Cost, type Spread, spread } from './measure.ts';
import { startServer } from './server.ts';

export interface OverheadPlan {
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
  generations: 3,
  warmUpRequests: 12_000,
  blocksPerGeneration: 3,
  roundsPerBlock: 5,
  turn: { slices: 10, requestsPerSlice: 100, concurrency: 16 },
};

export const quickPlan: OverheadPlan = { ...fullPlan, generations: 2, blocksPerGeneration: 2 };

/** What one candidate took in one block, per request. */
export interface BlockCost {
  /** All of it, garbage collection included. */
  readonly cpu: number;
  /** Of the median slice, which no collection fell into: the work itself. */
  readonly cpuOfMedianSlice: number;
  readonly wall: number;
}

export interface OverheadRow {
  readonly candidate: Candidate;
  /** Microseconds per request. */
  readonly cost: Record<keyof BlockCost, Spread>;
  /** Ratios, each within one block. */
  readonly toRaw: Record<keyof BlockCost, Spread>;
  readonly toRawWithTimer: Record<keyof BlockCost, Spread>;
  readonly holdfastToThis: Record<keyof BlockCost, Spread> | undefined;
}

export interface OverheadRequest {
  readonly plan: OverheadPlan;
  readonly build: string;
  readonly otherBuild: string | undefined;
  isWanted(candidate: string): boolean;
  report(progress: string): void;
}

/** By the name of the candidate. */
type Block = ReadonlyMap<string, BlockCost>;

export async function measureOverhead(request: OverheadRequest): Promise<OverheadRow[]> {
  const chosen = choose(request);
  const server = await startServer();
  const blocks: Block[] = [];
  try {
    for (let generation = 1; generation <= request.plan.generations; generation++) {
      request.report(`overhead: generation ${generation} of ${request.plan.generations}`);
      blocks.push(...(await runGeneration(request, chosen, server.url)));
    }
  } finally {
    server.close();
  }
  return chosen.map(candidate => summarize(candidate, blocks));
}

function choose({ isWanted, otherBuild }: OverheadRequest): Candidate[] {
  return candidates.filter(({ name, role }) => {
    if (name === OTHER_BUILD) return otherBuild !== undefined;
    return role === 'baseline' || isWanted(name);
  });
}

async function runGeneration(
  { plan, build, otherBuild = build }: OverheadRequest,
  chosen: readonly Candidate[],
  url: string,
): Promise<Block[]> {
  const labs = chosen.map(({ name }) => new Lab(name, url, name === OTHER_BUILD ? otherBuild : build));
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

function summarize(candidate: Candidate, blocks: readonly Block[]): OverheadRow {
  const { name } = candidate;
  return {
    candidate,
    cost: forEachCost(of => spread(costs(name, of, blocks))),
    toRaw: ratios(name, RAW, blocks),
    toRawWithTimer: ratios(name, RAW_WITH_TIMER, blocks),
    holdfastToThis: blocks[0]?.has(HOLDFAST) ? ratios(HOLDFAST, name, blocks) : undefined,
  };
}

const ratios = (name: string, base: string, blocks: readonly Block[]): Record<keyof BlockCost, Spread> =>
  forEachCost(of => {
    const bases = costs(base, of, blocks);
    return spread(costs(name, of, blocks).map((cost, block) => cost / (bases[block] ?? Number.NaN)));
  });

const costs = (name: string, of: keyof BlockCost, blocks: readonly Block[]): number[] =>
  blocks.map(block => block.get(name)?.[of] ?? Number.NaN);

const forEachCost = (toSpread: (of: keyof BlockCost) => Spread): Record<keyof BlockCost, Spread> => ({
  cpu: toSpread('cpu'),
  cpuOfMedianSlice: toSpread('cpuOfMedianSlice'),
  wall: toSpread('wall'),
});
