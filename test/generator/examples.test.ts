import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setupServer } from 'msw/node';
import { describe, expect, test } from 'vitest';
import { type Contract, createApi } from '../../src/contract/index.ts';
import { type GenerateOptions, problemText } from '../../src/generator/index.ts';
import { mockHandlers } from '../../src/testing/msw/index.ts';
import { diagnosticsOf, documentOf, generated, importFrom, operationOf } from './support.ts';

const json = (media: object) => ({ content: { 'application/json': media } });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const shop = documentOf(
  {
    '/orders/{id}': {
      get: {
        operationId: 'getOrder',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
        responses: {
          200: json({
            schema: ref('Order'),
            examples: {
              open: { $ref: '#/components/examples/Open' },
              'paid-in-full': {
                value: { id: 2, state: 'paid', placedAt: '2026-01-02T00:00:00Z', note: 'extra' },
              },
            },
          }),
          404: json({ schema: ref('Problem') }),
        },
      },
    },
    '/orders': {
      get: {
        operationId: 'listOrders',
        parameters: [{ name: 'cursor', in: 'query', schema: { type: 'string' } }],
        responses: { 200: json({ schema: ref('Page') }) },
      },
      post: {
        operationId: 'placeOrder',
        requestBody: { required: true, ...json({ schema: ref('Order') }) },
        responses: {
          201: json({
            schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
          }),
        },
      },
    },
  },
  {
    components: {
      examples: { Open: { value: { id: 1, state: 'open', placedAt: '2026-01-01T00:00:00Z' } } },
      schemas: {
        Order: {
          type: 'object',
          required: ['id', 'state', 'placedAt'],
          properties: {
            id: { type: 'integer', format: 'int64', example: 7 },
            state: { type: 'string', enum: ['open', 'paid'], example: 'open' },
            placedAt: { type: 'string', format: 'date-time', example: '2026-01-03T00:00:00Z' },
            lines: { type: 'array', items: { type: 'string', examples: ['pen'] } },
            comment: { type: 'string' },
          },
        },
        Page: {
          type: 'object',
          required: ['items'],
          properties: {
            items: { type: 'array', items: ref('Order') },
            next_cursor: { type: ['string', 'null'], example: 'more' },
          },
        },
        Problem: {
          type: 'object',
          example: { title: 'No such order' },
          properties: { title: { type: 'string' } },
        },
      },
    },
  },
);

const made = { id: 7, state: 'open', placedAt: '2026-01-03T00:00:00Z', lines: ['pen'] };

const caller = `
import { createApi } from 'holdfast/contract';
import { type MockExamples, mockHandlers } from 'holdfast/testing/msw';
import { examples } from './examples.ts';
import { contract } from './index.ts';

const mocks = mockHandlers(contract, { baseUrl: 'https://shop.test', examples });
mocks.on('getOrder').reply(404, examples.getOrder[404].example);
export const id: number = examples.getOrder[200]['paid-in-full'].id;
// @ts-expect-error -- there is no example of this name
examples.getOrder[200].shipped;
// @ts-expect-error -- there is no operation of this name
mockHandlers(contract, { baseUrl: 'https://shop.test', examples: { getOrders: {} } });
export const wrong: MockExamples<typeof contract> = {
  // @ts-expect-error -- no state is so called
  getOrder: { 200: { lost: { id: 1, state: 'lost', placedAt: '' } } },
};
createApi(contract, { baseUrl: 'https://shop.test' });
`;

const withExamples = (document: object, options: Partial<GenerateOptions> = {}) =>
  generated(document, { examples: true, ...options });

