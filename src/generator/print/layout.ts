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
  | { readonly indent: Layout }
  /** A line break where the group is broken; else this text. */
  | { readonly line: string }
  /** Words with blanks between them, and a line break where the line is full. */
  | { readonly fill: readonly string[] }
  /** One text where the group is broken, another where not. */
  | { readonly broken: string; readonly flat: string };

/** Broken all at once or not at all; `isBroken` whatever its length. */
interface Group {
  readonly group: Layout;
  readonly isBroken: boolean;
}

/** Nothing, or a line break. */
export const softLine: Layout = { line: '' };
/** A blank, or a line break. */
export const line: Layout = { line: ' ' };

/** A line break whatever its length. */
export const hardLine: Layout = { group: softLine, isBroken: true };

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

const width = 110;
const step = '  ';

interface Open {
  readonly layout: Layout;
  readonly indent: string;
  readonly isFlat: boolean;
}

/** The code, without a line break at its end. */
export function print(layout: Layout): string {
  // Joined at the end: to look at the end of a text that grows copies it each time.
  const pieces: string[] = [];
  let column = 0;
  const open: Open[] = [{ layout, indent: '', isFlat: false }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { layout: part, indent: before, isFlat } = next;
    if (typeof part === 'string') {
      if (part !== '') pieces.push(part);
      const lastBreak = part.lastIndexOf('\n');
      column = lastBreak === -1 ? column + part.length : part.length - lastBreak - 1;
    } else if (isList(part)) {
      for (let index = part.length - 1; index >= 0; index--)
        open.push({ layout: part[index] as Layout, indent: before, isFlat });
    } else if ('indent' in part) open.push({ layout: part.indent, indent: before + step, isFlat });
    else if ('line' in part && !isFlat) {
      const last = pieces.at(-1);
      if (last?.endsWith(' ')) pieces[pieces.length - 1] = last.trimEnd();
      pieces.push(`\n${before}`);
      column = before.length;
    } else if ('line' in part) open.push({ layout: part.line, indent: before, isFlat });
    else if ('broken' in part)
      open.push({ layout: isFlat ? part.flat : part.broken, indent: before, isFlat });
    else if ('fill' in part) {
      const filled = isFlat ? part.fill.join(' ') : fill(part.fill, column, before);
      open.push({ layout: filled, indent: before, isFlat });
    } else {
      const fits = !part.isBroken && fitsIn(width - column, part.group, open);
      open.push({ layout: part.group, indent: before, isFlat: isFlat || fits });
    }
  }
  return pieces.join('');
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

/** Whether a layout, and what stands behind it up to the next line break, has room on the line. */
function fitsIn(room: number, layout: Layout, after: readonly Open[]): boolean {
  let left = room;
  const open: Pick<Open, 'layout' | 'isFlat'>[] = [{ layout, isFlat: true }];
  for (let rest = after.length - 1; left >= 0; ) {
    const next = open.pop() ?? after[rest--];
    if (!next) return true;
    const { layout: part, isFlat } = next;
    if (typeof part === 'string') left -= part.length;
    else if (isList(part))
      for (let index = part.length - 1; index >= 0; index--)
        open.push({ layout: part[index] as Layout, isFlat });
    else if ('indent' in part) open.push({ layout: part.indent, isFlat });
    else if ('line' in part) {
      if (!isFlat) return true;
      left -= part.line.length;
    } else if ('fill' in part) left -= part.fill.join(' ').length;
    else if ('broken' in part) left -= (isFlat ? part.flat : part.broken).length;
    else open.push({ layout: part.group, isFlat: isFlat && !part.isBroken });
  }
  return false;
}
