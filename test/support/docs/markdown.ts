/** Reads the pages of the documentation: their code, their tables, their links. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** With a slash at its end. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url));

/** The pages, by their path from the root. */
export function pages(): string[] {
  const inDocs = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .map(name => `docs/${name.replaceAll('\\', '/')}`)
    .filter(name => name.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', ...inDocs.sort()];
}

export const read = (page: string): string => readFileSync(`${root}${page}`, 'utf8');

/** Something between two fences. */
export interface Fence {
  /** What stands behind the opening fence, such as `ts no-run`. */
  readonly info: string;
  readonly text: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
}

export function fencesOf(markdown: string): Fence[] {
  const fences: Fence[] = [];
  let open: { info: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const mark = /^```(.*)$/.exec(line);
    if (!mark) open?.lines.push(line);
    else if (!open) open = { info: (mark[1] ?? '').trim(), line: index + 1, lines: [] };
    else {
      fences.push({ info: open.info, line: open.line, text: open.lines.join('\n') });
      open = undefined;
    }
  }
  if (open) throw new Error(`The fence of line ${open.line} is not closed.`);
  return fences;
}

/** A program in a page. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly code: string;
  /** `no-run`: only its types are checked. */
  readonly runs: boolean;
  /** What it prints, if the page says so in a fence marked `text output` right behind. */
  readonly output: string | undefined;
}

export function blocksOf(page: string): Block[] {
  const fences = fencesOf(read(page));
  return fences.flatMap((fence, index) => {
    const [language, ...flags] = fence.info.split(/\s+/);
    if (language !== 'ts' || flags[0] === 'from') return [];
    const unknown = flags.find(flag => flag !== 'no-run');
    if (unknown) throw new Error(`${page}:${fence.line}: what is \`${unknown}\`? Known here: no-run.`);
    const next = fences[index + 1];
    const output = next?.info === 'text output' ? next.text : undefined;
    return [{ page, line: fence.line, code: fence.text, runs: !flags.includes('no-run'), output }];
  });
}

/** A file that a page shows, in a fence marked `ts from <path>`; a file is checked and run where it stands. */
export interface Quote {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export const quotesOf = (page: string): Quote[] =>
  fencesOf(read(page)).flatMap(({ info, line, text }) => {
    const file = /^ts from (\S+)$/.exec(info)?.[1];
    return file === undefined ? [] : [{ file, line, text }];
  });

/** Where a block pretends to be: beside its page, and each of its lines where it stands there. */
export const fileOf = ({ page, line }: Block): string => `${root}${page}.L${line}.ts`;
export const sourceOf = ({ code, line }: Block): string => `${'\n'.repeat(line)}${code}\nexport {};\n`;

/** Everything outside of fences. */
export function proseOf(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, '');
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

/** The links to other places in the repository. */
export function relativeLinksOf(page: string): Link[] {
  const prose = read(page).replace(/^```[\s\S]*?^```$/gm, fence => fence.replace(/[^\n]/g, ''));
  return prose
    .split('\n')
    .flatMap((text, index) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(match => ({ target: match[1] ?? '', line: index + 1 }))
        .filter(({ target }) => !/^[a-z]+:/.test(target)),
    );
}

/** The anchors of a page, as GitHub makes them from its headings. */
export function anchorsOf(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/^#{1,6} (.+)$/gm)].map(match =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

/** The tables whose header begins with the given cells, row by row. */
export function tablesOf(markdown: string, ...header: string[]): string[][][] {
  const tables: string[][][] = [];
  let rows: string[][] | undefined;
  for (const line of proseOf(markdown).split('\n')) {
    const cells = line.startsWith('|')
      ? line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map(cell => cell.trim())
      : undefined;
    if (!cells) rows = undefined;
    else if (rows) rows.push(cells);
    else if (header.every((name, index) => cells[index] === name)) {
      rows = [];
      tables.push(rows);
    }
  }
  // The first row draws the line under the header.
  return tables.map(table => table.slice(1));
}
