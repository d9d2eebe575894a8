/** Hears when any of some files changes. */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, Timer } from '../pipeline/clock.ts';

/** Editors write a file in several steps, and several files at once. */
const quietMs = 100;

/**
 * Watches folders, and not the files in them: editors put a new file in the place of the old one, and a file that is
 * missing may come.
 */
export class FileWatch {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #names = new Map<string, Set<string>>();
  #timer: Timer | undefined;

  /** @param onChange - called once it has been quiet for a moment after a change. */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** @param files - absolute paths, in the place of those before. */
  follow(files: readonly string[]): void {
    this.#names = new Map();
    for (const file of files) {
      const folder = dirname(file);
      this.#names.set(folder, (this.#names.get(folder) ?? new Set()).add(basename(file)));
    }
    for (const folder of [...this.#watchers.keys()]) if (!this.#names.has(folder)) this.#leave(folder);
    for (const folder of this.#names.keys()) if (!this.#watchers.has(folder)) this.#watch(folder);
  }

  close(): void {
    for (const folder of [...this.#watchers.keys()]) this.#leave(folder);
    this.#clock.clearTimer(this.#timer);
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, (_, name) => {
        // Some systems do not say which.
        if (name === null || this.#names.get(folder)?.has(name)) this.#settle();
      });
      // A folder that is taken away; it is watched again with the next change.
      watcher.on('error', () => this.#leave(folder));
      this.#watchers.set(folder, watcher);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #leave(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #settle(): void {
    this.#clock.clearTimer(this.#timer);
    this.#timer = this.#clock.setTimer(this.#onChange, quietMs);
  }
}
