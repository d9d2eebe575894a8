/** Answers in memory, the least recently used going first. The door to lru-cache. */
import { LRUCache } from 'lru-cache';
import { type Entry, type Index, sizeOf } from './entry.ts';
import type { Shelf } from './shelf.ts';

export function memoryShelf(maxBytes: number): Shelf {
  const answers = new LRUCache<string, Entry | Index>({
    maxSize: maxBytes,
    sizeCalculation: (found, key) => sizeOf(key, found),
  });
  return {
    get: key => answers.get(key),
    set: (key, found) => void answers.set(key, found),
    delete: key => void answers.delete(key),
  };
}
