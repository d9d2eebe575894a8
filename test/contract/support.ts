import { expect } from 'vitest';
import { z } from 'zod';
import { type ApiOptions, createApi, defineContract, endpoint } from '../../src/contract/index.ts';
import type { FetchOptions } from '../../src/index.ts';
import { type Harness, harness } from '../support/harness.ts';

export const baseUrl = 'https://users.test/v1';
export const id = '9c2f7a3e-0d0c-4f2c-8e6d-0a8f3b1f3d11';

/** A date that is a text on the wire. */
export const date = z.codec(z.iso.datetime(), z.date(), {
  decode: text => new Date(text),
  encode: value => value.toISOString(),
});

export const User = z.object({ id: z.uuid(), name: z.string(), createdAt: date });
export const Problem = z.object({ type: z.string(), title: z.string(), status: z.number() });

export const ann = { id, name: 'Ann', createdAt: '2026-01-02T03:04:05.000Z' };

export const users = defineContract({
  getUser: endpoint({
    method: 'GET',
    path: '/users/{id}',
    params: z.object({ id: z.uuid() }),
    responses: { 200: User, 404: Problem },
  }),
  createUser: endpoint({
    method: 'POST',
    path: '/users',
    body: User.omit({ id: true }),
    responses: { 201: User, 409: Problem, 422: Problem },
    idempotency: 'key',
  }),
});

/** A client of a contract in a world without time, chance or network. */
export function apiOf<const Definition extends Parameters<typeof createApi>[0]>(
  contract: Definition,
  options: Partial<ApiOptions> = {},
  fetchOptions: FetchOptions = {},
): Harness & { readonly api: ReturnType<typeof createApi<Definition>> } {
  const world = harness(fetchOptions);
  return { ...world, api: createApi(contract, { baseUrl, fetch: world.fetch, ...options }) };
}

export const answer = (value: unknown, init: ResponseInit = {}): Response => Response.json(value, init);

/** What a promise rejects with. */
export const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('the promise was fulfilled'),
    (error: unknown) => error,
  );
