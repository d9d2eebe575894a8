/** The library as its users run it: built, not from source. */
import { pathToFileURL } from 'node:url';
import type * as PublicSurface from '../src/index.ts';

export type Holdfast = typeof PublicSurface;

export const defaultBuild: string = new URL('../dist/index.js', import.meta.url).href;

/** `build` is the entry file of another build, to compare two revisions on one machine. */
export async function loadHoldfast(build: string = defaultBuild): Promise<Holdfast> {
  return import(build.startsWith('file:') ? build : pathToFileURL(build).href);
}
