import { MAX_TIMER_MS } from '../pipeline/clock.ts';
import {
  type Check,
  type Checks,
  duration,
  orFalse,
  readOptions,
  requireObject,
  show,
} from '../pipeline/options.ts';
import { type CacheOptions, type CacheRules, readCacheOptions } from './cache/options.ts';
import {
  type CircuitBreakerOptions,
  type CircuitLimits,
  readCircuitBreakerOptions,
} from './circuit-breaker/limits.ts';
import { type HostPauseLimits, type HostPauseOptions, readHostPauseOptions } from './host-pause.ts';
import { type RetryOptions, type RetryRules, readRetryOptions } from './retry/rules.ts';
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
   * Answers from what was kept. Needs the setting `cacheStore`; {} is on with the defaults.
   * @defaultValue false
   */
  readonly cache?: CacheOptions | false;
  readonly retry?: RetryOptions | false;
  readonly hostPause?: HostPauseOptions | false;
  readonly circuitBreaker?: CircuitBreakerOptions | false;
}

/**
 * What one call may change. The circuit, the pause and the budget belong to the host and its other calls: a call can
 * go without them, but not change their limits for everyone.
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
  readonly cache: CacheRules | false;
  readonly retry: RetryRules | false;
  readonly hostPause: HostPauseLimits | false;
  readonly circuitBreaker: CircuitLimits | false;
}

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
  cache: orFalse(requireObject),
  retry: orFalse(requireObject),
  hostPause: orFalse(requireObject),
  circuitBreaker: orFalse(requireObject),
};

export const policyDefaults: {
  readonly totalTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly leaseMs: number;
  readonly idempotencyKey: false;
} = Object.freeze({
  totalTimeoutMs: defaultTotalTimeoutMs,
  attemptTimeoutMs: defaultAttemptTimeoutMs,
  leaseMs: 1_000,
  idempotencyKey: false,
});

/** Lays one policy over another: parts are merged option by option, and `false` takes a part out. */
export function overlay(base: PolicyOptions, over: PolicyOptions): PolicyOptions {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    merged[key] = overlayValue(merged[key], value, 2);
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
    cache: read.cache ? readCacheOptions(read.cache, at('cache')) : false,
    retry: unlessOff(read.retry, readRetryOptions, at('retry')),
    hostPause: unlessOff(read.hostPause, readHostPauseOptions, at('hostPause')),
    circuitBreaker: unlessOff(read.circuitBreaker, readCircuitBreakerOptions, at('circuitBreaker')),
  };
}

/** Of a part that is there unless somebody says false. */
const unlessOff = <Options extends object, Rules>(
  given: Options | false | undefined,
  read: (options: Options, path: string) => Rules,
  path: string,
): Rules | false => (given === false ? false : read(given ?? ({} as Options), path));

const limit = (ms: number | false): number => (ms === false ? Number.POSITIVE_INFINITY : ms);

/** Parts whose state belongs to the host and its other calls: one call can go without them, and no more. */
export const sharedParts: readonly ['circuitBreaker', 'hostPause'] = ['circuitBreaker', 'hostPause'];

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
  readonly message: string;
}

/** Finds combinations that are allowed and hardly meant. */
export function adviseOn(options: PolicyOptions, where: string): Advice[] {
  const { totalTimeoutMs, attemptTimeoutMs, retry } = resolvePolicy(options);
  // A default that does not fit what was given is nothing that anybody meant.
  const gaveAttempt = options.attemptTimeoutMs !== undefined;
  const advice: Advice[] = [];
  const add = (code: string, message: string) => advice.push({ code, message: `${where}: ${message}` });
  if (gaveAttempt && Number.isFinite(attemptTimeoutMs) && attemptTimeoutMs > totalTimeoutMs) {
    add(
      'ATTEMPT_OVER_TOTAL',
      `\`attemptTimeoutMs\` (${attemptTimeoutMs}) is above \`totalTimeoutMs\` (${totalTimeoutMs}), so it never acts. ` +
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
      `an attempt may take all of \`totalTimeoutMs\` (${totalTimeoutMs}), so one that times out is never retried. ` +
        'Lower `attemptTimeoutMs`.',
    );
  }
  if (options.hostPause && retry && !retry.respectRetryAfter) {
    add(
      'PAUSE_WITHOUT_RETRY_AFTER',
      '`hostPause` obeys what `retry.respectRetryAfter: false` ignores, so it is off. Leave out either.',
    );
  }
  if (!retry || retry.maxRetries === 0) return advice;
  if (attemptTimeoutMs === Number.POSITIVE_INFINITY && Number.isFinite(totalTimeoutMs)) {
    add(
      'NO_TIME_TO_RETRY',
      'without `attemptTimeoutMs` an attempt that hangs takes all the time there is. Set one.',
    );
  }
  const gaveBase = options.retry && options.retry.baseDelayMs !== undefined;
  if (gaveBase && retry.baseDelayMs >= totalTimeoutMs && !retry.delayMs) {
    add(
      'NO_TIME_TO_RETRY',
      `\`retry.baseDelayMs\` (${retry.baseDelayMs}) alone may use up \`totalTimeoutMs\` (${totalTimeoutMs}). Lower it.`,
    );
  }
  if (retry.budget && retry.budget.timeoutCost > retry.budget.maxTokens) {
    add(
      'BUDGET_TOO_SMALL',
      `\`retry.budget.maxTokens\` (${retry.budget.maxTokens}) never holds the \`timeoutCost\` (${retry.budget.timeoutCost}) ` +
        'of retrying an attempt that timed out. Raise the first.',
    );
  }
  if (retry.jitter === 'none' && retry.backoff !== 'exponential' && !retry.delayMs) {
    add(
      'NO_JITTER',
      'without jitter or growth, clients that fail together come back together. Set `retry.jitter`.',
    );
  }
  if (retry.budget === false) {
    add(
      'NO_BUDGET',
      `without \`retry.budget\` an outage is met with ${1 + retry.maxRetries} times the load.`,
    );
  }
  if (retry.maxRetries === Number.POSITIVE_INFINITY && totalTimeoutMs === Number.POSITIVE_INFINITY) {
    add('ENDLESS', 'with neither `retry.maxRetries` nor `totalTimeoutMs` bounded, a call may never end.');
  }
  return advice;
}
