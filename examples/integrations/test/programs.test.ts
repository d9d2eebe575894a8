import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fencesOf, read, tablesOf } from '../../../test/support/docs/markdown.ts';
import { runProgram } from '../../../test/support/run-program.ts';

const folder = new URL('../', import.meta.url);
const page = 'docs/integrations.md';
const files = readdirSync(folder).filter(name => name.endsWith('.ts'));
const parts = ['orders_pb.ts', 'request-body.ts', 'service.ts'];
const programs = files.filter(name => !parts.includes(name));

test.for(programs)('%s runs, and needs two requests where the first is refused', async (program, {
  signal,
}) => {
  const { code, stdout, stderr } = await runProgram(new URL(program, folder), { signal });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('after 2 requests');
});

test('our fetch fits each option by its type, without a cast', async () => {
  const sources = programs.map(name => readFileSync(new URL(name, folder), 'utf8')).join();
  expect(sources).not.toMatch(/\bas (?!const)/);
  expect(sources).not.toContain('@ts-');
  const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', folder));
  const output = await new Promise<string>(resolve => {
    execFile(process.execPath, [tsc, '--noEmit', '-p', fileURLToPath(folder)], (_error, stdout) =>
      resolve(stdout),
    );
  });
  expect(output).toBe('');
}, 180_000);

test('the code of the page is that of the programs', () => {
  const sources = files.map(name => readFileSync(new URL(name, folder), 'utf8'));
  const blocks = fencesOf(read(page)).filter(({ info }) => info === 'typescript');
  expect(blocks.length).toBeGreaterThanOrEqual(programs.length);
  const strangers = blocks.filter(({ text }) => !sources.some(source => source.includes(text)));
  expect(strangers.map(({ line }) => `${page}:${line}`)).toEqual([]);
});

test('the page names the versions that are tested', () => {
  const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', folder), 'utf8'));
  const rows = tablesOf(read(page), 'SDK', 'Version').flat();
  expect(rows.length).toBe(programs.length);
  for (const [name = '', version] of rows) {
    expect(version, name).toBe(packages[`node_modules/${name.replaceAll('`', '')}`]?.version);
  }
});
