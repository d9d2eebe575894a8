/** What an operation is called with, looked at before anything else. */
import { type Checks, readOptions, requireObject, show, unknownOption } from '../pipeline/options.ts';
import type { CallPolicy } from '../policies/policy-options.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import type { Input } from './request-encoder.ts';

/** What one call of an operation takes beside its input. */
export interface OperationOptions {
  readonly signal?: AbortSignal | null | undefined;
  /** Laid over the policy of the endpoint, of the host and of the client. */
  readonly policy?: CallPolicy | undefined;
  /**
   * Sent as `Idempotency-Key`, for all attempts. By default one is made where the endpoint says `idempotency: 'key'`.
   * Given again with another payload, it is refused.
   */
  readonly idempotencyKey?: string | undefined;
  /** Further headers, which have the last word but for those of `auth`. */
  readonly headers?: HeadersInit | undefined;
}

/** What is not given, of input and of options. */
export const nothing: Readonly<Record<string, never>> = Object.freeze({});

const inputGroups = ['params', 'query', 'headers', 'cookies', 'body'] as const;
const anything = () => {};
const checks: Checks<OperationOptions> = {
  signal: requireSignal,
  policy: requireObject,
  idempotencyKey: anything,
  headers: anything,
};

/** @throws TypeError for a group that the endpoint does not have, and for an option that does not exist. */
export function checkArguments(
  operation: string,
  declared: EndpointOptions,
  input: Input,
  options: OperationOptions,
): void {
  if (input !== nothing) checkInput(operation, declared, input);
  if (options !== nothing) readOptions<OperationOptions, object>('', options, checks, nothing);
}

function checkInput(operation: string, declared: EndpointOptions, input: Input): void {
  requireObject(input, `${operation}: input`);
  for (const name in input) {
    const group = name as keyof Input;
    if (input[group] === undefined || (inputGroups.includes(group) && declared[group] !== undefined))
      continue;
    const known = inputGroups.filter(each => declared[each] !== undefined);
    throw unknownOption(`${operation}: ${group}`, group, known.length > 0 ? known : ['nothing']);
  }
}

function requireSignal(signal: unknown): void {
  if (signal === null || (typeof signal === 'object' && 'aborted' in signal)) return;
  throw new TypeError(`\`signal\` should be an AbortSignal, got ${show(signal)}.`);
}
