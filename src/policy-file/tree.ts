import type { Position } from './policy-file-error.ts';

/** What a file says and where it says it, whatever its format. */
export type Tree =
  | { readonly kind: 'object'; readonly at: Position; readonly members: ReadonlyMap<string, Member> }
  | { readonly kind: 'list'; readonly at: Position; readonly items: readonly Tree[] }
  | { readonly kind: 'scalar'; readonly at: Position; readonly value: unknown };

export interface Member {
  readonly keyAt: Position;
  readonly value: Tree;
}

/** A problem that ends the reading of a file. */
export class Unreadable extends Error {
  readonly position: Position | undefined;

  constructor(position: Position | undefined, message: string) {
    super(message);
    this.position = position;
  }
}

/** Far above any policy, and far below what aliases of aliases can grow to. */
const maxNodes = 20_000;
/** A policy is five levels deep at most. */
const maxDepth = 32;

/** Puts trees together, and knows what no tree may hold. */
export class TreeBuilder {
  #nodes = 0;
  #depth = 0;

  scalar(at: Position, value: unknown): Tree {
    this.#count(at);
    return { kind: 'scalar', at, value };
  }

  list(at: Position, items: () => Tree[]): Tree {
    return this.#within(at, () => ({ kind: 'list', at, items: items() }));
  }

  /** @param fill - adds each member to what it is given, in the order of the file. */
  object(at: Position, fill: (add: (key: string, keyAt: Position, value: () => Tree) => void) => void): Tree {
    return this.#within(at, () => {
      const members = new Map<string, Member>();
      fill((key, keyAt, value) => {
        if (members.has(key)) {
          const { line } = members.get(key)!.keyAt;
          throw new Unreadable(keyAt, `${JSON.stringify(key)} is given twice, first in line ${line}.`);
        }
        // Not an option of anything, but a way to reach the prototype of whatever copies it carelessly.
        if (key === '__proto__') throw new Unreadable(keyAt, '"__proto__" is not allowed as a name.');
        members.set(key, { keyAt, value: value() });
      });
      return { kind: 'object', at, members };
    });
  }

  #within(at: Position, make: () => Tree): Tree {
    this.#count(at);
    if (this.#depth === maxDepth)
      throw new Unreadable(at, `This is nested more than ${maxDepth} levels deep.`);
    this.#depth++;
    const tree = make();
    this.#depth--;
    return tree;
  }

  #count(at: Position): void {
    this.#nodes++;
    if (this.#nodes > maxNodes) throw new Unreadable(at, `The file holds more than ${maxNodes} values.`);
  }
}

/** The values alone. What has no limit becomes text, as JSON has to write it. */
export function plain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value === Number.POSITIVE_INFINITY ? 'Infinity' : tree.value;
  if (tree.kind === 'list') return tree.items.map(plain);
  return Object.fromEntries([...tree.members].map(([key, { value }]) => [key, plain(value)]));
}

/** The deepest part that there is on the way of a path. */
export function treeAt(tree: Tree, path: readonly PropertyKey[]): Tree {
  let found = tree;
  for (const step of path) {
    const next =
      found.kind === 'object'
        ? found.members.get(String(step))?.value
        : found.kind === 'list'
          ? found.items[Number(step)]
          : undefined;
    if (!next) break;
    found = next;
  }
  return found;
}
