import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from './run-command.ts';
import { documentOf, workFolder } from './support.ts';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await workFolder();
  const paths = { '/a/{id}': { get: { operationId: 'a', responses: { 204: {} } } } };
  await writeFile(at('openapi.json'), JSON.stringify(documentOf(paths), null, 2));
  await writeFile(at('bad.yaml'), 'openapi: 3.1.0\npaths:\n  /a: [\n');
  await writeFile(at('old.json'), JSON.stringify({ swagger: '2.0' }));
});

describe('holdfast generate', () => {
  test('writes, tells of problems with their place, and sums up', async () => {
    const { code, out, err } = await run('generate', at('openapi.json'), '-o', at('api'));
    expect({ code, out: out.replace(/\d+\.\d s/, '0.1 s') }).toEqual({
      code: 0,
      out: `${at('api')}: 1 operation, 0 schemas; 1 file written; 1 warning, 0 notes; 0.1 s.\n`,
    });
    expect(err).toMatch(/openapi\.json:\d+:\d+ warning: The path names \{id\}, which is not declared\./);
    expect(err).toContain('at #/paths/~1a~1{id}/get');
    expect(err).toMatch(/^ +\^$/m);
    expect(await readFile(at('api/index.ts'), 'utf8')).toContain('export const a: Endpoint<{');
  });

  test('--check exits with 1 when the folder is stale, and with 0 when it is not', async () => {
    const stale = await run('generate', at('openapi.json'), '-o', at('checked'), '--check');
    expect(stale.code).toBe(1);
    expect(stale.out).toContain('It is stale: run without --check.');
    await run('generate', at('openapi.json'), '-o', at('checked'));
    const fresh = await run('generate', at('openapi.json'), '-o', at('checked'), '--check');
    expect(fresh.code).toBe(0);
    expect(fresh.out).toContain('It is up to date.');
  });

  test('--emit js writes pairs in the place of what was there, and --check asks for them', async () => {
    const generate = (...more: string[]) => run('generate', at('openapi.json'), '-o', at('pairs'), ...more);
    await generate();
    const stale = await generate('--emit', 'js', '--check');
    expect(stale).toMatchObject({
      code: 1,
      out: expect.stringContaining('2 files to write, 1 to remove'),
    });
    const written = await generate('--emit', 'js');
    expect(written).toMatchObject({ code: 0, out: expect.stringContaining('2 files written, 1 removed') });
    expect((await readdir(at('pairs'))).sort()).toEqual(['index.d.ts', 'index.js']);
    const fresh = await generate('--emit', 'js', '--check');
    expect(fresh).toMatchObject({ code: 0, out: expect.stringContaining('It is up to date.') });
  });

  test.each<[string, (at: (name: string) => string) => string[], number, string | RegExp]>([
    ['a document that is not there', at => [at('no.yaml'), '-o', at('x')], 1, 'no.yaml is not there.'],
    ['bad YAML', at => [at('bad.yaml'), '-o', at('x')], 1, /bad\.yaml:\d+:\d+ is neither YAML nor JSON/],
    ['Swagger 2.0', at => [at('old.json'), '-o', at('x')], 1, 'Convert it to OpenAPI 3 first'],
    ['a folder that is not ours', at => [at('openapi.json'), '-o', at('.')], 1, 'was not made by holdfast'],
    ['a folder that is a file', at => [at('openapi.json'), '-o', at('old.json')], 1, 'is a file'],
    ['no output', at => [at('openapi.json')], 2, '-o <folder>'],
    ['no document', () => [], 2, 'The document is missing'],
    ['two documents', at => [at('a'), at('b'), '-o', at('x')], 2, 'One document at a time'],
    [
      'an unknown flag',
      at => [at('openapi.json'), '-o', at('x'), '--includ', 'a'],
      2,
      'error: There is no flag --includ. Did you mean --include? (holdfast --help says more)',
    ],
    [
      'a choice of nothing',
      at => [at('openapi.json'), '-o', at('x'), '--include', 'tag:typo', '--exclude', 'deprecated'],
      1,
      'No operation of the document is chosen (include: tag:typo; exclude: deprecated), so nothing is written.',
    ],
    [
      'an unknown value',
      at => [at('openapi.json'), '-o', at('x'), '--dates', 'Moment'],
      2,
      '`dates` should be',
    ],
    [
      'an unknown form',
      at => [at('openapi.json'), '-o', at('x'), '--emit', 'xml'],
      2,
      '`emit` should be one of "ts", "js", got "xml".',
    ],
    ['no form', at => [at('openapi.json'), '-o', at('x'), '--emit'], 2, "'--emit <value>' argument missing"],
    ['an unknown selector', at => [at('openapi.json'), '-o', at('x'), '--include', 'a'], 2, 'tag:…'],
  ])('fails on %s', async (_, args, code, message) => {
    const result = await run('generate', ...args(at));
    expect(result.code).toBe(code);
    expect(result.err).toMatch(message);
    expect(result.err).not.toMatch(/^ +at .*\.ts:/m);
  });
});

test('--version says which', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await run('--version')).toMatchObject({ code: 0, out: `${version}\n` });
});

test('--help says how, and an unknown command says so', async () => {
  expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('--output <folder>') });
  expect(await run('generat')).toMatchObject({
    code: 2,
    err: expect.stringContaining('no command "generat"'),
  });
});
