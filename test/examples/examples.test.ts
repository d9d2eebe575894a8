import { readdirSync } from 'node:fs';
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
  'own-policy.ts': ['200 after 2 attempts, each with a signature of its own'],
  'observe.ts': [
    'circuit: closed → open (consecutive)',
    'circuit: open → half-open (open-time)',
    'circuit: half-open → closed (probe-success)',
    "'transient 500': 4",
    'retriedCalls: 1',
  ],
  'policy-file/main.ts': [
    'attempts: 2',
    'policy-updated',
    'attempts: 3',
    'policy.yaml:5:3: Unknown option `retry.maxRetry`. Did you mean `maxRetries`?',
  ],
};

// A test runner sets one of them, and where both are set every Node says so on standard error.
beforeAll(() => {
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', undefined);
});

test('every example is run', () => {
  const programs = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => name.replaceAll('\\', '/'))
    // Those two have tests of their own.
    .filter(name => name.endsWith('.ts') && !/^(?:demo|observability)\//.test(name));
  expect(programs.sort()).toEqual(Object.keys(lines).sort());
});

test.for(Object.keys(lines))('%s runs to its end and says what it is about', async (name, { signal }) => {
  const { code, stdout, stderr } = await runProgram(new URL(name, folder), { signal });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  for (const line of lines[name] ?? []) {
    if (typeof line === 'string') expect(stdout).toContain(line);
    else expect(stdout).toMatch(line);
  }
});
