import { describe, expect, test, vi } from 'vitest';
import {
  type CircuitBreakerOptions,
  CircuitOpenError,
  type FetchOptions,
  type HoldfastFetch,
  NetworkError,
  responseInfo,
} from '../../src/index.ts';
import { networkError, slowBody, stalledBody } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { microtasks, withinMicrotasks } from '../support/settling.ts';

/** Opens at the second failure in a row, for exactly a second. No retries, so that calls are attempts. */
const touchy: CircuitBreakerOptions = {
  consecutiveFailures: 2,
  minimumSilenceMs: 0,
  failureRatio: false,
  openJitterRatio: 0,
};

const touchyHarness = (circuitBreaker: CircuitBreakerOptions = {}, options: FetchOptions = {}) =>
  harness({ retry: false, hostPause: false, circuitBreaker: { ...touchy, ...circuitBreaker }, ...options });

type Parts = ReturnType<typeof harness>;

const circuitOf = (fetch: HoldfastFetch) => fetch.hosts.for(url).circuitBreaker!;

/** One call that the transport answers at once with a status. */
async function callWith({ fetch, transport }: Parts, status: number): Promise<void> {
  const call = fetch(url);
  (await transport.next()).respond(statusResponse(status));
  await (await call).text();
}

async function open(parts: Parts): Promise<void> {
  await callWith(parts, 500);
  await callWith(parts, 500);
  expect(circuitOf(parts.fetch).state).toBe('open');
}

/** Opens the circuit and waits until it lets a probe through. */
async function halfOpen(parts: Parts): Promise<void> {
  await open(parts);
  await parts.clock.advance(1_000);
  expect(circuitOf(parts.fetch).state).toBe('half-open');
}

