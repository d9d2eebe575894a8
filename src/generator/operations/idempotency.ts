/** What sending an operation twice does, as far as the document says. */
import type { Idempotency } from '../../contract/endpoint-options.ts';
import type { Node } from '../document/node.ts';

/** The header by which a service recognises a repetition. */
export const isKeyHeader = (name: string): boolean => name.toLowerCase() === 'idempotency-key';

/**
 * @param takesKey - whether the operation declares the header `Idempotency-Key`.
 * @returns undefined where the document is silent: then the policy decides by method.
 */
export function idempotencyOf(operation: Node, root: Node, takesKey: boolean): Idempotency | undefined {
  if (operation.flag('x-idempotent') === false) return 'none';
  if (takesKey) return 'key';
  if (operation.flag('x-idempotent') === true) return 'idempotent';
  if (operation.flag('x-fern-idempotent') === true) return fernIdempotency(root);
  const retries = operation.get('x-speakeasy-retries');
  if (retries?.isObject) return retries.text('strategy') === 'none' ? undefined : 'idempotent';
  return undefined;
}

/** Fern's idempotent endpoints are so by the headers that the document names at its top, if it names any. */
function fernIdempotency(root: Node): Idempotency | undefined {
  const headers = root.get('x-fern-idempotency-headers')?.items() ?? [];
  if (headers.length === 0) return 'idempotent';
  return headers.some(header => isKeyHeader(header.text('header') ?? '')) ? 'key' : undefined;
}
