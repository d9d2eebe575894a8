import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { formatted, loaded, mistakesOf, moduleOf, printed, type Schemas } from './support.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

test('what is printed is what one would have written', async () => {
  const { code } = await printed({
    Ticket: {
      type: 'object',
      description: 'Something that somebody should do.',
      required: ['id', 'status'],
      properties: {
        id: { type: 'string', format: 'uuid', readOnly: false },
        status: ref('Status'),
        priority: {
          type: 'integer',
          minimum: 1,
          maximum: 5,
          default: 3,
          description: 'From 1, the most urgent.',
        },
        assignee: { anyOf: [ref('Person'), { type: 'null' }] },
        parent: ref('Ticket'),
        labels: { type: 'array', items: { type: 'string' }, uniqueItems: true, deprecated: true },
        extra: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
      },
    },
    Status: { type: 'string', enum: ['open', 'closed'] },
    Person: { type: 'object', required: ['name'], properties: { name: { type: 'string', maxLength: 80 } } },
    Watcher: { oneOf: [ref('Person'), { type: 'string', format: 'email' }] },
  });
  expect(code).toMatchInlineSnapshot(`
    "/** Something that somebody should do. */
    export interface Ticket {
      id: string;
      status: Status;
      /**
       * From 1, the most urgent.
       *
       * @defaultValue 3
       */
      priority?: number | undefined;
      assignee?: Person | null | undefined;
      parent?: Ticket | undefined;
      /** @deprecated */
      labels?: string[] | undefined;
      extra?: { [key: string]: string | number } | undefined;
    }
    export const Ticket: z.ZodType<Ticket> = /* @__PURE__ */ schema(() =>
      z.looseObject({
        id: z.guid(),
        status: Status,
        priority: z.int().min(1).max(5).optional(),
        assignee: Person.nullable().optional(),
        parent: Ticket.optional(),
        labels: z
          .array(z.string())
          .refine(items => new Set(items).size === items.length, 'has an item twice')
          .optional(),
        extra: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
      }),
    );

    export type Status = 'open' | 'closed';
    export const Status: z.ZodType<Status> = /* @__PURE__ */ schema(() => z.enum(['open', 'closed']));

    export interface Person {
      name: string;
    }
    export const Person: z.ZodType<Person> = /* @__PURE__ */ schema(() =>
      z.looseObject({ name: z.string().check(maxCharacters(80)) }),
    );

    export type Watcher = Person | string;
    export const Watcher: z.ZodType<Watcher> = /* @__PURE__ */ schema(() =>
      z.union([Person, z.email({ pattern: z.regexes.html5Email })]),
    );"
  `);
});

describe('a member that is only read or only written', () => {
  const schemas = {
    User: {
      type: 'object',
      required: ['id', 'name', 'password'],
      properties: {
        id: { type: 'string', readOnly: true },
        name: { type: 'string' },
        password: { type: 'string', writeOnly: true },
      },
    },
    Team: {
      type: 'object',
      required: ['members'],
      properties: { members: { type: 'array', items: ref('User') }, tag: ref('Tag') },
    },
    Tag: { type: 'object', properties: { name: { type: 'string' } } },
  };

  test('is not there in the other direction', async () => {
    const received = await loaded((await printed(schemas)).code);
    expect(received.User?.safeParse({ id: 'a', name: 'b' }).success).toBe(true);
    expect(received.User?.safeParse({ name: 'b' }).success).toBe(false);
    const sent = await loaded((await printed(schemas, { direction: 'sent' })).code);
    expect(sent.UserInput?.safeParse({ name: 'b', password: 'c' }).success).toBe(true);
    expect(sent.UserInput?.safeParse({ name: 'b' }).success).toBe(false);
  });

  test('makes variants of what has it, however deep, and of nothing else', async () => {
    const { printer } = await printed(schemas, { direction: 'sent' });
    expect(printer.declarations.map(({ name }) => name)).toEqual(['UserInput', 'TeamInput', 'Tag']);
    expect(printer.declarations[1]?.needs).toEqual(new Set(['UserInput', 'Tag']));
  });
});

