/** What of a document could not be taken as it stands: told with its place, and with what was done instead. */
import type { Node } from './node.ts';
import { lineOf, type Position } from './position.ts';

export interface Problem {
  /** `error`: nothing can be written. `warning`: something else was done. `note`: it is not enforced. */
  readonly severity: 'error' | 'warning' | 'note';
  readonly message: string;
  /** What was done instead; undefined for an error. */
  readonly instead: string | undefined;
  /** The part of the document that it is about; undefined for the document as a whole. */
  readonly node: Node | undefined;
}

export class Problems {
  readonly #problems: Problem[] = [];

  get all(): readonly Problem[] {
    return this.#problems;
  }

  get errors(): readonly Problem[] {
    return this.#problems.filter(({ severity }) => severity === 'error');
  }

  error(message: string, node?: Node): void {
    this.#problems.push({ severity: 'error', message, instead: undefined, node });
  }

  warn(message: string, instead: string, node?: Node): void {
    this.#problems.push({ severity: 'warning', message, instead, node });
  }

  /** For what the document says and no schema checks. */
  note(message: string, instead: string, node?: Node): void {
    this.#problems.push({ severity: 'note', message, instead, node });
  }
}

/** One problem for people: place, message, and the line of the document with a caret under it. */
export function problemText({ severity, message, instead, node }: Problem): string {
  const what = instead === undefined ? message : `${message} ${instead}`;
  if (!node) return `${severity}: ${what}`;
  const { position, file, pointer } = node;
  return [
    `${file.name}:${position.line}:${position.column} ${severity}: ${what}`,
    `  at #${pointer}`,
    excerptOf(file.text, position),
  ].join('\n');
}

/** The line of a text, or what of it is around a place, with a caret under the place. */
export function excerptOf(text: string, { line, column }: Position): string {
  const source = lineOf(text, line).replaceAll(/[\u0000-\u001f\u007f]/g, ' ');
  const from = Math.max(0, column - 60);
  const excerpt = source.slice(from, from + 100).trimEnd();
  return `  ${excerpt}\n  ${' '.repeat(column - 1 - from)}^`;
}
