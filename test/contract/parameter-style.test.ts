import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import type { EndpointOptions } from '../../src/contract/endpoint-options.ts';
import { endpoint, form } from '../../src/contract/index.ts';
import {
  encodeInHeader,
  type ParameterPlace,
  type StyleName,
  stylesOf,
  Unencodable,
} from '../../src/contract/parameter-style.ts';
import { RequestEncoder, Unsendable } from '../../src/contract/request-encoder.ts';
import { RequestReader } from '../../src/testing/msw/request-reader.ts';

const simple = { style: 'simple', explode: false } as const;
const exploded = { style: 'simple', explode: true } as const;

describe('a header refuses what would arrive as something else:', () => {
  test.each([' blank', 'blank ', '\ttab', ' '])('a text with a blank at its ends: %j', text => {
    expect(() => encodeInHeader(text, simple)).toThrow(Unencodable);
  });

  test.each([
    [['']],
    [['a', '', 'b']],
    [[' a']],
    [['a ', 'b']],
    [['a,b']],
  ])('an element that is empty, has a blank at its ends, or a comma: %j', list => {
    expect(() => encodeInHeader(list, simple)).toThrow(Unencodable);
    expect(() => encodeInHeader(list, exploded)).toThrow(Unencodable);
  });

  test('a name with an equals sign, where one ends the name', () => {
    expect(() => encodeInHeader({ 'a=b': 'c' }, exploded)).toThrow(Unencodable);
    expect(encodeInHeader({ a: 'b=c' }, exploded)).toBe('a=b=c');
    expect(encodeInHeader({ 'a=b': 'c' }, simple)).toBe('a=b,c');
  });

  test('an empty member, where names and values take turns', () => {
    expect(() => encodeInHeader({ a: '' }, simple)).toThrow(Unencodable);
    expect(encodeInHeader({ a: '' }, exploded)).toBe('a=');
  });
});

describe('an exploded object refuses a member with the name of', () => {
  const options = endpoint({
    method: 'GET',
    path: '/users',
    query: z.object({
      filter: z.record(z.string(), z.string()).optional(),
      other: z.record(z.string(), z.string()).optional(),
      limit: z.number().optional(),
      deep: z.object({ a: z.string() }).optional(),
    }),
    styles: { query: { deep: { style: 'deepObject' } } },
    responses: { 204: null },
  }).options as unknown as EndpointOptions;

  const ordering = endpoint({
    method: 'POST',
    path: '/orders',
    body: form(z.object({ address: z.object({ street: z.string() }), street: z.string() })),
    responses: { 204: null },
  }).options as unknown as EndpointOptions;

  const report = (part: string) => {
    throw new Error(`${part} should pass the schema`);
  };
  const encode = async (query: object) => new RequestEncoder(options, 'off').encode({ query }, report);
  const refusal = (name: string, message: string) => ({
    issues: [{ path: [name], message: expect.stringContaining(message) }],
  });

  test('another parameter, given or not', async () => {
    const wrong = refusal('filter', 'holds "limit", which is the name of another parameter here');
    await expect(encode({ filter: { limit: '1' } })).rejects.toMatchObject(wrong);
    await expect(encode({ limit: 2, filter: { limit: '1' } })).rejects.toMatchObject(wrong);
    const deep = refusal('filter', 'holds "deep[a]"');
    await expect(encode({ filter: { 'deep[a]': '1' } })).rejects.toMatchObject(deep);
  });

  test('a member of another exploded object', async () => {
    const wrong = refusal('other', 'holds "a"');
    await expect(encode({ filter: { a: '1' }, other: { a: '2' } })).rejects.toMatchObject(wrong);
  });

  test('another field of a form', () => {
    const body = { address: { street: 'a' }, street: 'b' };
    const send = () => new RequestEncoder(ordering, 'strict').encode({ body }, report);
    expect(send).toThrow('holds "street"');
  });

  test('nobody else: then it is sent', async () => {
    expect((await encode({ limit: 1, filter: { filter: '1', a: '2' } })).query).toBe('limit=1&filter=1&a=2');
  });
});

/** What is likely to be taken for something else by a URL, a header, a cookie, a style, or a regular expression. */
const nasty = fc.constantFrom(
  ...[
    '',
    ' ',
    '  ',
    '.',
    '..',
    '...',
    '/',
    '../',
    '%',
    '%2F',
    '%2e%2e',
    '%zz',
    '+',
    '&',
    '=',
    '==',
    '#',
    '?',
  ],
  ...[
    'a=b',
    'a,b',
    ',',
    ';',
    '; ',
    'a;b',
    '|',
    'a|b',
    '"',
    "'",
    '\\',
    '[',
    ']',
    '[]',
    'a[b]',
    '{',
    '}',
    '~',
    '*',
  ],
  ...[
    'null',
    'true',
    'false',
    '0',
    '-0',
    '1e3',
    ' 1',
    'NaN',
    '__proto__',
    'constructor',
    'toString',
    '\t',
    '\r\n',
  ],
  ...[
    'ä',
    'é',
    '\u0000',
    '\u007f',
    '\u00a0',
    '\u2028',
    '日本',
    '👩‍👩‍👧',
    '\ud800',
    '\udc00x',
    'e\u0301',
    '\ufeff',
  ],
);
const text = fc.oneof(
  nasty,
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(nasty).map(all => all.join('')),
);
/** Zero has a sign that no spelling keeps, not even JSON. */
const number = fc
  .oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map(value => value + 0);

