import { describe, expect, test } from 'vitest';
import {
  createFetch,
  explain,
  type FetchLike,
  type FetchOptions,
  type HoldfastFetch,
  type Policy,
  responseInfo,
  TimeoutError,
} from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { answering, statusResponse } from '../support/answering.ts';
import { collected } from '../support/garbage.ts';
import { PackageCopy } from '../support/package-copy.ts';
import { rejection } from '../support/rejection.ts';

const outerUrl = 'https://gateway.test/';
const innerUrl = 'https://payments.test/charges';

/** Alone with its retries: nothing waits, and no circuit or pause stands in the way. */
const bare = { hostPause: false, circuitBreaker: false } as const;

interface Layers {
  readonly outer?: FetchOptions;
  readonly inner?: FetchOptions;
  /** How the outer attempt makes its inner call. */
  readonly via?: Via;
  readonly transport: FetchLike;
}

type Via = (inner: HoldfastFetch, ...args: Parameters<FetchLike>) => Promise<Response>;

/** By the async context alone: the signal is not handed on. */
const byContext: Via = inner => inner(innerUrl);
/** As `createFetch({ fetch: anotherHoldfastFetch })` does. */
const bySignal: Via = (inner, _input, init) => inner(innerUrl, { signal: init?.signal ?? null });

function layers({ outer = {}, inner = {}, via = bySignal, transport }: Layers) {
  const clock = virtualClock();
  const common = { clock, random: () => 0, observe: () => {}, ...bare };
  const innerFetch = createFetch({ ...common, fetch: transport, ...inner });
  const outerFetch = createFetch({
    ...common,
    fetch: (input, init) => via(innerFetch, input, init),
    ...outer,
  });
  return { clock, innerFetch, outerFetch };
}

/** What a transport that answers like this gets to see of so many calls, one after the other. */
async function attemptsOf(calls: number, answers: Parameters<typeof answering>, options: Partial<Layers>) {
  const transport = answering(...answers);
  const { outerFetch } = layers({ ...options, transport });
  for (let call = 0; call < calls; call++) await (await outerFetch(outerUrl)).text();
  return transport.calls.length;
}

