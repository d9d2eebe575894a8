import { describe, expect, test } from 'vitest';
import { circuitBreaker, type Handler, type Policy, pipeline, retry } from '../../src/index.ts';
import { slowBody, stalledBody, virtualClock } from '../../src/testing/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';

/** What a leaner pipeline broke on its way, found in review. */

const touchy = { consecutiveFailures: 1, minimumSilenceMs: 0, openMs: 1_000, openJitterRatio: 0 } as const;
const hostOf = (fetch: ReturnType<typeof harness>['fetch']) => fetch.hosts.get('payments.test')!;

describe('a response that misbehaves', () => {
  test('by a body that throws fails the call, and is no unhandled rejection', async () => {
    const response = Object.defineProperty(new Response('{}'), 'body', {
      get() {
        throw new Error('no body for you');
      },
    });
    const { fetch } = harness({ fetch: async () => response, retry: false });
    await expect(fetch(url)).rejects.toThrow('no body for you');
  });

  test('by coming late with a cancel() that returns nothing is silent', async () => {
    const { fetch, transport, clock } = harness({
      attemptTimeoutMs: 1_000,
      retry: false,
      ignoreSignal: true,
    });
    const call = fetch(url).catch(error => error);
    const attempt = await transport.next();
    await clock.advance(1_000);
    expect(await call).toMatchObject({ code: 'TIMEOUT' });
    attempt.respond({ status: 200, headers: new Headers(), body: { cancel() {} } } as never);
    await clock.advance(0);
  });
});

describe('the host pause, with a policy of one’s own inside of attempt', () => {
  const retryAfter = () => statusResponse(503, { 'Retry-After': '60' });

  test('hears the host behind a policy that answers in its stead', async () => {
    const fallback: Policy = async (call, next) => {
      const response = await next(call);
      await response.body?.cancel();
      return statusResponse(200);
    };
    const { fetch } = harness({
      fetch: answering(retryAfter),
      policies: [{ policy: fallback, inside: 'attempt' }],
    });
    await fetch(url);
    expect(hostOf(fetch).pause.remainingMs).toBe(60_000);
  });

  test('does not hear what that policy made up', async () => {
    const { fetch } = harness({
      fetch: answering(200),
      retry: false,
      policies: [{ policy: async () => retryAfter(), inside: 'attempt' }],
    });
    await fetch(url);
    expect(hostOf(fetch).pause.remainingMs).toBe(0);
  });
});

describe('the circuit', () => {
  test('keeps its window when an answer comes to an attempt from before a change of policy', async () => {
    const window = { consecutiveFailures: false, minimumThroughput: 10, openJitterRatio: 0 } as const;
    const { fetch, transport } = harness({ retry: false, circuitBreaker: { ...window, failureRatio: 0.5 } });
    const late = fetch(url);
    const lateAttempt = await transport.next();
    fetch.update({ retry: false, circuitBreaker: { ...window, failureRatio: 0.9 } });
    for (let failure = 0; failure < 9; failure++) {
      const call = fetch(url);
      (await transport.next()).respond(statusResponse(500));
      await (await call).text();
    }
    lateAttempt.respond(statusResponse(200));
    await (await late).text();
    expect(hostOf(fetch).circuitBreaker.counts).toEqual({ successes: 1, failures: 9 });
  });

  test('does not blame the host for time that was spent before it was asked', async () => {
    const clock = virtualClock();
    const queue: Policy = (call, next) =>
      new Promise((resolve, reject) => {
        call.runtime.clock.setTimer(() => next(call).then(resolve, reject), 1_990);
      });
    const { fetch, transport } = harness({
      clock,
      retry: false,
      totalTimeoutMs: 2_000,
      circuitBreaker: touchy,
      policies: [{ policy: queue, outside: 'circuitBreaker' }],
    });
    const call = fetch(url).catch(error => error);
    await clock.advance(1_990);
    await transport.next();
    await clock.advance(10);
    expect(await call).toMatchObject({ scope: 'total' });
    expect(hostOf(fetch).circuitBreaker.state).toBe('closed');
  });

  test('does not take a stream that flows for stalled because a copy of it is read as a whole', async () => {
    const { fetch, transport, clock } = harness({
      totalTimeoutMs: 5_000,
      attemptTimeoutMs: false,
      retry: false,
      circuitBreaker: touchy,
    });
    const call = fetch(url);
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream));
    const response = await call;
    const copy = response.clone();
    const reader = response.body!.getReader();
    body.send('one');
    await reader.read();
    const [next, whole] = [reader.read().catch(() => {}), copy.text().catch(() => {})];
    await clock.advance(5_000);
    await Promise.all([next, whole]);
    expect(hostOf(fetch).circuitBreaker.state).toBe('closed');
  });

  test('does not close because a caller gave up between the headers of a probe and their delivery', async () => {
    const controller = new AbortController();
    const late: Policy = async (call, next) => {
      const response = await next(call);
      controller.abort();
      return response;
    };
    const { fetch, clock } = harness({
      fetch: answering(500, () => new Response(stalledBody())),
      retry: false,
      circuitBreaker: touchy,
      policies: [{ policy: late, outside: 'circuitBreaker' }],
    });
    await (await fetch(url)).text();
    await clock.advance(1_000);
    await fetch(url, { signal: controller.signal }).catch(() => {});
    await settled();
    expect(hostOf(fetch).circuitBreaker.state).toBe('half-open');
  });
});

