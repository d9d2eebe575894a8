/**
 * A response that failed is set aside while its call is tried again: read to its end, so that its connection can serve the
 * next attempt, and kept until that has gone out, in case it does not. One that is too long for that is let go at once: a
 * socket is not held through a back-off.
 */
import { ownBytes } from './body.ts';
import { discard, maxDrainBytes } from './drain.ts';
import { madeResponse } from './made-response.ts';

export interface SetAside {
  /** Nobody will want it. A body that has not ended by then is cancelled, which closes an HTTP/1 connection. */
  letGo(): void;
  /** The response as it came, the body from its beginning; undefined if it was let go. */
  takeBack(): Response | undefined;
}

export function setAside(response: Response): SetAside {
  const { body } = response;
  return typeof body?.getReader === 'function' && !body.locked
    ? new Kept(response, body)
    : new Left(response);
}

/** One whose body is not ours to read. */
class Left implements SetAside {
  #response: Response | undefined;

  constructor(response: Response) {
    this.#response = response;
  }

  letGo(): void {
    if (this.#response) discard(this.#response);
    this.#response = undefined;
  }

  takeBack(): Response | undefined {
    return this.#response;
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

class Kept implements SetAside {
  readonly #response: Response;
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  #chunks: Bytes[] | undefined = [];
  #isTakenBack = false;
  /** Settles when nobody reads ahead any more. */
  readonly #reading: Promise<void>;

  constructor(response: Response, body: ReadableStream<Bytes>) {
    this.#response = response;
    this.#reader = body.getReader();
    if (Number(response.headers.get('content-length')) > maxDrainBytes) this.letGo();
    this.#reading = this.#readAhead();
  }

  letGo(): void {
    if (!this.#chunks || this.#isTakenBack) return;
    this.#chunks = undefined;
    this.#reader.cancel().catch(() => {});
  }

  takeBack(): Response | undefined {
    if (!this.#chunks) return undefined;
    this.#isTakenBack = true;
    const { status, statusText, headers, url, type, redirected } = this.#response;
    return madeResponse(this.#stream(), { status, statusText, headers }, { url, type, redirected });
  }

  async #readAhead(): Promise<void> {
    try {
      for (let left = maxDrainBytes; this.#chunks && !this.#isTakenBack; ) {
        const { done, value } = await this.#reader.read();
        if (done) return;
        this.#chunks?.push(value);
        left -= value.byteLength;
        if (left < 0 && !this.#isTakenBack) this.letGo();
      }
    } catch {
      // Whoever reads on hears of it.
    }
  }

  #stream(): ReadableStream<Bytes> {
    return new ReadableStream(
      {
        type: 'bytes',
        pull: async controller => {
          await this.#reading;
          const value = await this.#next();
          if (value) {
            controller.enqueue(value);
            return;
          }
          controller.close();
          controller.byobRequest?.respond(0);
        },
        cancel: reason => this.#reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** A byte stream takes no empty chunk. */
  async #next(): Promise<Bytes | undefined> {
    for (;;) {
      const value = this.#chunks?.shift() ?? (await this.#reader.read()).value;
      if (value?.byteLength !== 0) return value && ownBytes(value);
    }
  }
}
