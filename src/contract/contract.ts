/** A contract: endpoints by name, in groups if there are many. */
import { requireObject, show } from '../pipeline/options.ts';
import { type Endpoint, isEndpoint } from './endpoint.ts';
import { type EndpointOptions, titleOf } from './endpoint-options.ts';

/** Endpoints and groups of them, by the names that they are called with. */
export interface Contract {
  readonly [name: string]: Endpoint | Contract;
}

/** An endpoint with the names that lead to it, such as `users.get`. */
export interface NamedEndpoint {
  readonly path: readonly string[];
  readonly endpoint: Endpoint<EndpointOptions>;
}

/**
 * Puts endpoints together.
 *
 * @throws TypeError for what is no endpoint, and for two of the same method and path or the same `operationId`.
 * @example
 * export const users = defineContract({ getUser, admin: { deleteUser } });
 */
export function defineContract<const Definition extends Contract>(definition: Definition): Definition {
  const byTitle = new Map<string, string>();
  const byId = new Map<string, string>();
  for (const { path, endpoint } of endpointsOf(definition)) {
    const name = path.join('.');
    const { operationId = name } = endpoint.options;
    // Two templates that differ only in the names of their parameters match the same URLs.
    const title = titleOf(endpoint.options).replaceAll(/\{[^}]+\}/g, '{}');
    refuseTwice(byTitle, title, name, titleOf(endpoint.options));
    refuseTwice(byId, operationId, name, `the operationId ${show(operationId)}`);
  }
  return frozen(definition);
}

function refuseTwice(seen: Map<string, string>, key: string, name: string, what: string): void {
  const other = seen.get(key);
  if (other !== undefined) throw new TypeError(`\`${name}\` and \`${other}\` are both ${what}.`);
  seen.set(key, name);
}

/** All endpoints of a contract, in the order in which they stand there. */
export function endpointsOf(contract: Contract, above: readonly string[] = []): NamedEndpoint[] {
  requireObject(contract, above.join('.') || 'contract');
  return Object.entries(contract).flatMap(([name, member]) => {
    const path = [...above, name];
    if (name === 'then')
      throw new TypeError(
        `\`${path.join('.')}\` would make the client look like a promise: choose another name.`,
      );
    if (isEndpoint(member)) return [{ path, endpoint: member }];
    if (isGroup(member)) return endpointsOf(member, path);
    throw new TypeError(
      `\`${path.join('.')}\` should be an endpoint() or a group of them, got ${show(member)}.`,
    );
  });
}

const isGroup = (value: unknown): value is Contract => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

function frozen<Definition extends Contract>(definition: Definition): Definition {
  const members = Object.entries(definition).map(([name, member]) => [
    name,
    isEndpoint(member) ? member : frozen(member as Contract),
  ]);
  return Object.freeze(Object.fromEntries(members));
}
