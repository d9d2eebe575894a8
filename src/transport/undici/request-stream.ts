/** Request bodies that can be read only once. */
import { Readable } from 'node:stream';

type Chunks = ReadableStreamDefaultReader<Uint8Array>;

/** More than anything that is there as a whole comes in. A stream that always has more would be read for ever. */
const maxAhead = 16;

/**
 * What there is to read at once as a whole, so that its length can be said; a stream of what takes its time. The body of
 * a `Request` is always a stream, and nearly always text that it was made with.
 */
export async function readAhead(stream: ReadableStream<Uint8Array>): Promise<Uint8Array | Readable> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let reading = reader.read();
  let turns = twoTurns();
  let hasCome = false;
  for (;;) {
    const step = await Promise.race([reading, turns]);
    if (step?.done) return Buffer.concat(chunks);
    if (step) {
      chunks.push(bytesOf(step.value));
      if (chunks.length === maxAhead) return streamOf(reader, chunks);
      hasCome = true;
      reading = reader.read();
    } else if (hasCome) {
      hasCome = false;
      turns = twoTurns();
    } else return streamOf(reader, chunks, reading);
  }
}

/** A Blob gives a part of it a turn, and says that it has ended a turn later: after whoever began to wait before it. */
const twoTurns = (): Promise<undefined> =>
  new Promise(resolve => {
    setImmediate(() => setImmediate(resolve, undefined));
  });

/** As it comes. */
export function toReadable(stream: ReadableStream<Uint8Array>): Readable {
  return streamOf(stream.getReader(), []);
}

/** @param chunks - what has been read already. @param reading - a read that is on its way. */
function streamOf(
  reader: Chunks,
  chunks: readonly Uint8Array[],
  reading?: ReturnType<Chunks['read']>,
): Readable {
  let step = reading;
  const readable = new Readable({
    async read() {
      try {
        const { done, value } = await (step ?? reader.read());
        step = undefined;
        this.push(done ? null : bytesOf(value));
      } catch (error) {
        this.destroy(error as Error);
      }
    },
    destroy(error, callback) {
      // Its source need not go on. After its end this does nothing.
      reader.cancel(error ?? undefined).catch(() => {});
      callback(error);
    },
  });
  // Whoever sends it hears of it; given up before that, nobody does, and Node would end the process.
  readable.on('error', () => {});
  for (const chunk of chunks) readable.push(chunk);
  return readable;
}

/** Tells the source of a body that it need not go on. */
export function giveUp(body: unknown, reason: unknown): void {
  if (body instanceof Readable) body.destroy(reason as Error);
}

/** Text and other arrays are sent too, which the standard refuses and Node's `fetch` does. */
function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError(
    `A request body should be a stream of Uint8Array, got a chunk of type ${typeof chunk}: encode it first.`,
  );
}
