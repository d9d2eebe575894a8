import { type FSWatcher, lstatSync, readlinkSync, statSync, watch } from 'node:fs';
import { isAbsolute, join, parse, sep } from 'node:path';
import { systemClock, type Timer } from '../pipeline/clock.ts';

/**
 * Long enough for an editor to finish writing, or for links to be swapped: what is read half-way may be a valid
 * policy, only not the one that was meant.
 */
const settleMs = 50;

/** The kernel follows no more links than this either. */
const maxLinks = 40;

/**
 * Watches a file through its folder, and so survives that editors put another file in its place. Every folder on the
 * way in which a link stands is watched as well: Kubernetes and deployments swap such links. Does not keep the
 * process alive.
 *
 * @param file - an absolute path.
 * @param onChange - hears that the file may be another one; first at once. Never while it is still at work.
 * @returns how to stop.
 */
export function watchFile(
  file: string,
  onChange: () => Promise<void>,
  onError: (error: unknown) => void,
): () => void {
  const watch = new FileWatch(file, onChange, onError);
  void watch.look();
  return () => watch.end();
}

class FileWatch {
  readonly #file: string;
  readonly #onChange: () => Promise<void>;
  readonly #onError: (error: unknown) => void;
  /** By the identity of the folder: another one may come to stand in its place. */
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: Timer;
  #isSettling = false;
  #isBusy = false;
  #hasEnded = false;

  constructor(file: string, onChange: () => Promise<void>, onError: (error: unknown) => void) {
    this.#file = file;
    this.#onChange = onChange;
    this.#onError = onError;
  }

  /** Folders first: what changes while the file is read is seen after. */
  async look(): Promise<void> {
    this.#isBusy = true;
    this.#watchFolders();
    await this.#onChange();
    this.#isBusy = false;
  }

  end(): void {
    this.#hasEnded = true;
    systemClock.clearTimer(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Something happened in a folder. Looks once it has settled; what happens until then is seen with it. */
  #stir(): void {
    if (this.#isSettling || this.#hasEnded) return;
    this.#isSettling = true;
    this.#timer = systemClock.setTimer(() => {
      this.#isSettling = false;
      if (this.#isBusy) this.#stir();
      else void this.look();
    }, settleMs);
    systemClock.unrefTimer(this.#timer);
  }

  #watchFolders(): void {
    const folders = foldersOf(this.#file);
    for (const [identity, watcher] of this.#watchers) {
      if (folders.has(identity)) continue;
      watcher.close();
      this.#watchers.delete(identity);
    }
    for (const [identity, folder] of folders) {
      if (!this.#watchers.has(identity)) this.#watchFolder(identity, folder);
    }
  }

  #watchFolder(identity: string, folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#stir());
      watcher.on('error', error => {
        watcher.close();
        this.#watchers.delete(identity);
        this.#onError(error);
      });
      this.#watchers.set(identity, watcher);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/**
 * The folders in which a change can make the path lead to another file, by their identity: the one that holds the
 * file, and each that holds a link on the way. Where the way ends early, the last folder that there is.
 */
function foldersOf(file: string): Map<string, string> {
  const folders = new Map<string, string>();
  const add = (folder: string) => {
    const stats = statSync(folder, { bigint: true, throwIfNoEntry: false });
    if (stats) folders.set(`${stats.dev}:${stats.ino}`, folder);
  };
  let folder = parse(file).root;
  const steps = stepsOf(file);
  for (let links = 0; steps.length > 0 && links <= maxLinks; ) {
    const path = join(folder, steps.shift() as string);
    const found = lookAt(path);
    if (found === 'missing' || steps.length === 0) add(folder);
    if (found === 'missing') break;
    if (found === 'plain') {
      folder = path;
      continue;
    }
    add(folder);
    links++;
    steps.unshift(...stepsOf(found.target));
    if (isAbsolute(found.target)) folder = parse(found.target).root;
  }
  return folders;
}

const separator = sep === '/' ? '/' : /[\\/]/;

const stepsOf = (path: string): string[] =>
  path.slice(parse(path).root.length).split(separator).filter(Boolean);

function lookAt(path: string): 'missing' | 'plain' | { readonly target: string } {
  try {
    return lstatSync(path).isSymbolicLink() ? { target: readlinkSync(path) } : 'plain';
  } catch {
    return 'missing';
  }
}
