/** Seeded chance: the same seed tells the same storm to every candidate. */

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** Folds numbers into one 32-bit seed, so that each idea (arrivals, the fate of attempt 2 of call 17) has a stream of its own. */
export function mixSeed(...parts: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    hash = Math.imul(hash ^ part, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return hash >>> 0;
}

/** mulberry32, by Tommy Ettinger: 32 bits of state are plenty for a few thousand draws per stream. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The gap to the next arrival of a Poisson process. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random());

/** A lognormal value with this mean; `sigma` is the spread of its logarithm. */
export const lognormal = (random: Random, mean: number, sigma: number): number =>
  mean * Math.exp(sigma * standardNormal(random) - (sigma * sigma) / 2);

/** Box and Muller's transform. */
const standardNormal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
