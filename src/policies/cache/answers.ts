/** The kept answers of a cache: found by what a call asks for, kept once their bodies are whole, dropped when outdated. */
import type { Call } from '../../pipeline/call.ts';
import { uniqueId } from '../../pipeline/clock.ts';
import { listed } from './directives.ts';
import {
  conditionsOf,
  type Entry,
  type Index,
  initialAgeMs,
  isIndex,
  keptHeaders,
  mergedHeaders,
} from './entry.ts';
import { type Judgement, judge } from './judge.ts';
import { hasCredentials, keyOf, keysAt, variantKey } from './keys.ts';
import type { CacheRules } from './options.ts';
import type { Shelf } from './shelf.ts';

export interface AnswerLimits {
  readonly maxEntryBytes: number;
  readonly retentionMs: number;
  readonly shared: boolean;
  readonly heuristicRatio: number;
}

/** When a call was sent on: in time, and among the invalidations. */
export interface Sent {
  readonly at: number;
  readonly sequence: number;
}

/** How many invalidations are remembered for calls that were under way. */
const MAX_REMEMBERED = 1_000;

export class Answers {
  readonly limits: AnswerLimits;
  readonly #shelf: Shelf;
  readonly #refreshing = new Set<string>();
  /** The latest invalidation of each key, the oldest first. */
  readonly #invalidated = new Map<string, number>();
  #sequence = 0;
  /** What is being put on the shelf now, by key. */
  readonly #keeping = new Map<string, Promise<unknown>>();

  constructor(shelf: Shelf, limits: AnswerLimits) {
    this.#shelf = shelf;
    this.limits = limits;
  }

