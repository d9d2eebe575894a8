/** Where the API is, and who may call it, as far as a document knows. */

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

/** What to give as `auth`, for each way that the document knows of proving who calls. */
export function credentialsOf(documents: Documents): string | undefined {
  const schemes = documents.root.get('components')?.get('securitySchemes')?.members() ?? [];
  const lines = schemes.flatMap(([name, declared]) => {
    const scheme = documents.follow(declared)?.node;
    const hint = scheme && hintFor(scheme);
    return hint ? [`- ${name}: ${hint}`] : [];
  });
  return lines.length > 0
    ? `Who calls is said by the \`auth\` of \`createApi\`:\n${lines.join('\n')}`
    : undefined;
}

function hintFor(scheme: Node): string {
  const name = quoted(scheme.text('name') ?? '');
  const type = scheme.text('type');
  const how = scheme.text('scheme')?.toLowerCase();
  if (type === 'http' && how === 'bearer') return '`bearer(token)`';
  if (type === 'http' && how === 'basic') return '`basic(user, password)`';
  if (type === 'apiKey') return `\`apiKey(key, { ${scheme.text('in') ?? 'header'}: ${name} })\``;
  const flow = scheme.get('flows')?.get('clientCredentials');
  if (type === 'oauth2' && flow) {
    const tokenUrl = quoted(flow.text('tokenUrl') ?? '');
    return `\`oauth2ClientCredentials({ tokenUrl: ${tokenUrl}, clientId, clientSecret })\` of holdfast/oauth2`;
  }
  if (type === 'oauth2' || type === 'openIdConnect') return '`bearer(token)`, with a token of its flow';
  return 'an `Auth` of your own';
}
