/** What a service sends to others: webhooks, and the callbacks of its operations. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import type { Problems } from '../document/problems.ts';
import { camelCase } from '../names.ts';
import { type FoundOperation, operationsOf, pathItemOf, textsOf } from './find-operations.ts';

/** A request that comes to a server. */
export interface Incoming extends FoundOperation {
  /** What it is called among its like. */
  readonly name: string;
  /** Of a callback, where it is sent to, as a runtime expression of OpenAPI. */
  readonly target: string | undefined;
}

export const isIncoming = (operation: FoundOperation): operation is Incoming => 'target' in operation;

/** The webhooks of a document. Before OpenAPI 3.1 they are `x-webhooks`. */
export function findWebhooks(documents: Documents, problems: Problems): Incoming[] {
  const { root } = documents;
  const declared = (root.get('webhooks') ?? root.get('x-webhooks'))?.members() ?? [];
  return named(
    declared.map(([name, item]) => [name, incomingOf(item, undefined, documents, problems)]),
    problems,
  );
}

/** The callbacks of an operation. */
export function findCallbacks(
  { node }: FoundOperation,
  documents: Documents,
  problems: Problems,
): Incoming[] {
  const declared = (node.get('callbacks')?.members() ?? []).filter(([name]) => !name.startsWith('x-'));
  return named(
    declared.map(([name, callback]) => [
      name,
      (documents.follow(callback)?.node.members() ?? []).flatMap(([target, item]) =>
        target.startsWith('x-') ? [] : incomingOf(item, target, documents, problems),
      ),
    ]),
    problems,
  );
}

type Unnamed = Omit<Incoming, 'name'>;

function incomingOf(
  item: Node,
  target: string | undefined,
  documents: Documents,
  problems: Problems,
): Unnamed[] {
  const pathItem = pathItemOf(item, documents, problems);
  if (!pathItem) return [];
  return operationsOf(pathItem, documents, problems).map(([method, node]) => ({
    method,
    node,
    pathItem,
    target,
    writtenPath: '',
    template: { path: '', names: [], query: [] },
    tags: textsOf(node.get('tags')),
    isDeprecated: node.flag('deprecated') === true,
  }));
}

/** A name for each: of several requests under one name, with the method behind it, and a number where that is not enough. */
function named(groups: readonly [string, readonly Unnamed[]][], problems: Problems): Incoming[] {
  const used = new Set<string>();
  return groups.flatMap(([declared, requests]) =>
    requests.map(request => {
      const wanted = camelCase(
        requests.length > 1 ? `${declared} ${request.method.toLowerCase()}` : declared,
      );
      let name = wanted;
      for (let count = 2; used.has(name); count++) name = `${wanted}${count}`;
      used.add(name);
      if (name !== wanted)
        problems.warn(`The name ${wanted} is taken already.`, `It is called ${name}.`, request.node);
      return { ...request, name };
    }),
  );
}
