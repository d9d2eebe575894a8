import { describe, expect, test } from 'vitest';
import {
  BulkheadFullError,
  bulkhead,
  CircuitOpenError,
  ClosedError,
  explain,
  type HoldfastEvent,
  RejectedError,
  responseInfo,
  TimeoutError,
} from '../../src/index.ts';
import { networkError, slowBody } from '../../src/testing/index.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { microtasks, withinMicrotasks } from '../support/settling.ts';

const host = 'https://payments.test';
const one = { bulkhead: { maxConcurrent: 1 }, retry: false } as const;
const critical = { policy: { priority: 'critical' } } as const;
const background = { policy: { priority: 'background' } } as const;

const actions = (events: readonly HoldfastEvent[]) =>
  events.flatMap(event => (event.type === 'bulkhead' ? [event.action] : []));

describe('a bulkhead', () => {
  test('is off unless it is asked for', async () => {
    const { fetch, transport } = harness();
    for (let call = 0; call < 300; call++) void fetch(url);
    await microtasks();
    expect(transport.attempts).toHaveLength(300);
    expect(fetch.hosts.get(host)?.bulkhead).toBeUndefined();
  });

  test('lets as many calls go as it has permits, and the next when one has ended', async () => {
    const { fetch, transport } = harness({ bulkhead: { maxConcurrent: 2 } });
    const calls = [fetch(`${url}/1`), fetch(`${url}/2`), fetch(`${url}/3`)];
    (await transport.next()).respond();
    const second = await transport.next();
    await calls[0];
    const third = await transport.next();
    expect(third.request.url).toBe(`${url}/3`);
    second.respond();
    third.respond();
    await Promise.all(calls);
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 0, waiting: 0, refused: 0 });
  });

  test('has permits for each host apart', async () => {
    const { fetch, transport } = harness(one);
    void fetch(url);
    void fetch('https://search.test/');
    await transport.next();
    expect((await transport.next()).request.url).toBe('https://search.test/');
  });

  test('is off for one call that says so', async () => {
    const { fetch, transport } = harness(one);
    void fetch(url);
    void fetch(`${url}/free`, { policy: { bulkhead: false } });
    await transport.next();
    expect((await transport.next()).request.url).toBe(`${url}/free`);
  });

  test('does not let one call change its limits', async () => {
    const { fetch } = harness(one);
    const error = await rejection(
      TypeError,
      fetch(url, { policy: { bulkhead: { maxConcurrent: 5 } } as never }),
    );
    expect(error.message).toContain('`policy.bulkhead` of a single call can only be false');
  });

  test('holds the permit until the body has ended', async () => {
    const { fetch, transport } = harness(one);
    const body = slowBody();
    const first = fetch(url);
    void fetch(`${url}/2`);
    (await transport.next()).respond(new Response(body.stream));
    const text = (await first).text();
    await transport.expectNone();
    body.send('kelp');
    await transport.expectNone();
    body.end();
    expect(await text).toBe('kelp');
    expect((await transport.next()).request.url).toBe(`${url}/2`);
  });

  test('gets the permit of a body that nobody reads when its lease runs out', async () => {
    const { fetch, transport, clock } = harness({ ...one, leaseMs: 500 });
    const first = fetch(url);
    void fetch(`${url}/2`);
    (await transport.next()).respond(new Response('unread'));
    await first;
    await clock.advance(499);
    await transport.expectNone();
    await clock.advance(1);
    expect((await transport.next()).request.url).toBe(`${url}/2`);
  });

  test.each<[string, (attempt: { respond(r?: Response): void; fail(e: unknown): void }) => void]>([
    ['a failure of the network', attempt => attempt.fail(networkError('ECONNRESET'))],
    ['an error status', attempt => attempt.respond(new Response(null, { status: 500 }))],
    ['what is no response', attempt => attempt.respond({} as Response)],
  ])('gets the permit back after %s', async (_, answer) => {
    const { fetch, transport } = harness(one);
    const first = fetch(url).catch(() => {});
    void fetch(`${url}/2`);
    answer(await transport.next());
    await first;
    await transport.next();
    expect(fetch.hosts.get(host)?.bulkhead?.inUse).toBe(1);
  });

  test('gets the permit back when a policy further in throws', async () => {
    const { fetch } = harness({
      ...one,
      policies: [
        {
          inside: 'bulkhead',
          policy: () => {
            throw new Error('mine');
          },
        },
      ],
    });
    await expect(fetch(url)).rejects.toThrow('mine');
    await expect(fetch(url)).rejects.toThrow('mine');
    expect(fetch.hosts.get(host)?.bulkhead?.inUse).toBe(0);
  });

  test('refuses at once who finds no room in the queue, with the numbers', async () => {
    const { fetch, transport, events } = harness({ bulkhead: { maxConcurrent: 1, maxQueued: 1 } });
    void fetch(url);
    void fetch(url);
    await transport.next();
    const settling = await withinMicrotasks(fetch(url));
    expect(settling).toMatchObject({ state: 'rejected', reason: { code: 'BULKHEAD_FULL' } });
    const { reason: error } = settling as { reason: BulkheadFullError };
    expect(error).toBeInstanceOf(BulkheadFullError);
    expect(error).toBeInstanceOf(RejectedError);
    expect(error).toMatchObject({
      maxConcurrent: 1,
      maxQueued: 1,
      waiting: 1,
      sent: 'no',
      retryAfterMs: undefined,
      attempts: [],
    });
    expect(error.message).toBe(
      'GET https://payments.test/charges was not sent: https://payments.test has as many calls under way as may be (1) ' +
        'and as many wait as may (1 of 1). Try again later, or raise `bulkhead.maxConcurrent` or `bulkhead.maxQueued`.',
    );
    expect(error.toJSON()).toMatchObject({
      code: 'BULKHEAD_FULL',
      maxConcurrent: 1,
      maxQueued: 1,
      waiting: 1,
    });
    expect(actions(events)).toEqual(['queued', 'refused']);
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 1, waiting: 1, refused: 1 });
  });

  test('is neutral to the circuit and to the budget', async () => {
    const { fetch, transport } = harness({
      bulkhead: { maxConcurrent: 1, maxQueued: 0 },
      circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0 },
    });
    void fetch(url);
    await transport.next();
    for (let call = 0; call < 20; call++) await rejection(BulkheadFullError, fetch(url));
    const view = fetch.hosts.get(host);
    expect(view?.circuitBreaker).toMatchObject({ state: 'closed', counts: { failures: 0, successes: 0 } });
    expect(view?.retryBudget?.tokens).toBe(view?.retryBudget?.maxTokens);
    expect(view?.counters).toMatchObject({ attempts: 1, retries: 0, rejected: 0 });
  });

  test('sends what waited as it was when the call was made', async () => {
    const { fetch, transport } = harness(one);
    void fetch(url);
    const headers = new Headers({ 'X-Tenant': 'one' });
    const form = new URLSearchParams({ amount: '1' });
    void fetch(url, { method: 'POST', headers, body: form });
    headers.set('X-Tenant', 'other');
    form.set('amount', '1000000');
    (await transport.next()).respond();
    const { request } = await transport.next();
    expect(request.headers.get('X-Tenant')).toBe('one');
    expect(await request.text()).toBe('amount=1');
  });

  test('tells how long a call has waited', async () => {
    const { fetch, transport, clock, events } = harness(one);
    void fetch(url);
    const second = fetch(url);
    await clock.advance(250);
    (await transport.next()).respond();
    (await transport.next()).respond();
    const response = await second;
    expect(responseInfo(response)?.queuedMs).toBe(250);
    expect(explain(response).split('\n').slice(0, 2)).toEqual([
      'GET https://payments.test/charges → 200 in 250 ms, 1 attempt',
      '  waited 250 ms for its turn in the bulkhead',
    ]);
    expect(events.filter(({ type }) => type === 'bulkhead')).toMatchObject([
      { action: 'queued', priority: 'normal', queuedMs: 0, inUse: 1, waiting: 1, host },
      { action: 'admitted', priority: 'normal', queuedMs: 250, inUse: 1, waiting: 0, host },
    ]);
  });

  test('stands by hand with permits of its own', async () => {
    const policies = [{ policy: bulkhead({ maxConcurrent: 1 }), inside: 'retry' as const }];
    const { fetch, transport } = harness({ policies });
    void fetch(url);
    void fetch(`${url}/2`);
    (await transport.next()).respond();
    expect((await transport.next()).request.url).toBe(`${url}/2`);
    expect(() => bulkhead({ maxConcurrent: 0 })).toThrow(RangeError);
  });
});

