import { describe, expect, test } from 'vitest';
import {
  createFetch,
  explain,
  type FetchLike,
  type FetchOptions,
  OverloadedError,
  responseInfo,
} from '../../src/index.ts';
import { networkError, type VirtualClock, virtualClock } from '../../src/testing/index.ts';
import { harness, url } from '../support/harness.ts';

/** A service with so many workers, each of which takes `workMs`; what is more waits in one line. */
class Service {
  readonly #clock: VirtualClock;
  readonly #line: (() => void)[] = [];
  workers: number;
  workMs = 40;
  maxQueued = Number.POSITIVE_INFINITY;
  busy = 0;
  seen = 0;
  mostAtOnce = 0;
  #open = 0;

  constructor(clock: VirtualClock, workers: number) {
    this.#clock = clock;
    this.workers = workers;
  }

  readonly fetch: FetchLike = (_, init) => {
    this.seen++;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#open);
    return new Promise<Response>((resolve, reject) => {
      const end = (settle: () => void) => {
        this.#open--;
        settle();
      };
      let isGone = false;
      init?.signal?.addEventListener('abort', () => {
        isGone = true;
        end(() => reject(init.signal?.reason));
      });
      const work = () => {
        if (isGone) return this.#next();
        this.busy++;
        this.#clock.setTimer(() => {
          this.busy--;
          if (!isGone) end(() => resolve(new Response('done')));
          this.#next();
        }, this.workMs);
      };
      if (this.busy < this.workers) work();
      else if (this.#line.length < this.maxQueued) this.#line.push(work);
      else end(() => resolve(new Response('full', { status: 503 })));
    });
  };

  #next(): void {
    if (this.busy < this.workers) this.#line.shift()?.();
  }
}

interface Storm {
  readonly fetch: ReturnType<typeof createFetch>;
  readonly service: Service;
  readonly clock: VirtualClock;
  readonly tally: Record<string, number>;
  /** Calls that arrive evenly. */
  send(perSecond: number, forMs: number): Promise<void>;
}

function stormOn(workers: number, options: FetchOptions = {}): Storm {
  const clock = virtualClock();
  const service = new Service(clock, workers);
  const fetch = createFetch({
    clock,
    random: () => 0.5,
    fetch: service.fetch,
    attemptTimeoutMs: 1_000,
    totalTimeoutMs: 5_000,
    ...options,
  });
  const tally: Record<string, number> = {};
  const count = (what: string) => {
    tally[what] = (tally[what] ?? 0) + 1;
  };
  const call = () =>
    fetch(url).then(
      response => response.text().then(() => count(String(response.status))),
      error => count(error.code ?? error.name),
    );
  return {
    fetch,
    service,
    clock,
    tally,
    async send(perSecond, forMs) {
      for (let at = 0; at < forMs; at += 1_000 / perSecond) {
        void call();
        await clock.advance(1_000 / perSecond);
      }
    },
  };
}

const limitOf = ({ fetch }: Pick<Storm, 'fetch'>) => fetch.hosts.get('payments.test')?.concurrencyLimit;

