import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { type GenerateOptions, generate } from '../../src/generator/index.ts';
import { importFrom, workFolder } from './support.ts';

/** Documents whose schemas go by URIs and anchors of their own. */
async function made(files: Record<string, unknown>, options: Partial<GenerateOptions> = {}) {
  const folder = await workFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), JSON.stringify(content));
  }
  const output = join(folder, 'api');
  const { problems } = await generate({ input: join(folder, 'openapi.json'), output, ...options });
  const module = (await importFrom(output)) as Record<string, z.ZodType>;
  const takes = (value: unknown) => (module.It as z.ZodType).safeParse(value).success;
  return { takes, problems: problems.map(({ message, instead }) => `${message} ${instead}`) };
}

const documentOf = (schemas: object, more: object = {}) => ({
  openapi: '3.1.0',
  info: { title: 'Test', version: '1' },
  paths: {
    '/it': {
      get: {
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/It' } } } },
        },
      },
    },
  },
  components: { schemas },
  ...more,
});

const text = { type: 'string' };
const member = ($ref: string, more: object = {}) => ({
  type: 'object',
  properties: { a: { $ref } },
  ...more,
});

describe('a reference counts from the `$id` that it stands in', () => {
  test.each([
    ['to another', 'other', { Other: { $id: 'https://example.com/other', ...text } }, {}],
    [
      'to one by its whole URI',
      'https://example.com/x/y',
      { Other: { $id: 'https://example.com/x/y', ...text } },
      {},
    ],
    ['to a part of it', '#/$defs/inner', {}, { $defs: { inner: text } }],
    ['to an anchor of it', '#node', {}, { $defs: { inner: { $anchor: 'node', ...text } } }],
    ['to a dynamic anchor', '#node', {}, { $defs: { inner: { $dynamicAnchor: 'node', ...text } } }],
    ['to a name', 'urn:example:text', { Other: { $id: 'urn:example:text', ...text } }, {}],
    ['to a part of another', 'other#/$defs/a', { Other: { $id: '/other', $defs: { a: text } } }, {}],
    [
      'to an anchor of another',
      'other#a',
      { Other: { $id: '/other', $defs: { b: { $anchor: 'a', ...text } } } },
      {},
    ],
  ])('%s', async (_, reference, others, more) => {
    const base = 'https://example.com/base';
    const absolute = Object.fromEntries(
      Object.entries(others).map(([name, schema]) => [
        name,
        { ...schema, $id: new URL((schema as { $id: string }).$id, base).href },
      ]),
    );
    const { takes, problems } = await made({
      'openapi.json': documentOf({ It: member(reference, { $id: base, ...more }), ...absolute }),
    });
    expect(problems).toEqual([]);
    expect([takes({ a: 'x' }), takes({ a: 1 })]).toEqual([true, false]);
  });

  test('to itself', async () => {
    const { takes, problems } = await made({
      'openapi.json': documentOf({ It: member('#', { $id: 'https://example.com/tree', required: ['b'] }) }),
    });
    expect(problems).toEqual([]);
    expect([takes({ b: 1, a: { b: 1 } }), takes({ b: 1, a: {} })]).toEqual([true, false]);
  });

  test('not that of a schema within', async () => {
    const { takes } = await made({
      'openapi.json': documentOf({
        It: member('#a', {
          $id: 'https://example.com/base',
          $defs: {
            inner: { $id: 'inner', $defs: { a: { $anchor: 'a', type: 'number' } } },
            own: { $anchor: 'a', ...text },
          },
        }),
      }),
    });
    expect([takes({ a: 'x' }), takes({ a: 1 })]).toEqual([true, false]);
  });

  test('a file beside the one that it stands in is found by its name', async () => {
    const { takes, problems } = await made({
      'openapi.json': documentOf({ It: { $ref: 'schemas/a.json' } }),
      'schemas/a.json': member('b.json', { $id: 'https://example.com/schemas/a.json' }),
      'schemas/b.json': text,
    });
    expect(problems).toEqual([]);
    expect([takes({ a: 'x' }), takes({ a: 1 })]).toEqual([true, false]);
  });

  test('a file that a relative `$id` leads to', async () => {
    const { takes, problems } = await made({
      'openapi.json': documentOf({ It: member('b.json', { $id: 'schemas/a.json' }) }),
      'schemas/b.json': text,
    });
    expect(problems).toEqual([]);
    expect([takes({ a: 'x' }), takes({ a: 1 })]).toEqual([true, false]);
  });
});

