import { expect, test } from 'vitest';
import { z } from 'zod';
import { createApi, defineContract, endpoint, ValidationError } from '../src/contract/index.ts';
import {
  CircuitOpenError,
  ClosedError,
  gatewayStatus,
  HostPausedError,
  NetworkError,
  TimeoutError,
} from '../src/index.ts';
import { networkError } from '../src/testing/index.ts';
import { answering, statusResponse } from './support/answering.ts';
import { harness, url } from './support/harness.ts';
import { rejection } from './support/rejection.ts';

test('502: nothing usable came back', async () => {
  const { fetch } = harness({ fetch: answering(networkError('ECONNREFUSED')) });
  expect(gatewayStatus(await rejection(NetworkError, fetch(url)))).toBe(502);
});

test('503: we refused to send', async () => {
  const { fetch } = harness({
    fetch: answering(() => statusResponse(503, { 'Retry-After': '3' })),
    retry: false,
  });
  await fetch(url);
  const paused = await rejection(HostPausedError, fetch(url, { policy: { totalTimeoutMs: 1_000 } }));
  expect(gatewayStatus(paused)).toBe(503);
  fetch.hosts.for(url).pause.resume();
  fetch.hosts.for(url).circuitBreaker.isolate();
  expect(gatewayStatus(await rejection(CircuitOpenError, fetch(url)))).toBe(503);
  await fetch.close();
  expect(gatewayStatus(await rejection(ClosedError, fetch(url)))).toBe(503);
});

test('504: a limit passed', async () => {
  const { fetch, clock } = harness({ retry: false });
  const error = rejection(TimeoutError, fetch(url));
  await clock.advance(10_000);
  expect(gatewayStatus(await error)).toBe(504);
});

test('a contract: 502 where the service broke it, nothing where we did', async () => {
  const contract = defineContract({
    add: endpoint({
      method: 'POST',
      path: '/',
      body: z.object({ id: z.int() }),
      responses: { 200: z.object({ id: z.int() }) },
    }),
  });
  const { fetch } = harness({ fetch: answering(() => Response.json({ id: 'one' })) });
  const { add } = createApi(contract, { baseUrl: url, fetch });
  expect(gatewayStatus(await rejection(ValidationError, add({ body: { id: 1 } })))).toBe(502);
  expect(gatewayStatus(await rejection(ValidationError, add({ body: { id: 0.5 } })))).toBeUndefined();
});

test.for([
  [500, 502],
  [502, 502],
  [503, 503],
  [504, 504],
  [429, 503],
  [404, undefined],
  [200, undefined],
])('the answer of a service, %d: %s', ([status, told]) => {
  expect(gatewayStatus(new Response(null, { status: status as number }))).toBe(told);
});

test('nothing for what is no error of a call', () => {
  for (const foreign of [
    new Error('own'),
    new DOMException('gone', 'AbortError'),
    new Response(),
    undefined,
    null,
  ])
    expect(gatewayStatus(foreign)).toBeUndefined();
});
