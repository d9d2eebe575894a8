import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { type Case, cases, oldCases, shared } from './cases.ts';
import { documentOf, formatted, loaded, mistakesOf, moduleOf, printed } from './support.ts';

const named = (all: readonly Case[]) =>
  Object.fromEntries(all.map(({ schema }, index) => [`Case${index}`, schema]));

const schemas = { ...shared, ...named(cases) };
const current = await printed(schemas);
const module = await loaded(current.code);
const old = await printed({ ...shared, ...named(oldCases) }, { version: '3.0.3' });
const oldModule = await loaded(old.code);

/** Cases that are only a reference are declared under the name of what they refer to. */
const schemaOf = (from: Record<string, z.ZodType>, { schema }: Case, index: number): z.ZodType => {
  const own = from[`Case${index}`];
  if (own) return own;
  const reference = (schema as { $ref?: string }).$ref as string;
  return from[reference.split('/').at(-1) as string] as z.ZodType;
};

const ajv = new Ajv2020({ strict: false, ownProperties: true, logger: false });
(formats as unknown as (to: Ajv2020) => void)(ajv);
ajv.addSchema(documentOf(schemas), 'document');

function check(schema: z.ZodType, { valid, invalid }: Case): void {
  for (const value of valid) {
    const result = schema.safeParse(value);
    expect(result.error?.message ?? 'passes', JSON.stringify(value)).toBe('passes');
    // Nothing dropped, nothing added.
    expect(result.data).toEqual(value);
  }
  for (const value of invalid)
    expect(schema.safeParse(value).success, `takes ${JSON.stringify(value)}`).toBe(false);
}

describe('a schema of OpenAPI 3.1 takes what it should, and nothing else', () => {
  test.each(cases.map((each, index) => [each.name, each, index] as const))('%s', (_, each, index) => {
    check(schemaOf(module, each, index), each);
  });
});

describe('an example of a document is judged as the schema does', () => {
  test.each(
    cases.map(({ name, valid, invalid }, index) => [name, index, valid, invalid] as const),
  )('%s', (_, index, valid, invalid) => {
    const isTaken = (value: unknown) => current.mismatch(`Case${index}`, value) === undefined;
    expect(valid.filter(value => !isTaken(value))).toEqual([]);
    expect(invalid.filter(isTaken)).toEqual([]);
  });
});

describe('Ajv agrees on', () => {
  const judged = cases
    .map((each, index) => [each.name, each, index] as const)
    .filter(([, each]) => !each.differs);
  test.each(judged)('%s', (_, { valid, invalid }, index) => {
    const validate = ajv.compile({ $ref: `document#/components/schemas/Case${index}` });
    for (const value of valid) expect(validate(value), JSON.stringify(value)).toBe(true);
    for (const value of invalid) expect(validate(value), JSON.stringify(value)).toBe(false);
  });
});

describe('a schema of OpenAPI 3.0 takes what it should, and nothing else', () => {
  test.each(oldCases.map((each, index) => [each.name, each, index] as const))('%s', (_, each, index) => {
    check(schemaOf(oldModule, each, index), each);
  });
});

describe('what is printed', () => {
  test.each([
    ['OpenAPI 3.1', current.code],
    ['OpenAPI 3.0', old.code],
  ])('passes the compiler, of %s', (_, code) => {
    expect(mistakesOf(code)).toEqual([]);
  });

  test.each([
    ['OpenAPI 3.1', current.code],
    ['OpenAPI 3.0', old.code],
  ])('is left as it is by the formatter, of %s', (_, code) => {
    const source = moduleOf(code, 'holdfast/contract', 'zod');
    expect(formatted(source)).toBe(source);
  });

  test('is the same each time', async () => {
    expect((await printed(schemas)).code).toBe(current.code);
  });
});
