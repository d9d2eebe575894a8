import type { Clock, Timer } from '../pipeline/clock.ts';

/**
 * A limit for the body of an answer whose call has none: where streams may last for ever, all that is no stream must not.
 */
export class BodyLimit {
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  /** Aborts with the caller's signal, or when the time is up. */
  readonly signal: AbortSignal;
  #timer: Timer;

  constructor(clock: Clock, caller: AbortSignal | null | undefined) {
    this.#clock = clock;
    const { signal } = this.#controller;
    this.signal = caller ? AbortSignal.any([caller, signal]) : signal;
  }

  /** From now on the body has so long. */
  begin(limitMs: number, newError: () => Error): void {
    this.#timer = this.#clock.setTimer(() => this.#controller.abort(newError()), limitMs);
  }

  /** The body has come, or is one that may take its time. */
  lift(): void {
    this.#clock.clearTimer(this.#timer);
  }
}
