/** A file of a document: its text, its value, and where in the text a part of the value stands. */
import { parse as parseJson, type ValueNode } from '@humanwhocodes/momoa';
import { type Document, isMap, isSeq, LineCounter, parseDocument, type Node as YamlNode } from 'yaml';

/** From 1, both. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What cannot be read as JSON or YAML. */
export class Unreadable extends Error {
  readonly position: Position | undefined;

  constructor(message: string, position?: Position) {
    super(message);
    this.position = position;
  }
}

/** The keys that lead to a part of a value, from the outside in. */
export type Path = readonly (string | number)[];

export interface SourceFile {
  /** Relative to the folder of the root document, with slashes: as it is shown. */
  readonly name: string;
  /** Absolute; for a document from the network its URL. */
  readonly location: string;
  readonly text: string;
  readonly value: unknown;
  /** Where a part begins; that of the nearest part around it, if it is not there. Worked out when it is asked for. */
  positionOf(path: Path): Position;
}

/** @throws Unreadable with the place of the mistake. */
export function readSource(name: string, location: string, text: string): SourceFile {
  const read = /^\s*[{[]/.test(text) ? readJsonSource : readYamlSource;
  return { name, location, text, ...read(text) };
}

type Read = Pick<SourceFile, 'value' | 'positionOf'>;

function readJsonSource(text: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // YAML's flow style begins like JSON; its parser also knows where a mistake is.
    return readYamlSource(text);
  }
  // The engine's own parser is many times faster and knows no places. They are needed for messages alone.
  let root: ValueNode | undefined;
  return {
    value,
    positionOf(path) {
      root ??= parseJson(text, { mode: 'json' }).body;
      const { line, column } = nearestJson(root, path).loc.start;
      return { line, column };
    },
  };
}

function nearestJson(root: ValueNode, path: Path): ValueNode {
  let node = root;
  for (const key of path) {
    const next = childOf(node, key);
    if (!next) return node;
    node = next;
  }
  return node;
}

function childOf(node: ValueNode, key: string | number): ValueNode | undefined {
  if (node.type === 'Array') return node.elements[Number(key)]?.value;
  if (node.type !== 'Object') return undefined;
  return node.members.find(({ name }) => name.type === 'String' && name.value === String(key))?.value;
}

/** So many values may come of aliases for each that is written: beyond, a few lines would fill the memory. */
const maxAliasCount = 1_000;

function readYamlSource(text: string): Read {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    uniqueKeys: false,
  });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [mistake] = document.errors;
  if (mistake) throw new Unreadable(mistake.message, position(mistake.pos[0]));
  return { value: plainValue(document), positionOf: path => position(offsetOf(document, path)) };
}

function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (error) {
    throw new Unreadable((error as Error).message);
  }
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: YamlNode | null = document.contents;
  for (const key of path) {
    const next = isMap(node) || isSeq(node) ? node.get(isSeq(node) ? Number(key) : key, true) : undefined;
    if (!next) break;
    node = next as YamlNode;
  }
  return node?.range?.[0] ?? 0;
}
