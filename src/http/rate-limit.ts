/** What a server says of the quota that its client has, as several families of header fields put it. */
import { isDictionary, itemsOf, membersOf } from './structured-fields.ts';

/** A quota, as one response tells of it. */
export interface QuotaReading {
  /** Requests that are left until the reset; undefined if only the size of the quota is told. */
  readonly remaining: number | undefined;
  /** Requests in a whole window, if the server says. */
  readonly limit: number | undefined;
  /** Milliseconds until the quota is full again. */
  readonly resetMs: number;
  /** Length of the window in milliseconds, if the server says. */
  readonly windowMs: number | undefined;
}

/** Fields of older drafts of the standard, and of those who never had one. */
const families = ['ratelimit', 'x-ratelimit', 'x-rate-limit'].map(family => ({
  limit: `${family}-limit`,
  remaining: `${family}-remaining`,
  reset: `${family}-reset`,
}));

type Family = (typeof families)[number];

const DECIMAL = /^[0-9]+(?:\.[0-9]+)?$/;

/** `100`, also as in `100, 100;w=60`: of drafts 00 to 06, the first is the one that is closest. */
const LEADING_COUNT = /^([0-9]+)\s*(?:$|[,;])/;

/** From here on a reset is an epoch time in seconds, or in milliseconds: as a delay it would be thirty years. */
const EPOCH_SECONDS_FROM = 1e9;
const EPOCH_MS_FROM = 1e12;

/**
 * A quota that is longer than a day, with an hour for clocks that differ, is taken for a mistake: after a reset only the
 * answer to a request says more, and there is none while nothing may go.
 */
const longestResetMs = 25 * 3_600_000;

/**
 * The quota that a response tells of; `'unreadable'` if there are such fields and none of them makes sense; undefined if
 * there are none.
 *
 * The first of these that is well formed decides:
 *
 * 1. `RateLimit: "name";r=50;t=30`, of several the one with the least left, with `RateLimit-Policy: "name";q=100;w=60`.
 * 2. `RateLimit: limit=100, remaining=50, reset=30` of drafts 06 and 07.
 * 3. `RateLimit-Limit`, `-Remaining`, `-Reset`, and the same with `X-RateLimit-` and `X-Rate-Limit-`. The reset is
 *    seconds from now, or epoch time in seconds (above 1e9) or milliseconds (above 1e12).
 * 4. `RateLimit-Policy` alone.
 *
 * @param nowEpochMs - tells the present, in milliseconds since the epoch; asked only if there is something to read.
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ | RateLimit fields}
 */
export function readQuota(
  headers: Headers,
  nowEpochMs: () => number,
): QuotaReading | 'unreadable' | undefined {
  const policy = headers.get('ratelimit-policy');
  const value = headers.get('ratelimit');
  const told = families.filter(({ remaining }) => headers.has(remaining));
  // Most answers say nothing.
  if (policy === null && value === null && told.length === 0) return undefined;
  const policies = policy === null ? none : readPolicies(policy);
  const read =
    fromRateLimit(value, policies) ?? fromFamilies(headers, told, nowEpochMs()) ?? fromPolicies(policies);
  if (read && read.resetMs <= longestResetMs) return read;
  const isSpokenOf = policy !== null || value !== null || told.some(({ reset }) => headers.has(reset));
  return read || isSpokenOf ? 'unreadable' : undefined;
}

interface QuotaPolicy {
  readonly limit: number;
  readonly windowMs: number | undefined;
}

/** By name; undefined for a quota of something else than requests. */
type Policies = ReadonlyMap<string, QuotaPolicy | undefined>;

const none: Policies = new Map();

function readPolicies(value: string): Policies {
  const policies = new Map<string, QuotaPolicy | undefined>();
  for (const [name, parameters] of itemsOf(value)) {
    // Draft 07 and before: `100;w=60`, where the item is the quota itself.
    const limit = asCount(parameters.get('q') ?? name);
    if (limit === undefined || limit === 0) continue;
    const isOfRequests = (parameters.get('qu') ?? 'requests') === 'requests';
    policies.set(
      String(name),
      isOfRequests ? { limit, windowMs: asWindowMs(parameters.get('w')) } : undefined,
    );
  }
  return policies;
}

function fromRateLimit(value: string | null, policies: Policies): QuotaReading | undefined {
  if (value === null) return undefined;
  if (isDictionary(value)) return fromDictionary(value);
  const readings = itemsOf(value).flatMap(([name, parameters]) => {
    const policy = policies.get(String(name));
    if (!policy && policies.has(String(name))) return [];
    const remaining = asCount(parameters.get('r'));
    const { limit, windowMs } = policy ?? { limit: undefined, windowMs: undefined };
    // Without `t` it is full again after a whole window at the latest.
    const resetMs = asMs(parameters.get('t')) ?? windowMs;
    return remaining === undefined || resetMs === undefined ? [] : [{ remaining, limit, windowMs, resetMs }];
  });
  const [tightest] = readings.sort((a, b) => a.remaining - b.remaining || b.resetMs - a.resetMs);
  return tightest;
}

function fromDictionary(value: string): QuotaReading | undefined {
  const members = membersOf(value);
  const remaining = asCount(members?.get('remaining'));
  const resetMs = asMs(members?.get('reset'));
  if (remaining === undefined || resetMs === undefined) return undefined;
  return { remaining, resetMs, limit: asCount(members?.get('limit')), windowMs: undefined };
}

function fromFamilies(
  headers: Headers,
  told: readonly Family[],
  nowEpochMs: number,
): QuotaReading | undefined {
  for (const family of told) {
    const remaining = headers.get(family.remaining) ?? '';
    const reset = headers.get(family.reset) ?? '';
    if (!DECIMAL.test(remaining) || !DECIMAL.test(reset)) continue;
    const limit = LEADING_COUNT.exec(headers.get(family.limit) ?? '')?.[1];
    return {
      remaining: Math.floor(Number(remaining)),
      limit: limit === undefined ? undefined : Number(limit) || undefined,
      resetMs: Math.max(0, delayOf(Number(reset), nowEpochMs)),
      windowMs: undefined,
    };
  }
  return undefined;
}

function fromPolicies(policies: Policies): QuotaReading | undefined {
  const known = [...policies.values()].flatMap(policy => {
    const { limit = 0, windowMs } = policy ?? {};
    return windowMs ? [{ remaining: undefined, limit, windowMs, resetMs: windowMs }] : [];
  });
  const [slowest] = known.sort((a, b) => a.limit / a.windowMs - b.limit / b.windowMs);
  return slowest;
}

function delayOf(reset: number, nowEpochMs: number): number {
  if (reset > EPOCH_MS_FROM) return reset - nowEpochMs;
  if (reset > EPOCH_SECONDS_FROM) return reset * 1_000 - nowEpochMs;
  return reset * 1_000;
}

const asCount = (value: unknown): number | undefined =>
  Number.isInteger(value) && (value as number) >= 0 ? (value as number) : undefined;

const asMs = (value: unknown): number | undefined => {
  const seconds = asCount(value);
  return seconds === undefined ? undefined : seconds * 1_000;
};

const asWindowMs = (value: unknown): number | undefined => {
  const windowMs = asMs(value);
  return windowMs !== undefined && windowMs <= longestResetMs ? windowMs : undefined;
};