describe('who waits for a bulkhead', () => {
  test('leaves at once when its caller aborts, with the caller’s reason, and never reaches the server', async () => {
    const { fetch, transport, events, clock } = harness(one);
    const first = fetch(url);
    const controller = new AbortController();
    const second = fetch(`${url}/2`, { signal: controller.signal });
    const third = fetch(`${url}/3`);
    await clock.advance(10);
    controller.abort('gone');
    expect(await withinMicrotasks(second)).toEqual({ state: 'rejected', reason: 'gone' });
    expect(fetch.hosts.get(host)?.bulkhead?.waiting).toBe(1);
    expect(actions(events)).toEqual(['queued', 'queued', 'left']);
    (await transport.next()).respond();
    await first;
    const next = await transport.next();
    expect(next.request.url).toBe(`${url}/3`);
    next.respond();
    await third;
    await transport.expectNone();
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 0, waiting: 0 });
  });

  test('passes the permit on when it is aborted in the moment of its turn', async () => {
    const { fetch, transport, clock } = harness(one);
    const first = fetch(url);
    const controller = new AbortController();
    const second = fetch(`${url}/2`, { signal: controller.signal });
    void fetch(`${url}/3`);
    const attempt = await transport.next();
    const body = slowBody();
    attempt.respond(new Response(body.stream));
    const response = await first;
    // The end of the body gives the permit on in a chain of microtasks; the abort falls into each of its links in turn.
    void response.text().then(() => controller.abort('gone'));
    body.end();
    expect(await withinMicrotasks(second)).toEqual({ state: 'rejected', reason: 'gone' });
    await clock.advance(0);
    expect(transport.attempts.map(({ request }) => request.url)).not.toContain(`${url}/2`);
    expect((await transport.next()).request.url).toBe(`${url}/3`);
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 1, waiting: 0 });
  });

  test.each([
    0, 1, 2, 3, 4, 5, 6, 8, 10,
  ])('loses no permit when it is aborted %i turns after it', async turns => {
    const { fetch, transport, clock } = harness(one);
    const controller = new AbortController();
    const first = new AbortController();
    const gone = fetch(url, { signal: first.signal }).catch(() => {});
    const second = fetch(`${url}/2`, { signal: controller.signal }).catch(() => {});
    const third = fetch(`${url}/3`);
    await transport.next();
    first.abort();
    await microtasks(turns);
    controller.abort();
    await Promise.all([gone, second]);
    await clock.advance(0);
    const last = transport.attempts.at(-1);
    expect(last?.request.url).toBe(`${url}/3`);
    last?.respond();
    await third;
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 0, waiting: 0 });
    expect(clock.pending).toBe(0);
  });

  test('times out there with the whole of its call, and no permit is lost', async () => {
    const { fetch, transport, clock } = harness(one);
    const body = slowBody();
    const first = fetch(url, { policy: { totalTimeoutMs: false } });
    const second = rejection(TimeoutError, fetch(`${url}/2`, { policy: { totalTimeoutMs: 1_000 } }));
    (await transport.next()).respond(new Response(body.stream));
    const text = (await first).text();
    await clock.advance(1_000);
    const error = await second;
    expect(error).toMatchObject({ scope: 'total', attempts: [] });
    expect(explain(error)).toContain('  waited 1000 ms for its turn in the bulkhead\n');
    body.end();
    await text;
    void fetch(`${url}/3`);
    expect((await transport.next()).request.url).toBe(`${url}/3`);
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 1, waiting: 0 });
  });

  test('ends with close()', async () => {
    const { fetch, clock } = harness(one);
    const first = rejection(ClosedError, fetch(url));
    const second = rejection(ClosedError, fetch(url));
    await microtasks();
    await fetch.close();
    await Promise.all([first, second]);
    expect(clock.pending).toBe(0);
  });
});

