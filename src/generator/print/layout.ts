/**
 * Lays code out in lines of 110 characters: what fits stays on one line, what does not is broken from the outside in,
 * as formatters of TypeScript do.
 *
 * @see {@link https://homepages.inf.ed.ac.uk/wadler/papers/prettier/prettier.pdf | Wadler, A prettier printer}
 */

/** A piece of code that knows where it may be broken. */
export type Layout =
  | string
  | readonly Layout[]
  | Group
  | { readonly indent: readonly Layout[] }
  /** A line break where the group is broken; else this text. */
  | { readonly line: string }
  /** Words with blanks between them, and a line break where the line is full. */
  | { readonly fill: readonly string[] }
  /** One text where the group is broken, another where not. */
  | { readonly broken: string; readonly flat: string };

/** Broken all at once or not at all; `isBroken` whatever its length. */
interface Group {
  readonly group: readonly Layout[];
  readonly isBroken: boolean;
}

/** Nothing, or a line break. */
export const softLine: Layout = { line: '' };
/** A blank, or a line break. */
export const line: Layout = { line: ' ' };

/** A line break whatever its length. */
export const hardLine: Layout = { group: [softLine], isBroken: true };

export const group = (...parts: readonly Layout[]): Layout => ({
  group: parts,
  isBroken: holdsBroken(parts),
});
/** Broken whatever its length, as an object with a comment in it is. */
export const broken = (...parts: readonly Layout[]): Layout => ({ group: parts, isBroken: true });
export const indent = (...parts: readonly Layout[]): Layout => ({ indent: parts });

/** Parts with a separator between them. */
export function join(separator: Layout, parts: readonly Layout[]): Layout[] {
  const joined: Layout[] = [];
  for (const part of parts) {
    if (joined.length > 0) joined.push(separator);
    joined.push(part);
  }
  return joined;
}

/** `{ a, b }`, or a member to a line with a comma behind each. */
export const braces = (members: readonly Layout[], separator = ','): Layout =>
  members.length === 0
    ? '{}'
    : group(
        '{',
        indent(line, ...join([separator, line], members)),
        { broken: separator, flat: '' },
        line,
        '}',
      );

/** `open a, b close`, or an item to a line with a comma behind each. */
export const list = (open: string, items: readonly Layout[], close: string): Layout =>
  items.length === 0
    ? `${open}${close}`
    : group(open, indent(softLine, ...join([',', line], items)), { broken: ',', flat: '' }, softLine, close);

/** How long a line may be. */
export const width = 110;
const step = '  ';

/** Parts of which some are printed, none of them on one line with all the others. */
interface Open {
  readonly parts: readonly Layout[];
  readonly indent: string;
  next: number;
}

/** The code, without a line break at its end. */
export function print(layout: Layout): string {
  // Joined at the end: to look at the end of a text that grows copies it each time.
  const pieces: string[] = [];
  let column = 0;
  const open: Open[] = [{ parts: [layout], indent: '', next: 0 }];
  const put = (text: string): void => {
    if (text === '') return;
    pieces.push(text);
    const lastBreak = text.lastIndexOf('\n');
    column = lastBreak === -1 ? column + text.length : text.length - lastBreak - 1;
  };
  for (let last = open.at(-1); last; last = open.at(-1)) {
    const { indent: before } = last;
    const part = last.parts[last.next++];
    if (part === undefined) open.pop();
    else if (typeof part === 'string') put(part);
    else if (isList(part)) open.push({ parts: part, indent: before, next: 0 });
    else if ('indent' in part) open.push({ parts: part.indent, indent: before + step, next: 0 });
    else if ('line' in part) {
      const end = pieces.at(-1);
      if (end?.endsWith(' ')) pieces[pieces.length - 1] = end.trimEnd();
      pieces.push(`\n${before}`);
      column = before.length;
    } else if ('broken' in part) put(part.broken);
    else if ('fill' in part) put(fill(part.fill, column, before));
    else {
      const text = part.isBroken ? undefined : flatText(part.group, width - column);
      if (text !== undefined && hasRoom(width - column - text.length, open)) put(text);
      else open.push({ parts: part.group, indent: before, next: 0 });
    }
  }
  return pieces.join('');
}

/** On one line; undefined where that is longer than there is room. */
function flatText(parts: readonly Layout[], room: number): string | undefined {
  let text = '';
  for (const part of parts) {
    const added = typeof part === 'string' ? part : flatTextOf(part, room - text.length);
    if (added === undefined) return undefined;
    text += added;
    if (text.length > room) return undefined;
  }
  return text;
}

function flatTextOf(part: Exclude<Layout, string>, room: number): string | undefined {
  if (isList(part)) return flatText(part, room);
  if ('group' in part) return flatText(part.group, room);
  if ('indent' in part) return flatText(part.indent, room);
  if ('line' in part) return part.line;
  return 'fill' in part ? part.fill.join(' ') : part.flat;
}

/** Whether what stands behind, up to the next line break, has room on the line as well. */
function hasRoom(room: number, open: readonly Open[]): boolean {
  let left = room;
  for (let index = open.length - 1; index >= 0 && left >= 0 && left !== Number.POSITIVE_INFINITY; index--) {
    const { parts, next } = open[index] as Open;
    left = roomAfter(left, parts, next);
  }
  return left >= 0;
}

/** Infinite, once the line has ended. */
function roomAfter(room: number, parts: readonly Layout[], from: number): number {
  let left = room;
  for (let index = from; index < parts.length && left >= 0 && left !== Number.POSITIVE_INFINITY; index++) {
    const part = parts[index] as Layout;
    if (typeof part === 'string') left -= part.length;
    else if (isList(part)) left = roomAfter(left, part, 0);
    else if ('group' in part) left = roomAfter(left, part.group, 0);
    else if ('indent' in part) left = roomAfter(left, part.indent, 0);
    else if ('line' in part) return Number.POSITIVE_INFINITY;
    else left -= 'fill' in part ? part.fill.join(' ').length : part.broken.length;
  }
  return left;
}

/** One place on each line is left for what stands behind the last word. */
function fill(words: readonly string[], from: number, before: string): string {
  let column = from;
  return words.reduce((text, word, index) => {
    const fits = index === 0 || column + 1 + word.length + (index === words.length - 1 ? 1 : 0) <= width;
    column = fits ? column + (index === 0 ? 0 : 1) + word.length : before.length + word.length;
    return index === 0 ? word : `${text}${fits ? ' ' : `\n${before}`}${word}`;
  }, '');
}

const isList = (layout: Layout): layout is readonly Layout[] => Array.isArray(layout);

/** What has no place where it could be broken, as it is printed; undefined for everything else. */
export function wholeText(layout: Layout): string | undefined {
  if (typeof layout === 'string') return layout;
  if (!isList(layout)) return undefined;
  let text = '';
  for (const part of layout) {
    const printed = wholeText(part);
    if (printed === undefined) return undefined;
    text += printed;
  }
  return text;
}

/** Whether there is something in it that is always broken. A group has been asked when it was made. */
function holdsBroken(layout: Layout): boolean {
  if (typeof layout === 'string') return layout.includes('\n');
  if (isList(layout)) return layout.some(holdsBroken);
  if ('group' in layout) return layout.isBroken;
  return 'indent' in layout && holdsBroken(layout.indent);
}
