/** Collects what is found, and where it reaches. */
import type { Node } from '../document/node.ts';
import { type Change, type Finding, placeOf, type Side } from './change.ts';
import type { Pair } from './schemas.ts';

export interface Context {
  /** Tells of one operation. */
  tell(level: Change['level'], code: string, message: string, from?: Node, to?: Node, side?: Side): void;
  /** Compares two schemas, of which the second took the place of the first. */
  compare(from: Node, to: Node, side: Side): void;
}

export class Recorder {
  readonly #operations = new Map<Finding, Set<string>>();
  readonly #pairs: { readonly pair: Pair; readonly operation: string }[] = [];

  tell(finding: Finding, operation?: string): void {
    const reached = this.#operations.get(finding) ?? new Set();
    if (operation !== undefined) reached.add(operation);
    this.#operations.set(finding, reached);
  }

  /** What is found in a pair, and in what it holds, reaches the operation. */
  reach(pair: Pair, operation: string): void {
    this.#pairs.push({ pair, operation });
  }

  /** Each change once, with all the operations that it reaches. */
  changes(): Change[] {
    for (const { pair, operation } of this.#pairs)
      for (const finding of findingsIn(pair)) this.tell(finding, operation);
    const changes = new Map<
      string,
      { -readonly [Key in keyof Change]: Change[Key] } & { operations: string[] }
    >();
    for (const [finding, operations] of this.#operations) {
      const { level, code, message, side } = finding;
      const [from, to] = [placeOf(finding.from), placeOf(finding.to)];
      const key = JSON.stringify([level, code, message, from, to]);
      const same = changes.get(key);
      if (same) {
        same.operations.push(...[...operations].filter(it => !same.operations.includes(it)));
        if (same.side !== side) same.side = undefined;
      } else changes.set(key, { level, code, message, side, operations: [...operations], from, to });
    }
    return [...changes.values()];
  }
}

function findingsIn(root: Pair): Finding[] {
  const seen = new Set([root]);
  for (const pair of seen) for (const inner of pair.inner) seen.add(inner);
  return [...seen].flatMap(({ findings }) => findings);
}
