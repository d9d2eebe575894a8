/** Answers in a store of somebody else's: Keyv, or anything with its three methods. It may be slow, down or corrupt. */
import type { Call } from '../../pipeline/call.ts';
import { MAX_TIMER_MS } from '../../pipeline/clock.ts';
import { waitFor } from '../../pipeline/wait.ts';
import { decode, encode } from './codec.ts';
import type { Shelf } from './shelf.ts';

/** What keeps texts by keys: a `Keyv`, an adapter of Keyv, a `Map`. */
export interface CacheStore {
  get(key: string): unknown;
  /** @param ttlMs - after which it may forget the value. */
  set(key: string, value: string, ttlMs: number): unknown;
  delete(key: string): unknown;
  /** A `Keyv` does not reject, it says here what went wrong. */
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

/** How long a store that failed is left alone: else every call would wait for the same silence. */
const REST_MS = 1_000;

export function storeShelf(store: CacheStore, timeoutMs: number): Shelf {
  let restsUntil = Number.NEGATIVE_INFINITY;
  let complaint: { readonly error: unknown } | undefined;
  store.on?.('error', error => {
    complaint = { error };
  });
  const tell = (operation: 'get' | 'set' | 'delete', call: Call, error: unknown): undefined => {
    call.runtime.emit?.({ type: 'cache-store-failed', call: call.record, operation, error });
  };
  const isResting = ({ runtime }: Call): boolean => runtime.clock.now() < restsUntil;

  /** Only a caller who waits can give up waiting. */
  async function ask(
    operation: 'get' | 'set' | 'delete',
    call: Call,
    action: () => unknown,
  ): Promise<unknown> {
    const { clock } = call.runtime;
    const patience = {
      clock,
      signal: operation === 'set' ? undefined : call.signal,
      limitMs: timeoutMs,
      tooLate: (ms: number) => new Error(`the store took longer than ${ms} ms`),
    };
    try {
      const result = Promise.resolve(action());
      result.catch(() => {});
      const value = await waitFor(result, patience);
      if (!complaint) return value;
      const { error } = complaint;
      complaint = undefined;
      throw error;
    } catch (error) {
      if (patience.signal?.aborted) throw patience.signal.reason;
      restsUntil = clock.now() + REST_MS;
      return tell(operation, call, error);
    }
  }

  return {
    async get(key, call) {
      if (isResting(call)) return undefined;
      const name = await storeKey(key);
      const value = await ask('get', call, () => store.get(name));
      if (value === undefined || value === null) return undefined;
      try {
        return decode(value);
      } catch (error) {
        tell('get', call, new Error('what the store held cannot be read', { cause: error }));
        await ask('delete', call, () => store.delete(name));
        return undefined;
      }
    },
    async set(key, found, forMs, call) {
      if (isResting(call)) return;
      const name = await storeKey(key);
      await ask('set', call, () => store.set(name, encode(found), Math.min(Math.ceil(forMs), MAX_TIMER_MS)));
    },
    // Also of a store that is left alone: what it keeps is wrong from now on.
    async delete(key, call) {
      const name = await storeKey(key);
      await ask('delete', call, () => store.delete(name));
    },
  };
}

/** A digest: URLs and credentials are nobody's business who looks into the store, or at what it logs. */
async function storeKey(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key));
  const hex = Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0'));
  return `holdfast:${hex.join('')}`;
}