describe('promise 10: outcomes are success, failure or neutral', () => {
  const failures: Record<string, (parts: Parts) => Promise<void>> = {
    'a 500': parts => callWith(parts, 500),
    'a 503': parts => callWith(parts, 503),
    'a network error': async ({ fetch, transport }) => {
      const call = rejection(NetworkError, fetch(url));
      (await transport.next()).fail(networkError('ECONNRESET'));
      await call;
    },
    'a refused connection': async ({ fetch, transport }) => {
      const call = rejection(NetworkError, fetch(url));
      (await transport.next()).fail(networkError('ECONNREFUSED'));
      await call;
    },
    'a bad certificate': async ({ fetch, transport }) => {
      const call = rejection(NetworkError, fetch(url));
      (await transport.next()).fail(networkError('CERT_HAS_EXPIRED'));
      await call;
    },
    'an attempt timeout': async ({ fetch, transport, clock }) => {
      const call = fetch(url).catch(() => {});
      await transport.next();
      await clock.advance(10_000);
      await call;
    },
  };

  test.each(Object.entries(failures))('%s is a failure', async (_, fail) => {
    const parts = touchyHarness();
    await fail(parts);
    expect(circuitOf(parts.fetch).counts).toEqual({ successes: 0, failures: 1 });
    await fail(parts);
    expect(circuitOf(parts.fetch).state).toBe('open');
  });

  test.each([200, 204, 301, 304, 400, 401, 404, 408, 409, 422])('a %d is a success', async status => {
    const parts = touchyHarness();
    await callWith(parts, 500);
    await callWith(parts, status);
    await callWith(parts, 500);
    expect(circuitOf(parts.fetch).counts).toEqual({ successes: 1, failures: 2 });
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  const neutrals: Record<string, (parts: Parts) => Promise<void>> = {
    'a 429': parts => callWith(parts, 429),
    'the caller’s abort in an attempt': async ({ fetch, transport }) => {
      const controller = new AbortController();
      const call = fetch(url, { signal: controller.signal }).catch(() => {});
      await transport.next();
      controller.abort();
      await call;
    },
    'the caller’s abort in the body': async ({ fetch, transport }) => {
      const controller = new AbortController();
      const call = fetch(url, { signal: controller.signal });
      (await transport.next()).respond(new Response(stalledBody('half')));
      const text = (await call).text().catch(() => {});
      controller.abort();
      await text;
    },
    'the caller’s abort of a body that nobody reads': async ({ fetch, transport }) => {
      const controller = new AbortController();
      const call = fetch(url, { signal: controller.signal });
      (await transport.next()).respond(new Response(stalledBody('half')));
      await call;
      controller.abort();
    },
    'arguments that fetch refuses': async ({ fetch }) => {
      await rejection(TypeError, fetch(url, { method: 'TRACE' }));
    },
    'an error of somebody’s own': async ({ fetch, transport }) => {
      const call = rejection(RangeError, fetch(url));
      (await transport.next()).fail(new RangeError('own'));
      await call;
    },
  };

  test.each(Object.entries(neutrals))('%s is neutral: it does not move a closed circuit', async (_, act) => {
    const parts = touchyHarness();
    await callWith(parts, 500);
    await act(parts);
    await act(parts);
    await microtasks();
    expect(circuitOf(parts.fetch).counts).toEqual({ successes: 0, failures: 1 });
    // Neither a success, which would break the row, nor a failure, which would have opened it.
    await callWith(parts, 500);
    expect(circuitOf(parts.fetch).state).toBe('open');
  });

  test.each(
    Object.entries(neutrals),
  )('%s is neutral: it neither closes nor opens a half-open circuit, and gives the probe’s place back', async (_, act) => {
    const parts = touchyHarness();
    await halfOpen(parts);
    await act(parts);
    await microtasks();
    expect(circuitOf(parts.fetch).state).toBe('half-open');
    await callWith(parts, 200);
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  test('our own rejections are neutral: a circuit that refuses does not count its refusals', async () => {
    const parts = touchyHarness();
    await open(parts);
    const before = circuitOf(parts.fetch).counts;
    for (let call = 0; call < 10; call++) await rejection(CircuitOpenError, parts.fetch(url));
    expect(circuitOf(parts.fetch).counts).toEqual(before);
    await parts.clock.advance(1_000);
    expect(circuitOf(parts.fetch).state).toBe('half-open');
  });

  test('the rejections of a paused host are neutral too', async () => {
    const parts = touchyHarness({}, { hostPause: {} });
    const { fetch, transport } = parts;
    const first = fetch(url);
    (await transport.next()).respond(statusResponse(503, { 'Retry-After': '3600' }));
    await (await first).text();
    for (let call = 0; call < 10; call++) await fetch(url).catch(() => {});
    expect(circuitOf(fetch).counts).toEqual({ successes: 0, failures: 1 });
    expect(circuitOf(fetch).state).toBe('closed');
  });

  test('the total timeout of a call is a failure of the host it was waiting for', async () => {
    const parts = touchyHarness({}, { totalTimeoutMs: 5_000, attemptTimeoutMs: false });
    for (let call = 0; call < 2; call++) {
      const refused = parts.fetch(url).catch(() => {});
      await parts.transport.next();
      await parts.clock.advance(5_000);
      await refused;
    }
    expect(circuitOf(parts.fetch).state).toBe('open');
  });

  describe('isFailure', () => {
    test('decides in place of the default rule', async () => {
      const parts = touchyHarness({ isFailure: outcome => outcome.status === 404 });
      await callWith(parts, 500);
      await callWith(parts, 500);
      expect(circuitOf(parts.fetch).counts).toEqual({ successes: 2, failures: 0 });
      await callWith(parts, 404);
      await callWith(parts, 404);
      expect(circuitOf(parts.fetch).state).toBe('open');
    });

    test('is not asked about aborts and rejections', async () => {
      const isFailure = vi.fn(() => true);
      const parts = touchyHarness({ isFailure });
      const controller = new AbortController();
      const call = parts.fetch(url, { signal: controller.signal }).catch(() => {});
      await parts.transport.next();
      controller.abort();
      await call;
      await microtasks();
      expect(isFailure).not.toHaveBeenCalled();
    });

    test('that throws leaves the judgement to the default rule, and the probe’s place free', async () => {
      const warning = vi.spyOn(console, 'error').mockImplementation(() => {});
      const parts = touchyHarness({
        isFailure: () => {
          throw new Error('in a callback');
        },
      });
      await halfOpen(parts);
      await callWith(parts, 200);
      expect(circuitOf(parts.fetch).state).toBe('closed');
      expect(warning).toHaveBeenCalled();
      warning.mockRestore();
    });
  });
});

describe('when a circuit opens', () => {
  test('collapse: failures in a row and no success for the minimum silence', async () => {
    const parts = touchyHarness({ consecutiveFailures: 10, minimumSilenceMs: 1_500 });
    await callWith(parts, 200);
    for (let call = 0; call < 20; call++) await callWith(parts, 500);
    expect(circuitOf(parts.fetch).state).toBe('closed');
    await parts.clock.advance(1_499);
    await callWith(parts, 500);
    expect(circuitOf(parts.fetch).state).toBe('closed');
    await parts.clock.advance(1);
    await callWith(parts, 500);
    expect(circuitOf(parts.fetch).state).toBe('open');
  });

  test('a success breaks the row', async () => {
    const parts = touchyHarness({ consecutiveFailures: 3 });
    for (const status of [500, 500, 200, 500, 500]) await callWith(parts, status);
    expect(circuitOf(parts.fetch).state).toBe('closed');
    await callWith(parts, 500);
    expect(circuitOf(parts.fetch).state).toBe('open');
  });

  test('ratio: at the ratio itself, once the window holds the minimum throughput', async () => {
    const parts = touchyHarness({ consecutiveFailures: false, failureRatio: 0.5, minimumThroughput: 10 });
    for (const status of [200, 500, 200, 500, 200, 500, 200, 500, 200]) await callWith(parts, status);
    expect(circuitOf(parts.fetch).state).toBe('closed');
    await callWith(parts, 500);
    expect(circuitOf(parts.fetch).state).toBe('open');
  });

  test('ratio: below it the circuit stays closed, however much is going on', async () => {
    const parts = touchyHarness({ consecutiveFailures: false, failureRatio: 0.5, minimumThroughput: 10 });
    for (let round = 0; round < 50; round++) {
      await callWith(parts, 200);
      await callWith(parts, 200);
      await callWith(parts, 500);
    }
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  test('ratio: what is older than the window has been forgotten', async () => {
    const parts = touchyHarness({
      consecutiveFailures: false,
      failureRatio: 0.5,
      minimumThroughput: 4,
      windowMs: 10_000,
    });
    for (const status of [500, 500, 500]) await callWith(parts, status);
    await parts.clock.advance(10_000);
    expect(circuitOf(parts.fetch).counts).toEqual({ successes: 0, failures: 0 });
    await callWith(parts, 500);
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  test('ratio 1: only if nothing at all succeeds', async () => {
    const parts = touchyHarness({ consecutiveFailures: false, failureRatio: 1, minimumThroughput: 5 });
    for (const status of [500, 500, 500, 200, 500, 500, 500]) await callWith(parts, status);
    expect(circuitOf(parts.fetch).state).toBe('closed');
    await parts.clock.advance(20_000);
    for (const status of [500, 500, 500, 500, 500]) await callWith(parts, status);
    expect(circuitOf(parts.fetch).state).toBe('open');
  });

  test('the open time varies by its jitter', async () => {
    for (const [chance, openMs] of [
      [0, 800],
      [0.5, 1_000],
      [0.999_999, 1_200],
    ] as const) {
      const parts = touchyHarness({ openJitterRatio: 0.2 }, { random: () => chance });
      await open(parts);
      expect(circuitOf(parts.fetch).retryAfterMs).toBeCloseTo(openMs, 1);
    }
  });

  test('the open time grows with each failed probe, up to its cap, and starts again after a close', async () => {
    const parts = touchyHarness({ openGrowth: 2, maxOpenMs: 3_000 });
    await open(parts);
    for (const openMs of [1_000, 2_000, 3_000, 3_000]) {
      expect(circuitOf(parts.fetch).retryAfterMs).toBe(openMs);
      await parts.clock.advance(openMs);
      await callWith(parts, 500);
    }
    await parts.clock.advance(3_000);
    await callWith(parts, 200);
    await open(parts);
    expect(circuitOf(parts.fetch).retryAfterMs).toBe(1_000);
  });

  test('onStateChange and the observer hear of each change, and why', async () => {
    const heard: unknown[] = [];
    const parts = touchyHarness({ onStateChange: change => heard.push(change) });
    await halfOpen(parts);
    await callWith(parts, 500);
    await parts.clock.advance(1_000);
    await callWith(parts, 200);
    circuitOf(parts.fetch).isolate();
    circuitOf(parts.fetch).reset();
    expect(heard).toMatchObject([
      { from: 'closed', to: 'open', because: 'consecutive', openMs: 1_000 },
      { from: 'open', to: 'half-open', because: 'open-time' },
      { from: 'half-open', to: 'open', because: 'probe-failure', openMs: 1_000 },
      { from: 'open', to: 'half-open', because: 'open-time' },
      { from: 'half-open', to: 'closed', because: 'probe-success' },
      { from: 'closed', to: 'isolated', because: 'by-hand' },
      { from: 'isolated', to: 'closed', because: 'by-hand' },
    ]);
    expect(parts.events.filter(event => event.type === 'circuit')).toEqual(heard);
  });

  test('an onStateChange that throws breaks no call', async () => {
    const warning = vi.spyOn(console, 'error').mockImplementation(() => {});
    const parts = touchyHarness({
      onStateChange: () => {
        throw new Error('in a callback');
      },
    });
    await halfOpen(parts);
    await callWith(parts, 200);
    expect(circuitOf(parts.fetch).state).toBe('closed');
    warning.mockRestore();
  });
});

describe('promise 11: a result counts for the generation that started it', () => {
  /** Calls that were sent while the circuit was closed and are still on their way when it has opened. */
  async function overtaken(parts: Parts) {
    const calls = [parts.fetch(url), parts.fetch(url)].map(call => call.catch(() => {}));
    const early = await parts.transport.next();
    const other = await parts.transport.next();
    await open(parts);
    return { calls, early, other };
  }

  test('a late success from before it opened does not close an open circuit', async () => {
    const parts = touchyHarness();
    const { calls, early } = await overtaken(parts);
    early.respond();
    await calls[0];
    expect(circuitOf(parts.fetch).state).toBe('open');
  });

  test('a late success from before it opened does not close a half-open circuit', async () => {
    const parts = touchyHarness();
    const { calls, early } = await overtaken(parts);
    await parts.clock.advance(1_000);
    expect(circuitOf(parts.fetch).state).toBe('half-open');
    early.respond();
    await calls[0];
    expect(circuitOf(parts.fetch).state).toBe('half-open');
  });

  test('a late failure from before it opened does not re-open a half-open circuit', async () => {
    const parts = touchyHarness();
    const { calls, early } = await overtaken(parts);
    await parts.clock.advance(1_000);
    expect(circuitOf(parts.fetch).state).toBe('half-open');
    early.fail(networkError('ECONNRESET'));
    await calls[0];
    expect(circuitOf(parts.fetch).state).toBe('half-open');
  });

  test('a late failure from before it opened does not count once it has closed again', async () => {
    const parts = touchyHarness();
    const { calls, early, other } = await overtaken(parts);
    await parts.clock.advance(1_000);
    await callWith(parts, 200);
    early.fail(networkError('ECONNRESET'));
    other.fail(networkError('ECONNRESET'));
    await Promise.all(calls);
    expect(circuitOf(parts.fetch).counts).toEqual({ successes: 0, failures: 0 });
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  test('a body that breaks off late does not count either', async () => {
    const parts = touchyHarness();
    const body = slowBody();
    const call = parts.fetch(url);
    (await parts.transport.next()).respond(new Response(body.stream));
    const text = (await call).text().catch(() => {});
    await halfOpen(parts);
    body.fail(networkError('ECONNRESET'));
    await text;
    expect(circuitOf(parts.fetch).state).toBe('half-open');
  });

  test('a body that ends late does not close it either', async () => {
    const parts = touchyHarness();
    const body = slowBody();
    const call = parts.fetch(url);
    (await parts.transport.next()).respond(new Response(body.stream));
    const text = (await call).text();
    await halfOpen(parts);
    body.end();
    await text;
    expect(circuitOf(parts.fetch).state).toBe('half-open');
  });

  test('the failed probe of a round that has been replaced does not re-open it', async () => {
    const parts = touchyHarness({ probeLeaseMs: 2_000 }, { attemptTimeoutMs: false });
    await halfOpen(parts);
    const hanging = parts.fetch(url).catch(() => {});
    const old = await parts.transport.next();
    await parts.clock.advance(2_000);
    const body = slowBody();
    const call = parts.fetch(url);
    (await parts.transport.next()).respond(new Response(body.stream));
    const text = (await call).text();
    old.fail(networkError('ECONNRESET'));
    await hanging;
    expect(circuitOf(parts.fetch).state).toBe('half-open');
    body.end();
    await text;
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  test('what was counted before it opened does not open it again after it has closed', async () => {
    const parts = touchyHarness({ consecutiveFailures: false, failureRatio: 0.5, minimumThroughput: 2 });
    await open(parts);
    await parts.clock.advance(1_000);
    await callWith(parts, 200);
    await callWith(parts, 500);
    expect(circuitOf(parts.fetch).counts).toEqual({ successes: 0, failures: 1 });
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });
});

describe('promise 12: probes', () => {
  test('one is let through at a time, the rest are refused', async () => {
    const parts = touchyHarness();
    await halfOpen(parts);
    const probe = parts.fetch(url);
    const error = await rejection(CircuitOpenError, parts.fetch(url));
    expect(error.state).toBe('half-open');
    (await parts.transport.next()).respond();
    await probe;
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  test('a probe that fails opens the circuit for the whole open time again', async () => {
    const parts = touchyHarness();
    await halfOpen(parts);
    await parts.clock.advance(5_000);
    await callWith(parts, 500);
    expect(circuitOf(parts.fetch)).toMatchObject({ state: 'open', retryAfterMs: 1_000 });
  });

  test('a probe closes the circuit when its body has ended, not at its headers', async () => {
    const parts = touchyHarness();
    await halfOpen(parts);
    const body = slowBody();
    const call = parts.fetch(url);
    (await parts.transport.next()).respond(new Response(body.stream));
    const text = (await call).text();
    expect(circuitOf(parts.fetch).state).toBe('half-open');
    body.end();
    await text;
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  test('a probe whose body breaks off opens it', async () => {
    const parts = touchyHarness();
    await halfOpen(parts);
    const body = slowBody();
    const call = parts.fetch(url);
    (await parts.transport.next()).respond(new Response(body.stream));
    const text = (await call).text().catch(() => {});
    body.fail(networkError('ECONNRESET'));
    await text;
    expect(circuitOf(parts.fetch).state).toBe('open');
  });

  test('a probe that hangs gives its place up when its lease runs out', async () => {
    const parts = touchyHarness({ probeLeaseMs: 3_000 }, { attemptTimeoutMs: false, totalTimeoutMs: false });
    await halfOpen(parts);
    const hanging = parts.fetch(url);
    const attempt = await parts.transport.next();
    await parts.clock.advance(2_999);
    await rejection(CircuitOpenError, parts.fetch(url));
    await parts.clock.advance(1);
    await callWith(parts, 200);
    expect(circuitOf(parts.fetch).state).toBe('closed');
    attempt.respond();
    await hanging;
  });

  test('a probe that is cancelled gives its place up at once', async () => {
    const parts = touchyHarness();
    await halfOpen(parts);
    const controller = new AbortController();
    const call = parts.fetch(url, { signal: controller.signal }).catch(() => {});
    await parts.transport.next();
    controller.abort();
    await call;
    await microtasks();
    await callWith(parts, 200);
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  test('a probe whose response nobody reads gives its verdict at the end of the response lease', async () => {
    const parts = touchyHarness({}, { leaseMs: 500 });
    await halfOpen(parts);
    const call = parts.fetch(url);
    (await parts.transport.next()).respond(new Response(stalledBody()));
    await call;
    await parts.clock.advance(500);
    expect(circuitOf(parts.fetch).state).toBe('closed');
  });

  test('a probe whose callback throws in the observer does not wedge the circuit', async () => {
    const warning = vi.spyOn(console, 'error').mockImplementation(() => {});
    const parts = touchyHarness(
      {},
      {
        observe: () => {
          throw new Error('in the observer');
        },
      },
    );
    await halfOpen(parts);
    await callWith(parts, 200);
    expect(circuitOf(parts.fetch).state).toBe('closed');
    warning.mockRestore();
  });

  describe('halfOpenProbes: 3', () => {
    const three = { halfOpenProbes: 3 };

    test('lets three through at once, and closes when all have succeeded', async () => {
      const parts = touchyHarness(three);
      await halfOpen(parts);
      const probes = [1, 2, 3].map(() => parts.fetch(url));
      await rejection(CircuitOpenError, parts.fetch(url));
      for (const state of ['half-open', 'half-open', 'closed']) {
        (await parts.transport.next()).respond();
        await microtasks();
        expect(circuitOf(parts.fetch).state).toBe(state);
      }
      await Promise.all(probes);
    });

    test('opens at the first that fails, and the others no longer count', async () => {
      const parts = touchyHarness(three);
      await halfOpen(parts);
      const probes = [1, 2, 3].map(() => parts.fetch(url));
      const attempts = [
        await parts.transport.next(),
        await parts.transport.next(),
        await parts.transport.next(),
      ];
      attempts[0]!.respond(new Response(null, { status: 500 }));
      await microtasks();
      expect(circuitOf(parts.fetch).state).toBe('open');
      attempts[1]!.respond();
      attempts[2]!.respond(new Response(null, { status: 500 }));
      await Promise.all(probes);
      expect(circuitOf(parts.fetch)).toMatchObject({ state: 'open', retryAfterMs: 1_000 });
    });

    test('counts successes that come one after another', async () => {
      const parts = touchyHarness(three);
      await halfOpen(parts);
      await callWith(parts, 200);
      await callWith(parts, 200);
      expect(circuitOf(parts.fetch).state).toBe('half-open');
      await callWith(parts, 200);
      expect(circuitOf(parts.fetch).state).toBe('closed');
    });

    test('counts successes however far apart they come', async () => {
      const parts = touchyHarness(three);
      await halfOpen(parts);
      await callWith(parts, 200);
      await parts.clock.advance(60_000);
      await callWith(parts, 200);
      await parts.clock.advance(60_000);
      await callWith(parts, 200);
      expect(circuitOf(parts.fetch).state).toBe('closed');
    });

    test('gives each probe a whole lease', async () => {
      const parts = touchyHarness({ halfOpenProbes: 2, probeLeaseMs: 3_000 }, { attemptTimeoutMs: false });
      await halfOpen(parts);
      const early = parts.fetch(url);
      const attempt = await parts.transport.next();
      await parts.clock.advance(2_900);
      const late = parts.fetch(url);
      attempt.respond();
      await early;
      await parts.clock.advance(200);
      // The second probe has used 200 of its 3,000 ms; nobody may take its place yet.
      await rejection(CircuitOpenError, parts.fetch(url));
      (await parts.transport.next()).respond();
      await late;
      expect(circuitOf(parts.fetch).state).toBe('closed');
    });
  });
});

describe('promise 13: rejections', () => {
  test('come within microtasks, and send nothing', async () => {
    const parts = touchyHarness();
    await open(parts);
    expect((await withinMicrotasks(parts.fetch(url), 20)).state).toBe('rejected');
    await parts.transport.expectNone();
  });

  test('carry the time to come back, the host and the state', async () => {
    const parts = touchyHarness();
    await open(parts);
    await parts.clock.advance(400);
    const error = await rejection(CircuitOpenError, parts.fetch(url));
    expect(error).toMatchObject({
      code: 'CIRCUIT_OPEN',
      state: 'open',
      retryAfterMs: 600,
      host: 'https://payments.test',
      method: 'GET',
      url,
    });
    expect(error.message).toBe(
      `GET ${url} was not sent: the circuit of https://payments.test is open. Try again in 600 ms.`,
    );
  });

  test('of a half-open circuit say how long it will be open if its probe fails', async () => {
    const parts = touchyHarness();
    await halfOpen(parts);
    const probe = parts.fetch(url);
    const error = await rejection(CircuitOpenError, parts.fetch(url));
    expect(error).toMatchObject({ state: 'half-open', retryAfterMs: 1_000 });
    (await parts.transport.next()).respond();
    await probe;
  });

  test('are not retried', async () => {
    const parts = touchyHarness({}, { retry: { maxRetries: 5 } });
    circuitOf(parts.fetch).isolate();
    const error = await rejection(CircuitOpenError, parts.fetch(url));
    expect(error.attempts).toMatchObject([{ outcome: 'rejected', reason: 'rejected', sent: 'no' }]);
  });

  test('a call whose circuit opens between its attempts gets its own last response, at once', async () => {
    const transport = answering(500);
    const { fetch } = harness({ fetch: transport, circuitBreaker: touchy, retry: { maxRetries: 5 } });
    const response = await fetch(url);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('status 500');
    expect(transport.calls).toHaveLength(2);
    expect(responseInfo(response)?.attempts[1]?.reason).toBe('circuit-open');
  });

  test('are counted apart from attempts', async () => {
    const parts = touchyHarness();
    await open(parts);
    for (let call = 0; call < 3; call++) await rejection(CircuitOpenError, parts.fetch(url));
    expect(parts.fetch.hosts.for(url).counters).toMatchObject({ calls: 5, attempts: 2, rejected: 3 });
  });

  test('show in the event stream', async () => {
    const parts = touchyHarness();
    await open(parts);
    await rejection(CircuitOpenError, parts.fetch(url));
    const ends = parts.events.filter(event => event.type === 'attempt-end');
    expect(ends.at(-1)).toMatchObject({ outcome: 'rejected', sent: 'no', code: 'CIRCUIT_OPEN' });
  });

  describe('by hand', () => {
    test('isolate() refuses everything until reset(), however long that takes', async () => {
      const parts = touchyHarness();
      circuitOf(parts.fetch).isolate();
      await parts.clock.advance(3_600_000);
      const error = await rejection(CircuitOpenError, parts.fetch(url));
      expect(error).toMatchObject({ state: 'isolated', retryAfterMs: undefined });
      expect(error.message).toContain('isolated by hand. Undo it with reset().');
      circuitOf(parts.fetch).reset();
      await callWith(parts, 200);
    });

    test('late results do not undo an isolation', async () => {
      const parts = touchyHarness();
      const call = parts.fetch(url);
      const attempt = await parts.transport.next();
      circuitOf(parts.fetch).isolate();
      attempt.respond();
      await call;
      expect(circuitOf(parts.fetch).state).toBe('isolated');
    });

    test('a host that is isolated is not forgotten, however many others come', async () => {
      const parts = touchyHarness({}, { maxHosts: 2, fetch: answering(200) });
      circuitOf(parts.fetch).isolate();
      for (let host = 0; host < 10; host++) await (await parts.fetch(`https://host-${host}.test/`)).text();
      await rejection(CircuitOpenError, parts.fetch(url));
    });

    test('isolate() holds for calls that ask to go without the circuit breaker', async () => {
      const parts = touchyHarness();
      circuitOf(parts.fetch).isolate();
      const call = parts.fetch(url, { policy: { circuitBreaker: false } }).catch(error => error);
      await parts.transport.expectNone();
      expect(await call).toMatchObject({ code: 'CIRCUIT_OPEN', state: 'isolated' });
    });

    test('isolate() outlives an update of the policy', async () => {
      const parts = touchyHarness();
      circuitOf(parts.fetch).isolate();
      parts.fetch.update({ circuitBreaker: { windowMs: 5_000 } });
      await rejection(CircuitOpenError, parts.fetch(url));
    });

    test('reset() closes an open circuit and forgets what it has counted', async () => {
      const parts = touchyHarness();
      await open(parts);
      circuitOf(parts.fetch).reset();
      expect(circuitOf(parts.fetch)).toMatchObject({
        state: 'closed',
        retryAfterMs: undefined,
        counts: { successes: 0, failures: 0 },
      });
      await callWith(parts, 500);
      expect(circuitOf(parts.fetch).state).toBe('closed');
    });

    test('reset() ends a half-open state, and the probe that was out does not count', async () => {
      const parts = touchyHarness();
      await halfOpen(parts);
      const probe = parts.fetch(url);
      const attempt = await parts.transport.next();
      circuitOf(parts.fetch).reset();
      attempt.respond(new Response(null, { status: 500 }));
      await probe;
      expect(circuitOf(parts.fetch)).toMatchObject({
        state: 'closed',
        counts: { successes: 0, failures: 0 },
      });
    });

    test('a host can be isolated before it has ever been called', async () => {
      const parts = touchyHarness();
      expect(parts.fetch.hosts.get('payments.test')).toBeUndefined();
      parts.fetch.hosts.for(url).circuitBreaker?.isolate();
      await rejection(CircuitOpenError, parts.fetch(url));
    });
  });

  test('circuitBreaker: false never refuses, for a host or for a call', async () => {
    const transport = answering(500);
    const options = { retry: false, fetch: transport, circuitBreaker: touchy } as const;
    const { fetch } = harness({ ...options, hosts: { 'payments.test': { circuitBreaker: false } } });
    for (let call = 0; call < 20; call++) await (await fetch(url)).text();
    expect(transport.calls).toHaveLength(20);
    expect(fetch.hosts.get('payments.test')?.circuitBreaker.state).toBe('closed');

    const other = harness(options);
    for (let call = 0; call < 2; call++) await (await other.fetch(url)).text();
    expect((await other.fetch(url, { policy: { circuitBreaker: false } })).status).toBe(500);
  });
});

describe('promise 14: one bad host does not slow the calls to the others', () => {
  const good = 'https://search.test/';

  test('a host that is open, paused, slow and without budget leaves another as fast as ever', async () => {
    const parts = harness({ circuitBreaker: touchy, retry: { jitter: 'none', budget: { maxTokens: 10 } } });
    const { fetch, transport, clock } = parts;
    const stuck = Array.from({ length: 50 }, () => fetch(url).catch(() => {}));
    for (const _ of stuck) await transport.next();
    const call = fetch(good);
    (await transport.next()).respond(statusResponse(200));
    expect((await withinMicrotasks(call)).state).toBe('fulfilled');
    for (const attempt of transport.attempts.slice(0, 50)) {
      attempt.respond(statusResponse(503, { 'Retry-After': '10' }));
    }
    await clock.advance(0);
    expect(circuitOf(fetch).state).toBe('open');
    const again = fetch(good);
    (await transport.next()).respond(statusResponse(200));
    expect((await withinMicrotasks(again)).state).toBe('fulfilled');
    expect(fetch.hosts.get('search.test')).toMatchObject({
      circuitBreaker: { state: 'closed' },
      retryBudget: { tokens: 10 },
      pause: { remainingMs: 0 },
    });
    await fetch.close();
    await Promise.all(stuck);
  });

  test('hosts are told apart by origin: scheme, name and port', async () => {
    const transport = answering(500);
    const { fetch } = harness({ fetch: transport, retry: false, circuitBreaker: touchy });
    for (let call = 0; call < 2; call++) await (await fetch('https://a.test/one')).text();
    await rejection(CircuitOpenError, fetch('https://a.test/two'));
    for (const origin of ['http://a.test', 'https://a.test:8443', 'https://b.a.test'])
      expect((await fetch(origin)).status).toBe(500);
  });

  test('hostKey decides which calls share a circuit', async () => {
    const { fetch } = harness({
      fetch: answering(500),
      retry: false,
      circuitBreaker: touchy,
      hostKey: target => target.pathname.split('/')[1] ?? '',
    });
    for (let call = 0; call < 2; call++) await (await fetch('https://a.test/shard-1')).text();
    const error = await rejection(CircuitOpenError, fetch('https://b.test/shard-1'));
    expect(error.host).toBe('shard-1');
    expect((await fetch('https://a.test/shard-2')).status).toBe(500);
  });

  test('a hostKey that throws rejects the call, and sends nothing', async () => {
    const transport = answering(200);
    const { fetch } = harness({
      fetch: transport,
      hostKey: () => {
        throw new Error('in a callback');
      },
    });
    await expect(fetch(url)).rejects.toThrow('in a callback');
    expect(transport.calls).toHaveLength(0);
  });
});

test('a circuit that was open is none where the policy has no circuit breaker any more, unless it is isolated', async () => {
  const { fetch, transport } = harness({
    retry: false,
    circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0 },
  });
  const failed = rejection(NetworkError, fetch(url));
  (await transport.next()).fail(networkError('ECONNRESET'));
  await failed;
  const view = fetch.hosts.for(url).circuitBreaker;
  expect(view).toMatchObject({ state: 'open', retryAfterMs: expect.any(Number) });
  fetch.update({ retry: false, circuitBreaker: false });
  expect(fetch.hosts.for(url).circuitBreaker).toMatchObject({ state: 'closed', retryAfterMs: undefined });
  const next = fetch(url);
  (await transport.next()).respond();
  expect((await next).status).toBe(200);
  fetch.hosts.for(url).circuitBreaker.isolate();
  expect(fetch.hosts.for(url).circuitBreaker.state).toBe('isolated');
});
