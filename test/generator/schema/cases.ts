/** Schemas of JSON Schema 2020-12, each with values that it takes and values that it does not. */
export interface Case {
  readonly name: string;
  readonly schema: unknown;
  readonly valid: readonly unknown[];
  readonly invalid: readonly unknown[];
  /** Why a referee has it otherwise. */
  readonly differs?: string;
}

const of = (
  name: string,
  schema: unknown,
  valid: readonly unknown[],
  invalid: readonly unknown[],
  differs?: string,
): Case => ({ name, schema, valid, invalid, ...(differs === undefined ? {} : { differs }) });

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** An object with a `then` of its own would be taken for a promise. */
const when = (condition: unknown, met: unknown) =>
  Object.fromEntries([
    ['if', condition],
    ['then', met],
  ]);

/** Schemas that cases refer to. */
export const shared: Readonly<Record<string, unknown>> = {
  Name: { type: 'string', minLength: 2 },
  NullableName: { type: ['string', 'null'], minLength: 2 },
  NullablePoint: {
    type: ['object', 'null'],
    required: ['x', 'y'],
    properties: { x: { type: 'number' }, y: { type: 'number' } },
  },
  Point: {
    type: 'object',
    required: ['x', 'y'],
    properties: { x: { type: 'number' }, y: { type: 'number' } },
  },
  Dog: {
    type: 'object',
    required: ['kind'],
    properties: { kind: { type: 'string' }, bark: { type: 'boolean' } },
  },
  Cat: {
    type: 'object',
    required: ['kind'],
    properties: { kind: { type: 'string' }, lives: { type: 'integer' } },
  },
  Tree: {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string' }, children: { type: 'array', items: ref('Tree') } },
  },
  Json: {
    anyOf: [
      { type: ['string', 'number', 'boolean', 'null'] },
      { type: 'array', items: ref('Json') },
      { type: 'object', additionalProperties: ref('Json') },
    ],
  },
  Even: { type: 'object', properties: { odd: ref('Odd') }, additionalProperties: false },
  Odd: { type: 'object', required: ['even'], properties: { even: ref('Even') } },
};

