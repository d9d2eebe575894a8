import type * as Yaml from 'yaml';
import type { Position } from './policy-file-error.ts';
import { type Tree, TreeBuilder, Unreadable } from './tree.ts';

/** Reads YAML 1.2 with its core schema: `yes` and `off` are text, not true and false. */
export async function readYaml(text: string): Promise<Tree> {
  const yaml = await importYaml();
  const lines = new yaml.LineCounter();
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  // Duplicates are found here: the parser compares every key with every other, which takes minutes in a large file.
  const document = yaml.parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    uniqueKeys: false,
    version: '1.2',
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem)
    throw new Unreadable(positionOf(problem.pos[0]), `This is not YAML: ${sentence(problem.message)}`);
  return new Reader(yaml, positionOf).read(document.contents);
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** An optional dependency: who writes JSON need not have it. */
async function importYaml(): Promise<typeof Yaml> {
  try {
    return await import('yaml');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Unreadable(
      undefined,
      'YAML needs the package `yaml`, which is not installed: npm install yaml. Or write the policy as JSON.',
    );
  }
}

class Reader {
  readonly #yaml: typeof Yaml;
  readonly #positionOf: (offset: number) => Position;
  readonly #build = new TreeBuilder();
  /** Nodes by anchor. An alias means the last one before it, so they are taken down on the way. */
  readonly #anchors = new Map<string, Yaml.Node>();

  constructor(yaml: typeof Yaml, positionOf: (offset: number) => Position) {
    this.#yaml = yaml;
    this.#positionOf = positionOf;
  }

  read(node: unknown, fallback: Position = { line: 1, column: 1 }): Tree {
    const { isAlias, isMap, isNode, isScalar, isSeq } = this.#yaml;
    if (!isNode(node)) return this.#build.scalar(fallback, null);
    const at = this.#at(node, fallback);
    if (isAlias(node)) return this.read(this.#anchored(node, at), at);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isMap(node)) {
      return this.#build.object(at, add => {
        for (const { key, value } of node.items) {
          const keyAt = this.#at(key, at);
          add(this.#keyOf(key, keyAt), keyAt, () => this.read(value, keyAt));
        }
      });
    }
    if (isSeq(node)) return this.#build.list(at, () => node.items.map(item => this.read(item, at)));
    if (isScalar(node)) return this.#build.scalar(at, node.value);
    throw new Unreadable(at, 'This is neither an object, nor a list, nor a value.');
  }

  #anchored({ source }: Yaml.Alias, at: Position): Yaml.Node {
    const anchored = this.#anchors.get(source);
    if (anchored) return anchored;
    throw new Unreadable(at, `Nothing before this is marked as &${source}.`);
  }

  #keyOf(key: unknown, at: Position): string {
    if (this.#yaml.isScalar(key) && typeof key.value === 'string') return key.value;
    // What reads as a number or a truth value is meant as it is written: 10.10 is not 10.1.
    if (this.#yaml.isScalar(key) && key.source) return key.source;
    throw new Unreadable(at, 'A name should be plain text.');
  }

  #at(node: unknown, fallback: Position): Position {
    const range = this.#yaml.isNode(node) ? node.range : undefined;
    return range ? this.#positionOf(range[0]) : fallback;
  }
}
