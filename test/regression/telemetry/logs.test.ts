import { execFile } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { PolicySet } from '../../../src/index.ts';
import { answering } from '../../support/answering.ts';
import { harness, url } from '../../support/harness.ts';
import { unhandledRejections } from '../../support/unhandled.ts';

const run = promisify(execFile);
afterEach(() => vi.restoreAllMocks());

test('a logger whose methods are async and reject breaks nothing', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const fail = async () => {
    throw new Error('disk full');
  };
  const { fetch } = harness({
    fetch: answering(503, 200),
    logger: { debug: fail, info: fail, warn: fail, error: fail },
  });
  expect(await unhandledRejections(async () => (await fetch(url)).text())).toEqual([]);
});

test('the console says why a policy will not do', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  let hand: (policy: PolicySet) => void = () => {};
  const source = {
    subscribe(onPolicy: (policy: PolicySet) => void) {
      hand = onPolicy;
      return () => {};
    },
  };
  harness({ logger: 'console', observe: undefined as never, source });
  hand({ totalTimeoutMs: -1 });
  expect(error).toHaveBeenCalledTimes(1);
  expect(error.mock.calls[0]?.[0]).toContain('totalTimeoutMs');
});

describe('channels', () => {
  test('the page does not say that a subscriber may throw: Node makes an uncaught exception of it', async () => {
    const program = `
      import { subscribe } from 'node:diagnostics_channel';
      import { createFetch } from '${new URL('../../../src/index.ts', import.meta.url)}';
      subscribe('holdfast:call-end', () => { throw new Error('subscriber at fault'); });
      await createFetch({ fetch: async () => new Response('kelp') })('https://a.test/');
    `;
    await expect(run(process.execPath, ['--input-type=module', '-e', program])).rejects.toThrow(
      'subscriber at fault',
    );
    const page = readFileSync('docs/telemetry.md', 'utf8');
    expect(page).not.toMatch(/a subscriber or an exporter that throws is reported once/);
  });

  test('tell every event to a subscriber who came after the client', () => {
    const heard: unknown[] = [];
    const listen = (event: unknown) => void heard.push(event);
    const { fetch } = harness({ fetch: answering(200), observe: undefined as never });
    channel('holdfast:circuit').subscribe(listen);
    fetch.hosts.for(url).circuitBreaker.isolate();
    channel('holdfast:circuit').unsubscribe(listen);
    expect(heard).toMatchObject([{ type: 'circuit', to: 'isolated' }]);
  });
});
