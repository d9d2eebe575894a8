import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { type GenerateOptions, generate } from '../../src/generator/index.ts';
import { corpus } from './corpus.ts';
import { everything } from './everything.ts';
import { cases, shared } from './schema/cases.ts';
import { formatted } from './schema/formatter.ts';
import { diagnosticsOf, documentOf, generated, importFrom, workFolder } from './support.ts';

const json = (schema: object) => ({ content: { 'application/json': { schema } } });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** Every schema that is known to be hard, of one operation. */
const hard: Record<string, unknown> = {
  ...shared,
  ...Object.fromEntries(cases.map(({ schema }, index) => [`Case${index}`, schema])),
};
const hardDocument = documentOf(
  {
    '/hard': {
      get: {
        operationId: 'hard',
        responses: {
          200: json({
            type: 'object',
            properties: Object.fromEntries(Object.keys(hard).map(name => [name, ref(name)])),
          }),
        },
      },
    },
  },
  { components: { schemas: hard } },
);
const payloads: readonly unknown[] = cases.flatMap(({ valid, invalid }) => [...valid, ...invalid]);

const other: Partial<GenerateOptions> = { split: 'tag', dates: 'Date', int64: 'bigint', enums: 'open' };
const forms = [
  ['in one module', {}],
  ['by tag', other],
] as const;

/** The same in both forms, beside each other. */
async function bothOf(document: object, options: Partial<GenerateOptions> = {}): Promise<[string, string]> {
  const folder = await workFolder();
  await generated(document, { ...options, output: join(folder, 'ts') });
  await generated(document, { ...options, output: join(folder, 'js'), emit: 'js' });
  return [join(folder, 'ts'), join(folder, 'js')];
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const read = names.map(async name => [name, await readFile(join(folder, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(read));
}

type Module = Readonly<Record<string, unknown>>;
type Schema = { safeParse(value: unknown): { success: boolean; data?: unknown } };
const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && '_zod' in value;

/** What a module exports, with names in the place of what it exports elsewhere. */
function described(module: Module): unknown {
  const names = new Map(Object.entries(module).map(([name, value]) => [value, name]));
  const inside = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const name = names.get(value);
    if (name !== undefined) return `<${name}>`;
    if (isSchema(value)) return `<${(value as unknown as { type: string }).type}>`;
    if (Array.isArray(value)) return value.map(inside);
    return members(value);
  };
  const members = (value: object) =>
    Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inside(member)]));
  return Object.fromEntries(
    Object.entries(module).map(([name, value]) => {
      if (typeof value === 'function') return [name, 'a function'];
      return [name, isSchema(value) ? '<schema>' : members(value as object)];
    }),
  );
}

/** What each schema of a module makes of each payload. */
const judged = (module: Module): unknown =>
  Object.fromEntries(
    Object.entries(module).flatMap(([name, schema]) =>
      isSchema(schema) ? [[name, payloads.map(payload => outcome(schema, payload))]] : [],
    ),
  );

function outcome(schema: Schema, payload: unknown): unknown {
  try {
    const { success, data } = schema.safeParse(payload);
    return success ? { data } : 'refused';
  } catch (error) {
    return String(error);
  }
}

/** The names that a module exports to the compiler, values and types. */
function exportsOf(file: string): string[] {
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noLib: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile);
  return checker
    .getExportsOfModule(symbol as ts.Symbol)
    .map(({ name, flags }) => `${name} ${flags & ts.SymbolFlags.Type ? 'type' : ''}`)
    .sort();
}

