/**
 * Runs the tests that do not depend on a runtime in all of them: `npm run test:runtimes`, or `npm run test:runtimes --
 * deno bun` for some; `--files promises` for some of the files, `--verbose` for a line for each. Installs what it needs, prints a line for each, and fails if one fails.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Ask, acrossRequests } from './across-requests.ts';
import { bundle, bundleWorker } from './bundle.ts';
import type { Result } from './runner/vitest.ts';
import { ofNode, skips, socketSuites, virtualTests } from './selection.ts';
import { type Addresses, startServer } from './server.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const root = here('../../');
const out = here('dist/');

/** A runtime that hangs fails, and does not hold up the others. */
const limitMs = 240_000;
const fileLimitMs = 40_000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: 'boolean', default: false }, files: { type: 'string', default: '' } },
});
const isVerbose = values.verbose;

const allFiles = (): string[] =>
  [...socketSuites, ...virtualTests()].filter(file => new RegExp(values.files).test(file));

interface Outcome {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

type Play = (addresses: Addresses) => Promise<Outcome>;

const bin = (name: string): string => here(`node_modules/${name}`);
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
    execFileSync('npm', args, { cwd: here('.'), stdio: ['ignore', 'ignore', 'inherit'] });
  const stamp = here('node_modules/.installed');
  const lock = readFileSync(here('package-lock.json'), 'utf8');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    npm('ci');
    writeFileSync(stamp, lock);
  }
  // The package under its own name, as a user has it.
  rmSync(bin('holdfast'), { force: true });
  symlinkSync(root, bin('holdfast'), 'dir');
}

/** Debian's Chromium. */
function chromiumPath(): string {
  const path = '/usr/bin/chromium';
  if (!existsSync(path)) {
    const apt = (...args: string[]) =>
      execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    apt('update');
    apt('install', '-y', '--no-install-recommends', 'chromium');
  }
  return path;
}

/** What a program needs to run the files of a bundle beside it. */
const playing = (runtime: string, addresses: Addresses, code: string): string => `
globalThis.HOLDFAST_SERVICE = ${JSON.stringify(addresses)};
const { files, runFile } = await import(${JSON.stringify(code)});
const skips = ${JSON.stringify(skips.filter(({ runtimes: those }) => those.includes(runtime)))};
const isSkipped = (file, name) => skips.some(skip => file.includes(skip.file) && name.includes(skip.name ?? ''));
export const names = Object.keys(files);
export const play = file => runFile(files[file], name => isSkipped(file, name));
`;

/** The results of a file; a failure if there are none in time. */
async function within(file: string, results: Promise<unknown>): Promise<Result[]> {
  const startedAt = performance.now();
  const giveUp = new AbortController();
  const late = sleep(fileLimitMs, undefined, { signal: giveUp.signal }).then(
    () => [{ name: '(the file)', state: 'failed', error: `no end within ${fileLimitMs} ms` }],
    () => [],
  );
  const failed = (error: unknown) => [{ name: '(the file)', state: 'failed', error: String(error) }];
  const ended = (await Promise.race([results.catch(failed), late])) as Result[];
  giveUp.abort();
  if (isVerbose) console.log(`  ${file} ${ended.length} ${(performance.now() - startedAt).toFixed(0)} ms`);
  return ended;
}

function outcomeOf(results: Readonly<Record<string, readonly Result[]>>): Outcome {
  const all = Object.entries(results).flatMap(([file, ofFile]) =>
    ofFile.map(result => ({ file, ...result })),
  );
  const failed = all.filter(({ state }) => state === 'failed');
  return {
    passed: all.filter(({ state }) => state === 'passed').length,
    skipped: all.filter(({ state }) => state === 'skipped').length,
    failures: failed.map(({ file, name, error }) => `${file} > ${name}\n${error}`),
  };
}

const add = (one: Outcome, other: Outcome): Outcome => ({
  passed: one.passed + other.passed,
  skipped: one.skipped + other.skipped,
  failures: [...one.failures, ...other.failures],
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs to its own end: what leaves a timer or a socket open is found out by that. */
function run(command: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs });
    let output = '';
    const take = (chunk: unknown) => {
      output += String(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('close', code => resolve({ code, output }));
  });
}

/** In a runtime that has Node's modules and finds the package by itself. */
async function program(
  runtime: string,
  command: readonly string[],
  addresses: Addresses,
  files: readonly string[] = allFiles(),
): Promise<Outcome> {
  writeFileSync(`${out}${runtime}.bundle.mjs`, await bundle({ files, hasBuiltins: true }));
  writeFileSync(`${out}${runtime}.play.mjs`, playing(runtime, addresses, `./${runtime}.bundle.mjs`));
  const path = `${out}${runtime}.json`;
  rmSync(path, { force: true });
  writeFileSync(
    `${out}${runtime}.mjs`,
    `import { writeFileSync } from 'node:fs';
import { names, play } from './${runtime}.play.mjs';
const results = {};
for (const name of names) results[name] = await play(name);
writeFileSync(${JSON.stringify(path)}, JSON.stringify(results));
`,
  );
  const { code, output } = await run([...command, `${out}${runtime}.mjs`]);
  if (!existsSync(path))
    return broken(`it ended with ${code}, before the tests did\n${output.slice(-4_000)}`);
  const outcome = outcomeOf(JSON.parse(readFileSync(path, 'utf8')) as Record<string, Result[]>);
  return code === 0
    ? outcome
    : add(outcome, broken(`it did not end by itself, but with ${code}\n${output.slice(-4_000)}`));
}

const broken = (failure: string): Outcome => ({ passed: 0, skipped: 0, failures: [failure] });

