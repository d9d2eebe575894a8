import { ownBytes } from './body.ts';

/**
 * Reads a body that gives its content once into memory, so that it can be sent again.
 *
 * @param signal - ends the reading, and with it the source.
 * @returns all of it; or, of one that is longer than `maxBytes` or is not made of bytes, a stream of what was read and of
 * the rest, to be sent once as the body itself would have been.
 * @throws the reason of the signal, and what the source fails with.
 */
export async function readAhead(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const reader = body.getReader();
  const giveUp = (): void => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener('abort', giveUp);
  try {
    return await read(reader, maxBytes, signal);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    // A reader that was cancelled says that it is done.
    signal?.throwIfAborted();
    if (done) return join(chunks, bytes);
    if (!(value instanceof Uint8Array) || bytes + value.byteLength > maxBytes)
      return goOn([...chunks, value], reader);
    // Its maker may use the same memory for the next.
    chunks.push(ownBytes(value));
    bytes += value.byteLength;
  }
}

function join(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.byteLength;
  }
  return joined;
}

function goOn(
  chunks: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } =
          chunks.length > 0 ? { done: false, value: chunks.shift() } : await reader.read();
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array);
      },
      cancel: reason => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