describe('by option', () => {
  const schemas = {
    Event: {
      type: 'object',
      required: ['at', 'day', 'id'],
      properties: {
        at: { type: 'string', format: 'date-time' },
        day: { type: 'string', format: 'date' },
        id: { type: 'integer', format: 'int64', minimum: 1 },
        size: { type: 'string', format: 'int64' },
        kind: { enum: ['a', 'b'] },
      },
    },
    Special: {
      allOf: [
        ref('Event'),
        { type: 'object', properties: { at: { type: 'string' }, more: { type: 'string' } } },
      ],
    },
  };
  const wire = { at: '2026-01-02T03:04:05.000Z', day: '2026-01-02', id: 42, size: '9007199254740993' };

  test('dates and large numbers come as such, and go as they came', async () => {
    const { code } = await printed(schemas, { dates: 'Date', int64: 'bigint' });
    const { Event, Special } = await loaded(code);
    const value = { at: new Date(wire.at), day: new Date(wire.day), id: 42n, size: 9007199254740993n };
    expect(Event?.parse(wire)).toEqual(value);
    expect(z.encode(Event as z.ZodType, value)).toEqual(wire);
    expect(Special?.parse(wire)).toEqual(value);
    expect(Event?.safeParse({ ...wire, id: 0 }).success).toBe(false);
    expect(mistakesOf(code)).toEqual([]);
    const source = moduleOf(code, 'holdfast/contract', 'zod');
    expect(formatted(source)).toBe(source);
  });

  test('large numbers come as texts', async () => {
    const { Event } = await loaded((await printed(schemas, { int64: 'string' })).code);
    expect(Event?.parse(wire)).toEqual({ ...wire, id: '42' });
  });

  test('enums take what the document does not know', async () => {
    const { code } = await printed(schemas, { enums: 'open' });
    expect(code).toContain("kind?: 'a' | 'b' | (string & {}) | undefined;");
    const { Event } = await loaded(code);
    expect(Event?.safeParse({ ...wire, kind: 'c' }).success).toBe(true);
    expect(Event?.safeParse({ ...wire, kind: 1 }).success).toBe(false);
    expect(mistakesOf(code)).toEqual([]);
  });
});

describe('a type is as plain as it can be:', () => {
  const two = [{ type: 'number' }, { type: 'string' }];
  const Listed = { type: 'string', enum: ['a', 'b'] };
  test.each([
    ['a tuple', { type: 'array', prefixItems: two, minItems: 2, maxItems: 2 }, '[number, string]'],
    [
      'a tuple that may be shorter',
      { type: 'array', prefixItems: two, minItems: 1, maxItems: 2 },
      '[number, string?]',
    ],
    ['a tuple that is shorter', { type: 'array', prefixItems: two, minItems: 1, maxItems: 1 }, '[number]'],
    [
      'a tuple of two parts',
      {
        allOf: [
          { type: 'array', prefixItems: two },
          { type: 'array', minItems: 2, maxItems: 2 },
        ],
      },
      '[number, string]',
    ],
    ['texts of which some are known', { anyOf: [{ type: 'string' }, Listed] }, "'a' | 'b' | (string & {})"],
    [
      'texts of which some are known by a name, or null',
      { anyOf: [{ type: 'string' }, { $ref: '#/components/schemas/Listed' }, { type: 'null' }] },
      'Listed | (string & {}) | null',
    ],
  ])('%s', async (_, It, type) => {
    const { code } = await printed({ It, Listed });
    expect(/^export type It = (.*);$/m.exec(code)?.[1]).toBe(type);
    expect(mistakesOf(code)).toEqual([]);
  });
});

test('a discriminator without a mapping does not contradict what options say themselves', async () => {
  const option = (type: string) => ({
    type: 'object',
    required: ['type'],
    properties: { type: { type: 'string', enum: [type] } },
  });
  const { problems } = await printed({
    It: {
      oneOf: [{ $ref: '#/components/schemas/TextPart' }, { $ref: '#/components/schemas/ImagePart' }],
      discriminator: { propertyName: 'type' },
    },
    TextPart: option('text'),
    ImagePart: option('image'),
  });
  expect(problems.all).toEqual([]);
});

