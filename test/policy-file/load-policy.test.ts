import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFetch } from '../../src/index.ts';
import { loadPolicy, PolicyFileError } from '../../src/policy-file/index.ts';
import { rejection } from '../support/rejection.ts';
import { runProgram } from '../support/run-program.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-policy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const load = async (name: string, content: string | Uint8Array) => loadPolicy(await file(name, content));
const refusal = async (name: string, content: string | Uint8Array) =>
  rejection(PolicyFileError, load(name, content));

/** Each problem as a line, without the path. */
const problems = ({ issues }: PolicyFileError) =>
  issues.map(({ position, message }) => `${position?.line}:${position?.column} ${message}`);

describe('a policy file', () => {
  const policy = {
    totalTimeoutMs: 5_000,
    attemptTimeoutMs: false,
    idempotencyKey: 'auto',
    retry: { maxRetries: 1, statuses: [503], methods: ['GET', 'PUT'], budget: { maxTokens: 20 } },
    circuitBreaker: { failureRatio: 0.5, consecutiveFailures: false },
    hostPause: false,
    hosts: { '*.search.internal': { retry: false }, 'payments.internal:8443': { leaseMs: 0 } },
  };

  it('holds a policy as JSON', async () => {
    await expect(load('policy.json', JSON.stringify(policy))).resolves.toEqual(policy);
  });

  it.each(['policy.yaml', 'policy.yml', 'POLICY.YAML'])('holds a policy as YAML: %s', async name => {
    const text = `
# What the reader should know.
totalTimeoutMs: 5000
attemptTimeoutMs: false
idempotencyKey: auto
retry:
  maxRetries: 1
  statuses: [503]
  methods: [GET, PUT]
  budget: { maxTokens: 20 }
circuitBreaker:
  failureRatio: 0.5
  consecutiveFailures: false
hostPause: false
hosts:
  '*.search.internal': { retry: false }
  payments.internal:8443:
    leaseMs: 0
`;
    await expect(load(name, text)).resolves.toEqual(policy);
  });

  it('is what createFetch takes, alone or among other settings', async () => {
    const path = await file('policy.json', JSON.stringify(policy));

    createFetch(await loadPolicy(path));
    createFetch({ ...(await loadPolicy(path)), observe: () => {} });
    createFetch().update(await loadPolicy(path));
  });

  it('is found by its path from here, by its whole path and by its URL', async () => {
    const path = await file('policy.json', '{}');

    await expect(loadPolicy(pathToFileURL(path))).resolves.toEqual({});
    await expect(loadPolicy(join('/', path))).resolves.toEqual({});
  });

  it('may name its schema for editors', async () => {
    await expect(load('policy.json', '{ "$schema": "./policy.schema.json" }')).resolves.toEqual({});
    await expect(load('policy.yaml', '$schema: ./policy.schema.json')).resolves.toEqual({});
  });

  it('writes no limit as "Infinity", in YAML also as .inf', async () => {
    const unlimited = { totalTimeoutMs: Infinity, retry: { maxRetries: Infinity, maxElapsedMs: Infinity } };

    await expect(
      load(
        'policy.json',
        '{ "totalTimeoutMs": "Infinity", "retry": { "maxRetries": "Infinity", "maxElapsedMs": "Infinity" } }',
      ),
    ).resolves.toEqual(unlimited);
    await expect(
      load('policy.yaml', 'totalTimeoutMs: .inf\nretry: { maxRetries: .Inf, maxElapsedMs: Infinity }'),
    ).resolves.toEqual(unlimited);
  });

  it('says in YAML with anchors what is the same for several hosts', async () => {
    const text = 'hosts:\n  a.internal: &slow { attemptTimeoutMs: 60_000 }\n  b.internal: *slow\n';
    await expect(load('policy.yaml', text.replace('60_000', '60000'))).resolves.toEqual({
      hosts: { 'a.internal': { attemptTimeoutMs: 60_000 }, 'b.internal': { attemptTimeoutMs: 60_000 } },
    });
  });

  it('holds hosts beyond number, for all that it is not deep', async () => {
    const hosts = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`host-${i}.internal`, { retry: {} }]),
    );
    await expect(load('policy.json', JSON.stringify({ hosts }))).resolves.toEqual({ hosts });
  });

  it('takes the last of several anchors of one name', async () => {
    const text = 'hosts:\n  a: &x { leaseMs: 1 }\n  b: &x { leaseMs: 2 }\n  c: *x\n';
    await expect(load('policy.yaml', text)).resolves.toMatchObject({ hosts: { c: { leaseMs: 2 } } });
  });

  it('may begin with a byte order mark', async () => {
    await expect(load('policy.json', '\ufeff{ "leaseMs": 1 }')).resolves.toEqual({ leaseMs: 1 });
    await expect(load('policy.yaml', '\ufeffleaseMs: 1')).resolves.toEqual({ leaseMs: 1 });
  });

  it('leaves nothing of prototypes to be reached', async () => {
    expect(
      problems(await refusal('policy.json', '{\n  "retry": { "__proto__": { "maxRetries": 9 } }\n}')),
    ).toEqual(['2:14 "__proto__" is not allowed as a name.']);
    expect(problems(await refusal('policy.yaml', 'retry:\n  __proto__: { maxRetries: 9 }'))).toEqual([
      '2:3 "__proto__" is not allowed as a name.',
    ]);
    expect(problems(await refusal('policy.json', '{ "constructor": {} }'))[0]).toMatch(
      /^1:3 Unknown option `constructor`/,
    );
    expect({}).not.toHaveProperty('maxRetries');
  });
});

