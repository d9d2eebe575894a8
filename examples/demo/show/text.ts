import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Coloured where standard output is a terminal and NO_COLOR is not set. */
export const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout });

/** How many columns the text takes: every character that the demo prints takes one. */
export const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length;

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + text;

/** Cuts plain text, so that no line wraps. */
export const clip = (text: string, width: number): string =>
  widthOf(text) <= width ? text : `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`;

export function ms(value: number): string {
  if (value < 0.5) return '0 ms';
  if (value < 1_000) return `${Math.round(value)} ms`;
  return `${(value / 1_000).toFixed(value < 99_950 ? 1 : 0)} s`;
}

/** Never rounds up to 100 % what is not. */
export function percent(ratio: number): string {
  if (ratio === 1) return '100 %';
  return `${(Math.floor(ratio * 1_000) / 10).toFixed(1)} %`;
}

/** Breaks text into lines at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const INDENT = 8;

/** Breaks a line that is too long at a space, and indents what follows. */
export function fold(line: string, width: number): string[] {
  const at = line.length <= width ? -1 : line.lastIndexOf(' ', width);
  if (at <= INDENT) return [line];
  return [line.slice(0, at).trimEnd(), ...fold(' '.repeat(INDENT) + line.slice(at).trim(), width)];
}
