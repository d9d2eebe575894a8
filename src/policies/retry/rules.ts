import { MAX_TIMER_MS } from '../../pipeline/clock.ts';
import {
  boolean,
  type Checks,
  callback,
  duration,
  integer,
  listOf,
  oneOf,
  orFalse,
  readOptions,
  requireObject,
  requireOrder,
  text,
} from '../../pipeline/options.ts';
import { TRANSIENT_STATUSES } from '../../pipeline/outcome.ts';
import type { BackoffOptions } from './backoff.ts';
import {
  type BudgetLimits,
  type RetryBudgetOptions,
  readBudgetOptions,
  retryBudgetDefaults,
} from './budget.ts';
import type { DecisionRules, RetryInfo } from './decide.ts';

export interface RetryOptions extends BackoffOptions {
  /**
   * Attempts in addition to the first, from 0, or Infinity.
   * @defaultValue 2
   */
  readonly maxRetries?: number;
  /**
   * Methods that are repeated without an `Idempotency-Key`, in capitals.
   * @defaultValue ['GET', 'HEAD']
   */
  readonly methods?: readonly string[];
  /**
   * Declares every call under this policy idempotent: sending it twice has the effect of once (RFC 9110 §9.2.2).
   * @defaultValue false
   */
  readonly idempotent?: boolean;
  /**
   * Statuses that may pass by themselves.
   * @defaultValue [408, 425, 429, 500, 502, 503, 504]
   */
  readonly statuses?: readonly number[];
  /**
   * Also repeats calls that are not repeatable when the attempt provably never left: connection refused, name not
   * found, connect timeout. What counts as proof is `sent: 'no'` of the attempt.
   * @defaultValue false
   */
  readonly unsent?: boolean;
  /**
   * A body that can be sent once, that of a `Request` or a stream, is read into memory before the first attempt, if it
   * has no more than so many bytes and the call may be repeated otherwise. A longer one is sent as it comes, once.
   * From 0, for none.
   * @defaultValue 0
   */
  readonly maxBufferedBytes?: number;
  /**
   * No retry starts later than this many milliseconds after the call began. The total timeout rules anyway.
   * @defaultValue Infinity
   */
  readonly maxElapsedMs?: number;
  /**
   * Whether `Retry-After` and the reset of a rate limit are obeyed.
   * @defaultValue true
   */
  readonly respectRetryAfter?: boolean;
  /**
   * Decides in place of `statuses` and the network's codes whether an outcome may pass. Asked about every outcome but
   * successes, aborts and rejections; cannot make an unrepeatable call repeat.
   */
  readonly shouldRetry?: (info: RetryInfo) => boolean;
  /** The delay in milliseconds, in place of the back-off. What the server asks for is still the least. */
  readonly delayMs?: (info: RetryInfo) => number;
  /** The allowance of the host that retries draw from; false for none, which lets retries multiply an outage. */
  readonly budget?: RetryBudgetOptions | false;
}

/** Options with their defaults. */
export interface RetryRules extends DecisionRules {
  readonly methods: readonly string[];
  readonly idempotent: boolean;
  readonly maxBufferedBytes: number;
  readonly respectRetryAfter: boolean;
  readonly budget: BudgetLimits | false;
}

export const retryDefaults: Readonly<Required<Omit<RetryOptions, 'shouldRetry' | 'delayMs'>>> = Object.freeze(
  {
    maxRetries: 2,
    methods: Object.freeze(['GET', 'HEAD']),
    idempotent: false,
    statuses: Object.freeze([...TRANSIENT_STATUSES]),
    unsent: false,
    maxBufferedBytes: 0,
    maxElapsedMs: Number.POSITIVE_INFINITY,
    respectRetryAfter: true,
    backoff: 'exponential',
    baseDelayMs: 200,
    maxDelayMs: 2_000,
    jitter: 'full',
    budget: retryBudgetDefaults,
  },
);

const checks: Checks<RetryOptions> = {
  maxRetries: integer({ unlimited: true }),
  methods: listOf(text(/^[!#$%&'*+.^_`|~0-9A-Z-]+$/, 'a method in capitals, such as "PUT"')),
  idempotent: boolean,
  statuses: listOf(integer({ min: 400, max: 599 })),
  unsent: boolean,
  maxBufferedBytes: integer(),
  maxElapsedMs: duration({ unlimited: true }),
  respectRetryAfter: boolean,
  shouldRetry: callback,
  delayMs: callback,
  budget: orFalse(requireObject),
  backoff: oneOf('exponential', 'linear', 'constant'),
  baseDelayMs: duration({ max: MAX_TIMER_MS }),
  maxDelayMs: duration({ max: MAX_TIMER_MS }),
  jitter: oneOf('full', 'equal', 'none'),
};

export function readRetryOptions(options: RetryOptions, path = 'retry'): RetryRules {
  const rules = readOptions(path, options, checks, retryDefaults);
  requireOrder(path, options, 'baseDelayMs', 'maxDelayMs');
  const { baseDelayMs, maxDelayMs, budget } = rules;
  return {
    ...rules,
    // Of the two the one that was given decides; the other only has a default.
    baseDelayMs: options.baseDelayMs === undefined ? Math.min(baseDelayMs, maxDelayMs) : baseDelayMs,
    maxDelayMs: options.maxDelayMs === undefined ? Math.max(baseDelayMs, maxDelayMs) : maxDelayMs,
    budget: budget === false ? false : readBudgetOptions(budget, `${path}.budget`),
  };
}