describe('priority', () => {
  test('lets a critical call overtake those that wait, and keeps the order within a priority', async () => {
    const { fetch, transport } = harness(one);
    void fetch(`${url}/0`);
    const sent = async () => {
      const attempt = await transport.next();
      attempt.respond();
      return new URL(attempt.request.url).pathname.split('/').at(-1);
    };
    const first = await transport.next();
    for (const name of ['b1', 'b2']) void fetch(`${url}/${name}`, background);
    for (const name of ['n1', 'n2']) void fetch(`${url}/${name}`);
    for (const name of ['c1', 'c2']) void fetch(`${url}/${name}`, critical);
    await microtasks();
    first.respond();
    const order = [];
    for (let call = 0; call < 6; call++) order.push(await sent());
    expect(order).toEqual(['c1', 'c2', 'n1', 'n2', 'b1', 'b2']);
  });

  test('starves nobody: after maxOvertakes it is the turn of who has waited longest', async () => {
    const { fetch, transport } = harness({ ...one, bulkhead: { maxConcurrent: 1, maxOvertakes: 3 } });
    void fetch(url);
    const first = await transport.next();
    void fetch(`${url}/b`, background);
    for (let call = 0; call < 10; call++) void fetch(`${url}/c`, critical);
    await microtasks();
    first.respond();
    let before = 0;
    for (;;) {
      const attempt = await transport.next();
      attempt.respond();
      if (attempt.request.url.endsWith('/b')) break;
      before++;
    }
    expect(before).toBe(3);
  });

  test('lets a more important call take the place of the latest of the least important when the queue is full', async () => {
    const { fetch, transport, events } = harness({ ...one, bulkhead: { maxConcurrent: 1, maxQueued: 3 } });
    void fetch(url);
    void fetch(`${url}/b1`, background);
    const displaced = rejection(BulkheadFullError, fetch(`${url}/b2`, background));
    void fetch(`${url}/n1`);
    void fetch(`${url}/c1`, critical);
    const error = await displaced;
    expect(error.url).toBe(`${url}/b2`);
    expect(error.message).toContain('its place in the queue went to a more important call');
    expect(actions(events).toSorted()).toEqual(['displaced', 'queued', 'queued', 'queued', 'queued']);
    // Nobody is displaced by an equal.
    await rejection(BulkheadFullError, fetch(`${url}/b3`, background));
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ waiting: 3, refused: 2 });
    (await transport.next()).respond();
    expect((await transport.next()).request.url).toBe(`${url}/c1`);
  });

  test('can be that of a host', async () => {
    const { fetch, transport, events } = harness({
      ...one,
      hosts: { 'payments.test': { priority: 'critical' } },
    });
    void fetch(url);
    void fetch(url);
    await transport.next();
    expect(events.find(({ type }) => type === 'bulkhead')).toMatchObject({ priority: 'critical' });
  });
});

