/** CPU and wall time per request of every candidate, interleaved, as ratios within the same block of rounds. */
import { type Candidate, candidates, HOLDFAST, OTHER_BUILD, RAW, RAW_WITH_TIMER } from './candidates.ts';
import { Lab } from './lab.ts';
import { type Cost, type Spread, spread } from './measure.ts';
import { startServer } from './server.ts';

export interface OverheadPlan {
  /** Each generation is a fresh process per candidate: how code is compiled and laid out differs from one to the next. */
  readonly generations: number;
  readonly warmUpRequests: number;
  readonly blocksPerGeneration: number;
  /** In a round every candidate has one turn. Rounds are short, so that a machine that drifts, drifts for all. */
  readonly roundsPerBlock: number;
  readonly requestsPerTurn: number;
  readonly concurrency: number;
}

/**
 * A block is the unit of comparison: long enough (5,000 requests) to hold several collections of garbage, which
 * come every thousand requests or so and would make single rounds differ by a third.
 */
export const fullPlan: OverheadPlan = {
  generations: 8,
  warmUpRequests: 12_000,
  blocksPerGeneration: 3,
  roundsPerBlock: 5,
  requestsPerTurn: 1_000,
  concurrency: 16,
};

export const quickPlan: OverheadPlan = { ...fullPlan, generations: 2, blocksPerGeneration: 2 };

export interface OverheadRow {
  readonly candidate: Candidate;
  /** Per request. */
  readonly cpuMicros: Spread;
  readonly wallMicros: Spread;
  /** Ratios, each within one block. */
  readonly cpuToRaw: Spread;
  readonly wallToRaw: Spread;
  readonly cpuToRawWithTimer: Spread;
  readonly holdfastCpuToThis: Spread | undefined;
}

export interface OverheadRequest {
  readonly plan: OverheadPlan;
  readonly build: string;
  readonly otherBuild: string | undefined;
  isWanted(candidate: string): boolean;
  report(progress: string): void;
}

/** What each candidate took in one block, by name. */
type BlockCosts = ReadonlyMap<string, Cost>;

export async function measureOverhead(request: OverheadRequest): Promise<OverheadRow[]> {
  const chosen = choose(request);
  const server = await startServer();
  const blocks: BlockCosts[] = [];
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
): Promise<BlockCosts[]> {
  const { concurrency } = plan;
  const labs = chosen.map(({ name }) => new Lab(name, url, name === OTHER_BUILD ? otherBuild : build));
  try {
    for (const lab of labs) await lab.run({ requests: plan.warmUpRequests, concurrency });
    const blocks: BlockCosts[] = [];
    for (let block = 0; block < plan.blocksPerGeneration; block++)
      blocks.push(await runBlock(plan, labs, block));
    return blocks;
  } finally {
    for (const lab of labs) lab.close();
  }
}

async function runBlock(plan: OverheadPlan, labs: readonly Lab[], block: number): Promise<BlockCosts> {
  const { requestsPerTurn: requests, concurrency, roundsPerBlock } = plan;
  const total = new Map<string, Cost>();
  for (let round = 0; round < roundsPerBlock; round++) {
    for (const lab of turnOrder(labs, block * roundsPerBlock + round)) {
      const cost = await lab.run({ requests, concurrency });
      total.set(lab.candidate, add(total.get(lab.candidate), perRequest(cost, requests * roundsPerBlock)));
    }
  }
  return total;
}

/** Everyone starts, ends and follows everyone else in turn, so that the order favours nobody. */
function turnOrder<T>(items: readonly T[], round: number): T[] {
  const start = (round * 5) % items.length;
  const rotated = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}

const add = (a: Cost | undefined, b: Cost): Cost => ({
  cpuMicros: (a?.cpuMicros ?? 0) + b.cpuMicros,
  wallMicros: (a?.wallMicros ?? 0) + b.wallMicros,
});

const perRequest = ({ cpuMicros, wallMicros }: Cost, requests: number): Cost => ({
  cpuMicros: cpuMicros / requests,
  wallMicros: wallMicros / requests,
});

function summarize(candidate: Candidate, blocks: readonly BlockCosts[]): OverheadRow {
  const cost = (name: string, of: keyof Cost) => blocks.map(block => block.get(name)?.[of] ?? Number.NaN);
  const ratio = (name: string, base: string, of: keyof Cost) => {
    const bases = cost(base, of);
    return spread(cost(name, of).map((value, block) => value / (bases[block] ?? Number.NaN)));
  };
  const { name } = candidate;
  return {
    candidate,
    cpuMicros: spread(cost(name, 'cpuMicros')),
    wallMicros: spread(cost(name, 'wallMicros')),
    cpuToRaw: ratio(name, RAW, 'cpuMicros'),
    wallToRaw: ratio(name, RAW, 'wallMicros'),
    cpuToRawWithTimer: ratio(name, RAW_WITH_TIMER, 'cpuMicros'),
    holdfastCpuToThis: blocks[0]?.has(HOLDFAST) ? ratio(HOLDFAST, name, 'cpuMicros') : undefined,
  };
}
