import { describe, expect, test } from 'vitest';
import { type Place, type Policy, standardOrder } from '../src/index.ts';
import { answering } from './support/answering.ts';
import { harness, url } from './support/harness.ts';

/** The places that a call passes on its way down, in order, when its first attempt fails and is repeated. */
async function placesPassed(side: 'outside' | 'inside'): Promise<Place[]> {
  const passed: Place[] = [];
  const watching = (place: Place): Policy =>
    function watching(call, next) {
      passed.push(place);
      return next(call);
    };
  const policies = standardOrder.map(place => ({ policy: watching(place), [side]: place }));
  const { fetch } = harness({ fetch: answering(503, 200), policies: policies as never });
  await fetch(url);
  return passed;
}

/** The order as a drawing: what is passed once per call, then what is passed once per attempt. */
async function drawing(): Promise<string> {
  const passed = await placesPassed('outside');
  const times = (place: Place) => passed.filter(other => other === place).length;
  const perCall = standardOrder.filter(place => times(place) === 1);
  const perAttempt = standardOrder.filter(place => times(place) === 2);
  return `${perCall.join(' ─ ')}\n  └─ per attempt: ${[...perAttempt, 'transport'].join(' ─ ')}`;
}

describe('the standard order', () => {
  test('is this', async () => {
    expect(await drawing()).toMatchInlineSnapshot(`
      "callSpan ─ fallback ─ cache ─ coalesce ─ totalTimeout ─ bulkhead ─ retry
        └─ per attempt: hedge ─ endpoints ─ attempt ─ hostPause ─ rateLimit ─ circuitBreaker ─ throttle ─ concurrencyLimit ─ attemptSpan ─ attemptTimeout ─ chaos ─ transport"
    `);
  });

  test('is the order in which a call passes its policies', async () => {
    const perAttempt = standardOrder.slice(standardOrder.indexOf('retry') + 1);
    expect(await placesPassed('outside')).toEqual([...standardOrder, ...perAttempt]);
    const insideRetry = standardOrder.slice(standardOrder.indexOf('retry'));
    expect(await placesPassed('inside')).toEqual([...standardOrder, ...insideRetry]);
  });

  test('keeps the places of policies that are switched off', async () => {
    const passed: Place[] = [];
    const policies = standardOrder.map(place => ({
      outside: place,
      policy: ((call, next) => {
        passed.push(place);
        return next(call);
      }) satisfies Policy,
    }));
    const { fetch } = harness({
      fetch: answering(200),
      policies,
      retry: false,
      hostPause: false,
      circuitBreaker: false,
      totalTimeoutMs: false,
      attemptTimeoutMs: false,
    });
    await fetch(url);
    expect(passed).toEqual([...standardOrder]);
  });

  test('lets several policies in one place stand in the order in which they were given', async () => {
    const passed: string[] = [];
    const named = (name: string, place: object) => ({
      ...place,
      policy: ((call, next) => {
        passed.push(name);
        return next(call);
      }) satisfies Policy,
    });
    const { fetch } = harness({
      fetch: answering(200),
      policies: [
        named('inside 1', { inside: 'totalTimeout' }),
        named('outside 1', { outside: 'retry' }),
        named('inside 2', { inside: 'totalTimeout' }),
        named('outside 2', { outside: 'retry' }),
      ] as never,
    });
    await fetch(url);
    expect(passed).toEqual(['inside 1', 'inside 2', 'outside 1', 'outside 2']);
  });
});
