/** What a part of a document is called in a sentence. */
import type { Node } from '../document/node.ts';
import type { Path } from '../document/source-file.ts';

/** `status`, an item of `tags`, the body: by where it stands. */
export const subjectOf = ({ path, file }: Node): string => subjectAt(path) ?? `\`${file.name}\``;

function subjectAt(path: Path): string | undefined {
  for (let end = path.length; end > 0; end--) {
    const [owner, last] = [path[end - 2], path[end - 1]];
    const isInside = end < path.length;
    if (last === 'items') return `an item of ${subjectAt(path.slice(0, end - 1)) ?? 'it'}`;
    if (last === 'additionalProperties') return 'a member of any other name';
    if (owner === 'schemas') return `\`${String(last)}\``;
    if (owner === 'properties' || owner === 'headers')
      return `${isInside ? 'what is in ' : ''}\`${String(last)}\``;
    if (last === 'schema') return path.includes('content') ? 'the body' : 'the value';
  }
  return undefined;
}

export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
