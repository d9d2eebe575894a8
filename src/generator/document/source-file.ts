/** A file of a document: its text, its value, and where in the text a part of the value stands. */
import { readJson } from './json-source.ts';
import type { Path, Position } from './position.ts';
import { readYaml } from './yaml-source.ts';

export interface SourceFile {
  /** Relative to the folder of the root document, with slashes: as it is shown. */
  readonly name: string;
  /** Absolute; for a document from the network its URL. */
  readonly location: string;
  readonly text: string;
  readonly value: unknown;
  /** Members that are there twice, of which the last counts. */
  readonly repeated: readonly Path[];
  /** Where a part begins; that of the nearest part around it, if it is not there. Worked out when it is asked for. */
  positionOf(path: Path): Position;
}

/**
 * The text of a file: UTF-8, or UTF-16 by the mark at its beginning.
 *
 * @see {@link https://yaml.org/spec/1.2.2/#52-character-encodings | YAML 1.2, 5.2}
 */
export function decoded(bytes: Buffer): string {
  const mark = bytes.length < 2 ? 0 : bytes.readUInt16BE(0);
  if (mark === 0xfffe) return new TextDecoder('utf-16le').decode(bytes);
  if (mark === 0xfeff) return new TextDecoder('utf-16be').decode(bytes);
  // At once: decoded in pieces, a large text is copied twice more.
  return bytes.toString().replace(/^\ufeff/, '');
}

/** @throws Unreadable with the place of the mistake. */
export function readSource(name: string, location: string, text: string): SourceFile {
  // YAML's flow style begins like JSON; its parser also knows where a mistake is.
  const source = (/^\s*[{[]/.test(text) && readJson(text)) || readYaml(text);
  const { value, repeated } = source;
  return { name, location, text, value, repeated, positionOf: path => source.positionOf(path) };
}
