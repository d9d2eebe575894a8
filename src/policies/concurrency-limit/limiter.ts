import { Aimd } from './aimd.ts';
import type { Algorithm, Sample } from './algorithm.ts';
import { Gradient } from './gradient.ts';
import type { ConcurrencyLimits } from './limits.ts';

/** The gate before one host: how many attempts are under way, and who waits for others to end. */
export class Limiter {
  #algorithm: Algorithm;
  /** In the order in which they came. */
  readonly #waiters = new Set<() => void>();
  /** Attempts that have come in and not left yet, those that wait included. */
  #inside = 0;

  constructor(limits: ConcurrencyLimits) {
    this.#algorithm = begin(limits);
  }

  get limits(): ConcurrencyLimits {
    return this.#algorithm.limits;
  }

  /** From now on other limits hold, and whoever fits now is let in; another algorithm begins anew. */
  adopt(limits: ConcurrencyLimits): void {
    if (limits.algorithm === this.limits.algorithm) this.#algorithm.limits = limits;
    else this.#algorithm = begin(limits);
    this.#letIn();
  }

  /** There is no limit any more, and nothing is known of the host. */
  open(): void {
    this.#algorithm = new Aimd({ ...this.limits, algorithm: 'aimd', maxLimit: Number.POSITIVE_INFINITY });
    this.#letIn();
  }

  /** A whole number, or Infinity. */
  get limit(): number {
    return Math.floor(this.#algorithm.limit);
  }

  get isOverloaded(): boolean {
    return this.#algorithm.isOverloaded;
  }

  /** The same as one that came now would find it, for whoever only looks: nothing moves, and nobody is told. */
  isOverloadedAt(now: number): boolean {
    return this.#algorithm.isOverloadedAt(now);
  }

  /** The limit as one that came now would find it. */
  limitAt(now: number): number {
    return Math.floor(this.#algorithm.limitAt(now));
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  get inFlight(): number {
    return this.#inside - this.#waiters.size;
  }

  /** Whether one that came now would have to wait, or be refused. */
  get isBusy(): boolean {
    return this.inFlight >= this.limit;
  }

  /** Whether one that came now would be refused. */
  get isFull(): boolean {
    return this.isBusy && !this.#hasSeat;
  }

  get #hasSeat(): boolean {
    return this.#algorithm.isHolding || this.#waiters.size < this.limit * this.limits.queueRatio;
  }

  /** How long one that comes now may wait, at most. */
  queueMs(timeoutMs: number): number {
    const { maxQueueMs } = this.limits;
    return this.#algorithm.isHolding && timeoutMs !== Number.POSITIVE_INFINITY ? timeoutMs : maxQueueMs;
  }

  /** Comes in. Each that does has to {@link leave}, whatever becomes of it. */
  enter(now: number): 'go' | 'wait' | 'full' {
    this.#algorithm.passTime(now);
    // A limit that is gone is gone for those who came before, too.
    if (this.#waiters.size > 0) this.#letIn();
    this.#inside++;
    // Nobody waits as long as there is room, so that this is room for the latest to come.
    if (this.#inside <= this.#algorithm.limit) return 'go';
    this.#algorithm.onFull(now);
    return this.#hasSeat ? 'wait' : 'full';
  }

  /** `admit` is called when it is its turn. */
  queue(admit: () => void): void {
    this.#waiters.add(admit);
  }

  /** Does nothing for one that was admitted. */
  leaveQueue(admit: () => void): void {
    this.#waiters.delete(admit);
  }

  /** Leaves its place to others for a while, and has to {@link stepIn} or {@link enter} again. */
  stepOut(): void {
    this.#inside--;
    this.#letIn();
  }

  /** Is back without need of a place, only to {@link leave}. */
  stepIn(): void {
    this.#inside++;
  }

  leave(sample: Omit<Sample, 'inFlight'>): void {
    const { inFlight } = this;
    this.#inside--;
    this.#algorithm.take({ ...sample, inFlight });
    this.#letIn();
  }

  #letIn(): void {
    for (const admit of this.#waiters) {
      if (this.inFlight >= this.limit) return;
      this.#waiters.delete(admit);
      admit();
    }
  }
}

const begin = (limits: ConcurrencyLimits): Algorithm =>
  limits.algorithm === 'gradient' ? new Gradient(limits) : new Aimd(limits);
