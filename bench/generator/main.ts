/**
 * What generators take: CPU (user and system, all threads) and peak memory, each in a process of its own, taking turns.
 *
 *   node bench/generator/main.ts [--rounds 5] [--only small,stripe,large] [--write-readme]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Spread, spread } from '../measure.ts';
import { type Finding, holds } from '../probe.ts';
import { findingsReport, writeToReadme } from '../report.ts';
import { table } from '../table.ts';
import { largeDocument } from './large-document.ts';
import { HOLDFAST, type Tool, tools } from './tools.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'small,stripe,large' },
    'write-readme': { type: 'boolean', default: false },
  },
});
const rounds = Number(flags.rounds);

/** Documents of real services, beside the repository: too large to be in it. */
const corpus =
  process.env.HOLDFAST_CORPUS ?? fileURLToPath(new URL('../../../shared/openapi/', import.meta.url));
const timeLimitMs = 50_000;

interface Usage {
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

/** Of one tool and one document: what each round took, or why there is nothing. */
interface Row {
  readonly tool: Tool;
  readonly usages: Usage[];
  failure?: string;
}

const work = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));

function run({ script, args }: Tool, input: string): Usage | string {
  const output = join(work, 'output');
  const usage = join(work, 'usage.json');
  rmSync(output, { recursive: true, force: true });
  rmSync(usage, { force: true });
  mkdirSync(output);
  const preload = new URL('usage.ts', import.meta.url).href;
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    ['--import', preload, script, ...args(input, output)],
    {
      cwd: work,
      env: { ...process.env, BENCH_USAGE: usage, BENCH_INPUT: input, BENCH_OUTPUT: output, NO_COLOR: '1' },
      timeout: timeLimitMs,
      encoding: 'utf8',
      maxBuffer: 100_000_000,
    },
  );
  if (error) return `not done after ${timeLimitMs / 1000} s`;
  if (status !== 0 || !existsSync(usage)) return messageIn(`${stdout}\n${stderr}`);
  return JSON.parse(readFileSync(usage, 'utf8'));
}

const messageIn = (text: string): string =>
  text
    .split('\n')
    .find(line => /error|cannot|failed/i.test(line))
    ?.replaceAll('|', ' ')
    .trim()
    .slice(0, 120) ?? 'failed without a word';

/** In each round every tool runs once, each time another one first: a machine that slows down does so for all. */
function measureAll(input: string): Row[] {
  const rows = tools().map((tool): Row => ({ tool, usages: [] }));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < rows.length; turn++) {
      const row = rows[(round + turn) % rows.length] as Row;
      if (row.failure !== undefined) continue;
      console.error(`${input}, round ${round + 1}: ${row.tool.name}`);
      const usage = run(row.tool, input);
      if (typeof usage === 'string') row.failure = usage;
      else row.usages.push(usage);
    }
  }
  return rows;
}

const withSpread = ({ median, lowerQuartile, upperQuartile }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${lowerQuartile.toFixed(digits)}–${upperQuartile.toFixed(digits)})`;

function lineOf({ tool, usages, failure }: Row, own: readonly Usage[]): string[] {
  if (failure !== undefined) return [tool.name, tool.writes, failure, '–', '–', '–'];
  const cpu = spread(usages.map(({ cpuSeconds }) => cpuSeconds));
  const memory = spread(usages.map(({ peakMegabytes }) => peakMegabytes));
  // Within a round, so that the machine was the same.
  const ratio = (of: keyof Usage) =>
    spread(usages.map((usage, round) => usage[of] / (own[round]?.[of] ?? Number.NaN)));
  return [
    tool.name,
    tool.writes,
    withSpread(cpu, 2),
    withSpread(ratio('cpuSeconds'), 1),
    withSpread(memory, 0),
    withSpread(ratio('peakMegabytes'), 1),
  ];
}

interface Measured {
  readonly id: string;
  readonly name: string;
  readonly input: string;
  readonly cpuLimit?: number;
  readonly memoryLimit?: number;
}

function findingsOf({ name, cpuLimit, memoryLimit }: Measured, own: readonly Usage[]): Finding[] {
  const median = (of: keyof Usage) => spread(own.map(usage => usage[of])).median;
  return [
    ...(cpuLimit === undefined
      ? []
      : [
          { what: `CPU of ${HOLDFAST}, ${name}`, measured: median('cpuSeconds'), limit: cpuLimit, unit: 's' },
        ]),
    ...(memoryLimit === undefined
      ? []
      : [
          {
            what: `memory of ${HOLDFAST}, ${name}`,
            measured: median('peakMegabytes'),
            limit: memoryLimit,
            unit: 'MB',
          },
        ]),
  ];
}

const large = join(work, 'large.json');
writeFileSync(large, JSON.stringify(largeDocument(), null, 2));
const documents: readonly Measured[] = [
  { id: 'small', name: "Swagger's pet store (23 KB of YAML)", input: join(corpus, 'swagger-petstore.yaml') },
  {
    id: 'stripe',
    name: "Stripe's document (4 MB of YAML)",
    input: join(corpus, 'stripe.yaml'),
    cpuLimit: 2.5,
  },
  {
    id: 'large',
    name: 'a document of the size of GitHub’s (13 MB of JSON)',
    input: large,
    cpuLimit: 1,
    memoryLimit: 250,
  },
];

try {
  const findings: Finding[] = [];
  const parts = [`${rounds} rounds. Medians; in brackets the middle half.`];
  for (const document of documents.filter(({ id }) => flags.only.split(',').includes(id))) {
    if (!existsSync(document.input)) {
      console.error(`Skipped: there is no ${document.input}, and HOLDFAST_CORPUS names no other folder.`);
      continue;
    }
    const rows = measureAll(document.input);
    const own = rows.find(({ tool }) => tool.name === HOLDFAST)?.usages ?? [];
    const header = [document.name, 'writes', 'CPU, s', '× holdfast', 'peak memory, MB', '× holdfast'];
    parts.push(
      table(
        header,
        rows.map(row => lineOf(row, own)),
      ),
    );
    findings.push(...findingsOf(document, own));
  }
  parts.push(findingsReport(findings));
  const report = parts.join('\n\n');
  console.log(report);
  if (flags['write-readme']) writeToReadme('generator', report);
  if (findings.some(finding => !holds(finding))) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
