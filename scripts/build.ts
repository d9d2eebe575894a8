/**
 * Builds `dist/` from `src/` with the TypeScript compiler alone: one module per file. Does nothing where `dist/` is what has
 * been built from the present sources.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const stamp = 'node_modules/.cache/built';

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();

/** Of all that goes into a build, and of what has come out. */
function fingerprint(): string {
  const hash = createHash('sha256');
  const settings = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    import.meta.filename,
  ];
  for (const file of [...settings, ...filesIn('src')]) hash.update(`${file}\0`).update(readFileSync(file));
  for (const file of filesIn('dist'))
    hash.update(`${file}\0${statSync(file).size} ${statSync(file).mtimeMs}\0`);
  return hash.digest('hex');
}

const isBuilt = (): boolean =>
  existsSync('dist') && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint();

async function build(): Promise<void> {
  rmSync('dist', { recursive: true, force: true });
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });

  // By way of a variable: the types are there only once this has run.
  const built = new URL('../dist/policy-file/schema.js', import.meta.url).href;
  const { jsonSchema } = (await import(built)) as { jsonSchema: () => Record<string, unknown> };
  writeFileSync('dist/policy-file/policy.schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`);

  mkdirSync('node_modules/.cache', { recursive: true });
  writeFileSync(stamp, fingerprint());
}

if (!isBuilt()) await build();
