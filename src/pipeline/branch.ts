import { createStamp } from '../http/stamp.ts';

/** What hangs from something that aborts, and is aborted with it. */
export interface Hanging {
  /** Its neighbours on the same stem; the stem's business. */
  next: Hanging | undefined;
  previous: Hanging | undefined;
  abort(reason: unknown): void;
}

/**
 * Something that aborts, and what hangs from it, in the order in which they came: a list through themselves, so that one
 * among ten thousand leaves as easily as the only one.
 */
export abstract class Stem {
  #first: Hanging | undefined;
  #last: Hanging | undefined;

  /** Whether it is the first. */
  adopt(child: Hanging): boolean {
    const isFirst = this.#first === undefined;
    child.previous = this.#last;
    if (this.#last) this.#last.next = child;
    else this.#first = child;
    this.#last = child;
    return isFirst;
  }

  /** Whether it has left us with none. */
  drop(child: Hanging): boolean {
    if (child.previous) child.previous.next = child.next;
    else if (this.#first === child) this.#first = child.next;
    if (child.next) child.next.previous = child.previous;
    else if (this.#last === child) this.#last = child.previous;
    child.next = undefined;
    child.previous = undefined;
    return this.#first === undefined;
  }

  protected abortBranches(reason: unknown): void {
    while (this.#first) {
      const first = this.#first;
      this.drop(first);
      first.abort(reason);
    }
  }
}

/**
 * A part of a call that can be aborted on its own, and is aborted with the signal above it.
 *
 * A controller of its own, let go by hand: `AbortSignal.any` keeps about a kilobyte per call on a long-lived signal, and
 * `AbortSignal.timeout` keeps its timer until it fires. Between branches there are no event listeners, and one on the
 * signal of a caller serves all the calls that are on it: an event target's bookkeeping is dear.
 */
export abstract class Branch extends Stem implements Hanging {
  readonly #controller = new AbortController();
  readonly #stem: Stem | undefined;
  next: Hanging | undefined;
  previous: Hanging | undefined;

  /**
   * @param parent - not aborted yet.
   * @param hasBranches - whether others will hang from it. A signal that goes to a transport had better know nothing of
   * us: undici keeps it until a full collection.
   */
  constructor(parent: AbortSignal | undefined, hasBranches: boolean) {
    super();
    if (hasBranches) stems.set(this.#controller.signal, this);
    this.#stem = parent && stemOf(parent);
    this.#stem?.adopt(this);
  }

  /** Hears the first abort, its own or its parent's, after everyone on the signal has. */
  protected abstract onAbort(reason: unknown): void;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    // First, so that a listener who aborts the parent does not come by here again.
    this.release();
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(reason);
    this.abortBranches(reason);
    this.onAbort(reason);
  }

  /** Lets go of the parent: the work of this branch is over. */
  release(): void {
    this.#stem?.drop(this);
  }
}

/** Why a signal has aborted. One of another make than the runtime's, such as a polyfill's, may not say. */
export function reasonOf(signal: Pick<AbortSignal, 'reason'>): unknown {
  const { reason } = signal;
  return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
}

/** A signal that is not ours. Listens to it as long as anything hangs from it. */
class ForeignStem extends Stem {
  readonly #signal: AbortSignal;
  /** Those of another make may call nothing but functions. */
  readonly #listener = (): void => this.abortBranches(reasonOf(this.#signal));

  constructor(signal: AbortSignal) {
    super();
    this.#signal = signal;
  }

  override adopt(child: Hanging): boolean {
    const isFirst = super.adopt(child);
    if (isFirst) this.#signal.addEventListener('abort', this.#listener);
    return isFirst;
  }

  override drop(child: Hanging): boolean {
    const isBare = super.drop(child);
    if (isBare) this.#signal.removeEventListener('abort', this.#listener);
    return isBare;
  }
}

const stems = createStamp<Stem>();

/** What hangs from a signal, ours or anybody's. */
export function stemOf(signal: AbortSignal): Stem {
  const known = stems.get(signal);
  if (known) return known;
  const stem = new ForeignStem(signal);
  if (Object.isExtensible(signal)) stems.set(signal, stem);
  return stem;
}