export const cases: readonly Case[] = [
  of('anything', {}, [1, 'a', null, [], {}], []),
  of('true', { allOf: [true] }, [1, null, {}], []),
  of('false', { allOf: [false] }, [], [1, null, {}]),
  of('string', { type: 'string' }, ['', 'a'], [1, null, {}]),
  of('minLength', { type: 'string', minLength: 2 }, ['ab'], ['a', '']),
  of('maxLength', { type: 'string', maxLength: 2 }, ['', 'ab'], ['abc']),
  of('minLength of characters', { type: 'string', minLength: 2 }, ['😀😀', 'a😀'], ['😀']),
  of('maxLength of characters', { type: 'string', maxLength: 2 }, ['😀😀'], ['😀😀a']),
  of('lengths of one and none', { type: 'string', minLength: 1, maxLength: 1 }, ['😀', 'a'], ['', '😀a']),
  of('no length', { type: 'string', maxLength: 0 }, [''], ['a', '😀']),
  of(
    'lengths of an enum',
    { type: 'string', enum: ['a', '😀😀', 'abc'], minLength: 2 },
    ['😀😀', 'abc'],
    ['a'],
  ),
  of('pattern of an enum', { type: 'string', enum: ['a', 'b'], pattern: '^a' }, ['a'], ['b']),
  of(
    'bounds of an enum',
    { type: 'number', enum: [1, 2, 3], exclusiveMinimum: 1, multipleOf: 3 },
    [3],
    [1, 2],
  ),
  of(
    'members of a const',
    { const: { a: 1 }, type: 'object', propertyNames: { pattern: '^b' } },
    [],
    [{ a: 1 }, { a: 1, b: 1 }],
  ),
  of('pattern', { type: 'string', pattern: '^a+$' }, ['a', 'aa'], ['', 'b', 'ab']),
  of('pattern, not anchored', { type: 'string', pattern: 'b' }, ['abc'], ['a']),
  of('pattern of Unicode', { type: 'string', pattern: '^\\p{Lu}$' }, ['Ä'], ['ä']),
  of('pattern with slashes', { type: 'string', pattern: '^/a/[/]$' }, ['/a//'], ['/a/b']),
  of('two patterns', { type: 'string', allOf: [{ pattern: '^a' }, { pattern: 'b$' }] }, ['ab'], ['a', 'b']),
  of('number', { type: 'number' }, [1, 1.5, -1e300], ['1', null]),
  of('integer', { type: 'integer' }, [1, 1.0, -3], [1.5, '1']),
  of('integer beyond 2^53', { type: 'integer' }, [2 ** 60, 1e300, Number.MAX_SAFE_INTEGER], [0.5]),
  of('integer with safe bounds', { type: 'integer', minimum: 0, maximum: 10 }, [0, 10], [-1, 11, 0.5]),
  of('integer with a huge bound', { type: 'integer', minimum: 0, maximum: 2 ** 63 }, [2 ** 62], [-1, 0.5]),
  of('int32', { type: 'integer', format: 'int32' }, [2 ** 31 - 1], [2 ** 31, 0.1]),
  of('int32, of a number', { type: 'number', format: 'int32' }, [1, -(2 ** 31)], [0.5, 2 ** 31]),
  of('int64, of a number', { type: 'number', format: 'int64' }, [2 ** 40], [0.5]),
  of(
    'int32 and int64',
    {
      allOf: [
        { type: 'integer', format: 'int64' },
        { type: 'integer', format: 'int32' },
      ],
    },
    [1],
    [2 ** 31],
  ),
  of(
    'multipleOf in decimals',
    { type: 'number', multipleOf: 0.01 },
    [0.07, 1.1, 19.99, -4.35],
    [0.001, 1.115],
    'Ajv divides with what binary fractions leave',
  ),
  of('minimum', { type: 'number', minimum: 1.5 }, [1.5, 2], [1.4]),
  of('maximum', { type: 'number', maximum: 1.5 }, [1.5], [1.6]),
  of('exclusive bounds', { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, [0.5], [0, 1]),
  of('both bounds', { type: 'number', minimum: 0, exclusiveMinimum: 0 }, [0.1], [0]),
  of('multipleOf', { type: 'number', multipleOf: 3 }, [0, 3, -6], [4]),
  of('multipleOf a fraction', { type: 'number', multipleOf: 0.5 }, [0.5, 1], [0.75]),
  of('boolean', { type: 'boolean' }, [true, false], [0, 'true', null]),
  of('null', { type: 'null' }, [null], [0, '', {}]),
  of('two types', { type: ['string', 'number'] }, ['a', 1], [true, null]),
  of('type and null', { type: ['string', 'null'] }, ['a', null], [1]),
  of('integer and number', { type: ['integer', 'number'] }, [1, 1.5], ['1']),
  of(
    'types with keywords of each',
    { type: ['string', 'array'], minLength: 2, minItems: 1 },
    ['ab', [1]],
    ['a', []],
  ),
  of('const text', { const: 'a' }, ['a'], ['b', null]),
  of('const number', { const: 1 }, [1], [2, '1']),
  of('const null', { const: null }, [null], [0, {}]),
  of('const false', { const: false }, [false], [true, 0]),
  of(
    'const object',
    { const: { a: [1, { b: null }] } },
    [{ a: [1, { b: null }] }],
    [{ a: [1, {}] }, { a: [1, { b: null }], c: 1 }, {}],
  ),
  of('const list', { const: [1, 'a'] }, [[1, 'a']], [[1], [1, 'a', 2], ['a', 1]]),
  of('const empty object', { const: {} }, [{}], [{ a: 1 }, []]),
  of('enum', { type: 'string', enum: ['a', 'b'] }, ['a', 'b'], ['c', 1]),
  of('enum of numbers', { enum: [1, 2.5] }, [1, 2.5], [2, '1']),
  of('mixed enum', { enum: ['a', 1, true, null] }, ['a', 1, true, null], ['b', 2, false, {}]),
  of('enum of anything', { enum: [{ a: 1 }, [1], 'x'] }, [{ a: 1 }, [1], 'x'], [{ a: 2 }, [2], {}]),
  of('enum with null', { type: ['string', 'null'], enum: ['a', null] }, ['a', null], ['b']),
  of('enum without its null', { type: ['string', 'null'], enum: ['a'] }, ['a'], [null, 'b']),
  of('enum beyond its type', { type: 'string', enum: ['a', 1] }, ['a'], [1]),
  of(
    'enum of strange names',
    { enum: ['__proto__', 'constructor', ''] },
    ['__proto__', 'constructor', ''],
    ['toString'],
  ),
  of('enum and const', { enum: ['a', 'b'], const: 'b' }, ['b'], ['a']),
  of('empty enum', { enum: [] }, [], ['a', null], 'Ajv refuses an empty enum'),
  of(
    'uuid',
    { type: 'string', format: 'uuid' },
    ['9c2f7a3e-0d0c-4f2c-8e6d-0a8f3b1f3d11', '00000000-0000-0000-0000-000000000001'],
    ['x'],
  ),
  of(
    'date-time',
    { type: 'string', format: 'date-time' },
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.123+02:00'],
    ['2026-01-02', 'x'],
  ),
  of(
    'date-time of no zone',
    { type: 'string', format: 'date-time' },
    ['2026-01-02T03:04:05'],
    [],
    'services leave zones out',
  ),
  of('date', { type: 'string', format: 'date' }, ['2026-02-28'], ['2026-02-30', '2026-1-1']),
  of('email', { type: 'string', format: 'email' }, ['a@b.co'], ['a', '@b']),
  of(
    'email of a host without dots',
    { type: 'string', format: 'email' },
    ['a@localhost'],
    ['a'],
    'HTML takes it too',
  ),
  of('uri', { type: 'string', format: 'uri' }, ['https://a.b/c?d#e', 'urn:a:b'], ['a', '/a']),
  of('ipv4', { type: 'string', format: 'ipv4' }, ['127.0.0.1'], ['256.0.0.1', 'x']),
  of('ipv6', { type: 'string', format: 'ipv6' }, ['::1', '2001:db8::1'], ['x', '1.2.3.4']),
  of('byte', { type: 'string', format: 'byte' }, ['YQ==', ''], ['a', '%']),
  of('binary', { type: 'string', format: 'binary' }, ['anything'], [1]),
  of('unknown format', { type: 'string', format: 'shoe-size' }, ['anything'], [1]),
  of('format and length', { type: 'string', format: 'date', maxLength: 10 }, ['2026-01-01'], ['x']),
  of('object', { type: 'object' }, [{}, { a: 1 }], [[], null, 'a', 1]),
  of(
    'properties',
    { type: 'object', properties: { a: { type: 'number' } } },
    [{}, { a: 1 }, { b: 'x' }],
    [{ a: 'x' }, { a: null }],
  ),
  of(
    'required',
    { type: 'object', required: ['a'], properties: { a: { type: 'number' } } },
    [{ a: 1 }],
    [{}, { a: 'x' }],
  ),
  of(
    'required, of any type',
    { type: 'object', required: ['a'], properties: { a: {} } },
    [{ a: null }, { a: 1 }],
    [{}],
  ),
  of('required, and not named', { type: 'object', required: ['a'] }, [{ a: 1 }, { a: null }], [{}]),
  of(
    'required of other members',
    { type: 'object', required: ['a'], additionalProperties: { type: 'number' } },
    [{ a: 1, b: 2 }],
    [{}, { a: 'x' }, { a: 1, b: 'x' }],
  ),
  of(
    'closed',
    { type: 'object', properties: { a: {} }, additionalProperties: false },
    [{}, { a: 1 }],
    [{ b: 1 }],
  ),
  of('closed and empty', { type: 'object', additionalProperties: false }, [{}], [{ a: 1 }]),
  of(
    'open',
    { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: true },
    [{ b: 1 }],
    [{ a: 1 }],
  ),
  of(
    'record',
    { type: 'object', additionalProperties: { type: 'number' } },
    [{}, { a: 1 }],
    [{ a: 'x' }, []],
  ),
  of(
    'typed others',
    { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'number' } },
    [{ a: 'x', b: 1 }],
    [{ a: 1 }, { b: 'x' }],
  ),
  of(
    'record of references',
    { type: 'object', additionalProperties: ref('Point') },
    [{ a: { x: 1, y: 2 } }],
    [{ a: {} }],
  ),
  of(
    'members of inherited names',
    { type: 'object', properties: { constructor: { type: 'string' }, toString: { type: 'number' } } },
    [{}, { constructor: 'a', toString: 1 }],
    [{ constructor: 1 }, { toString: 'a' }],
  ),
  of(
    'a required member of an inherited name',
    { type: 'object', required: ['valueOf'], properties: { valueOf: { type: 'number' } } },
    [{ valueOf: 1 }],
    [{}, { valueOf: 'a' }],
  ),
  of(
    'closed, with an inherited name',
    { type: 'object', properties: { constructor: {}, a: {} }, additionalProperties: false },
    [{ constructor: 1 }, { a: 1 }],
    [{ b: 1 }],
  ),
  of(
    'members of strange names',
    {
      type: 'object',
      required: ['a-b', '1', 'ä', ''],
      properties: { 'a-b': { type: 'number' }, '1': {}, ä: {}, '': {}, "'": { type: 'string' } },
    },
    [{ 'a-b': 1, '1': 1, ä: 1, '': 1 }],
    [{}, { 'a-b': 'x', '1': 1, ä: 1, '': 1 }, { 'a-b': 1, '1': 1, ä: 1, '': 1, "'": 1 }],
  ),
  of(
    'patternProperties',
    { type: 'object', patternProperties: { '^x-': { type: 'number' } } },
    [{ 'x-a': 1, b: 'c' }],
    [{ 'x-a': 'b' }],
  ),
  of(
    'patternProperties, closed',
    {
      type: 'object',
      properties: { a: { type: 'string' } },
      patternProperties: { '^x-': {} },
      additionalProperties: false,
    },
    [{ a: 'b', 'x-a': 1 }],
    [{ b: 1 }, { a: 1 }],
  ),
  of(
    'patternProperties and typed others',
    {
      type: 'object',
      patternProperties: { '^x-': { type: 'number' } },
      additionalProperties: { type: 'string' },
    },
    [{ 'x-a': 1, b: 'c' }],
    [{ b: 1 }, { 'x-a': 'a' }],
  ),
  of('propertyNames', { type: 'object', propertyNames: { pattern: '^[a-z]+$' } }, [{ a: 1 }, {}], [{ A: 1 }]),
  of(
    'propertyNames of an enum',
    { type: 'object', propertyNames: { enum: ['a', 'b'] } },
    [{ a: 1 }],
    [{ c: 1 }],
  ),
  of('minProperties', { type: 'object', minProperties: 1 }, [{ a: 1 }], [{}]),
  of('maxProperties', { type: 'object', maxProperties: 1 }, [{}, { a: 1 }], [{ a: 1, b: 1 }]),
  of(
    'dependentRequired',
    { type: 'object', dependentRequired: { a: ['b', 'c'] } },
    [{}, { b: 1 }, { a: 1, b: 1, c: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
  ),
  of(
    'dependentSchemas',
    { type: 'object', dependentSchemas: { a: { required: ['b'], properties: { b: { type: 'number' } } } } },
    [{}, { b: 'x' }, { a: 1, b: 1 }],
    [{ a: 1 }, { a: 1, b: 'x' }],
  ),
  of('array', { type: 'array' }, [[], [1, 'a']], [{}, 'a', null]),
  of('items', { type: 'array', items: { type: 'number' } }, [[], [1]], [['a'], [1, null]]),
  of('items of none', { type: 'array', items: false }, [[]], [[1]]),
  of('items of references', { type: 'array', items: ref('Point') }, [[{ x: 1, y: 2 }]], [[{}]]),
  of('minItems', { type: 'array', minItems: 1 }, [[1]], [[]]),
  of('maxItems', { type: 'array', maxItems: 1 }, [[], [1]], [[1, 2]]),
  of('uniqueItems', { type: 'array', items: { type: 'number' }, uniqueItems: true }, [[], [1, 2]], [[1, 1]]),
  of(
    'uniqueItems of anything',
    { type: 'array', uniqueItems: true },
    [
      [1, '1'],
      [{ a: 1 }, { a: 2 }],
      [1, true],
      [null, 'null'],
    ],
    [
      [{ a: 1 }, { a: 1 }],
      [[], []],
      [1, 1.0],
      [0, -0],
      [[{ a: 1, b: { c: 1, d: 2 } }], [{ b: { d: 2, c: 1 }, a: 1 }]],
    ],
  ),
  of(
    'uniqueItems, members in another order',
    { type: 'array', uniqueItems: true },
    [[{ a: 1, b: 2 }, { a: 2, b: 1 }, { a: 1 }]],
    [
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
  ),
  of('contains', { type: 'array', contains: { type: 'number' } }, [['a', 1]], [[], ['a']]),
  of(
    'contains some',
    { type: 'array', contains: { type: 'number' }, minContains: 2, maxContains: 3 },
    [
      [1, 2],
      ['a', 1, 2, 3],
    ],
    [[1], [1, 2, 3, 4]],
  ),
  of('minContains of 0', { type: 'array', contains: { type: 'number' }, minContains: 0 }, [[], ['a']], [{}]),
  of(
    'contains an object',
    { type: 'array', contains: { type: 'object', required: ['a'] } },
    [[{ a: 1 }]],
    [[{}]],
  ),
  of(
    'prefixItems',
    { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] },
    [[], ['a'], ['a', 1], ['a', 1, true]],
    [[1], ['a', 'b']],
  ),
  of(
    'prefixItems, closed',
    { type: 'array', prefixItems: [{ type: 'string' }], items: false },
    [[], ['a']],
    [['a', 1], [1]],
  ),
  of(
    'prefixItems and rest',
    { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'number' } },
    [['a'], ['a', 1, 2]],
    [['a', 'b']],
  ),
  of(
    'prefixItems with bounds',
    { type: 'array', prefixItems: [{ type: 'string' }, {}], minItems: 2, maxItems: 3 },
    [
      ['a', 1],
      ['a', 1, 1],
    ],
    [['a'], ['a', 1, 1, 1]],
  ),
  of(
    '$ref',
    ref('Point'),
    [
      { x: 1, y: 2 },
      { x: 1, y: 2, z: 3 },
    ],
    [{ x: 1 }, []],
  ),
  of(
    '$ref with siblings',
    { ...ref('Point'), required: ['z'], properties: { z: { type: 'string' } } },
    [{ x: 1, y: 2, z: 'a' }],
    [{ x: 1, y: 2 }, { z: 'a' }],
  ),
  of('$ref with a bound', { ...ref('Name'), maxLength: 3 }, ['abc'], ['a', 'abcd']),
  of('$ref with words beside it', { ...ref('Name'), description: 'A name' }, ['abc'], ['a']),
  of(
    'recursion',
    ref('Tree'),
    [{ name: 'a', children: [{ name: 'b', children: [] }] }],
    [
      { name: 'a', children: [{}] },
      { name: 'a', children: [{ name: 'b', children: [1] }] },
    ],
  ),
  of('recursion in unions', ref('Json'), [1, null, ['a', { b: [null] }]], []),
  of(
    'recursion of two',
    ref('Even'),
    [{}, { odd: { even: {} } }],
    [{ odd: {} }, { odd: { even: { a: 1 } } }],
  ),
  of(
    'allOf',
    { allOf: [ref('Point'), { type: 'object', required: ['z'], properties: { z: { type: 'number' } } }] },
    [{ x: 1, y: 2, z: 3 }],
    [{ x: 1, y: 2 }, { z: 3 }],
  ),
  of('allOf of one', { allOf: [ref('Point')] }, [{ x: 1, y: 2 }], [{}]),
  of(
    'allOf of parts without a type',
    { type: 'object', properties: { a: {} }, allOf: [{ required: ['a'] }, { required: ['b'] }] },
    [{ a: 1, b: 1 }],
    [{ a: 1 }, {}],
  ),
  of(
    'allOf of texts',
    {
      allOf: [
        { type: 'string', minLength: 2 },
        { type: 'string', maxLength: 3 },
      ],
    },
    ['ab'],
    ['a', 'abcd'],
  ),
  of(
    'allOf of numbers',
    {
      allOf: [
        { type: 'number', minimum: 1 },
        { type: 'integer', maximum: 3 },
      ],
    },
    [1, 3],
    [0, 4, 1.5],
  ),
  of('allOf of contraries', { allOf: [{ type: 'string' }, { type: 'number' }] }, [], ['a', 1]),
  of(
    'allOf of the same member',
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'number', minimum: 1 } } },
        { type: 'object', properties: { a: { maximum: 2 } } },
      ],
    },
    [{ a: 1 }, {}],
    [{ a: 0 }, { a: 3 }],
  ),
  of(
    'allOf with a closed part',
    {
      allOf: [
        { type: 'object', properties: { a: {} }, additionalProperties: false },
        { type: 'object', properties: { b: {} } },
      ],
    },
    [{ a: 1 }, {}],
    [{ b: 1 }, { c: 1 }],
  ),
  of(
    'allOf of lists',
    {
      allOf: [
        { type: 'array', items: { type: 'number' } },
        { type: 'array', minItems: 1 },
      ],
    },
    [[1]],
    [[], ['a']],
  ),
  of(
    'unevaluatedProperties',
    { type: 'object', allOf: [ref('Point')], properties: { z: {} }, unevaluatedProperties: false },
    [{ x: 1, y: 2, z: 3 }],
    [{ x: 1, y: 2, a: 3 }],
  ),
  of(
    'unevaluatedProperties of options',
    {
      type: 'object',
      anyOf: [
        { type: 'object', required: ['a'], properties: { a: { type: 'number' } } },
        { type: 'object', required: ['b'], properties: { b: { type: 'number' } } },
      ],
      unevaluatedProperties: false,
    },
    [{ a: 1 }, { b: 1 }, { a: 1, b: 1 }],
    [{ a: 1, b: 'x' }, { a: 1, c: 1 }, {}],
  ),
  of(
    'unevaluatedProperties of a condition',
    {
      type: 'object',
      ...when({ properties: { k: { const: 1 } }, required: ['k'] }, { properties: { a: {} } }),
      else: { properties: { b: {} } },
      unevaluatedProperties: false,
    },
    [{ k: 1, a: 1 }, { b: 1 }],
    [{ k: 1, b: 1 }, { a: 1 }, { k: 2 }],
  ),
  of(
    'unevaluatedProperties with a schema',
    {
      type: 'object',
      properties: { a: {} },
      patternProperties: { '^x-': {} },
      unevaluatedProperties: { type: 'number' },
    },
    [{ a: 'b', 'x-a': 'b', c: 1 }, {}],
    [{ c: 'd' }],
  ),
  of(
    'unevaluatedProperties of what is only required',
    { type: 'object', required: ['a'], unevaluatedProperties: false },
    [],
    [{ a: 1 }, {}],
  ),
  of(
    'unevaluatedProperties beside a reference',
    { ...ref('Point'), properties: { z: {} }, unevaluatedProperties: false },
    [
      { x: 1, y: 2 },
      { x: 1, y: 2, z: 3 },
    ],
    [{ x: 1, y: 2, a: 3 }],
  ),
  of(
    'unevaluatedItems',
    {
      type: 'array',
      prefixItems: [{ type: 'string' }],
      anyOf: [
        { type: 'array', prefixItems: [true, { type: 'number' }] },
        { type: 'array', maxItems: 1 },
      ],
      unevaluatedItems: false,
    },
    [[], ['a'], ['a', 1]],
    [
      ['a', 1, 2],
      ['a', 'b'],
    ],
  ),
  of(
    'unevaluatedItems with a schema',
    { type: 'array', prefixItems: [{ type: 'string' }], unevaluatedItems: { type: 'number' } },
    [['a', 1, 2], []],
    [['a', 'b']],
  ),
  of(
    'unevaluatedItems beside contains',
    { type: 'array', contains: { type: 'string' }, unevaluatedItems: { type: 'number' } },
    [['a', 1]],
    [['a', true], [1]],
    'Ajv takes all items for evaluated',
  ),
  of(
    'a closed part beside options',
    {
      allOf: [
        { type: 'object', properties: { a: {}, b: {} }, additionalProperties: false },
        { type: 'object', anyOf: [{ required: ['a'] }, { required: ['b'] }] },
      ],
    },
    [{ a: 1 }, { b: 1 }],
    [{}, { a: 1, c: 1 }],
  ),
  of(
    'keywords of one type beside options of others',
    { anyOf: [{ type: 'object' }, { type: 'null' }], maxProperties: 1 },
    [null, {}, { a: 1 }],
    [{ a: 1, b: 2 }, 1],
  ),
  of(
    'keywords of one type beside options of several',
    { anyOf: [{ type: 'string' }, { type: 'integer' }], minLength: 3 },
    ['abc', 5],
    ['ab', 1.5, null],
  ),
  of(
    'keywords of one type beside options that are named',
    { oneOf: [ref('Point'), ref('Name')], maxLength: 3 },
    ['abc', { x: 1, y: 2 }],
    ['abcd', {}, 1],
  ),
  of(
    'keywords of one type beside values of others',
    { enum: ['a', 'abc', 1, null], minLength: 2 },
    ['abc', 1, null],
    ['a'],
  ),
  of(
    'oneOf of which all may be null',
    { oneOf: [{ type: ['string', 'null'] }, { type: ['integer', 'null'] }] },
    ['a', 1, null],
    [1.5],
    'null is of two options, and meant all the same',
  ),
  of(
    'oneOf of which some may be null, and some be both',
    {
      oneOf: [
        { type: ['string', 'null'], minLength: 2 },
        { type: ['string', 'null'], maxLength: 3 },
      ],
    },
    ['a', 'abcd', null],
    ['abc', 1],
    'null is of two options, and meant all the same',
  ),
  of(
    'oneOf of references of which all may be null',
    { oneOf: [ref('NullableName'), ref('NullablePoint')] },
    ['ab', { x: 1, y: 2 }, null],
    ['a', {}],
    'null is of two options, and meant all the same',
  ),
  of(
    'a discriminator with an option for all other values',
    {
      oneOf: [ref('Dog'), ref('Cat')],
      discriminator: { propertyName: 'kind', defaultMapping: 'Dog', mapping: { cat: 'Cat' } },
    },
    [
      { kind: 'wolf', bark: true },
      { kind: 'cat', lives: 9 },
    ],
    [{ kind: 'wolf', bark: 1 }, {}],
    'it knows no discriminators',
  ),
  of('anyOf', { anyOf: [{ type: 'string' }, { type: 'number', minimum: 1 }] }, ['a', 1], [0, null]),
  of(
    'anyOf of objects',
    { anyOf: [ref('Point'), ref('Dog')] },
    [{ x: 1, y: 2 }, { kind: 'a' }],
    [{}, { x: 1 }],
  ),
  of(
    'anyOf within a type',
    { type: 'object', properties: { a: {}, b: {} }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    [{ a: 1 }, { b: 1 }],
    [{}, { c: 1 }],
  ),
  of('anyOf with null', { anyOf: [ref('Point'), { type: 'null' }] }, [null, { x: 1, y: 2 }], [{}]),
  of(
    'anyOf of bounds',
    { type: 'string', anyOf: [{ maxLength: 1 }, { minLength: 3 }] },
    ['a', 'abc'],
    ['ab'],
  ),
  of('oneOf', { oneOf: [{ type: 'string' }, { type: 'number' }] }, ['a', 1], [null]),
  of(
    'oneOf with an option that is a choice itself',
    { oneOf: [{ anyOf: [{ type: 'string' }, { type: 'number' }] }, { type: 'string' }] },
    [1],
    ['a', null],
  ),
  of('oneOf of which two match', { oneOf: [{ type: 'number' }, { type: 'integer' }] }, [1.5], [1, 'a']),
  of(
    'oneOf of objects that may be both',
    { oneOf: [ref('Point'), { type: 'object', required: ['z'], properties: { z: { type: 'number' } } }] },
    [{ x: 1, y: 2 }, { z: 3 }],
    [{ x: 1, y: 2, z: 3 }, {}],
  ),
  of(
    'oneOf of objects that a member tells apart',
    {
      oneOf: [
        { type: 'object', required: ['k'], properties: { k: { const: 'a' } } },
        { type: 'object', required: ['k'], properties: { k: { enum: ['b', 'c'] } } },
      ],
    },
    [{ k: 'a' }, { k: 'c', d: 1 }],
    [{}, { k: 'd' }],
  ),
  of(
    'oneOf of which none is asked twice',
    { oneOf: [{ type: 'null' }, { type: 'null' }, { type: 'string' }] },
    ['a'],
    [null],
  ),
  of(
    'oneOf of requirements',
    { type: 'object', properties: { a: {}, b: {} }, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    [{ a: 1 }, { b: 1, c: 1 }],
    [{}, { a: 1, b: 1 }],
  ),
  of(
    'oneOf beside another',
    {
      allOf: [
        { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] },
        { type: 'object', oneOf: [{ required: ['c'] }, { required: ['d'] }] },
      ],
    },
    [
      { a: 1, c: 1 },
      { b: 1, d: 1 },
    ],
    [{ a: 1, b: 1, c: 1 }, { a: 1, c: 1, d: 1 }, { a: 1 }],
  ),
  of(
    'oneOf with null, of a schema that may be null itself',
    { oneOf: [{ type: ['string', 'null'] }, { type: 'null' }] },
    ['a', null],
    [1],
    'to the letter null is of both; documents mean that it may be null',
  ),
  of('oneOf with null', { oneOf: [ref('Name'), { type: 'null' }] }, ['ab', null], ['a']),
  of(
    'oneOf beside members',
    {
      type: 'object',
      required: ['c'],
      properties: { c: { type: 'number' } },
      oneOf: [ref('Point'), ref('Dog')],
    },
    [
      { c: 1, x: 1, y: 2 },
      { c: 1, kind: 'a' },
    ],
    [{ c: 1 }, { x: 1, y: 2 }],
  ),
  of(
    'a discriminator',
    {
      oneOf: [ref('Dog'), ref('Cat')],
      discriminator: {
        propertyName: 'kind',
        mapping: { dog: '#/components/schemas/Dog', hund: '#/components/schemas/Dog', cat: 'Cat' },
      },
    },
    [{ kind: 'dog' }, { kind: 'hund', bark: true }, { kind: 'cat', lives: 9 }],
    [{ kind: 'bird' }, { kind: 'cat', lives: 'x' }, {}],
    'discriminators are annotations to Ajv',
  ),
  of(
    'a discriminator without a mapping',
    { oneOf: [ref('Dog'), ref('Cat')], discriminator: { propertyName: 'kind' } },
    [{ kind: 'Dog' }, { kind: 'Cat' }],
    [{ kind: 'dog' }],
    'discriminators are annotations to Ajv',
  ),
  of('not', { not: { type: 'string' } }, [1, null], ['a']),
  of('not, of keywords without a type', { not: { minLength: 2 } }, ['a', ''], ['ab', 1, null, {}]),
  of(
    'not, of members without a type',
    { not: { properties: { a: { minLength: 2 } } } },
    [{ a: 'b' }],
    [{}, { a: 1 }, 1, 'a'],
  ),
  of('contains, without a type', { type: 'array', contains: { minimum: 2 } }, [[2], ['a']], [[1], []]),
  of('keywords of text without a type', { minLength: 2 }, ['ab'], ['a', 1], 'documents mean a text'),
  of('keywords of numbers without a type', { minimum: 2 }, [2], [1, 'a'], 'documents mean a number'),
  of('members without a type', { properties: { a: {} } }, [{}], [1, []], 'documents mean an object'),
  of('items without a type', { items: { type: 'number' } }, [[1]], [1, {}], 'documents mean a list'),
  of('not, of a type', { type: 'string', not: { enum: ['a'] } }, ['b'], ['a', 1]),
  of('not, of members', { type: 'object', not: { required: ['a'] } }, [{}, { b: 1 }], [{ a: 1 }]),
  of('not anything', { not: {} }, [], [1, null]),
  of(
    'if and then',
    {
      type: 'object',
      properties: { a: { type: 'string' } },
      ...when({ properties: { a: { const: 'x' } }, required: ['a'] }, { required: ['b'] }),
    },
    [{}, { a: 'y' }, { a: 'x', b: 1 }],
    [{ a: 'x' }],
  ),
  of(
    'if, then and else',
    { type: 'number', ...when({ minimum: 10 }, { multipleOf: 10 }), else: { multipleOf: 3 } },
    [20, 3, 0],
    [15, 4],
  ),
  of('if and else', { type: 'string', if: { minLength: 3 }, else: { const: 'a' } }, ['abc', 'a'], ['b']),
  of('if and then without a type', when({ minimum: 10 }, { multipleOf: 10 }), [20, 'a', 3, null], [15]),
  of('if alone', { type: 'string', if: { minLength: 3 } }, ['a', 'abc'], [1]),
  of(
    'null among types of an object',
    { type: ['object', 'null'], properties: { a: { type: 'string' } } },
    [null, { a: 'b' }],
    [{ a: 1 }, 'x'],
  ),
  of(
    'a default that is not given',
    { type: 'object', properties: { a: { type: 'string', default: 'b' } } },
    [{}, { a: 'c' }],
    [{ a: 1 }],
  ),
  of(
    'nested',
    {
      type: 'object',
      required: ['a'],
      properties: {
        a: {
          type: 'array',
          items: { type: 'object', required: ['b'], properties: { b: { type: ['integer', 'null'] } } },
        },
      },
    },
    [{ a: [] }, { a: [{ b: null }, { b: 1 }] }],
    [{ a: [{}] }, { a: [{ b: 'x' }] }],
  ),
];