/**
 * Schemas of zod leave a member out that is called `__proto__`. And `JSON.parse` of V8 13.6 (Node 24) takes a name that
 * begins with an escape for one that is a backslash, once it has seen such an object.
 */
const dictionary = <T>(value: fc.Arbitrary<T>) =>
  fc.dictionary(
    text.filter(key => key !== '__proto__' && !key.includes('\\')),
    value,
  );

interface Kind {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly value: fc.Arbitrary<unknown>;
  readonly isText?: boolean;
  readonly isNotJson?: boolean;
}

const texts: readonly Kind[] = [
  { name: 'a text', schema: z.string(), value: text },
  { name: 'a number', schema: z.number(), value: number },
  { name: 'a truth value', schema: z.boolean(), value: fc.boolean() },
  { name: 'a big number', schema: z.bigint(), value: fc.bigInt(), isNotJson: true },
  { name: 'a member of an enum', schema: z.enum(['', 'a,b', 'ä']), value: fc.constantFrom('', 'a,b', 'ä') },
  { name: 'a literal', schema: z.literal([1, 'one', true]), value: fc.constantFrom(1, 'one', true) },
  {
    name: 'a date by a codec',
    schema: z.codec(z.iso.datetime(), z.date(), {
      decode: iso => new Date(iso),
      encode: date => date.toISOString(),
    }),
    value: fc.date({ noInvalidDate: true, min: new Date('0000-01-01Z'), max: new Date('9999-12-31Z') }),
  },
].map(kind => ({ ...kind, isText: true }));

const composites: readonly Kind[] = [
  { name: 'a list of texts', schema: z.array(z.string()), value: fc.array(text) },
  { name: 'a list of numbers', schema: z.array(z.number()), value: fc.array(number) },
  { name: 'a tuple', schema: z.tuple([z.string(), z.number()]), value: fc.tuple(text, number) },
  {
    name: 'an object',
    schema: z.object({ a: z.string(), 'b=c': z.number().optional(), 'ü/%,;': z.string().nullable() }),
    value: fc.record({ a: text, 'b=c': number, 'ü/%,;': fc.option(text) }, { requiredKeys: ['a', 'ü/%,;'] }),
  },
  { name: 'a record', schema: z.record(z.string(), z.string()), value: dictionary(text) },
];

const nested: readonly Kind[] = [
  {
    name: 'an object in an object',
    schema: z.object({ a: z.object({ b: z.array(z.string()), c: z.record(z.string(), z.number()) }) }),
    value: fc.record({ a: fc.record({ b: fc.array(text), c: dictionary(number) }) }),
  },
];

function kindsOf(style: StyleName): readonly Kind[] {
  if (style === 'json') return [...texts, ...composites, ...nested].filter(({ isNotJson }) => !isNotJson);
  if (style === 'deepObject')
    return [...composites.filter(({ name }) => name.startsWith('an ') || name === 'a record'), ...nested];
  return style === 'spaceDelimited' || style === 'pipeDelimited' ? composites : [...texts, ...composites];
}

const base = { origin: 'https://users.test', path: '/v1' };

/** One parameter between two others, which must not notice. */
function endpointOf(place: ParameterPlace, schema: z.ZodType, style: StyleName, explode: boolean) {
  const group =
    place === 'params'
      ? z.object({ it: schema })
      : z.object({ first: z.string(), it: schema, last: z.string() });
  return endpoint({
    method: 'GET',
    path: place === 'params' ? '/before/{it}/after' : '/',
    ...(place !== 'params' && { [place]: group }),
    ...(place === 'params' && { params: group }),
    styles: { [place]: { it: { style, explode } } },
    responses: { 204: null },
  } as never).options as EndpointOptions;
}

const refuse = (part: string) => {
  throw new Error(`${part} should pass the schema`);
};

/** What a server reads of what was sent; an Unsendable if nothing was sent. */
async function sentAndRead(
  options: EndpointOptions,
  place: ParameterPlace,
  value: unknown,
): Promise<unknown> {
  const input = place === 'params' ? { it: value } : { first: 'first', it: value, last: 'last' };
  const { path, query, headers, cookies } = await new RequestEncoder(options, 'strict').encode(
    { [place]: input },
    refuse,
  );
  const request = new Request(`${base.origin}${base.path}${path}${query && `?${query}`}`, {
    headers: { ...headers, ...(cookies && { cookie: cookies }) },
  });
  const reader = new RequestReader(options, base);
  expect(reader.matches(new URL(request.url))).toBe(true);
  const { groups, mismatches } = await reader.read(request);
  expect(mismatches).toBeUndefined();
  return groups?.[place];
}

/** How each style may be written: OpenAPI knows some in one way alone. */
function explodes(style: StyleName): boolean[] {
  if (style === 'deepObject') return [true];
  return style === 'spaceDelimited' || style === 'pipeDelimited' ? [false] : [true, false];
}

const styled = (Object.keys(stylesOf) as ParameterPlace[]).flatMap(place =>
  stylesOf[place].flatMap(style => explodes(style).map(explode => ({ place, style, explode }))),
);

describe.each(styled)('$place in the style $style, explode $explode: what is sent is what is read, for', ({
  place,
  style,
  explode,
}) => {
  for (const { name, schema, value } of kindsOf(style)) {
    test.prop([value])(name, async value => {
      const options = endpointOf(place, schema, style, explode);
      try {
        const read = await sentAndRead(options, place, value);
        const expected = place === 'params' ? { it: value } : { first: 'first', it: value, last: 'last' };
        expect(read).toEqual(expected);
      } catch (error) {
        if (!(error instanceof Unsendable)) throw error;
      }
    });
  }
});
