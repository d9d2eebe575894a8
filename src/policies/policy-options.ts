import { MAX_TIMER_MS } from '../pipeline/clock.ts';
import {
  boolean,
  type Check,
  type Checks,
  duration,
  oneOf,
  orFalse,
  readOptions,
  requireObject,
  show,
} from '../pipeline/options.ts';
import {
  type BulkheadLimits,
  type BulkheadOptions,
  defaultPriority,
  type Priority,
  priorities,
  readBulkheadOptions,
} from './bulkhead/limits.ts';
import { type CacheOptions, type CacheRules, readCacheOptions } from './cache/options.ts';
import {
  type CircuitBreakerOptions,
  type CircuitLimits,
  readCircuitBreakerOptions,
} from './circuit-breaker/limits.ts';
import { type CoalesceLimits, type CoalesceOptions, readCoalesceOptions } from './coalesce/coalesce.ts';
import {
  type ConcurrencyLimitOptions,
  type ConcurrencyLimits,
  readConcurrencyLimitOptions,
} from './concurrency-limit/limits.ts';
import {
  type DeadlineHeaders,
  type DeadlineHeadersOptions,
  readDeadlineHeadersOptions,
} from './deadline-headers.ts';
import { type Endpoint, type HostEndpoints, readEndpoints } from './endpoints.ts';
import { type FallbackOptions, type FallbackRules, readFallbackOptions } from './fallback/options.ts';
import { type HedgeOptions, type HedgeRules, readHedgeOptions } from './hedge/options.ts';
import { type HostPauseLimits, type HostPauseOptions, readHostPauseOptions } from './host-pause.ts';
import { type RateLimitOptions, type RateLimits, readRateLimitOptions } from './rate-limit/limits.ts';
import { type RetryOptions, type RetryRules, readRetryOptions } from './retry/rules.ts';
import { readThrottleOptions, type ThrottleLimits, type ThrottleOptions } from './throttle.ts';
import { checkLimit, defaultAttemptTimeoutMs, defaultTotalTimeoutMs } from './timeout.ts';

/** How calls are treated. Each part is switched off by `false`; what is left out has a safe default. */
export interface PolicyOptions {
  /**
   * Longest time of a whole call in milliseconds: every attempt, every wait between them, and the body. From 1;
   * `false` or Infinity for none, as streams that stay open need it.
   * @defaultValue 30_000
   */
  readonly totalTimeoutMs?: number | false;
  /**
   * Longest time of one attempt, until its response headers, in milliseconds. From 1; `false` or Infinity for none.
   * @defaultValue 10_000
   */
  readonly attemptTimeoutMs?: number | false;
  /**
   * How long, in milliseconds, the policies wait for somebody to begin reading a response. After that they take the
   * headers for the whole answer; the response itself stays readable.
   * @defaultValue 1_000
   */
  readonly leaseMs?: number;
  /**
   * Makes a key for calls that are not safe and have none, one for all attempts of a call, and sends it as
   * `Idempotency-Key`: `'auto'` for a random UUID, or a function. Only for hosts that honour such keys.
   * @defaultValue false
   */
  readonly idempotencyKey?: 'auto' | (() => string) | false;
  /**
   * How much calls matter: in the queue of the bulkhead the more important go first.
   * @defaultValue 'normal'
   */
  readonly priority?: Priority;
  /** @defaultValue false */
  readonly bulkhead?: BulkheadOptions | false;
  /** @defaultValue false */
  readonly rateLimit?: RateLimitOptions | false;
  /**
   * Whether a call that is made within an attempt of another keeps to that one's deadline and draws its retries from both
   * budgets. A call without stands on its own: neither is it part of another, nor others of it.
   * @defaultValue true
   */
  readonly nestedGuard?: boolean;
  /**
   * Tells the service, with each attempt, how long its answer is waited for and which attempt it is. Only for services
   * of your own; what they make of it is the business of `deadlineFrom`.
   * @defaultValue false
   */
  readonly deadlineHeaders?: DeadlineHeadersOptions | false;
  /** Answers when the call has failed. Replaces another as a whole. Off unless given. */
  readonly fallback?: FallbackOptions | false;
  /** Lets identical calls that are under way at the same time share one request. Off unless given; true for its defaults. */
  readonly coalesce?: CoalesceOptions | boolean;
  /**
   * Answers from what was kept. Needs the setting `cacheStore`; {} is on with the defaults.
   * @defaultValue false
   */
  readonly cache?: CacheOptions | false;
  readonly retry?: RetryOptions | false;
  /**
   * Starts another attempt beside one that takes long, and keeps the answer that comes first. Repeatable calls only.
   * @defaultValue false
   */
  readonly hedge?: HedgeOptions | false;
  /**
   * Other origins of the same service, for the first attempt and for those that follow. Of a host, not of all.
   * @defaultValue false
   */
  readonly endpoints?: HostEndpoints | false;
  readonly hostPause?: HostPauseOptions | false;
  readonly circuitBreaker?: CircuitBreakerOptions | false;
  /** @defaultValue false */
  readonly throttle?: ThrottleOptions | false;
  readonly concurrencyLimit?: ConcurrencyLimitOptions | false;
}

