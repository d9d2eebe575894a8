import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type GenerateOptions, verify } from '../../src/generator/index.ts';
import { run, runIn } from './run-command.ts';
import { documentOf, generated, workFolder } from './support.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A part of everything that schemas are printed as. */
const schemas = {
  Ticket: {
    type: 'object',
    required: ['id', 'state', 'created', 'number'],
    properties: {
      id: { type: 'string', format: 'uuid', readOnly: true },
      state: { enum: ['open', 'closed', null] },
      created: { type: 'string', format: 'date-time' },
      number: { type: 'integer', format: 'int64' },
      parent: { $ref: '#/components/schemas/Ticket' },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      place: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], minItems: 2 },
      free: { type: 'object' },
      inner: { type: 'object', properties: { note: { type: ['string', 'null'], maxLength: 9 } } },
      any: {},
    },
  },
  Pet: {
    oneOf: [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }],
    discriminator: { propertyName: 'kind', mapping: { cat: 'Cat', dog: 'Dog' } },
  },
  Cat: {
    type: 'object',
    required: ['kind'],
    properties: { kind: { const: 'cat' }, lives: { type: 'integer' } },
  },
  Dog: {
    allOf: [
      { type: 'object', required: ['kind'], properties: { kind: { const: 'dog' } } },
      { not: { required: ['lives'] } },
    ],
  },
  Counts: {
    type: 'object',
    properties: { total: { type: 'integer' } },
    additionalProperties: { type: 'integer' },
  },
};
const content = (schema: object) => ({ 'application/json': { schema } });
const all = {
  type: 'object',
  properties: Object.fromEntries(
    Object.keys(schemas).map(name => [name, { $ref: `#/components/schemas/${name}` }]),
  ),
};
const document = documentOf(
  {
    '/all': {
      post: {
        operationId: 'all',
        tags: ['all'],
        requestBody: { content: content(all) },
        responses: { 200: { content: content(all) } },
      },
    },
  },
  { components: { schemas } },
);

/** With the package where the output looks for it. */
async function written(options: Partial<GenerateOptions> = {}, of = document): Promise<string> {
  const folder = await workFolder();
  await mkdir(join(folder, 'node_modules'));
  await symlink(root, join(folder, 'node_modules/holdfast'), 'junction');
  await generated(of, { ...options, output: join(folder, 'api') });
  return join(folder, 'api');
}