describe('what a document should not say', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a hostile document would have.
  const hostile = '\'"`${globalThis.owned = true}*/globalThis.owned = true;/*\u2028\n';

  test('is never run', async () => {
    const schemas: Schemas = {
      [`A${hostile}`]: {
        type: 'object',
        description: hostile,
        title: hostile,
        properties: {
          [hostile]: { type: 'string', description: hostile, default: hostile, example: hostile },
        },
        required: [hostile],
      },
      B: { enum: [hostile, { [hostile]: hostile }] },
      C: { const: hostile },
      D: { type: 'string', pattern: `/${'globalThis.owned = true'}/[/]\n` },
      E: { type: 'number', minimum: 'globalThis.owned = true', maximum: { valueOf: 1 }, multipleOf: hostile },
      F: { type: 'string', minLength: hostile, format: hostile },
      G: { type: 'array', minItems: 'globalThis.owned = true', prefixItems: [{ const: hostile }] },
      H: {
        type: 'object',
        dependentRequired: { [hostile]: [hostile] },
        patternProperties: { [`/${hostile.replaceAll(/[*${}]/g, '')}`]: { type: 'string' } },
        propertyNames: { enum: [hostile] },
      },
      I: {
        oneOf: [ref('J')],
        discriminator: { propertyName: hostile, mapping: { [hostile]: ref('J').$ref } },
      },
      J: { type: 'object', properties: { a: {} } },
      K: { type: hostile, required: hostile, properties: hostile, allOf: hostile, enum: hostile },
      L: { const: JSON.parse('{"__proto__": {"a": 1}, "constructor": 1}') },
      M: JSON.parse('{"type": "object", "properties": {"__proto__": {"type": "string"}}}'),
    };
    const { code, problems } = await printed(schemas);
    const module = await loaded(code);
    for (const value of Object.values(module)) value.safeParse?.({ [hostile]: hostile });
    expect((globalThis as { owned?: unknown }).owned).toBeUndefined();
    expect(mistakesOf(code)).toEqual([]);
    expect(problems.all.map(({ message }) => message)).toContain('minimum should be a number.');
  });

  test('leads to itself: a reference is left out, and told', async () => {
    const { code, problems } = await printed({
      Self: ref('Self'),
      Loop: { anyOf: [ref('Loop'), { type: 'string' }] },
      One: { allOf: [ref('Two'), { type: 'object', properties: { a: { type: 'string' } } }] },
      Two: { allOf: [ref('One'), { type: 'object', properties: { b: { type: 'string' } } }] },
      First: { oneOf: [ref('Second'), { type: 'number' }] },
      Second: { oneOf: [ref('First'), { type: 'string' }] },
    });
    const { Loop, First } = await loaded(code);
    expect(Loop?.safeParse('a').success).toBe(true);
    expect(Loop?.safeParse(1).success).toBe(false);
    expect(First?.safeParse(1).success).toBe(true);
    expect(mistakesOf(code)).toEqual([]);
    expect(problems.all.length).toBeGreaterThan(2);
  });

  test('a parent that names its children, and children that name their parent', async () => {
    const { code } = await printed({
      Pet: {
        type: 'object',
        required: ['kind'],
        properties: { kind: { type: 'string' } },
        oneOf: [ref('Dog'), ref('Cat')],
        discriminator: { propertyName: 'kind' },
      },
      Dog: { allOf: [ref('Pet'), { type: 'object', properties: { bark: { type: 'boolean' } } }] },
      Cat: { allOf: [ref('Pet'), { type: 'object', properties: { lives: { type: 'number' } } }] },
    });
    const { Pet, Dog } = await loaded(code);
    expect(Pet?.safeParse({ kind: 'Dog', bark: true }).success).toBe(true);
    expect(Pet?.safeParse({ kind: 'Dog', bark: 1 }).success).toBe(false);
    expect(Dog?.safeParse({ kind: 'Dog' }).success).toBe(true);
    expect(mistakesOf(code)).toEqual([]);
  });

  test('is no problem where a name is of our own making', async () => {
    const { problems } = await printed({
      A: { type: 'object', if: { required: ['a'] }, else: { required: ['b'] } },
    });
    expect(problems.all).toEqual([]);
  });

  test('that no value can match is a problem', async () => {
    const flag = (value: boolean) => ({
      type: 'object',
      required: ['ok'],
      properties: { ok: { type: 'boolean', enum: [value] } },
    });
    const { problems } = await printed({
      Versions: { type: 'string', enum: [1, '2', null] },
      Empty: { type: 'string', const: 5 },
      Both: { allOf: [flag(true), flag(false)] },
      Nullable: { type: 'string', nullable: true, enum: ['a', null] },
      Nothing: false,
    });
    expect(problems.all.map(({ message, node }) => `${node?.pointer}: ${message}`)).toMatchInlineSnapshot(`
      [
        "/components/schemas/Versions/enum/0: 1 is not of the type string.",
        "/components/schemas/Versions/enum/2: null is not of the type string.",
        "/components/schemas/Empty/const: 5 is not of the type string.",
        "/components/schemas/Empty: No value can be all that is asked for here.",
        "/components/schemas/Both: Nothing can be the member "ok", which has to be there.",
      ]
    `);
  });

  test('is a problem with its place', async () => {
    const { problems } = await printed({
      A: { type: 'string', pattern: '(' },
      B: { type: 'array', items: { $dynamicRef: '#a' } },
      C: { type: 'shoe' },
      D: { minLength: 2 },
      E: ref('Nowhere'),
    });
    expect(
      problems.all.map(({ message, node }) => `${node?.pointer}: ${message.replace(/-\d+/, '-000')}`),
    ).toMatchInlineSnapshot(`
      [
        "/components/schemas/E: The reference "#/components/schemas/Nowhere" leads nowhere: document-000.json has no #/components/schemas/Nowhere.",
        "/components/schemas/E: The reference "#/components/schemas/Nowhere" leads nowhere: document-000.json has no #/components/schemas/Nowhere.",
        "/components/schemas/A/pattern: This is no regular expression of ECMAScript.",
        "/components/schemas/B/items: The $dynamicRef "#a" leads nowhere.",
        "/components/schemas/C/type: There is no such type.",
        "/components/schemas/D: There is no type; the keywords are those of string.",
      ]
    `);
  });
});
