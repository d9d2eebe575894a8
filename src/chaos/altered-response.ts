/** The service's response with something wrong with its body. Read as it is asked for, and never ahead. */
import { ownBytes } from '../http/body.ts';
import { leaseOf, NodeBodyLease } from '../http/body-lease.ts';
import type { Call } from '../pipeline/call.ts';
import { terminated } from './faults.ts';
import type { BodyFault, Hold, Scenario } from './scenario.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** How often in a second a slow body sends. */
const piecesPerSecond = 10;

export function alter(
  response: Response,
  call: Call,
  faults: readonly BodyFault[],
  scenario: Scenario,
): Response {
  const lease = leaseOf(response);
  // Not looked at while it is on its way: the stream that `fetch` holds on to would keep its response from being collected.
  if (lease.isOver && typeof response.body?.getReader !== 'function') return response;
  if (lease instanceof NodeBodyLease) return response;
  const { status, statusText, headers } = response;
  const stream = new ReadableStream(new AlteredBody(response, call, faults, scenario));
  return disguise(new Response(stream, { status, statusText, headers }), response);
}

type Origin = Pick<Response, 'url' | 'redirected' | 'type'>;

/** A made response knows nothing of where it came from, and its clones neither. */
export function disguise(altered: Response, origin: Origin): Response {
  const { url, redirected, type } = origin;
  const member = (value: unknown): PropertyDescriptor => ({ value, configurable: true, writable: true });
  return Object.defineProperties(altered, {
    url: member(url),
    redirected: member(redirected),
    type: member(type),
    clone: member(function clone(this: Response): Response {
      return disguise(Object.getPrototypeOf(this).clone.call(this), { url, redirected, type });
    }),
  });
}

class AlteredBody implements UnderlyingByteSource {
  readonly type = 'bytes';
  /** Named, so that it is not collected, and counted as dropped, before this is. */
  readonly #response: Response;
  readonly #call: Call;
  readonly #scenario: Scenario;
  readonly #cutAt: number;
  readonly #bytesPerSecond: number;
  #isCorrupting: boolean;
  #reader: ReadableStreamDefaultReader<Bytes> | undefined;
  #held: Bytes | undefined;
  #hold: Hold | undefined;
  #sentBytes = 0;

  constructor(response: Response, call: Call, faults: readonly BodyFault[], scenario: Scenario) {
    this.#response = response;
    this.#call = call;
    this.#scenario = scenario;
    this.#cutAt = least(
      faults.map(fault => (fault.type === 'truncate' ? (fault.afterBytes ?? 0) : undefined)),
    );
    this.#bytesPerSecond = least(
      faults.map(fault => (fault.type === 'slow-body' ? fault.bytesPerSecond : undefined)),
    );
    this.#isCorrupting = faults.some(({ type }) => type === 'corrupt');
  }

  async pull(controller: ReadableByteStreamController): Promise<void> {
    this.#call.signal?.throwIfAborted();
    if (this.#isCut()) this.#breakOff();
    const chunk = await this.#next();
    if (!chunk) {
      if (this.#mustCut()) this.#breakOff();
      controller.close();
      controller.byobRequest?.respond(0);
      return;
    }
    const size = this.#sizeOfNext(chunk);
    await this.#pace(size);
    const part = ownBytes(chunk.subarray(0, size));
    if (this.#isCorrupting && !this.#scenario.isOver) part[0] = 0;
    this.#isCorrupting = false;
    this.#held = size < chunk.byteLength ? chunk.subarray(size) : undefined;
    this.#sentBytes += size;
    controller.enqueue(part);
  }

  async cancel(reason: unknown): Promise<void> {
    this.#hold?.end();
    await this.#source().cancel(reason);
  }

  #body(): ReadableStream<Bytes> {
    return this.#response.body as ReadableStream<Bytes>;
  }

  #source(): ReadableStream<Bytes> | ReadableStreamDefaultReader<Bytes> {
    return this.#reader ?? this.#body();
  }

  #mustCut(): boolean {
    return this.#cutAt !== Number.POSITIVE_INFINITY && !this.#scenario.isOver;
  }

  #isCut(): boolean {
    return this.#mustCut() && this.#sentBytes >= this.#cutAt;
  }

  /** The service's connection goes too, as in a reset. */
  #breakOff(): never {
    this.#source()
      .cancel()
      .catch(() => {});
    throw terminated();
  }

  async #next(): Promise<Bytes | undefined> {
    if (this.#held) return this.#held;
    this.#reader ??= this.#body().getReader();
    for (;;) {
      const { value } = await this.#reader.read();
      if (value?.byteLength !== 0) return value;
    }
  }

  #sizeOfNext({ byteLength }: Bytes): number {
    if (this.#scenario.isOver) return byteLength;
    const piece = Math.max(1, Math.ceil(this.#bytesPerSecond / piecesPerSecond));
    return Math.min(byteLength, this.#cutAt - this.#sentBytes, piece);
  }

  async #pace(size: number): Promise<void> {
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY || this.#scenario.isOver) return;
    const { runtime, signal } = this.#call;
    this.#hold = this.#scenario.hold(runtime.clock, (size / this.#bytesPerSecond) * 1_000, signal);
    await this.#hold.done;
    this.#hold = undefined;
  }
}

/** Infinity for none. */
const least = (values: readonly (number | undefined)[]): number =>
  Math.min(...values.map(value => value ?? Number.POSITIVE_INFINITY));