describe('a policy that throws in a pipeline', () => {
  const throwing: Policy = () => {
    throw new Error('mistake');
  };

  /** A call as our own policies are handed it. */
  async function borrowCall(use: (call: Parameters<Handler>[0], next: Handler) => Promise<Response>) {
    const { fetch } = harness({
      fetch: answering(200),
      circuitBreaker: false,
      policies: [{ policy: use, outside: 'totalTimeout' }],
    });
    return fetch(url);
  }

  test('has rejected', async () => {
    const fallback = statusResponse(203);
    const response = await borrowCall((call, next) =>
      pipeline([retry(), throwing], next)(call).catch(() => fallback),
    );
    expect(response.status).toBe(203);
  });

  test("gives a probe's place back", async () => {
    let throws = true;
    const flaky: Policy = (call, next) => {
      if (throws) throw new Error('mistake');
      return next(call);
    };
    const response = await borrowCall(async (call, next) => {
      const send = pipeline([circuitBreaker({ ...touchy, probeLeaseMs: 60_000 }), flaky], next);
      await send(call).catch(() => {});
      throws = false;
      return send(call);
    });
    expect(response.status).toBe(200);
  });
});

test('a call that waits outside the total timeout is not sent after close()', async () => {
  let goOn!: () => void;
  const gate = new Promise<void>(resolve => {
    goOn = resolve;
  });
  const transport = answering(200);
  const { fetch } = harness({
    fetch: transport,
    policies: [
      {
        policy: async (call, next) => {
          await gate;
          return next(call);
        },
        outside: 'totalTimeout',
      },
    ],
  });
  const call = fetch(url).catch(error => error);
  await fetch.close();
  goOn();
  expect(await call).toMatchObject({ code: 'CLOSED' });
  expect(transport.calls).toHaveLength(0);
});

test('what is no response is told as such behind a policy of one’s own too', async () => {
  const { fetch } = harness({
    fetch: (async () => undefined) as never,
    policies: [{ policy: (call, next) => next(call), inside: 'attemptTimeout' }],
  });
  await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_INVALID_RETURN_VALUE' });
});

test('a signal that takes a listener as often as it is given one is left with none', async () => {
  const listeners: unknown[] = [];
  const signal = {
    aborted: false,
    reason: undefined,
    addEventListener: (_: string, listener: unknown) => void listeners.push(listener),
    removeEventListener(_: string, listener: unknown) {
      const index = listeners.indexOf(listener);
      if (index >= 0) listeners.splice(index, 1);
    },
  } as unknown as AbortSignal;
  const { fetch } = harness({ fetch: answering(200) });
  const responses = await Promise.all(Array.from({ length: 20 }, () => fetch(url, { signal })));
  await Promise.all(responses.map(response => response.text()));
  expect(listeners).toEqual([]);
});

test('an attempt that was held up until its call had settled is none', async () => {
  const controller = new AbortController();
  let goOn!: () => void;
  const gate = new Promise<void>(resolve => {
    goOn = resolve;
  });
  const { fetch, events } = harness({
    fetch: answering(200),
    policies: [
      {
        policy: async (call, next) => {
          await gate;
          return next(call);
        },
        outside: 'retry',
      },
    ],
  });
  const call = fetch(url, { signal: controller.signal }).catch(error => error);
  controller.abort(new Error('enough'));
  await call;
  goOn();
  await settled();
  expect(events.map(({ type }) => type)).toEqual(['call-start', 'call-end']);
});
