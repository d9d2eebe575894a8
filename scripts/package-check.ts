/** Checks the package as it would be published: its exports with publint, its types with are-the-types-wrong. */
import { execFileSync } from 'node:child_process';

const run = (file: string, ...args: string[]) =>
  execFileSync(process.execPath, [file, ...args], { stdio: 'inherit' });

run('node_modules/publint/src/cli.js', '--strict');
// The package is ESM only, on purpose: `require` of it works in every Node that it supports.
run('node_modules/@arethetypeswrong/cli/dist/index.js', '--pack', '.', '--profile', 'esm-only');
