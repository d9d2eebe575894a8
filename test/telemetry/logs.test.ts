import { channel } from 'node:diagnostics_channel';
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { HoldfastEvent, LogFields, Logger } from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { answering } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { startSdk } from '../support/telemetry.ts';

type Line = readonly [level: string, message: string, fields: LogFields];

function recorder(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: LogFields, message: string) =>
    void lines.push([level, message, fields]);
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

afterEach(() => vi.restoreAllMocks());

describe('a logger', () => {
  test('hears nothing of a call that went well at once', async () => {
    const logger = recorder();
    const { fetch } = harness({ fetch: answering(200), logger });
    await (await fetch(url)).text();
    expect(logger.lines).toEqual([]);
  });

  test('gets a line per retry and one for the call that was saved', async () => {
    const logger = recorder();
    const { fetch, clock } = harness({ fetch: answering(503, 200), random: () => 0.5, logger });
    const call = fetch(`${url}?key=secret`);
    await clock.advance(100);
    await (await call).text();
    expect(logger.lines.map(([level, message]) => `${level}: ${message}`)).toEqual([
      'warn: attempt 1 failed, retried after 100 ms',
      'info: call recovered after 2 attempts',
    ]);
    const [retry, end] = logger.lines.map(([, , fields]) => fields);
    expect(retry).toMatchObject({
      method: 'GET',
      url: `${url}?key=REDACTED`,
      host: 'https://payments.test',
      attempt: 1,
      error: 503,
      delayMs: 100,
    });
    expect(end).toMatchObject({ attempts: 2, elapsedMs: 100, status: 200, result: 'success' });
    expect(end?.callId).toBe(retry?.callId);
  });

  test('gets an error line for a call that failed', async () => {
    const logger = recorder();
    const { fetch } = harness({ fetch: answering(networkError('ECONNREFUSED')), retry: false, logger });
    await fetch(url).catch(() => {});
    expect(logger.lines.at(-1)).toMatchObject(['error', 'call failed: network_error', { error: 'NETWORK' }]);
  });

  test('has the trace id where there is a trace', async () => {
    const sdk = startSdk();
    const logger = recorder();
    const { fetch } = harness({ fetch: answering(503, 200), logger });
    await (await fetch(url)).text();
    expect(logger.lines[0]?.[2].trace_id).toBe(sdk.spans()[0]?.spanContext().traceId);
    await sdk.stop();
  });

  test('may be pino', async () => {
    const written: string[] = [];
    const stream = new Writable({
      write(chunk, _, done) {
        written.push(String(chunk));
        done();
      },
    });
    const { fetch } = harness({ fetch: answering(503, 200), logger: pino(stream) });
    await (await fetch(url)).text();
    expect(written.map(line => JSON.parse(line))).toMatchObject([
      { level: 40, msg: 'attempt 1 failed, retried after 0 ms', error: 503 },
      { level: 30, msg: 'call recovered after 2 attempts' },
    ]);
  });

  test('may be the console, with a line of JSON each', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    vi.spyOn(console, 'info').mockImplementation(() => {});
    const { fetch } = harness({ fetch: answering(503, 200), logger: 'console' });
    await (await fetch(url)).text();
    expect(JSON.parse(warn.mock.calls[0]?.[0])).toMatchObject({ level: 'warn', attempt: 1, error: 503 });
  });

  test('that throws breaks no call', async () => {
    const report = vi.spyOn(console, 'error').mockImplementation(() => {});
    const fail = () => {
      throw new Error('disk full');
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const { fetch, events } = harness({ fetch: answering(503, 200), logger });
    expect((await fetch(url)).status).toBe(200);
    expect(report.mock.calls.length).toBeLessThanOrEqual(1);
    expect(events.map(({ type }) => type)).toContain('retry');
  });

  test.each<[unknown, string]>([
    ['stdout', '`logger` should be an object, got "stdout".'],
    [{ info() {} }, '`logger.debug` should be a function, got undefined.'],
  ])('that is none is refused: %j', (logger, message) => {
    expect(() => harness({ logger: logger as Logger })).toThrow(message);
  });
});

describe('diagnostics channels', () => {
  test('have every event under its type, for as long as somebody subscribes', async () => {
    const heard: HoldfastEvent[] = [];
    const listen = (event: unknown) => void heard.push(event as HoldfastEvent);
    const { fetch } = harness({ fetch: answering(503, 200, 200), observe: undefined as never });
    channel('holdfast:retry').subscribe(listen);
    await (await fetch(url)).text();
    channel('holdfast:retry').unsubscribe(listen);
    await (await fetch(url)).text();
    expect(heard).toMatchObject([{ type: 'retry', status: 503 }]);
  });
});