describe.each(
  Object.entries({ 'by the signal': bySignal, 'by the async context': byContext }),
)('an inner call is found %s:', (_, via) => {
  const off = { nestedGuard: false };

  test('a call in an outage makes 9 attempts without the guard and 3 with it', async () => {
    expect(await attemptsOf(1, [503], { via, inner: off })).toBe(9);
    expect(await attemptsOf(1, [503], { via, outer: off })).toBe(9);
    expect(await attemptsOf(1, [503], { via })).toBe(3);
  });

  test('three layers make 27 attempts without it and 3 with it', async () => {
    const three = async (options: FetchOptions) => {
      const transport = answering(503);
      const common = { random: () => 0, observe: () => {}, ...bare, ...options };
      const innermost = createFetch({ ...common, fetch: transport, retry: { budget: false } });
      const middle = createFetch({
        ...common,
        fetch: (input, init) => via(innermost, input, init),
        retry: { budget: false },
      });
      const outermost = createFetch({
        ...common,
        fetch: (_input, init) => via(middle, outerUrl, init),
        retry: { budget: false },
      });
      await outermost('https://edge.test/');
      return transport.calls.length;
    };
    expect(await three(off)).toBe(27);
    expect(await three({})).toBe(3);
  });

  test('a hundred calls in an outage make 120 attempts without it and 110 with it', async () => {
    expect(await attemptsOf(100, [503], { via, inner: off })).toBe(120);
    expect(await attemptsOf(100, [503], { via })).toBe(110);
  });

  test('without budgets they make 900 and 300', async () => {
    const options = { outer: { retry: { budget: false } }, inner: { retry: { budget: false } } } as const;
    expect(
      await attemptsOf(100, [503], { via, ...options, inner: { ...options.inner, nestedGuard: false } }),
    ).toBe(900);
    expect(await attemptsOf(100, [503], { via, ...options })).toBe(300);
  });

  test('retries that help are not held against the outer call', async () => {
    const transport = answering(503, 200, 503, 200, 503, 200, 503, 200);
    const { outerFetch } = layers({
      transport,
      via: async (inner, ...args) => {
        for (let part = 0; part < 3; part++) await (await via(inner, ...args)).text();
        return via(inner, ...args);
      },
    });
    const response = await outerFetch(outerUrl);
    expect(response.status).toBe(200);
    expect(responseInfo(response)).toMatchObject({ retries: 0, innerRetries: 0 });
    expect(transport.calls).toHaveLength(8);
    expect(outerFetch.hosts.get('gateway.test')?.retryBudget?.tokens).toBe(10);
  });

  test('a retry draws on both budgets, by the price of each, and needs both', async () => {
    const { outerFetch, innerFetch } = layers({
      via,
      transport: answering(503),
      outer: { retry: { budget: { maxTokens: 3, retryCost: 3 } } },
    });
    const response = await outerFetch(outerUrl);
    expect(outerFetch.hosts.get('gateway.test')?.retryBudget?.tokens).toBe(0);
    // One was paid; the second was refused by the outer budget, and the inner one got its token back.
    expect(innerFetch.hosts.get('payments.test')?.retryBudget?.tokens).toBe(9);
    expect(responseInfo(response)?.attempts).toHaveLength(1);
  });

  test('a hedge draws on both budgets, and needs both', async () => {
    const transport = answering(503);
    const refusals: unknown[] = [];
    const { outerFetch, innerFetch, clock } = layers({
      via,
      transport: (...args) => {
        void transport(...args);
        return new Promise(() => {});
      },
      outer: { retry: { budget: { maxTokens: 3, retryCost: 3 } }, totalTimeoutMs: 1_000 },
      inner: {
        hedge: { afterMs: 100, maxHedges: 2 },
        observe: event =>
          event.type === 'hedge-refused' && refusals.push([event.reason, event.emptyBudgetOf]),
      },
    });
    const outer = rejection(TimeoutError, outerFetch(outerUrl));
    await clock.advance(300);
    expect(transport.calls).toHaveLength(2);
    expect(outerFetch.hosts.get('gateway.test')?.retryBudget?.tokens).toBe(0);
    // One was paid; the second was refused by the outer budget, and the inner one got its token back.
    expect(innerFetch.hosts.get('payments.test')?.retryBudget?.tokens).toBe(9);
    expect(refusals).toEqual([['budget-empty', 'https://gateway.test']]);
    await clock.advance(1_000);
    // It is no retry, and counts as none.
    expect(await outer).toMatchObject({ scope: 'total' });
  });

  test('the story says what it is part of, and whose budget was empty', async () => {
    let story = '';
    const { outerFetch } = layers({
      transport: answering(503),
      outer: { retry: { budget: { maxTokens: 1, timeoutCost: 1 } } },
      via: async (inner, ...args) => {
        const response = await via(inner, ...args);
        story = explain(response);
        expect(responseInfo(response)).toMatchObject({
          outer: { method: 'GET', host: 'https://gateway.test' },
          attempts: [
            { reason: 'retried' },
            { reason: 'budget-empty', emptyBudgetOf: 'https://gateway.test' },
          ],
        });
        return response;
      },
    });
    const response = await outerFetch(outerUrl);
    expect(story).toContain('the retry budget of the outer call, to https://gateway.test, is empty');
    expect(story).toContain(
      'kept to the deadline and budget of the GET to https://gateway.test that it is part of',
    );
    expect(responseInfo(response)).toMatchObject({ outer: undefined, innerRetries: 1 });
    expect(explain(response)).toContain('retried in vain, which counts as its own: 1');
  });

  test('its deadline is at most that of the outer call', async () => {
    const ends: unknown[] = [];
    const { outerFetch, clock } = layers({
      transport: () => new Promise(() => {}),
      outer: { totalTimeoutMs: 1_000, retry: false },
      // Holds on to its attempt whatever becomes of the signal.
      via: inner => {
        const call = via(inner, innerUrl, undefined);
        call.catch(error => ends.push([error.scope, error.limitMs, clock.now()]));
        return call;
      },
    });
    const outer = rejection(TimeoutError, outerFetch(outerUrl));
    await clock.advance(1_000);
    expect(await outer).toMatchObject({ scope: 'total', limitMs: 1_000 });
    await clock.advance(60_000);
    if (via === byContext) expect(ends).toEqual([['total', 30_000, 30_000]]);
    expect(clock.pending).toBe(0);
  });
});

