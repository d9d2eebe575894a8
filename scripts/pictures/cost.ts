/** What a request costs with each client, as bars, from the table of `bench/README.md`. */
import { box, picture, text, width } from './svg.ts';

/** Those that guard a call with something, and the two that are the measure. */
const shown = [
  'raw fetch',
  'raw fetch + signal + timer',
  'undici request',
  'holdfast',
  'holdfast over undici',
  'ky',
  'wretch, timeout and retry',
  'up-fetch, timeout and retry',
  'cockatiel + fetch',
  'ofetch, timeout set',
  'axios + axios-retry',
  'got',
];

export interface Cost {
  readonly name: string;
  readonly micros: number;
}

export function costsIn(readme: string): Cost[] {
  const lines = readme.split('\n');
  const head = lines.findIndex(line => /^\|\s*\|.*\bCPU, µs\b/.test(line));
  const cells = (line = '') =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim());
  const column = cells(lines[head]).indexOf('CPU, µs');
  const costs: Cost[] = [];
  for (const line of lines.slice(head + 2)) {
    if (!line.startsWith('|')) break;
    const row = cells(line);
    costs.push({ name: row[0] ?? '', micros: Number(row[column]) });
  }
  const found = costs.filter(({ name, micros }) => shown.includes(name) && micros > 0);
  if (found.length < 6)
    throw new Error('bench/README.md has no table with a column "CPU, µs", or few of its clients are known.');
  return found.sort((a, b) => a.micros - b.micros);
}

export function costPicture(readme: string): string {
  const costs = costsIn(readme);
  const most = Math.max(...costs.map(({ micros }) => micros));
  const left = 210;
  const rowHeight = 24;
  return picture('CPU per request in microseconds, by client', 44 + costs.length * rowHeight, [
    text(12, 18, 'CPU per request, µs (less is better)', 'title'),
    ...costs.flatMap(({ name, micros }, row) => {
      const y = 34 + row * rowHeight;
      const length = (micros / most) * (width - left - 60);
      const isOurs = name.startsWith('holdfast');
      return [
        text(left - 8, y + 14, name, isOurs ? 'ours' : '', 'end'),
        box(left, y, length, 17, isOurs ? 'ours' : 'soft'),
        text(left + length + 6, y + 14, micros.toFixed(0)),
      ];
    }),
    '<style>.soft { fill: var(--rule) }</style>',
  ]);
}