/**
 * What one call may change. The circuit, the pause, the limits and the budget belong to the host and its other calls: a
 * call can go without them, but not change their limits for everyone.
 */
export interface CallPolicy
  extends Omit<PolicyOptions, 'retry' | SharedPart>,
    Readonly<Partial<Record<SharedPart, false>>> {
  readonly retry?: (Omit<RetryOptions, 'budget'> & { readonly budget?: false }) | false;
}

/** A policy with everything filled in and checked. */
export interface ResolvedPolicy {
  /** Infinity for none. */
  readonly totalTimeoutMs: number;
  /** Infinity for none. */
  readonly attemptTimeoutMs: number;
  readonly leaseMs: number;
  readonly idempotencyKey: 'auto' | (() => string) | false;
  readonly priority: Priority;
  readonly bulkhead: BulkheadLimits | false;
  readonly rateLimit: RateLimits | false;
  readonly nestedGuard: boolean;
  readonly deadlineHeaders: DeadlineHeaders | false;
  readonly fallback: FallbackRules | false;
  readonly coalesce: CoalesceLimits | false;
  readonly cache: CacheRules | false;
  readonly retry: RetryRules | false;
  readonly hedge: HedgeRules | false;
  readonly endpoints: readonly Endpoint[] | false;
  readonly hostPause: HostPauseLimits | false;
  readonly circuitBreaker: CircuitLimits | false;
  readonly throttle: ThrottleLimits | false;
  readonly concurrencyLimit: ConcurrencyLimits | false;
}

const orTrue =
  (check: Check): Check =>
  (value, name) => {
    if (value !== true) check(value, name);
  };

const idempotencyKey: Check = (value, name) => {
  if (value === 'auto' || typeof value === 'function') return;
  throw new TypeError(
    `\`${name}\` should be 'auto', a function that makes a key, or false, got ${show(value)}.`,
  );
};

export const policyChecks: Checks<PolicyOptions> = {
  totalTimeoutMs: orFalse(checkLimit),
  attemptTimeoutMs: orFalse(checkLimit),
  leaseMs: duration({ max: MAX_TIMER_MS, unlimited: true }),
  idempotencyKey: orFalse(idempotencyKey),
  priority: oneOf(...priorities),
  bulkhead: orFalse(requireObject),
  rateLimit: orFalse(requireObject),
  nestedGuard: boolean,
  deadlineHeaders: orFalse(requireObject),
  fallback: orFalse(requireObject),
  coalesce: orFalse(orTrue(requireObject)),
  cache: orFalse(requireObject),
  retry: orFalse(requireObject),
  hedge: orFalse(requireObject),
  endpoints: orFalse((value, name) => void readEndpoints(value as HostEndpoints, name)),
  hostPause: orFalse(requireObject),
  circuitBreaker: orFalse(requireObject),
  throttle: orFalse(requireObject),
  concurrencyLimit: orFalse(requireObject),
};

export const policyDefaults: {
  readonly totalTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly leaseMs: number;
  readonly idempotencyKey: false;
  readonly priority: Priority;
  readonly nestedGuard: boolean;
} = Object.freeze({
  totalTimeoutMs: defaultTotalTimeoutMs,
  attemptTimeoutMs: defaultAttemptTimeoutMs,
  leaseMs: 1_000,
  idempotencyKey: false,
  priority: defaultPriority,
  nestedGuard: true,
});

/** Lays one policy over another: parts are merged option by option, and `false` takes a part out. */
export function overlay(base: PolicyOptions, over: PolicyOptions): PolicyOptions {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    merged[key] = key === 'fallback' ? value : overlayValue(merged[key], value, 2);
  }
  return merged as PolicyOptions;
}

