/** The standard order as a path from the caller to the service: once per call, then once per attempt. */
import { standardOrder } from '../../src/index.ts';
import { box, path, picture, text, width } from './svg.ts';

const margin = 12;
const boxHeight = 30;
const gap = 10;
/** Of the letters in the boxes, which have one width. */
const letter = 7.9;

interface Laid {
  readonly lines: string[];
  readonly bottom: number;
}

/** From left to right, and on in the next row. */
function rowsOf(places: readonly string[], top: number, className: string): Laid {
  const lines: string[] = [];
  let x = margin + 12;
  let y = top;
  for (const [index, place] of places.entries()) {
    const boxWidth = place.length * letter + 20;
    if (x + boxWidth > width - margin - 12) {
      x = margin + 12;
      y += boxHeight + gap;
    }
    lines.push(
      box(x, y, boxWidth, boxHeight, className),
      text(x + boxWidth / 2, y + 20, place, 'mono', 'middle'),
    );
    x += boxWidth + gap;
    if (index < places.length - 1) lines.push(path(`M${x - gap} ${y + boxHeight / 2}h${gap}`));
  }
  return { lines, bottom: y + boxHeight };
}

export function pipelinePicture(): string {
  const perCall = standardOrder.slice(0, standardOrder.indexOf('retry') + 1);
  const perAttempt = [...standardOrder.slice(standardOrder.indexOf('retry') + 1), 'transport'];
  const call = rowsOf(perCall, 78, 'inner');
  const attemptTop = call.bottom + 14;
  const attempt = rowsOf(perAttempt, attemptTop + 34, 'inner');
  const callBottom = attempt.bottom + 26;
  const arrow = (y: number) => [path(`M${width / 2} ${y}v18`), path(`M${width / 2 - 5} ${y + 12}l5 6 5-6`)];
  return picture('The pipeline: what a call passes on its way to the service', callBottom + 50, [
    '<style>.inner { fill: var(--inner); stroke: var(--ours) } svg { --inner: #ffffff } @media (prefers-color-scheme: dark) { svg { --inner: #10151b } }</style>',
    text(width / 2, 18, 'your code', 'title', 'middle'),
    ...arrow(24),
    box(margin, 46, width - 2 * margin, callBottom - 46),
    text(margin + 12, 66, 'once per call', 'small'),
    ...call.lines,
    box(margin + 6, attemptTop, width - 2 * margin - 12, attempt.bottom + 12 - attemptTop, 'line'),
    text(margin + 12, attemptTop + 22, 'once per attempt', 'small'),
    ...attempt.lines,
    ...arrow(callBottom + 4),
    text(width / 2, callBottom + 40, 'the service', 'title', 'middle'),
  ]);
}
