import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const source = join(import.meta.dirname, '../../../src/transport/undici/load-undici.ts');
const program = `
  import { loadUndici } from './load-undici.ts';
  try {
    console.log(typeof loadUndici());
  } catch (error) {
    console.log(error.message);
  }
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-undici-'));
  copyFileSync(source, join(folder, 'load-undici.ts'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'program.ts'), program);
});

afterEach(() => rmSync(folder, { recursive: true }));

async function output(): Promise<string> {
  const run = promisify(execFile)(process.execPath, ['program.ts'], { cwd: folder });
  return (await run).stdout.trim();
}

function install(version: string): void {
  const home = join(folder, 'node_modules/undici');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'undici', version }));
  writeFileSync(join(home, 'index.js'), 'module.exports = {};');
}

test('a program without undici is told what to install', async () => {
  expect(await output()).toBe(
    'holdfast/undici needs the package `undici`, which is not installed: npm install undici@8.',
  );
});

test.each(['7.28.0', '8.12.4'])('and so is one whose undici is too old: %s', async version => {
  install(version);
  expect(await output()).toBe(
    `holdfast/undici needs undici 8.13 or later, and found ${version}: npm install undici@8.`,
  );
});

test.each(['8.13.0', '9.0.0', '10.1.0'])('undici %s will do', async version => {
  install(version);
  expect(await output()).toBe('object');
});
