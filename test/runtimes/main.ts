/**
 * Runs the tests that do not depend on a runtime in all of them: `npm run test:runtimes`, or `npm run test:runtimes --
 * deno bun` for some; `--files promises` for some of the files, `--verbose` for a line for each. Installs what it needs,
 * prints a line for each runtime, and fails if one fails.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { inChromium } from './chromium.ts';
import { asked, bin, folder, out, root } from './options.ts';
import { broken, type Outcome } from './outcome.ts';
import { ordinary, program } from './programs.ts';
import { type Addresses, startServer } from './server.ts';
import { inWorkerd } from './workerd.ts';

type Play = (addresses: Addresses) => Promise<Outcome>;

const nodeOf = (name: string): string => bin(`${name}/bin/node`);

const runtimes: Readonly<Record<string, Play>> = {
  'node-22-first': addresses => program('node-22-first', [nodeOf('node-22-first'), '--expose-gc'], addresses),
  'node-22': addresses => ordinary('node-22', nodeOf('node-22'), addresses),
  'node-26': addresses => ordinary('node-26', nodeOf('node-26'), addresses),
  bun: addresses => program('bun', [bin('.bin/bun'), 'run'], addresses),
  deno: addresses => program('deno', [bin('.bin/deno'), 'run', '-A', '--v8-flags=--expose-gc'], addresses),
  workerd: inWorkerd,
  chromium: inChromium,
};

function install(): void {
  const npm = (...args: string[]) =>
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const stamp = bin('.installed');
  const lock = readFileSync(`${folder}package-lock.json`, 'utf8');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    npm('ci');
    writeFileSync(stamp, lock);
  }
  // The package under its own name, as a user has it.
  rmSync(bin('holdfast'), { force: true });
  symlinkSync(root, bin('holdfast'), 'dir');
}

const unknown = asked.find(name => !(name in runtimes));
if (unknown) throw new Error(`No runtime ${unknown}. Known here: ${Object.keys(runtimes).join(', ')}.`);
install();
mkdirSync(out, { recursive: true });

let hasFailed = false;
await using service = await startServer();
for (const [name, play] of Object.entries(runtimes)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const startedAt = performance.now();
  const outcome = await play(service.addresses).catch(error => broken(String(error?.stack ?? error)));
  const { passed, skipped, failures } = outcome;
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  const verdict = failures.length > 0 ? `FAILED ${failures.length}` : 'ok';
  console.log(`${name.padEnd(14)} ${verdict.padEnd(10)} ${passed} passed, ${skipped} skipped, ${seconds} s`);
  for (const failure of failures) console.log(`  ${failure.replaceAll('\n', '\n    ')}`);
  hasFailed ||= failures.length > 0;
}
process.exitCode = hasFailed ? 1 : 0;