describe('an option that will not do', () => {
  it('is named with its place, what is allowed and what was given', async () => {
    const error = await refusal('policy.yaml', 'retry:\n  maxRetries: -1\n');

    expect(error).toMatchObject({
      name: 'PolicyFileError',
      code: 'POLICY_FILE',
      path: join(folder, 'policy.yaml'),
      line: 2,
      column: 15,
      issues: [{ option: 'retry.maxRetries', position: { line: 2, column: 15 } }],
    });
    expect(error.message).toBe(
      `${folder}/policy.yaml:2:15: \`retry.maxRetries\` should be a whole number of at least 0 or "Infinity", got -1.`,
    );
  });

  it('is one of a list of all that is wrong, in the order of the file', async () => {
    const error = await refusal(
      'policy.yaml',
      `hosts:
  bad host: {}
  '*.search.internal':
    retry: off
    circuitBreaker: { failureRatio: 2, volume: 1 }
  user:secret@payments.internal: { leaseMs: -1 }
retry:
  maxRetry: 3
  statuses: [503, 200, '502']
  methods: [get]
  budget: { maxTokens: 0 }
  jitter: some
  idempotent: 'yes'
hostPause:
circuitbreaker: false
`,
    );

    expect(error.message).toContain(' has 15 problems:\n');
    expect(problems(error)).toEqual([
      expect.stringMatching(/^2:3 In `hosts`: 'bad host' is not a host pattern: it contains white space/),
      '4:12 `hosts[\'*.search.internal\'].retry` should be an object or false, got "off".',
      "5:37 `hosts['*.search.internal'].circuitBreaker.failureRatio` should be a number from 0.000001 to 1 or false, got 2.",
      expect.stringMatching(
        /^5:40 Unknown option `hosts\['\*.search.internal'\].circuitBreaker.volume`\. Known here: consecutiveFailures,/,
      ),
      expect.stringMatching(/^6:3 In `hosts`: '…@payments.internal' is not a host pattern: credentials/),
      '6:45 `hosts[\'…@payments.internal\'].leaseMs` should be a number from 0 to 2147483647 (milliseconds) or "Infinity", got -1.',
      expect.stringMatching(
        /^8:3 Unknown option `retry.maxRetry`\. Did you mean `maxRetries`\? Known here: maxRetries, /,
      ),
      '9:19 `retry.statuses[1]` should be a whole number from 400 to 599, got 200.',
      '9:24 `retry.statuses[2]` should be a whole number from 400 to 599, got "502".',
      '10:13 `retry.methods[0]` should be a method in capitals, such as "PUT", got "get".',
      '11:24 `retry.budget.maxTokens` should be a number of at least 1, got 0.',
      '12:11 `retry.jitter` should be one of "full", "equal", "none", got "some".',
      '13:15 `retry.idempotent` should be true or false, got "yes".',
      '14:11 `hostPause` should be an object or false, got null.',
      expect.stringMatching(
        /^15:1 Unknown option `circuitbreaker`\. Did you mean `circuitBreaker`\? Known here: /,
      ),
    ]);
    expect(error.message).not.toContain('secret');
  });

  it('is found in JSON as well', async () => {
    const error = await refusal(
      'policy.json',
      '{\r\n  "retry": { "maxRetries": 1.5 },\r\n\t"hosts": { "a.internal": { "retry": [] } }\r\n}',
    );

    expect(problems(error)).toEqual([
      '2:28 `retry.maxRetries` should be a whole number of at least 0 or "Infinity", got 1.5.',
      "3:38 `hosts['a.internal'].retry` should be an object or false, got [].",
    ]);
  });

  it('is a policy that is none', async () => {
    expect(problems(await refusal('policy.json', '[]'))).toEqual([
      '1:1 A policy should be an object, got [].',
    ]);
    expect(problems(await refusal('policy.yaml', '# a\nretry'))).toEqual([
      '2:1 A policy should be an object, got "retry".',
    ]);
    expect(problems(await refusal('policy.yaml', 'hosts: []'))).toEqual([
      '1:8 `hosts` should be an object, got [].',
    ]);
    expect(problems(await refusal('policy.yaml', 'hosts: { a: 1 }'))).toEqual([
      "1:13 `hosts['a']` should be an object, got 1.",
    ]);
  });

  it.each(['', '\n\n', '# nothing but a comment\n', '---\n'])('is no policy at all: %j', async text => {
    expect((await refusal('policy.yaml', text)).message).toContain(
      'The file is empty. Write {} for the defaults.',
    );
  });

  it('is one host by two names', async () => {
    const text = '{ "hosts": { "a.internal": {}, "A.internal": {} } }';
    expect(problems(await refusal('policy.json', text))).toEqual([
      "1:12 `hosts` names one host twice: 'a.internal' and 'A.internal'.",
    ]);
  });

  it.each<[string, string, string]>([
    [
      'in a part',
      'leaseMs: 1\nretry:\n  jitter: full\n  budget:\n    maxTokens: 2\n    retryCost: 3\nhosts: { a.internal: {} }',
      '5:5 `retry.budget.retryCost` should be at most `retry.budget.maxTokens` (2), got 3. Change either.',
    ],
    [
      'in a host',
      'hosts:\n  b.internal: {}\n  a.internal:\n    leaseMs: 1\n    retry: { baseDelayMs: 5, maxDelayMs: 4 }',
      "5:12 `hosts['a.internal'].retry.baseDelayMs` should be at most `hosts['a.internal'].retry.maxDelayMs` (4), got 5. Change either.",
    ],
    [
      'between a host and all',
      'retry: { maxDelayMs: 4 }\nhosts:\n  a.internal: { leaseMs: 1, retry: { baseDelayMs: 5 } }',
      "3:36 `hosts['a.internal'].retry.baseDelayMs` should be at most `hosts['a.internal'].retry.maxDelayMs` (4), got 5. Change either.",
    ],
  ])('contradicts another, %s', async (_, text, problem) => {
    expect(problems(await refusal('policy.yaml', text))).toEqual([problem]);
  });

  it('is shown in part where it is long, and the message ends at ten problems', async () => {
    const error = await refusal(
      'policy.json',
      JSON.stringify({
        leaseMs: 'x'.repeat(1_000),
        ...Object.fromEntries([...'abcdefghijkl'].map(key => [key, 1])),
      }),
    );

    expect(error.issues).toHaveLength(13);
    expect(error.issues[0]?.message.length).toBeLessThan(300);
    expect(error.message.split('\n')).toHaveLength(12);
    expect(error.message).toMatch(/\n {2}and 3 more$/);
  });
});

