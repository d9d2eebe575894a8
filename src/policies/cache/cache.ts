import type { CacheUse } from '../../call-record.ts';
import { NetworkError } from '../../errors.ts';
import { discard } from '../../http/drain.ts';
import { withHeaders } from '../../http/headers.ts';
import { madeResponse } from '../../http/made-response.ts';
import { isSafe } from '../../http/method.ts';
import type { Call } from '../../pipeline/call.ts';
import { type Outcome, settle, unwrap } from '../../pipeline/outcome.ts';
import type { Handler, Policy } from '../../pipeline/pipeline.ts';
import { takeDown } from '../../pipeline/snapshot.ts';
import type { Answers, Sent } from './answers.ts';
import { type Asked, readAsked } from './asked.ts';
import { captured } from './capture.ts';
import { ageMs, conditionsOf, type Entry, isConfirmedBy, responseOf } from './entry.ts';
import type { CacheRules } from './options.ts';

/**
 * Answers from what was kept, as long as it is fresh or may be used stale; asks the service whether it still holds; and
 * keeps what the service answers. Calls that change something drop what they have outdated.
 *
 * Sits outside `totalTimeout`, whose time-outs a stale answer may stand in for, and inside `fallback`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9111 | RFC 9111}, and for stale answers
 * {@link https://www.rfc-editor.org/rfc/rfc5861 | RFC 5861}
 */
export function cache(rules: CacheRules, answers: Answers): Policy {
  return function cache(call, next) {
    const { method } = call.request;
    if (method !== 'GET' && method !== 'HEAD')
      return isSafe(method) ? next(call) : invalidate(call, next, answers);
    const asked = readAsked(call.request);
    if (!asked.mayUse && !asked.mayStore) return next(call);
    return new Lookup(call, next, asked, rules, answers).answer();
  };
}

/** What of a call is written into `Cache-Status`. */
const NAME = 'holdfast';

/** One call that asks the cache. */
class Lookup {
  readonly #call: Call;
  readonly #next: Handler;
  readonly #asked: Asked;
  readonly #rules: CacheRules;
  readonly #answers: Answers;

  constructor(call: Call, next: Handler, asked: Asked, rules: CacheRules, answers: Answers) {
    this.#call = call;
    this.#next = next;
    this.#asked = asked;
    this.#rules = rules;
    this.#answers = answers;
  }

  async answer(): Promise<Response> {
    const entry = this.#asked.mayUse ? await this.#answers.find(this.#call) : undefined;
    if (!entry) return this.#asked.onlyIfCached ? this.#nothing() : this.#miss();
    const age = ageMs(entry, this.#call.runtime.clock.date());
    switch (usability(entry, age, this.#asked, this.#rules)) {
      case 'fresh':
        return this.#give(entry, age, 'hit', undefined);
      case 'asked':
        return this.#give(entry, age, 'stale', 'asked');
      case 'revalidating':
        this.#refresh(entry);
        return this.#give(entry, age, 'stale', 'revalidating');
      default:
        return this.#asked.onlyIfCached ? this.#nothing() : this.#revalidate(entry, age);
    }
  }

  #give(
    entry: Entry,
    age: number,
    status: CacheUse['status'],
    because: CacheUse['because'],
    failure?: number | string,
  ): Response {
    this.#note({ status, ageMs: age, because }, failure);
    const ttl = Math.floor((entry.lifetimeMs - age) / 1_000);
    const forwarded = status === 'revalidated' ? 304 : failure;
    const how =
      forwarded === undefined
        ? 'hit'
        : `fwd=stale${typeof forwarded === 'number' ? `; fwd-status=${forwarded}` : ''}`;
    const { method } = this.#call.request;
    return responseOf(
      entry,
      method,
      age,
      `${NAME}; ${how}; ttl=${ttl}${because ? `; detail=${because}` : ''}`,
    );
  }

  #note(use: CacheUse, failure?: number | string): void {
    const { record, runtime } = this.#call;
    record.cache = use;
    runtime.emit?.({ type: 'cache', call: record, ...use, failure });
  }

