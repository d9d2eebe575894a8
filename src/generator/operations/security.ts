/** What operations ask of who calls, and what the schemes are that they name. */
import type { SecurityRequirement } from '../../contract/security.ts';
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import type { Problems } from '../document/problems.ts';
import { docComment, literal, literalType, prose, quoted } from '../print/code.ts';
import type { Statement } from '../print/statement.ts';
import { textsOf } from './find-operations.ts';

/**
 * Its own, else that of the document; undefined where neither says any.
 *
 * @see {@link https://spec.openapis.org/oas/v3.1.1#security-requirement-object | Security Requirement Object}
 */
export function securityOf(
  operation: Node,
  documents: Documents,
  problems: Problems,
): SecurityRequirement[] | undefined {
  const ways = waysIn(operation, problems) ?? waysIn(documents.root, problems);
  const known = documents.root.get('components')?.get('securitySchemes');
  for (const [scheme, node] of ways?.flatMap(way => way.members()) ?? [])
    if (!known?.get(scheme))
      problems.note(`No security scheme is called ${quoted(scheme)}.`, 'It is asked for by that name.', node);
  return ways?.map(way =>
    Object.fromEntries(way.members().map(([scheme, scopes]) => [scheme, textsOf(scopes)])),
  );
}

/** Half of it could be less than is needed, or, where nothing is left, mean that nothing is. */
function waysIn(owner: Node, problems: Problems): Node[] | undefined {
  const security = owner.get('security');
  if (!security) return undefined;
  const ways = security.items();
  if (Array.isArray(security.value) && ways.every(way => way.isObject)) return ways;
  problems.warn('`security` should be a list of objects.', 'It is left out.', security);
  return undefined;
}

/** By their names, each as the object that it is. */
export const schemesOf = (documents: Documents): [name: string, scheme: Node][] =>
  (documents.root.get('components')?.get('securitySchemes')?.members() ?? []).flatMap(([name, declared]) => {
    const scheme = documents.follow(declared)?.node;
    return scheme?.isObject ? [[name, scheme] as [string, Node]] : [];
  });

/** `export const securitySchemes = {…}`; undefined if there are none. */
export function schemesStatement(documents: Documents): Statement | undefined {
  const schemes = schemesOf(documents);
  if (schemes.length === 0) return undefined;
  const notes = schemes.map(([name, scheme]) => {
    const description = prose(scheme.text('description'))?.replace(/\s+/g, ' ').trim();
    const shown = /^[\w.-]+$/.test(name) ? name : quoted(name);
    return `- ${shown}: ${[hintFor(scheme), description].filter(Boolean).join('; ')}`;
  });
  const values = Object.fromEntries(schemes.map(([name, scheme]) => [name, membersIn(scheme)]));
  return {
    name: 'securitySchemes',
    docs: docComment(
      'The schemes that `security` of endpoints names, and what `auth` of `createApi` takes for each.',
      notes.join('\n'),
    ),
    type: literalType(values),
    inferredBy: ' as const',
    value: head => [head, ' ', literal(values)],
  };
}

/** Member by member: of what else stands there, nobody knows what it is. */
const membersIn = (scheme: Node): object => {
  const flows = scheme.get('flows');
  return {
    ...textsIn(scheme, ['type', 'scheme', 'bearerFormat', 'in', 'name', 'openIdConnectUrl']),
    ...(flows && { flows: Object.fromEntries(flows.members().map(([flow, node]) => [flow, flowOf(node)])) }),
  };
};

const flowOf = (flow: Node): object => {
  const scopes = flow.get('scopes')?.members() ?? [];
  return {
    ...textsIn(flow, ['authorizationUrl', 'deviceAuthorizationUrl', 'tokenUrl', 'refreshUrl']),
    scopes: Object.fromEntries(scopes.map(([scope, { value }]) => [scope, String(value)])),
  };
};

const textsIn = (node: Node, keys: readonly string[]): object =>
  Object.fromEntries(keys.flatMap(key => (node.text(key) === undefined ? [] : [[key, node.text(key)]])));

/** What makes an `Auth` of it. */
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
