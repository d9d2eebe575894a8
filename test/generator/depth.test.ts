/** Documents with more levels than a stack holds: they are generated, or told of, and never fail on the stack. */
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { diff } from '../../src/generator/index.ts';
import { documentOf, generated, loaded } from './support.ts';

const ref = (index: number | string) => ({ $ref: `#/components/schemas/S${index}` });
const text = { type: 'string' };
const withMember = (index: number | string) => ({ type: 'object', properties: { [`p${index}`]: text } });

/** A schema in all places where an operation looks into it. */
function around(schemas: object, schema: object): object {
  const content = (type: string, of: object = schema) => ({ content: { [type]: { schema: of } } });
  const page = { type: 'object', properties: { items: { type: 'array', items: schema } } };
  return documentOf(
    {
      '/things': {
        post: {
          operationId: 'sendThing',
          parameters: [
            { in: 'query', name: 'filter', style: 'deepObject', schema },
            { in: 'query', name: 'plain', schema },
          ],
          requestBody: content('application/x-www-form-urlencoded'),
          responses: { 200: { description: '', ...content('application/json') } },
        },
        get: {
          operationId: 'listThings',
          responses: { 200: { description: '', ...content('application/json', page) } },
        },
      },
    },
    { components: { schemas } },
  );
}

const length = 3_000;
const chain = (link: (index: number) => object): Record<string, object> =>
  Object.fromEntries([
    ['S0', withMember(0)],
    ...Array.from({ length }, (_, index) => [`S${index + 1}`, link(index + 1)]),
  ]);

const links: Record<string, (index: number) => object> = {
  allOf: index => ({ allOf: [ref(index - 1), withMember(index)] }),
  'allOf, twice each': index => ({ allOf: [ref(index - 1), ref(index - 1), withMember(index)] }),
  'allOf, in a circle': index => ({ allOf: [ref(index === 1 ? length : index - 1), withMember(index)] }),
  'allOf, closed at its end': index => ({
    allOf: [ref(index - 1), withMember(index)],
    type: 'object',
    ...(index === length && { unevaluatedProperties: false }),
  }),
  anyOf: index => ({ anyOf: [ref(index - 1), withMember(index)] }),
  not: index => ({ type: 'object', not: ref(index - 1) }),
  properties: index => ({ type: 'object', properties: { below: ref(index - 1) } }),
  items: index => ({ type: 'array', items: ref(index - 1) }),
  references: index => ref(index - 1),
};

describe.each(Object.entries(links))(`a chain of ${length} schemas by %s`, (_, link) => {
  test('is generated, and compared', async () => {
    const document = around(chain(link), ref(length));
    const { text: code, folder } = await generated(document, { examples: true });
    expect(code).toContain('export const contract');
    expect(code.length).toBeLessThan(2_000_000);
    const input = `${folder}/../openapi.yaml`;
    expect((await diff({ from: input, to: input })).changes).toEqual([]);
  });
});

test('a chain by allOf asks what all of its schemas ask', async () => {
  const schemas = chain(index => ({ allOf: [ref(index - 1), withMember(index)] }));
  const { module, text: code } = await loaded(around(schemas, ref(length)));
  // Fifty levels become one schema, and each of those stands on another.
  expect(code).toContain('export type S3000 = S2957 & {\n');
  const last = module[`S${length}`] as z.ZodType;
  for (const index of [0, 1, 50, 51, 1500, length]) {
    expect(last.safeParse({ [`p${index}`]: 'x' }).success).toBe(true);
    expect(last.safeParse({ [`p${index}`]: 1 }).success).toBe(false);
  }
});

test('what a schema of a chain is printed as does not hang on which is asked for first', async () => {
  const schemas = chain(index => ({ allOf: [ref(index - 1), withMember(index)] }));
  const declarations = async (from: number, to: number) => {
    const get = { operationId: 'it', responses: upTo(from, to) };
    const { text: code } = await generated(documentOf({ '/it': { get } }, { components: { schemas } }));
    return code.slice(code.indexOf('export interface S0 '), code.indexOf('export const it:'));
  };
  expect(await declarations(0, 60)).toBe(await declarations(60, 0));
});

/** Answers of the schemas from one to another. */
const upTo = (from: number, to: number): object => {
  const step = from < to ? 1 : -1;
  const indexes = Array.from({ length: Math.abs(to - from) + 1 }, (_, count) => from + step * count);
  return Object.fromEntries(
    indexes.map((index, count) => [
      400 + count,
      { description: '', content: { 'application/json': { schema: ref(index) } } },
    ]),
  );
};

const nested: Record<string, (inner: object) => object> = {
  arrays: items => ({ type: 'array', items }),
  objects: inner => ({ type: 'object', properties: { inner } }),
  'parts of allOf': inner => ({ allOf: [inner] }),
  'options of anyOf': inner => ({ anyOf: [inner, { type: 'number' }] }),
  nots: inner => ({ not: inner }),
};

describe.each(Object.entries(nested))('%s nested 2,000 deep', (_, nest) => {
  test('are cut, and told of with their place', async () => {
    let schema: object = text;
    for (let level = 0; level < 2_000; level++) schema = nest(schema);
    const { problems, text: code } = await generated(around({ S: schema }, ref('')), { examples: true });
    expect(code).toContain('export const contract');
    const [told] = problems.filter(({ message }) => message === 'Schemas are nested too deep here.');
    expect(told?.node?.path.length).toBe(201);
  });
});

test('10,000 references one behind the other are not followed to their end, and told of', async () => {
  const schemas = Object.fromEntries([
    ['S0', withMember(0)],
    ...Array.from({ length: 10_000 }, (_, index) => [`S${index + 1}`, ref(index)]),
  ]);
  const { problems, text: code } = await generated(around(schemas, ref(10_000)));
  expect(code).toContain('export const contract');
  expect(problems.map(({ message }) => message)).toContain(
    'There are more than 100 references one behind the other.',
  );
});

test('an example of a schema that is too deep to be judged is left out', async () => {
  const schemas = chain(index => ({ type: 'object', not: ref(index - 1) }));
  const answer = {
    description: '',
    content: { 'application/json': { schema: ref(length), example: { p0: 'x' } } },
  };
  const document = documentOf(
    { '/things': { get: { operationId: 'it', responses: { 200: answer } } } },
    { components: { schemas } },
  );
  const { problems } = await generated(document, { examples: true });
  expect(problems.map(({ message }) => message).join()).toContain(
    'is of a schema with more than 500 references within each other',
  );
});
