/** Where the API is, as far as a document knows. */

import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import { docComment, prose, quoted } from '../print/code.ts';
import { list } from '../print/layout.ts';
import type { Statement } from '../print/statement.ts';

/** The URLs of the servers, each once. */
export const serversOf = ({ root }: Documents): string[] => [
  ...new Set((root.get('servers')?.items() ?? []).filter(hasUrl).map(urlOf)),
];

const hasUrl = (server: Node): boolean => server.text('url') !== undefined;

/** `export const servers = […]`; undefined if there are none. */
export function serversStatement(documents: Documents): Statement | undefined {
  const servers = (documents.root.get('servers')?.items() ?? []).filter(hasUrl);
  if (servers.length === 0) return undefined;
  const notes = servers.flatMap(server => {
    const said = [prose(server.text('description'))?.replace(/\s+/g, ' ').trim(), ...variablesOf(server)];
    const text = said.filter(Boolean).join('; ');
    return text === '' ? [] : [`- ${urlOf(server)}: ${text}`];
  });
  const urls = serversOf(documents).map(quoted);
  return {
    name: 'servers',
    docs: docComment('Where the document says that the API is: base URLs for `createApi`.', notes.join('\n')),
    type: list('readonly [', urls, ']'),
    inferredBy: ' as const',
    value: head => [head, ' ', list('[', urls, ']')],
  };
}

/** The URLs of a list of servers, each once. */
export const serverUrls = (servers: Node | undefined): string[] => [
  ...new Set((servers?.items() ?? []).filter(server => server.text('url') !== undefined).map(urlOf)),
];

/** The URL with the default of each variable in its place. */
const urlOf = (server: Node): string =>
  (server.text('url') as string).replaceAll(/\{([^{}]+)\}/g, (braced, name: string) => {
    const value = server.get('variables')?.get(name)?.get('default')?.value;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : braced;
  });

const variablesOf = (server: Node): string[] =>
  (server.get('variables')?.members() ?? []).map(([name, variable]) => {
    const others = (variable.get('enum')?.items() ?? []).map(({ value }) => String(value));
    const byDefault = JSON.stringify(variable.get('default')?.value ?? '');
    return `${name} is ${byDefault}${others.length > 0 ? ` (of ${others.join(', ')})` : ''}`;
  });