describe('a syntax error', () => {
  it.each<[string, string, string, RegExp]>([
    ['a comma too many', 'policy.json', '{\n  "leaseMs": 1,\n}', /^3:1 This is not JSON: .*\.$/],
    ['a comment', 'policy.json', '{\n  // why\n}', /^2:3 This is not JSON: /],
    ['single quotes', 'policy.json', "{ 'leaseMs': 1 }", /^1:3 This is not JSON: /],
    ['a name without quotes', 'policy.json', '{ leaseMs: 1 }', /^1:3 This is not JSON: /],
    [
      'a line break in a text',
      'policy.json',
      '{ "idempotencyKey": "a\nb" }',
      /^1:21 This is not JSON: a line break/,
    ],
    ['a line break in a name', 'policy.json', '{ "a\nb": 1 }', /^1:3 This is not JSON: a line break/],
    ['a number of no such form', 'policy.json', '{ "leaseMs": 01 }', /^1:14 This is not JSON: /],
    ['Infinity', 'policy.json', '{ "leaseMs": Infinity }', /^1:14 This is not JSON: /],
    ['an end too early', 'policy.json', '{\n  "leaseMs": 1', /^2:15 This is not JSON: .*end/],
    ['something after the end', 'policy.json', '{}\n{}', /^2:1 This is not JSON: /],
    ['nothing', 'policy.json', '', /^1:1 This is not JSON: .*end/],
    ['a tab that indents', 'policy.yaml', 'retry:\n\tmaxRetries: 1', /^2:1 This is not YAML: Tabs .*\.$/],
    ['a bracket that is not closed', 'policy.yaml', 'retry: {\n  maxRetries: 1\n', /^3:1 This is not YAML: /],
    ['a tag', 'policy.yaml', 'leaseMs: !secret x', /^1:10 This is not YAML: Unresolved tag: !secret\.$/],
    ['two documents', 'policy.yaml', '--- {}\n--- {}', /^2:1 This is not YAML: .*multiple documents/],
    ['an alias of nothing', 'policy.yaml', 'retry: *fast', /^1:8 Nothing before this is marked as &fast\.$/],
    ['an alias of what comes later', 'policy.yaml', 'retry: *a\nleaseMs: &a 1', /^1:8 Nothing before this/],
    ['a name that is none', 'policy.yaml', '? [a, b]\n: 1', /^1:3 A name should be plain text\.$/],
    ['a name that is left out', 'policy.yaml', '? \n: 1', /^\d:\d A name should be plain text\.$/],
    [
      'an option twice, in JSON',
      'policy.json',
      '{\n "leaseMs": 1,\n "leaseMs": 2 }',
      /^3:2 "leaseMs" is given twice, first in line 2\.$/,
    ],
    [
      'an option twice, in YAML',
      'policy.yaml',
      'leaseMs: 1\nleaseMs: 2',
      /^2:1 "leaseMs" is given twice, first in line 1\.$/,
    ],
    [
      'a host twice',
      'policy.yaml',
      'hosts: { a: {}, "a": {} }',
      /^1:17 "a" is given twice, first in line 1\.$/,
    ],
  ])('is placed by line and column: %s', async (_, name, text, problem) => {
    expect(problems(await refusal(name, text))).toEqual([expect.stringMatching(problem)]);
  });

  it('is told in the words that were written: a name that reads as a number', async () => {
    expect(problems(await refusal('policy.yaml', 'hosts: { 10.10: {} }'))).toEqual([
      expect.stringMatching(/^1:10 In `hosts`: '10\.10' is not a host pattern: /),
    ]);
  });

  it.each<[string, string, string]>([
    ['aliases of aliases', 'policy.yaml', aliasBomb()],
    ['an alias of itself', 'policy.yaml', 'retry: &a\n  budget: *a\n'],
    ['depth in JSON', 'policy.json', '['.repeat(100_000)],
    ['depth in YAML', 'policy.yaml', '['.repeat(5_000)],
    ['depth within bounds of the parser', 'policy.yaml', `${'['.repeat(50)}${']'.repeat(50)}`],
    ['ever so many names', 'policy.yaml', Array.from({ length: 30_000 }, (__, i) => `k${i}: 1`).join('\n')],
  ])('is what would take a machine down: %s', async (_, name, text) => {
    expect((await refusal(name, text)).message).toMatch(
      /more than \d+ (values|levels)|nested too deep|Maximum call stack/,
    );
  });

  function aliasBomb(): string {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(of).join(', ')}]\n`;
    return level('a', '1') + level('b', '*a') + level('c', '*b') + level('d', '*c') + level('e', '*d');
  }
});

describe('a file that cannot be read', () => {
  it('is missing', async () => {
    const error = await rejection(PolicyFileError, loadPolicy(join(folder, 'policy.json')));

    expect(error.message).toMatch(/policy\.json: Cannot be read: ENOENT/);
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
    expect(error.line).toBeUndefined();
    expect(error.column).toBeUndefined();
  });

  it('is a folder', async () => {
    await mkdir(join(folder, 'policy.json'));
    await expect(loadPolicy(join(folder, 'policy.json'))).rejects.toThrow('policy.json: This is not a file.');
  });

  it.skipIf(process.platform === 'win32')('is a pipe that nobody writes to', async () => {
    execFileSync('mkfifo', [join(folder, 'policy.json')]);
    await expect(loadPolicy(join(folder, 'policy.json'))).rejects.toThrow('policy.json: This is not a file.');
  });

  it('is a link to nowhere, or to itself', async () => {
    await symlink('nowhere.json', join(folder, 'policy.json'));
    await symlink('loop.json', join(folder, 'loop.json'));

    await expect(loadPolicy(join(folder, 'policy.json'))).rejects.toThrow(/Cannot be read: ENOENT/);
    await expect(loadPolicy(join(folder, 'loop.json'))).rejects.toThrow(/Cannot be read: ELOOP/);
  });

  it('is large', async () => {
    await expect(load('policy.json', ' '.repeat(1_048_577))).rejects.toThrow(/larger than 1048576 bytes/);
  });

  it('is not text', async () => {
    await expect(load('policy.json', new Uint8Array([0x7b, 0xff, 0x7d]))).rejects.toThrow(
      /not text in UTF-8/,
    );
  });

  it.each(['policy.toml', 'policy', '.json'])('is of no format that is known: %s', async name => {
    await expect(load(name, '{}')).rejects.toThrow(
      `${name}: A policy file should end in .json, .yaml or .yml.`,
    );
  });

  it('is YAML where the package `yaml` is not installed; JSON goes without', async ({ signal }) => {
    const args = [await file('policy.json', '{"leaseMs":1}'), await file('policy.yaml', 'leaseMs: 1')];
    const program = new URL('./programs/without-yaml.ts', import.meta.url);

    const { stdout, stderr } = await runProgram(program, { args, signal });

    expect(stderr).toBe('');
    expect(stdout).toBe(
      `{"leaseMs":1}\nPolicyFileError: ${args[1]}: YAML needs the package \`yaml\`, which is not installed: ` +
        'npm install yaml. Or write the policy as JSON.\n',
    );
  });
});

describe('loadPolicy', () => {
  it.each<[string, unknown, unknown, RegExp]>([
    ['a path', 5, {}, /`path` should be a string or a file: URL, got 5/],
    ['a URL of a file', new URL('https://policies.internal/policy.json'), {}, /file/],
    ['options', 'policy.json', 5, /`loadPolicy` should be an object/],
    [
      'a known option',
      'policy.json',
      { watched: true },
      /Unknown option `loadPolicy.watched`.*Did you mean `watch`/,
    ],
    ['watch', 'policy.json', { watch: 'yes' }, /`loadPolicy.watch` should be true or false, got "yes"/],
  ])('refuses what is not %s', async (_, path, options, message) => {
    const error = await rejection(TypeError, loadPolicy(path as never, options as never));
    expect(error.message).toMatch(message);
  });
});
