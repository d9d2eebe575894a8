import { HostPart, type HostState } from '../../hosts/host-state.ts';
import { type Checks, number, readOptions, requireOrder } from '../../pipeline/options.ts';

/**
 * The shared allowance of a host: retries withdraw, calls that succeed at once deposit, and a retry that succeeded
 * gets its cost back. In an outage nothing comes in, so retries stop; in a brownout most of the cost comes back, so
 * they go on. The shape is that of gRPC (proposal A6, "Throttling Retry Attempts") with the refund of the AWS SDKs.
 */
export interface RetryBudgetOptions {
  /**
   * Tokens that a full budget holds; it starts full. From 1.
   * @defaultValue 10
   */
  readonly maxTokens?: number;
  /**
   * Tokens for one retry. Over 0.
   * @defaultValue 1
   */
  readonly retryCost?: number;
  /**
   * Tokens for a retry of an attempt that timed out, which has cost the host more than one that was refused. Over 0.
   * @defaultValue 2
   */
  readonly timeoutCost?: number;
  /**
   * Tokens that a call which succeeds at its first attempt puts in. From 0.
   * @defaultValue 0.1
   */
  readonly successRefill?: number;
}

export type BudgetLimits = Required<RetryBudgetOptions>;

export const retryBudgetDefaults: BudgetLimits = Object.freeze({
  maxTokens: 10,
  retryCost: 1,
  timeoutCost: 2,
  successRefill: 0.1,
});

const checks: Checks<RetryBudgetOptions> = {
  maxTokens: number({ min: 1 }),
  retryCost: number({ min: 0.001 }),
  timeoutCost: number({ min: 0.001 }),
  successRefill: number(),
};

export function readBudgetOptions(options: RetryBudgetOptions, path: string): BudgetLimits {
  const limits = readOptions(path, options, checks, retryBudgetDefaults);
  requireOrder(path, options, 'retryCost', 'maxTokens');
  return limits;
}

/** The tokens of one host, from 0 to `maxTokens`. */
export class RetryBudget {
  #limits: BudgetLimits;
  #tokens: number;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
    this.#tokens = limits.maxTokens;
  }

  /** The limits may change while it lives; what is over the new maximum is lost. */
  set limits(limits: BudgetLimits) {
    if (limits === this.#limits) return;
    this.#limits = limits;
    this.#tokens = Math.min(this.#tokens, limits.maxTokens);
  }

  get tokens(): number {
    return this.#tokens;
  }

  get maxTokens(): number {
    return this.#limits.maxTokens;
  }

  costOf(timedOut: boolean): number {
    return timedOut ? this.#limits.timeoutCost : this.#limits.retryCost;
  }

  /** Takes `cost` out, or nothing at all if there is less. */
  tryWithdraw(cost: number): boolean {
    // Ten tenths are a little less than one in floating point.
    if (this.#tokens + 1e-9 < cost) return false;
    this.#tokens = Math.max(0, this.#tokens - cost);
    return true;
  }

  /** Puts tokens in: the refill of a first success, or the cost of a retry that succeeded or never started. */
  deposit(tokens: number = this.#limits.successRefill): void {
    this.#tokens = Math.min(this.#limits.maxTokens, this.#tokens + tokens);
  }
}

const budgets = new HostPart<{ budget: RetryBudget | undefined }>(() => ({ budget: undefined }));

/** The budget of a host, if it has one. */
export const peekBudget = (host: HostState): RetryBudget | undefined => host.peek(budgets)?.budget;

/** The budget of a host under the limits given, made on first use. */
export function budgetOf(host: HostState, limits: BudgetLimits): RetryBudget {
  const part = host.part(budgets);
  part.budget ??= new RetryBudget(limits);
  part.budget.limits = limits;
  return part.budget;
}
