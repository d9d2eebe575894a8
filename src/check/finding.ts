import type { PolicyOptions, ResolvedPolicy } from '../policies/policy-options.ts';
import type { PolicyFigures } from './figures.ts';
import type { ReadTraffic } from './traffic.ts';

/**
 * `error`: something that was asked for cannot work, or a call may never end. `warning`: it works, but hardly as meant.
 * `info`: good to know.
 */
export type Severity = 'error' | 'warning' | 'info';

/** What is found is told by these, and by the codes of the warnings that `createFetch` gives. */
export type FindingCode =
  | 'ATTEMPT_OVER_TOTAL'
  | 'BUDGET_TOO_SMALL'
  | 'BULKHEAD_NEARLY_FULL'
  | 'BULKHEAD_TOO_SMALL'
  | 'CIRCUIT_CANNOT_TRIP'
  | 'CIRCUIT_SLOW_TO_TRIP'
  | 'CONCURRENCY_LIMIT_TOO_LOW'
  | 'ENDLESS'
  | 'HEDGE_OF_UNSAFE'
  | 'HEDGE_TOO_LATE'
  | 'LAYERS_MULTIPLY'
  | 'NO_BUDGET'
  | 'NO_JITTER'
  | 'NO_RATE'
  | 'NO_TIME_OUT'
  | 'NO_TIME_TO_RETRY'
  | 'PAUSE_WITHOUT_RETRY_AFTER'
  | 'RATE_LIMIT_TOO_LOW'
  | 'RATIO_CANNOT_TRIP'
  | 'RETRIES_CANNOT_FIT'
  | 'RETRY_CUT_SHORT'
  | 'SLOW_AFTER_TIMEOUT';

/** One thing about a policy that somebody should know. */
export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** `'policy'` for all hosts, or `hosts['…']`. */
  readonly where: string;
  readonly problem: string;
  readonly suggestion: string;
  /** What it was told by, by the names of options and figures. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** What a rule finds, wherever that is. */
export type Found = Omit<Finding, 'where'>;

/** A policy under examination. */
export interface Case {
  /** As they were given: a default is nothing that anybody meant. */
  readonly options: PolicyOptions;
  readonly policy: ResolvedPolicy;
  readonly figures: PolicyFigures;
  readonly traffic: ReadTraffic;
}

export type Rule = (examined: Case) => readonly Found[];
