/** Where the API is, and who may call it. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import { schemesOf } from '../operations/security.ts';
import { serversOf } from '../operations/servers.ts';
import { listed, quoted } from './change.ts';
import type { Versioned } from './parameters.ts';
import type { Context } from './recorder.ts';

/** Any one of them is enough; each is what has to be proved together. */
interface Requirement {
  readonly node: Node;
  /** Schemes, and their scopes. */
  readonly proofs: ReadonlySet<string>;
}

export function compareSecurity(from: Versioned, to: Versioned, context: Context): void {
  const [before, after] = [requirementsOf(from), requirementsOf(to)];
  const isEnough = (requirement: Requirement, accepted: readonly Requirement[]) =>
    accepted.length === 0 ||
    accepted.some(({ proofs }) => [...proofs].every(one => requirement.proofs.has(one)));
  const none: Requirement = { node: from.operation.node, proofs: new Set() };
  for (const requirement of before.length > 0 ? before : [none])
    if (!isEnough(requirement, after))
      context.tell(
        'breaking',
        'security-removed',
        `${proof(requirement)} is not enough any more: ${after.map(proof).map(lower).join(', or ')} is.`,
        requirement.node,
        after[0]?.node ?? to.operation.node,
      );
  for (const requirement of after.length > 0 ? after : [{ ...none, node: to.operation.node }])
    if (!isEnough(requirement, before))
      context.tell(
        'compatible',
        'security-added',
        `${proof(requirement)} is enough now.`,
        before[0]?.node ?? from.operation.node,
        requirement.node,
      );
}

const proof = ({ proofs }: Requirement): string =>
  proofs.size === 0 ? 'No proof of who calls' : `Proof by ${listed([...proofs])}`;

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function requirementsOf({ documents, operation }: Versioned): Requirement[] {
  const security = operation.node.get('security') ?? documents.root.get('security');
  return (security?.items() ?? []).map(node => ({
    node,
    proofs: new Set(
      node
        .members()
        .flatMap(([scheme, scopes]) => [
          scheme,
          ...scopes.items().map(({ value }) => `${scheme} with ${String(value)}`),
        ]),
    ),
  }));
}

/** Schemes of one name that are no longer the same. */
export function compareSchemes(from: Documents, to: Documents, context: Context): void {
  const [before, after] = [schemesOf(from), new Map(schemesOf(to))];
  for (const [name, scheme] of before) {
    const other = after.get(name);
    if (!other) continue;
    for (const key of ['type', 'scheme', 'in', 'name', 'flows', 'openIdConnectUrl']) {
      const [was, is] = [scheme.get(key)?.value, other.get(key)?.value].map(plain);
      if (was !== is)
        context.tell(
          'breaking',
          'security-scheme-changed',
          `How ${name} proves who calls is not the same: \`${key}\` was ${was}, and is ${is}.`,
          scheme,
          other,
        );
    }
  }
}

/** Of flows only where tokens come from: more scopes are no other way. */
const plain = (value: unknown): string => {
  if (typeof value !== 'object' || value === null)
    return quoted(typeof value === 'string' ? value.toLowerCase() : value);
  const urls = Object.entries(value).map(
    ([flow, { tokenUrl } = {} as { tokenUrl?: unknown }]) => `${flow} at ${String(tokenUrl)}`,
  );
  return listed(urls);
};

export function compareServers(from: Documents, to: Documents, context: Context): void {
  const [before, after] = [serversOf(from), serversOf(to)];
  const places = [from.root.get('servers') ?? from.root, to.root.get('servers') ?? to.root] as const;
  const [was, is] = [before[0], after[0]];
  if (was !== undefined && is !== undefined && was !== is)
    context.tell(
      'breaking',
      'default-server-changed',
      `The first server was ${was}, and is ${is}.`,
      ...places,
    );
  for (const url of before)
    if (!after.includes(url) && url !== was)
      context.tell('breaking', 'server-removed', `The server ${url} is gone.`, ...places);
  if (was !== undefined && is === undefined)
    context.tell('breaking', 'server-removed', `The server ${was} is gone.`, ...places);
  for (const url of after)
    if (!before.includes(url) && (url !== is || was === undefined))
      context.tell('compatible', 'server-added', `The server ${url} is new.`, ...places);
}
