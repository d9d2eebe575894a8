import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GenerationError, generate, problemText } from '../../src/generator/index.ts';
import { documentOf, generated, importFrom, loaded, operationOf, workFolder } from './support.ts';

const endpointOf = (operationId: string, more: object = {}) => ({
  get: { operationId, responses: { 200: { content: { 'application/json': { schema: {} } } } }, ...more },
});
const three = documentOf({
  '/a': endpointOf('a', { tags: ['First things'] }),
  '/b': endpointOf('b', { tags: ['index'], deprecated: true }),
  '/c': endpointOf('c'),
});

/** All files of a folder. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async name => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

describe('the output', () => {
  test('is the same for the same document', async () => {
    const [one, other] = [await generated(three), await generated(three)];
    expect(await filesIn(one.folder)).toEqual(await filesIn(other.folder));
  });

  test('names the document and its hash, and no time', async () => {
    const [header] = (await generated(three)).text.split('\n');
    expect(header).toMatch(
      /^\/\/ Made by holdfast generate from openapi\.yaml \(SHA-256 [0-9a-f]{32}\): what is changed here is lost\.$/,
    );
  });

  test('changes little for a small change', async () => {
    const before = (await generated(three)).text.split('\n');
    const paths = (three as { paths: object }).paths;
    const after = (await generated({ ...three, paths: { ...paths, '/d': endpointOf('d') } })).text.split(
      '\n',
    );
    const gone = before.filter(line => !after.includes(line));
    expect(gone).toEqual([before[0]]);
    expect(after.length - before.length).toBeLessThan(15);
  });

  test('has the names of the document: an operation and a schema may differ in case alone', async () => {
    const schema = { $ref: '#/components/schemas/CreateUser' };
    const { module, problems } = await loaded({
      ...(three as object),
      paths: {
        '/users': {
          post: {
            operationId: 'createUser',
            requestBody: { required: true, content: { 'application/json': { schema } } },
            responses: { 201: {} },
          },
        },
      },
      components: {
        schemas: {
          CreateUser: { type: 'object', properties: { text: { $ref: '#/components/schemas/Error' } } },
          Error: { type: 'object' },
        },
      },
    });
    expect(Object.keys(module)).toEqual(expect.arrayContaining(['createUser', 'CreateUser', 'Error']));
    expect(problems).toEqual([]);
  });

  test('is a file for each tag, on request, all of which the index has', async () => {
    const result = await loaded(three, { split: 'tag' });
    expect(result.written.filter(name => name !== 'schemas.ts')).toEqual([
      'first-things.ts',
      'index-2.ts',
      'other.ts',
      'index.ts',
    ]);
    expect(Object.keys(result.contract)).toEqual(['a', 'b', 'c']);
    expect(result.module.a).toBe(result.contract.a);
  });

  test('has the operations that were chosen, in the order of the document', async () => {
    const chosen = async (include: string[], exclude: string[] = []) =>
      Object.keys((await loaded(three, { include, exclude })).contract);
    expect(await chosen(['path:/c', 'tag:first*'])).toEqual(['c']);
    expect(await chosen(['path:/c', 'tag:First*'])).toEqual(['a', 'c']);
    expect(await chosen([], ['deprecated'])).toEqual(['a', 'c']);
    expect(await chosen(['method:get'], ['id:a'])).toEqual(['b', 'c']);
  });

  test('is of the document as it was patched', async () => {
    const { contract } = await loaded(three, {
      patch(document) {
        const { paths } = document as { paths: Record<string, unknown> };
        delete paths['/a'];
      },
    });
    expect(Object.keys(contract)).toEqual(['b', 'c']);
  });

  test('may have nothing in it', async () => {
    const { contract, problems } = await loaded(documentOf({}));
    expect(contract).toEqual({});
    expect(problems.map(problem => problemText(problem))[0]).toContain('There is no operation.');
  });
});

describe('the folder', () => {
  test('is not touched where nothing changes, and loses what is of no use any more', async () => {
    const output = join(await workFolder(), 'deep/api');
    const first = await generated(three, { output, split: 'tag' });
    expect(first.isStale).toBe(true);
    await utimes(join(output, 'other.ts'), 1, 1);
    const { paths } = three as { paths: Record<string, object> };
    const { '/b': _, ...others } = paths;
    const second = await generated({ ...three, paths: others }, { output, split: 'tag' });
    expect(second).toMatchObject({ written: ['index.ts'], removed: ['index-2.ts'] });
    expect((await stat(join(output, 'other.ts'))).mtimeMs).toBe(1000);
    expect(await readdir(join(output, '..'))).toEqual(['api']);
  });

  test('is only looked at by a check', async () => {
    const { folder } = await generated(three);
    const before = await filesIn(folder);
    expect(await generated(three, { output: folder, check: true })).toMatchObject({ isStale: false });
    const changed = await generated(documentOf({ '/a': endpointOf('z') }), { output: folder, check: true });
    expect(changed).toMatchObject({ isStale: true, written: ['index.ts'] });
    expect(await filesIn(folder)).toEqual(before);
    const nowhere = join(await workFolder(), 'api');
    expect(await generated(three, { output: nowhere, check: true })).toMatchObject({ isStale: true });
    await expect(readdir(nowhere)).rejects.toThrow('ENOENT');
  });

  test('is refused with anything that is not ours in it, which stays as it was', async () => {
    const output = join(await workFolder(), 'src');
    await mkdir(output);
    await writeFile(join(output, 'index.ts'), 'export const mine = 1;\n');
    await expect(generated(three, { output })).rejects.toThrow(
      /holds index\.ts, which was not made by holdfast/,
    );
    expect(await filesIn(output)).toEqual({ 'index.ts': 'export const mine = 1;\n' });
  });
});

describe('a document', () => {
  test.each([
    ['of Swagger 2.0', { swagger: '2.0', paths: {} }, 'Convert it to OpenAPI 3 first'],
    ['of no version', { paths: {} }, 'no member `openapi`'],
    ['of another version', { openapi: '4.0.0', paths: {} }, 'is OpenAPI "4.0.0"'],
    ['that is a list', [], 'no member `openapi`'],
    [
      'that is broken',
      'openapi: 3.0.0\npaths: [1, 2\ninfo: {',
      /openapi\.yaml:\d+:\d+ is neither YAML nor JSON/,
    ],
  ])('%s is refused', async (_, document, message) => {
    await expect(generated(document)).rejects.toThrow(GenerationError);
    await expect(generated(document)).rejects.toThrow(message);
  });

  test('may be UTF-16', async () => {
    const folder = await workFolder();
    const [input, output] = [join(folder, 'openapi.json'), join(folder, 'api')];
    const text = Buffer.from(`\ufeff${JSON.stringify(three)}`, 'utf16le');
    for (const bytes of [text, Buffer.from(text).swap16()]) {
      await writeFile(input, bytes);
      expect(await generate({ input, output })).toMatchObject({ operations: 3 });
    }
  });

  test('that refers to what is not there is refused, with both ends named, and nothing is written', async () => {
    const folder = await workFolder();
    await writeFile(join(folder, 'broken.yaml'), 'a: 1\nb: [');
    await writeFile(join(folder, 'there.json'), '{}');
    const output = join(folder, 'api');
    const said = async (reference: string) => {
      const body = { 'application/json': { schema: { type: 'array', items: { $ref: reference } } } };
      const input = join(folder, 'openapi.json');
      const document = operationOf({ responses: { 200: { content: body } } });
      await writeFile(input, JSON.stringify(document, null, 2));
      const error = await generate({ input, output }).catch(error => error);
      expect(error).toBeInstanceOf(GenerationError);
      return error.message;
    };
    expect(await said('#/components/schemas/Ticket')).toMatch(
      /openapi\.json:\d+:\d+ error: The reference "#\/components\/schemas\/Ticket" leads nowhere: openapi\.json has no #\/components\/schemas\/Ticket\.\n {2}at #\/paths.*\n.*\n *\^/,
    );
    expect(await said('there.json#/a')).toContain('leads nowhere: there.json has no #/a.');
    expect(await said('schemas/a.json')).toContain('leads nowhere: schemas/a.json is not there.');
    expect(await said('broken.yaml')).toMatch(/broken\.yaml, which is neither YAML nor JSON \(\d:\d\): /);
    await expect(readdir(output)).rejects.toThrow('ENOENT');
  });

  test('may have what looks like a reference in an example', async () => {
    const content = { 'application/json': { example: { $ref: 'nowhere.json' } } };
    const { problems } = await generated(operationOf({ responses: { 200: { content } } }));
    expect(problems).toEqual([]);
  });

  test('that is not there is refused', async () => {
    const options = { input: '/nowhere/openapi.yaml', output: '/nowhere/api' };
    await expect(generate(options)).rejects.toThrow('/nowhere/openapi.yaml is not there.');
  });

  test.each(['3.0.3', '3.1.0', '3.2.0', 3.1])('of %s is taken', async openapi => {
    const { contract } = await loaded({ ...three, openapi });
    expect(Object.keys(contract)).toEqual(['a', 'b', 'c']);
  });

  test('of 3.2 may have other methods', async () => {
    const { contract } = await loaded(
      documentOf({
        '/a': { query: endpointOf('q').get, additionalOperations: { COPY: endpointOf('copy').get } },
      }),
    );
    expect(contract.q?.options.method).toBe('QUERY');
    expect(Object.keys(contract)).toEqual(['q']);
  });
});

test.each([
  [{ input: 'a', output: 'b', inputs: 'c' }, '`inputs`'],
  [{ input: 'a' }, '`output` is missing'],
  [{ input: 'a', output: 'b', dates: 'Moment' }, '`dates` should be one of'],
  [{ input: 'a', output: 'b', include: ['users'] }, 'tag:…'],
])('options %o are refused', async (options, message) => {
  await expect(generate(options as never)).rejects.toThrow(TypeError);
  await expect(generate(options as never)).rejects.toThrow(message);
});

test('a member that is there twice is told of with its place', async () => {
  const twice = `openapi: 3.1.0
paths:
  /users: { get: { responses: { 200: {} } } }
  /users: { post: { responses: { 200: {} } } }
`;
  const { problems, operations } = await generated(twice);
  expect(operations).toBe(1);
  expect(problems.map(problemText)).toEqual([
    expect.stringMatching(
      /^openapi.yaml:4:\d+ warning: The member "\/users" is there twice\. The last one counts\./,
    ),
  ]);
});

describe('a hostile document', () => {
  const evil = [
    "'; globalThis.hacked = 1; '",
    '*/ globalThis.hacked = 1; /*',
    ['`', '{globalThis.hacked = 1}`'].join('$'),
    '\n globalThis.hacked = 1 //',
    '\u2028globalThis.hacked = 1',
    '"+(globalThis.hacked=1)+"',
    '__proto__',
    'constructor',
    '../../../etc/passwd',
  ];

  test.each(evil)('with %j everywhere runs nothing', async text => {
    const document = {
      openapi: '3.1.0',
      info: { title: text, version: text, description: text },
      servers: [{ url: text, description: text, variables: { [text]: { default: text } } }],
      components: { securitySchemes: { [text]: { type: 'apiKey', in: text, name: text } } },
      paths: {
        [`/${text}/{${text}}`]: {
          post: {
            operationId: text,
            summary: text,
            description: text,
            deprecated: text,
            tags: [text],
            parameters: ['path', 'query', 'header', 'cookie', text].map(place => ({
              name: text,
              in: place,
              description: text,
              style: text,
              explode: text,
              schema: { type: 'string' },
            })),
            requestBody: { content: { [text]: { schema: {} }, [`application/${text}`]: { schema: {} } } },
            responses: {
              [text]: {},
              200: { headers: { [text]: { schema: {} } }, content: { [text]: { schema: {} } } },
            },
            'x-pagination': { cursor: text, param: text, items: text },
            'x-idempotent': text,
          },
        },
        '/fine': { get: { operationId: `fine ${text}`, tags: [text], responses: { 204: {} } } },
      },
    };
    for (const split of [undefined, 'tag'] as const)
      for (const emit of ['ts', 'js'] as const) {
        const { folder } = await generated(document, { emit, ...(split && { split }) });
        for (const name of await readdir(folder)) expect(name).toMatch(/^[a-z0-9-]+\.(?:ts|js|d\.ts)$/);
        const { contract } = await importFrom(folder, `index.${emit}`);
        expect(Object.keys(contract as object)).not.toEqual([]);
      }
    expect(globalThis).not.toHaveProperty('hacked');
  });

  test('whose references lead outside reads nothing there', async () => {
    const secret = join(await workFolder(), 'secret.json');
    await writeFile(secret, JSON.stringify({ get: { operationId: 'secret' } }));
    const { text, problems } = await loaded(documentOf({ '/a': { $ref: secret }, '/b': endpointOf('b') }));
    expect(text).not.toContain('secret');
    expect(problems.map(({ message }) => message).join()).toContain("outside the document's folder");
  });

  test('that refers to itself ends', async () => {
    const { contract } = await loaded({
      ...operationOf({ responses: { 200: { $ref: '#/components/responses/a' } } }),
      components: { responses: { a: { $ref: '#/components/responses/a' } } },
    });
    expect(Object.keys(contract)).toEqual(['it']);
  });
});
