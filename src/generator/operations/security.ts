/** What an operation itself asks of who calls, where that is not what the document asks of all. */
import type { Node } from '../document/node.ts';

/** @see {@link https://spec.openapis.org/oas/v3.1.1#security-requirement-object | Security Requirement Object} */
export function securityNote(operation: Node, root: Node): string | undefined {
  const own = operation.get('security');
  if (!own || !Array.isArray(own.value)) return undefined;
  const shared = root.get('security');
  if (JSON.stringify(own.value) === JSON.stringify(shared?.value)) return undefined;
  const ways = own.items().map(proofsOf);
  const proofs = ways.filter(way => way.length > 0);
  const isAsked = (shared?.items() ?? []).some(way => proofsOf(way).length > 0);
  if (proofs.length === 0)
    return isAsked ? 'No proof of who calls is asked for: an api of it alone needs no `auth`.' : undefined;
  const verb = proofs.length < ways.length ? 'may be' : 'is';
  const isOther = isAsked && schemesIn(own) !== schemesIn(shared);
  const instead = isOther ? ': make an api of it with that as its `auth`' : '';
  return `Who calls ${verb} said by ${proofs.map(way => way.join(' and ')).join(', or by ')}${instead}.`;
}

/** All of these together. */
const proofsOf = (way: Node): string[] =>
  way.members().map(([name, scopes]) => {
    const asked = scopes.items().map(({ value }) => `\`${String(value)}\``);
    return asked.length > 0 ? `\`${name}\` (${asked.join(', ')})` : `\`${name}\``;
  });

const schemesIn = (requirements: Node | undefined): string =>
  JSON.stringify(
    requirements?.items().map(way =>
      way
        .members()
        .map(([name]) => name)
        .sort(),
    ),
  );
