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

/** The key of `responses` that speaks for a status; undefined for one that is not declared. */
export function keyFor({ responses }: EndpointOptions, status: number): string | undefined {
  const found = declarationFor(responses, status);
  return Object.entries(responses).find(
    ([key, declared]) => declared === found && speaksFor(key, status),
  )?.[0];
}

const speaksFor = (key: string, status: number): boolean =>
  key === 'default' || key === String(status) || key === `${Math.floor(status / 100)}xx`;

/** The first status that means success, of those that are preferred if there are any; where only failures are declared, the first of those. */
export function usualStatus(
  { responses }: EndpointOptions,
  isPreferred: (key: string) => boolean = () => false,
): number {
  const keys = Object.keys(responses);
  const successes = keys.filter(key => key.startsWith('2'));
  const success = successes.find(isPreferred) ?? successes[0];
  return statusOf(success ?? (keys.includes('default') ? '200' : (keys[0] as string)));
}

/** Of a range, its first. */
const statusOf = (key: string): number => Number(key.replace('xx', '00'));
