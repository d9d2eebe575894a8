/** References within one JSON Schema, to the definitions that it has brought. */
import type { JsonSchema } from './document.ts';

/** By key; the schema itself under {@link ROOT}. */
export type Definitions = Readonly<Record<string, JsonSchema>>;

/** How a schema refers to itself, if it has no other name. */
export const ROOT = '#';
const IN_DEFINITIONS = '#/$defs/';

/** The schema itself, where there is only a reference to it. */
export function unwrapped(schema: JsonSchema, definitions: Definitions): JsonSchema {
  const { $ref, ...siblings } = schema;
  const target = keyIn($ref);
  if (target === undefined) return schema;
  return { ...unwrapped(definitions[target] as JsonSchema, definitions), ...siblings };
}

/** A definition with all that it leads to as a text, the same whatever a library has called them. */
export function textOf(key: string, definitions: Definitions): string {
  const keys = [...new Set([key, ...reachedFrom(definitions[key], definitions)])];
  const numbered = (target: string) => String(keys.indexOf(target));
  return JSON.stringify(keys.map(one => mapReferences(definitions[one], numbered)));
}

/** The keys of all definitions that a schema leads to. */
export function reachedFrom(schema: unknown, definitions: Definitions): ReadonlySet<string> {
  const reached = new Set<string>();
  const reach = (key: string) => {
    reached.add(key);
    return key;
  };
  mapReferences(schema, reach);
  // It grows while it is walked.
  for (const key of reached) mapReferences(definitions[key], reach);
  return reached;
}

/** A copy in which references to definitions are replaced. */
export function mapReferences(node: unknown, replace: (key: string) => string): unknown {
  if (Array.isArray(node)) return node.map(item => mapReferences(item, replace));
  if (typeof node !== 'object' || node === null) return node;
  const members = Object.entries(node).map(([keyword, value]) => {
    const key = keyword === '$ref' ? keyIn(value) : undefined;
    return [keyword, key === undefined ? mapReferences(value, replace) : replace(key)];
  });
  return Object.fromEntries(members);
}

/** What a reference calls the definition that it leads to, which is written as a JSON pointer (RFC 6901 §6). */
function keyIn(reference: unknown): string | undefined {
  if (reference === ROOT) return ROOT;
  if (typeof reference !== 'string' || !reference.startsWith(IN_DEFINITIONS)) return undefined;
  return reference.slice(IN_DEFINITIONS.length).replaceAll('~1', '/').replaceAll('~0', '~');
}
