/** The operations of a document, in its order. */
import type { Method } from '../../contract/endpoint-options.ts';
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import type { Problems } from '../document/problems.ts';
import { type Template, templateOf } from './path.ts';

/** An operation as the document has it. */
export interface FoundOperation {
  readonly method: Method;
  /** As the document writes it. */
  readonly writtenPath: string;
  readonly template: Template;
  readonly node: Node;
  /** What the path says for all its operations. */
  readonly pathItem: Node;
  readonly tags: readonly string[];
  readonly isDeprecated: boolean;
}

const methods: ReadonlyMap<string, Method> = new Map(
  (['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'QUERY'] as const).map(method => [
    method.toLowerCase(),
    method,
  ]),
);

export function findOperations(documents: Documents, problems: Problems): FoundOperation[] {
  const paths = documents.root.get('paths');
  return (paths?.members() ?? []).flatMap(([path, node]) => {
    if (path.startsWith('x-')) return [];
    const item = pathItemOf(node, documents, problems);
    const operations = item ? operationsOf(item, documents, problems) : [];
    if (!item || operations.length === 0) return [];
    const template = templateOf(path, node, problems);
    if (!template) return [];
    return operations.map(([method, operation]) => ({
      method,
      writtenPath: path,
      template,
      node: operation,
      pathItem: item,
      tags: textsOf(operation.get('tags')),
      isDeprecated: operation.flag('deprecated') === true,
    }));
  });
}

/** What stands beside the reference of a path is undefined where both say it, and may be in a file of its own. */
export function pathItemOf(node: Node, documents: Documents, problems: Problems): Node | undefined {
  const followed = documents.follow(node);
  const beside = (followed?.siblings?.members() ?? []).map(([name]) => name);
  const lost = beside.filter(name => !['$ref', 'summary', 'description'].includes(name));
  if (followed?.siblings && lost.length > 0)
    problems.warn(
      `Beside the reference of a path, there is ${lost.join(', ')}.`,
      'It is left out.',
      followed.siblings,
    );
  return followed?.node;
}

/** Operations may be references, though OpenAPI does not say so: documents of many files are written like this. */
export function operationsOf(item: Node, documents: Documents, problems: Problems): [Method, Node][] {
  const additional = item.get('additionalOperations')?.members() ?? [];
  return [...item.members(), ...additional].flatMap(([key, node]) => {
    const method = methods.get(key.toLowerCase());
    const operation = method && documents.follow(node)?.node;
    if (operation?.isObject) return [[method, operation] as [Method, Node]];
    if (key === 'trace' || additional.some(([name]) => name === key))
      problems.warn(`No client sends ${key.toUpperCase()}.`, 'The operation is left out.', node);
    return [];
  });
}

export const textsOf = (node: Node | undefined): string[] =>
  (node?.items() ?? []).flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