function overlayValue(base: unknown, over: unknown, depth: number): unknown {
  if (depth === 0 || !isPlain(base) || !isPlain(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value !== undefined) merged[key] = overlayValue(merged[key], value, depth - 1);
  }
  return merged;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks a policy and fills in the defaults.
 *
 * @param path - what the policy is called in messages; empty for that of the client.
 * @throws TypeError for an unknown option or a wrong type.
 * @throws RangeError for a value out of range.
 */
export function resolvePolicy(options: PolicyOptions, path = ''): ResolvedPolicy {
  const read = readOptions(path, options, policyChecks, policyDefaults);
  const at = (part: string) => (path ? `${path}.${part}` : part);
  return {
    totalTimeoutMs: limit(read.totalTimeoutMs),
    attemptTimeoutMs: limit(read.attemptTimeoutMs),
    leaseMs: read.leaseMs,
    idempotencyKey: read.idempotencyKey ?? false,
    priority: read.priority,
    bulkhead: ifGiven(read.bulkhead, readBulkheadOptions, at('bulkhead')),
    rateLimit: ifGiven(read.rateLimit, readRateLimitOptions, at('rateLimit')),
    nestedGuard: read.nestedGuard,
    deadlineHeaders: ifGiven(read.deadlineHeaders, readDeadlineHeadersOptions, at('deadlineHeaders')),
    fallback: ifGiven(read.fallback, readFallbackOptions, at('fallback')),
    coalesce: ifGiven(read.coalesce === true ? {} : read.coalesce, readCoalesceOptions, at('coalesce')),
    cache: ifGiven(read.cache, readCacheOptions, at('cache')),
    retry: unlessOff(read.retry, readRetryOptions, at('retry')),
    hedge: ifGiven(read.hedge, readHedgeOptions, at('hedge')),
    endpoints: ifGiven(read.endpoints, readEndpoints, at('endpoints')),
    hostPause: unlessOff(read.hostPause, readHostPauseOptions, at('hostPause')),
    circuitBreaker: unlessOff(read.circuitBreaker, readCircuitBreakerOptions, at('circuitBreaker')),
    throttle: ifGiven(read.throttle, readThrottleOptions, at('throttle')),
    concurrencyLimit: unlessOff(read.concurrencyLimit, readConcurrencyLimitOptions, at('concurrencyLimit')),
  };
}

/** Of a part that is there unless somebody says false. */
const unlessOff = <Options extends object, Rules>(
  given: Options | false | undefined,
  read: (options: Options, path: string) => Rules,
  path: string,
): Rules | false => (given === false ? false : read(given ?? ({} as Options), path));

/** Of a part that is not there unless somebody asks for it. */
const ifGiven = <Options extends object, Rules>(
  given: Options | false | undefined,
  read: (options: Options, path: string) => Rules,
  path: string,
): Rules | false => (given ? read(given, path) : false);

const limit = (ms: number | false): number => (ms === false ? Number.POSITIVE_INFINITY : ms);

/** Parts whose state belongs to the host and its other calls: one call can go without them, and no more. */
export const sharedParts: readonly [
  'bulkhead',
  'rateLimit',
  'hostPause',
  'circuitBreaker',
  'throttle',
  'concurrencyLimit',
] = ['bulkhead', 'rateLimit', 'hostPause', 'circuitBreaker', 'throttle', 'concurrencyLimit'];

type SharedPart = (typeof sharedParts)[number];

/** Checks what the type of {@link CallPolicy} says, for those who do without types. */
export function checkCallPolicy(options: PolicyOptions): void {
  requireObject(options, 'policy');
  for (const part of sharedParts) {
    if (options[part] !== undefined && options[part] !== false)
      throw sharedPart(`policy.${part}`, options[part]);
  }
  const budget = options.retry ? options.retry.budget : undefined;
  if (budget !== undefined && budget !== false) throw sharedPart('policy.retry.budget', budget);
}

const sharedPart = (name: string, value: unknown): TypeError =>
  new TypeError(
    `\`${name}\` of a single call can only be false, got ${show(value)}: its state is shared by all calls to the ` +
      'host. Set it in the policy, or for the host under `hosts`.',
  );

/** A risky combination, and what to do about it. */
export interface Advice {
  readonly code: string;
  /** Where, what and what to do, in one. */
  readonly message: string;
  readonly problem: string;
  readonly suggestion: string;
  /** What the problem was told by, by the names of the options. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** Finds combinations that are allowed and hardly meant. */
export function adviseOn(options: PolicyOptions, where: string): Advice[] {
  const { totalTimeoutMs, attemptTimeoutMs, retry, rateLimit, hedge, circuitBreaker } =
    resolvePolicy(options);
  // A default that does not fit what was given is nothing that anybody meant.
  const gaveAttempt = options.attemptTimeoutMs !== undefined;
  const advice: Advice[] = [];
  const add = (code: string, numbers: Advice['numbers'], problem: string, suggestion: string) =>
    advice.push({ code, message: `${where}: ${problem} ${suggestion}`, problem, suggestion, numbers });
  if (gaveAttempt && Number.isFinite(attemptTimeoutMs) && attemptTimeoutMs > totalTimeoutMs) {
    add(
      'ATTEMPT_OVER_TOTAL',
      { attemptTimeoutMs, totalTimeoutMs },
      `\`attemptTimeoutMs\` (${attemptTimeoutMs}) is above \`totalTimeoutMs\` (${totalTimeoutMs}), so it never acts.`,
      'Lower the first or raise the second.',
    );
  } else if (
    retry &&
    retry.maxRetries > 0 &&
    gaveAttempt &&
    attemptTimeoutMs === totalTimeoutMs &&
    Number.isFinite(totalTimeoutMs)
  ) {
    add(
      'NO_TIME_TO_RETRY',
      { attemptTimeoutMs, totalTimeoutMs },
      `an attempt may take all of \`totalTimeoutMs\` (${totalTimeoutMs}), so one that times out is never retried.`,
      'Lower `attemptTimeoutMs`.',
    );
  }
  if (options.hostPause && retry && !retry.respectRetryAfter) {
    add(
      'PAUSE_WITHOUT_RETRY_AFTER',
      {},
      '`hostPause` obeys what `retry.respectRetryAfter: false` ignores, so it is off.',
      'Leave out either.',
    );
  }
  if (rateLimit && rateLimit.perSecond === Number.POSITIVE_INFINITY && !rateLimit.adaptive) {
    add(
      'NO_RATE',
      {},
      "`rateLimit` has neither `perSecond` nor `adaptive: 'headers'`, so it limits nothing.",
      'Set one.',
    );
  }
  const afterMs = hedge && hedge.quantile === undefined ? hedge.afterMs : undefined;
  if (afterMs !== undefined && (afterMs >= attemptTimeoutMs || afterMs > totalTimeoutMs / 2)) {
    add(
      'HEDGE_TOO_LATE',
      { afterMs, attemptTimeoutMs, totalTimeoutMs },
      `\`hedge.afterMs\` (${afterMs}) leaves no time for a hedge: it has to be below \`attemptTimeoutMs\` ` +
        `(${attemptTimeoutMs}) and at most half of \`totalTimeoutMs\` (${totalTimeoutMs}).`,
      'Lower it.',
    );
  }
  if (
    circuitBreaker &&
    circuitBreaker.slowCallMs !== false &&
    circuitBreaker.slowCallMs >= attemptTimeoutMs
  ) {
    add(
      'SLOW_AFTER_TIMEOUT',
      { slowCallMs: circuitBreaker.slowCallMs, attemptTimeoutMs },
      `\`circuitBreaker.slowCallMs\` (${circuitBreaker.slowCallMs}) is not below \`attemptTimeoutMs\` (${attemptTimeoutMs}), ` +
        'which ends an attempt before it is slow.',
      'Lower the first.',
    );
  }
  if (!retry || retry.maxRetries === 0) return advice;
  if (attemptTimeoutMs === Number.POSITIVE_INFINITY && Number.isFinite(totalTimeoutMs)) {
    add(
      'NO_TIME_TO_RETRY',
      { attemptTimeoutMs, totalTimeoutMs },
      'without `attemptTimeoutMs` an attempt that hangs takes all the time there is.',
      'Set one.',
    );
  }
  const gaveBase = options.retry && options.retry.baseDelayMs !== undefined;
  if (gaveBase && retry.baseDelayMs >= totalTimeoutMs && !retry.delayMs) {
    add(
      'NO_TIME_TO_RETRY',
      { baseDelayMs: retry.baseDelayMs, totalTimeoutMs },
      `\`retry.baseDelayMs\` (${retry.baseDelayMs}) alone may use up \`totalTimeoutMs\` (${totalTimeoutMs}).`,
      'Lower it.',
    );
  }
  if (retry.budget && retry.budget.timeoutCost > retry.budget.maxTokens) {
    const { maxTokens, timeoutCost } = retry.budget;
    add(
      'BUDGET_TOO_SMALL',
      { maxTokens, timeoutCost },
      `\`retry.budget.maxTokens\` (${maxTokens}) never holds the \`timeoutCost\` (${timeoutCost}) ` +
        'of retrying an attempt that timed out.',
      'Raise the first.',
    );
  }
  if (retry.jitter === 'none' && retry.backoff !== 'exponential' && !retry.delayMs) {
    add(
      'NO_JITTER',
      {},
      'without jitter or growth, clients that fail together come back together.',
      'Set `retry.jitter`.',
    );
  }
  if (retry.budget === false) {
    add(
      'NO_BUDGET',
      { maxRetries: retry.maxRetries },
      `without \`retry.budget\` an outage is met with ${1 + retry.maxRetries} times the load.`,
      'Leave out `budget: false`.',
    );
  }
  if (retry.maxRetries === Number.POSITIVE_INFINITY && totalTimeoutMs === Number.POSITIVE_INFINITY) {
    add(
      'ENDLESS',
      { maxRetries: retry.maxRetries, totalTimeoutMs },
      'with neither `retry.maxRetries` nor `totalTimeoutMs` bounded, a call may never end.',
      'Bound either.',
    );
  }
  return advice;
}
