/** Runtimes that are programs of this machine: each is started, runs the tests, and has to end by itself. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { bundle } from './bundle.ts';
import { allFiles, out, root } from './options.ts';
import { add, broken, type Outcome, outcomeOf } from './outcome.ts';
import { isSkipped, playing } from './playing.ts';
import type { Result } from './runner/vitest.ts';
import { ofNode, socketSuites } from './selection.ts';
import type { Addresses } from './server.ts';

/** A runtime that hangs fails, and does not hold up the others. */
const limitMs = 600_000;

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
export async function program(
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

/** In another version of Node: the ordinary tests with vitest, and the suites over a socket. */
export async function ordinary(runtime: string, node: string, addresses: Addresses): Promise<Outcome> {
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
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` };
  const { output } = await run([node, ...vitest, ...reporter, ...ofNode], env);
  if (!existsSync(path)) return add(suites, broken(output.slice(-4_000)));
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as VitestReport;
  const results = Object.fromEntries(
    testResults.map(({ name, message, assertionResults }) => [
      name,
      assertionResults.length === 0 && message
        ? [{ name: '(loading)', state: 'failed' as const, error: message }]
        : assertionResults.map(({ fullName, status, failureMessages }) => ({
            name: fullName,
            state: isJudged(status) && !isSkipped(runtime, name, fullName) ? status : ('skipped' as const),
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
