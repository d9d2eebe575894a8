import { isNodeStream } from './node-stream.ts';

/** A response being read to its end so that its connection can serve the next request. */
export interface Drain {
  /** Stops reading. A body that has not ended by then is cancelled, which closes an HTTP/1 connection. */
  stop(): void;
}

/** Error bodies are small. Reading one to its end is cheaper than a new connection up to about this size. */
export const maxDrainBytes = 65_536;

/** Begins to read what is left of a response that nobody wants. Never throws. */
export function drain(response: Response): Drain {
  const { body } = response;
  if (!body || body.locked) return { stop: () => {} };
  if (typeof body.getReader !== 'function') {
    discard(response);
    return { stop: () => {} };
  }
  const reader = body.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  if (Number(response.headers.get('content-length')) > maxDrainBytes) stop();
  else readUpTo(maxDrainBytes, reader).catch(() => {});
  return { stop };
}

async function readUpTo(maxBytes: number, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  for (let left = maxBytes; left >= 0; ) {
    const { done, value } = await reader.read();
    if (done) return;
    left -= value.byteLength;
  }
  await reader.cancel();
}

/** Gives up a response that came too late for anyone to want it. */
export function discard(response: Response): void {
  const body: unknown = response.body;
  try {
    if (isNodeStream(body)) body.destroy();
    // What another library's body returns is anybody's guess.
    else Promise.resolve(response.body?.cancel?.()).catch(() => {});
  } catch {
    // Nor does it have to be one that can be given up.
  }
}
