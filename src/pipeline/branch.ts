/**
 * A part of a call that can be aborted on its own, and is aborted with the signal above it.
 *
 * A controller with one listener, added and removed by hand: `AbortSignal.any` keeps about a kilobyte per call
 * on a long-lived signal, and `AbortSignal.timeout` keeps its timer until it fires.
 */
export class Branch {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #onAbort: (reason: unknown) => void;

  /**
   * @param parent - not aborted yet.
   * @param onAbort - hears the first abort, its own or its parent's, after everyone on the signal has.
   */
  constructor(parent: AbortSignal | undefined, onAbort: (reason: unknown) => void) {
    this.#parent = parent;
    this.#onAbort = onAbort;
    parent?.addEventListener('abort', this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The parent has aborted. Listening as an object spares a function per branch. */
  handleEvent(): void {
    this.abort(this.#parent?.reason);
  }

  abort(reason: unknown): void {
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(reason);
    this.release();
    this.#onAbort(reason);
  }

  /** Lets go of the parent: the work of this branch is over. */
  release(): void {
    this.#parent?.removeEventListener('abort', this);
  }
}
