import { describe, expect, test } from 'vitest';
import {
  type CallPolicy,
  CircuitOpenError,
  type FetchOptions,
  HostPausedError,
  NetworkError,
  responseInfo,
  TimeoutError,
} from '../../src/index.ts';
import { networkError, slowBody } from '../../src/testing/index.ts';
import { type Answer, answering, statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { microtasks } from '../support/settling.ts';

/** What a caller sees of some calls, one after another, and what the host gets to see of them. */
interface Tally {
  /** How each call ended: a status, or the code of its error. */
  readonly endings: readonly (number | string)[];
  readonly attempts: number;
}

const never: Answer = () => new Promise(() => {});

/** Makes calls one after another; what hangs is waited out. */
async function tally(
  answers: readonly Answer[],
  calls: number,
  { waitMs = 0, ...options }: FetchOptions & { readonly waitMs?: number } = {},
): Promise<Tally> {
  const transport = answering(...answers);
  const { fetch, clock } = harness({ fetch: transport, ...options });
  const endings: (number | string)[] = [];
  for (let call = 0; call < calls; call++) {
    const ending = fetch(url).then(
      async response => {
        await response.text();
        return response.status;
      },
      error => error.code,
    );
    await clock.advance(60_000);
    endings.push(await ending);
    await clock.advance(waitMs);
  }
  return { endings, attempts: transport.calls.length };
}

/** Opens at the third failure in a row, for a second. */
const touchy = {
  consecutiveFailures: 3,
  minimumSilenceMs: 0,
  failureRatio: false,
  openJitterRatio: 0,
} as const;

describe('calls and attempts when policies stack:', () => {
  test('retry in a total timeout: attempts until the time is up', async () => {
    const options = { totalTimeoutMs: 5_000, attemptTimeoutMs: 2_000, retry: { maxRetries: 10 } };
    expect(await tally([never], 1, options)).toEqual({ endings: ['TIMEOUT'], attempts: 3 });
  });

  test('retry of attempt timeouts: the last attempt’s timeout is the call’s ending', async () => {
    const options = { attemptTimeoutMs: 1_000, circuitBreaker: false } as const;
    expect(await tally([never], 1, options)).toEqual({ endings: ['TIMEOUT'], attempts: 3 });
    expect(await tally([never, never, 200], 1, options)).toEqual({ endings: [200], attempts: 3 });
  });

  test('retry in front of a circuit: retries count as attempts there, and stop when it opens', async () => {
    const options = { circuitBreaker: touchy, retry: { maxRetries: 5, budget: false } } as const;
    expect(await tally([503], 1, options)).toEqual({ endings: [503], attempts: 3 });
  });

  test('an open circuit: later calls make no attempt, until one probe per open time', async () => {
    const options = {
      circuitBreaker: { ...touchy, openMs: 100_000 },
      retry: { maxRetries: 5, budget: false },
    } as const;
    const expected = { endings: [503, 'CIRCUIT_OPEN', 503, 'CIRCUIT_OPEN'], attempts: 4 };
    expect(await tally([503], 4, options)).toEqual(expected);
  });

  test('a probe that fails is not retried into the circuit that it has just opened', async () => {
    const options = { circuitBreaker: touchy, retry: { maxRetries: 5, budget: false } } as const;
    expect(await tally([503], 3, options)).toEqual({ endings: [503, 503, 503], attempts: 5 });
  });

  test('a probe that succeeds lets the next call retry as before', async () => {
    const options = { circuitBreaker: touchy, retry: { maxRetries: 5, budget: false } } as const;
    const answers = [503, 503, 503, 200, 503, 200];
    expect(await tally(answers, 3, options)).toEqual({ endings: [503, 200, 200], attempts: 6 });
  });

  test('a budget in an outage: the tokens are spent once, then one attempt per call', async () => {
    const options = { circuitBreaker: false, retry: { maxRetries: 2, budget: { maxTokens: 3 } } } as const;
    expect(await tally([503], 4, options)).toEqual({ endings: [503, 503, 503, 503], attempts: 7 });
  });

  test('a budget in a brownout: every retry that helps pays for itself', async () => {
    const answers = Array.from({ length: 100 }, () => [503, 200]).flat();
    const { endings, attempts } = await tally(answers, 100, { retry: { budget: { maxTokens: 1 } } });
    expect(new Set(endings)).toEqual(new Set([200]));
    expect(attempts).toBe(200);
  });

  test('the defaults in an outage: a circuit that opens on collapse, and one probe per open time', async () => {
    const transport = answering(networkError('ECONNREFUSED'));
    const { fetch, clock } = harness({ fetch: transport, random: () => 0.5 });
    const codes: Record<string, number> = {};
    // Ten calls a second for a minute.
    for (let call = 0; call < 600; call++) {
      const ending = fetch(url).catch(error => {
        codes[error.code] = (codes[error.code] ?? 0) + 1;
      });
      await clock.advance(100);
      void ending;
    }
    await clock.advance(60_000);
    expect(Object.values(codes).reduce((sum, count) => sum + count, 0)).toBe(600);
    expect(codes.CIRCUIT_OPEN).toBeGreaterThan(500);
    expect(transport.calls.length).toBeLessThan(110);
  });

  test('the defaults, healthy: one attempt per call and nothing refused', async () => {
    const { endings, attempts } = await tally([200], 200);
    expect(new Set(endings)).toEqual(new Set([200]));
    expect(attempts).toBe(200);
  });

  test('the defaults in a brownout of a fifth: no call fails and none is refused', async () => {
    const answers = Array.from({ length: 500 }, (_, index) => (index % 5 === 4 ? 503 : 200));
    const { endings, attempts } = await tally(answers, 400);
    expect(new Set(endings)).toEqual(new Set([200]));
    expect(attempts / 400).toBeLessThanOrEqual(1.25);
  });

  test('a paused host behind a retry: the retry waits the pause out, and finds the host well', async () => {
    const { fetch, transport, clock } = harness({ hostPause: { jitterMs: 0 } });
    const call = fetch(url);
    (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
    await clock.advance(4_999);
    await transport.expectNone();
    await clock.advance(1);
    (await transport.next()).respond();
    expect((await call).status).toBe(200);
  });

  test('a paused host in front of a circuit: the calls that wait are not attempts', async () => {
    const { fetch, transport, clock } = harness({ retry: false, circuitBreaker: touchy });
    const first = fetch(url);
    (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
    await (await first).text();
    const waiting = [fetch(url), fetch(url)];
    await clock.advance(2_000);
    const view = fetch.hosts.get('payments.test')!;
    expect(view.circuitBreaker?.counts).toEqual({ successes: 0, failures: 1 });
    expect(view.activeCalls).toBe(2);
    await clock.advance(3_000);
    for (const _ of waiting) (await transport.next()).respond();
    await Promise.all(waiting);
    expect(view.circuitBreaker?.counts).toEqual({ successes: 2, failures: 1 });
  });

  test('a circuit that opens while calls wait for a paused host refuses them when they would go', async () => {
    const { fetch, transport, clock } = harness({ retry: false });
    const first = fetch(url);
    (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
    await (await first).text();
    const waiting = rejection(CircuitOpenError, fetch(url));
    await transport.expectNone();
    fetch.hosts.get('payments.test')?.circuitBreaker?.isolate();
    await clock.advance(5_000);
    expect((await waiting).attempts).toMatchObject([
      { outcome: 'rejected', code: 'CIRCUIT_OPEN', sent: 'no' },
    ]);
  });

  test('the time in the queue of a paused host is not that of the attempt, but is that of the call', async () => {
    const { fetch, transport, clock } = harness({
      retry: false,
      attemptTimeoutMs: 2_000,
      totalTimeoutMs: 30_000,
    });
    const first = fetch(url);
    (await transport.next()).respond(statusResponse(503, { 'Retry-After': '10' }));
    await (await first).text();
    const call = fetch(url);
    await clock.advance(10_000);
    const attempt = await transport.next();
    await clock.advance(1_999);
    expect(attempt.signal.aborted).toBe(false);
    attempt.respond();
    const info = responseInfo(await call);
    expect(info?.elapsedMs).toBe(11_999);
    expect(info?.attempts).toMatchObject([{ durationMs: 1_999, waitedMs: 10_000 }]);
  });

  test('an attempt timeout inside a circuit: each one counts there', async () => {
    const options = {
      attemptTimeoutMs: 1_000,
      circuitBreaker: touchy,
      retry: { maxRetries: 5, budget: false },
    } as const;
    expect(await tally([never], 1, options)).toEqual({ endings: ['TIMEOUT'], attempts: 3 });
  });

  test('a body that breaks off after a retry: the call has succeeded, the circuit hears of the failure', async () => {
    const { fetch, transport } = harness();
    const call = fetch(url);
    (await transport.next()).respond(statusResponse(503));
    const body = slowBody();
    (await transport.next()).respond(new Response(body.stream));
    const response = await call;
    expect(response.status).toBe(200);
    body.fail(networkError('ECONNRESET'));
    await rejection(TypeError, response.text());
    const view = fetch.hosts.get('payments.test')!;
    expect(view.circuitBreaker?.counts).toEqual({ successes: 0, failures: 2 });
    expect(view.retryBudget?.tokens).toBe(view.retryBudget?.maxTokens);
    expect(view.activeCalls).toBe(0);
  });

  test('several failures of different kinds: the last outcome surfaces as itself', async () => {
    const expectEnding = async (answers: Answer[], ending: number | string) =>
      expect((await tally(answers, 1)).endings).toEqual([ending]);
    await expectEnding([networkError('ECONNRESET'), 503, 500], 500);
    await expectEnding([503, 500, networkError('ECONNRESET')], 'NETWORK');
    await expectEnding([503, networkError('ECONNRESET'), 404], 404);
    await expectEnding([500, 503, never], 'TIMEOUT');
  });

  describe('what a single call may leave out:', () => {
    test.each<[string, CallPolicy, number]>([
      ['nothing', {}, 3],
      ['retry', { retry: false }, 1],
      ['the budget', { retry: { budget: false } }, 3],
      ['the circuit', { circuitBreaker: false }, 3],
      ['the pause', { hostPause: false }, 3],
      ['the timeouts', { totalTimeoutMs: false, attemptTimeoutMs: false }, 3],
      [
        'everything',
        {
          retry: false,
          circuitBreaker: false,
          hostPause: false,
          totalTimeoutMs: false,
          attemptTimeoutMs: false,
        },
        1,
      ],
    ])('%s', async (_, policy, attempts) => {
      const transport = answering(503);
      const { fetch, clock } = harness({ fetch: transport });
      const response = await fetch(url, { policy });
      await response.text();
      expect(transport.calls).toHaveLength(attempts);
      expect(clock.pending).toBe(0);
    });
  });

  test('every part off is fetch with a story', async () => {
    const options = {
      retry: false,
      circuitBreaker: false,
      hostPause: false,
      totalTimeoutMs: false,
      attemptTimeoutMs: false,
    } as const;
    const { fetch, transport, clock } = harness(options);
    const call = rejection(NetworkError, fetch(url));
    const attempt = await transport.next();
    await clock.advance(3_600_000);
    attempt.fail(networkError('ECONNRESET'));
    expect((await call).attempts).toMatchObject([{ durationMs: 3_600_000, reason: 'no-retry-policy' }]);
    expect(clock.pending).toBe(0);
  });

  test('two calls at once share what is the host’s and nothing else', async () => {
    const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
    const [first, second] = [fetch(url), fetch(url)];
    (await transport.next()).respond(statusResponse(503));
    (await transport.next()).respond(statusResponse(200));
    expect(responseInfo(await second)?.attempts).toHaveLength(1);
    await clock.advance(200);
    (await transport.next()).respond(statusResponse(200));
    expect(responseInfo(await first)?.attempts).toHaveLength(2);
    expect(fetch.hosts.get('payments.test')?.counters).toMatchObject({ calls: 2, attempts: 3 });
  });

  test('a deadline that leaves no room for the pause refuses, one that does waits', async () => {
    const { fetch, transport, clock } = harness({ retry: false, hostPause: { jitterMs: 0 } });
    const first = fetch(url);
    (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
    await (await first).text();
    await rejection(HostPausedError, fetch(url, { policy: { totalTimeoutMs: 4_999 } }));
    const patient = fetch(url, { policy: { totalTimeoutMs: 6_000 } });
    await clock.advance(5_000);
    (await transport.next()).respond();
    expect((await patient).status).toBe(200);
  });

  test('the total timeout of a call that waits for a paused host ends it, and says so', async () => {
    const { fetch, transport, clock } = harness({ retry: false, totalTimeoutMs: 8_000 });
    const slow = fetch(url).catch(() => {});
    const stuck = await transport.next();
    const first = fetch(url);
    (await transport.next()).respond(statusResponse(503, { 'Retry-After': '5' }));
    await (await first).text();
    const call = rejection(TimeoutError, fetch(url));
    await clock.advance(5_000);
    await transport.next();
    await clock.advance(3_000);
    expect((await call).scope).toBe('total');
    expect(stuck.signal.aborted).toBe(true);
    await slow;
    await microtasks();
    expect(clock.pending).toBe(0);
  });
});
