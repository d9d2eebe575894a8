/** Places in a text. */

/** From 1, both. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The keys that lead to a part of a value, from the outside in. */
export type Path = readonly (string | number)[];

export function positionAt(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return { line, column: offset - start + 1 };
}

/** A line of a text, from 1; nothing if there is none. */
export function lineOf(text: string, line: number): string {
  let start = 0;
  for (let count = 1; count < line; count++) {
    const end = text.indexOf('\n', start);
    if (end === -1) return '';
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? text.length : end);
}

/** What cannot be read as JSON or YAML. */
export class Unreadable extends Error {
  readonly position: Position | undefined;

  constructor(message: string, position?: Position) {
    super(message);
    this.position = position;
  }
}

/** A text that has been read: its value, and where a part of it begins. */
export interface Source {
  readonly value: unknown;
  /** Members that are there twice, of which the last counts. */
  readonly repeated: readonly Path[];
  /** Of the nearest part around it, if it is not there. Worked out when it is asked for: messages alone need it. */
  positionOf(path: Path): Position;
}