describe('when the limits change', () => {
  test('those who fit now are let in, without another call', async () => {
    const { fetch, transport } = harness(one);
    for (let call = 0; call < 5; call++) void fetch(`${url}/${call}`);
    await microtasks();
    expect(transport.attempts).toHaveLength(1);
    fetch.update({ bulkhead: { maxConcurrent: 3 } });
    await microtasks();
    expect(transport.attempts).toHaveLength(3);
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ maxConcurrent: 3, inUse: 3, waiting: 2 });
  });

  test('a lower limit holds from then on: nobody goes until so many have ended', async () => {
    const { fetch, transport } = harness({ bulkhead: { maxConcurrent: 3 } });
    for (let call = 0; call < 4; call++) void fetch(`${url}/${call}`);
    const attempts = [await transport.next(), await transport.next(), await transport.next()];
    fetch.update({ bulkhead: { maxConcurrent: 1, maxQueued: 1 } });
    attempts[0]?.respond();
    attempts[1]?.respond();
    await transport.expectNone();
    await rejection(BulkheadFullError, fetch(url));
    attempts[2]?.respond();
    await transport.next();
  });

  test('all go when it is switched off, and their permits count when it is on again', async () => {
    const { fetch, transport } = harness(one);
    for (let call = 0; call < 3; call++) void fetch(url);
    await microtasks();
    fetch.update({});
    const attempts = [await transport.next(), await transport.next(), await transport.next()];
    expect(fetch.hosts.get(host)?.bulkhead).toBeUndefined();
    fetch.update({ bulkhead: { maxConcurrent: 1 } });
    void fetch(`${url}/late`);
    attempts[0]?.respond();
    attempts[1]?.respond();
    await transport.expectNone();
    attempts[2]?.respond();
    expect((await transport.next()).request.url).toBe(`${url}/late`);
  });

  test('a call under the policy of before does not bring its limits back', async () => {
    const { fetch, transport } = harness({
      ...one,
      policies: [{ outside: 'bulkhead', policy: (call, next) => microtasks(3).then(() => next(call)) }],
    });
    void fetch(url);
    fetch.update({ bulkhead: { maxConcurrent: 2 } });
    void fetch(url);
    await transport.next();
    await transport.next();
    expect(fetch.hosts.get(host)?.bulkhead?.maxConcurrent).toBe(2);
  });
});

