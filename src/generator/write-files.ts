/** Files into a folder, all of them or none. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Files } from './module.ts';

/** What is to be done with the files of a folder, by their names. */
export interface Changes {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  /** Ours from before, which the document has nothing for any more. */
  readonly removed: readonly string[];
}

/** A folder holds what is not ours, or is none. */
export class ForeignFolder extends Error {}

/**
 * Compares what a folder holds with what it should.
 *
 * @throws ForeignFolder if it holds anything that does not begin like a file of ours.
 */
export async function changesIn(folder: string, files: Files, marker: string): Promise<Changes> {
  const present = await readFolder(folder, marker);
  const names = [...files.keys()];
  const isUnchanged = (name: string) => present.get(name) === files.get(name);
  return {
    written: names.filter(name => !isUnchanged(name)),
    unchanged: names.filter(isUnchanged),
    removed: [...present.keys()].filter(name => !files.has(name)).sort(),
  };
}

async function readFolder(folder: string, marker: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(error => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') throw new ForeignFolder(`${folder} is a file, and should be a folder.`);
    throw error;
  });
  const present = new Map<string, string>();
  for (const entry of entries) {
    const text = entry.isFile() ? await readFile(join(folder, entry.name), 'utf8') : undefined;
    if (!text?.startsWith(marker))
      throw new ForeignFolder(
        `${folder} holds ${entry.name}, which was not made by holdfast: choose a folder of its own for the output.`,
      );
    present.set(entry.name, text);
  }
  return present;
}

/**
 * Writes everything beside the folder before anything in it changes; then each file is moved to its place, which
 * cannot leave half of one. What is unchanged is not touched, so no watcher wakes up for it.
 */
export async function writeChanges(
  folder: string,
  files: Files,
  { written, removed }: Changes,
): Promise<void> {
  if (written.length === 0 && removed.length === 0) return;
  const target = resolve(folder);
  await mkdir(dirname(target), { recursive: true });
  const beside = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    for (const name of written) await writeFile(join(beside, name), files.get(name) as string);
    await mkdir(target, { recursive: true });
    for (const name of written) await rename(join(beside, name), join(target, name));
    for (const name of removed) await rm(join(target, name));
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}
