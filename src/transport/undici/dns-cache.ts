/** Names to addresses, remembered for a while. */
import type { LookupAddress } from 'node:dns';
import { type Clock, systemClock } from '../../pipeline/clock.ts';
import { duration, integer, readOptions } from '../../pipeline/options.ts';

export interface DnsCacheOptions {
  /**
   * How long an answer is used, in milliseconds, from 1.
   * @defaultValue 10_000
   */
  readonly ttlMs?: number;
  /**
   * How many names are remembered, from 1. Beyond that the one that was asked for longest ago is forgotten.
   * @defaultValue 1_000
   */
  readonly maxNames?: number;
}

export const readDnsCache = (given: DnsCacheOptions, name: string): Required<DnsCacheOptions> =>
  readOptions(
    name,
    given,
    { ttlMs: duration({ min: 1 }), maxNames: integer({ min: 1 }) },
    { ttlMs: 10_000, maxNames: 1_000 },
  ) as Required<DnsCacheOptions>;

export type Addresses = readonly LookupAddress[];
export type Resolve = (hostname: string, family: number) => Promise<Addresses>;

interface Entry {
  readonly answer: Promise<Addresses>;
  /** Infinity until it is answered: one question at a time. */
  until: number;
}

export class DnsCache {
  readonly #resolve: Resolve;
  readonly #limits: Required<DnsCacheOptions>;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(resolve: Resolve, limits: Required<DnsCacheOptions>, clock: Clock = systemClock) {
    this.#resolve = resolve;
    this.#limits = limits;
    this.#clock = clock;
  }

  readonly resolve: Resolve = (hostname, family) => {
    const key = keyOf(hostname, family);
    const known = this.#entries.get(key);
    return known && this.#clock.now() < known.until ? known.answer : this.#ask(key, hostname, family);
  };

  /** Asks anew next time: what was remembered did not lead there. */
  forget(hostname: string): void {
    for (const family of [0, 4, 6]) {
      const key = keyOf(hostname, family);
      const isAnswered = this.#entries.get(key)?.until !== Number.POSITIVE_INFINITY;
      if (isAnswered) this.#entries.delete(key);
    }
  }

  #ask(key: string, hostname: string, family: number): Promise<Addresses> {
    const entry: Entry = { answer: this.#resolve(hostname, family), until: Number.POSITIVE_INFINITY };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#limits.maxNames && oldest !== undefined) this.#entries.delete(oldest);
    entry.answer.then(
      () => {
        entry.until = this.#clock.now() + this.#limits.ttlMs;
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
    );
    return entry.answer;
  }
}

const keyOf = (hostname: string, family: number): string => `${family} ${hostname.toLowerCase()}`;