describe('beside the other policies', () => {
  test('a call has one permit for all its attempts', async () => {
    const { fetch, transport, clock } = harness({
      bulkhead: { maxConcurrent: 1 },
      retry: { maxRetries: 2, jitter: 'none', baseDelayMs: 100 },
    });
    const first = fetch(`${url}/1`);
    void fetch(`${url}/2`);
    for (let attempt = 1; attempt <= 2; attempt++) {
      (await transport.next()).respond(new Response(null, { status: 503 }));
      await transport.expectNone();
      await clock.advance(100 * attempt);
    }
    const last = await transport.next();
    expect(last.request.url).toBe(`${url}/1`);
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 1, waiting: 1 });
    last.respond();
    expect((await first).status).toBe(200);
    expect((await transport.next()).request.url).toBe(`${url}/2`);
  });

  test('an open circuit rejects at once and the permit is back', async () => {
    const { fetch, transport } = harness({
      ...one,
      circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0 },
    });
    const first = fetch(url);
    const waiting = [1, 2, 3].map(() => rejection(CircuitOpenError, fetch(url)));
    (await transport.next()).respond(new Response(null, { status: 500 }));
    await first;
    await Promise.all(waiting);
    expect(await withinMicrotasks(fetch(url))).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
    await transport.expectNone();
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 0, waiting: 0 });
  });

  test('ten thousand calls at once through ten permits settle, and nothing is left', async () => {
    const added = { abort: 0 };
    const signal = new AbortController().signal;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      added.abort++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      added.abort--;
      removeEventListener.apply(signal, args);
    };
    let open = 0;
    let most = 0;
    const { fetch, clock } = harness({
      bulkhead: { maxConcurrent: 10, maxQueued: Number.POSITIVE_INFINITY },
      fetch: async () => {
        most = Math.max(most, ++open);
        await null;
        open--;
        return new Response(null, { status: 204 });
      },
    });
    const calls = Array.from({ length: 10_000 }, () => fetch(url, { signal }));
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 10, waiting: 9_990 });
    const responses = await Promise.all(calls);
    expect(responses.every(({ status }) => status === 204)).toBe(true);
    expect(most).toBe(10);
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 0, waiting: 0, refused: 0 });
    expect(added.abort).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test('ten thousand that are aborted at once leave at once', async () => {
    const { fetch, clock } = harness({ bulkhead: { maxConcurrent: 1, maxQueued: 20_000 } });
    fetch(url).catch(() => {});
    const controller = new AbortController();
    const calls = Array.from({ length: 10_000 }, () => fetch(url, { signal: controller.signal }));
    controller.abort('enough');
    const settled = await Promise.allSettled(calls);
    expect(settled.every(each => each.status === 'rejected' && each.reason === 'enough')).toBe(true);
    expect(fetch.hosts.get(host)?.bulkhead).toMatchObject({ inUse: 1, waiting: 0 });
    await fetch.close();
    expect(clock.pending).toBe(0);
  });
});