/** In another version of Node: the ordinary tests with vitest, and the suites over a socket. */
async function ordinary(runtime: string, node: string, addresses: Addresses): Promise<Outcome> {
  const suites = await program(runtime, [node, '--expose-gc'], addresses, socketSuites);
  const path = `${out}${runtime}.vitest.json`;
  rmSync(path, { force: true });
  const vitest = [
    `${root}node_modules/vitest/vitest.mjs`,
    'run',
    '--project',
    'holdfast',
    '--typecheck.enabled=false',
  ];
  const reporter = ['--reporter=json', `--outputFile=${path}`];
  const env = { ...process.env, PATH: `${nodeOf(runtime).replace(/node$/, '')}:${process.env.PATH}` };
  const { output } = await run([node, ...vitest, ...reporter, ...ofNode], env);
  if (!existsSync(path)) return add(suites, broken(output.slice(-4_000)));
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as VitestReport;
  const isSkipped = (file: string, name: string) =>
    skips.some(
      skip =>
        skip.runtimes.includes(runtime) &&
        file.includes(skip.file) &&
        (!skip.name || name.includes(skip.name)),
    );
  const results = Object.fromEntries(
    testResults.map(({ name, message, assertionResults }) => [
      name,
      assertionResults.length === 0 && message
        ? [{ name: '(loading)', state: 'failed' as const, error: message }]
        : assertionResults.map(({ fullName, status, failureMessages }) => ({
            name: fullName,
            state: isJudged(status) && !isSkipped(name, fullName) ? status : ('skipped' as const),
            error: failureMessages?.join('\n') ?? '',
          })),
    ]),
  );
  return add(suites, outcomeOf(results));
}

const isJudged = (status: string): status is 'passed' | 'failed' =>
  status === 'passed' || status === 'failed';

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** No later than what the version of workerd knows. */
const compatibilityDate = '2026-07-01';

/** One request for each file, all in one isolate; and then what only a worker can get wrong. */
async function inWorkerd(addresses: Addresses): Promise<Outcome> {
  const { Miniflare } = (await import(bin('miniflare/dist/src/index.js'))) as MiniflareModule;
  const files = allFiles();
  const conditions = ['workerd', 'worker', 'browser'];
  const code = await bundle({ files, conditions, hasBuiltins: false });
  const worker = new Miniflare({
    compatibilityDate,
    handleRuntimeStdio: () => {},
    modules: [
      {
        type: 'ESModule',
        path: 'main.mjs',
        contents: `import { names, play } from './play.mjs';
export default { async fetch(request) {
  const file = new URL(request.url).searchParams.get('file');
  return Response.json(file ? await play(file) : names);
} };`,
      },
      { type: 'ESModule', path: 'play.mjs', contents: playing('workerd', addresses, './bundle.mjs') },
      { type: 'ESModule', path: 'bundle.mjs', contents: code },
    ],
  });
  const results: Record<string, Result[]> = {};
  try {
    for (const file of files) {
      const url = `http://worker.test/?file=${encodeURIComponent(file)}`;
      results[file] = await within(
        file,
        worker.dispatchFetch(url).then(response => response.json()),
      );
    }
  } finally {
    await worker.dispose();
  }
  const shared = new Miniflare({
    compatibilityDate,
    handleRuntimeStdio: () => {},
    modules: [{ type: 'ESModule', path: 'main.mjs', contents: await bundleWorker(conditions) }],
  });
  try {
    const ask: Ask = async (url, door = 'fetch') => {
      const query = new URLSearchParams({ url, door });
      const response = await shared.dispatchFetch(`http://worker.test/?${query}`);
      return (await response.json()) as object;
    };
    results['across requests'] = await within('across requests', acrossRequests(ask, addresses));
  } finally {
    await shared.dispose();
  }
  return outcomeOf(results);
}

interface MiniflareModule {
  readonly Miniflare: new (
    options: object,
  ) => { dispatchFetch(url: string): Promise<{ json(): Promise<unknown> }>; dispose(): Promise<void> };
}

/** In a page of a real browser, without its window. */
async function inChromium(addresses: Addresses): Promise<Outcome> {
  const executablePath = chromiumPath();
  const { chromium } = (await import(bin('playwright-core/index.mjs'))) as PlaywrightModule;
  const files = allFiles();
  const code = await bundle({ files, conditions: ['browser'], hasBuiltins: false });
  const pages: Readonly<Record<string, readonly [string, string]>> = {
    '/': ['text/html', '<!doctype html><title>tests</title>'],
    '/play.mjs': ['text/javascript', playing('chromium', addresses, './bundle.mjs')],
    '/bundle.mjs': ['text/javascript', code],
  };
  const server = createServer((request, response) => {
    const [type, text] = pages[request.url ?? ''] ?? ['text/plain', ''];
    response.writeHead(text ? 200 : 404, { 'content-type': `${type}; charset=utf-8` }).end(text);
  });
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const results: Record<string, Result[]> = {};
    for (const file of files) {
      const call = `import('/play.mjs').then(({ play }) => play(${JSON.stringify(file)}))`;
      results[file] = await within(file, page.evaluate(call));
    }
    return outcomeOf(results);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

interface PlaywrightModule {
  readonly chromium: {
    launch(options: object): Promise<{
      newPage(): Promise<{ goto(url: string): Promise<unknown>; evaluate(code: string): Promise<unknown> }>;
      close(): Promise<void>;
    }>;
  };
}

const unknown = positionals.find(name => !(name in runtimes));
if (unknown) throw new Error(`No runtime ${unknown}. Known here: ${Object.keys(runtimes).join(', ')}.`);
install();
mkdirSync(out, { recursive: true });

let hasFailed = false;
await using service = await startServer();
for (const [name, play] of Object.entries(runtimes)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
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
