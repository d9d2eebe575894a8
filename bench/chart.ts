/** The CPU per request of every candidate, as bars: an SVG that follows the reader's light or dark. */
import { UNDICI_REQUEST } from './candidates.ts';
import type { OverheadRow } from './overhead.ts';

const barHeight = 14;
const rowHeight = 20;
const labelWidth = 400;
const barsWidth = 340;
const width = 800;
const top = 34;

/** As `--json` writes them. */
export type ChartRow = Pick<OverheadRow, 'candidate' | 'cost'>;

/** The cheapest stands first. */
export function chart(rows: readonly ChartRow[]): string {
  const bars = rows
    .map(({ candidate, cost }) => ({ name: candidate.name, micros: cost.cpu.median }))
    .sort((a, b) => a.micros - b.micros);
  const most = Math.max(...bars.map(({ micros }) => micros));
  const height = top + bars.length * rowHeight + 10;
  const lines = bars.map(({ name, micros }, row) => {
    const y = top + row * rowHeight;
    const length = ((micros / most) * barsWidth).toFixed(1);
    return [
      `<text x="${labelWidth - 8}" y="${y + 11}" text-anchor="end">${asXml(name)}</text>`,
      `<rect class="${kindOf(name)}" x="${labelWidth}" y="${y}" width="${length}" height="${barHeight}" rx="2"/>`,
      `<text x="${labelWidth + Number(length) + 6}" y="${y + 11}">${micros.toFixed(0)}</text>`,
    ].join('');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="CPU per request in microseconds">
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.ours { fill: #0a7f5a }
.bare { fill: #57606a }
.peer { fill: #afb8c1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .ours { fill: #3fb88c }
  .bare { fill: #9198a1 }
  .peer { fill: #484f58 }
}
</style>
<text class="title" x="${labelWidth}" y="18">CPU per request, µs (less is better)</text>
${lines.join('\n')}
</svg>
`;
}

function kindOf(name: string): 'ours' | 'bare' | 'peer' {
  if (name.startsWith('holdfast')) return 'ours';
  return name.startsWith('raw fetch') || name === UNDICI_REQUEST ? 'bare' : 'peer';
}

const asXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