test('what is at hand under its URI is not fetched, and what is not is', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.end(JSON.stringify({ type: 'number' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const { takes, problems } = await made(
      {
        'openapi.json': documentOf({
          It: {
            $id: `${origin}/it`,
            type: 'object',
            properties: { a: { $ref: 'here' }, b: { $ref: 'there' } },
          },
          Other: { $id: `${origin}/here`, ...text },
        }),
      },
      { allowNetwork: true },
    );
    expect(problems).toEqual([]);
    expect(asked).toEqual(['/there']);
    expect([takes({ a: 'x', b: 1 }), takes({ a: 1 }), takes({ b: 'x' })]).toEqual([true, false, false]);
  } finally {
    server.close();
  }
});

test('what is an example or the name of a member gives no URI', async () => {
  const { takes, problems } = await made({
    'openapi.json': documentOf({
      It: member('#/components/schemas/Other', {
        example: { $id: 'https://example.com/a', a: 'x' },
        properties: { $id: text, a: { $ref: '#/components/schemas/Other' } },
      }),
      Other: text,
    }),
  });
  expect(problems).toEqual([]);
  expect([takes({ $id: 'y', a: 'x' }), takes({ a: 1 })]).toEqual([true, false]);
});

test('a document goes by its `$self`', async () => {
  const self = 'https://example.com/api/openapi';
  const { takes, problems } = await made({
    'openapi.json': documentOf(
      { It: { $ref: 'shared/schemas#/$defs/It' }, Text: text },
      { openapi: '3.2.0', $self: self },
    ),
    'one.json': {},
    'shared/schemas': {
      $self: 'https://example.com/api/shared/schemas',
      $defs: { It: member('../openapi#/components/schemas/Text') },
    },
  });
  expect(problems).toEqual([]);
  expect([takes({ a: 'x' }), takes({ a: 1 })]).toEqual([true, false]);
});

describe('what cannot be resolved because of an `$id` is anything, with a warning', () => {
  test.each([
    [
      'another',
      'other',
      'The reference "other" (https://example.com/other) is on the network, which is not allowed (--allow-network). Anything is taken there.',
    ],
    [
      'a part',
      '#/nowhere',
      'The reference "#/nowhere" leads nowhere: https://example.com/base has no #/nowhere. Anything is taken there.',
    ],
    [
      'a name',
      'urn:example:none',
      'The reference "urn:example:none" (urn:example:none) leads nowhere. Anything is taken there.',
    ],
  ])('%s', async (_, reference, message) => {
    const { takes, problems } = await made({
      'openapi.json': documentOf({ It: member(reference, { $id: 'https://example.com/base' }) }),
    });
    expect(problems).toEqual([message]);
    expect(takes({ a: 1 })).toBe(true);
  });

  test.each([
    ['#/components/schemas/Other', []],
    [
      '#/x-schemas/Other',
      [
        'The reference "#/x-schemas/Other" leads nowhere within the `$id` that it counts from. It is taken for one within the file.',
      ],
    ],
  ])('but %s, which counts from the file all the same, is taken for what it means', async (reference, said) => {
    const { takes, problems } = await made({
      'openapi.json': documentOf(
        { It: member(reference, { $id: 'https://example.com/base' }), Other: text },
        { 'x-schemas': { Other: text } },
      ),
    });
    expect(problems).toEqual(said);
    expect([takes({ a: 'x' }), takes({ a: 1 })]).toEqual([true, false]);
  });
});

describe('a `$dynamicRef`', () => {
  const node = { $dynamicAnchor: 'node', type: 'object', required: ['b'] };

  test('is a `$ref` where nothing else can be meant', async () => {
    const { takes, problems } = await made({
      'openapi.json': documentOf({ It: { ...node, properties: { a: { $dynamicRef: '#node' } } } }),
    });
    expect(problems).toEqual([]);
    expect([takes({ b: 1, a: { b: 1 } }), takes({ b: 1, a: {} })]).toEqual([true, false]);
  });

  test('is taken for one elsewhere, and told of', async () => {
    const { takes, problems } = await made({
      'openapi.json': documentOf({
        It: { $id: 'https://example.com/it', ...node, properties: { a: { $dynamicRef: '#node' } } },
        Other: { $id: 'https://example.com/other', $dynamicAnchor: 'node', $ref: 'it' },
      }),
    });
    expect(problems).toEqual([
      'What "#node" leads to depends on what refers to this schema. It is taken for a $ref.',
    ]);
    expect([takes({ b: 1, a: { b: 1 } }), takes({ b: 1, a: {} })]).toEqual([true, false]);
  });
});
