import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as jsonOf } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { diagnosticsOf, documentOf, generated, loaded, operationOf } from './support.ts';

const body = (schema: object, type = 'application/json') => ({
  required: true,
  content: { [type]: { schema } },
});
const Order = { $ref: '#/components/schemas/Order' };
const components = {
  schemas: {
    Order: {
      type: 'object',
      required: ['id', 'state'],
      properties: { id: { type: 'integer', readOnly: true }, state: { enum: ['paid', 'shipped'] } },
    },
  },
};

const shop = documentOf(
  {
    '/subscriptions': {
      post: {
        operationId: 'subscribe',
        requestBody: body({ type: 'object', properties: { url: { type: 'string' } } }),
        responses: { 204: {} },
        callbacks: {
          onOrder: {
            '{$request.body#/url}': {
              parameters: [{ name: 'attempt', in: 'query', required: true, schema: { type: 'integer' } }],
              post: { summary: 'An order has changed', requestBody: body(Order), responses: { 204: {} } },
            },
          },
        },
      },
    },
  },
  {
    webhooks: {
      'order.shipped': {
        post: {
          description: 'An order is on its way.',
          parameters: [
            { name: 'X-Signature', in: 'header', required: true, schema: { type: 'string', minLength: 3 } },
            { name: 'X-Attempt', in: 'header', schema: { type: 'integer' } },
          ],
          requestBody: body(Order),
          responses: { 204: {} },
        },
      },
      stockChanged: {
        put: {
          deprecated: true,
          requestBody: body({ type: 'object', required: ['sku'], properties: { sku: { type: 'string' } } }),
          responses: {},
        },
        delete: { responses: {} },
      },
    },
    components,
  },
);

interface Incoming {
  readonly method: string;
  readonly contentType?: string;
  readonly headers: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
}

const caller = `
import { callbacks, type Order, webhooks } from './index.ts';

export async function receive(request: Request): Promise<Order> {
  const { body, headers, method, contentType } = webhooks.orderShipped;
  const post: 'POST' = method;
  const json: 'application/json' = contentType;
  const signature: string = headers.parse(Object.fromEntries(request.headers))['x-signature'];
  console.log(post, json, signature);
  return body.parse(await request.json());
}
export const attempt: string = callbacks.subscribe.onOrder.query.parse({}).attempt;
// @ts-expect-error -- what is deleted has no body
webhooks.stockChangedDelete.body;
`;

describe('what comes to a server', () => {
  test('has schemas that parse it', async () => {
    const { module, problems } = await loaded(shop);
    expect(problems).toEqual([]);
    const { orderShipped, stockChangedPut, stockChangedDelete } = module.webhooks as Record<string, Incoming>;
    expect(orderShipped).toMatchObject({ method: 'POST', contentType: 'application/json' });
    expect(orderShipped?.body.parse({ id: 1, state: 'shipped' })).toEqual({ id: 1, state: 'shipped' });
    expect(orderShipped?.body.safeParse({ id: 1, state: 'lost' }).success).toBe(false);
    expect(
      orderShipped?.headers.safeParse({ 'x-signature': 'abc', 'x-attempt': '2', host: 'a' }).success,
    ).toBe(true);
    expect(orderShipped?.headers.safeParse({ 'x-signature': 'a' }).success).toBe(false);
    expect(stockChangedPut?.body.safeParse({}).success).toBe(false);
    expect(stockChangedDelete).toEqual({ method: 'DELETE' });
    const { subscribe } = module.callbacks as Record<string, Record<string, Incoming>>;
    expect(subscribe?.onOrder?.query.parse({ attempt: '1' })).toEqual({ attempt: '1' });
    expect(subscribe?.onOrder?.body.parse({ id: 1, state: 'paid' })).toEqual({ id: 1, state: 'paid' });
  });

  test('is typed, and says what the document says of it', { timeout: 120_000 }, async () => {
    const { folder, text } = await generated(shop);
    expect(diagnosticsOf(folder, caller)).toEqual([]);
    expect(text).toContain('/** An order is on its way. */');
    expect(text).toContain('Sent to `{$request.body#/url}`.');
    expect(text).toMatch(/@deprecated \*\/\n {2}stockChangedPut/);
    const split = await generated(shop, { split: 'tag' });
    expect(split.written).toContain('webhooks.ts');
    expect(diagnosticsOf(split.folder, caller)).toEqual([]);
  });

  test('is parsed by a server of Node', async () => {
    const { module } = await loaded(shop);
    const { orderShipped } = module.webhooks as Record<string, Incoming>;
    const server = createServer(async (request, response) => {
      const headers = orderShipped?.headers.safeParse(request.headers);
      const parsed = orderShipped?.body.safeParse(await jsonOf(request));
      response.writeHead(headers?.success && parsed?.success ? 204 : 400).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const send = async (order: object, headers: Record<string, string>) => {
      const { port } = server.address() as AddressInfo;
      const init = { method: 'POST', headers, body: JSON.stringify(order) };
      return (await fetch(`http://127.0.0.1:${port}`, init)).status;
    };
    try {
      expect(await send({ id: 1, state: 'paid' }, { 'X-Signature': 'abc' })).toBe(204);
      expect(await send({ id: 1, state: 'paid' }, {})).toBe(400);
      expect(await send({ id: 1 }, { 'X-Signature': 'abc' })).toBe(400);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('is chosen as operations are, and callbacks go with theirs', async () => {
    const tagged = structuredClone(shop) as { webhooks: Record<string, { post?: { tags?: string[] } }> };
    Object.assign(tagged.webhooks['order.shipped']?.post ?? {}, { tags: ['orders'] });
    const { module } = await loaded(tagged, { include: ['tag:orders'] });
    expect(Object.keys(module.webhooks as object)).toEqual(['orderShipped']);
    expect(module).not.toHaveProperty('callbacks');
    expect(await loaded(tagged, { exclude: ['tag:orders'] })).toHaveProperty(
      'module.callbacks.subscribe.onOrder',
    );
  });

  test('of forms, texts and bytes, and by names that are taken', async () => {
    const post = (type: string, schema: object = {}) => ({
      post: { requestBody: body(schema, type), responses: {} },
    });
    const { module, problems, text } = await loaded(
      documentOf(
        {},
        {
          webhooks: {
            form: post('application/x-www-form-urlencoded', {
              type: 'object',
              required: ['a'],
              properties: { a: { type: 'string' } },
            }),
            file: post('application/pdf'),
            'a-b': post('text/plain', { type: 'string' }),
            a_b: post('application/json'),
            "x'; globalThis.hacked = 1; '": post('application/json'),
          },
          components: { schemas: { Webhooks: { type: 'object' } } },
        },
      ),
    );
    const webhooks = module.webhooks as Record<string, Incoming>;
    expect(Object.keys(webhooks)).toEqual(['form', 'file', 'aB', 'aB2', 'xGlobalThisHacked1']);
    expect(webhooks.form?.body.safeParse({}).success).toBe(false);
    expect(webhooks.file).toEqual({ method: 'POST', contentType: 'application/pdf' });
    expect(problems.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'The name aB is taken already.',
        'What comes as application/pdf is not looked into.',
      ]),
    );
    expect(globalThis).not.toHaveProperty('hacked');
    expect(text).toContain('defineContract({})');
  });

  test('does not change what a document without it is generated to', async () => {
    const { text, problems } = await generated(operationOf({ callbacks: {} }));
    expect(text).not.toMatch(/webhooks|callbacks/);
    expect(problems).toEqual([]);
  });
});
