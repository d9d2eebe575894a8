/**
 * A response of our own making that is a `Response` to everybody: an instance of it, with all its members. What most
 * callers want, the status and the whole body, comes without web streams; the rest is made when it is asked for.
 */
import { Readable } from 'node:stream';
import { ownBytes } from '../../http/body.ts';
import { type BodyLease, endedLease, ownLease, shareLease } from '../../http/body-lease.ts';
import { reasonOf } from '../../pipeline/branch.ts';
import { decode } from './content-coding.ts';
import type { IncomingBody } from './incoming-body.ts';
import { type RawHeaders, ResponseHeaders } from './response-headers.ts';

/** What a response is made of. */
export interface ResponseParts {
  /** Without its fragment. */
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: RawHeaders;
  /** Undefined where there is none, as after HEAD. */
  readonly body: IncomingBody | undefined;
  /** In the order in which they were applied. */
  readonly codings: readonly string[];
  /** The caller's: a body is lost when it aborts, also one that has come in whole. */
  readonly signal: Pick<AbortSignal, 'aborted' | 'reason'> | undefined;
  readonly limits: BodyLimits;
}

/** In bytes, after decompression; 0 for none. */
export interface BodyLimits {
  readonly streamed: number;
  readonly buffered: number;
}

const utf8 = new TextDecoder();

type WholeReader = 'arrayBuffer' | 'blob' | 'bytes' | 'formData' | 'json' | 'text';

export class WireResponse {
  readonly #parts: ResponseParts;
  #headers: Headers | undefined;
  /** As soon as somebody has asked for it. */
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #isRead = false;

  constructor(parts: ResponseParts) {
    this.#parts = parts;
  }

  get type(): ResponseType {
    return 'basic';
  }

  get url(): string {
    return this.#parts.url;
  }

  get redirected(): boolean {
    return false;
  }

  get status(): number {
    return this.#parts.status;
  }

  get ok(): boolean {
    const { status } = this.#parts;
    return status >= 200 && status <= 299;
  }

  get statusText(): string {
    return this.#parts.statusText;
  }

  get headers(): Headers {
    this.#headers ??= new ResponseHeaders(this.#parts.headers);
    return this.#headers;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (!this.#parts.body) return null;
    this.#stream ??= this.#isRead ? readStream(this.#parts.body.failure) : this.#newStream(this.#parts.body);
    return this.#stream;
  }

  get bodyUsed(): boolean {
    return this.#isRead || (this.#stream !== undefined && Readable.isDisturbed(this.#stream as never));
  }

  /** Over with the last byte from the wire. */
  get lease(): BodyLease {
    return this.#parts.body?.lease ?? endedLease;
  }

