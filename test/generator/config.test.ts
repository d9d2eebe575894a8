import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/generator/config.ts';
import { type Run, runIn } from './run-command.ts';
import { documentOf, operationOf } from './support.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const holdfast = (...args: string[]): Promise<Run> => runIn(folder, ...args);

async function put(name: string, content: string | object): Promise<void> {
  await mkdir(dirname(at(name)), { recursive: true });
  await writeFile(at(name), typeof content === 'string' ? content : JSON.stringify(content));
}

beforeEach(async () => {
  // Not below node_modules, where Node strips no types.
  folder = await mkdtemp(join(tmpdir(), 'holdfast-config-'));
  await put('one.json', operationOf({ operationId: 'one' }));
  await put('two.json', operationOf({ operationId: 'two' }));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const two = {
  generate: [
    { input: 'one.json', output: 'api/one' },
    { input: 'two.json', output: 'api/two' },
  ],
};

describe('a configuration', () => {
  test('in JSON lists what is made', async () => {
    await put('holdfast.config.json', two);
    const { code, out } = await holdfast('generate');
    expect({ code, out: out.replace(/\d+\.\d s/g, '0.1 s') }).toEqual({
      code: 0,
      out: [
        'api/one: 1 operation, 0 schemas; 1 file written; 0 warnings, 0 notes; 0.1 s.',
        'api/two: 1 operation, 0 schemas; 1 file written; 0 warnings, 0 notes; 0.1 s.',
        '',
      ].join('\n'),
    });
    expect(await readFile(at('api/two/index.ts'), 'utf8')).toContain('export const two:');
  });

  test.each(['ts', 'mjs', 'js'])('in .%s may have functions', async ending => {
    await put('package.json', { type: 'module' });
    const type = ending === 'ts' ? ': any' : '';
    await put(
      `holdfast.config.${ending}`,
      `export default { generate: [{ input: 'one.json', output: 'api', patch(it${type}) { it.paths['/things'].get.operationId = 'patched'; } }] };`,
    );
    expect(await holdfast('generate')).toMatchObject({ code: 0, err: '' });
    expect(await readFile(at('api/index.ts'), 'utf8')).toContain('export const patched:');
  });

  test('has its type from the package', async () => {
    await mkdir(at('node_modules'));
    await symlink(fileURLToPath(new URL('../../', import.meta.url)), at('node_modules/holdfast'), 'junction');
    await put(
      'holdfast.config.mjs',
      "import { defineConfig } from 'holdfast/generator';\nexport default defineConfig({ generate: [{ input: 'one.json', output: 'api' }] });",
    );
    expect(await holdfast('generate')).toMatchObject({ code: 0, err: '' });
  });

  test('elsewhere has paths relative to itself', async () => {
    await put('sub/other.json', two);
    await put('sub/one.json', documentOf({}));
    await put('sub/two.json', documentOf({}));
    const { code, out } = await holdfast('generate', '--config', 'sub/other.json');
    expect(code).toBe(0);
    expect(out).toContain('sub/api/one: 0 operations');
  });

  test('gives way to what is on the command line', async () => {
    const dates = { get: { operationId: 'it', responses: { 200: { $ref: '#/components/responses/When' } } } };
    const schema = { type: 'string', format: 'date-time' };
    const components = { responses: { When: { content: { 'application/json': { schema } } } } };
    await put('dates.json', documentOf({ '/when': dates }, { components }));
    await put('holdfast.config.json', {
      generate: [{ input: 'dates.json', output: 'api', dates: 'Temporal' }],
    });
    expect(await holdfast('generate', '--dates', 'Date', '-o', 'elsewhere')).toMatchObject({ code: 0 });
    expect(await readFile(at('elsewhere/index.ts'), 'utf8')).toContain('toISOString');
  });

  test('says what is written, unless the command line does', async () => {
    const [one, other] = two.generate;
    await put('holdfast.config.json', { generate: [{ ...one, emit: 'js' }, other] });
    expect((await holdfast('generate')).out).toMatch(/2 files written[\s\S]*1 file written/);
    const { out } = await holdfast('generate', '--emit', 'ts');
    expect(out).toMatch(/1 file written, 2 removed[\s\S]*0 files written, 1 unchanged/);
  });

  test('is not read where a document is named', async () => {
    await put('holdfast.config.json', '{');
    expect(await holdfast('generate', 'one.json', '-o', 'api')).toMatchObject({ code: 0 });
  });

  test('of which one part fails makes the others, and exits with 1', async () => {
    await put('holdfast.config.json', { generate: [{ input: 'no.json', output: 'no' }, ...two.generate] });
    const { code, out, err } = await holdfast('generate');
    expect(code).toBe(1);
    expect(err).toBe('error: no.json is not there.\n');
    expect(out).toContain('api/two: 1 operation');
  });
});

describe('a configuration is refused, with exit code 2,', () => {
  test.each<[string, string, string | object, string | RegExp]>([
    ['with an unknown member', 'json', { generates: [] }, 'Did you mean `generate`?'],
    [
      'with an unknown option',
      'json',
      { generate: [{ input: 'one.json', ouput: 'api' }] },
      'Unknown option `generate[0].ouput`. Did you mean `output`?',
    ],
    [
      'with a bad value',
      'json',
      { generate: [{ input: 'one.json', output: 'api', dates: 'Moment' }] },
      '`generate[0].dates` should be one of "string", "Date", "Temporal", got "Moment".',
    ],
    [
      'with a form that there is not',
      'json',
      { generate: [{ input: 'one.json', output: 'api', emit: 'xml' }] },
      '`generate[0].emit` should be one of "ts", "js", got "xml".',
    ],
    ['without an output', 'json', { generate: [{ input: 'one.json' }] }, '`generate[0].output` is missing.'],
    ['without a document', 'json', { generate: [] }, 'at least one document'],
    [
      'with one folder twice',
      'json',
      { generate: [two.generate[0], { input: 'two.json', output: 'api/one' }] },
      '`generate[1].output` should be a folder of its own, got "api/one" as for generate[0].',
    ],
    [
      'that is not JSON',
      'json',
      '{\n  "generate": oops\n}',
      'holdfast.config.json cannot be loaded: SyntaxError',
    ],
    ['that throws', 'mjs', 'throw new Error("no luck")', 'holdfast.config.mjs cannot be loaded: no luck'],
    ['without a default export', 'mjs', 'export const a = 1', 'has no default export'],
    ['with more than types in it', 'ts', 'enum A { B }\nexport default {}', 'Node only takes types away'],
  ])('%s', async (_, ending, content, message) => {
    await put(`holdfast.config.${ending}`, content);
    const { code, err } = await holdfast('generate');
    expect(err).toMatch(message);
    expect(err).not.toMatch(/^ +at /m);
    expect(code).toBe(2);
  });

  test('that is not there, or there twice', async () => {
    expect(await holdfast('generate', '--config', 'no.json')).toMatchObject({
      code: 2,
      err: 'error: no.json is not there.\n',
    });
    await put('holdfast.config.json', two);
    await put('holdfast.config.mjs', '');
    expect((await holdfast('generate')).err).toBe(
      'error: holdfast.config.mjs and holdfast.config.json are there: keep one, or say which with --config.\n',
    );
  });

  test('together with a document, or with one folder for several', async () => {
    await put('holdfast.config.json', two);
    const both = await holdfast('generate', 'one.json', '-o', 'api', '--config', 'holdfast.config.json');
    expect(both).toMatchObject({ code: 2, err: expect.stringContaining('A document and --config at once') });
    const one = await holdfast('generate', '-o', 'api');
    expect(one).toMatchObject({ code: 2, err: expect.stringContaining('One folder for 2 documents') });
  });
});

test('what belongs to one run has no place in a configuration', () => {
  const entry = { input: 'a', output: 'b', check: true };
  expect(() => readConfig({ generate: [entry] })).toThrow('Unknown option `generate[0].check`');
});