describe('examples of a document', () => {
  test('are written in a module of their own, if they are asked for', async () => {
    const { written, folder, problems } = await withExamples(shop);
    expect(problems).toEqual([]);
    expect(written).toEqual(['index.ts', 'examples.ts']);
    expect((await generated(shop)).written).toEqual(['index.ts']);
    const text = await readFile(join(folder, 'index.ts'), 'utf8');
    expect(text).not.toContain('testing/msw');
    const { examples } = await examplesIn(folder);
    expect(examples).toEqual({
      getOrder: {
        200: {
          open: { id: 1, state: 'open', placedAt: '2026-01-01T00:00:00Z' },
          'paid-in-full': { id: 2, state: 'paid', placedAt: '2026-01-02T00:00:00Z', note: 'extra' },
        },
        404: { example: { title: 'No such order' } },
      },
      listOrders: { 200: { example: { items: [made], next_cursor: 'more' } } },
    });
  });

  test('are checked by the compiler', { timeout: 120_000 }, async () => {
    expect(diagnosticsOf((await withExamples(shop)).folder, caller)).toEqual([]);
  });

  test.each<Partial<GenerateOptions>>([
    { dates: 'Date', int64: 'bigint' },
    { dates: 'Date', int64: 'string', split: 'tag' },
  ])('are what the types say in the form of the wire, with %o', { timeout: 120_000 }, async options => {
    const { folder } = await withExamples(shop, options);
    const uses = `import { examples } from './examples.ts';
import { mockHandlers } from 'holdfast/testing/msw';
import { contract } from './index.ts';
mockHandlers(contract, { baseUrl: 'https://shop.test', examples });`;
    expect(diagnosticsOf(folder, uses)).toEqual([]);
  });

  test('are what a mocked service answers with', async () => {
    const { folder } = await withExamples(shop, { dates: 'Date' });
    const { contract } = (await importFrom(folder)) as { contract: Contract };
    const { examples } = await examplesIn(folder);
    const baseUrl = 'https://shop.test';
    const mocks = mockHandlers(contract, { baseUrl, examples } as never);
    const server = setupServer(...mocks);
    server.listen({ onUnhandledFrame: 'error' });
    try {
      // biome-ignore lint/suspicious/noExplicitAny: its types are looked at above.
      const api = createApi(contract as never, { baseUrl }) as any;
      const open = { id: 1, state: 'open', placedAt: new Date('2026-01-01') };
      expect(await api.getOrder({ params: { id: 1 } })).toEqual(open);
      expect(await mocks.on('getOrder').sample(200 as never)).toEqual(open);

      expect((await api.listOrders()).next_cursor).toBe('more');
      const ids: number[] = [];
      for await (const { id } of api.listOrders.items()) ids.push(id);
      expect(ids).toEqual([7]);

      mocks.on('getOrder').replyOnce(404 as never);
      const missing = await api.getOrder.safe({ params: { id: 1 } });
      expect(missing).toMatchObject({ status: 404, data: { title: 'No such order' } });

      const unanswered = await api.placeOrder.safe({ body: open });
      expect(unanswered.error.message).toContain('501 placeOrder: there is no example of its answer 201');
      expect(unanswered.error.problem.detail).toBe(
        'Give one: `mocks.on("placeOrder").reply(201, data)`, or have it made: `mocks.on("placeOrder").reply(201)`.',
      );
      mocks.on('placeOrder').reply(201 as never);
      expect((await api.placeOrder({ body: open })).id).toEqual(expect.any(Number));
    } finally {
      server.close();
    }
  });

  test('of an operation that is not there are refused', async () => {
    const { contract } = (await importFrom((await generated(shop)).folder)) as { contract: Contract };
    const options = { baseUrl: 'https://shop.test', examples: { getOrders: {} } } as never;
    expect(() => mockHandlers(contract, options)).toThrow(
      'examples: "getOrders" is no endpoint of this contract, which has: getOrder, listOrders, placeOrder.',
    );
  });

  test.each<[string, object, string]>([
    ['of another type', { schema: { type: 'integer' }, example: '1' }, 'it should be number, and is string'],
    [
      'with a wrong member',
      {
        schema: {
          type: 'object',
          properties: { at: { type: 'array', items: { format: 'uuid', type: 'string' } } },
        },
        example: { at: ['x'] },
      },
      "/at/0 is 'x', which is no uuid",
    ],
    ['without a member', { schema: { type: 'object', required: ['id'] }, example: {} }, '/id is missing'],
    [
      'of no option',
      { schema: { oneOf: [{ type: 'string' }, { type: 'null' }] }, example: 1 },
      'it is none of what it may be',
    ],
    [
      'outside an enum',
      { schema: { enum: ['a', 'b'] }, example: 'c' },
      "it is 'c', which is no value of the list",
    ],
    [
      'out of bounds',
      { schema: { type: 'integer', maximum: 3 }, example: 4 },
      'it is 4, which is out of bounds',
    ],
    [
      'against a rule',
      { schema: { not: { type: 'string' } }, example: 'x' },
      'it matches what it should not',
    ],
  ])('%s are left out, and told of with their place', async (_, media, why) => {
    const { problems, folder } = await withExamples(operationOf({ responses: { 200: json(media) } }));
    expect(problems.map(({ message }) => message)).toContain(
      `The example is not what the schema says: ${why}.`,
    );
    const [problem] = problems.filter(({ message }) => message.startsWith('The example'));
    expect(problem && problemText(problem)).toMatch(
      /^openapi\.yaml:\d+:\d+ warning: [\s\S]*at #\/paths\/~1things\/get\/responses\/200/,
    );
    expect((await examplesIn(folder)).examples).toEqual({});
  });

  test('that are elsewhere, or of streams, are told of', async () => {
    const examples = { far: { externalValue: 'https://example.com/far.json' } };
    const far = await withExamples(operationOf({ responses: { 200: json({ schema: {}, examples }) } }));
    expect(far.problems.map(({ message }) => message)).toEqual([
      'The example is not in the document: "https://example.com/far.json".',
    ]);
    const content = { 'text/event-stream': { schema: { type: 'string' }, example: 'data: 1' } };
    const stream = await withExamples(operationOf({ responses: { 200: { content } } }));
    expect(stream.problems.map(({ message }) => message)).toEqual([
      'Examples of text/event-stream are not carried.',
    ]);
  });

  test('that would be code are values', async () => {
    const hostile = "'}}; globalThis.hacked = true; /*";
    const media = { schema: {}, examples: { [hostile]: { value: { [hostile]: hostile, __proto__: 1 } } } };
    const { folder } = await withExamples(operationOf({ responses: { 200: json(media) } }));
    const { examples } = await examplesIn(folder);
    expect(Object.keys(examples.it[200])).toEqual([hostile]);
    expect(globalThis).not.toHaveProperty('hacked');
  });
});

// biome-ignore lint/suspicious/noExplicitAny: what is in them is what is asked.
async function examplesIn(folder: string): Promise<{ examples: any }> {
  const { examples } = await importFrom(folder, 'examples.ts');
  return { examples };
}