  clone(): Response {
    if (this.#isUnusable()) throw new TypeError('Response.clone: Body has already been consumed.');
    const copy = new WireResponse(this.#parts);
    const { body } = this;
    if (body) [this.#stream, copy.#stream] = body.tee();
    shareLease(asResponse(this), asResponse(copy));
    return asResponse(copy);
  }

  text(): Promise<string> {
    return this.#read('text', chunks => utf8.decode(joined(chunks)));
  }

  json(): Promise<unknown> {
    return this.#read('json', chunks => JSON.parse(utf8.decode(joined(chunks))));
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#read('bytes', copied);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#read('arrayBuffer', chunks => copied(chunks).buffer);
  }

  blob(): Promise<Blob> {
    return this.#read('blob', chunks => this.#native(copied(chunks)).blob());
  }

  formData(): Promise<FormData> {
    return this.#read('formData', chunks => this.#native(copied(chunks)).formData());
  }

  async #read<Value>(
    reader: WholeReader,
    make: (chunks: readonly Uint8Array[]) => Value | Promise<Value>,
  ): Promise<Value> {
    if (this.#isUnusable()) throw new TypeError('Body is unusable: Body has already been read');
    const { body, signal } = this.#parts;
    if (!body) return make([]);
    // Somebody has had the stream, or a part of it in a clone: from here on it is all there is.
    if (this.#stream) {
      const stream = limited(this.#stream, this.#parts.limits.buffered);
      return this.#native(stream)[reader]() as Promise<Value>;
    }
    this.#isRead = true;
    if (signal?.aborted) throw reasonOf(signal);
    const { codings, limits } = this.#parts;
    // A small body has come in together with its headers.
    const whole = codings.length === 0 ? body.takeWhole(limits.buffered) : undefined;
    return make(whole ?? (await this.#chunks(body)));
  }

  /** All that the wire brings, decoded. */
  async #chunks(body: IncomingBody): Promise<readonly Uint8Array[]> {
    const { codings, limits } = this.#parts;
    const counted = new Counter(limits.buffered);
    const chunks: Uint8Array[] = [];
    const take = (chunk: Uint8Array): void => {
      counted.add(chunk);
      chunks.push(chunk);
    };
    body.lease.begin('whole');
    if (codings.length === 0) await body.readAll(this, take);
    else for await (const chunk of this.#decoded(body)) take(chunk);
    return chunks;
  }

  async *#decoded(body: IncomingBody): AsyncIterable<Uint8Array> {
    try {
      yield* decode(this.#wire(body), this.#parts.codings);
    } catch (error) {
      if (body.failure) throw body.failure.error;
      const broken = new TypeError('terminated', { cause: error });
      body.giveUp(broken);
      throw broken;
    } finally {
      // The source of the decoders cannot be left as long as it waits for a chunk.
      body.cancel();
    }
  }

  async *#wire(body: IncomingBody): AsyncIterable<Uint8Array> {
    try {
      for (let chunk = await body.next(this); chunk; chunk = await body.next(this)) yield chunk;
    } finally {
      // Left before its end.
      body.cancel();
    }
  }

  /** As that of `fetch`: of bytes, and asked for no chunk before somebody reads. */
  #newStream(body: IncomingBody): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { codings, limits, signal } = this.#parts;
    const chunks = (codings.length === 0 ? this.#wire(body) : this.#decoded(body))[Symbol.asyncIterator]();
    const counted = new Counter(limits.streamed);
    return new ReadableStream(
      {
        type: 'bytes',
        pull: async controller => {
          if (signal?.aborted) throw reasonOf(signal);
          body.lease.begin('stream');
          const { done, value } = await chunks.next();
          if (done) {
            controller.close();
            controller.byobRequest?.respond(0);
            return;
          }
          try {
            counted.add(value);
          } catch (error) {
            body.cancel();
            throw error;
          }
          controller.enqueue(ownBytes(value));
        },
        cancel: async () => {
          body.cancel();
          await chunks.return?.();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** For what only the original can make of a body. */
  #native(body: BodyInit): Response {
    const contentType = this.headers.get('content-type');
    return new Response(body, contentType === null ? {} : { headers: { 'content-type': contentType } });
  }

  #isUnusable(): boolean {
    return this.bodyUsed || this.#stream?.locked === true;
  }
}

Object.setPrototypeOf(WireResponse.prototype, Response.prototype);
Object.defineProperty(WireResponse.prototype, ownLease, {
  value(this: WireResponse): BodyLease {
    return this.lease;
  },
});
Object.defineProperty(WireResponse.prototype, 'constructor', { value: Response });
for (const name of Object.keys(Object.getOwnPropertyDescriptors(Response.prototype)))
  if (Object.hasOwn(WireResponse.prototype, name) && name !== 'constructor')
    Object.defineProperty(WireResponse.prototype, name, { enumerable: true });

export const asResponse = (response: WireResponse): Response => response as unknown as Response;

/** The stream of a body that was read as a whole: at its end, and in use. */
function readStream(failure: IncomingBody['failure']): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    type: 'bytes',
    start: controller => (failure ? controller.error(failure.error) : controller.close()),
  });
  stream.getReader();
  return stream;
}

/** One array of them all; the very bytes if there is one chunk. */
const joined = (chunks: readonly Uint8Array[]): Uint8Array =>
  chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);

/** In memory of their own. */
function copied(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    copy.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return copy;
}

/** Sees to it that a body does not grow above its limit. */
class Counter {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add({ byteLength }: Uint8Array): void {
    this.#bytes += byteLength;
    if (this.#maxBytes > 0 && this.#bytes > this.#maxBytes) throw tooLarge(this.#maxBytes);
  }
}

/** The rest of a stream that is read as a whole, and stays in use. */
function limited(stream: ReadableStream<Uint8Array>, maxBytes: number): ReadableStream<Uint8Array> {
  if (maxBytes === 0 || stream.locked) return stream;
  const counted = new Counter(maxBytes);
  const reader = stream.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          return;
        }
        try {
          counted.add(value);
        } catch (error) {
          reader.cancel(error).catch(() => {});
          throw error;
        }
        controller.enqueue(value);
      },
      cancel: reason => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** As `fetch` fails in the middle of a body, and why. */
function tooLarge(maxBytes: number): TypeError {
  const message = `The body of the response is larger than \`maxResponseBytes\`, which is ${maxBytes} here.`;
  const cause = Object.assign(new RangeError(`${message} Raise it, or read the body as a stream.`), {
    code: 'RESPONSE_TOO_LARGE',
  });
  return new TypeError('terminated', { cause });
}