/** The same for OpenAPI 3.0, where null and bounds are said in another way. */
export const oldCases: readonly Case[] = [
  of('nullable', { type: 'string', nullable: true }, ['a', null], [1]),
  of('not nullable', { type: 'string', nullable: false }, ['a'], [null]),
  of('nullable object', { type: 'object', nullable: true, required: ['a'] }, [null, { a: 1 }], [{}]),
  of('nullable enum', { type: 'string', nullable: true, enum: ['a'] }, ['a', null], ['b']),
  of(
    'nullable enum that lists null',
    { type: 'string', nullable: true, enum: ['a', null] },
    ['a', null],
    ['b'],
  ),
  of('nullable reference', { nullable: true, allOf: [ref('Point')] }, [null, { x: 1, y: 2 }], [{}]),
  of(
    'nullable union',
    { nullable: true, anyOf: [ref('Point'), ref('Name')] },
    [null, 'ab', { x: 1, y: 2 }],
    [{}, 1],
  ),
  of(
    'an option that is only nullable',
    { anyOf: [ref('Point'), { nullable: true }] },
    [null, { x: 1, y: 2 }],
    [{}],
  ),
  of(
    'exclusive bounds as flags',
    { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: true },
    [0.5],
    [0, 1],
  ),
  of('flags that say no', { type: 'number', minimum: 0, exclusiveMinimum: false }, [0], [-1]),
  of('what stands beside a $ref counts for nothing', { ...ref('Name'), maxLength: 2 }, ['abc'], ['a']),
  of(
    'allOf',
    { allOf: [ref('Point'), { type: 'object', required: ['z'], properties: { z: { type: 'number' } } }] },
    [{ x: 1, y: 2, z: 3 }],
    [{ x: 1, y: 2 }],
  ),
];
