/**
 * First come, first served: those who wait for their turn, and leave at once when they are aborted. A list through the
 * waiters themselves, so that one among ten thousand leaves as easily as the only one.
 */
export class WaitingLine {
  #first: Waiter | undefined;
  #last: Waiter | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): Waiter | undefined {
    return this.#first;
  }

  get last(): Waiter | undefined {
    return this.#last;
  }

  /** @internal by way of {@link Waiter} */
  append(waiter: Waiter): void {
    waiter.previous = this.#last;
    if (this.#last) this.#last.next = waiter;
    else this.#first = waiter;
    this.#last = waiter;
    this.#size++;
  }

  /** @internal by way of {@link Waiter} */
  remove(waiter: Waiter): void {
    if (waiter.previous) waiter.previous.next = waiter.next;
    else this.#first = waiter.next;
    if (waiter.next) waiter.next.previous = waiter.previous;
    else this.#last = waiter.previous;
    waiter.next = undefined;
    waiter.previous = undefined;
    this.#size--;
  }
}

/** One who stands in a line until it is let in, sent away, or aborted: whichever comes first, and only that. */
export class Waiter {
  /** Its neighbours; the line's business. */
  next: Waiter | undefined;
  previous: Waiter | undefined;
  /** Settles when it has left the line: with its turn, or with why there is none. */
  readonly turn: Promise<void>;
  readonly #line: WaitingLine;
  readonly #signal: AbortSignal | undefined;
  readonly #onAborted: (() => void) | undefined;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;

  /**
   * @param signal - not aborted yet.
   * @param onAborted - for those behind whom it no longer stands.
   */
  constructor(line: WaitingLine, signal: AbortSignal | undefined, onAborted?: () => void) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.turn = promise;
    this.#line = line;
    this.#signal = signal;
    this.#onAborted = onAborted;
    this.#resolve = resolve;
    this.#reject = reject;
    line.append(this);
    signal?.addEventListener('abort', this);
  }

  letIn(): void {
    this.#leave();
    this.#resolve();
  }

  sendAway(error: unknown): void {
    this.#leave();
    this.#reject(error);
  }

  handleEvent(): void {
    this.sendAway(this.#signal?.reason);
    this.#onAborted?.();
  }

  #leave(): void {
    this.#signal?.removeEventListener('abort', this);
    this.#line.remove(this);
  }
}
