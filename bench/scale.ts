/** Whether a request costs more where there are many at once, or many hosts. */
import { HOLDFAST_UNDICI, UNDICI_REQUEST } from './candidates.ts';
import { hostCounts, hostSenders, hostTask } from './host-tasks.ts';
import type { Part, PartRequest } from './part.ts';
import type { Finding } from './probe.ts';
import { startServer } from './server.ts';
import { table } from './table.ts';
import { type CpuByBlock, type Entry, median, ratio, takeTurns, withLabs } from './turns.ts';

const crowds: readonly number[] = [1, 10, 100, 1_000];
const growthLimit = 1.15;

interface Row {
  readonly name: string;
  readonly cpuMicros: number;
  readonly toOne: number;
}

export const scalePart: Part = {
  name: 'scale',
  async run(request) {
    const atOnce = await manyAtOnce(request);
    const hosts = await manyHosts(request);
    const findings: Finding[] = [
      grows('1,000 at once, to that of 1', atOnce, crowdName(HOLDFAST_UNDICI, 1_000)),
      grows('10,000 hosts, to that over 1', hosts, hostTask(HOLDFAST_UNDICI, 10_000)),
    ];
    const rows = [...atOnce, ...hosts];
    const lines = rows.map(({ name, cpuMicros, toOne }) => [name, cpuMicros.toFixed(0), toOne.toFixed(2)]);
    return { text: table(['', 'CPU, µs', '× the first of its kind'], lines), findings, results: rows };
  },
};

const grows = (what: string, rows: readonly Row[], name: string): Finding => ({
  what: `CPU of a request of ${HOLDFAST_UNDICI}, ${what}`,
  measured: rows.find(row => row.name === name)?.toOne ?? Number.NaN,
  limit: growthLimit,
  unit: '×',
});

const crowdName = (sender: string, crowd: number): string =>
  `${sender}, ${crowd.toLocaleString('en')} at once`;

/** All of a sender in the one process: it is the same code that meets more calls. */
async function manyAtOnce({ build, quick, report }: PartRequest): Promise<Row[]> {
  report('scale: many at once');
  const server = await startServer();
  try {
    return await withLabs([HOLDFAST_UNDICI, UNDICI_REQUEST], server.url, build, async labs => {
      const entries: Entry[] = [...labs].flatMap(([sender, lab]) =>
        crowds.map(crowd => ({
          name: crowdName(sender, crowd),
          lab,
          turn: { slices: 1, requestsPerSlice: 2_000, concurrency: crowd },
        })),
      );
      await takeTurns(entries, { blocks: 1, roundsPerBlock: quick ? 1 : 4 });
      const cpu = await takeTurns(entries, { blocks: quick ? 3 : 9, roundsPerBlock: quick ? 1 : 5 });
      return [HOLDFAST_UNDICI, UNDICI_REQUEST].flatMap(sender =>
        crowds.map(crowd => row(cpu, crowdName(sender, crowd), crowdName(sender, 1))),
      );
    });
  } finally {
    server.close();
  }
}

/** Each number of hosts in a process of its own, all with a server that keeps their connections. */
async function manyHosts({ build, quick, report }: PartRequest): Promise<Row[]> {
  const rows: Row[] = [];
  for (const sender of hostSenders) {
    report(`scale: many hosts, ${sender}`);
    const names = hostCounts.map(hosts => hostTask(sender, hosts));
    const server = await startServer();
    try {
      const cpu = await withLabs(names, server.url, build, async labs => {
        const turn = { slices: 1, requestsPerSlice: 10_000, concurrency: 16 };
        const entries: Entry[] = [...labs].map(([name, lab]) => ({ name, lab, turn }));
        await takeTurns(entries, { blocks: 1, roundsPerBlock: 2 });
        return takeTurns(entries, { blocks: quick ? 3 : 9, roundsPerBlock: 1 });
      });
      rows.push(...names.map(name => row(cpu, name, hostTask(sender, 1))));
    } finally {
      server.close();
    }
  }
  return rows;
}

const row = (cpu: CpuByBlock, name: string, base: string): Row => ({
  name,
  cpuMicros: median(cpu, name),
  toOne: ratio(cpu, name, base),
});
