/** The payloads that a document carries, each with the schema that it is of. */
import type { Documents } from '../../../src/generator/document/documents.ts';
import type { Node } from '../../../src/generator/document/node.ts';
import type { Direction } from '../../../src/generator/schemas.ts';

export interface Payload {
  readonly schema: Node;
  readonly direction: Direction;
  /** Where it stands. */
  readonly node: Node;
  readonly value: unknown;
}

const schemaMaps = ['properties', 'patternProperties', '$defs', 'dependentSchemas'];
const schemaLists = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const schemaMembers = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains'];

/** Every `example`, `examples` and `default` of media types, parameters, headers and schemas. */
export function payloadsOf(documents: Documents): Payload[] {
  const found = new Map<string, Payload>();
  const seen = new Set<string>();

  const add = (schema: Node, direction: Direction, node: Node): void => {
    const target = node.text('$ref') === undefined ? node : documents.follow(node)?.node;
    // An example that lies elsewhere, whatever is there.
    if (target)
      found.set(`${direction} ${schema.id} ${target.id}`, {
        schema,
        direction,
        node: target,
        value: target.value,
      });
  };

  const isNew = (node: Node, kind: string): boolean => {
    const key = `${kind} ${node.id}`;
    return !seen.has(key) && seen.add(key).size > 0;
  };

  function lookAtSchema(node: Node, direction: Direction): void {
    if (!node.isObject || !isNew(node, `schema ${direction}`)) return;
    if (node.text('$ref') !== undefined) {
      const target = documents.follow(node)?.node;
      if (target) lookAtSchema(target, direction);
      return;
    }
    for (const keyword of ['example', 'default']) {
      const value = node.get(keyword);
      if (value) add(node, direction, value);
    }
    for (const example of node.get('examples')?.items() ?? []) add(node, direction, example);
    for (const keyword of schemaMaps) {
      const map = node.get(keyword);
      const target = map?.text('$ref') === undefined ? map : documents.follow(map)?.node;
      for (const [, part] of target?.members() ?? []) lookAtSchema(part, direction);
    }
    for (const keyword of schemaLists)
      for (const part of node.get(keyword)?.items() ?? []) lookAtSchema(part, direction);
    for (const keyword of schemaMembers) {
      const part = node.get(keyword);
      if (part) lookAtSchema(part, direction);
    }
  }

  /** Anything that is no schema: what holds one, and all the rest of the document. */
  function lookAt(node: Node, direction: Direction): void {
    if (!isNew(node, direction)) return;
    if (node.text('$ref') !== undefined) {
      const target = documents.follow(node)?.node;
      if (target) lookAt(target, direction);
      return;
    }
    for (const item of node.items()) lookAt(item, direction);
    const schema = node.get('schema');
    if (schema?.isObject) {
      lookAtSchema(schema, direction);
      const example = node.get('example');
      if (example) add(schema, direction, example);
      for (const [, each] of node.get('examples')?.members() ?? []) {
        const target = documents.follow(each)?.node;
        const value = target?.get('value');
        if (value) add(schema, direction, value);
      }
    }
    for (const [key, member] of node.members()) {
      if (key === 'schema' || key === 'example' || key === 'examples') continue;
      if (key === 'schemas') for (const [, each] of member.members()) lookAtSchema(each, 'received');
      else lookAt(member, key === 'requestBody' || key === 'parameters' ? 'sent' : direction);
    }
  }

  lookAt(documents.root, 'received');
  return [...found.values()];
}
