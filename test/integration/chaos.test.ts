import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type ChaosFault, chaos } from '../../src/chaos/index.ts';
import { createFetch, type HoldfastEvent, NetworkError, responseInfo } from '../../src/index.ts';
import { filler, refusedUrl, startFaultServer } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';

const size = 100_000;

/** Every way to read a body that breaks off. */
const readers: Record<string, (response: Response) => Promise<unknown>> = {
  'text()': response => response.text(),
  'json()': response => response.json(),
  'bytes()': response => response.bytes(),
  'for await': async response => {
    for await (const _ of response.body!);
  },
  'a BYOB reader': async response => {
    const reader = response.body!.getReader({ mode: 'byob' });
    while (!(await reader.read(new Uint8Array(1_000))).done);
  },
  'pipeTo()': response => response.body!.pipeTo(new WritableStream()),
  'a clone': response => response.clone().text(),
};

/** What a program can see of an error. */
const looks = (error: unknown) => {
  const { name, message, cause } = error as Error;
  const { code, syscall } = cause as Error & { code: string; syscall: string };
  return { isTypeError: error instanceof TypeError, name, message, code, syscall };
};

const failureOf = (reading: Promise<unknown>) =>
  reading.then(
    () => expect.unreachable('the body came in whole'),
    error => error as unknown,
  );

describe('a truncated body breaks as that of a connection which is reset, for', () => {
  test.each(Object.entries(readers))('%s', async (_, read) => {
    await using server = await startFaultServer();
    const real = createFetch({ retry: false, circuitBreaker: false });
    let expected: ReturnType<typeof looks>;
    do {
      const broken = await real(server.url('/reset-mid-body', { size, hold: true }));
      const failure = failureOf(read(broken));
      await server.release('/reset-mid-body');
      expected = looks(await failure);
      // Node 22 now and then takes a reset for an end.
    } while (expected.code === 'UND_ERR_SOCKET');

    const ends: HoldfastEvent[] = [];
    const injected = createFetch({
      retry: false,
      policies: [chaos({ faults: [{ type: 'truncate', afterBytes: 500 }] })],
      observe: event => event.type === 'body-end' && ends.push(event),
    });
    const response = await injected(server.url('/200', { size }));
    expect(response.headers.get('content-length')).toBe(String(size));
    expect(looks(await failureOf(read(response)))).toEqual(expected);
    await setImmediate();
    expect(ends).toMatchObject([{ end: 'failed' }]);
  });
});

test('the connection of a body that was cut is closed, as a reset one is', async () => {
  await using server = await startFaultServer();
  const fetch = createFetch({ policies: [chaos({ faults: [{ type: 'truncate', afterBytes: 10 }] })] });
  // Held, so that the service is still sending when the body is cut.
  const path = '/stall-body';
  const response = await fetch(server.url(path, { size }));
  await failureOf(response.text());
  expect(await server.waitForClose(path)).toMatchObject({ closedBy: 'client' });
});

test('a slow body comes whole, in its time', async () => {
  await using server = await startFaultServer();
  const bytesPerSecond = 1_000_000;
  const fetch = createFetch({ policies: [chaos({ faults: [{ type: 'slow-body', bytesPerSecond }] })] });
  const startedAt = performance.now();
  const response = await fetch(server.url('/200', { size }));
  expect(await response.bytes()).toEqual(filler(size));
  // Each of its ten timers may come a millisecond early.
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual((size / bytesPerSecond) * 1_000 - 20);
  expect(response.url).toBe(server.url('/200', { size }));
});

test('the total timeout ends a body that stalls, and closes its connection', async () => {
  await using server = await startFaultServer();
  const faults = chaos({ faults: [{ type: 'slow-body', bytesPerSecond: 0 }] });
  const fetch = createFetch({ totalTimeoutMs: 200, policies: [faults] });
  const response = await fetch(server.url('/stall-body', { size }));
  expect(await failureOf(response.text())).toMatchObject({ code: 'TIMEOUT', scope: 'total' });
  expect(await server.waitForClose('/stall-body')).toMatchObject({ closedBy: 'client' });
});

test('an answer that is lost after sending: the service has it all, and the call is told of a doubt', async () => {
  await using server = await startFaultServer();
  const fetch = createFetch({
    retry: { baseDelayMs: 0 },
    policies: [chaos({ faults: [{ type: 'reset', when: 'after' }] })],
  });
  const path = '/200';
  const call = fetch(server.url(path), { method: 'POST', body: 'charge 42' });
  expect(await rejection(NetworkError, call)).toMatchObject({ reason: 'ECONNRESET', sent: 'maybe' });
  expect(await server.requests(path)).toHaveLength(1);
});

test('an injected refusal is read as a real one', async () => {
  const plain = createFetch({ retry: false });
  const real = await rejection(NetworkError, plain(await refusedUrl()));
  const faults: ChaosFault[] = [{ type: 'refused' }];
  const fetch = createFetch({ retry: false, policies: [chaos({ faults })] });
  const injected = await rejection(NetworkError, fetch('http://127.0.0.1:9/'));
  const seen = ({ reason, sent, transient, attempts }: NetworkError) => [
    reason,
    sent,
    transient,
    attempts[0]?.outcome,
  ];
  expect(seen(injected)).toEqual(seen(real));
});

test('nothing is done to a call that no fault strikes', async () => {
  await using server = await startFaultServer();
  const fetch = createFetch({ policies: [chaos({ rate: 0, faults: [{ type: 'truncate' }] })] });
  const response = await fetch(server.url('/200', { size }));
  expect(await response.bytes()).toEqual(filler(size));
  expect(responseInfo(response)?.attempts[0]).not.toHaveProperty('chaos');
});
