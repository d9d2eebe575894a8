import { padEnd, padStart, paint, widthOf } from './text.ts';

/** Columns of words lean left, columns of numbers lean right. An empty row is a rule. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  words: readonly string[],
): string[] {
  const widths = head.map((title, column) =>
    Math.max(widthOf(title), ...rows.map(row => widthOf(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    ` ${widths.map((width, column) => pad(cells[column] ?? '', width, words.includes(head[column]!))).join('  ')}`.trimEnd();
  const rule = paint('dim', ` ${widths.map(width => '─'.repeat(width)).join('──')}`);
  return [paint('bold', line(head)), rule, ...rows.map(row => (row.length === 0 ? rule : line(row)))];
}

const pad = (text: string, width: number, isWord: boolean): string =>
  isWord ? padEnd(text, width) : padStart(text, width);
