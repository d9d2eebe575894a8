/** What bundles have in place of opossum and p-retry answers as those do. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FailureWindow as OwnWindow } from '../../src/policies/circuit-breaker/failure-window.browser.ts';
import { FailureWindow } from '../../src/policies/circuit-breaker/failure-window.ts';
import * as own from '../../src/policies/retry/attempt-loop.browser.ts';
import * as loop from '../../src/policies/retry/attempt-loop.ts';

const step = fc.record({
  afterMs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 150 }) },
    { weight: 1, arbitrary: fc.integer({ min: 150, max: 3_000 }) },
  ),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('succeed', 'fail') },
    { weight: 1, arbitrary: fc.constantFrom('clear', 'counts') },
  ),
});

const limits = fc.record({
  windowMs: fc.constantFrom(10, 1_000, 1_234),
  failureRatio: fc.oneof(fc.constant<false>(false), fc.constantFrom(0.1, 0.1 + 0.2, 0.5, 2 / 3, 0.9, 1)),
  minimumThroughput: fc.integer({ min: 1, max: 6 }),
});

test('the window in bundles counts and trips as the one of opossum', () => {
  let trips = 0;
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 40 }), (limits, steps) => {
      const windows = [new FailureWindow(limits, 5), new OwnWindow(limits, 5)] as const;
      let now = 5;
      for (const { afterMs, what } of steps) {
        now += afterMs;
        const [theirs, ours] = windows.map(window => {
          const said = window[what as 'fail'](now);
          return { said, counts: window.counts(now) };
        });
        if (theirs?.said === true) trips++;
        expect(ours).toEqual(theirs);
      }
    }),
    { numRuns: 500 },
  );
  expect(trips).toBeGreaterThan(100);
});

describe.each([
  ['p-retry', loop],
  ['bundles', own],
])('the loop of %s', (_, { AGAIN, untilDone }) => {
  test('goes round until there is something else to say', async () => {
    const numbers: number[] = [];
    const result = await untilDone<string>(async number => {
      numbers.push(number);
      return number < 3 ? (AGAIN as never) : 'done';
    });
    expect(result).toBe('done');
    expect(numbers).toEqual([1, 2, 3]);
  });

  test.each([
    new TypeError('fetch failed'),
    new DOMException('gone', 'AbortError'),
    'a text',
    undefined,
  ])('lets what is thrown through as it is: %s', async thrown => {
    let calls = 0;
    const call = untilDone(async () => {
      calls++;
      throw thrown;
    });
    await expect(call.catch(error => ({ error }))).resolves.toEqual({ error: thrown });
    expect(calls).toBe(1);
  });
});