  /** What is kept for a call and still of use, fresh or not. */
  async find(call: Call): Promise<Entry | undefined> {
    const key = keyOf(call.request);
    const found = await this.#shelf.get(key, call);
    const entry = found && (isIndex(found) ? await this.#findVariant(key, found, call) : found);
    if (!entry || entry.keptUntil <= call.runtime.clock.date()) return undefined;
    // Kept for somebody without a name.
    if (entry === found && this.#isPersonal(call)) return undefined;
    return entry;
  }

  sent(call: Call): Sent {
    return { at: call.runtime.clock.date(), sequence: this.#sequence };
  }

  /** What would be kept of a response, but for its body; undefined if it may not be kept, or would be of no use. */
  assess(call: Call, response: Response, sent: Sent, rules: CacheRules): Omit<Entry, 'body'> | undefined {
    const { redirected, type, status, statusText, headers } = response;
    // Of a redirect that was followed nobody knows how long it holds; of an opaque response nothing is known.
    if (redirected || status === 0) return undefined;
    const now = call.runtime.clock.date();
    const judged = judge(call.request, status, headers, this.limits, now);
    if (!judged) return undefined;
    const common = { url: response.url || call.request.url.href, type, status, statusText };
    return this.#entry(judged, common, keptHeaders(headers, this.limits.shared), sent, now, rules);
  }

  /** A kept answer after a 304 for it; undefined if it may not be kept any longer. */
  confirmed(call: Call, entry: Entry, headers: Headers, sent: Sent, rules: CacheRules): Entry | undefined {
    const merged = mergedHeaders(entry.headers, headers, this.limits.shared);
    const now = call.runtime.clock.date();
    const judged = judge(call.request, entry.status, new Headers(merged), this.limits, now);
    if (!judged) return undefined;
    const { url, type, status, statusText, body } = entry;
    const renewed = this.#entry(judged, { url, type, status, statusText }, merged, sent, now, rules);
    return renewed && { ...renewed, body };
  }

  /** Keeps an answer, unless it was asked for before something that has outdated it. */
  async keep(asker: Call, entry: Entry, sent: Sent): Promise<void> {
    // Who asked may be gone by now; the answer is as good for the next.
    const call = { ...asker, signal: undefined };
    const key = keyOf(call.request);
    if (this.#isOutdated(key, sent)) return;
    const forMs = entry.keptUntil - call.runtime.clock.date();
    const vary = varyOf(entry);
    const found = this.#shelf.get(key, call);
    // Memory answers at once, and then it is kept before its reader has the end of it.
    const known = found instanceof Promise ? await found : found;
    // Something may have outdated it while the store was thinking.
    if (this.#isOutdated(key, sent)) return;
    const index = known && isIndex(known) ? known : undefined;
    const keeping =
      !index && vary.length === 0 && !this.#isPersonal(call)
        ? this.#shelf.set(key, entry, forMs, call)
        : this.#keepVariant(key, { vary, generation: index?.generation ?? uniqueId() }, entry, forMs, call);
    if (keeping) await this.#until(key, keeping);
  }

  #isOutdated(key: string, { sequence }: Sent): boolean {
    return (this.#invalidated.get(key) ?? -1) >= sequence;
  }

  /** Whoever drops what is kept has to wait for what is on its way there, or it would come after. */
  async #until(key: string, keeping: Promise<void>): Promise<void> {
    const all = Promise.all([this.#keeping.get(key), keeping]);
    this.#keeping.set(key, all);
    try {
      await all;
    } finally {
      if (this.#keeping.get(key) === all) this.#keeping.delete(key);
    }
  }

  /** Drops all that is kept of URLs, for whomever. */
  async drop(call: Call, urls: readonly URL[]): Promise<void> {
    const keys = urls.flatMap(keysAt);
    for (const key of keys) {
      this.#invalidated.delete(key);
      this.#invalidated.set(key, this.#sequence);
    }
    this.#sequence++;
    for (const key of this.#invalidated.keys()) {
      if (this.#invalidated.size <= MAX_REMEMBERED) break;
      this.#invalidated.delete(key);
    }
    await Promise.all(
      keys.map(async key => {
        const keeping = this.#keeping.get(key);
        if (keeping) await keeping;
        await this.#shelf.delete(key, call);
      }),
    );
  }

  /** Runs what asks for an answer again, one at a time for each. */
  async refresh(call: Call, entry: Entry, run: () => Promise<void>): Promise<void> {
    const { request } = call;
    const index = { vary: varyOf(entry), generation: '' };
    const key = variantKey(keyOf(request), index, request, this.limits.shared);
    if (this.#refreshing.has(key)) return;
    this.#refreshing.add(key);
    try {
      await run();
    } finally {
      this.#refreshing.delete(key);
    }
  }

  #isPersonal(call: Call): boolean {
    return !this.limits.shared && hasCredentials(call.request);
  }

  async #findVariant(key: string, index: Index, call: Call): Promise<Entry | undefined> {
    const found = await this.#shelf.get(variantKey(key, index, call.request, this.limits.shared), call);
    return found && !isIndex(found) ? found : undefined;
  }

  async #keepVariant(key: string, index: Index, entry: Entry, forMs: number, call: Call): Promise<void> {
    const place = variantKey(key, index, call.request, this.limits.shared);
    await this.#shelf.set(place, entry, forMs, call);
    await this.#shelf.set(key, index, forMs, call);
  }

  #entry(
    judged: Judgement,
    common: Pick<Entry, 'url' | 'type' | 'status' | 'statusText'>,
    headers: [string, string][],
    sent: Sent,
    receivedAt: number,
    rules: CacheRules,
  ): Omit<Entry, 'body'> | undefined {
    const initial = initialAgeMs(new Headers(headers), sent.at, receivedAt);
    const staleMs = Math.max(
      judged.staleIfErrorMs,
      judged.staleWhileRevalidateMs,
      rules.staleIfErrorMs || 0,
      rules.staleWhileRevalidateMs || 0,
    );
    const freshMs = Math.max(0, judged.lifetimeMs - initial);
    const keptUntil = receivedAt + freshMs + Math.max(this.limits.retentionMs, staleMs);
    const entry = { ...judged, ...common, headers, receivedAt, initialAgeMs: initial, keptUntil };
    const mayBeStale = !judged.mustNotBeStale && (staleMs > 0 || rules.staleOnOpenCircuit);
    const isOfUse = (freshMs > 0 && !judged.mustConfirm) || mayBeStale || hasValidator(headers);
    return isOfUse ? entry : undefined;
  }
}

/** The request headers that an answer differs by. */
const varyOf = ({ headers }: Entry): string[] =>
  listed(headers.flatMap(([name, value]) => (name === 'vary' ? value : [])).join(','));

const hasValidator = (headers: readonly (readonly [string, string])[]): boolean =>
  Object.keys(conditionsOf(headers)).length > 0;
