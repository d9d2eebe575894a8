import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runIn } from '../generator/run-command.ts';

let folder: string;

const files = {
  'defaults.json': '{}',
  'warning.yaml': 'retry: { budget: false }\n',
  'policy.yaml': `totalTimeoutMs: 5000
attemptTimeoutMs: 3000
bulkhead: { maxConcurrent: 10 }
hosts:
  search.internal: { retry: false }
`,
  'endless.yaml': 'totalTimeoutMs: .inf\nretry: { maxRetries: .inf }\n',
  'wrong.yaml': 'retry:\n  maxRetries: lots\n',
  'policy.toml': '',
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});

afterAll(() => rm(folder, { recursive: true }));

const check = (...args: string[]) => runIn(folder, 'check', ...args);

describe('holdfast check', () => {
  test('shows the figures and what is found, for all hosts and for each, and sums up', async () => {
    const { code, out, err } = await check('policy.yaml', '--calls-per-second', '100', '--latency-ms', '200');
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toBe(`All hosts
  longest call  5 s; 5 s until its answer
  all attempts  9.6 s if each times out, 600 ms of them waits
  attempts      3 per call
  in an outage  10 further attempts (5 after timeouts), then 1 per call
  under way     20 calls at once on average
  circuit       open after 2 s; up to 1010 attempts in its window
  error    BULKHEAD_TOO_SMALL: 100 calls per second of 200 ms each are 20 under way at once, above \`bulkhead.maxConcurrent\` (10), which carries 50 per second: the queue fills, and the rest is refused.
           → Raise \`bulkhead.maxConcurrent\` to 30.
  warning  RETRIES_CANNOT_FIT: 3 attempts of up to 3000 ms and 600 ms between them are 9600 ms, which \`totalTimeoutMs\` (5000) cuts off: of 2 retries 1 can start if attempts time out.
           → To fit all, lower \`attemptTimeoutMs\` to 1466 or raise \`totalTimeoutMs\` to 9600.

hosts['search.internal']
  longest call  5 s; 3 s until its answer
  all attempts  3 s if each times out, 0 ms of them waits
  attempts      1 per call
  in an outage  no further attempts
  under way     20 calls at once on average
  circuit       open after 2 s; up to 1000 attempts in its window

policy.yaml: 1 error, 1 warning, 0 notes.
`);
  });

  test('exits with 0 for a warning, and with 1 for one under --strict', async () => {
    expect((await check('warning.yaml')).code).toBe(0);
    expect((await check('warning.yaml', '--strict')).code).toBe(1);
    expect((await check('defaults.json', '--strict')).code).toBe(0);
  });

  test('--format json says the same to programs, with no limit as text', async () => {
    const { code, out } = await check('endless.yaml', '--format', 'json', '--layers', '2');
    expect(code).toBe(1);
    const { policies, findings } = JSON.parse(out);
    expect(policies[0].figures).toMatchObject({
      longestCallMs: 'Infinity',
      attemptsAcrossLayers: 'Infinity',
    });
    expect(findings[0]).toMatchObject({ severity: 'error', code: 'ENDLESS', where: 'policy' });
  });

  test.each<[string, string[], string]>([
    [
      'a wrong policy, with its place',
      ['wrong.yaml'],
      'error: wrong.yaml:2:15: `retry.maxRetries` should be',
    ],
    ['no such file', ['no.yaml'], 'error: no.yaml: Cannot be read'],
    ['another kind of file', ['policy.toml'], 'A policy file should end in .json, .yaml or .yml.'],
    ['no file', [], 'The policy file is missing: holdfast check policy.yaml.'],
    ['two files', ['policy.yaml', 'wrong.yaml'], 'One policy file at a time: what is "wrong.yaml"?'],
    ['what is no number', ['policy.yaml', '--layers', 'two'], '--layers is a number, got "two".'],
    [
      'a number out of range',
      ['policy.yaml', '--layers', '0'],
      '`traffic.layers` should be a whole number from 1 to 20, got 0.',
    ],
    ['an unknown format', ['policy.yaml', '--format', 'xml'], '--format is text or json, got "xml".'],
    ['an unknown flag', ['policy.yaml', '--layer', '2'], 'There is no flag --layer. Did you mean --layers?'],
  ])('exits with 2 on %s', async (_, args, message) => {
    const { code, out, err } = await check(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).not.toMatch(/^ +at .*\.ts:/m);
  });

  test('--help says how', async () => {
    expect((await runIn(folder, '--help')).out).toContain('holdfast check <policy.yaml>');
  });
});
