/**
 * The body of a response on its way in. Keeps what has come until somebody reads it, and stops the connection when that
 * grows: a slow reader costs the server its patience, and not us our memory.
 */
import { type BodyEnd, BodyLease, endedLease } from '../../http/body-lease.ts';

/** What of undici's controller is of use here. */
export interface Wire {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** As much as the socket hands over at a time. */
const maxHeldBytes = 65_536;

interface Reader {
  /** Hears of each chunk, and is asked whether that is enough for now. */
  readonly take: (chunk: Uint8Array) => void;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
  /** Keeps the response from being collected, and so counted as dropped, while it is read. */
  readonly owner: object;
}

/** Never refers to the response, except while that is read. */
export class IncomingBody {
  readonly #wire: Wire;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #state: 'open' | 'complete' | 'failed' = 'open';
  #error: unknown;
  /** How it broke off. */
  #end: BodyEnd | undefined;
  #reader: Reader | undefined;
  #lease: BodyLease | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Over when the last byte has come, also if nobody has read it: there is nothing left to hold open. */
  get lease(): BodyLease {
    if (this.#lease) return this.#lease;
    if (this.#state === 'complete') return endedLease;
    this.#lease = new BodyLease();
    // What is wrong within the packet of the headers is found before anybody has asked.
    if (this.#end) this.#lease.end(this.#end);
    this.#lease.onBodyEnd(({ kind }) => {
      if (kind === 'collected') this.cancel();
    });
    return this.#lease;
  }

  /** Why it broke off, if it has, and not because its reader gave it up. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#end && this.#end.kind !== 'cancelled' ? { error: this.#error } : undefined;
  }

  push(chunk: Uint8Array): void {
    // At the end of a connection undici hands over what is left, which may be nothing.
    if (this.#state !== 'open' || chunk.byteLength === 0) return;
    if (this.#reader) {
      this.#reader.take(chunk);
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    if (this.#heldBytes >= maxHeldBytes) this.#wire.pause();
  }

  finish(): void {
    if (this.#state !== 'open') return;
    this.#state = 'complete';
    this.#take()?.end();
    this.#lease?.end({ kind: 'complete' });
  }

  /** What came before it is lost, as with `fetch`. */
  fail(error: unknown): void {
    this.#breakOff(error, { kind: 'failed', error });
  }

  /** Its call is over: `end` says whether the server had a part in that. */
  abort(reason: unknown, end: BodyEnd): void {
    this.#breakOff(reason, end);
  }

  /** It is not what it says it is: what is yet to come is of no use. */
  giveUp(error: Error): void {
    this.#breakOff(error, { kind: 'failed', error }, error);
  }

  /** Its reader does not want the rest. */
  cancel(reason: Error = new Error('The body was cancelled')): void {
    this.#breakOff(reason, { kind: 'cancelled' }, reason);
  }

  /** All of it, if it is all there and not too much. */
  takeWhole(maxBytes: number): Uint8Array[] | undefined {
    if (this.#state !== 'complete' || (maxBytes > 0 && this.#heldBytes > maxBytes)) return undefined;
    return this.#takeHeld();
  }

  /** Reads to the end. `take` gets each chunk, and stops the body by throwing. */
  readAll(owner: object, take: (chunk: Uint8Array) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const safely = (chunk: Uint8Array): void => {
        try {
          take(chunk);
        } catch (error) {
          reject(error);
          this.cancel(error as Error);
        }
      };
      for (const chunk of this.#takeHeld()) safely(chunk);
      if (this.#state === 'complete') resolve();
      else if (this.#state === 'failed') reject(this.#error);
      else this.#wait({ take: safely, end: resolve, fail: reject, owner });
    });
  }

  /** The next chunk; undefined at the end. One at a time. */
  next(owner: object): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      const held = this.#held.shift();
      if (held) {
        this.#heldBytes -= held.byteLength;
        resolve(held);
      } else if (this.#state === 'complete') resolve(undefined);
      else if (this.#state === 'failed') reject(this.#error);
      else {
        const take = (chunk: Uint8Array): void => {
          this.#take();
          resolve(chunk);
        };
        this.#wait({ take, end: () => resolve(undefined), fail: reject, owner });
      }
    });
  }

  #wait(reader: Reader): void {
    this.#reader = reader;
    this.#wire.resume();
  }

  #take(): Reader | undefined {
    const reader = this.#reader;
    this.#reader = undefined;
    return reader;
  }

  #takeHeld(): Uint8Array[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  /** @param wireReason - for the connection, if that does not know. */
  #breakOff(error: unknown, end: BodyEnd, wireReason?: Error): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    this.#error = error;
    this.#end = end;
    this.#takeHeld();
    this.#take()?.fail(error);
    if (wireReason) this.#wire.abort(wireReason);
    this.#lease?.end(end);
  }
}
