import { describe, expect, test } from 'vitest';
import { ThrottledError } from '../../src/index.ts';
import { seededRandom } from '../../src/testing/index.ts';
import { harness, url } from '../support/harness.ts';

/** A host whose answers are told one by one. */
function throttled(statusOf: () => number, throttle = {}) {
  const world = harness({
    fetch: async () => new Response('', { status: statusOf() }),
    random: seededRandom(7),
    retry: false,
    circuitBreaker: false,
    concurrencyLimit: false,
    hostPause: false,
    throttle,
  });
  let sent = 0;
  const send = async (count: number) => {
    let refused = 0;
    for (let call = 0; call < count; call++) {
      await world.fetch(url).then(
        () => sent++,
        error => {
          expect(error).toBeInstanceOf(ThrottledError);
          refused++;
        },
      );
    }
    return refused / count;
  };
  return { ...world, send };
}

describe('adaptive throttling', () => {
  test('refuses nothing as long as the host accepts one in `factor`', async () => {
    let call = 0;
    const { send } = throttled(() => (call++ % 2 === 0 ? 200 : 503));
    expect(await send(1_000)).toBeLessThan(0.03);
  });

  test('sends a host that accepts nothing a tenth, and no less', async () => {
    const { send } = throttled(() => 503);
    await send(500);
    const share = await send(2_000);
    expect(share).toBeGreaterThan(0.87);
    expect(share).toBeLessThan(0.93);
  });

  test('lets a host that is well again have all within the window', async () => {
    let status = 503;
    const { send, clock } = throttled(() => status, { windowMs: 10_000 });
    await send(500);
    status = 200;
    await clock.advance(10_000);
    expect(await send(1_000)).toBe(0);
  });

  test('counts neither aborts by the caller nor what others have refused', async () => {
    const { fetch, transport, clock } = harness({ retry: false, throttle: {} });
    for (let call = 0; call < 50; call++) {
      const controller = new AbortController();
      const given = fetch(url, { signal: controller.signal }).catch(() => {});
      await clock.advance(0);
      controller.abort();
      await given;
    }
    const last = fetch(url);
    await clock.advance(0);
    transport.attempts.at(-1)?.respond();
    expect((await last).status).toBe(200);
  });

  test('says how much is refused, and leaves the circuit alone', async () => {
    const { fetch } = harness({
      fetch: async () => new Response('', { status: 503 }),
      random: () => 0,
      retry: false,
      circuitBreaker: { consecutiveFailures: false, failureRatio: false },
      concurrencyLimit: false,
      throttle: {},
    });
    await fetch(url);
    const error: unknown = await fetch(url).catch(error => error);
    expect(error).toMatchObject({ code: 'THROTTLED', rejectionRatio: 0.5, sent: 'no', retryAfterMs: 12_000 });
    expect((error as Error).message).toBe(
      'GET https://payments.test/charges was not sent: https://payments.test accepts too few attempts, and 50 % of them ' +
        'are refused at present. Try again in 12 s.',
    );
    expect(fetch.hosts.get('payments.test')?.circuitBreaker.counts).toEqual({ successes: 0, failures: 1 });
  });

  test('leaves the concurrency limit with nothing under way', async () => {
    const { fetch } = harness({
      fetch: async () => new Response('', { status: 503 }),
      random: () => 0,
      retry: false,
      throttle: {},
    });
    for (let call = 0; call < 20; call++) await fetch(url).catch(() => {});
    expect(fetch.hosts.get('payments.test')?.concurrencyLimit?.inFlight).toBe(0);
  });
});
