/**
 * A part of a call that can be aborted on its own, and is aborted with the signal above it.
 *
 * A controller with one listener, added and removed by hand: `AbortSignal.any` keeps about a kilobyte per call
 * on a long-lived signal, and `AbortSignal.timeout` keeps its timer until it fires.
 */
export class Branch {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  #onAbort: ((reason: unknown) => void) | undefined;

  /** @param onAbort - hears the first abort, its own or its parent's, after everyone on the signal has. */
  constructor(parent: AbortSignal | undefined, onAbort: (reason: unknown) => void) {
    this.#parent = parent;
    this.#onAbort = onAbort;
    parent?.addEventListener('abort', this.#follow);
    if (parent?.aborted) queueMicrotask(this.#follow);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #follow = (): void => this.abort(this.#parent?.reason);

  abort(reason: unknown): void {
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(reason);
    const onAbort = this.#onAbort;
    this.release();
    onAbort?.(reason);
  }

  /** Hears the abort from now on in place of the listener before. */
  set onAbort(listener: (reason: unknown) => void) {
    this.#onAbort = listener;
  }

  /** Lets go of the parent: the work of this branch is over. */
  release(): void {
    this.#parent?.removeEventListener('abort', this.#follow);
    this.#onAbort = undefined;
  }
}