describe('a healthy host is never bitten', () => {
  test('by ten thousand calls at once', async () => {
    const storm = stormOn(10_000);
    const calls = Array.from({ length: 10_000 }, () => storm.fetch(url).then(response => response.text()));
    await storm.clock.advance(100);
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['done']));
    expect(storm.service.mostAtOnce).toBe(10_000);
    expect(limitOf(storm)).toMatchObject({
      limit: Number.POSITIVE_INFINITY,
      isOverloaded: false,
      inFlight: 0,
    });
  });

  test('whose every answer takes nine tenths of the timeout, as it always has', async () => {
    const storm = stormOn(1_000);
    storm.service.workMs = 900;
    await storm.send(100, 10_000);
    await storm.clock.advance(5_000);
    expect(storm.tally).toEqual({ 200: 1_000 });
  });

  test('a tenth of whose calls has always been thirty times slower', async () => {
    const storm = stormOn(1_000);
    for (let round = 0; round < 200; round++) {
      storm.service.workMs = round % 10 === 0 ? 900 : 30;
      await storm.send(50, 100);
    }
    await storm.clock.advance(5_000);
    expect(storm.tally).toEqual({ 200: 1_000 });
  });

  test('that loses four of ten requests and answers the others at once', async () => {
    const storm = stormOn(1_000, { retry: false, circuitBreaker: false });
    const lossy: FetchLike = (input, init) =>
      storm.service.seen++ % 5 < 2
        ? new Promise((_, reject) =>
            init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)),
          )
        : storm.service.fetch(input, init);
    const fetch = createFetch({ clock: storm.clock, fetch: lossy, attemptTimeoutMs: 1_000, retry: false });
    const ends: Promise<unknown>[] = [];
    for (let call = 0; call < 500; call++) {
      ends.push(
        fetch(url).then(
          response => response.status,
          error => error.code,
        ),
      );
      await storm.clock.advance(20);
    }
    await storm.clock.advance(2_000);
    expect(new Set(await Promise.all(ends))).toEqual(new Set([200, 'TIMEOUT']));
  });

  test('a fifth of whose answers are 503', async () => {
    let seen = 0;
    const { fetch, clock } = harness({
      fetch: async () => new Response('', { status: seen++ % 5 === 0 ? 503 : 200 }),
      retry: false,
      circuitBreaker: false,
    });
    for (let call = 0; call < 200; call++) await (await fetch(url)).text();
    await clock.advance(1_000);
    expect(limitOf({ fetch })?.isOverloaded).toBe(false);
  });
});

describe('a host that has lost capacity', () => {
  test('goes on serving nearly all that it can, and is well again at once', async () => {
    const storm = stormOn(15);
    await storm.send(250, 5_000);
    expect(storm.tally).toEqual({ 200: expect.any(Number) });

    storm.service.workers = 6;
    const before = { ...storm.tally };
    await storm.send(250, 20_000);
    const goodput = ((storm.tally[200] ?? 0) - (before[200] ?? 0)) / 20;
    // Six workers can serve 150 a second.
    expect(goodput).toBeGreaterThan(140);
    expect(storm.tally.TIMEOUT ?? 0).toBeLessThan(50);

    storm.service.workers = 15;
    await storm.send(250, 1_000);
    const settled = { ...storm.tally };
    await storm.send(250, 5_000);
    await storm.clock.advance(1_000);
    expect((storm.tally.OVERLOADED ?? 0) - (settled.OVERLOADED ?? 0)).toBe(0);
    await storm.clock.advance(10_000);
    await storm.send(250, 100);
    expect(limitOf(storm)).toMatchObject({ limit: Number.POSITIVE_INFINITY, isOverloaded: false });
  });

  test('and turns away what is too much is sent less', async () => {
    const storm = stormOn(4, { retry: false });
    storm.service.maxQueued = 4;
    await storm.send(50, 2_000);
    storm.service.workMs = 400;
    await storm.send(250, 10_000);
    await storm.clock.advance(2_000);
    expect(storm.tally.OVERLOADED).toBeGreaterThan(storm.tally[503] ?? 0);
  });

  test('does not work for calls that were given up', async () => {
    const limited = stormOn(15);
    const without = stormOn(15, { concurrencyLimit: false });
    for (const storm of [limited, without]) {
      await storm.send(250, 2_000);
      storm.service.workers = 6;
      await storm.send(250, 10_000);
    }
    expect(limited.service.seen).toBeLessThan(without.service.seen);
    expect(limited.tally[200]).toBeGreaterThan(2 * (without.tally[200] ?? 0) - 2 * 500);
  });
});

/** A host that has shown that it is overloaded; the limit is one, and one attempt is under way. */
async function atItsLimit(options: FetchOptions = {}) {
  const world = harness({ attemptTimeoutMs: 1_000, retry: false, circuitBreaker: false, ...options });
  for (let call = 0; call < 20; call++) {
    void world.fetch(url).catch(() => {});
    await world.clock.advance(2_000);
  }
  const running = world.fetch(url);
  await world.clock.advance(0);
  expect(limitOf(world)).toMatchObject({ limit: 1, inFlight: 1, waiting: 0, isOverloaded: true });
  return { ...world, running };
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    error => (error as { code?: string }).code ?? error,
  );