  /** Nothing is kept, and the caller wants nothing else. */
  #nothing(): Response {
    const { record, request } = this.#call;
    this.#note(missed);
    if (this.#asked.onlyIfCached === '504') {
      const init = {
        status: 504,
        statusText: 'Gateway Timeout',
        headers: { 'cache-status': `${NAME}; detail=only-if-cached` },
      };
      return madeResponse(null, init, { url: request.url.href, type: 'basic', redirected: false });
    }
    const cause = new TypeError('`only-if-cached` takes nothing else than what is kept, and nothing is.');
    throw new NetworkError(record, { code: 'NOT_CACHED', sent: 'no', transient: false }, cause);
  }

  async #miss(): Promise<Response> {
    this.#note(missed);
    if (this.#call.request.method === 'HEAD') return this.#next(this.#call);
    const sent = this.#answers.sent(this.#call);
    return this.#kept(await this.#next(this.#call), sent);
  }

  /** A response that is kept as soon as its reader has all of it, if it may be. */
  #kept(response: Response, sent: Sent): Response {
    const call = this.#call;
    const answers = this.#answers;
    const entry = this.#asked.mayStore ? answers.assess(call, response, sent, this.#rules) : undefined;
    if (!entry || response.bodyUsed || response.body?.locked) return response;
    return captured(response, answers.limits.maxEntryBytes, body => {
      answers.keep(call, { ...entry, body }, sent).catch(() => {});
    });
  }

  async #revalidate(entry: Entry, age: number): Promise<Response> {
    if (this.#call.request.method === 'HEAD') return this.#miss();
    const sent = this.#answers.sent(this.#call);
    const outcome = await settle(this.#next, withConditions(this.#call, entry));
    if (outcome.status === 304) {
      discard(outcome.response);
      return this.#confirm(entry, outcome.response.headers, sent);
    }
    const because = standIn(outcome, entry, age, this.#asked, this.#rules);
    if (because) {
      if (outcome.response) discard(outcome.response);
      return this.#give(entry, age, 'stale', because, outcome.status ?? outcome.code ?? 'unknown');
    }
    this.#note(missed);
    return this.#kept(unwrap(outcome), sent);
  }

  async #confirm(entry: Entry, headers: Headers, sent: Sent): Promise<Response> {
    // It speaks of another answer than ours, which has come out of date.
    if (!isConfirmedBy(entry, headers)) return this.#miss();
    const call = this.#call;
    const renewed = this.#answers.confirmed(call, entry, headers, sent, this.#rules);
    // Nobody waits for a store that keeps something.
    if (renewed) this.#answers.keep(call, renewed, sent).catch(() => {});
    else this.#answers.drop(call, [call.request.url]).catch(() => {});
    const present = renewed ?? entry;
    return this.#give(present, ageMs(present, call.runtime.clock.date()), 'revalidated', undefined);
  }

  /** Asks for the answer again while the caller has the one that was kept. One at a time, with a life of its own. */
  #refresh(entry: Entry): void {
    const { host } = this.#call;
    this.#answers
      .refresh(this.#call, entry, async () => {
        // Not to be forgotten meanwhile.
        host.active++;
        try {
          await this.#refreshed(entry);
        } finally {
          host.active--;
        }
      })
      .catch(() => {});
  }

  async #refreshed(entry: Entry): Promise<void> {
    const call = detached(this.#call);
    const { record, runtime } = call;
    const sent = this.#answers.sent(call);
    const outcome = await settle(this.#next, withConditions(call, entry));
    const tell = (result: 'revalidated' | 'replaced' | 'failed') =>
      runtime.emit?.({
        type: 'cache-refresh',
        call: record,
        result,
        status: outcome.status,
        code: outcome.code,
      });
    if (!outcome.response) return void tell('failed');
    if (outcome.status === 304 && isConfirmedBy(entry, outcome.response.headers)) {
      discard(outcome.response);
      const renewed = this.#answers.confirmed(call, entry, outcome.response.headers, sent, this.#rules);
      if (renewed) await this.#answers.keep(call, renewed, sent);
      return void tell(renewed ? 'revalidated' : 'failed');
    }
    const kept = this.#answers.assess(call, outcome.response, sent, this.#rules);
    if (!kept) {
      discard(outcome.response);
      return void tell('failed');
    }
    const body = await whole(outcome.response, this.#answers.limits.maxEntryBytes);
    if (body) await this.#answers.keep(call, { ...kept, body }, sent);
    tell(body ? 'replaced' : 'failed');
  }
}

const missed: CacheUse = Object.freeze({ status: 'miss', ageMs: undefined, because: undefined });

/** How a kept answer may be used now; undefined for not before the service has confirmed it. */
function usability(
  entry: Entry,
  age: number,
  asked: Asked,
  rules: CacheRules,
): 'fresh' | 'asked' | 'revalidating' | undefined {
  const pastMs = age - entry.lifetimeMs;
  const isFresh = pastMs < 0;
  if (asked.takesAny) return isFresh ? 'fresh' : 'asked';
  if (asked.mustRevalidate || entry.mustConfirm || age > asked.maxAgeMs) return undefined;
  if (isFresh) return -pastMs >= asked.minFreshMs ? 'fresh' : undefined;
  if (entry.mustNotBeStale || asked.minFreshMs > 0) return undefined;
  if (pastMs <= asked.maxStaleMs) return 'asked';
  if (rules.staleWhileRevalidateMs === false) return undefined;
  return pastMs < Math.max(rules.staleWhileRevalidateMs, entry.staleWhileRevalidateMs)
    ? 'revalidating'
    : undefined;
}

/** https://www.rfc-editor.org/rfc/rfc5861#section-4 */
const errorStatuses: readonly (number | undefined)[] = [500, 502, 503, 504];

/** Whether a stale answer may stand in for what a call has come to, and why. */
function standIn(
  { kind, status, code, error }: Outcome,
  entry: Entry,
  age: number,
  asked: Asked,
  rules: CacheRules,
): 'error' | 'circuit-open' | undefined {
  if (asked.mustRevalidate || entry.mustNotBeStale) return undefined;
  const isOpen = kind === 'rejected' && code === 'CIRCUIT_OPEN';
  if (isOpen && rules.staleOnOpenCircuit) return 'circuit-open';
  const hasFailed =
    error === undefined ? errorStatuses.includes(status) : kind === 'transient' || kind === 'rejected';
  if (!hasFailed || rules.staleIfErrorMs === false) return undefined;
  const limitMs = Math.max(rules.staleIfErrorMs, entry.staleIfErrorMs, asked.staleIfErrorMs);
  if (age - entry.lifetimeMs >= limitMs) return undefined;
  return isOpen ? 'circuit-open' : 'error';
}

/** Asks whether a kept answer still holds, where it has something to ask by. */
function withConditions(call: Call, entry: Entry): Call {
  const conditions = conditionsOf(entry.headers);
  const { request } = call;
  const headers = withHeaders(request, conditions);
  return { ...call, request: { ...request, init: { ...request.init, headers } } };
}

/** The same call in nobody's name: neither its caller's abort nor its deadline ends it, but close() does. */
function detached(call: Call): Call {
  const { branch: _, ...rest } = call;
  const { callerSignal: __, ...request } = { ...call.request, ...takeDown(call.request) };
  const { signal: ___, ...init } = request.init;
  return {
    ...rest,
    request: { ...request, init },
    signal: undefined,
    attempt: 1,
    deadlineAt: Number.POSITIVE_INFINITY,
    record: call.record.successor(call.runtime.clock.now()),
  };
}

/** The body of a response, unless it breaks off or is larger than the bound. */
async function whole(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const reader = captured(response, maxBytes, body => {
    bytes = body;
  }).body?.getReader();
  try {
    let length = 0;
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      length += next.value.byteLength;
      if (length > maxBytes) await reader?.cancel();
    }
    return bytes;
  } catch {
    return undefined;
  }
}

/**
 * A call that may change something: what is kept of its URL is out of date, and so is that of where it says the result
 * is, at the same origin.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9111#section-4.4 | RFC 9111 §4.4}
 */
async function invalidate(call: Call, next: Handler, answers: Answers): Promise<Response> {
  const response = await next(call);
  if (response.status >= 400) return response;
  const { url } = call.request;
  const named = ['location', 'content-location'].flatMap(name => {
    const value = response.headers.get(name);
    const target = value !== null && URL.canParse(value, url.href) ? new URL(value, url) : undefined;
    return target?.origin === url.origin ? [target] : [];
  });
  try {
    await answers.drop(call, [url, ...named]);
    return response;
  } catch (reason) {
    // The caller has gone.
    discard(response);
    throw reason;
  }
}
