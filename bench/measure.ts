import { setImmediate as nextTurn } from 'node:timers/promises';

/** What a stretch of work took: CPU of the whole process (user and system, all threads), and the wall clock. */
export interface Cost {
  readonly cpuMicros: number;
  readonly wallMicros: number;
}

export async function measure(work: () => Promise<unknown>): Promise<Cost> {
  const startedAt = process.hrtime.bigint();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  const wallMicros = Number(process.hrtime.bigint() - startedAt) / 1_000;
  return { cpuMicros: user + system, wallMicros };
}

/** Runs `task` `times` times, at most `concurrency` at once, each lane starting its next as soon as one ends. */
export async function repeat(
  task: () => Promise<unknown>,
  times: number,
  concurrency: number,
): Promise<void> {
  let left = times;
  const lane = async () => {
    while (left-- > 0) await task();
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

/** One after the other, for tasks that settle without I/O: yields to the event loop, as real traffic does. */
export async function repeatInTurns(task: (index: number) => Promise<unknown>, times: number): Promise<void> {
  for (let index = 0; index < times; index++) {
    await task(index);
    // Without a turn of the event loop, weak references made since the last one stay strong and timers starve.
    if (index % 1_000 === 999) await nextTurn();
  }
}

/** Bytes of live heap. Several passes, since finalizers and weak references let go one turn after a collection. */
export async function liveHeapBytes(): Promise<number> {
  if (!globalThis.gc) throw new Error('Measuring the heap needs node --expose-gc.');
  for (let pass = 0; pass < 6; pass++) {
    globalThis.gc();
    await nextTurn();
  }
  return process.memoryUsage().heapUsed;
}

/** The middle of a sample, and the middle half around it. */
export interface Spread {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

export function spread(sample: readonly number[]): Spread {
  const sorted = [...sample].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75),
  };
}

/** Of a sample in ascending order. */
export function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}
