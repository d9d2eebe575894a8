import { type Allowance, livingOuters, type OuterCall } from '../../pipeline/outer-call.ts';

/** What a retry, or a hedge, has cost, which comes back if it succeeds, or is not made after all. */
export class Payment {
  readonly #parts: readonly Part[];
  readonly #outers: readonly OuterCall[];
  #isRefunded = false;

  /** @param outers - the calls among whose retries it counts. */
  constructor(parts: readonly Part[], outers: readonly OuterCall[]) {
    this.#parts = parts;
    this.#outers = outers;
    for (const outer of outers) outer.countRetry(1);
  }

  refund(): void {
    if (this.#isRefunded) return;
    this.#isRefunded = true;
    giveBack(this.#parts);
    for (const outer of this.#outers) outer.countRetry(-1);
  }
}

interface Part {
  readonly allowance: Allowance;
  readonly cost: number;
}

/** Which budget had too little: that of the call's own host, or of a call that it is made within. */
export interface Unpaid {
  readonly by: 'own' | OuterCall;
}

/**
 * Pays for a retry: out of the budget of the host, and out of those of the calls that this one is made within, each by
 * its own price. All of them, or none.
 *
 * @param isHedge - it is beside an attempt and not after one, so that it counts among nobody's retries.
 */
export function pay(
  own: Allowance | undefined,
  outer: OuterCall | undefined,
  timedOut: boolean,
  isHedge = false,
): Payment | Unpaid {
  const outers = [...livingOuters(outer)];
  const parts: Part[] = [];
  for (const by of ['own' as const, ...outers]) {
    const allowance = by === 'own' ? own : by.allowance;
    // A call to the same host by the same client has the same budget.
    if (!allowance || parts.some(part => part.allowance === allowance)) continue;
    const cost = allowance.costOf(timedOut);
    if (!allowance.tryWithdraw(cost)) {
      giveBack(parts);
      return { by };
    }
    parts.push({ allowance, cost });
  }
  return new Payment(parts, isHedge ? [] : outers);
}

function giveBack(parts: readonly Part[]): void {
  for (const { allowance, cost } of parts) allowance.deposit(cost);
}
