/**
 * One body for several readers, each at its own pace. What has come is kept until the slowest has read it, up to a
 * bound; whoever is further behind than that when another wants more loses the body.
 */
import { ownBytes } from '../../http/body.ts';

/** A list through its chunks: what all readers have passed is garbage. */
interface Link {
  chunk: Uint8Array | undefined;
  next: Link | undefined;
}

type End = { readonly error: unknown } | 'complete';

export class SharedBody {
  readonly #source: ReadableStreamDefaultReader<Uint8Array>;
  readonly #maxBufferedBytes: number;
  readonly #readers = new Set<BodyReader>();
  #last: Link = { chunk: undefined, next: undefined };
  #end: End | undefined;
  #received = 0;
  #isReading = false;

  constructor(source: ReadableStreamDefaultReader<Uint8Array>, maxBufferedBytes: number) {
    this.#source = source;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  /** One more reader, from the first byte on; all of them are opened before anything is read. */
  open(): BodyReader {
    const reader = new BodyReader(this, this.#last);
    this.#readers.add(reader);
    return reader;
  }

  /** How the body has ended, if the wire has brought all of it. */
  get end(): End | undefined {
    return this.#end;
  }

  close(reader: BodyReader): void {
    if (!this.#readers.delete(reader)) return;
    this.pump();
  }

  cancel(): void {
    this.#source.cancel().catch(() => {});
  }

  /**
   * Reads on as long as somebody waits or there is room: a body that fits comes in at once, and its connection is free
   * whatever its readers do.
   */
  pump(): void {
    if (this.#isReading || this.#end || this.#readers.size === 0) return;
    let isWaited = false;
    let held = 0;
    for (const reader of this.#readers) {
      isWaited ||= reader.isWaiting;
      held = Math.max(held, this.#received - reader.position);
    }
    if (held > this.#maxBufferedBytes) {
      if (!isWaited) return;
      this.#dropLaggards();
    }
    this.#isReading = true;
    this.#source.read().then(
      ({ done, value }) => (done ? this.#finish('complete') : this.#take(value)),
      error => this.#finish({ error }),
    );
  }

  #take(chunk: Uint8Array): void {
    this.#isReading = false;
    // A byte stream takes no empty chunk.
    if (chunk.byteLength > 0) this.#append(chunk);
    this.pump();
  }

  #append(chunk: Uint8Array): void {
    const link: Link = { chunk: undefined, next: undefined };
    this.#last.chunk = chunk;
    this.#last.next = link;
    this.#last = link;
    this.#received += chunk.byteLength;
    this.#serve();
  }

  #finish(end: End): void {
    this.#end = end;
    this.#isReading = false;
    this.#serve();
  }

  #serve(): void {
    for (const reader of this.#readers) reader.serve();
  }

  #dropLaggards(): void {
    for (const reader of this.#readers)
      if (this.#received - reader.position > this.#maxBufferedBytes)
        reader.fail(tooSlow(this.#maxBufferedBytes));
  }
}

/** One of the readers. It must not keep its stream alive: one that was dropped unread is to be noticed. */
export class BodyReader {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #body: SharedBody;
  #at: Link;
  #waiting: { readonly controller: ReadableByteStreamController; readonly resolve: () => void } | undefined;
  #controller: WeakRef<ReadableByteStreamController> | undefined;
  /** In bytes from the beginning. */
  position = 0;

  constructor(body: SharedBody, first: Link) {
    this.#body = body;
    this.#at = first;
    this.stream = new ReadableStream(
      {
        type: 'bytes',
        start: controller => {
          this.#controller = new WeakRef(controller);
        },
        pull: controller =>
          new Promise(resolve => {
            this.#waiting = { controller, resolve };
            this.serve();
            body.pump();
          }),
        cancel: () => this.#leave(),
      },
      { highWaterMark: 0 },
    );
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Hands over what is there, if the stream has asked for it. */
  serve(): void {
    if (!this.#waiting) return;
    const { controller, resolve } = this.#waiting;
    const { chunk, next } = this.#at;
    const { end } = this.#body;
    if (chunk && next) {
      this.#at = next;
      this.position += chunk.byteLength;
      // What is handed over is transferred, and may be changed; the others want the bytes as they came.
      controller.enqueue(ownBytes(chunk));
    } else if (end === 'complete') {
      this.#leave();
      controller.close();
      controller.byobRequest?.respond(0);
    } else if (end) {
      this.#leave();
      controller.error(end.error);
    } else return;
    this.#waiting = undefined;
    resolve();
  }

  /** Ends it before its time. */
  fail(error: unknown): void {
    this.#controller?.deref()?.error(error);
    this.close();
  }

  /** Whoever has read it has left. */
  close(): void {
    this.#waiting?.resolve();
    this.#leave();
  }

  #leave(): void {
    this.#waiting = undefined;
    this.#at = { chunk: undefined, next: undefined };
    this.#body.close(this);
  }
}

/** As `fetch` fails in the middle of a body, and why. */
function tooSlow(maxBytes: number): TypeError {
  const message =
    `The body is shared with other calls (\`coalesce\`) and this one was read more than ${maxBytes} bytes behind them. ` +
    'Read it sooner, raise `coalesce.maxBufferedBytes`, or make this call with `policy: { coalesce: false }`.';
  const cause = Object.assign(new RangeError(message), { code: 'COALESCED_BODY_TOO_SLOW' });
  return new TypeError('terminated', { cause });
}
