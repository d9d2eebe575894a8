import type { Random } from '../pipeline/clock.ts';

/**
 * Chance that comes out the same for the same seed (the generator mulberry32, by Tommy Ettinger). For a single value a
 * function does: `random: () => 0.5`.
 *
 * @example
 * const fetch = createFetch({ random: seededRandom(42) });
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