describe('JavaScript with declarations', { timeout: 120_000 }, () => {
  test.each(forms)('is a pair in the place of each module: %s', async (_, options) => {
    const [typed, pairs] = await bothOf(everything, { ...options, examples: true });
    const modules = (await readdir(typed)).map(name => name.replace(/\.ts$/, ''));
    const expected = modules.flatMap(name => [`${name}.js`, `${name}.d.ts`]).sort();
    expect((await readdir(pairs)).sort()).toEqual(expected);
  });

  test.each(forms)('exports what TypeScript does, to the compiler as well: %s', async (_, options) => {
    const [typed, pairs] = await bothOf(everything, options);
    expect(exportsOf(join(pairs, 'index.d.ts'))).toEqual(exportsOf(join(typed, 'index.ts')));
    const [one, another] = [await importFrom(typed), await importFrom(pairs, 'index.js')];
    expect(described(another)).toEqual(described(one));
    expect(Object.keys(one).length).toBeGreaterThan(40);
  });

  test.each(forms)('states the same types: %s', async (_, options) => {
    const [typed, pairs] = await bothOf(everything, options);
    const names = exportsOf(join(typed, 'index.ts'));
    const lines = names.flatMap(exported => {
      const [name, isType] = exported.split(' ');
      const value = `same<typeof one.${name}, typeof other.${name}>(true);`;
      return isType ? [value, `same<one.${name}, other.${name}>(true);`] : [value];
    });
    const compared = `
      import type * as one from '../ts/index.ts';
      import type * as other from './index.js';
      type Is<A> = <T>() => T extends A ? 1 : 2;
      declare function same<A, B>(it: Is<A> extends Is<B> ? true : false): void;
      ${lines.join('\n')}
      // @ts-expect-error -- what is not the same is seen
      same<one.User, other.Pet>(true);
    `;
    expect(basename(typed)).toBe('ts');
    expect(diagnosticsOf(pairs, compared)).toEqual([]);
  });

  test.each(forms)('judges as TypeScript does: %s', async (_, options) => {
    const [typed, pairs] = await bothOf(hardDocument, options);
    const [one, another] = [await importFrom(typed), await importFrom(pairs, 'index.js')];
    expect(described(another)).toEqual(described(one));
    expect(judged(another)).toEqual(judged(one));
    expect(Object.keys(one).length).toBeGreaterThan(cases.length);
  });

  test.skipIf(!existsSync(corpus)).each(['fastapi-app.json', 'qdrant.json'])(
    'is the same of %s as TypeScript',
    async name => {
      const folder = await workFolder();
      const [typed, pairs] = [join(folder, 'ts'), join(folder, 'js')];
      await generate({ input: join(corpus, name), output: typed });
      await generate({ input: join(corpus, name), output: pairs, emit: 'js' });
      expect(exportsOf(join(pairs, 'index.d.ts'))).toEqual(exportsOf(join(typed, 'index.ts')));
      const [one, another] = [await importFrom(typed), await importFrom(pairs, 'index.js')];
      expect(described(another)).toEqual(described(one));
      expect(judged(another)).toEqual(judged(one));
    },
  );

  test.each(forms)('has docs and types in the declarations alone: %s', async (_, options) => {
    for (const document of [everything, hardDocument]) {
      const [, pairs] = await bothOf(document, { ...options, examples: true });
      for (const [name, text] of Object.entries(await filesIn(pairs))) {
        expect(text).toMatch(/^\/\/ Made by holdfast generate/);
        if (name.endsWith('.d.ts')) {
          expect(text).not.toMatch(/schema\(\(\)|@__PURE__/);
          continue;
        }
        expect(text).not.toMatch(/\/\*\*|import type|\btype \w|\binterface /);
        // Parsed as JavaScript, a type is a mistake.
        const { diagnostics } = ts.transpileModule(text, { fileName: name, reportDiagnostics: true });
        expect(diagnostics).toEqual([]);
      }
    }
  });

  test.each(forms)('is as the formatter would have it: %s', async (_, options) => {
    const operationId = `anOperation${'WithALongName'.repeat(4)}ForItself`;
    const long = documentOf({ '/': { get: { operationId, responses: { 204: {} } } } });
    for (const document of [documentOf({}), long, shop, hardDocument]) {
      const [, pairs] = await bothOf(document, { ...options, examples: true });
      for (const text of Object.values(await filesIn(pairs))) expect(formatted(text)).toBe(text);
    }
  });

  test('loads in Node by the name of the package', async () => {
    const folder = await workFolder();
    await mkdir(join(folder, 'node_modules'));
    const root = fileURLToPath(new URL('../../', import.meta.url));
    await symlink(root, join(folder, 'node_modules/holdfast'), 'junction');
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await generated(everything, { ...other, output: join(folder, 'api'), emit: 'js', examples: true });
    await writeFile(
      join(folder, 'main.js'),
      `import { contract, User } from './api/index.js';
       import './api/examples.js';
       const said = User.safeParse({ id: 1, name: '' });
       console.log(Object.keys(contract).length, contract.getUser.options.path, said.success);`,
    );
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(folder, 'main.js')]);
    expect({ stdout, stderr }).toEqual({ stdout: '14 /users/{id} false\n', stderr: '' });
  });

  test('says which file a tag has, if not that of its name', async () => {
    const get = { operationId: 'it', tags: ['index'], responses: { 204: {} } };
    const { problems } = await generated(documentOf({ '/': { get } }), { split: 'tag', emit: 'js' });
    expect(problems.map(({ message, instead }) => `${message} ${instead}`)).toEqual([
      'The file index.js is taken already. The tag "index" is in index-2.js.',
    ]);
  });
});

