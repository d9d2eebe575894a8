import type { FetchLike } from './http/fetch-like.ts';
import type { Clock, Random } from './pipeline/clock.ts';
import type { Observer } from './pipeline/events.ts';
import {
  type Checks,
  callback,
  integer,
  listOf,
  oneOf,
  requireObject,
  show,
  unknownOption,
} from './pipeline/options.ts';
import type { Policy } from './pipeline/pipeline.ts';
import type { HttpCache } from './policies/cache/options.ts';
import { policyChecks } from './policies/policy-options.ts';
import type { PolicySet } from './policy-book.ts';
import { type Place, standardOrder } from './standard-order.ts';
import type { Logger } from './telemetry/logs.ts';
import { checkTelemetry, type TelemetryOptions } from './telemetry/options.ts';
import type { Transport } from './transport/transport.ts';

/** A policy of one's own and its place in the standard order. */
export interface PlacedPolicy {
  readonly policy: Policy;
  /** Directly outside this place: around it and everything within. */
  readonly outside?: Place;
  /** Directly inside this place. */
  readonly inside?: Place;
}

/** A policy that changes while the program runs, such as a file that is watched. */
export interface PolicySource {
  /**
   * The policy as it was when the fetch was made. What was given beside it (another value under the same name) stays
   * when a later version comes.
   */
  readonly policy?: PolicySet;
  /** Hands over each new policy, or why it will not do; returns how to stop. */
  subscribe(onPolicy: (policy: PolicySet) => void, onError: (error: unknown) => void): () => void;
}

export interface FetchOptions extends PolicySet {
  /** What sends a request. By default the global `fetch`, looked up at each attempt. */
  readonly fetch?: FetchLike;
  /** What sends in place of a `fetch`, such as `undici()` of `holdfast/undici`. */
  readonly transport?: Transport;
  /** Which calls share a circuit, a budget and a pause. By default those of one origin. */
  readonly hostKey?: (url: URL) => string;
  /**
   * How many hosts are remembered, from 1. Beyond that the least recently used idle one is forgotten.
   * @defaultValue 1_000
   */
  readonly maxHosts?: number;
  /** Hears everything that happens. What it throws breaks nothing. */
  readonly observe?: Observer;
  /**
   * Gets a line per retry, per call that needed recovery, and per change of a host: anything with pino's shape, or
   * `'console'` for lines of JSON there. What it throws breaks nothing.
   */
  readonly logger?: Logger | 'console';
  /**
   * Takes out of a URL what is secret beyond what we know of (credentials, signatures, tokens), wherever one is shown: in
   * spans, logs, events, errors. Gets the URL as it is after our own redaction.
   */
  readonly redact?: (url: string) => string;
  /** What OpenTelemetry is told where an SDK is registered; false for nothing. */
  readonly telemetry?: TelemetryOptions | false;
  /** Where `cache` keeps answers: `httpCache()` of `holdfast/cache`. */
  readonly cacheStore?: HttpCache;
  /** Policies of one's own, each in its place. Those in one place stand in the order given. */
  readonly policies?: readonly PlacedPolicy[];
  /** The one way to time, for tests. */
  readonly clock?: Clock;
  /** The one way to chance, for tests: a number from 0 (included) to 1 (excluded). */
  readonly random?: Random;
  /** Where later versions of the policy come from, such as `loadPolicy(path, { watch: true })`. */
  readonly source?: PolicySource;
}

/** What a client is made with beside its policy. */
export type Settings = Pick<
  FetchOptions,
  | 'fetch'
  | 'transport'
  | 'hostKey'
  | 'observe'
  | 'logger'
  | 'redact'
  | 'telemetry'
  | 'cacheStore'
  | 'policies'
  | 'clock'
  | 'random'
  | 'source'
> & {
  readonly maxHosts: number;
};

export const settingChecks: Checks<Omit<FetchOptions, keyof PolicySet>> = {
  fetch: callback,
  transport: checkTransport,
  hostKey: callback,
  maxHosts: integer({ min: 1 }),
  observe: callback,
  logger: checkLogger,
  redact: callback,
  telemetry: checkTelemetry,
  cacheStore: checkCacheStore,
  policies: listOf(checkPlaced),
  clock: requireObject,
  random: callback,
  source: requireObject,
};

function checkTransport(value: unknown, name: string): void {
  requireObject(value, name);
  callback((value as Record<string, unknown>).send, `${name}.send`);
}

/** A mistake that is easily made: the store itself in place of the cache over it. */
function checkCacheStore(value: unknown, name: string): void {
  if (typeof (value as Partial<HttpCache> | null)?.policy === 'function') return;
  throw new TypeError(
    `\`${name}\` should be what \`httpCache()\` of 'holdfast/cache' makes, such as \`httpCache({ store })\`, got ${show(value)}.`,
  );
}

/**
 * Refuses a policy that is to answer from a cache where there is none.
 *
 * @throws TypeError that says how to get one.
 */
export function requireCacheStore({ hosts = {}, ...common }: PolicySet, cacheStore: unknown): void {
  if (cacheStore !== undefined) return;
  const wanting = [
    ...(common.cache ? ['cache'] : []),
    ...Object.entries(hosts).flatMap(([pattern, { cache }]) => (cache ? [`hosts['${pattern}'].cache`] : [])),
  ];
  if (wanting[0] !== undefined) throw noCacheStore(wanting[0]);
}

export const noCacheStore = (option: string): TypeError =>
  new TypeError(
    `\`${option}\` is on and there is nowhere to keep answers. Import \`httpCache\` from 'holdfast/cache' and give ` +
      '`cacheStore: httpCache()` to the client, or set the option to false.',
  );

function checkLogger(value: unknown, name: string): void {
  if (value === 'console') return;
  requireObject(value, name);
  for (const level of ['debug', 'info', 'warn', 'error'] as const)
    callback((value as Record<string, unknown>)[level], `${name}.${level}`);
}

function checkPlaced(value: unknown, name: string): void {
  requireObject(value, name);
  const { policy, outside, inside, ...others } = value as Record<string, unknown>;
  callback(policy, `${name}.policy`);
  const [unknown] = Object.keys(others);
  if (unknown)
    throw new TypeError(`Unknown option \`${name}.${unknown}\`. Known here: policy, outside, inside.`);
  if ((outside === undefined) === (inside === undefined)) {
    throw new TypeError(`\`${name}\` should have either \`outside\` or \`inside\`, got ${show(value)}.`);
  }
  oneOf(...standardOrder)(outside ?? inside, `${name}.${outside === undefined ? 'inside' : 'outside'}`);
}

/** What of a policy was given beside that of its source. */
export function besideOf(given: PolicySet, ofSource: PolicySet = given): PolicySet {
  const others = Object.entries(given).filter(([key, value]) => value !== ofSource[key as keyof PolicySet]);
  return Object.fromEntries(others);
}

/** Tells the settings of a client from the policy that it starts with. */
export function split(options: FetchOptions): [PolicySet, Omit<FetchOptions, keyof PolicySet>] {
  const policy: Record<string, unknown> = {};
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (Object.hasOwn(settingChecks, key)) settings[key] = value;
    else if (key === 'hosts' || Object.hasOwn(policyChecks, key)) policy[key] = value;
    else
      throw unknownOption(key, key, ['hosts', ...Object.keys(policyChecks), ...Object.keys(settingChecks)]);
  }
  return [policy, settings];
}
