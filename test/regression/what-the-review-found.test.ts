import { expect, test } from 'vitest';
import { CircuitOpenError, type Policy } from '../../src/index.ts';
import { networkError, stalledBody } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';

const touchy = { consecutiveFailures: 1, minimumSilenceMs: 0, openMs: 1_000, openJitterRatio: 0 } as const;

test('a live update to fewer probes does not wedge a half-open circuit', async () => {
  const transport = answering(500, 200);
  const { fetch, clock } = harness({
    fetch: transport,
    retry: false,
    circuitBreaker: { ...touchy, halfOpenProbes: 2 },
  });
  await (await fetch(url)).text();
  await clock.advance(1_000);
  await (await fetch(url)).text();
  expect(fetch.hosts.for(url).circuitBreaker.state).toBe('half-open');
  fetch.update({ retry: false, circuitBreaker: { ...touchy, halfOpenProbes: 1 } });
  await (await fetch(url)).text();
  expect(fetch.hosts.for(url).circuitBreaker.state).toBe('closed');
});

test('a probe whose good answer is a stream that stays open closes the circuit when its lease is over', async () => {
  const transport = answering(500, () => new Response(stalledBody('first')));
  const { fetch, clock } = harness({
    fetch: transport,
    retry: false,
    totalTimeoutMs: false,
    circuitBreaker: { ...touchy, probeLeaseMs: 500 },
  });
  await (await fetch(url)).text();
  await clock.advance(1_000);
  const reader = (await fetch(url)).body!.getReader();
  await reader.read();
  expect(fetch.hosts.for(url).circuitBreaker.state).toBe('half-open');
  await clock.advance(500);
  expect(fetch.hosts.for(url).circuitBreaker.state).toBe('closed');
  await reader.cancel();
});

test.each([
  409, 522,
])('%i on everything gives nothing back to the budget when shouldRetry repeats it', async status => {
  const transport = answering(status);
  const { fetch } = harness({
    fetch: transport,
    circuitBreaker: false,
    retry: { maxRetries: 1, shouldRetry: ({ outcome }) => outcome.status === status },
  });
  for (let call = 0; call < 100; call++) await (await fetch(url)).text();
  expect(transport.calls).toHaveLength(110);
  expect(fetch.hosts.for(url).counters.recoveredCalls).toBe(0);
});

test('a response re-wrapped by a policy lets everything go when its stream has been read', async () => {
  const rewrap: Policy = async (call, next) => {
    const response = await next(call);
    return new Response(response.body, response);
  };
  const controller = new AbortController();
  const { fetch, clock } = harness({
    fetch: answering(200),
    policies: [{ policy: rewrap, inside: 'totalTimeout' }],
  });
  const response = await fetch(url, { signal: controller.signal });
  for await (const _ of response.body!);
  await clock.advance(0);
  expect(clock.pending).toBe(0);
  expect(fetch.hosts.for(url).activeCalls).toBe(0);
});

test.each([
  'EMFILE',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_INVALID_ARG',
])('%s is about this program and blames no host', async code => {
  const { fetch } = harness({ fetch: answering(networkError(code)), retry: false, circuitBreaker: touchy });
  await expect(fetch(url)).rejects.toThrow(TypeError);
  expect(fetch.hosts.for(url).circuitBreaker.state).toBe('closed');
});

test('a retry of a Request keeps its referrer policy', async () => {
  const transport = answering(503, 200);
  const { fetch } = harness({ fetch: transport });
  await (await fetch(new Request(url, { referrerPolicy: 'no-referrer', headers: { accept: '*/*' } }))).text();
  expect(transport.calls.map(([, init]) => init?.referrerPolicy)).toEqual(['no-referrer', 'no-referrer']);
});

test('an impatient call does not blame the host for its own total timeout', async () => {
  const { fetch, clock } = harness({ retry: false, circuitBreaker: touchy });
  const call = expect(fetch(url, { policy: { totalTimeoutMs: 50 } })).rejects.toMatchObject({
    scope: 'total',
  });
  await clock.advance(50);
  await call;
  expect(fetch.hosts.for(url).circuitBreaker.state).toBe('closed');
});

test('an error class derived from ours claims no instances but its own', async () => {
  class Mine extends CircuitOpenError {}
  const { fetch } = harness({ fetch: answering(() => statusResponse(200)) });
  fetch.hosts.for(url).circuitBreaker.isolate();
  const error: unknown = await fetch(url).catch(reason => reason);
  expect(error).toBeInstanceOf(CircuitOpenError);
  expect(error).not.toBeInstanceOf(Mine);
});
