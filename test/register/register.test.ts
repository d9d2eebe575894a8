/** `node --import holdfast/register`, as it is built, in processes of their own. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type FaultServer, startFaultServer } from '../support/fault-server.ts';
import { PackageCopy } from '../support/package-copy.ts';
import { runProgram } from '../support/run-program.ts';

const program = (name: string) => new URL(`./programs/${name}`, import.meta.url);
const preload = (name: string) => ['--import', program(name).href];
const register = ['--import', 'holdfast/register'];

const folder = mkdtempSync(join(tmpdir(), 'holdfast-register-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function policyFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const noRetry = policyFile('no-retry.yaml', 'retry: false\n');
const wrong = policyFile('wrong.yaml', 'retry:\n  maxRetries: lots\n');

// A test runner sets one of them, and where both are set every Node says so on standard error.
beforeAll(() => {
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', undefined);
  return () => vi.unstubAllEnvs();
});

const requestsTo = async (server: FaultServer, path: string) => (await server.requests(path)).length;

describe('a program that knows nothing of it has its failed calls retried, and ends by itself:', () => {
  const recovered = { code: 0, stdout: '200 true \n', stderr: '' };

  test.for(['calls.ts', 'calls.cts', 'calls-in-a-child.ts'])('%s', async (name, { signal }) => {
    await using server = await startFaultServer();
    const args = [server.url('/503,200', { size: 0 })];
    const env = { NODE_OPTIONS: register.join(' ') };
    expect(await runProgram(program(name), { args, env, signal })).toEqual(recovered);
    expect(await requestsTo(server, '/503,200')).toBe(2);
  });

  test('with the flag of node', async ({ signal }) => {
    await using server = await startFaultServer();
    const args = [server.url('/503,200', { size: 0 })];
    expect(await runProgram(program('calls.cts'), { args, flags: register, signal })).toEqual(recovered);
  });

  test('in a thread', async ({ signal }) => {
    await using server = await startFaultServer();
    const args = ['', server.url('/503,200', { size: 0 })];
    const result = await runProgram(program('calls-in-a-thread.ts'), { args, flags: register, signal });
    expect(result).toEqual({ ...recovered, stdout: '200 true \nexit 0\n' });
  });

  test('with it twice, once', async ({ signal }) => {
    await using server = await startFaultServer();
    const args = [server.url('/503', { size: 0 })];
    const env = { NODE_OPTIONS: register.join(' ') };
    const once = await runProgram(program('calls.ts'), { args, env, signal });
    const requests = await requestsTo(server, '/503');
    const twice = await runProgram(program('calls.ts'), { args, flags: register, env, signal });
    expect(twice).toEqual(once);
    expect(await requestsTo(server, '/503')).toBe(2 * requests);
  });
});

test('`fetch` keeps its name, its length and its property; whoever took it before has the other', async ({
  signal,
}) => {
  const flags = '{"writable":true,"enumerable":true,"configurable":true}';
  const after = [...preload('takes-fetch-early.mjs'), ...register];
  const before = [...register, ...preload('takes-fetch-early.mjs')];
  expect(await runProgram(program('compares-fetch.ts'), { flags: after, signal })).toEqual({
    code: 0,
    stdout: `false fetch 1 true ${flags}\nRequest,Response,Headers\n`,
    stderr: '',
  });
  const { stdout } = await runProgram(program('compares-fetch.ts'), { flags: before, signal });
  expect(stdout).toContain(`true fetch 1 true ${flags}`);
});

describe('the policy', () => {
  test('is that of the file', async ({ signal }) => {
    await using server = await startFaultServer();
    const args = [server.url('/503', { size: 0 })];
    const env = { HOLDFAST_POLICY: noRetry };
    const result = await runProgram(program('calls.ts'), { args, flags: register, env, signal });
    expect(result).toEqual({ code: 0, stdout: '503 true \n', stderr: '' });
    expect(await requestsTo(server, '/503')).toBe(1);
  });

  test.for([
    ['wrong', wrong, `${wrong}:2:15: \`retry.maxRetries\` should be a whole number`],
    ['missing', join(folder, 'none.json'), `${join(folder, 'none.json')}: Cannot be read: ENOENT`],
    ['empty', '', 'HOLDFAST_POLICY: It is set, but empty.'],
  ])('that is %s ends the program before it begins', async ([, path, message], { signal }) => {
    await using server = await startFaultServer();
    const env = { HOLDFAST_POLICY: path as string };
    for (const flags of [register, [...preload('catches-everything.mjs'), ...register]]) {
      const result = await runProgram(program('calls.ts'), {
        args: [server.url('/200')],
        flags,
        env,
        signal,
      });
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toContain(`holdfast/register: the program was not started.\n${message}`);
      expect(result.stderr.trimEnd().split('\n')).toHaveLength(2);
    }
    expect(await requestsTo(server, '/200')).toBe(0);
  });

  test('that is wrong in a thread alone ends the thread, with an error to whoever started it', async ({
    signal,
  }) => {
    const args = [wrong];
    const { stdout } = await runProgram(program('calls-in-a-thread.ts'), { args, flags: register, signal });
    expect(stdout).toContain(`Error: ${wrong}:2:15: \`retry.maxRetries\``);
    expect(stdout).toContain('exit 1');
  });

  test('follows the file, and lets the program end', async ({ signal }) => {
    await using server = await startFaultServer();
    const env = { HOLDFAST_POLICY: policyFile('followed.yaml', 'retry: false\n') };
    const args = [server.url('/503,503,200'), 'retry: { baseDelayMs: 0 }\n'];
    const result = await runProgram(program('follows-file.ts'), { args, flags: register, env, signal });
    expect(result).toEqual({ code: 0, stdout: '503\n200\n', stderr: '' });
  });

  test('stays when the file goes wrong, which is said', async ({ signal }) => {
    await using server = await startFaultServer();
    const env = { HOLDFAST_POLICY: policyFile('spoilt.yaml', 'retry: false\n') };
    const args = [server.url('/503'), 'retry: { maxRetries: lots }\n'];
    const result = await runProgram(program('follows-file.ts'), { args, flags: register, env, signal });
    expect(result).toMatchObject({ code: 0, stdout: '503\n503\n' });
    expect(result.stderr).toContain('spoilt.yaml:1:22: `retry.maxRetries`');
  });
});

describe('what sends is', () => {
  const sender = program('names-sender.ts');

  test('undici', async ({ signal }) => {
    await using server = await startFaultServer();
    const result = await runProgram(sender, { args: [server.url('/200')], flags: register, signal });
    expect(result).toEqual({ code: 0, stdout: '200 undici\n', stderr: '' });
  });

  test("the runtime's fetch where undici is missing or too old, with one warning", async ({ signal }) => {
    await using server = await startFaultServer();
    using copy = new PackageCopy();
    const args = [server.url('/503,200'), server.url('/200')];
    const url = copy.url('dist/register/index.js');
    const missing = await runProgram(sender, { args, flags: ['--import', url], signal });
    expect(missing).toMatchObject({ code: 0, stdout: '200 fetch\n200 fetch\n' });
    expect(missing.stderr.match(/\[HOLDFAST_UNDICI\] HoldfastWarning: .*/g)).toEqual([
      expect.stringMatching(/which is not installed: npm install undici@8\./),
    ]);
    copy.addEmpty('undici', '7.1.0');
    const old = await runProgram(sender, { args, flags: ['--import', url], signal });
    expect(old).toMatchObject({ code: 0, stdout: '200 fetch\n200 fetch\n' });
    expect(old.stderr).toContain('needs undici 8.13 or later, and found 7.1.0: npm install undici@8.');
    const quiet = ['--disable-warning=HOLDFAST_UNDICI', '--import', url];
    expect(await runProgram(sender, { args, flags: quiet, signal })).toMatchObject({ code: 0, stderr: '' });
  });

  test("undici's global dispatcher from when the program sets one", async ({ signal }) => {
    await using server = await startFaultServer();
    const args = [server.url('/200', { size: 0 }).split('?')[0] as string];
    const result = await runProgram(program('mocks-with-undici.ts'), { args, flags: register, signal });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/\nmocked\n$/);
    expect(await requestsTo(server, '/200')).toBe(1);
  });

  test('the proxy that Node takes from the environment', async ({ signal }) => {
    const asked: (string | undefined)[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url);
      response.end('by proxy');
    });
    proxy.on('connect', (request, socket) => {
      asked.push(request.url);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const env = {
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NO_PROXY: '',
      HOLDFAST_POLICY: noRetry,
    };
    await runProgram(program('calls.ts'), { args: ['http://kelp.invalid/'], flags: register, env, signal });
    await new Promise(resolve => proxy.close(resolve));
    expect(asked.length).toBeGreaterThan(0);
  });
});