describe('verify', { timeout: 120_000 }, () => {
  test.each<Partial<GenerateOptions>>([
    {},
    { dates: 'Date', int64: 'bigint', enums: 'open', split: 'tag' },
    { emit: 'js', examples: true },
    { emit: 'js', dates: 'Date', int64: 'bigint', enums: 'open', split: 'tag' },
  ])('finds nothing in what is generated with %o', async options => {
    const output = await written(options);
    const { schemas: count, disagreements } = await verify(output);
    expect(disagreements).toEqual([]);
    expect(count).toBeGreaterThan(6);
    expect(await readdir(dirname(output))).toEqual(['api', 'node_modules']);
  });

  test('finds what is changed by hand', async () => {
    const more = 'Its schema lets pass what its type does not allow.';
    const less = 'Its type allows what its schema never gives.';
    // Each is done to a schema of its own.
    const changes: [what: string, to: string, message: string][] = [
      ['  id: string;', '  id: number;', more],
      ['  id: string;', '  id: string;\n  more: string;', more],
      ['  id: string;', '  id?: string;', less],
      ["'open' | 'closed' | null", "'open' | null", more],
      ["'open' | 'closed' | null", "'open' | 'closed' | 'x' | null", less],
      ['note?: string | null | undefined', 'note?: string | undefined', more],
      ['note?: string | null | undefined', 'note?: string | number | null | undefined', less],
    ];
    const part = {
      type: 'object',
      required: ['id', 'state'],
      properties: {
        id: { type: 'string' },
        state: { enum: ['open', 'closed', null] },
        inner: { type: 'object', properties: { note: { type: ['string', 'null'], maxLength: 9 } } },
      },
    };
    const names = changes.map((_, index) => `Part${index}`);
    const properties = Object.fromEntries(
      names.map(name => [name, { $ref: `#/components/schemas/${name}` }]),
    );
    const responses = { 200: { content: content({ type: 'object', properties }) } };
    const output = await written(
      {},
      documentOf(
        { '/parts': { get: { responses } } },
        { components: { schemas: Object.fromEntries(names.map(name => [name, part])) } },
      ),
    );
    let text = await readFile(join(output, 'index.ts'), 'utf8');
    for (const [index, [from, to]] of changes.entries()) {
      const start = text.indexOf(`export interface Part${index} `);
      const broken = text.slice(0, start) + text.slice(start).replace(from, to);
      expect(broken).not.toBe(text);
      text = broken;
    }
    await writeFile(join(output, 'index.ts'), text);
    const { disagreements } = await verify(output);
    for (const [index, [, to, message]] of changes.entries()) {
      const found = disagreements.filter(({ name }) => name === `Part${index}`);
      expect(
        found.map(it => it.message.split('\n')[0]),
        to,
      ).toContain(message);
    }
  });

  test('finds what is changed by hand in either half of a pair', async () => {
    const output = await written({ emit: 'js' });
    const change = async (name: string, from: string, to: string) => {
      const text = await readFile(join(output, name), 'utf8');
      expect(text).toContain(from);
      await writeFile(join(output, name), text.replace(from, to));
    };
    await change('index.d.ts', "kind: 'cat';", "kind: 'tiger';");
    await change('index.js', "z.enum(['open', 'closed'])", "z.enum(['open', 'shut'])");
    await change('index.js', "method: 'POST'", "method: 'PUT'");
    await change('index.js', 'export const Counts =', 'const Counts =');
    const { disagreements } = await verify(output);
    const names = disagreements.map(({ name, message }) => name ?? message.split(':')[0]);
    expect(new Set(names)).toEqual(new Set(['Cat', 'TicketInput', 'index.js does not compile']));
    expect(disagreements.map(({ message }) => message).join()).toMatch(
      /'undefined' is not assignable[\s\S]*'"PUT"' is not assignable/,
    );
  });

  test('asks for a compiler where there is none, and for an output', async () => {
    const bare = await mkdtemp(join(tmpdir(), 'holdfast-verify-'));
    onTestFinished(() => rm(bare, { recursive: true }));
    await writeFile(join(bare, 'api.json'), JSON.stringify(documentOf({})));
    expect(await runIn(bare, 'generate', 'api.json', '-o', 'api', '--verify')).toMatchObject({
      code: 1,
      err: expect.stringContaining('npm install --save-dev typescript'),
    });
    await expect(verify(join(await workFolder(), 'no'))).rejects.toThrow('has nothing to verify');
  });
});

test('holdfast generate --verify says that all agree', { timeout: 120_000 }, async () => {
  const folder = await written();
  const input = join(dirname(folder), 'openapi.json');
  await writeFile(input, JSON.stringify(document));
  const { code, out } = await run('generate', input, '-o', folder, '--verify');
  expect({ code, out }).toMatchObject({
    code: 0,
    out: expect.stringMatching(/Schemas and types agree: \d+ schemas verified\.\n$/),
  });
});

test('the compiler that it needs is an optional peer of the package, in all versions that it is tested with', async () => {
  const manifest = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8'));
  const { peerDependencies, peerDependenciesMeta } = await manifest('package.json');
  expect(peerDependencies.typescript).toBe('>=5.9');
  expect(peerDependenciesMeta.typescript).toEqual({ optional: true });
  const compilers = 'test/generator/compilers';
  const tested = (await readdir(join(root, compilers))).map(
    name => `${compilers}/${name}/node_modules/typescript/package.json`,
  );
  for (const path of [...tested, 'node_modules/typescript/package.json']) {
    const { version } = await manifest(path);
    const [major, minor] = version.split('.').map(Number);
    expect(major > 5 || minor >= 9).toBe(true);
  }
});
