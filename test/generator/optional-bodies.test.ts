import { setupServer } from 'msw/node';
import { describe, expect, test } from 'vitest';
import { type Contract, createApi } from '../../src/contract/index.ts';
import { mockHandlers } from '../../src/testing/msw/index.ts';
import { diagnosticsOf, documentOf, generated, importFrom, operationOf, optionsOf } from './support.ts';

const post = (operationId: string, requestBody: object) => ({
  post: { operationId, requestBody, responses: { 204: {} } },
});
const content = (schema: object, type = 'application/json') => ({ content: { [type]: { schema } } });
const Note = { $ref: '#/components/schemas/Note' };

const document = documentOf(
  {
    '/named': post('named', content(Note)),
    '/inline': post(
      'inline',
      content({ type: 'object', required: ['a'], properties: { a: { type: 'string' } } }),
    ),
    '/count': post('count', content({ type: 'integer', format: 'int32' })),
    '/form': post('ofForm', content(Note, 'application/x-www-form-urlencoded')),
    '/text': post('ofText', content({ type: 'string' }, 'text/plain')),
    '/any': post('ofAny', { content: { 'application/json': {} } }),
    '/asked': post('asked', { required: true, ...content(Note) }),
  },
  {
    components: {
      schemas: { Note: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } },
    },
  },
);

const caller = `
import { createApi } from 'holdfast/contract';
import { contract } from './index.ts';

const api = createApi(contract, { baseUrl: 'https://notes.test' });
api.named();
api.named({});
api.named({ body: { text: 'a' } });
api.named({ body: undefined });
// @ts-expect-error -- a note has a text
api.named({ body: {} });
api.inline();
// @ts-expect-error -- it is a text
api.inline({ body: { a: 1 } });
api.count({ body: 1 });
// @ts-expect-error -- it is a number
api.count({ body: '1' });
api.ofForm();
api.ofText();
api.ofText({ body: 'a' });
api.ofAny();
// @ts-expect-error -- this one is asked for
api.asked();
`;

describe('a body that the document does not ask for', () => {
  test('may be left out, by its types', { timeout: 120_000 }, async () => {
    const { folder, problems } = await generated(document);
    expect(problems).toEqual([]);
    expect(diagnosticsOf(folder, caller)).toEqual([]);
  });

  test('is not sent if it is left out, and checked if not', async () => {
    const { contract } = (await importFrom((await generated(document)).folder)) as { contract: Contract };
    const baseUrl = 'https://notes.test';
    const mocks = mockHandlers(contract, { baseUrl });
    const server = setupServer(...mocks);
    server.listen({ onUnhandledFrame: 'error' });
    try {
      // biome-ignore lint/suspicious/noExplicitAny: its types are looked at above.
      const api = createApi(contract as never, { baseUrl }) as any;
      for (const name of ['named', 'inline', 'count', 'ofForm', 'ofText', 'ofAny']) {
        await api[name]();
        const [{ request } = { request: undefined }] = mocks.on(name).requests as unknown as {
          request: Request;
        }[];
        expect(request?.headers.get('content-type'), name).toBeNull();
        expect(await request?.clone().text(), name).toBe('');
      }
      await api.ofForm({ body: { text: 'a b' } });
      const last = mocks.on('ofForm').requests.at(-1) as unknown as { request: Request; body: unknown };
      expect(last.body).toEqual({ text: 'a b' });
      expect((await api.named.safe({ body: {} })).error).toMatchObject({
        code: 'VALIDATION',
        direction: 'request',
      });
      expect((await api.asked.safe({})).error).toMatchObject({ code: 'VALIDATION', direction: 'request' });
      expect(mocks.refused).toEqual([]);
    } finally {
      server.close();
    }
  });

  test('of bytes is asked for, and told of', async () => {
    const { problems } = await optionsOf(
      operationOf({ requestBody: content({ type: 'string', format: 'binary' }, 'application/pdf') }, 'post'),
    );
    expect(problems).toEqual(['The body may be left out. It is asked for: an empty one is one of no bytes.']);
  });
});

describe('what no endpoint says', () => {
  test('stands above it, or is told of', async () => {
    const { text, problems } = await generated(
      operationOf({
        servers: [{ url: 'https://{region}.uploads.test', variables: { region: { default: 'eu' } } }],
        parameters: [{ name: 'path', in: 'query', allowReserved: true, schema: { type: 'string' } }],
        responses: { 200: { links: { next: { operationId: 'other' } } } },
      }),
    );
    expect(text).toContain(
      '/** Its server is `https://eu.uploads.test`: make an api of it with that as its `baseUrl`. */',
    );
    expect(problems.map(({ severity, message, instead }) => `${severity}: ${message} ${instead}`)).toEqual([
      'note: It has servers of its own. Its endpoint says which: a client calls all endpoints of a contract at one base URL.',
      'note: Nothing follows links. They are not written.',
      'note: Reserved characters may stand there as they are. They are encoded, so that no value leaves its place.',
    ]);
  });
});
