/**
 * The door to http-cache-semantics: whether an answer may be kept, and for how long it is fresh.
 *
 * The library reads fields as they should be written. What may stand in them besides (names in any case, quoted commas,
 * contradictions, dates that are none) is read here, and handed over in the plainest form. Age, selection, validation
 * and the use of stale answers are ours: there it knows neither the clock nor more than one answer.
 */
import CachePolicy from 'http-cache-semantics';
import { type HeadersSource, headersOf, someHeader } from '../../http/headers.ts';
import { parseHttpDate } from '../../http/http-date.ts';
import { TRANSIENT_STATUSES } from '../../pipeline/outcome.ts';
import { type Directives, listed, milliseconds, parseDirectives } from './directives.ts';

export interface Judgement {
  readonly lifetimeMs: number;
  /** Not even fresh may it be used before the service has confirmed it. */
  readonly mustConfirm: boolean;
  /** Stale it must not be used, whatever happened. */
  readonly mustNotBeStale: boolean;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

export interface JudgeRules {
  /** Whether those who are answered from the cache are several users. */
  readonly shared: boolean;
  /** How much of an answer's age when it came is taken for its lifetime where it does not say. */
  readonly heuristicRatio: number;
}

/** The instant that the library takes for the present. It asks in its constructor already. */
let presentMs = 0;

class TimedPolicy extends CachePolicy {
  now(): number {
    return presentMs;
  }
}

/** Directives with seconds that the library looks at. */
const lifetimes = ['max-age', 's-maxage'] as const;

/**
 * @param nowMs - epoch milliseconds, when the answer came.
 * @returns undefined for what must not be kept.
 */
export function judge(
  request: HeadersSource,
  status: number,
  headers: Headers,
  rules: JudgeRules,
  nowMs: number,
): Judgement | undefined {
  const directives = parseDirectives(headers.get('cache-control'));
  if (!isOfUse(status, directives, headers)) return undefined;
  presentMs = nowMs;
  const policy = new TimedPolicy(
    { method: 'GET', url: '', headers: isAuthorized(request) ? { authorization: 'yes' } : {} },
    { status: understood(status, directives, headers), headers: plainHeaders(directives, headers, nowMs) },
    { shared: rules.shared, cacheHeuristic: rules.heuristicRatio },
  );
  if (!policy.storable()) return undefined;
  const mustRevalidate =
    directives.has('must-revalidate') ||
    (rules.shared && (directives.has('proxy-revalidate') || directives.has('s-maxage')));
  const isNeverFresh = directives.get('no-cache') === true;
  return {
    lifetimeMs: policy.maxAge() * 1_000,
    mustConfirm: isNeverFresh,
    mustNotBeStale: mustRevalidate || isNeverFresh,
    staleWhileRevalidateMs: milliseconds(directives, 'stale-while-revalidate') ?? 0,
    staleIfErrorMs: milliseconds(directives, 'stale-if-error') ?? 0,
  };
}

const isAuthorized = (request: HeadersSource): boolean =>
  someHeader(headersOf(request), name => name.toLowerCase() === 'authorization');

const isExplicit = (directives: Directives, headers: Headers): boolean =>
  directives.has('max-age') || directives.has('s-maxage') || headers.has('expires');

/**
 * A failure that may pass is not kept, whatever its headers say: servers put them on everything, and an outage would
 * last as long as they say. Nor is a part, or what no request could ever be matched with.
 */
function isOfUse(status: number, directives: Directives, headers: Headers): boolean {
  if (status < 200 || status > 599 || status === 206 || status === 304 || TRANSIENT_STATUSES.includes(status))
    return false;
  if (directives.has('must-understand') && !directives.has('no-store') && !knownStatuses.has(status))
    return false;
  return !listed(headers.get('vary')).includes('*');
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-15 */
const knownStatuses = new Set([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501]);

/** What says how long it is fresh may be kept with any status (RFC 9111 §3); the library knows some of them. */
const understood = (status: number, directives: Directives, headers: Headers): number =>
  knownStatuses.has(status) || !isExplicit(directives, headers) ? status : 200;

function plainHeaders(directives: Directives, headers: Headers, nowMs: number): Record<string, string> {
  const plain: Record<string, string> = {};
  const parts: string[] = [];
  // Whoever understands the status does not take the `no-store` that is for the others (RFC 9111 §5.2.2.3).
  const understands = directives.has('must-understand');
  for (const [name, value] of directives) {
    if (name === 'no-store' && understands) continue;
    // About some fields, which are not kept, and not about the answer.
    if ((name === 'no-cache' || name === 'private') && value !== true) continue;
    const seconds = lifetimes.find(each => each === name) && (milliseconds(directives, name) ?? 0) / 1_000;
    if (seconds !== undefined) parts.push(`${name}=${seconds}`);
    else parts.push(value === true || !/^[\w-]+$/.test(value) ? name : `${name}=${value}`);
  }
  if (parts.length > 0) plain['cache-control'] = parts.join(',');
  for (const name of ['expires', 'last-modified', 'date'] as const) {
    const value = headers.get(name);
    if (value === null) continue;
    const at = parseHttpDate(value.trim(), nowMs);
    plain[name] = at === undefined ? '0' : new Date(at).toUTCString();
  }
  // Without one, the instant of receipt is as good (RFC 9110 §6.6.1).
  if (plain.date === undefined || plain.date === '0') plain.date = new Date(nowMs).toUTCString();
  if (headers.has('set-cookie')) plain['set-cookie'] = 'yes';
  return plain;
}
