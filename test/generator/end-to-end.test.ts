import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi, type StatusError, type ValidationError } from '../../src/contract/index.ts';
import { diagnosticsOf, documentOf, generated, importFrom } from './support.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

const document = documentOf(
  {
    '/tickets/{id}': {
      get: {
        operationId: 'get_ticket',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
          { name: 'expand', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
        ],
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Ticket' } } } },
          404: { $ref: '#/components/responses/Problem' },
        },
      },
    },
    '/tickets': {
      get: {
        operationId: 'list_tickets',
        parameters: [{ name: 'cursor', in: 'query', schema: { type: 'string' } }],
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Page' } } } },
        },
      },
      post: {
        operationId: 'create_ticket',
        parameters: [{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string' } }],
        requestBody: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': {
              schema: {
                type: 'object',
                required: ['title'],
                properties: {
                  title: { type: 'string' },
                  metadata: { type: 'object', additionalProperties: { type: 'string' } },
                },
              },
              encoding: { metadata: { style: 'deepObject', explode: true } },
            },
          },
        },
        responses: {
          201: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Ticket' } } } },
        },
      },
    },
  },
  {
    components: {
      responses: {
        Problem: {
          content: {
            'application/problem+json': {
              schema: { type: 'object', properties: { title: { type: 'string' } } },
            },
          },
        },
      },
      schemas: {
        Ticket: {
          type: 'object',
          required: ['id', 'title'],
          properties: {
            id: { type: 'integer' },
            title: { type: 'string' },
            parent: { $ref: '#/components/schemas/Ticket' },
          },
        },
        Page: {
          type: 'object',
          required: ['items'],
          properties: {
            items: { type: 'array', items: { $ref: '#/components/schemas/Ticket' } },
            next_cursor: { type: ['string', 'null'] },
          },
        },
        Unused: { type: 'object', properties: { secret: { type: 'string' } } },
      },
    },
  },
);

const caller = `
import { createApi } from 'holdfast/contract';
import { contract } from './index.ts';

const api = createApi(contract, { baseUrl: 'https://tickets.test' });
export const title: Promise<string> = api.getTicket({ params: { id: 1 }, query: { expand: ['parent'] } }).then(it => it.title);
export const parent = api.getTicket({ params: { id: 1 } }).then(it => it.parent?.parent?.id.toFixed());
// @ts-expect-error -- the id is a number
api.getTicket({ params: { id: 'a' } });
// @ts-expect-error -- there is no such parameter
api.getTicket({ params: { id: 1 }, query: { expnad: ['parent'] } });
// @ts-expect-error -- the path has no such parameter
api.getTicket({ params: { id: 1, other: 1 } });
for await (const ticket of api.listTickets.items()) ticket.title.trim();
const result = await api.getTicket.safe({ params: { id: 1 } });
if (result.status === 404) result.data.title?.trim();
`;

const ticket = { id: 1, title: 'Lost', parent: { id: 2, title: 'Found' }, unknown: true };
const requests: string[] = [];
const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '', 'http://localhost');
  let body = '';
  for await (const chunk of request) body += chunk;
  requests.push(`${request.method} ${decodeURIComponent(request.url ?? '')} ${decodeURIComponent(body)}`);
  const send = (status: number, value: object, type = 'application/json') =>
    response.writeHead(status, { 'Content-Type': type }).end(JSON.stringify(value));
  if (request.method === 'POST') {
    if (!request.headers['idempotency-key']) return send(400, {});
    return send(201, ticket);
  }
  if (url.pathname === '/tickets/404') return send(404, { title: 'None' }, 'application/problem+json');
  if (url.pathname === '/tickets/500') return send(200, { id: 'x' });
  if (url.pathname !== '/tickets') return send(200, ticket);
  return url.searchParams.has('cursor')
    ? send(200, { items: [ticket], next_cursor: null })
    : send(200, { items: [ticket, ticket], next_cursor: 'next' });
});

beforeAll(() => new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

describe('a generated contract', () => {
  test('is right by its types, as is what calls it', { timeout: 120_000 }, async () => {
    const { folder, problems } = await generated(document);
    expect(problems).toEqual([]);
    expect(diagnosticsOf(folder, caller)).toEqual([]);
  });

  test('is as the formatter would have it, and holds what is used', async () => {
    const { folder, text } = await generated(document);
    expect(text).not.toContain('Unused');
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
    const formatted = await new Promise<string>((resolve, reject) => {
      const args = [biome, 'format', '--vcs-enabled=false', '--stdin-file-path', 'index.ts'];
      const child = execFile(process.execPath, args, { cwd: root, maxBuffer: 1e8 }, (error, out) =>
        error ? reject(error) : resolve(out),
      );
      child.stdin?.end(text);
    });
    expect(formatted).toBe(text);
    expect(folder).toBeDefined();
  });

  test('calls the service', async () => {
    const { contract } = await importFrom((await generated(document)).folder);
    const { port } = server.address() as AddressInfo;
    // biome-ignore lint/suspicious/noExplicitAny: its types are looked at above.
    const api = createApi(contract as never, { baseUrl: `http://127.0.0.1:${port}` }) as any;

    expect(await api.getTicket({ params: { id: 1 }, query: { expand: ['a', 'b'] } })).toEqual(ticket);
    expect(await api.createTicket({ body: { title: 'Lost', metadata: { team: 'red' } } })).toEqual(ticket);
    const titles: string[] = [];
    for await (const { title } of api.listTickets.items()) titles.push(title);
    expect(titles).toEqual(['Lost', 'Lost', 'Lost']);
    expect(requests).toEqual([
      'GET /tickets/1?expand=a&expand=b ',
      'POST /tickets title=Lost&metadata[team]=red',
      'GET /tickets ',
      'GET /tickets?cursor=next ',
    ]);

    const missing: StatusError = await api
      .getTicket({ params: { id: 404 } })
      .catch((error: unknown) => error);
    expect(missing).toMatchObject({ status: 404, data: { title: 'None' }, isDeclared: true });
    const wrong: ValidationError = await api
      .getTicket({ params: { id: 500 } })
      .catch((error: unknown) => error);
    expect(wrong).toMatchObject({ direction: 'response', part: 'body' });
  });
});
