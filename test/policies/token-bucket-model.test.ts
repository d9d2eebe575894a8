import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RateLimits } from '../../src/policies/rate-limit/limits.ts';
import { RateLimiter } from '../../src/policies/rate-limit/rate-limiter.ts';
import { virtualClock } from '../../src/testing/index.ts';

const limits: fc.Arbitrary<RateLimits> = fc.record({
  perSecond: fc.constantFrom(0.5, 1, 3, 10, 70, 333, 1_500),
  burst: fc.integer({ min: 1, max: 6 }),
  maxWaiting: fc.constant(1_000),
  adaptive: fc.constant('headers' as const),
});

type Step =
  | { readonly do: 'arrive' }
  | { readonly do: 'abort' | 'give back'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('arrive' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('give back' as const), which: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 3_000 })),
    }),
  },
);

interface Arrival {
  readonly number: number;
  readonly controller: AbortController;
  state: 'waiting' | 'gone' | 'sent' | 'given back';
  sentAt: number;
}

class World {
  readonly clock = virtualClock();
  readonly limiter: RateLimiter;
  readonly arrivals: Arrival[] = [];
  readonly problems: unknown[] = [];

  constructor(limits: RateLimits) {
    this.limiter = new RateLimiter(limits, this.clock);
  }

  of(state: Arrival['state']): Arrival[] {
    return this.arrivals.filter(arrival => arrival.state === state);
  }

  arrive(): void {
    const number = this.arrivals.length;
    const arrival: Arrival = {
      number,
      controller: new AbortController(),
      state: 'waiting',
      sentAt: Number.NaN,
    };
    const wasWaited = this.of('waiting').length > 0;
    this.arrivals.push(arrival);
    if (this.limiter.tryTake()) {
      expect(wasWaited, 'nobody overtakes').toBe(false);
      this.#send(arrival);
      return;
    }
    this.limiter
      .wait(arrival.controller.signal, () => Number.NEGATIVE_INFINITY)
      .then(
        () => {
          const ahead = this.of('waiting').filter(other => other.number < number);
          expect(ahead, 'first come, first served').toEqual([]);
          this.#send(arrival);
        },
        () => expect(arrival.state).toBe('gone'),
      )
      .catch(problem => this.problems.push(problem));
  }

  #send(arrival: Arrival): void {
    arrival.state = 'sent';
    arrival.sentAt = this.clock.now();
  }

  async step(each: Step): Promise<void> {
    const pick = (items: readonly Arrival[], which: number) => items[which % items.length];
    if (each.do === 'arrive') this.arrive();
    else if (each.do === 'pass') await this.clock.advance(each.ms);
    else if (each.do === 'abort') {
      const arrival = pick(this.of('waiting'), each.which);
      if (arrival) arrival.state = 'gone';
      arrival?.controller.abort();
    } else {
      // Only in the moment in which it would have been sent.
      const arrival = pick(
        this.of('sent').filter(({ sentAt }) => sentAt === this.clock.now()),
        each.which,
      );
      if (arrival) {
        arrival.state = 'given back';
        this.limiter.giveBack();
      }
    }
    for (let turn = 0; turn < 4; turn++) await null;
    if (this.problems.length > 0) throw this.problems[0];
    expect(this.limiter.waiting).toBe(this.of('waiting').length);
  }

  sentTimes(): number[] {
    return this.of('sent')
      .map(({ sentAt }) => sentAt)
      .sort((a, b) => a - b);
  }
}

/** In every interval that begins and ends with a request. */
function expectWithin(times: readonly number[], { burst, perSecond }: RateLimits): void {
  for (let from = 0; from < times.length; from++) {
    for (let to = from; to < times.length; to++) {
      const allowed = burst + (perSecond * ((times[to] as number) - (times[from] as number))) / 1_000;
      expect(to - from + 1, `from ${times[from]} to ${times[to]}`).toBeLessThanOrEqual(allowed + 1e-6);
    }
  }
}

describe('a rate limit, in any life', () => {
  test('never sends more than burst + rate · t in any interval, first come, first served, and loses no token', async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 60 }), async (given, steps) => {
        const world = new World(given);
        for (const each of steps) await world.step(each);
        expectWithin(world.sentTimes(), given);
        // Whoever still waits is let in, as soon as the rate allows.
        const waiting = world.of('waiting').length;
        const first = Math.max(0, world.limiter.readyMs - (waiting * 1_000) / given.perSecond);
        await world.clock.advance(first + waiting * Math.ceil(1_000 / given.perSecond) + waiting + 1);
        expect(world.of('waiting')).toEqual([]);
        expectWithin(world.sentTimes(), given);
        expect(world.clock.pending, 'no timer is left').toBe(0);
        // At rest the bucket is full again: tokens of those who left or gave back are not lost.
        await world.clock.advance(given.burst * Math.ceil(1_000 / given.perSecond));
        expect(world.limiter.tokens).toBeCloseTo(given.burst, 6);
      }),
      { numRuns: 300 },
    );
  });

  test('holds to the new limits from the moment in which they change', async () => {
    await fc.assert(
      fc.asyncProperty(
        limits,
        limits,
        fc.array(step, { maxLength: 30 }),
        fc.array(step, { maxLength: 30 }),
        async (before, after, early, late) => {
          const world = new World(before);
          for (const each of early) await world.step(each);
          world.limiter.adopt(after);
          const changedAt = world.clock.now();
          for (let turn = 0; turn < 4; turn++) await null;
          for (const each of late) await world.step(each);
          const times = world.sentTimes();
          expectWithin(
            times.filter(time => time > changedAt),
            after,
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test('never sends more than the server has left, and nothing before its reset when that is nothing', async () => {
    const answers = fc.record({
      limit: fc.integer({ min: 1, max: 8 }),
      windowMs: fc.constantFrom(1_000, 5_000, 60_000),
      travelMs: fc.integer({ min: 0, max: 300 }),
      latencyMs: fc.integer({ min: 0, max: 300 }),
      gapsMs: fc.array(fc.integer({ min: 0, max: 800 }), { minLength: 1, maxLength: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(answers, async ({ limit, windowMs, travelMs, latencyMs, gapsMs }) => {
        const clock = virtualClock();
        const unlimited = {
          perSecond: Number.POSITIVE_INFINITY,
          burst: 1,
          maxWaiting: 1_000,
          adaptive: 'headers',
        } as const;
        const limiter = new RateLimiter(unlimited, clock);
        // A server with a fixed window that begins with its first request, as most of them have.
        let windowEnd = 0;
        let used = 0;
        let refused = 0;
        const serve = () => void clock.setTimer(count, travelMs);
        const count = () => {
          const now = clock.now();
          if (now >= windowEnd) {
            windowEnd = now + windowMs;
            used = 0;
          }
          if (used >= limit) refused++;
          else used++;
          const reading = { remaining: limit - used, limit, resetMs: windowEnd - now, windowMs };
          clock.setTimer(() => {
            limiter.end();
            // The header was right when it was written.
            limiter.learn(reading);
          }, latencyMs);
        };
        const send = () => {
          if (limiter.tryTake()) serve();
          else limiter.wait(undefined, () => Number.NEGATIVE_INFINITY).then(serve);
        };
        // Until the first answer nobody knows anything.
        send();
        await clock.advance(travelMs + latencyMs);
        for (const gapMs of gapsMs) {
          send();
          await clock.advance(gapMs);
        }
        await clock.advance(gapsMs.length * (windowMs + travelMs + latencyMs));
        expect(refused).toBe(0);
        expect(limiter.waiting).toBe(0);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
