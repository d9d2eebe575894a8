import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import {
  type Candidate,
  CONTRACT,
  CONTRACT_UNDICI,
  HOLDFAST,
  HOLDFAST_PARSED,
  HOLDFAST_TRACED,
  HOLDFAST_UNDICI,
  HOLDFAST_WITHOUT_TELEMETRY,
  KY_UNDICI,
  RAW,
  RAW_TRACED,
  RAW_WITH_TIMER,
  UNDICI_REQUEST,
} from './candidates.ts';
import type { Spread } from './measure.ts';
import type { Overhead, OverheadPlan } from './overhead.ts';
import { type Finding, holds } from './probe.ts';
import { table } from './table.ts';

const readme = new URL('README.md', import.meta.url);
const manifest = new URL('package.json', import.meta.url);

export function machineReport(): string {
  const { dependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const peers = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
  return [
    `- Node ${process.versions.node} (its own undici ${process.versions.undici}), ${process.platform} ${process.arch}`,
    `- ${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}`,
    `- ${peers.join(', ')}`,
  ].join('\n');
}

export function overheadReport({ rows }: Overhead, plan: OverheadPlan): string {
  const { slices, requestsPerSlice, concurrency } = plan.turn;
  const requests = slices * requestsPerSlice * plan.roundsPerBlock;
  const counts = rows.map(({ blocks }) => blocks);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const sample =
    `${least} blocks of ${number(requests)} requests for each${most > least ? `, ${most} for those that run in every heat` : ''}; ` +
    `${concurrency} at once, in ${plan.generations} generations of fresh processes. ` +
    'Medians; in brackets the middle half.';
  const header = ['', 'guards the call with', 'CPU, µs', '× raw fetch', '× signal + timer'];
  const more = ['CPU without GC, µs', '× raw fetch', '× signal + timer', 'wall, µs', '× raw fetch'];
  const lines = rows.map(({ candidate, cost, toRaw, toRawWithTimer }) => [
    candidate.name,
    candidate.protects || '–',
    cost.cpu.median.toFixed(0),
    withSpread(toRaw.cpu),
    withSpread(toRawWithTimer.cpu),
    cost.cpuOfMedianSlice.median.toFixed(0),
    withSpread(toRaw.cpuOfMedianSlice),
    withSpread(toRawWithTimer.cpuOfMedianSlice),
    cost.wall.median.toFixed(0),
    withSpread(toRaw.wall),
  ]);
  return `${sample}\n\n${table([...header, ...more], lines)}`;
}

/** Of two noisy candidates the ratio is taken in each block, and the median of these is what counts. */
export function overheadFindings(overhead: Overhead): Finding[] {
  const limits = overhead.rows.flatMap(({ candidate }) => {
    const limit = limitOf(candidate);
    return limit === undefined ? [] : [[HOLDFAST, candidate.name, limit] as const];
  });
  const ratios = [...limits, ...otherLimits].flatMap(([name, base, limit]) => {
    const ratio = overhead.ratio(name, base);
    return ratio
      ? [{ what: `CPU of ${name} to that of ${base}`, measured: ratio.median, limit, unit: '×' }]
      : [];
  });
  return [...ratios, ...telemetryFindings(overhead)];
}

function limitOf({ name, role }: Candidate): number | undefined {
  if (name === RAW_WITH_TIMER) return 1.15;
  if (name === HOLDFAST_WITHOUT_TELEMETRY) return 1.03;
  return role === 'peer' ? 1 : undefined;
}

/** Over undici all of it is to cost less than bare `fetch` does. */
const otherLimits = [
  [CONTRACT, HOLDFAST_PARSED, 1.05],
  [HOLDFAST_UNDICI, RAW, 0.35],
  [CONTRACT_UNDICI, RAW, 0.42],
  [KY_UNDICI, RAW, 0.9],
  [HOLDFAST_UNDICI, UNDICI_REQUEST, 0.85],
] as const;

/** What recording costs, beside what it costs to record raw fetch with the official instrumentation. */
function telemetryFindings(overhead: Overhead): Finding[] {
  const ours = overhead.difference(HOLDFAST_TRACED, HOLDFAST);
  const official = overhead.difference(RAW_TRACED, RAW);
  if (!ours || !official) return [];
  const what = "CPU of recording an attempt, to be at most that of undici's own instrumentation";
  return [{ what, measured: ours.median, limit: official.median, unit: 'µs' }];
}

export function findingsReport(findings: readonly Finding[]): string {
  const lines = findings.map(finding => [
    finding.what,
    `${number(finding.measured)} ${finding.unit}`,
    finding.limit === undefined ? '–' : `${number(finding.limit)} ${finding.unit}`,
    finding.limit === undefined ? '–' : holds(finding) ? 'yes' : 'NO',
  ]);
  return table(['', 'measured', 'at most', 'holds'], lines);
}

const withSpread = ({ median, lowerQuartile, upperQuartile }: Spread): string =>
  `${median.toFixed(2)} (${lowerQuartile.toFixed(2)}–${upperQuartile.toFixed(2)})`;

/** Three digits are what these measurements are good for. */
const number = (value: number): string =>
  value.toLocaleString(
    'en',
    Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 },
  );

/** Replaces what stands in the README between the markers of a section. */
export function writeToReadme(section: string, content: string): void {
  const begin = `<!-- ${section}: written by \`npm run bench -- --write-readme\` -->`;
  const end = `<!-- end of ${section} -->`;
  const text = readFileSync(readme, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`bench/README.md has no section "${section}".`);
  writeFileSync(readme, `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`);
}
