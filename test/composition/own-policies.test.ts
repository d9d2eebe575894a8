import { describe, expect, test, vi } from 'vitest';
import {
  type Call,
  type FetchOptions,
  NetworkError,
  type Policy,
  responseInfo,
  settle,
  TimeoutError,
  unwrap,
} from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { microtasks, withinMicrotasks } from '../support/settling.ts';

const placed = (policy: Policy, place: object): FetchOptions =>
  ({ policies: [{ policy, ...place }] }) as FetchOptions;

const withHeader = (call: Call, name: string, value: string): Call => {
  const headers = new Headers(call.request.init.headers);
  headers.set(name, value);
  return { ...call, request: { ...call.request, init: { ...call.request.init, headers } } };
};

describe('a policy of one’s own', () => {
  test('outside totalTimeout can answer in place of a call that failed', async () => {
    const fallback: Policy = async (call, next) => {
      const outcome = await settle(next, call);
      return outcome.kind === 'transient' ? Response.json({ from: 'fallback' }) : unwrap(outcome);
    };
    const transport = answering(networkError('ECONNREFUSED'));
    const { fetch } = harness({ fetch: transport, ...placed(fallback, { outside: 'totalTimeout' }) });
    const response = await fetch(url);
    expect(await response.json()).toEqual({ from: 'fallback' });
    expect(transport.calls).toHaveLength(3);
    expect(responseInfo(response)?.attempts).toHaveLength(3);
  });

  test('outside totalTimeout can answer without any attempt', async () => {
    const cache: Policy = async () => new Response('cached');
    const transport = answering(200);
    const { fetch } = harness({ fetch: transport, ...placed(cache, { outside: 'totalTimeout' }) });
    const response = await fetch(url);
    expect(await response.text()).toBe('cached');
    expect(transport.calls).toHaveLength(0);
    expect(responseInfo(response)).toMatchObject({ attempts: [], retries: 0 });
  });

  test('inside retry is passed by every attempt, and sees its number', async () => {
    const numbers: number[] = [];
    const stamping: Policy = (call, next) => {
      numbers.push(call.attempt);
      return next(withHeader(call, 'X-Attempt', String(call.attempt)));
    };
    const transport = answering(503, 503, 200);
    const { fetch } = harness({ fetch: transport, ...placed(stamping, { inside: 'retry' }) });
    await fetch(url, { headers: { 'X-Custom': 'kept' } });
    expect(numbers).toEqual([1, 2, 3]);
    expect(transport.requests.map(request => request.headers.get('x-attempt'))).toEqual(['1', '2', '3']);
    expect(transport.requests.map(request => request.headers.get('x-custom'))).toEqual([
      'kept',
      'kept',
      'kept',
    ]);
  });

  test('that changes its copy of a call changes nobody else’s', async () => {
    const seen: (string | null)[] = [];
    const changing: Policy = (call, next) => next(withHeader(call, 'X-Changed', 'yes'));
    const looking: Policy = async (call, next) => {
      const response = await next(call);
      seen.push(new Headers(call.request.init.headers).get('x-changed'));
      return response;
    };
    const { fetch } = harness({
      fetch: answering(200),
      policies: [
        { policy: looking, outside: 'retry' },
        { policy: changing, inside: 'retry' },
      ],
    });
    await fetch(url);
    expect(seen).toEqual([null]);
  });

  test('inside retry can hedge: two attempts at once, the first answer wins, the loser is aborted', async () => {
    const hedge: Policy = async (call, next) => {
      const losers = [new AbortController(), new AbortController()];
      const branches = losers.map(({ signal }) => next({ ...call, signal }));
      const [index, response] = await Promise.race(
        branches.map(async (branch, at) => [at, await branch] as const),
      );
      losers[1 - index]?.abort('lost');
      branches[1 - index]?.catch(() => {});
      return response;
    };
    const { fetch, transport, clock } = harness(placed(hedge, { inside: 'retry' }));
    const call = fetch(url);
    const slow = await transport.next();
    const fast = await transport.next();
    fast.respond(statusResponse(200));
    const response = await call;
    await microtasks();
    expect(slow.signal.reason).toBe('lost');
    expect(fast.signal.aborted).toBe(false);
    expect(await response.text()).toBe('status 200');
    expect(responseInfo(response)?.attempts.map(attempt => attempt.outcome)).toEqual([
      'cancelled',
      'success',
    ]);
    expect(clock.pending).toBe(0);
    expect(fetch.hosts.get('payments.test')?.circuitBreaker?.counts).toEqual({ successes: 1, failures: 0 });
  });

  test('inside attemptTimeout is bounded by it', async () => {
    const slow: Policy = async (call, next) => {
      await new Promise(() => {});
      return next(call);
    };
    const { fetch, clock } = harness({ retry: false, ...placed(slow, { inside: 'attemptTimeout' }) });
    const call = rejection(TimeoutError, fetch(url));
    await clock.advance(10_000);
    expect(await call).toMatchObject({ scope: 'attempt' });
  });

  test('that waits outside totalTimeout uses up the time of the call', async () => {
    const waiting: Policy = async (call, next) => {
      await new Promise<void>(resolve => call.runtime.clock.setTimer(resolve, 2_000));
      return next(call);
    };
    const options = {
      totalTimeoutMs: 5_000,
      attemptTimeoutMs: false,
      ...placed(waiting, { outside: 'totalTimeout' }),
    } as const;
    const { fetch, transport, clock } = harness(options);
    const call = fetch(url);
    call.catch(() => {});
    await clock.advance(2_000);
    await transport.next();
    await clock.advance(3_000);
    expect(await withinMicrotasks(call)).toMatchObject({
      state: 'rejected',
      reason: { code: 'TIMEOUT', scope: 'total', limitMs: 5_000 },
    });
  });

  test('that throws where it should reject only rejects, and leaves no timer', async () => {
    const own = new RangeError('own');
    for (const place of ['totalTimeout', 'retry', 'attempt', 'attemptTimeout'] as const) {
      const throwing = (() => {
        throw own;
      }) as Policy;
      const { fetch, clock } = harness(placed(throwing, { inside: place }));
      await expect(fetch(url)).rejects.toBe(own);
      expect(clock.pending, place).toBe(0);
      expect(fetch.hosts.get('payments.test')?.activeCalls).toBe(0);
    }
  });

  test('that returns no response rejects, and leaves no timer', async () => {
    for (const place of [
      'totalTimeout',
      'retry',
      'attempt',
      'hostPause',
      'circuitBreaker',
      'attemptTimeout',
    ] as const) {
      for (const side of ['outside', 'inside']) {
        const empty = (async () => undefined) as unknown as Policy;
        const { fetch, clock } = harness(placed(empty, { [side]: place }));
        expect((await withinMicrotasks(fetch(url))).state, `${side} ${place}`).toBe('rejected');
        expect(clock.pending, `${side} ${place}`).toBe(0);
        expect(fetch.hosts.get('payments.test')?.activeCalls).toBe(0);
      }
    }
  });

  test('that fails with an Error of its own is not taken for a failure of the network', async () => {
    const own = new Error('no token for this tenant');
    const signing: Policy = vi.fn(async () => {
      throw own;
    });
    const { fetch } = harness(placed(signing, { inside: 'attempt' }));
    await expect(fetch(url)).rejects.toBe(own);
    expect(signing).toHaveBeenCalledOnce();
  });

  test('that returns a response of its own making has it told about like any other', async () => {
    const own: Policy = async () => statusResponse(503);
    const { fetch } = harness(placed(own, { inside: 'attempt' }));
    const response = await fetch(url);
    expect(response.status).toBe(503);
    expect(responseInfo(response)?.attempts).toHaveLength(3);
  });

  test('can ask the clock, chance, the host and the story of the call', async () => {
    let seen: unknown;
    const asking: Policy = (call, next) => {
      seen = [
        call.runtime.clock.now(),
        call.runtime.random(),
        call.host.key,
        call.record.method,
        call.deadlineAt,
      ];
      return next(call);
    };
    const { fetch } = harness({ fetch: answering(200), ...placed(asking, { inside: 'retry' }) });
    await fetch(url);
    expect(seen).toEqual([0, 0, 'https://payments.test', 'GET', 30_000]);
  });

  test('stands in the pipelines of every host and every call policy', async () => {
    let passed = 0;
    const counting: Policy = (call, next) => {
      passed++;
      return next(call);
    };
    const { fetch } = harness({
      fetch: answering(200),
      hosts: { 'search.test': { retry: false } },
      ...placed(counting, { outside: 'retry' }),
    });
    await fetch(url);
    await fetch('https://search.test/');
    await fetch(url, { policy: { retry: false } });
    fetch.update({ totalTimeoutMs: 5_000, attemptTimeoutMs: 1_000 });
    await fetch(url);
    expect(passed).toBe(4);
  });

  test('that repeats the whole call has each round told and bounded', async () => {
    const again: Policy = async (call, next) => {
      await next(call).catch(() => {});
      return next(call);
    };
    const transport = answering(networkError('ECONNRESET'));
    const { fetch } = harness({ fetch: transport, ...placed(again, { outside: 'retry' }) });
    const error = await rejection(NetworkError, fetch(url));
    expect(transport.calls).toHaveLength(6);
    expect(error.attempts).toHaveLength(6);
  });
});