describe('the deadline of an inner call', () => {
  /** An outer call of a second whose attempt lets the test make inner calls. */
  function within(work: (inner: HoldfastFetch) => Promise<Response>, transport: FetchLike, inner = {}) {
    return layers({ transport, inner, outer: { totalTimeoutMs: 1_000, retry: false }, via: work });
  }

  test('ends it while the outer call still waits, and says why', async () => {
    let error: unknown;
    const { outerFetch, clock } = within(
      async inner => {
        // It runs out a moment before the outer call notices.
        error = await inner(innerUrl).catch(reason => reason);
        return new Response();
      },
      () => new Promise(() => {}),
    );
    // The timer of the outer call comes first at the same instant: seen from a second, slower clock it would not.
    const outer = outerFetch(outerUrl).catch(reason => reason);
    await clock.advance(1_000);
    expect(await outer).toMatchObject({ code: 'TIMEOUT', scope: 'total' });
    await clock.advance(29_000);
    expect(error).toMatchObject({ code: 'TIMEOUT', scope: 'total' });
  });

  test('stops a retry that the outer call would not live to see', async () => {
    const { outerFetch } = within(
      inner => inner(innerUrl),
      () => Promise.resolve(statusResponse(503, { 'Retry-After': '5' })),
    );
    const response = await outerFetch(outerUrl);
    expect(responseInfo(response)?.attempts).toHaveLength(1);
    expect(response.status).toBe(503);
  });

  test('is its own again once the outer call has settled', async () => {
    const answers: (() => void)[] = [];
    let background: Promise<Response> | undefined;
    const { outerFetch, clock } = within(
      async inner => {
        background = inner(innerUrl, { policy: { attemptTimeoutMs: false } });
        return new Response();
      },
      () => new Promise(resolve => answers.push(() => resolve(new Response('late')))),
    );
    await outerFetch(outerUrl);
    await clock.advance(20_000);
    answers[0]?.();
    expect(await (await background)?.text()).toBe('late');
    expect(clock.pending).toBe(0);
  });

  test('and so is its budget', async () => {
    let background: Promise<Response> | undefined;
    const { outerFetch, clock } = layers({
      transport: answering(async () => {
        await new Promise<void>(resolve => clock.setTimer(resolve, 100));
        return statusResponse(503);
      }),
      outer: { retry: { budget: { maxTokens: 1, timeoutCost: 1 } } },
      via: async inner => {
        background = inner(innerUrl);
        return new Response();
      },
    });
    await outerFetch(outerUrl);
    await clock.advance(10_000);
    expect(responseInfo((await background)!)?.attempts).toHaveLength(3);
    expect(outerFetch.hosts.get('gateway.test')?.retryBudget?.tokens).toBe(1);
  });

  test('of a call that began after the outer one was over is its own', async () => {
    let later: (() => Promise<Response>) | undefined;
    const { outerFetch } = layers({
      transport: answering(200),
      via: async inner => {
        const { AsyncResource } = process.getBuiltinModule('node:async_hooks');
        later = AsyncResource.bind(() => inner(innerUrl));
        return new Response();
      },
    });
    await outerFetch(outerUrl);
    expect(responseInfo((await later?.())!)?.outer).toBeUndefined();
  });

  test('reaches through a layer that has settled to one that has not', async () => {
    let innermost: Promise<Response> | undefined;
    const clock = virtualClock();
    const common = { clock, random: () => 0, ...bare };
    const inner = createFetch({ ...common, fetch: answering(200) });
    let begin: (() => void) | undefined;
    const middle = createFetch({
      ...common,
      fetch: async () => {
        const { AsyncResource } = process.getBuiltinModule('node:async_hooks');
        begin = AsyncResource.bind(() => {
          innermost = inner(innerUrl);
        });
        return new Response();
      },
    });
    const outer = createFetch({
      ...common,
      fetch: async () => {
        await middle('https://middle.test/');
        begin?.();
        await innermost;
        return new Response();
      },
    });
    await outer(outerUrl);
    expect(responseInfo((await innermost)!)?.outer).toEqual({ method: 'GET', host: 'https://gateway.test' });
  });

  test('is past when the outer one has no time left: nothing is sent', async () => {
    const transport = answering(200);
    const { outerFetch, clock } = within(async inner => {
      await new Promise<void>(resolve => clock.setTimer(resolve, 1_000));
      return inner(innerUrl);
    }, transport);
    const outer = rejection(TimeoutError, outerFetch(outerUrl));
    await clock.advance(2_000);
    await outer;
    // The outer call is over by then, so the inner one is on its own.
    expect(transport.calls).toHaveLength(1);
  });
});

