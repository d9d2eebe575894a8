import type { Call } from '../../pipeline/call.ts';
import type { HedgeRefusal } from '../../pipeline/events.ts';
import type { Outcome } from '../../pipeline/outcome.ts';
import type { HedgeRules } from './options.ts';

/** What a hedge was paid with. */
export interface Paid {
  /** Gives it back. */
  refund(): void;
}

/** A budget held too little for a hedge. */
export interface Unpaid {
  /** The host of the outer call whose budget it was; undefined if it was the call's own. */
  readonly emptyBudgetOf: string | undefined;
}

/** What hedging asks of its surroundings. */
export interface HedgeSurroundings {
  /** Whether the call may be sent twice: the rule is that of retries. */
  isRepeatable(call: Call): boolean;
  /** Whether an outcome may pass by itself, so that it is worth waiting for another attempt. */
  isTransient(outcome: Outcome): boolean;
  /** What speaks against one more attempt now: a circuit, a pause, an overload. */
  obstacle(call: Call): HedgeRefusal | undefined;
  /** Pays for one out of the retry budget of the host, and those of the calls that this one is made within. */
  pay(call: Call): Paid | Unpaid;
  /** Puts in what a call that needed no help does; undefined where somebody else fills the budget. */
  readonly refill: ((call: Call) => void) | undefined;
}

/** What holds for every call of a policy. */
export interface HedgeSetting extends HedgeSurroundings {
  readonly rules: HedgeRules;
}
