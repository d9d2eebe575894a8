/** Paths of a document as endpoints take them. */
import { parseTemplate } from '../../contract/path-template.ts';
import type { Node } from '../document/node.ts';
import type { Problems } from '../document/problems.ts';

/** A parameter that a path names. */
export interface PathName {
  /** As it stands in the path of the endpoint. */
  readonly name: string;
  /** As the document declares it. */
  readonly declared: string;
}

export interface Template {
  readonly path: string;
  readonly names: readonly PathName[];
  /** Pairs of a query that the document wrote into the path. */
  readonly query: readonly (readonly [name: string, value: string])[];
}

/** The path with as little changed as has to be; undefined, and warned about, if no endpoint could have it. */
export function templateOf(written: string, node: Node, problems: Problems): Template | undefined {
  const [beforeFragment = ''] = written.split('#');
  const queryAt = beforeFragment.indexOf('?');
  const bare = queryAt === -1 ? beforeFragment : beforeFragment.slice(0, queryAt);
  const query = queryAt === -1 ? [] : [...new URLSearchParams(beforeFragment.slice(queryAt + 1))];
  const names: PathName[] = [];
  const path = rooted(bare)
    .split(/(\{[^{}]*\})/)
    .map((piece, index) => (index % 2 === 1 ? parameter(piece.slice(1, -1), names) : encoded(piece)))
    .join('');
  try {
    parseTemplate(path);
  } catch (error) {
    problems.warn(`No endpoint can have this path: ${(error as Error).message}`, 'It is left out.', node);
    return undefined;
  }
  if (path !== written)
    problems.warn(
      `No endpoint can have the path ${JSON.stringify(written)} as it is.`,
      `It is ${JSON.stringify(path)}${query.length > 0 ? ', with the query as parameters' : ''}.`,
      node,
    );
  return { path, names, query };
}

/** One slash at the front: two begin another host. */
const rooted = (path: string): string => `/${path.replace(/^\/+/, '')}`;

function parameter(declared: string, names: PathName[]): string {
  const wanted =
    declared.replace(/[\s\\/\u0000-\u001f\u007f]/g, '_').replace(/^[+*]|\*$/g, '') || 'parameter';
  // No object has a member that is called `__proto__`.
  let name = wanted === '__proto__' ? 'proto' : wanted;
  for (let count = 2; names.some(other => other.name === name); count++) name = `${wanted}${count}`;
  names.push({ name, declared });
  return `{${name}}`;
}

const encoded = (literal: string): string =>
  literal
    .replace(/%(?![0-9a-f]{2})/gi, '%25')
    .replace(/[{}\\\s\u0000-\u001f\u007f]/gu, character => encodeURIComponent(character));
