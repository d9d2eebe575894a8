import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { runProgram } from '../support/run-program.ts';

const folder = new URL('../../examples/', import.meta.url);

/** What each of them has to say. */
const lines: Record<string, readonly (string | RegExp)[]> = {
  'drop-in.ts': [
    'fetch:    503 busy',
    'holdfast: 200 {"id":42,"status":"paid"}',
    /#1 .*transient 503 +retried after \d+ ms/,
    /#2 .*success 200/,
  ],
  'per-host-policies.ts': ['3 hits', /#1 .*transient TIMEOUT +maybe sent/, 'the report', /, 1 attempt$/m],
  'idempotent-payment.ts': [
    /^without a key: \w+ - sent: maybe - attempts: 1$/m,
    'with a key: 201 payment 2 - attempts: 2',
    'two orders, executed: 2',
  ],
  'typed-client.ts': [
    'added: Dora in 2026 - executed: 1',
    'listed: Ann\nlisted: Ben\nlisted: Cleo',
    'feed: 1 Ann\nfeed: 2 Ben\nfeed: 3 Cleo',
    'safe: No such user',
    'thrown: 404 No such user',
  ],
  'cancel.ts': ['the very same reason: true', 'the server saw the connection close'],
  'protect.ts': [
    'at once: everybody buys screws, from the fallback "best sellers"',
    'later:   nuts for your bolts, from the service, after its turn',
    'stock: 40 bolts, from the cache (error)',
    'stock: 40 bolts, from the cache (circuit-open)',
  ],
  'own-policy.ts': ['200 after 2 attempts, each with a signature of its own'],
  'observe.ts': [
    'circuit: closed → open (consecutive)',
    'circuit: open → half-open (open-time)',
    'circuit: half-open → closed (probe-success)',
    "'transient 500': 4",
    'retriedCalls: 1',
  ],
  'register.ts': [
    'bare:\n503\nexit code 0, 1 requests',
    'registered:\n200\nexit code 0, 2 requests',
    'registered, by a policy:\n503\nexit code 0, 1 requests',
    'wrong.json:2:3: Unknown option `retri`. Did you mean `retry`?',
    'exit code 1, 0 requests',
    'installed: 200\nand undone: 503',
  ],
  'internal-api/main.ts': [
    'pages    bolt, nut, screw, washer',
    'slow     40 bolts, in spite of: TIMEOUT',
    'busy     40 bolts, after 1 s that it asked for, in spite of: 503',
    'lost     r-2, 2 reservations in all, in spite of: UND_ERR_SOCKET',
    'reset    NetworkError, then r-3, 3 reservations in all',
    'feed     3: -2 bolt',
    /^garbled .*expected number, received string\.\n +it came: \{"sku":"bolt","stock":"plenty"/m,
    'missing  No such item: gear is not on the shelves.',
    'down     call 3: CircuitOpenError, 0 requests',
    'fallback 0 bolts',
    'circuit: half-open → closed\nback     37 bolts',
  ],
  'undici.ts': [
    /over fetch:\n(?:.*\n)*?.* transient TIMEOUT {2}maybe sent$/m,
    /maybe sent, while waiting for the answer$/m,
    /not sent, while negotiating TLS$/m,
  ],
  'policy-file/main.ts': [
    'attempts: 2',
    'policy-updated',
    'attempts: 3',
    'policy.yaml:5:3: Unknown option `retry.maxRetry`. Did you mean `maxRetries`?',
  ],
};

/** What the programs are made of. */
const parts = ['internal-api/api/index.ts', 'internal-api/faults.ts', 'internal-api/service.ts'];

// A test runner sets one of them, and where both are set every Node says so on standard error.
beforeAll(() => {
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', undefined);
});

test('every example is run', () => {
  // Some have packages of their own, with a link to this folder among them.
  const programs = globSync('**/*.ts', { cwd: fileURLToPath(folder), exclude: ['**/node_modules'] })
    .map(name => name.replaceAll('\\', '/'))
    // Those have tests of their own.
    .filter(
      name =>
        name.endsWith('.ts') &&
        !/^(?:browser|demo|integrations|observability|servers|migrating)\//.test(name),
    );
  expect(programs.sort()).toEqual([...Object.keys(lines), ...parts].sort());
});

test('the client in internal-api is what its document asks for', async ({ signal }) => {
  const main = new URL('../../src/cli/main.ts', import.meta.url);
  const [document, api] = ['internal-api/openapi.yaml', 'internal-api/api'].map(name =>
    fileURLToPath(new URL(name, folder)),
  );
  const args = ['generate', document as string, '-o', api as string, '--check'];
  const { code, stdout, stderr } = await runProgram(main, { args, signal });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('It is up to date.');
});

test('the client in internal-api tells its story, the same each time, in a page', {
  concurrent: true,
}, async ({ signal }) => {
  const program = new URL('internal-api/main.ts', folder);
  const { stdout } = await runProgram(program, { signal });
  expect(stdout.split('\n').length).toBeLessThan(30);
  expect((await runProgram(program, { signal })).stdout).toBe(stdout);
});

test.for(Object.keys(lines))(
  '%s runs to its end and says what it is about',
  { concurrent: true },
  async (name, { signal }) => {
    const { code, stdout, stderr } = await runProgram(new URL(name, folder), { signal });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    for (const line of lines[name] ?? []) {
      if (typeof line === 'string') expect(stdout).toContain(line);
      else expect(stdout).toMatch(line);
    }
  },
);
