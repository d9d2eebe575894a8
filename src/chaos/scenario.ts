/** Rules that are in force, and what waits because of them. */

import type { CallRequest } from '../pipeline/call.ts';
import type { Clock, Random, Timer } from '../pipeline/clock.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import type { ChaosFault, ReadRules } from './options.ts';
import { isIn } from './scope.ts';

export type BodyFault = Extract<ChaosFault, { type: 'truncate' | 'slow-body' | 'corrupt' }>;
export type EndingFault = Exclude<ChaosFault, BodyFault | { type: 'latency' }>;

/** What an attempt is to suffer. */
export interface Plan {
  readonly delayMs: number;
  /** In place of the service's answer; the first that strikes. */
  readonly ending: EndingFault | undefined;
  /** What becomes of the body of the service's answer. */
  readonly body: readonly BodyFault[];
  /** The types of all that strikes, in the order of the rules. */
  readonly faults: readonly ChaosFault['type'][];
}

export class Scenario {
  readonly rules: ReadRules;
  readonly #random: Random | undefined;
  readonly #holds = new Set<Hold>();
  #isOver = false;

  constructor(rules: ReadRules) {
    this.rules = rules;
    this.#random = rules.seed === undefined ? undefined : seededRandom(rules.seed);
  }

  /** Whether other rules have taken its place, or none. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lets go of everything that it holds up. */
  end(): void {
    this.#isOver = true;
    for (const hold of [...this.#holds]) hold.end();
  }

  /** Undefined if nothing strikes. Draws as often for the same request, whatever comes of it. */
  plan(request: CallRequest, random: Random): Plan | undefined {
    const draw = this.#random ?? random;
    const { scope, faults } = this.rules;
    if (!isIn(scope, request)) return undefined;
    const struck = faults
      .filter(({ scope }) => isIn(scope, request))
      .map(({ fault, rate }) => ({ fault, isStruck: draw() < rate, chance: isRange(fault) ? draw() : 0 }))
      .filter(({ isStruck }) => isStruck);
    if (struck.length === 0) return undefined;
    const ending = struck.map(({ fault }) => fault).find(isEnding);
    const suffered = struck.filter(
      ({ fault }) => fault.type === 'latency' || (ending ? fault === ending : true),
    );
    return {
      delayMs: suffered.reduce((sum, { fault, chance }) => sum + delayOf(fault, chance), 0),
      ending,
      body: suffered.map(({ fault }) => fault).filter(isOfBody),
      faults: suffered.map(({ fault }) => fault.type),
    };
  }

  /** @param delayMs - Infinity for until it is let go. */
  hold(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Hold {
    const hold = new Hold(clock, delayMs, signal, () => this.#holds.delete(hold));
    if (this.#isOver) hold.end();
    else if (!hold.isOver) this.#holds.add(hold);
    return hold;
  }
}

/** Something that waits: until its time is over, it is let go, or the signal aborts. */
export class Hold {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #pending = Promise.withResolvers<void>();
  readonly #onEnd: () => void;
  readonly #onAbort = (): void => {
    this.#letGo();
    this.#pending.reject(this.#signal?.reason);
  };
  #timer: Timer;
  #isOver = false;

  constructor(clock: Clock, delayMs: number, signal: AbortSignal | undefined, onEnd: () => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#onEnd = onEnd;
    if (signal?.aborted) {
      this.#isOver = true;
      this.#pending.reject(signal.reason);
      return;
    }
    if (delayMs !== Number.POSITIVE_INFINITY) this.#timer = clock.setTimer(() => this.end(), delayMs);
    signal?.addEventListener('abort', this.#onAbort);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Rejects with the signal's reason if that aborts. */
  get done(): Promise<void> {
    return this.#pending.promise;
  }

  end(): void {
    if (this.#isOver) return;
    this.#letGo();
    this.#pending.resolve();
  }

  #letGo(): void {
    this.#isOver = true;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#onEnd();
  }
}

const isOfBody = (fault: ChaosFault): fault is BodyFault =>
  fault.type === 'truncate' || fault.type === 'slow-body' || fault.type === 'corrupt';

const isEnding = (fault: ChaosFault): fault is EndingFault => fault.type !== 'latency' && !isOfBody(fault);

const isRange = (fault: ChaosFault): boolean => fault.type === 'latency' && fault.maxDelayMs !== undefined;

function delayOf(fault: ChaosFault, chance: number): number {
  if (fault.type !== 'latency') return 0;
  const { delayMs, maxDelayMs = delayMs } = fault;
  return delayMs + chance * (maxDelayMs - delayMs);
}
