import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BulkheadLimits, type Priority, priorities } from '../../src/policies/bulkhead/limits.ts';
import { Permits } from '../../src/policies/bulkhead/permits.ts';

/**
 * Random lives of a bulkhead: arrivals, ends, aborts, changes of the limits. After every step the permits are compared
 * with what the calls themselves have seen.
 */
interface Caller {
  readonly number: number;
  readonly priority: Priority;
  readonly controller: AbortController;
  state: 'waiting' | 'inside' | 'gone' | 'refused';
  /** More important calls that were let in while this one was the first of its rank. */
  overtaken: number;
}

class World {
  readonly permits: Permits;
  readonly callers: Caller[] = [];
  /** In the order in which they were let in. */
  readonly let: Caller[] = [];
  limits: BulkheadLimits;
  /** What was found by those whom nobody waits for. */
  readonly problems: unknown[] = [];
  /** The largest `maxOvertakes` that has been in force. */
  leniency: number;

  constructor(limits: BulkheadLimits) {
    this.limits = limits;
    this.leniency = limits.maxOvertakes;
    this.permits = new Permits(limits);
  }

  of(state: Caller['state']): Caller[] {
    return this.callers.filter(caller => caller.state === state);
  }

  arrive(priority: Priority): void {
    const { permits } = this;
    const number = this.callers.length;
    const caller: Caller = {
      number,
      priority,
      controller: new AbortController(),
      state: 'gone',
      overtaken: 0,
    };
    this.callers.push(caller);
    const waiting = this.of('waiting');
    if (permits.tryAcquire()) {
      expect(waiting).toEqual([]);
      caller.state = 'inside';
      return;
    }
    const isFull = waiting.length >= this.limits.maxQueued;
    const lessImportant = waiting.filter(other => rankOf(other) > priorities.indexOf(priority));
    const least = Math.max(...lessImportant.map(rankOf));
    const victim = lessImportant.findLast(other => rankOf(other) === least);
    const place = permits.queue(priority, caller.controller.signal, () => 'displaced');
    if (!place) {
      expect(isFull && (!victim || this.limits.maxQueued === 0)).toBe(true);
      caller.state = 'refused';
      return;
    }
    if (isFull) (victim as Caller).state = 'refused';
    caller.state = 'waiting';
    place.turn
      .then(
        () => this.#enter(caller),
        reason => expect(reason).toBe(caller.state === 'gone' ? 'aborted' : 'displaced'),
      )
      .catch(problem => this.problems.push(problem));
  }

  #enter(caller: Caller): void {
    // Aborted in the moment of its turn: it leaves as it came.
    if (caller.state === 'gone') {
      this.permits.release();
      return;
    }
    expect(caller.state).toBe('waiting');
    const ahead = this.of('waiting').filter(
      other => other.priority === caller.priority && other.number < caller.number,
    );
    expect(ahead, 'first come, first served within a priority').toEqual([]);
    caller.state = 'inside';
    this.let.push(caller);
    for (const priority of priorities.slice(rankOf(caller) + 1)) {
      const first = this.of('waiting').find(other => other.priority === priority);
      if (!first) continue;
      first.overtaken++;
      // Two ranks may be due at once; then one of them is passed over once more.
      expect(first.overtaken, 'nobody starves').toBeLessThanOrEqual(this.leniency + 1);
    }
  }

  check(): void {
    if (this.problems.length > 0) throw this.problems[0];
    const inside = this.of('inside').length;
    const waiting = this.of('waiting').length;
    expect(this.permits.inUse, 'no permit is lost').toBe(inside);
    expect(this.permits.waiting).toBe(waiting);
    expect(this.permits.refused).toBe(this.of('refused').length);
    if (waiting > 0)
      expect(inside, 'nobody waits for nothing').toBeGreaterThanOrEqual(this.limits.maxConcurrent);
  }
}

const rankOf = ({ priority }: Caller): number => priorities.indexOf(priority);

const limits = fc.record({
  maxConcurrent: fc.integer({ min: 1, max: 4 }),
  maxQueued: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(Number.POSITIVE_INFINITY)),
  maxOvertakes: fc.integer({ min: 1, max: 3 }),
});

/** Of somebody inside, or of somebody who waits. */
interface Departure {
  readonly do: 'end' | 'abort';
  readonly which: number;
}

const departure: fc.Arbitrary<Departure> = fc.record({
  do: fc.constantFrom('end', 'abort'),
  which: fc.nat(),
});

type Step =
  | { readonly do: 'arrive'; readonly priority: Priority }
  | Departure
  | { readonly do: 'at once'; readonly departures: readonly Departure[] }
  | { readonly do: 'adopt'; readonly limits: BulkheadLimits };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('arrive'), priority: fc.constantFrom(...priorities) }),
  },
  { weight: 5, arbitrary: departure },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('at once'), departures: fc.array(departure, { maxLength: 8 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('adopt'), limits }) },
) as fc.Arbitrary<Step>;

const pick = <Item>(items: readonly Item[], which: number): Item | undefined => items[which % items.length];

function depart(world: World, { do: how, which }: Departure): void {
  const caller = pick(world.of(how === 'end' ? 'inside' : 'waiting'), which);
  if (!caller) return;
  caller.state = 'gone';
  if (how === 'end') world.permits.release();
  else caller.controller.abort('aborted');
}

function adopt(world: World, limits: BulkheadLimits): void {
  world.limits = limits;
  world.leniency = Math.max(world.leniency, limits.maxOvertakes);
  const inside = world.of('inside').length;
  world.permits.adopt(limits);
  expect(world.permits.inUse, 'never above the limit').toBeLessThanOrEqual(
    Math.max(inside, limits.maxConcurrent),
  );
}

async function live(world: World, steps: readonly Step[]): Promise<void> {
  for (const each of steps) {
    if (each.do === 'arrive') world.arrive(each.priority);
    else if (each.do === 'adopt') adopt(world, each.limits);
    // Among them those whose turn has come and who have not heard of it yet.
    else if (each.do === 'at once') for (const one of each.departures) depart(world, one);
    else depart(world, each);
    for (let turn = 0; turn < 4; turn++) await null;
    world.check();
  }
}

describe('the permits of a bulkhead, in any life', () => {
  test('are never more than the limit, never lost, and go to those who have waited longest within a priority', async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 80 }), async (first, steps) => {
        const world = new World(first);
        await live(world, steps);
      }),
      { numRuns: 500 },
    );
  });

  test('come to everyone in the end, however many of the more important come', async () => {
    const arrivalOrEnd = fc.oneof(
      fc.record({ do: fc.constant('arrive' as const), priority: fc.constantFrom(...priorities) }),
      fc.record({ do: fc.constant('arrive' as const), priority: fc.constant('critical' as const) }),
      fc.record({ do: fc.constant('end' as const), which: fc.nat() }),
    );
    const steps = fc.array(arrivalOrEnd, { minLength: 60, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (maxOvertakes, given) => {
        await live(new World({ maxConcurrent: 1, maxQueued: Number.POSITIVE_INFINITY, maxOvertakes }), given);
      }),
      { numRuns: 100 },
    );
  });

  test('are all back when all have gone', async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 60 }), async (first, steps) => {
        const world = new World(first);
        await live(world, steps);
        for (let rounds = 0; world.of('inside').length > 0; rounds++) {
          expect(rounds).toBeLessThan(200);
          await live(world, [{ do: 'end', which: 0 }]);
        }
        expect(world.of('waiting')).toEqual([]);
        expect(world.permits.inUse).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