const shop = documentOf(
  {
    '/orders/{id}': {
      get: {
        operationId: 'getOrder',
        tags: ['orders'],
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
        responses: {
          200: json({
            type: 'object',
            required: ['id', 'items'],
            properties: {
              id: { type: 'integer' },
              state: { enum: ['open', 'paid'] },
              items: { type: 'array', items: ref('Item'), uniqueItems: true },
              placedAt: { type: 'string', format: 'date-time' },
            },
            examples: [
              {
                id: 1,
                state: 'paid',
                items: [{ name: 'pen', sizes: [-1.5, []] }],
                placedAt: '2026-01-03T00:00:00Z',
              },
            ],
          }),
          404: json(ref('Problem')),
        },
      },
    },
    '/items': {
      get: { operationId: 'listItems', tags: ['items'], responses: { 200: json(ref('Items')) } },
      post: {
        operationId: 'addItem',
        tags: ['items'],
        requestBody: { content: { 'multipart/form-data': { schema: ref('Item') } } },
        responses: { 200: { content: { 'text/csv': {}, 'image/png': {} } } },
      },
    },
  },
  {
    servers: [{ url: 'https://shop.test' }],
    webhooks: { 'item.sold': { post: { requestBody: json(ref('Sale')) } } },
    components: {
      schemas: {
        Item: {
          type: 'object',
          required: ['name'],
          properties: { name: { type: 'string' }, sizes: { type: 'array' } },
        },
        Items: { type: 'array', items: ref('Item') },
        Problem: { type: 'object', properties: { title: { type: 'string' } } },
        Sale: { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } },
      },
    },
  },
);

