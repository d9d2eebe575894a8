import { describe, expect, test } from 'vitest';
import type { FetchOptions } from '../../src/index.ts';
import { harness, url } from '../support/harness.ts';

const ok = (): Response => new Response('', { status: 200 });

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    error => (error as { code?: string }).code ?? error,
  );

/** A host that lets out one attempt at a time; one is under way and another waits for it to end. */
async function oneWaits(options: FetchOptions = {}) {
  const world = harness({
    concurrencyLimit: { maxLimit: 1, initialLimit: 1, maxQueueMs: 10_000 },
    retry: false,
    ...options,
  });
  const running = world.fetch(url, { policy: { totalTimeoutMs: false } });
  const waiting = codeOf(world.fetch(url));
  await world.clock.advance(0);
  expect(viewOf(world)?.concurrencyLimit).toMatchObject({ inFlight: 1, waiting: 1 });
  expect(world.transport.attempts).toHaveLength(1);
  return { ...world, running, waiting };
}

const viewOf = ({ fetch }: Pick<ReturnType<typeof harness>, 'fetch'>) => fetch.hosts.get('payments.test');

describe('an attempt that waits for the concurrency limit', () => {
  test('does not go to a host that was isolated meanwhile', async () => {
    const world = await oneWaits();
    viewOf(world)?.circuitBreaker.isolate();
    world.transport.attempts[0]?.respond(ok());
    await world.running;
    await world.clock.advance(0);
    expect(world.transport.attempts).toHaveLength(1);
    expect(await world.waiting).toBe('CIRCUIT_OPEN');
    expect(viewOf(world)?.concurrencyLimit).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  test('does not go to a host that was isolated meanwhile, also without a circuit breaker', async () => {
    const world = await oneWaits({ circuitBreaker: false });
    viewOf(world)?.circuitBreaker.isolate();
    world.transport.attempts[0]?.respond(ok());
    await world.running;
    await world.clock.advance(0);
    expect(world.transport.attempts).toHaveLength(1);
    expect(await world.waiting).toBe('CIRCUIT_OPEN');
  });

  test('does not go out once the circuit has opened', async () => {
    const world = await oneWaits({
      circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0 },
    });
    world.transport.attempts[0]?.respond(new Response('', { status: 500 }));
    await world.running;
    await world.clock.advance(0);
    expect(viewOf(world)?.circuitBreaker.state).toBe('open');
    expect(world.transport.attempts).toHaveLength(1);
    expect(await world.waiting).toBe('CIRCUIT_OPEN');
    expect(viewOf(world)?.concurrencyLimit).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  test('keeps the pause that the host has asked for meanwhile', async () => {
    const world = await oneWaits();
    world.transport.attempts[0]?.respond(new Response('', { status: 503, headers: { 'Retry-After': '3' } }));
    await world.running;
    await world.clock.advance(2_999);
    expect(world.transport.attempts).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.transport.attempts).toHaveLength(2);
    world.transport.attempts[1]?.respond(ok());
    expect(await world.waiting).toBe('answered');
    expect(viewOf(world)?.concurrencyLimit).toMatchObject({ inFlight: 0, waiting: 0 });
  });
});

describe('a concurrency limit under another policy', () => {
  test('lets out at once whom the new one allows', async () => {
    const world = await oneWaits();
    world.fetch.update({ concurrencyLimit: { maxLimit: 2, initialLimit: 2 } });
    await world.clock.advance(0);
    expect(world.transport.attempts).toHaveLength(2);
  });

  test('lets out everybody when there is none any more', async () => {
    const world = await oneWaits();
    world.fetch.update({ concurrencyLimit: false });
    await world.clock.advance(0);
    expect(world.transport.attempts).toHaveLength(2);
  });

  test('is not changed back by the calls of before', async () => {
    const world = await oneWaits();
    world.fetch.update({ concurrencyLimit: { algorithm: 'gradient', initialLimit: 7 } });
    world.transport.attempts[0]?.respond(ok());
    await world.running;
    await world.clock.advance(0);
    for (let call = 0; call < 7; call++) void codeOf(world.fetch(url));
    await world.clock.advance(0);
    for (const attempt of world.transport.attempts.slice(1))
      attempt.respond(new Response('', { status: 503 }));
    await world.clock.advance(1_000);
    for (const attempt of world.transport.attempts.slice(8))
      attempt.respond(new Response('', { status: 503 }));
    // Halved once for all of them; the limit of one that began anew would be seven.
    expect(viewOf(world)?.concurrencyLimit?.limit).toBe(3);
  });
});

test('an endpoint that has room goes before one at which the attempt would have to wait', async () => {
  const world = harness({
    hosts: {
      'payments.test': {
        endpoints: ['https://a.test', 'https://b.test'],
        concurrencyLimit: { maxLimit: 1, initialLimit: 1 },
      },
    },
  });
  const calls = Array.from({ length: 3 }, () => codeOf(world.fetch(url)));
  await world.clock.advance(0);
  expect(world.transport.attempts.map(({ request }) => new URL(request.url).host)).toEqual([
    'a.test',
    'b.test',
  ]);
  expect(world.fetch.hosts.get('a.test')?.concurrencyLimit).toMatchObject({ inFlight: 1, waiting: 1 });
  world.transport.attempts[0]?.respond(ok());
  await world.clock.advance(0);
  for (const attempt of world.transport.attempts.slice(1)) attempt.respond(ok());
  expect(await Promise.all(calls)).toEqual(['answered', 'answered', 'answered']);
});

describe('an overload that nobody has called since', () => {
  test('is over for who looks, and for hedges', async () => {
    const world = harness({
      attemptTimeoutMs: 1_000,
      retry: false,
      hedge: { afterMs: 100 },
      hosts: {
        'payments.test': {
          endpoints: ['https://payments.test', 'https://b.test'],
          circuitBreaker: { minimumSilenceMs: 0, openMs: 60_000 },
        },
      },
    });
    for (let call = 0; call < 30; call++)
      void codeOf(world.fetch(url, { policy: { hedge: false, endpoints: false } }));
    await world.clock.advance(1_000);
    expect(viewOf(world)?.circuitBreaker.state).toBe('open');
    expect(viewOf(world)?.concurrencyLimit).toMatchObject({ isOverloaded: true, limit: 1 });
    await world.clock.advance(5_000);
    expect(viewOf(world)?.concurrencyLimit).toMatchObject({ isOverloaded: false, limit: Infinity });
    const call = codeOf(world.fetch(url));
    await world.clock.advance(100);
    expect(world.transport.attempts).toHaveLength(32);
    world.transport.attempts.at(-1)?.respond(ok());
    expect(await call).toBe('answered');
  });
});

test('a wait for the concurrency limit is no slowness of the host', async () => {
  const world = await oneWaits({
    circuitBreaker: { slowCallMs: 300, consecutiveFailures: 1, minimumSilenceMs: 0 },
  });
  await world.clock.advance(290);
  world.transport.attempts[0]?.respond(ok());
  await world.running;
  await world.clock.advance(299);
  expect(viewOf(world)?.circuitBreaker.state).toBe('closed');
  world.transport.attempts[1]?.respond(ok());
  expect(await world.waiting).toBe('answered');
  expect(world.events.filter(({ type }) => type === 'slow-call')).toEqual([]);
});

test('neither is a pause that it keeps after that, and who has no time for it hears so at once', async () => {
  const world = await oneWaits({
    circuitBreaker: { slowCallMs: 300, consecutiveFailures: 2, minimumSilenceMs: 0 },
  });
  const late = codeOf(world.fetch(url, { policy: { totalTimeoutMs: 1_500 } }));
  world.transport.attempts[0]?.respond(new Response('', { status: 503, headers: { 'Retry-After': '3' } }));
  await world.running;
  expect(await late).toBe('HOST_PAUSED');
  await world.clock.advance(3_000);
  expect(world.transport.attempts).toHaveLength(2);
  world.transport.attempts[1]?.respond(ok());
  expect(await world.waiting).toBe('answered');
  expect(world.events.filter(({ type }) => type === 'slow-call' || type === 'circuit')).toEqual([]);
});