describe('beyond the limit', () => {
  test('twice as many wait, first come first served, and the rest is refused at once', async () => {
    const { fetch, transport, clock, running } = await atItsLimit();
    const second = codeOf(fetch(url));
    const third = fetch(`${url}/3`);
    await clock.advance(0);
    const fourth: unknown = await fetch(url).catch(error => error);
    expect(fourth).toBeInstanceOf(OverloadedError);
    expect(fourth).toMatchObject({ code: 'OVERLOADED', limit: 1, sent: 'no', retryAfterMs: 400 });
    expect((fourth as Error).message).toBe(
      'GET https://payments.test/charges was not sent: https://payments.test is overloaded; 1 attempt may be under way ' +
        'at once and 2 wait already. Try again in 400 ms.',
    );
    const sent = transport.attempts.length;
    transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
    expect((await running).status).toBe(200);
    await clock.advance(0);
    // A quick answer lets one more out than before.
    expect(transport.attempts.length).toBe(sent + 2);
    transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
    transport.attempts.at(-2)?.respond(new Response('', { status: 200 }));
    expect(await second).toBe('answered');
    expect(responseInfo(await third)?.attempts[0]).toMatchObject({ waitedMs: 0, outcome: 'success' });
  });

  test('a wait ends after `maxQueueMs`', async () => {
    const { fetch, clock } = await atItsLimit();
    const waiting = codeOf(fetch(url));
    await clock.advance(399);
    expect(limitOf({ fetch })?.waiting).toBe(1);
    await clock.advance(1);
    expect(await waiting).toBe('OVERLOADED');
    expect(limitOf({ fetch })).toMatchObject({ waiting: 0, inFlight: 1 });
  });

  test('a wait ends with the caller’s own reason, and loses no place', async () => {
    const { fetch, transport, clock, running } = await atItsLimit();
    const controller = new AbortController();
    const reason = new Error('enough');
    const given = fetch(url, { signal: controller.signal }).catch(error => error);
    const other = codeOf(fetch(url));
    await clock.advance(10);
    controller.abort(reason);
    expect(await given).toBe(reason);
    transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
    await running;
    await clock.advance(0);
    transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
    expect(await other).toBe('answered');
    expect(limitOf({ fetch })).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  test('a wait ends with the deadline, and with close()', async () => {
    const { fetch, clock, running } = await atItsLimit();
    void running.catch(() => {});
    const short = codeOf(fetch(url, { policy: { totalTimeoutMs: 100 } }));
    await clock.advance(100);
    expect(await short).toBe('TIMEOUT');
    const waiting = codeOf(fetch(url));
    await clock.advance(0);
    await fetch.close();
    expect(await waiting).toBe('CLOSED');
  });

  test('what an attempt waited is told', async () => {
    const { fetch, transport, clock, running } = await atItsLimit();
    const waiting = fetch(url);
    await clock.advance(150);
    transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
    await running;
    await clock.advance(0);
    transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
    const response = await waiting;
    expect(responseInfo(response)?.attempts[0]).toMatchObject({ waitedMs: 150, durationMs: 0 });
    expect(explain(response)).toContain('after a wait of 150 ms');
  });

  test('what goes out later goes out as it was', async () => {
    const { fetch, transport, clock, running } = await atItsLimit();
    const headers = new Headers({ 'x-order': '1' });
    const waiting = fetch(url, { headers });
    await clock.advance(10);
    headers.set('x-order', '2');
    transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
    await running;
    await clock.advance(0);
    expect(transport.attempts.at(-1)?.request.headers.get('x-order')).toBe('1');
    transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
    await waiting;
  });

  test('a call goes without with `concurrencyLimit: false`', async () => {
    const { fetch, transport, clock } = await atItsLimit();
    const calls = Array.from({ length: 5 }, () => fetch(url, { policy: { concurrencyLimit: false } }));
    await clock.advance(0);
    for (const request of transport.attempts.slice(-5)) request.respond(new Response('', { status: 200 }));
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  test('no retry is begun that would be refused', async () => {
    const { fetch, transport, clock } = harness({ attemptTimeoutMs: 1_000, circuitBreaker: false });
    const patient = { policy: { attemptTimeoutMs: false, totalTimeoutMs: false } } as const;
    const early = [fetch(url, patient), fetch(url, patient)];
    await clock.advance(0);
    for (let call = 0; call < 20; call++) {
      void fetch(url, { policy: { retry: false } }).catch(() => {});
      await clock.advance(2_000);
    }
    const waiters = [codeOf(fetch(url)), codeOf(fetch(url))];
    await clock.advance(0);
    expect(limitOf({ fetch })).toMatchObject({ limit: 1, inFlight: 2, waiting: 2 });
    transport.attempts[0]?.respond(new Response('', { status: 503 }));
    expect(responseInfo(await (early[0] as Promise<Response>))?.attempts).toMatchObject([
      { status: 503, reason: 'overloaded' },
    ]);
    await clock.advance(1_000);
    expect(await Promise.all(waiters)).toEqual(['OVERLOADED', 'OVERLOADED']);
    transport.attempts[1]?.respond();
    await early[1];
  });

  test('refusals do not move the circuit', async () => {
    const { fetch, clock } = await atItsLimit({
      circuitBreaker: { minimumSilenceMs: 60_000, failureRatio: false },
    });
    const before = fetch.hosts.get('payments.test')?.circuitBreaker.counts;
    const refused = await Promise.all(Array.from({ length: 10 }, () => codeOf(fetch(url))).slice(2));
    await clock.advance(0);
    expect(new Set(refused)).toEqual(new Set(['OVERLOADED']));
    expect(fetch.hosts.get('payments.test')?.circuitBreaker.counts).toEqual(before);
  });
});

test('a limit that has not been needed for a while is gone, also when nobody called meanwhile', async () => {
  const { fetch, transport, clock, running } = await atItsLimit();
  transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
  await running;
  await clock.advance(5_000);
  const burst = Array.from({ length: 100 }, () => codeOf(fetch(url)));
  await clock.advance(0);
  for (const request of transport.attempts.slice(-100)) request.respond(new Response('', { status: 200 }));
  expect(new Set(await Promise.all(burst))).toEqual(new Set(['answered']));
});

test('overload is told when it begins and when it is over', async () => {
  const { fetch, transport, clock, events, running } = await atItsLimit();
  transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
  await running;
  await clock.advance(5_000);
  const after = fetch(url);
  await clock.advance(0);
  transport.attempts.at(-1)?.respond(new Response('', { status: 200 }));
  await after;
  const told = events.filter(event => event.type === 'overload');
  expect(told).toMatchObject([
    { host: 'https://payments.test', isOverloaded: true, limit: 1 },
    { isOverloaded: false, limit: Number.POSITIVE_INFINITY },
  ]);
});

test('an attempt that waits out a pause leaves its place in the limit to others', async () => {
  const { fetch, transport, clock } = harness({
    retry: false,
    circuitBreaker: false,
    hostPause: { jitterMs: 0 },
    concurrencyLimit: { algorithm: 'gradient', initialLimit: 1, maxLimit: 1, queueRatio: 5 },
  });
  const calls = [fetch(url), fetch(url), fetch(url)];
  const first = await transport.next();
  expect(limitOf({ fetch })).toMatchObject({ inFlight: 1, waiting: 2 });
  first.respond(new Response('', { status: 503, headers: { 'retry-after': '1' } }));
  await calls[0];
  await clock.advance(999);
  expect(limitOf({ fetch })).toMatchObject({ inFlight: 0, waiting: 0 });
  expect(fetch.hosts.get('payments.test')?.pause.waiting).toBe(2);
  await clock.advance(1);
  const second = await transport.next();
  await transport.expectNone();
  expect(limitOf({ fetch })).toMatchObject({ inFlight: 1, waiting: 1 });
  second.respond();
  (await transport.next()).respond();
  expect(responseInfo((await calls[2]) as Response)?.attempts).toMatchObject([{ waitedMs: 1_000 }]);
  expect(limitOf({ fetch })).toMatchObject({ inFlight: 0, waiting: 0 });
});

test('an attempt that is aborted while it waits out a pause has left the limit once', async () => {
  const { fetch, transport, clock } = harness({
    retry: false,
    circuitBreaker: false,
    hostPause: { jitterMs: 0 },
    concurrencyLimit: { algorithm: 'gradient', initialLimit: 1, maxLimit: 1, queueRatio: 5 },
  });
  const controller = new AbortController();
  const calls = [fetch(url), fetch(url, { signal: controller.signal })];
  (await transport.next()).respond(new Response('', { status: 503, headers: { 'retry-after': '1' } }));
  await calls[0];
  await clock.advance(500);
  controller.abort(new Error('gone'));
  await expect(calls[1]).rejects.toThrow('gone');
  expect(limitOf({ fetch })).toMatchObject({ inFlight: 0, waiting: 0 });
});

describe('the gradient', () => {
  test('has a limit from the start and grows while latency stays as it is', async () => {
    const storm = stormOn(10_000, { concurrencyLimit: { algorithm: 'gradient', initialLimit: 5 } });
    await storm.send(1_000, 200);
    expect(storm.tally.OVERLOADED).toBeGreaterThan(0);
    await storm.send(500, 5_000);
    expect(limitOf(storm)?.limit).toBeGreaterThan(20);
  });

  test('shrinks as latency grows, before anything times out', async () => {
    const storm = stormOn(20, {
      concurrencyLimit: { algorithm: 'gradient', initialLimit: 40, maxLimit: 40 },
    });
    await storm.send(250, 5_000);
    storm.service.workers = 2;
    await storm.send(250, 5_000);
    await storm.clock.advance(2_000);
    expect(storm.tally.TIMEOUT).toBeUndefined();
    expect(limitOf(storm)?.limit).toBeLessThan(30);
  });

  test('does not take refused connections, or 429, for load', async () => {
    let seen = 0;
    const { fetch } = harness({
      fetch: async () => {
        if (seen++ % 2 === 0) return new Response('', { status: 429 });
        throw networkError('ECONNREFUSED');
      },
      retry: false,
      circuitBreaker: false,
      concurrencyLimit: { algorithm: 'gradient' },
    });
    for (let call = 0; call < 20; call++) await fetch(url).catch(() => {});
    expect(limitOf({ fetch })).toMatchObject({ limit: 10, isOverloaded: false });
  });

  test('takes answers of less than a millisecond for no queue', async () => {
    const { fetch } = harness({
      fetch: async () => new Response(),
      concurrencyLimit: { algorithm: 'gradient' },
    });
    for (let call = 0; call < 20; call++) await fetch(url);
    expect(limitOf({ fetch })).toMatchObject({ limit: 10, isOverloaded: false });
  });

  test('an overload is over for who looks when nobody has called for a while, and its limit stays', async () => {
    const { fetch, clock, events, transport } = harness({
      retry: false,
      circuitBreaker: false,
      concurrencyLimit: { algorithm: 'gradient' },
    });
    const call = fetch(url);
    (await transport.next()).respond(new Response('', { status: 503 }));
    await call;
    expect(limitOf({ fetch })).toMatchObject({ limit: 5, isOverloaded: true });
    await clock.advance(4_999);
    expect(limitOf({ fetch })).toMatchObject({ limit: 5, isOverloaded: true });
    await clock.advance(1);
    expect(limitOf({ fetch })).toMatchObject({ limit: 5, isOverloaded: false });
    const next = fetch(url);
    (await transport.next()).respond();
    await next;
    expect(events.filter(({ type }) => type === 'overload')).toMatchObject([
      { isOverloaded: true, limit: 5 },
      { isOverloaded: false, limit: 5 },
    ]);
  });
});
