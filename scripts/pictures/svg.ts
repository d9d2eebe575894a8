/** What all pictures share: their width, their colours in light and dark, and their text. */

/** Narrow enough to be read on a phone. */
export const width = 520;

const style = `
text { font: 14px system-ui, sans-serif; fill: var(--ink) }
.title { font-weight: 600 }
.small { font-size: 12.5px; fill: var(--soft) }
.mono { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px }
.line { stroke: var(--rule); fill: none }
.box { fill: var(--box); stroke: var(--rule) }
.shade { fill: var(--box) }
.ours { fill: var(--ours) } path.ours, line.ours { fill: none; stroke: var(--ours); stroke-width: 2.5 } text.ours { font-weight: 600 }
.bad { fill: var(--bad) } path.bad, line.bad { fill: none; stroke: var(--bad); stroke-width: 2 }
.peer { fill: var(--peer) } path.peer, line.peer { fill: none; stroke: var(--peer); stroke-width: 2 }
svg { --ink: #1f2328; --soft: #57606a; --rule: #b6bec7; --box: #f0f3f6; --ours: #0a7f5a; --bad: #c93c37; --peer: #8f6a00 }
@media (prefers-color-scheme: dark) {
  svg { --ink: #e6edf3; --soft: #9198a1; --rule: #4b535d; --box: #20262e; --ours: #3fb88c; --bad: #f47067; --peer: #d0a02a }
}
`.trim();

/** A whole picture. `label` is what is read out in its place. */
export function picture(label: string, height: number, lines: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${asXml(label)}">
<style>
${style}
</style>
${lines.join('\n')}
</svg>
`;
}

export const asXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

export function text(x: number, y: number, words: string, className = '', anchor = 'start'): string {
  const classed = className && ` class="${className}"`;
  const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}"${classed}${anchored}>${asXml(words)}</text>`;
}

export function box(x: number, y: number, boxWidth: number, height: number, className = 'box'): string {
  return `<rect class="${className}" x="${round(x)}" y="${round(y)}" width="${round(boxWidth)}" height="${round(height)}" rx="4"/>`;
}

export const path = (d: string, className = 'line', more = ''): string =>
  `<path class="${className}" d="${d}"${more}/>`;

/** Tenths are enough, and the same on every machine. */
export const round = (value: number): number => Math.round(value * 10) / 10;