describe('aborts and streams', () => {
  test('the abort of the caller reaches the wire through both layers, with its reason', async () => {
    const controller = new AbortController();
    let wire: AbortSignal | null | undefined;
    const { outerFetch, clock } = layers({
      transport: (_input, init) => {
        wire = init?.signal;
        return new Promise((_, reject) => wire?.addEventListener('abort', () => reject(wire?.reason)));
      },
    });
    const call = outerFetch(outerUrl, { signal: controller.signal }).catch(reason => reason);
    await clock.advance(0);
    controller.abort('enough');
    expect(await call).toBe('enough');
    expect(wire?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('an inner call that is aborted during its back-off gives both budgets their tokens back', async () => {
    const controller = new AbortController();
    const { outerFetch, innerFetch, clock } = layers({
      transport: answering(503),
      inner: { retry: { jitter: 'none' } },
    });
    const call = outerFetch(outerUrl, { signal: controller.signal }).catch(reason => reason);
    await clock.advance(100);
    expect(outerFetch.hosts.get('gateway.test')?.retryBudget?.tokens).toBe(9);
    controller.abort('enough');
    expect(await call).toBe('enough');
    expect(outerFetch.hosts.get('gateway.test')?.retryBudget?.tokens).toBe(10);
    expect(innerFetch.hosts.get('payments.test')?.retryBudget?.tokens).toBe(10);
  });

  test('a stream that is handed through both layers ends by the total timeout of the outer', async () => {
    const { outerFetch, clock } = layers({
      transport: async () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
      outer: { totalTimeoutMs: 1_000 },
    });
    const response = await outerFetch(outerUrl);
    const text = response.text().catch(() => 'broken off');
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
    void text;
  });

  test('the body of an inner call in the background outlives the deadline of an outer call that has settled', async () => {
    const { readable, writable } = new TransformStream();
    let background: Promise<Response> | undefined;
    const { outerFetch, clock } = layers({
      transport: async () => new Response(readable),
      outer: { totalTimeoutMs: 1_000 },
      via: async inner => {
        background = inner(innerUrl);
        return new Response();
      },
    });
    await outerFetch(outerUrl);
    const text = (await background)?.text();
    await clock.advance(10_000);
    await writable.close();
    expect(await text).toBe('');
    expect(clock.pending).toBe(0);
  });
});

describe('where it looks', () => {
  test('a policy of its own that makes a call, such as for a token', async () => {
    const transport = answering(503);
    const tokens = createFetch({ ...bare, random: () => 0, fetch: transport });
    const withToken: Policy = async (call, next) => {
      const response = await tokens('https://tokens.test/');
      await response.text();
      return next(call);
    };
    const fetch = createFetch({
      ...bare,
      random: () => 0,
      fetch: answering(503),
      policies: [{ policy: withToken, outside: 'attempt' }],
    });
    const response = await fetch(outerUrl);
    // The two retries for the token were in vain and leave none.
    expect(transport.calls).toHaveLength(3);
    expect(responseInfo(response)).toMatchObject({ retries: 0, innerRetries: 2 });
  });

  test('a call to the same host by the same client pays once', async () => {
    const transport = answering(503);
    let isInner = false;
    const fetch: HoldfastFetch = createFetch({
      ...bare,
      random: () => 0,
      fetch: transport,
      policies: [
        {
          inside: 'retry',
          policy: async (call, next) => {
            if (isInner) return next(call);
            isInner = true;
            await (await fetch(outerUrl)).text();
            return next(call);
          },
        },
      ],
    });
    await (await fetch(outerUrl)).text();
    expect(transport.calls).toHaveLength(4);
    expect(fetch.hosts.get('gateway.test')?.retryBudget?.tokens).toBe(8);
  });

  test('one call can stand on its own', async () => {
    const { outerFetch } = layers({
      transport: answering(503),
      via: (inner, _input, init) =>
        inner(innerUrl, { signal: init?.signal ?? null, policy: { nestedGuard: false } }),
    });
    const response = await outerFetch(outerUrl);
    expect(responseInfo(response)?.innerRetries).toBe(0);
  });

  test('an outer call that never retries leaves the retries to the inner one', async () => {
    const transport = answering(503);
    const { outerFetch, innerFetch } = layers({ transport, outer: { retry: false } });
    await outerFetch(outerUrl);
    expect(transport.calls).toHaveLength(3);
    expect(innerFetch.hosts.get('payments.test')?.retryBudget?.tokens).toBe(8);
  });

  test('a signal that goes to the global fetch is not marked', async () => {
    const { fetch: original } = globalThis;
    let seen: AbortSignal | null | undefined;
    globalThis.fetch = async (_input, init) => {
      seen = init?.signal;
      return new Response();
    };
    try {
      await createFetch({ fetch: globalThis.fetch })(outerUrl);
    } finally {
      globalThis.fetch = original;
    }
    expect(Object.getOwnPropertySymbols(seen).map(String).join()).not.toContain('holdfast.outer-call');
  });
});

test('two copies of the package in one program understand each other', async () => {
  using copy = new PackageCopy();
  const { createFetch: createOther } = (await import(copy.url('dist/index.js'))) as {
    createFetch: typeof createFetch;
  };
  const common = { ...bare, random: () => 0 };
  for (const [outerOf, innerOf] of [
    [createFetch, createOther],
    [createOther, createFetch],
  ] as const) {
    for (const via of [byContext, bySignal]) {
      const transport = answering(503);
      const inner = innerOf({ ...common, fetch: transport });
      const outer = outerOf({ ...common, fetch: (input, init) => via(inner, input, init) });
      await (await outer(outerUrl)).text();
      expect(transport.calls).toHaveLength(3);
      expect(outer.hosts.get('gateway.test')?.retryBudget?.tokens).toBe(8);
    }
  }
});

test('what is left of a call in an async context or on a signal does not keep the call', async () => {
  const kept: unknown[] = [];
  let gone = 0;
  const registry = new FinalizationRegistry(() => gone++);
  const { outerFetch } = layers({
    transport: async () => new Response('well'),
    via: (inner, _input, init) => {
      const { AsyncResource } = process.getBuiltinModule('node:async_hooks');
      kept.push(init?.signal, new AsyncResource('kept by a socket'));
      return inner(innerUrl, { signal: init?.signal ?? null });
    },
    outer: {
      observe: event => {
        if (event.type === 'call-start') registry.register(event.call, undefined);
      },
    },
  });
  const callOnce = async () => void (await (await outerFetch(outerUrl)).text());
  for (let call = 0; call < 3; call++) await callOnce();
  await collected(() => gone === 3);
  expect(gone).toBe(3);
  expect(kept).toHaveLength(6);
});
