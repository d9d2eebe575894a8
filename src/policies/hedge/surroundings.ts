import type { Call } from '../../pipeline/call.ts';
import type { HedgeRefusal } from '../../pipeline/events.ts';
import type { Outcome } from '../../pipeline/outcome.ts';
import type { HedgeRules } from './options.ts';

/** What hedges are paid from: the retry budget of the host. */
export interface Allowance {
  costOf(timedOut: boolean): number;
  tryWithdraw(cost: number): boolean;
  /** Without a number: what a call that needed no help puts in. */
  deposit(tokens?: number): void;
}

/** What hedging asks of its surroundings. */
export interface HedgeSurroundings {
  /** Whether the call may be sent twice: the rule is that of retries. */
  isRepeatable(call: Call): boolean;
  /** Whether an outcome may pass by itself, so that it is worth waiting for another attempt. */
  isTransient(outcome: Outcome): boolean;
  /** What speaks against one more attempt now: a circuit, a pause, an overload. */
  obstacle(call: Call): HedgeRefusal | undefined;
  /** Undefined where the host is to be hedged without one. */
  allowance(call: Call): Allowance | undefined;
  /** Whether nobody else fills the allowance. */
  readonly refills: boolean;
}

/** What holds for every call of a policy. */
export interface HedgeSetting extends HedgeSurroundings {
  readonly rules: HedgeRules;
}
