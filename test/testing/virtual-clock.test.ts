import { describe, expect, test, vi } from 'vitest';
import { virtualClock } from '../../src/testing/index.ts';

/** A clock, and how to set timers on it that write down their name and the time. */
function recording() {
  const clock = virtualClock();
  const fired: string[] = [];
  const set = (name: string, delayMs: number) =>
    clock.setTimer(() => fired.push(`${name} at ${clock.now()}`), delayMs);
  return { clock, fired, set };
}

test('time stands still until it is moved', async () => {
  const { clock, fired, set } = recording();
  set('timer', 1);
  await clock.advance(0);
  expect(clock.now()).toBe(0);
  expect(fired).toEqual([]);
});

test('timers fire in the order of time, at their own instant', async () => {
  const { clock, fired, set } = recording();
  set('late', 30);
  set('early', 10);
  set('beyond', 41);
  await clock.advance(40);
  expect(fired).toEqual(['early at 10', 'late at 30']);
  expect(clock.now()).toBe(40);
});

test('timers of one instant fire in the order in which they were set', async () => {
  const { clock, fired, set } = recording();
  set('first', 10);
  await clock.advance(5);
  set('second', 5);
  await clock.advance(5);
  expect(fired).toEqual(['first at 10', 'second at 10']);
});

test('a timer set by a timer fires in the same advance when it falls due in it', async () => {
  const { clock, fired, set } = recording();
  clock.setTimer(() => set('inner', 10), 10);
  await clock.advance(20);
  expect(fired).toEqual(['inner at 20']);
});

test('a timer set at the end of a chain of promises, however long, fires in the same advance', async () => {
  const { clock, fired, set } = recording();
  const chain = async () => {
    for (let link = 0; link < 10_000; link++) await null;
    set('after the chain', 10);
  };
  clock.setTimer(chain, 10);
  await clock.advance(20);
  expect(fired).toEqual(['after the chain at 20']);
});

test('chains that were under way before the advance settle first, at the present instant', async () => {
  const { clock, fired, set } = recording();
  Promise.resolve().then(() => set('set late', 10));
  await clock.advance(10);
  expect(fired).toEqual(['set late at 10']);
});

test('what a timer sets going has settled when the next one fires', async () => {
  const { clock } = recording();
  const order: string[] = [];
  clock.setTimer(async () => {
    await null;
    order.push('consequence of the first');
  }, 10);
  clock.setTimer(() => order.push('second'), 10);
  await clock.advance(10);
  expect(order).toEqual(['consequence of the first', 'second']);
});

test('a cleared timer does not fire, also when it is cleared by one of the same instant', async () => {
  const { clock, fired, set } = recording();
  clock.setTimer(() => clock.clearTimer(second), 10);
  const second = set('second', 10);
  await clock.advance(10);
  expect(fired).toEqual([]);
});

test('pending counts the timers that are set, unreferenced ones too', async () => {
  const { clock, set } = recording();
  const timer = set('timer', 10);
  clock.unrefTimer(timer);
  expect(clock.pending).toBe(1);
  clock.clearTimer(timer);
  clock.clearTimer(timer);
  expect(clock.pending).toBe(0);
  set('another', 10);
  await clock.advance(10);
  expect(clock.pending).toBe(0);
});

test('the date moves with the time', async () => {
  const clock = virtualClock({ startsAt: Date.UTC(2026, 10, 21) });
  await clock.advance(1_500);
  expect(new Date(clock.date()).toISOString()).toBe('2026-11-21T00:00:01.500Z');
});

test('a timer callback that throws ends the advance, and the clock can be moved on', async () => {
  const { clock, fired, set } = recording();
  clock.setTimer(() => {
    throw new Error('from a timer');
  }, 10);
  set('next', 20);
  await expect(clock.advance(20)).rejects.toThrow('from a timer');
  await clock.advance(10);
  expect(fired).toEqual(['next at 20']);
});

describe('refuses', () => {
  test.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2_147_483_648,
  ])('a delay of %d ms, which real timers do not keep', delayMs => {
    expect(() => virtualClock().setTimer(() => {}, delayMs)).toThrow(RangeError);
  });

  test.each([-1, Number.NaN])('to be moved by %d ms', async ms => {
    await expect(virtualClock().advance(ms)).rejects.toThrow(RangeError);
  });

  test('to be moved while it moves', async () => {
    const clock = virtualClock();
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow('await the `advance` before');
    await first;
    expect(clock.now()).toBe(10);
  });
});

test('works under fake timers too', async () => {
  vi.useFakeTimers();
  try {
    const { clock, fired, set } = recording();
    set('timer', 10);
    await clock.advance(10);
    expect(fired).toEqual(['timer at 10']);
  } finally {
    vi.useRealTimers();
  }
});

describe('runAll', () => {
  test('moves from timer to timer until none is set, and says how far', async () => {
    const { clock, fired, set } = recording();
    await clock.advance(5);
    clock.setTimer(() => set('inner', 20), 10);
    expect(await clock.runAll()).toBe(30);
    expect(fired).toEqual(['inner at 35']);
    expect(clock.now()).toBe(35);
    expect(await clock.runAll()).toBe(0);
  });

  test('ends with what repeats itself for ever', async () => {
    const clock = virtualClock();
    const repeat = () => clock.setTimer(repeat, 1_000);
    repeat();
    await expect(clock.runAll()).rejects.toThrow('keep setting new ones');
  });

  test('is refused while the clock moves', async () => {
    const clock = virtualClock();
    const first = clock.runAll();
    await expect(clock.runAll()).rejects.toThrow('being moved already');
    await first;
  });
});
