/** Does something again whenever a file changes that it was made from. */
import { stat } from 'node:fs/promises';
import type { Clock } from '../pipeline/clock.ts';
import { FileWatch } from './file-watch.ts';

export interface WatchOptions {
  /** Files that are known to be needed before anything is made, by absolute paths. */
  readonly files: readonly string[];
  /** Makes it, and gives the files that it was made from. It does not throw. */
  readonly make: () => Promise<readonly string[]>;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Resolves once the signal is aborted and what was being made then is done; nothing is left open. */
export async function watchAndMake({ files, make, signal, clock }: WatchOptions): Promise<void> {
  let isStale = false;
  let wake = (): void => {};
  const watcher = new FileWatch(clock, () => {
    isStale = true;
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort);
  try {
    let known = new Set(files);
    watcher.follow(files);
    while (!signal.aborted) {
      isStale = false;
      const startedAt = clock.date();
      const made = await make();
      watcher.follow(made);
      // Nobody watched these while they were read.
      const fresh = made.filter(file => !known.has(file));
      if (await hasChangedSince(startedAt, fresh)) isStale = true;
      known = new Set(made);
      if (isStale || signal.aborted) continue;
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    watcher.close();
  }
}

async function hasChangedSince(instant: number, files: readonly string[]): Promise<boolean> {
  const changes = await Promise.all(
    files.map(file =>
      stat(file).then(
        ({ mtimeMs }) => mtimeMs > instant,
        () => false,
      ),
    ),
  );
  return changes.includes(true);
}
