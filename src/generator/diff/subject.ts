/** What a part of a document is called in a sentence. */
import type { Node } from '../document/node.ts';
import type { Path } from '../document/position.ts';

/** `status`, an item of `tags`, the body: by where it stands. */
export const subjectOf = ({ path, file }: Node): string => subjectAt(path, file.value) ?? `\`${file.name}\``;

function subjectAt(path: Path, value: unknown): string | undefined {
  for (let end = path.length; end > 0; end--) {
    const [owner, last] = [path[end - 2], path[end - 1]];
    const isInside = end < path.length;
    if (last === 'items') return `an item of ${subjectAt(path.slice(0, end - 1), value) ?? 'it'}`;
    if (last === 'additionalProperties') return 'a member of any other name';
    if (owner === 'schemas') return `\`${String(last)}\``;
    if (owner === 'properties' || owner === 'headers')
      return `${isInside ? 'what is in ' : ''}\`${String(last)}\``;
    if (last === 'schema' && path.includes('content')) return 'the body';
    if (last === 'schema') return parameterAt(path.slice(0, end - 1), value);
  }
  return undefined;
}

/** A parameter by its name, which stands in it. */
function parameterAt(path: Path, root: unknown): string {
  let value = root;
  for (const key of path) value = (value as Record<string | number, unknown>)[key];
  const { name } = value as { name?: unknown };
  return typeof name === 'string' ? `\`${name}\`` : 'the value';
}

export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
