/** Results as tables, in Markdown that also reads well in a terminal. */
import type { Measures } from './measures.ts';
import type { Judgement } from './targets.ts';

/** Of one candidate: scenario id to its measures, one per seed. */
export type Results = ReadonlyMap<string, readonly Measures[]>;

interface Column {
  readonly scenario: string;
  readonly title: string;
  readonly digits: number;
  value(measures: Measures): number;
}

const column = (scenario: string, what: string, digits: number, value: Column['value']): Column => ({
  scenario,
  title: `${scenario} ${what}`,
  digits,
  value,
});

const columns: readonly Column[] = [
  column('2', 'amp', 2, measured => measured.amplification),
  column('2', 'recov', 1, measured => measured.recoveryS),
  column('3', 'amp', 2, measured => measured.amplification),
  column('3', 'fail p50 ms', 0, measured => measured.failP50Ms),
  column('3', 'recov', 1, measured => measured.recoveryS),
  column('4', 'success %', 1, measured => measured.successPercent),
  column('5', 'goodput', 0, measured => measured.goodput),
  column('5', 'recov', 1, measured => measured.recoveryS),
  column('5b', 'goodput', 0, measured => measured.goodput),
  column('5b', 'recov', 1, measured => measured.recoveryS),
  column('6', 'p99', 0, measured => measured.p99Ms),
  column('6', 'amp', 2, measured => measured.amplification),
  column('7', 'all %', 1, measured => measured.allSuccessPercent),
  column('8', 'amp', 2, measured => measured.amplification),
  column('8b', 'success %', 1, measured => measured.successPercent),
  column('8b', 'amp', 2, measured => measured.amplification),
  column('9a', 'success %', 1, measured => measured.successPercent),
  column('9a', 'dup.', 0, measured => measured.duplicates),
  column('9b', 'success %', 1, measured => measured.successPercent),
  column('10', 'recov', 1, measured => measured.recoveryS),
  column('11', 'timers left', 0, measured => measured.left.timers),
];

/** Every candidate, means over the seeds. */
export function comparisonTable(resultsByName: ReadonlyMap<string, Results>): string {
  const scenarios = new Set([...resultsByName.values()].flatMap(results => [...results.keys()]));
  const shown = columns.filter(({ scenario }) => scenarios.has(scenario));
  const rows = [...resultsByName].map(([name, results]) => [
    name,
    ...shown.map(({ scenario, digits, value }) => {
      const seeds = results.get(scenario);
      return seeds ? format(mean(seeds.map(value)), digits) : '';
    }),
  ]);
  return markdownTable(['client', ...shown.map(({ title }) => title)], rows);
}

/** Holdfast against what it has to reach. */
export function targetTable(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ target, values, worst, reached }) => [
    target.scenario,
    target.what,
    `${target.rule} ${target.must}`,
    String(target.stretch),
    format(mean(values), 2),
    format(worst, 2),
    { stretch: 'pass, stretch', must: 'pass', missed: '**FAIL**' }[reached],
  ]);
  return markdownTable(['scenario', 'measure', 'must', 'stretch', 'mean', 'worst seed', 'verdict'], rows);
}

/** A mean with a "never" in it is "never". */
function format(value: number, digits: number): string {
  if (value === Infinity) return 'never';
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, index) =>
    Math.max(title.length, ...rows.map(row => row[index]!.length), 3),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => pad(cell, widths[index]!, index)).join(' | ')} |`;
  const rule = `|${widths.map((width, index) => (index === 0 ? `${'-'.repeat(width + 2)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Names to the left, numbers to the right. */
const pad = (cell: string, width: number, index: number): string =>
  index === 0 ? cell.padEnd(width) : cell.padStart(width);
