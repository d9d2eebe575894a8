/** Schemas that are themselves with nothing in between, which JSON Schema leaves undefined (2020-12 core, 9.4.1). */
import { describe, expect, test } from 'vitest';
import { problemText } from '../../../src/generator/document/problems.ts';
import { loaded, mistakesOf, printed, type Schemas } from './support.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const withText = (name: string) => ({ type: 'object', properties: { [name]: { type: 'string' } } });

const payloads = [{}, { a: 'x', b: 'y' }, { a: 1 }, { b: 1 }, 'text', 3, null, [[]]];

/** By what leads back. The names are those that are told of, in the order of the telling. */
const circles: Record<string, [schemas: Schemas, told: string[]]> = {
  not: [{ A: { not: ref('A') } }, ['A/not']],
  'not, of an object': [{ A: { ...withText('a'), not: ref('A') } }, ['A/not']],
  'not, by way of another': [
    { A: { ...withText('a'), not: ref('B') }, B: { ...withText('b'), not: ref('A') } },
    ['B/not'],
  ],
  'not, twice': [{ A: { ...withText('a'), not: { not: ref('A') } } }, ['A/not']],
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  if: [{ A: { ...withText('a'), if: ref('A'), then: { required: ['a'] } } }, ['A/if']],
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: [{ A: { ...withText('a'), if: { required: ['b'] }, then: { allOf: [ref('A')] } } }, ['A/then']],
  else: [{ A: { ...withText('a'), if: { required: ['b'] }, else: ref('A') } }, ['A/else']],
  allOf: [{ A: { allOf: [ref('B'), withText('a')] }, B: { allOf: [ref('A'), withText('b')] } }, ['B']],
  'allOf alone': [{ A: { allOf: [ref('A')] } }, ['A']],
  anyOf: [{ A: { anyOf: [ref('A'), { type: 'string' }] } }, ['A']],
  oneOf: [{ A: { oneOf: [ref('A'), withText('a'), withText('b')] } }, ['A', 'A/oneOf']],
  'several within each other': [
    { A: { allOf: [{ anyOf: [{ not: ref('A') }, withText('b')] }, withText('a')] } },
    ['A'],
  ],
  dependentSchemas: [{ A: { ...withText('a'), dependentSchemas: { b: ref('A') } } }, ['A/dependentSchemas']],
  unevaluatedProperties: [
    {
      A: { ...withText('a'), anyOf: [ref('B'), withText('b')], unevaluatedProperties: false },
      B: { ...withText('b'), allOf: [ref('A')] },
    },
    ['B'],
  ],
};

describe.each(Object.entries(circles))('%s', (_, [schemas, told]) => {
  test.each(['string', 'Date'] as const)('ends, and is told of with its place (dates: %s)', async dates => {
    const { code, problems, mismatch } = await printed(schemas, { dates });
    const module = await loaded(code);
    for (const name of Object.keys(schemas))
      for (const payload of payloads)
        expect([name, payload, module[name]?.safeParse(payload).success]).toEqual([
          name,
          payload,
          mismatch(name, payload) === undefined,
        ]);
    const places = problems.all
      .filter(({ message }) => message.includes('nothing in between'))
      .map(({ node }) => node?.pointer.replace('/components/schemas/', ''));
    expect(places).toEqual(told);
  });
});

test('what ends has a type', async () => {
  const all = Object.values(circles).map(([schemas], index) => {
    const renamed = JSON.stringify(schemas).replaceAll(/schemas\/([AB])/g, `schemas/$1${index}`);
    const entries = Object.entries(JSON.parse(renamed) as Schemas);
    return Object.fromEntries(entries.map(([name, schema]) => [`${name}${index}`, schema]));
  });
  expect(mistakesOf((await printed(Object.assign({}, ...all))).code)).toEqual([]);
});

test('what a rule would refuse by leading back is not refused, and all else still is', async () => {
  const { code, problems } = await printed({
    A: { ...withText('a'), required: ['a'], not: { anyOf: [{ required: ['c'] }, ref('A')] } },
  });
  const { A } = await loaded(code);
  expect(A?.safeParse({ a: 'x', c: 1 }).success).toBe(true);
  expect(A?.safeParse({ c: 1 }).success).toBe(false);
  const [problem] = problems.all;
  expect(problem && problemText(problem).split('\n').slice(0, 2)).toEqual([
    `${problem?.node?.file.name}:1:175 note: not leads back to this schema with nothing in between. It is not checked.`,
    '  at #/components/schemas/A/not',
  ]);
});

test('what leads back through a member or an item is no circle', async () => {
  const { code, problems } = await printed({
    A: {
      type: 'object',
      properties: { next: ref('A'), all: { type: 'array', contains: ref('A') } },
      not: { required: ['next'], properties: { next: { required: ['x'], not: ref('A') } } },
    },
  });
  const { A } = await loaded(code);
  expect(A?.safeParse({ next: {}, all: [{}] }).success).toBe(true);
  expect(A?.safeParse({ next: { next: 1 } }).success).toBe(false);
  expect(problems.all.filter(({ message }) => message.includes('in between'))).toEqual([]);
});
