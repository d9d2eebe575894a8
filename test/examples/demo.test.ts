import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { failureOf } from '../../examples/demo/failure.ts';
import type { Figures, Summary } from '../../examples/demo/summary.ts';

const demo = fileURLToPath(new URL('../../examples/demo/main.ts', import.meta.url));

/** Long enough for a machine ten times slower than the script asks for. */
const LIMIT_MS = 180_000;

/** Without the two variables that make Node warn on standard error when a test runner sets one of them. */
const { FORCE_COLOR, NO_COLOR, ...env } = process.env;

interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the demo to its end. `onOutput` is shown all of the standard output so far whenever there is more. */
async function run(
  args: readonly string[],
  onOutput?: (stdout: string, child: ChildProcess) => void,
): Promise<Ending> {
  const child = spawn(process.execPath, [demo, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', chunk => {
    stdout += chunk;
    onOutput?.(stdout, child);
  });
  const stderr = text(child.stderr);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr: await stderr };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const figures = {
  calls: expect.any(Number),
  answered: expect.any(Number),
  successRatio: expect.any(Number),
  p50Ms: expect.any(Number),
  p95Ms: expect.any(Number),
  maxMs: expect.any(Number),
  waitedInVainMs: expect.any(Number),
  over2s: expect.any(Number),
  over5s: expect.any(Number),
  requestsReceived: expect.any(Number),
  failures: expect.any(Object),
  orders: {
    sent: expect.any(Number),
    executed: expect.any(Number),
    executedTwice: 0,
    inDoubt: expect.any(Number),
  },
} satisfies Record<keyof Figures, unknown>;

test('measures both sides on real sockets and prints nothing but JSON with --json', {
  timeout: LIMIT_MS,
}, async () => {
  const { code, stdout, stderr } = await run(['--scenario', 'overload', '--seconds', '4', '--json']);

  expect(stderr).toBe('');
  expect(code).toBe(0);
  const summary = JSON.parse(stdout) as Summary;
  expect(summary).toMatchObject({
    scenario: 'overload',
    seconds: 4,
    total: { fetch: figures, holdfast: figures },
  });
  expect(summary.phases.map(({ fault }) => fault)).toEqual(['healthy', 'overload', 'healthy']);
  for (const phase of summary.phases) expect(phase).toMatchObject({ fetch: figures, holdfast: figures });
  expect(summary.takeaway).toHaveLength(2);

  // The service refuses for seconds on end, so raw calls fail by dozens, and says when to come back, so ours do not.
  const { fetch, holdfast } = summary.total;
  expect(fetch.calls).toBe(100);
  expect(holdfast.calls).toBe(100);
  expect(holdfast.successRatio).toBeGreaterThanOrEqual(fetch.successRatio);
  expect(summary.holdfast.retries).toBeGreaterThan(0);
  expect(summary.recovered).toContain('retried after');
});

test('leaves no process behind when it is interrupted', { timeout: LIMIT_MS }, async () => {
  let pids: number[] = [];

  const { code, stderr } = await run(['--scenario', 'healthy', '--seconds', '120'], (stdout, child) => {
    if (pids.length > 0) return;
    pids = [...stdout.matchAll(/\(process (\d+)\)/g)].map(match => Number(match[1]));
    if (pids.length > 0 && pids.every(isRunning)) child.kill('SIGINT');
  });

  expect(stderr).toBe('demo: stopped by SIGINT\n');
  expect(code).toBe(130);
  expect(pids).toHaveLength(2);
  expect(pids.some(isRunning)).toBe(false);
});

test.each([
  [['--seconds', '3'], "--seconds must be a number from 4 to 120; got '3'."],
  [['--seconds', 'ten'], "--seconds must be a number from 4 to 120; got 'ten'."],
  [['--scenario', 'sunshine'], "got 'sunshine'."],
  [['--fast'], "Unknown option '--fast'."],
])('refuses %j and says why', (args, message) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo, ...args], { env, encoding: 'utf8' });
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(status).toBe(2);
});

test.each([
  'CIRCUIT_OPEN',
  'HOST_PAUSED',
  'OVERLOADED',
])('what the policy as shipped refuses is a failure, and nothing that breaks the demo: %s', code => {
  expect(failureOf(Object.assign(new Error(), { code }))).toBeDefined();
});
