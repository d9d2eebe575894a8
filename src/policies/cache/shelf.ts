/** Where kept answers stand, whatever keeps them. */
import type { Call } from '../../pipeline/call.ts';
import type { Entry, Index } from './entry.ts';

/** None of its methods fails: what goes wrong is told, and there is nothing, or nothing is kept. */
export interface Shelf {
  get(key: string, call: Call): Found | Promise<Found>;
  /** @param forMs - how long it is of use. */
  set(key: string, found: Entry | Index, forMs: number, call: Call): void | Promise<void>;
  delete(key: string, call: Call): void | Promise<void>;
}

export type Found = Entry | Index | undefined;
