import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createFetch } from '../../src/index.ts';
import { refusedUrl, startFaultServer } from '../support/fault-server.ts';
import { runProgram } from '../support/run-program.ts';

const program = (name: string) => new URL(`./programs/${name}.ts`, import.meta.url);

describe('a process', () => {
  test('that made calls and read no body ends by itself', async ({ signal }) => {
    await using server = await startFaultServer();
    const urls = [
      server.url('/200'),
      server.url('/201', { size: 20_000_000 }),
      server.url('/404'),
      server.url('/503,200'),
      server.url('/204'),
    ];
    const result = await runProgram(program('reads-no-body'), { args: urls, signal });
    expect(result).toEqual({ code: 0, stdout: '200\n201\n404\n200\n204\n', stderr: '' });
  });

  test('that leaves a stalled body unread ends with the total timeout', async ({ signal }) => {
    await using server = await startFaultServer();
    const args = [server.url('/stall-body')];
    const result = await runProgram(program('leaves-stalled-body'), { args, signal });
    expect(result).toEqual({ code: 0, stdout: '200\nfailed\n', stderr: '' });
    expect(await server.waitForClose('/stall-body')).toMatchObject({ closedBy: 'client' });
  });

  test.for([
    ['read', '200'],
    ['unread', '200'],
    ['cancelled', 'stall-body'],
    ['failed', 'reset-before-headers'],
    ['aborted', 'stall-headers'],
  ])('has no timer left after a call that is %s', async ([ending, answer], { signal }) => {
    await using server = await startFaultServer();
    const args = [server.url(`/${answer}`), ending!];
    const result = await runProgram(program('resources-after-call'), { args, signal });
    expect(result).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
  });

  test.for([
    ['stall-body', '120000'],
    ['stall-body', 'Infinity'],
    ['200', '120000'],
    ['200', 'Infinity'],
  ])('that drops a response unread (%s, total timeout %s ms) has it collected, and the server sees the socket close', async ([
    answer,
    totalTimeoutMs,
  ], { signal }) => {
    await using server = await startFaultServer();
    const args = [server.url(`/${answer}`, { size: 20_000_000 }), totalTimeoutMs!];
    const result = await runProgram(program('drops-response'), { args, flags: ['--expose-gc'], signal });
    expect(result).toEqual({ code: 0, stdout: 'collected gone 0\n', stderr: '' });
    expect(await server.waitForClose(`/${answer}`)).toMatchObject({ closedBy: 'client' });
  });
});

describe("no listener is left on the caller's signal after a call that", () => {
  const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

  test.each<[string, string, (response: Response) => Promise<unknown>]>([
    ['is read', '200', response => response.text()],
    ['was retried', '503,503,200', response => response.text()],
    ['has no body', '204', async () => {}],
    ['is cancelled', 'stall-body', response => response.body!.cancel()],
    ['is read from a clone', '200', response => Promise.all([response.clone().text(), response.text()])],
    ['breaks off', 'fin-mid-body', response => response.text().catch(() => {})],
  ])('%s', async (_ending, answer, end) => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ retry: { baseDelayMs: 0 } });
    const { signal } = new AbortController();
    await end(await fetch(server.url(`/${answer}`), { signal }));
    expect(listeners(signal)).toBe(0);
  });

  test.each(['reset-before-headers', 'garbage'])('fails (%s)', async answer => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ retry: { baseDelayMs: 0 } });
    const { signal } = new AbortController();
    await fetch(server.url(`/${answer}`), { signal }).catch(() => {});
    expect(listeners(signal)).toBe(0);
  });

  test('is refused by the network', async () => {
    await using fetch = createFetch({ retry: { baseDelayMs: 0 } });
    const { signal } = new AbortController();
    await fetch(await refusedUrl(), { signal }).catch(() => {});
    expect(listeners(signal)).toBe(0);
  });

  test('times out', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ attemptTimeoutMs: 20, retry: false });
    const { signal } = new AbortController();
    await fetch(server.url('/stall-headers'), { signal }).catch(() => {});
    expect(listeners(signal)).toBe(0);
  });
});
