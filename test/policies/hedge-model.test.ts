import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { responseInfo } from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { harness, url } from '../support/harness.ts';

type Step =
  | { readonly act: 'wait'; readonly ms: number }
  /** One of the attempts that are under way is answered so. */
  | { readonly act: 'answer'; readonly which: number; readonly how: 'good' | 'no' | 'busy' | 'lost' }
  | { readonly act: 'abort' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 150 }).map(ms => ({ act: 'wait', ms }) as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('answer' as const),
      which: fc.nat(5),
      how: fc.constantFrom('good' as const, 'no' as const, 'busy' as const, 'lost' as const, 'lost' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ act: 'abort' } as const) },
);

const life = fc.record({
  maxHedges: fc.integer({ min: 1, max: 3 }),
  maxTokens: fc.integer({ min: 1, max: 4 }),
  maxRetries: fc.integer({ min: 0, max: 2 }),
  method: fc.constantFrom('GET', 'GET', 'POST'),
  steps: fc.array(step, { maxLength: 14 }),
});

const statuses = { good: 200, no: 404, busy: 503 } as const;

describe('hedging, whatever happens in which order', () => {
  test('has one winner at most, ends all losers, and never goes beyond its limits', async () => {
    await fc.assert(
      fc.asyncProperty(life, async ({ maxHedges, maxTokens, maxRetries, method, steps }) => {
        const { fetch, transport, clock, events } = harness({
          hedge: { afterMs: 100, maxHedges },
          retry: { maxRetries, baseDelayMs: 0, budget: { maxTokens, successRefill: 0 } },
          circuitBreaker: false,
        });
        const controller = new AbortController();
        const reason = new Error('enough');
        const cancelled: number[] = [];
        let isAborted = false;
        let result: Response | undefined;
        let error: unknown;
        fetch(url, { method, signal: controller.signal }).then(
          response => {
            result = response;
          },
          thrown => {
            error = thrown;
          },
        );
        const answered = new Set<number>();
        const underWay = () =>
          transport.attempts.filter(({ number, signal }) => !answered.has(number) && !signal.aborted);
        const look = () => {
          const { tokens } = fetch.hosts.get('payments.test')?.retryBudget ?? { tokens: maxTokens };
          expect(tokens).toBeGreaterThanOrEqual(0);
          expect(tokens).toBeLessThanOrEqual(maxTokens);
          expect(underWay().length).toBeLessThanOrEqual(method === 'GET' ? 1 + maxHedges : 1);
          if (result || error) expect(underWay()).toEqual([]);
        };
        for (const step of steps) {
          await settled();
          look();
          if (step.act === 'wait') await clock.advance(step.ms);
          else if (step.act === 'abort') {
            isAborted ||= !result && !error;
            controller.abort(reason);
          } else {
            const open = underWay();
            const attempt = open[step.which % Math.max(1, open.length)];
            if (!attempt) continue;
            answered.add(attempt.number);
            const { number } = attempt;
            if (step.how === 'lost') attempt.fail(networkError('ECONNRESET'));
            else {
              const body = new ReadableStream({ cancel: () => void cancelled.push(number) });
              attempt.respond(new Response(body, { status: statuses[step.how] }));
            }
          }
        }
        await settled();
        look();
        if (!result && !error) {
          controller.abort(reason);
          await settled();
          isAborted = true;
        }
        expect(result === undefined).toBe(error !== undefined);
        if (isAborted) expect(error).toBe(reason);
        look();

        const started = events.filter(({ type }) => type === 'attempt-start');
        const ended = events.filter(({ type }) => type === 'attempt-end');
        expect(ended).toHaveLength(started.length);
        const attempts = events.find(event => event.type === 'call-start')?.call.attempts ?? [];
        expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, index) => index + 1));
        expect(attempts.filter(({ hedge }) => !hedge).length).toBeLessThanOrEqual(1 + maxRetries);
        if (method === 'POST') expect(attempts).toHaveLength(1);
        if (result) {
          expect(responseInfo(result)?.attempts).toBe(attempts);
          const kept = attempts.filter(
            ({ status, attempt }) => status !== undefined && !cancelled.includes(attempt),
          );
          expect(kept.map(({ status }) => status)).toContain(result.status);
          expect(kept.filter(({ status = 0 }) => status < 500).length).toBeLessThanOrEqual(1);
          await result.body?.cancel();
          await settled();
        }
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 400 },
    );
  });
});
