/** A call that has not ended yet, as {@link OpenCalls} keeps it. */
export interface OpenCall {
  /** Ends it, and its response's body. */
  close(): void;
  /** Where it stands; nobody else's business. */
  place: number;
}

/**
 * The calls that have not ended yet, for whoever has to end them all.
 *
 * An array without gaps, since the last one moves to where one has left. Not a `Map`: V8 makes it a new table every
 * few calls, and an old table that has become garbage holds on to the next one and to the calls in it until a full
 * collection. That alone doubled the cost of a call.
 */
export class OpenCalls {
  readonly #calls: OpenCall[] = [];
  #isClosed = false;

  /** One that comes after all were closed is closed at once. */
  add(call: OpenCall): void {
    call.place = this.#calls.push(call) - 1;
    if (this.#isClosed) call.close();
  }

  /** Does nothing if it has left already. */
  remove(call: OpenCall): void {
    if (this.#calls[call.place] !== call) return;
    const last = this.#calls.pop() as OpenCall;
    if (last === call) return;
    this.#calls[call.place] = last;
    last.place = call.place;
  }

  closeAll(): void {
    this.#isClosed = true;
    for (const call of [...this.#calls]) call.close();
  }
}
