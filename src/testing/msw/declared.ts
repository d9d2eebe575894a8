/** What a contract declares for a status, in one shape. */
import type { Content } from '../../contract/content.ts';
import { bodiesOf, declarationOf, hasNoBody } from '../../contract/declared-response.ts';
import type { EndpointOptions } from '../../contract/endpoint-options.ts';
import { declarationFor } from '../../contract/response-decoder.ts';
import type { Schema } from '../../contract/standard-schema.ts';

export interface Declared {
  /** None for an answer without a body. */
  readonly contents: readonly Content[];
  readonly headers: Schema | undefined;
}

/** Undefined for a status that is not declared. */
export function declaredFor({ method, responses }: EndpointOptions, status: number): Declared | undefined {
  const found = declarationFor(responses, status);
  if (found === undefined) return undefined;
  const { body, headers } = declarationOf(found);
  const contents = body && method !== 'HEAD' && !hasNoBody(status) ? bodiesOf(body) : [];
  return { contents, headers };
}

/** The first status that means success; where only failures are declared, the first of those. */
export function usualStatus({ responses }: EndpointOptions): number {
  const keys = Object.keys(responses);
  const success = keys.find(key => key.startsWith('2'));
  return statusOf(success ?? (keys.includes('default') ? '200' : (keys[0] as string)));
}

/** Of a range, its first. */
const statusOf = (key: string): number => Number(key.replace('xx', '00'));