describe('with others that look at every call:', () => {
  test.for([
    ['msw after it', [...register, ...preload('msw-setup.mjs')]],
    ['msw before it', [...preload('msw-setup.mjs'), ...register]],
  ] as const)('%s', async ([, flags], { signal }) => {
    await using server = await startFaultServer();
    const args = [server.url('/503,200', { size: 10 })];
    const result = await runProgram(program('under-msw.ts'), { args, flags, signal });
    expect(result).toEqual({ code: 0, stdout: 'mocked 2\n200 10\n200\nkelp\n', stderr: '' });
    expect(await requestsTo(server, '/503,200')).toBe(3);
  });

  test.for([
    ['after it', [...register, ...preload('otel-setup.mjs')]],
    ['before it', [...preload('otel-setup.mjs'), ...register]],
  ] as const)('OpenTelemetry and its instrumentation of undici, %s, see each attempt once', async ([
    ,
    flags,
  ], { signal }) => {
    await using server = await startFaultServer();
    const args = [server.url('/503,200', { size: 0 })];
    const result = await runProgram(program('calls.ts'), { args, flags, signal });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    // 2 is a span of a client: https://opentelemetry.io/docs/specs/otel/trace/api/#spankind
    const clients = [...result.stdout.matchAll(/^2 (\S+)$/gm)].map(([, parent]) => parent);
    const sent = (await server.requests('/503,200')).map(({ headers }) => headers.traceparent);
    expect(sent).toHaveLength(2);
    expect(clients).toEqual(sent);
  });
});
