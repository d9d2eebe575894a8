import { Waiter, WaitingLine } from '../../pipeline/waiting-line.ts';
import { type BulkheadLimits, type Priority, priorities } from './limits.ts';

/** Those of one priority who wait. */
interface Rank {
  readonly line: WaitingLine;
  /** How many of a higher rank have been let in since the first of this one began to be passed over. */
  overtaken: number;
}

/** One permit for each call under way, and those who wait for one. Knows neither calls nor time. */
export class Permits {
  /** Calls that were refused for lack of room, or gave up their place to one that matters more. */
  refused = 0;
  #limits: BulkheadLimits;
  #inUse = 0;
  readonly #ranks: readonly Rank[] = priorities.map(() => ({ line: new WaitingLine(), overtaken: 0 }));

  constructor(limits: BulkheadLimits) {
    this.#limits = limits;
  }

  get limits(): BulkheadLimits {
    return this.#limits;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#ranks.reduce((sum, { line }) => sum + line.size, 0);
  }

  /** From now on other limits hold. Whoever fits now is let in; whoever waits keeps its place, also beyond a shorter queue. */
  adopt(limits: BulkheadLimits): void {
    this.#limits = limits;
    this.#letIn();
  }

  /** Nobody waits while there is a permit to be had, so that who comes now overtakes no one. */
  tryAcquire(): boolean {
    if (this.#inUse >= this.#limits.maxConcurrent) return false;
    this.#inUse++;
    return true;
  }

  /** Bound, since it is handed to the end of each body. */
  readonly release = (): void => {
    this.#inUse--;
    this.#letIn();
  };

  /**
   * A place in the queue; undefined if there is none. With its turn comes a permit.
   *
   * @param giveUp - what the one is sent away with who has to make room: the latest of the least important, if any
   * matters less.
   */
  queue(priority: Priority, signal: AbortSignal | undefined, giveUp: () => unknown): Place | undefined {
    const rank = priorities.indexOf(priority);
    if (this.waiting >= this.#limits.maxQueued && !this.#displaceBelow(rank)) {
      this.refused++;
      return undefined;
    }
    return new Place((this.#ranks[rank] as Rank).line, signal, giveUp);
  }

  #displaceBelow(rank: number): boolean {
    if (this.#limits.maxQueued === 0) return false;
    const last = this.#ranks.findLast(({ line }, index) => index > rank && line.size > 0)?.line.last;
    if (!(last instanceof Place)) return false;
    this.refused++;
    last.sendAway(last.giveUp());
    return true;
  }

  #letIn(): void {
    while (this.#inUse < this.#limits.maxConcurrent) {
      const rank = this.#nextRank();
      if (rank === undefined) return;
      this.#inUse++;
      this.#countOvertaking(rank);
      (this.#ranks[rank] as Rank).line.first?.letIn();
    }
  }

  /** The most important, unless a less important one has been overtaken often enough: then the one that was most often. */
  #nextRank(): number | undefined {
    let next: number | undefined;
    let most = 0;
    for (const [index, { line, overtaken }] of this.#ranks.entries()) {
      if (line.size === 0) continue;
      const isDue = next === undefined || (overtaken >= this.#limits.maxOvertakes && overtaken > most);
      if (!isDue) continue;
      next = index;
      most = overtaken;
    }
    return next;
  }

  #countOvertaking(chosen: number): void {
    for (const [index, rank] of this.#ranks.entries()) {
      if (index === chosen || rank.line.size === 0) rank.overtaken = 0;
      else if (index > chosen) rank.overtaken++;
    }
  }
}

/** Somebody's place in the queue. */
export class Place extends Waiter {
  readonly giveUp: () => unknown;

  constructor(line: WaitingLine, signal: AbortSignal | undefined, giveUp: () => unknown) {
    super(line, signal);
    this.giveUp = giveUp;
  }
}
