/** Which option of a choice took the place of which. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';

export interface Matched {
  readonly matched: readonly (readonly [from: Node, to: Node])[];
  readonly removed: readonly Node[];
  readonly added: readonly Node[];
}

/** What it refers to, or is called in the components of the document. */
export function nameOfOption(option: Node): string | undefined {
  const reference = option.text('$ref');
  if (reference !== undefined) return reference.split('/').at(-1);
  return option.path.at(-2) === 'schemas' ? String(option.path.at(-1)) : undefined;
}

/** By what they refer to, by what they say, and last by their kind, where it is the only one of its kind. */
const keys: readonly ((option: Node, documents: Documents) => string | undefined)[] = [
  nameOfOption,
  option => JSON.stringify(option.value),
  // One that is only called otherwise.
  (option, documents) => JSON.stringify(documents.follow(option)?.node.value),
  option => option.text('title'),
  option => JSON.stringify(option.get('type')?.value ?? null),
];

export function matchOptions(
  from: readonly Node[],
  to: readonly Node[],
  [old, fresh]: readonly [from: Documents, to: Documents],
): Matched {
  const matched: [Node, Node][] = [];
  let [removed, added] = [[...from], [...to]];
  for (const key of keys) {
    for (const option of removed) {
      const wanted = key(option, old);
      const other = wanted === undefined ? undefined : added.find(it => key(it, fresh) === wanted);
      if (!other) continue;
      matched.push([option, other]);
      added = added.filter(it => it !== other);
    }
    removed = removed.filter(option => !matched.some(([it]) => it === option));
  }
  return { matched, removed, added };
}
