/** Response bodies that do what bodies do on bad days. */

export type Chunk = string | Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const bytesOf = (chunk: Chunk) => (typeof chunk === 'string' ? encoder.encode(chunk) : chunk);

/** How to break a body of ours off from outside, as a connection does. */
const breakers = new WeakMap<ReadableStream, (error: unknown) => void>();

/** A body that is sent by hand. */
export interface SlowBody {
  /** To be given to a `Response`. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** `cancelled`: its reader wants no more of it, which would close or free the connection. */
  readonly state: 'open' | 'ended' | 'broken' | 'cancelled';
  /** Sends one chunk; text goes as UTF-8. */
  send(chunk: Chunk): void;
  end(): void;
  /** Breaks off, as when the connection is reset: the reader gets `error`. */
  fail(error: unknown): void;
}

/**
 * A body that is sent by hand, a chunk at a time. Nothing happens to one that has ended, was broken or cancelled.
 *
 * @example
 * const body = slowBody();
 * attempt.respond(new Response(body.stream));
 * const text = (await call).text();
 * body.send('half ');
 * body.send('and half');
 * body.end();
 */
export function slowBody(): SlowBody {
  let state: SlowBody['state'] = 'open';
  let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(given) {
      controller = given;
    },
    cancel() {
      state = 'cancelled';
    },
  });
  const leave = (next: SlowBody['state'], act: () => void) => {
    if (state !== 'open') return;
    state = next;
    act();
  };
  const fail = (error: unknown) => leave('broken', () => controller.error(error));
  breakers.set(stream, fail);
  return {
    stream,
    get state() {
      return state;
    },
    send: chunk => leave('open', () => controller.enqueue(bytesOf(chunk))),
    end: () => leave('ended', () => controller.close()),
    fail,
  };
}

/** A body that sends what is given and then nothing more, for ever. */
export function stalledBody(...chunks: Chunk[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const body = slowBody();
  for (const chunk of chunks) body.send(chunk);
  return body.stream;
}

/** A body that sends what is given and then breaks off with `error`. */
export function brokenBody(error: unknown, ...chunks: Chunk[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...chunks];
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      // Errors only when everything before has been read: a stream that fails loses what is queued.
      pull(controller) {
        const chunk = left.shift();
        if (chunk === undefined) controller.error(error);
        else controller.enqueue(bytesOf(chunk));
      },
    },
    { highWaterMark: 0 },
  );
}

/** Breaks a body of ours off, as `fetch` does with a body whose signal aborts. Others are left alone. */
export function breakOff(body: ReadableStream | null, error: unknown): void {
  if (body) breakers.get(body)?.(error);
}
