import { createStamp } from '../http/stamp.ts';

/**
 * A part of a call that can be aborted on its own, and is aborted with the signal above it.
 *
 * A controller with one listener, added and removed by hand: `AbortSignal.any` keeps about a kilobyte per call
 * on a long-lived signal, and `AbortSignal.timeout` keeps its timer until it fires. Below another branch there is no
 * listener at all: a branch knows those that hang from it, which spares every call an event target's bookkeeping.
 */
export abstract class Branch {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | Branch | undefined;
  /** Those that hang from this one, as a list through themselves: one as a rule, and any number at no more cost. */
  #child: Branch | undefined;
  #next: Branch | undefined;
  #previous: Branch | undefined;

  /**
   * @param parent - not aborted yet.
   * @param hasBranches - whether others will hang from it. A signal that goes to a transport had better know nothing of
   * us: undici keeps it until a full collection.
   */
  constructor(parent: AbortSignal | undefined, hasBranches: boolean) {
    if (hasBranches) branches.set(this.#controller.signal, this);
    this.#parent = parent && (branches.get(parent) ?? parent);
    if (this.#parent instanceof Branch) this.#parent.#adopt(this);
    else this.#parent?.addEventListener('abort', this);
  }

  /** Hears the first abort, its own or its parent's, after everyone on the signal has. */
  protected abstract onAbort(reason: unknown): void;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The caller's signal has aborted. Listening as an object spares a function per branch. */
  handleEvent(event: Event): void {
    this.abort((event.target as AbortSignal).reason);
  }

  abort(reason: unknown): void {
    if (this.#controller.signal.aborted) return;
    // First, so that a listener who aborts the parent does not come by here again.
    this.release();
    this.#controller.abort(reason);
    while (this.#child) this.#child.abort(reason);
    this.onAbort(reason);
  }

  /** Lets go of the parent: the work of this branch is over. */
  release(): void {
    if (this.#parent instanceof Branch) this.#parent.#drop(this);
    else this.#parent?.removeEventListener('abort', this);
  }

  #adopt(child: Branch): void {
    child.#next = this.#child;
    if (this.#child) this.#child.#previous = child;
    this.#child = child;
  }

  #drop(child: Branch): void {
    if (child.#next) child.#next.#previous = child.#previous;
    if (child.#previous) child.#previous.#next = child.#next;
    else if (this.#child === child) this.#child = child.#next;
    child.#next = undefined;
    child.#previous = undefined;
  }
}

/** The branch that a signal is of, if it is one of ours. */
const branches = createStamp<Branch>();