describe('a bundle', () => {
  const choices = (['ts', 'js'] as const).flatMap(emit =>
    forms.map(([form, options]) => [emit, form, options] as const),
  );
  test.each(choices)('of one operation, of %s %s, holds what it reaches', async (emit, _, options) => {
    const folder = await workFolder();
    // Of its own: that of the repository says that nothing has side effects, which here is for the code to say.
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await generated(shop, { ...options, output: join(folder, 'api'), emit, examples: true });
    const input = join(folder, 'main.js');
    await writeFile(input, `export { getOrder } from './api/index.${emit}';\n`);
    const bundle = await rolldown({
      input,
      external: ['holdfast/contract', 'zod'],
      resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    });
    const { output } = await bundle.generate({ format: 'esm', minify: false });
    const [{ code }] = output;
    expect(output).toHaveLength(1);
    const declared = [...code.matchAll(/^(?:const|let|var|function) (\w+)/gm)].map(([, name]) => name);
    const reached = ['GetOrderParams', 'GetOrderResponse', 'Item', 'Problem', 'areDistinct', 'getOrder'];
    expect(declared.sort()).toEqual([...reached, ...('dates' in options ? ['dateTime'] : [])].sort());
    expect(code).not.toMatch(/items'|\/items|multipart|defineContract|shop\.test|sold|\bpen\b/);
  });
});

describe('an output of the other form', () => {
  test.each(forms)('is the same each time, and up to date by a check: %s', async (_, options) => {
    const [first, second] = [await bothOf(everything, options), await bothOf(everything, options)];
    expect(await filesIn(first[1])).toEqual(await filesIn(second[1]));
    const again = await generated(everything, { ...options, output: first[1], emit: 'js', check: true });
    expect(again).toMatchObject({ isStale: false, written: [], removed: [] });
    const inTypes = await generated(everything, { ...options, output: first[1], check: true });
    expect(inTypes.isStale).toBe(true);
    expect(await filesIn(first[1])).toEqual(await filesIn(second[1]));
  });

  test.each(forms)('takes the place of what was there, and gives it back: %s', async (_, options) => {
    const asked = { ...options, examples: true };
    const [typed, pairs] = await bothOf(shop, asked);
    const [before, after] = [await filesIn(typed), await filesIn(pairs)];
    const there = await generated(shop, { ...asked, output: typed, emit: 'js' });
    expect([...there.written].sort()).toEqual(Object.keys(after));
    expect(there.removed).toEqual(Object.keys(before));
    expect(await filesIn(typed)).toEqual(after);
    const back = await generated(shop, { ...asked, output: typed });
    expect(back.removed).toEqual(Object.keys(after));
    expect(await filesIn(typed)).toEqual(before);
  });

  test('is not touched where it does not change', async () => {
    const [, output] = await bothOf(shop, { split: 'tag' });
    const asked = { split: 'tag', output, emit: 'js' } as const;
    for (const name of await readdir(output)) await utimes(join(output, name), 1, 1);
    // What is said of an operation is in its declarations alone.
    const said = structuredClone(shop) as { paths: Record<string, Record<string, object>> };
    Object.assign(said.paths['/items']?.get as object, { summary: 'All of them' });
    const { written } = await generated(said, asked);
    expect(written).toEqual(['items.d.ts', 'index.js', 'index.d.ts']);
    expect((await stat(join(output, 'items.js'))).mtimeMs).toBe(1000);
  });

  test.each(['index.js', 'index.d.ts', 'other.js'])('is not written over %s of somebody else', async name => {
    const output = join(await workFolder(), 'src');
    await mkdir(output);
    await writeFile(join(output, name), 'export const mine = 1;\n');
    await expect(generated(shop, { output, emit: 'js' })).rejects.toThrow(
      `holds ${name}, which was not made by holdfast`,
    );
    expect(await filesIn(output)).toEqual({ [name]: 'export const mine = 1;\n' });
  });
});

describe('examples', { timeout: 120_000 }, () => {
  test('have the values of TypeScript, and a type that fits the contract', async () => {
    const [typed, pairs] = await bothOf(shop, { examples: true });
    const values = await importFrom(pairs, 'examples.js');
    expect(values).toEqual(await importFrom(typed, 'examples.ts'));
    expect(await readFile(join(pairs, 'examples.d.ts'), 'utf8')).toContain(
      'export declare const examples: {',
    );
    const caller = `
      import { mockHandlers } from 'holdfast/testing/msw';
      import { examples } from './examples.js';
      import { contract } from './index.js';
      mockHandlers(contract, { baseUrl: 'https://shop.test', examples });
      export const id: number = examples.getOrder[200].example.id;
      // @ts-expect-error -- there is no example of this name
      examples.getOrder[200].lost;
    `;
    expect(diagnosticsOf(pairs, caller)).toEqual([]);
  });
});
