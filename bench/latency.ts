/** How long a request takes at 70 % of what raw `fetch` can do, with requests that come whether or not others are done. */
import { HOLDFAST_UNDICI, RAW } from './candidates.ts';
import type { Lab, Turn } from './lab.ts';
import { quantile, spread } from './measure.ts';
import type { Part } from './part.ts';
import { startServer } from './server.ts';
import { table } from './table.ts';
import { withLabs } from './turns.ts';

const names = [RAW, HOLDFAST_UNDICI];
const load = 0.7;
const saturating: Turn = { slices: 5, requestsPerSlice: 2_000, concurrency: 64 };

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export const latencyPart: Part = {
  name: 'latency',
  async run({ build, quick, report }) {
    report('latency');
    const server = await startServer();
    try {
      return await withLabs(names, server.url, build, async labs => {
        for (const lab of labs.values()) await lab.run(saturating);
        const perSecond = Math.floor(load * (await saturation(labs.get(RAW) as Lab)));
        const loop = { perSecond, requests: perSecond * (quick ? 2 : 10) };
        const samples = new Map<string, Quantiles[]>(names.map(name => [name, []]));
        for (let block = 0; block < (quick ? 3 : 9); block++) {
          for (const name of block % 2 === 0 ? names : names.toReversed()) {
            const latencies = (await (labs.get(name) as Lab).runOpenLoop(loop)).sort((a, b) => a - b);
            samples.get(name)?.push({ p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) });
          }
        }
        const results = names.map(name => ({ name, ...medians(samples.get(name) ?? []) }));
        const raws = samples.get(RAW) ?? [];
        const toRaw = (samples.get(HOLDFAST_UNDICI) ?? []).map(
          ({ p99 }, block) => p99 / (raws[block]?.p99 ?? Number.NaN),
        );
        const finding = {
          what: `p99 of ${HOLDFAST_UNDICI} to that of ${RAW}, at 70 % of the saturation of ${RAW}`,
          measured: spread(toRaw).median,
          limit: 1,
          unit: '×',
        };
        const lines = results.map(({ name, p50, p99 }) => [name, p50.toFixed(2), p99.toFixed(2)]);
        const rate = `${perSecond.toLocaleString('en')} requests a second, evenly spaced, for each.`;
        return {
          text: `${rate}\n\n${table(['', 'p50, ms', 'p99, ms'], lines)}`,
          findings: [finding],
          results: { perSecond, rows: results },
        };
      });
    } finally {
      server.close();
    }
  },
};

/** Requests per second of a client that always has enough of them under way. */
async function saturation(lab: Lab): Promise<number> {
  const costs = await lab.run(saturating);
  return 1_000_000 / spread(costs.map(({ wallMicros }) => wallMicros)).median;
}

const medians = (samples: readonly Quantiles[]): Quantiles => ({
  p50: spread(samples.map(({ p50 }) => p50)).median,
  p99: spread(samples.map(({ p99 }) => p99)).median,
});
