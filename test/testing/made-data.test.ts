import { fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { madeData, Unmakeable } from '../../src/testing/msw/made-data.ts';
import { textMatching } from '../../src/testing/msw/text-matching.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

const Tree: z.ZodType = z.object({
  value: z.int(),
  get next() {
    return Tree.nullable();
  },
  get children() {
    return z.array(Tree);
  },
});
const Term: z.ZodType = z.lazy(() =>
  z.union([
    z.object({ type: z.literal('sum'), left: Term, right: Term }),
    z.object({ type: z.literal('number'), value: z.number() }),
  ]),
);

const schemas: Record<string, z.ZodType> = {
  uuid: z.uuid(),
  'uuid of version 7': z.uuidv7(),
  email: z.email(),
  'email by a check': z.string().email(),
  url: z.url(),
  'http url': z.httpUrl(),
  datetime: z.iso.datetime(),
  'datetime with an offset and seconds': z.iso.datetime({ offset: true, precision: 0 }),
  'datetime to the minute': z.iso.datetime({ precision: -1 }),
  date: z.iso.date(),
  time: z.iso.time(),
  'time to the millisecond': z.iso.time({ precision: 3 }),
  duration: z.iso.duration(),
  ipv4: z.ipv4(),
  ipv6: z.ipv6(),
  cidrv4: z.cidrv4(),
  cidrv6: z.cidrv6(),
  mac: z.mac(),
  base64: z.base64(),
  base64url: z.base64url(),
  e164: z.e164(),
  jwt: z.jwt(),
  emoji: z.emoji(),
  nanoid: z.nanoid(),
  cuid: z.cuid(),
  cuid2: z.cuid2(),
  ulid: z.ulid(),
  xid: z.xid(),
  ksuid: z.ksuid(),
  hostname: z.hostname(),
  hash: z.hash('sha256'),
  'a pattern': z.string().regex(/^(?<sku>AB|[C-E]{2})-\d{4,6}(?:x|y)+\.\p{Lu}[^a-z\s]$/u),
  'a length': z.string().length(40),
  'least and most characters': z.string().min(3).max(5),
  'parts and cases': z.string().startsWith('usr_').includes('@').endsWith('!').max(20),
  'trimmed and long': z.string().trim().min(30),
  'upper case': z.string().uppercase().min(1),
  int: z.int(),
  positive: z.number().positive(),
  'between floats': z.number().gt(0).lt(1),
  'the one between': z.int().gt(3).lt(5),
  'a multiple': z.number().multipleOf(0.25).min(1),
  uint32: z.uint32(),
  negative: z.int32().negative(),
  float32: z.float32(),
  bigint: z.bigint().min(5n),
  'a date between dates': z.date().min(new Date('2000-01-01')).max(new Date('2001-01-01')),
  'a date made of text': z.coerce.date(),
  enum: z.enum(['a', 'b']),
  literal: z.literal([1, 'x', null]),
  union: z.union([z.uuid(), z.int()]),
  'discriminated union': z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('a'), a: z.string() }),
    z.object({ kind: z.literal('b'), b: z.number() }),
  ]),
  array: z.array(z.uuid()).length(2),
  tuple: z.tuple([z.string(), z.int()]).rest(z.boolean()),
  record: z.record(z.string(), z.int()),
  'record of an enum': z.record(z.enum(['x', 'y']), z.int()),
  'partial record': z.partialRecord(z.enum(['x', 'y']), z.int()),
  wrappers: z.object({
    optional: z.string().optional(),
    nullable: z.int().nullable(),
    nullish: z.string().nullish(),
    default: z.string().default('x'),
    prefault: z.string().prefault('x'),
    catch: z.string().catch('x'),
    readonly: z.string().readonly(),
    nonoptional: z.string().optional().nonoptional(),
  }),
  'strict object': z.strictObject({ a: z.int() }),
  intersection: z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() })),
  'template literal': z.templateLiteral(['id-', z.int(), '-', z.enum(['a', 'b'])]),
  'any JSON': z.json(),
  file: z.file().min(5).mime('image/png'),
  'a tree': Tree,
  'a term': Term,
  'a codec of dates': z.codec(z.iso.datetime(), z.date(), {
    decode: iso => new Date(iso),
    encode: date => date.toISOString(),
  }),
  'a codec of big numbers': z.codec(z.string(), z.bigint(), { decode: BigInt, encode: String }),
  'a codec of JSON': z.codec(z.string(), z.object({ a: z.int() }), {
    decode: json => JSON.parse(json),
    encode: value => JSON.stringify(value),
  }),
  'a codec of sets': z.codec(z.array(z.string()), z.set(z.string()), {
    decode: list => new Set(list),
    encode: set => [...set],
  }),
  stringbool: z.stringbool(),
  preprocess: z.preprocess(value => value, z.string()),
};

describe('what is made for a schema is what it takes:', () => {
  test.each(Object.entries(schemas))('%s', (_, schema) => {
    fc.assert(
      fc.property(fc.integer(), seed => {
        const made = madeData(schema, seededRandom(seed));
        expect(schema.safeParse(made).error?.issues, String(made)).toBeUndefined();
      }),
    );
  });
});

test('the same seed makes the same', () => {
  expect(madeData(Tree, seededRandom(3))).toEqual(madeData(Tree, seededRandom(3)));
});

test('a schema that never ends, and one of which nothing is known, is refused', () => {
  const Endless: z.ZodType = z.object({
    get more() {
      return Endless;
    },
  });
  expect(() => madeData(Endless, seededRandom(1))).toThrow(new Unmakeable('the schema never ends'));
  expect(() => madeData(z.custom(), seededRandom(1))).toThrow('nothing can be known of a custom schema');
});

test('where something may be missing, what cannot be made is', () => {
  const schema = z.object({
    a: z.custom().optional(),
    b: z.custom().nullable(),
    c: z.union([z.custom(), z.int()]),
  });
  expect(madeData(schema, seededRandom(1))).toEqual({ b: null, c: expect.any(Number) });
});

test.each([
  /^(\d{3})-(?:[A-Z]+|x?)$/,
  /^[^\w\s]{2}\.\\\/$/,
  /^[\]\-a]{4}[x-]$/,
  /^\u{1F30A}\x41é$/u,
  /^a{2}b{1,}c{0,3}?d*?e+f?$/,
  /^\t\[\S\D\W.$/,
])('a text is made that matches %s', pattern => {
  for (let seed = 0; seed < 100; seed++) expect(textMatching(pattern, seededRandom(seed))).toMatch(pattern);
});
