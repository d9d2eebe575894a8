/** Gives operations their names, so that one contract can hold them. */

import type { Problems } from '../document/problems.ts';
import type { Names } from '../names.ts';
import type { FoundOperation } from './find-operations.ts';
import { nameOf } from './naming.ts';
import type { NamedOperation } from './print-operation.ts';

/** The operations in their order, and which of them the contract has room for. */
export interface NamedOperations {
  readonly all: readonly NamedOperation[];
  readonly inContract: readonly NamedOperation[];
}

export function nameOperations(
  found: readonly FoundOperation[],
  names: Names,
  problems: Problems,
): NamedOperations {
  const named = found.map(operation => {
    const wanted = nameOf(operation.node, operation.method, operation.writtenPath);
    return { ...operation, wanted, name: names.claim(wanted, operation.node) };
  });
  const ids = new Set(named.map(({ name }) => name));
  const all = named.map(({ wanted, ...operation }) => {
    const id = operation.node.text('operationId');
    if (!id || id === operation.name) return { ...operation, operationId: undefined };
    if (ids.has(id)) {
      // Of a name that was taken it is told already.
      if (operation.name === wanted)
        problems.warn(
          `The operationId ${JSON.stringify(id)} is taken already.`,
          `It goes by ${operation.name}.`,
          operation.node.get('operationId'),
        );
      return { ...operation, operationId: undefined };
    }
    ids.add(id);
    return { ...operation, operationId: id };
  });
  return { all, inContract: withoutTwins(all, problems) };
}

/** Two templates that differ in the names of their parameters alone match the same URLs: a contract takes one. */
function withoutTwins(operations: readonly NamedOperation[], problems: Problems): NamedOperation[] {
  const seen = new Map<string, string>();
  return operations.filter(({ method, template, name, node }) => {
    const route = `${method} ${template.path.replaceAll(/\{[^}]+\}/g, '{}')}`;
    const other = seen.get(route);
    if (other === undefined) {
      seen.set(route, name);
      return true;
    }
    problems.warn(
      `Its method and path are those of ${other}.`,
      `It is an endpoint (${name}), and not in the contract.`,
      node,
    );
    return false;
  });
}
