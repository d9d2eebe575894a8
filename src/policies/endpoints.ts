import type { HostState } from '../hosts/host-state.ts';
import { redactUrl } from '../http/redact.ts';
import type { Call, CallRequest } from '../pipeline/call.ts';
import { number, show } from '../pipeline/options.ts';
import type { Policy } from '../pipeline/pipeline.ts';

/** One of several origins, and how often it is drawn in proportion to the others. */
export interface WeightedEndpoint {
  /** Scheme, host and port, such as `https://a.example`. */
  readonly url: string;
  /** Over 0: of 3 and 1 the first gets three calls out of four. */
  readonly weight: number;
}

/**
 * Where a service is to be found: origins in the order in which they are tried, or with weights by which they are drawn.
 */
export type HostEndpoints = readonly string[] | readonly WeightedEndpoint[];

export interface Endpoint {
  readonly origin: string;
  /** Undefined where the order decides. */
  readonly weight: number | undefined;
}

/** Scheme, host and port, and nothing else. */
export const originPattern: RegExp = /^https?:\/\/(?:\[[\da-fA-F:.]+\]|[^\s/?#@:\\[\]]+)(?::\d{1,5})?\/?$/;

/** @throws TypeError or RangeError if it is no such list. */
export function readEndpoints(given: HostEndpoints, path = 'endpoints'): readonly Endpoint[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw new TypeError(
      `\`${path}\` should be a list of origins, such as ['https://a.example', 'https://b.example'], or of ` +
        `\`{ url, weight }\`, got ${show(given)}.`,
    );
  }
  const endpoints = given.map((item: unknown, index) => readEndpoint(item, `${path}[${index}]`));
  if (new Set(endpoints.map(({ weight }) => weight === undefined)).size > 1) {
    throw new TypeError(
      `\`${path}\` has weights for some of its origins. Give all of them one, or none for an order.`,
    );
  }
  const twin = endpoints.find(({ origin }, index) => endpoints.findIndex(it => it.origin === origin) < index);
  if (twin) throw new TypeError(`\`${path}\` names ${twin.origin} twice. Give it once.`);
  return endpoints;
}

function readEndpoint(item: unknown, name: string): Endpoint {
  if (typeof item === 'string') return { origin: readOrigin(item, name), weight: undefined };
  const { url, weight, ...others } = Object(item) as Record<string, unknown>;
  if (typeof item !== 'object' || typeof url !== 'string')
    throw new TypeError(`\`${name}\` should be an origin, or \`{ url, weight }\`, got ${show(item)}.`);
  const [unknown] = Object.keys(others);
  if (unknown) throw new TypeError(`Unknown option \`${name}.${unknown}\`. Known here: url, weight.`);
  number({ min: 0.001 })(weight, `${name}.weight`);
  return { origin: readOrigin(url, `${name}.url`), weight: weight as number };
}

function readOrigin(text: string, name: string): string {
  if (originPattern.test(text) && URL.canParse(text)) return new URL(text).origin;
  const shown = show(URL.canParse(text) ? redactUrl(text) : text.replace(/^.*@/s, '…@'));
  throw new TypeError(
    `\`${name}\` should be scheme, host and port, such as "https://a.example:8443", got ${shown}. Path and query are ` +
      'those of the call.',
  );
}

/** Whether an attempt of the call may go to a host now. */
export type IsOpen = (host: HostState, call: Call) => boolean;

/**
 * Sends each attempt to one of several origins of the same service: the first attempt to the first that is open, or to
 * one that is drawn by weight; a retry or a hedge to the next. Only scheme, host and port of the URL are exchanged.
 * Everything further in goes by the host of the endpoint: its circuit, its pause.
 *
 * Sits right outside what is done per attempt. If none is open the first one's refusal surfaces.
 *
 * @param isBusy - whether an attempt would have to wait there for others to end: one that is not goes first.
 */
export function endpoints(
  list: readonly Endpoint[],
  isOpen: IsOpen,
  isBusy: (host: HostState) => boolean,
): Policy {
  return function endpoints(call, next) {
    return next(directed(call, choose(list, call, isOpen, isBusy)));
  };
}

/** Whether an attempt may go anywhere now. */
export const isAnyOpen = (list: readonly Endpoint[], call: Call, isOpen: IsOpen): boolean =>
  list.some(endpoint => isOpen(placeOf(endpoint, call).host, call));

/** Whether an attempt of the call is under way to one of which this is true. */
export const isAnyUnderWay = (list: readonly Endpoint[], call: Call, accepts: IsOpen): boolean =>
  list.some(
    endpoint =>
      call.record.attempts.some(it => it.endpoint === endpoint.origin && it.durationMs === undefined) &&
      accepts(placeOf(endpoint, call).host, call),
  );

/** Whose refusal surfaces if none is open. */
export const firstHost = (list: readonly Endpoint[], call: Call): HostState =>
  placeOf(list[0] as Endpoint, call).host;

/** Whether the next attempt has somewhere else to go than the latest, which asked us to stay away. */
export const isOtherOpen = (list: readonly Endpoint[], call: Call, isOpen: IsOpen): boolean => {
  const latest = call.record.attempts.at(-1)?.endpoint;
  return list.some(
    endpoint =>
      endpoint.origin !== latest &&
      isOpen(placeOf(endpoint, call).host, call) &&
      !hasAskedToWait(endpoint, call),
  );
};

/** An endpoint as one call would find it. */
interface Destination {
  readonly endpoint: Endpoint;
  readonly url: URL;
  readonly host: HostState;
}

function placeOf(endpoint: Endpoint, call: Call): Destination {
  const { url } = call.request;
  if (url.origin === endpoint.origin) return { endpoint, url, host: call.host };
  const there = new URL(endpoint.origin + url.pathname + url.search + url.hash);
  return { endpoint, url: there, host: call.runtime.hostOf(there) };
}

/** Whether it has told this very call to come back later. */
function hasAskedToWait({ origin }: Endpoint, { record, runtime }: Call): boolean {
  if (record.attempts.length === 0) return false;
  return record.attempts.some(({ endpoint, retryAfterMs, startMs, waitedMs, durationMs = 0 }) => {
    if (endpoint !== origin || retryAfterMs === undefined) return false;
    return record.startedAt + startMs + waitedMs + durationMs + retryAfterMs > runtime.clock.now();
  });
}

function choose(
  list: readonly Endpoint[],
  call: Call,
  isOpen: IsOpen,
  isBusy: (host: HostState) => boolean,
): Destination {
  const inTurn = list[0]?.weight === undefined ? inOrder(list, call) : byWeight(list, call);
  let busy: Destination | undefined;
  let asked: Destination | undefined;
  for (const endpoint of inTurn) {
    const destination = placeOf(endpoint, call);
    if (!isOpen(destination.host, call)) continue;
    if (hasAskedToWait(endpoint, call)) asked ??= destination;
    else if (isBusy(destination.host)) busy ??= destination;
    else return destination;
  }
  return busy ?? asked ?? placeOf(list[0] as Endpoint, call);
}

/** From the one after that of the latest attempt, all around. */
function inOrder(list: readonly Endpoint[], { record }: Call): readonly Endpoint[] {
  const latest = record.attempts.at(-1)?.endpoint;
  if (latest === undefined) return list;
  const next = list.findIndex(({ origin }) => origin === latest) + 1;
  return [...list.slice(next), ...list.slice(0, next)];
}

/** Drawn one after the other: first those that the call has not been to, then the others. */
function byWeight(list: readonly Endpoint[], { record, runtime }: Call): readonly Endpoint[] {
  const used = new Set(record.attempts.map(({ endpoint }) => endpoint));
  const fresh = list.filter(({ origin }) => !used.has(origin));
  const latest = record.attempts.at(-1)?.endpoint;
  const seen = list.filter(({ origin }) => used.has(origin) && origin !== latest);
  const last = list.filter(({ origin }) => origin === latest);
  return [...drawn(fresh, runtime.random), ...drawn(seen, runtime.random), ...last];
}

/**
 * Drawn without putting back, by the shortest of waits that are exponential at the rate of each weight.
 *
 * @see {@link https://doi.org/10.1016/j.ipl.2005.11.003 | Efraimidis and Spirakis, "Weighted random sampling" (2006)}
 */
function drawn(list: readonly Endpoint[], random: () => number): readonly Endpoint[] {
  const waits = new Map(list.map(endpoint => [endpoint, -Math.log(1 - random()) / (endpoint.weight ?? 1)]));
  const waitOf = (endpoint: Endpoint) => waits.get(endpoint) ?? 0;
  return [...list].sort((a, b) => waitOf(a) - waitOf(b));
}

/** The call on its way to an endpoint. One that is at its own origin goes as its caller has made it. */
function directed(call: Call, { endpoint, url, host }: Destination): Call {
  const { origin } = endpoint;
  if (url === call.request.url) return { ...call, endpoint: origin };
  return { ...call, endpoint: origin, host, request: movedTo(url, call.request) };
}

function movedTo(url: URL, request: CallRequest): CallRequest {
  const { input, init } = request;
  const given = typeof input === 'object' && 'method' in input ? input : undefined;
  return { ...request, url, input: url.href, init: given ? { ...membersOf(given), ...init } : init };
}

/** What a `Request` says, in the form of an `init`: its URL cannot be changed. */
function membersOf(request: Request): RequestInit {
  const { method, headers, body, cache, credentials, integrity, keepalive, mode, redirect } = request;
  const { referrer, referrerPolicy } = request;
  const members: RequestInit & { duplex?: 'half' } = {
    method,
    headers,
    cache,
    credentials,
    integrity,
    keepalive,
    redirect,
    referrerPolicy,
  };
  if (mode !== 'navigate') members.mode = mode;
  if (referrer && referrer !== 'about:client') members.referrer = referrer;
  if (body) Object.assign(members, { body, duplex: 'half' });
  return members;
}
