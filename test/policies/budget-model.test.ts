import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BudgetLimits, RetryBudget, retryBudgetDefaults } from '../../src/policies/retry/budget.ts';

type Step =
  | { readonly act: 'first success' }
  /** A retry is asked for, and if it is granted it ends so. */
  | {
      readonly act: 'retry';
      readonly timedOut: boolean;
      readonly ending: 'succeeds' | 'fails' | 'never starts';
    }
  | { readonly act: 'change'; readonly maxTokens: number };

const tokens = fc.integer({ min: 1, max: 200 }).map(tenths => tenths / 10);

const limits: fc.Arbitrary<BudgetLimits> = fc.record({
  maxTokens: fc.integer({ min: 1, max: 20 }),
  retryCost: tokens,
  timeoutCost: tokens,
  successRefill: fc.constantFrom(0, 0.1, 0.2, 0.3, 0.7, 1, 5),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ act: 'first success' } as const) },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('retry' as const),
      timedOut: fc.boolean(),
      ending: fc.constantFrom('succeeds' as const, 'fails' as const, 'never starts' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('change' as const), maxTokens: fc.integer({ min: 1, max: 20 }) }),
  },
);

/** In tenths of a token, so that the model counts in whole numbers and has nothing to round. */
const tenths = (amount: number) => Math.round(amount * 10);

describe('the budget', () => {
  test('does what its model does, to the last tenth of a token', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 200 }), (given, steps) => {
        let current = given;
        const budget = new RetryBudget(given);
        let max = tenths(given.maxTokens);
        let level = max;
        const put = (amount: number) => {
          level = Math.min(max, level + amount);
        };
        for (const step of steps) {
          if (step.act === 'first success') {
            budget.deposit();
            put(tenths(given.successRefill));
          } else if (step.act === 'change') {
            current = { ...current, maxTokens: step.maxTokens };
            budget.limits = current;
            max = tenths(step.maxTokens);
            level = Math.min(level, max);
          } else {
            const cost = budget.costOf(step.timedOut);
            expect(tenths(cost)).toBe(tenths(step.timedOut ? given.timeoutCost : given.retryCost));
            const isGranted = budget.tryWithdraw(cost);
            expect(isGranted).toBe(level >= tenths(cost));
            if (isGranted) level -= tenths(cost);
            if (isGranted && step.ending !== 'fails') {
              budget.deposit(cost);
              put(tenths(cost));
            }
          }
          expect(budget.tokens).toBeCloseTo(level / 10, 6);
          expect(budget.tokens).toBeGreaterThanOrEqual(0);
          expect(budget.tokens).toBeLessThanOrEqual(budget.maxTokens);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('bounds the retries that fail, whatever comes in between', () => {
    fc.assert(
      fc.property(
        limits,
        fc.array(fc.constantFrom('first success', 'retry'), { maxLength: 300 }),
        (given, calls) => {
          const budget = new RetryBudget(given);
          let retries = 0;
          let successes = 0;
          for (const call of calls) {
            if (call === 'first success') {
              successes++;
              budget.deposit();
            } else if (budget.tryWithdraw(budget.costOf(false))) retries++;
          }
          const bound = (given.maxTokens + successes * given.successRefill) / given.retryCost;
          expect(retries).toBeLessThanOrEqual(bound + 1e-6);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('starts full', () => {
    const budget = new RetryBudget(retryBudgetDefaults);
    expect(budget.tokens).toBe(retryBudgetDefaults.maxTokens);
    expect(budget.maxTokens).toBe(retryBudgetDefaults.maxTokens);
  });
});
