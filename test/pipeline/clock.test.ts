import { describe, expect, test, vi } from 'vitest';
import { createFetch } from '../../src/index.ts';
import { systemClock, systemRandom } from '../../src/pipeline/clock.ts';
import { answering } from '../support/answering.ts';
import { url } from '../support/harness.ts';

describe('the clock of the machine', () => {
  test('looks its timers up when it is asked, so that fake ones work', async () => {
    vi.useFakeTimers();
    try {
      const transport = answering(503, 200);
      const fetch = createFetch({ fetch: transport, retry: { jitter: 'none' } });
      const call = fetch(url);
      await vi.advanceTimersByTimeAsync(199);
      expect(transport.calls).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(1);
      expect((await call).status).toBe(200);
      await (await call).text();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('tells a time that does not jump with the date', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const before = systemClock.now();
      vi.setSystemTime(0);
      expect(systemClock.date()).toBe(0);
      expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    } finally {
      vi.useRealTimers();
    }
  });

  test('leaves timers alone that know no unref', () => {
    expect(() => systemClock.unrefTimer(42)).not.toThrow();
  });
});

test('the chance of the machine lies from 0 to below 1', () => {
  for (let draw = 0; draw < 100; draw++) {
    const chance = systemRandom();
    expect(chance).toBeGreaterThanOrEqual(0);
    expect(chance).toBeLessThan(1);
  }
});
