/**
 * Knows when the body of a response ends, without standing between the body and its reader.
 *
 * The response stays the transport's own object: only its prototype is replaced by a thin one whose readers
 * (`json()`, `body`, `clone()`…) call the original and watch how it ends. Nothing is wrapped, copied or tee'd; a
 * response that is dropped unread is still garbage, and its collection is one of the ends.
 */
import { isNodeStream, type NodeStream } from './node-stream.ts';
import { createStamp, inheritStamps } from './stamp.ts';

/**
 * How the body of a response ended.
 * `cancelled`: its reader gave up; `aborted`: the caller's signal did; `collected`: dropped by everyone.
 */
export type BodyEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'aborted'; readonly reason?: unknown }
  | { readonly kind: 'collected' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** How a lease ended: with the body, or before it because nobody began to read. */
export type LeaseEnd = BodyEnd | { readonly kind: 'expired' };

/** A linked list: there are two or three of them per response, and an array reserves room for seventeen. */
type Listeners<End> = { readonly listener: (end: End) => void; next: Listeners<End> } | undefined;

/** In the order in which they came, so that what stands further in is told first. */
function append<End>(listeners: Listeners<End>, listener: (end: End) => void): Listeners<End> {
  const link = { listener, next: undefined };
  let last = listeners;
  while (last?.next) last = last.next;
  if (last) last.next = link;
  return listeners ?? link;
}

function tell<End>(listeners: Listeners<End>, end: End): void {
  for (let link = listeners; link; link = link.next) link.listener(end);
}

/** The time from a response's headers to its body's end, and who wants to know. Never refers to the response. */
export class BodyLease {
  #ended: BodyEnd | undefined;
  #expired = false;
  #reading: 'whole' | 'stream' | 'copies' | undefined;
  #isCollectable = false;
  /** Readable copies that are still out: the response, its clones, the branches of a tee. */
  #holders = 1;
  #onBodyEnd: Listeners<BodyEnd>;
  #onLeaseEnd: Listeners<LeaseEnd>;

  /** Calls back once, at once if the body has ended already. */
  onBodyEnd(listener: (end: BodyEnd) => void): void {
    if (this.#ended) listener(this.#ended);
    else this.#onBodyEnd = append(this.#onBodyEnd, listener);
  }

  /** As {@link onBodyEnd}, or earlier when the lease expires: for what must not be held by a body that never ends. */
  onLeaseEnd(listener: (end: LeaseEnd) => void): void {
    if (this.#ended) listener(this.#ended);
    else if (this.#expired) listener({ kind: 'expired' });
    else this.#onLeaseEnd = append(this.#onLeaseEnd, listener);
  }

  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  /** Why the body is over before its end; undefined if it is not, or nobody knows. */
  get cut(): { readonly reason: unknown } | undefined {
    const end = this.#ended;
    if (end?.kind === 'failed') return { reason: end.error };
    return end?.kind === 'aborted' && 'reason' in end ? { reason: end.reason } : undefined;
  }

  end(end: BodyEnd): void {
    if (this.#ended) return;
    this.#ended = end;
    if (this.#isCollectable) registry.unregister(this);
    this.#endLease(end);
    tell(this.#onBodyEnd, end);
    this.#onBodyEnd = undefined;
  }

  /**
   * Somebody has begun to read: from now on the body's own end is worth waiting for.
   *
   * @param how - as a whole; as it comes, which may take its time; or by copies that are read in turn.
   */
  begin(how: 'whole' | 'stream' | 'copies'): void {
    // Who has taken their time once may go on doing so, whatever a copy does.
    if (this.#reading !== 'stream') this.#reading = how;
  }

  get reading(): 'whole' | 'stream' | 'copies' | undefined {
    return this.#reading;
  }

  /**
   * From now on the lease also ends when the response, or a copy of it, is collected unread.
   *
   * Most are read as a whole at once, by somebody who keeps them until then, and need no watching, which is dear.
   *
   * @param orElse - called if this one is not: it may be kept, for whoever keeps it to read or not.
   */
  endWhenCollected(response: Response, orElse?: () => void): void {
    if (this.#ended) return;
    // Whoever awaits the response has their turn after the first of the two.
    const turn = Promise.resolve();
    turn.then(() => turn.then(() => this.#watchOver(response, orElse)));
  }

  #watchOver(response: Response, orElse: (() => void) | undefined): void {
    if (this.#ended || this.#reading === 'whole') return;
    orElse?.();
    if (collectables.get(response)) return;
    collectables.set(response, true);
    this.#isCollectable = true;
    registry.register(response, this, this);
  }

  /** Ends the lease of a body that nobody has begun to read; the body itself stays as it is. */
  expireUnread(): void {
    if (this.#ended || this.#expired || this.reading) return;
    this.#expired = true;
    this.#endLease({ kind: 'expired' });
  }

  /** One more copy of the body is out. */
  share(): void {
    this.#holders++;
  }

  /** One copy is given up; the body has ended when all are. */
  giveUp(kind: 'cancelled' | 'collected'): void {
    this.#holders--;
    if (this.#holders === 0) this.end({ kind });
  }

  #endLease(end: LeaseEnd): void {
    const listeners = this.#onLeaseEnd;
    this.#onLeaseEnd = undefined;
    tell(listeners, end);
  }
}

/** That of a body that is a stream of Node's, which says by itself whether it is read, and when it closes. */
export class NodeBodyLease extends BodyLease {
  readonly #body: WeakRef<NodeStream>;

  constructor(body: NodeStream) {
    super();
    this.#body = new WeakRef(body);
    if (body.closed) this.#close(body);
    else body.once('close', () => this.#close(body));
  }

  override get reading(): 'stream' | undefined {
    const body = this.#body.deref();
    return body && (body.readableDidRead || body.readableFlowing !== null) ? 'stream' : undefined;
  }

  #close({ errored, readableEnded }: NodeStream): void {
    if (errored) this.end({ kind: 'failed', error: errored });
    else this.end({ kind: readableEnded ? 'complete' : 'cancelled' });
  }
}

/** That of a body of which there is nothing left to wait for. */
export const endedLease: BodyLease = new BodyLease();

/** The method of a response that knows by itself when its body ends. */
export const ownLease: unique symbol = Symbol('holdfast.ownLease');

const registry = new FinalizationRegistry<BodyLease>(lease => lease.giveUp('collected'));
const leases = createStamp<BodyLease>();
/** What a stream was got from, kept alive by it: a response must not count as dropped while its body is in use. */
const owners = createStamp<object>();
const collectables = createStamp<true>();
const givenUp = createStamp<true>();
const chained = createStamp<true>();
endedLease.end({ kind: 'complete' });

/**
 * The lease of a response, begun by the first who asks.
 * One without a body, or with a body that is neither a web stream nor one of Node's, has ended with its headers.
 */
export function leaseOf(response: Response): BodyLease {
  const existing = leases.get(response) ?? (response as { [ownLease]?(): BodyLease })[ownLease]?.();
  if (existing) return existing;
  if (!Object.isExtensible(response)) return endedLease;
  if (isStream(response.body)) return watch(response, new BodyLease());
  return isNodeStream(response.body) ? watchNodeStream(response, response.body) : endedLease;
}

/** A copy of a response that is out beside it: the body has ended when both have. */
export function shareLease(response: Response, copy: Response): void {
  inheritStamps(response, copy);
  const lease = leaseOf(response);
  if (lease.isOver) return;
  lease.share();
  lease.endWhenCollected(copy);
}

/** For a response whose body is all there: nobody has to wait for it to be read. */
export function endLease(response: Response): void {
  leases.set(response, endedLease);
}

/**
 * For a response that is made of the body of another and reads on as it is read: one body and one lease, which that
 * other's reader ends. Whoever reads has to keep the one that was made, or it counts as dropped.
 */
export function passLease(response: Response, made: Response): void {
  inheritStamps(response, made);
  leases.set(made, leaseOf(response));
}

function watch(response: Response, lease: BodyLease): BodyLease {
  leases.set(response, lease);
  Object.setPrototypeOf(response, watchedResponse(Object.getPrototypeOf(response)));
  return lease;
}

const isStream = (body: unknown): body is ReadableStream =>
  typeof body === 'object' && body !== null && typeof (body as ReadableStream).getReader === 'function';

function watchNodeStream(response: Response, body: NodeStream): BodyLease {
  const lease = new NodeBodyLease(body);
  leases.set(response, lease);
  owners.set(body, response);
  return lease;
}

/** A prototype above `base`, made once per base: responses of several kinds can meet in one program. */
function extendOnce(make: (base: object) => object): (base: object) => object {
  const made = new WeakMap<object, object>();
  let lastBase: object | undefined;
  let lastMade: object | undefined;
  return base => {
    if (base === lastBase && lastMade) return lastMade;
    let extended = made.get(base);
    if (!extended) {
      extended = make(base);
      made.set(base, extended);
      made.set(extended, extended);
    }
    lastBase = base;
    lastMade = extended;
    return extended;
  };
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

const wholeBodyReaders = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

const watchedResponse = extendOnce(base => {
  const members: PropertyDescriptorMap = {};
  const { clone } = base as Response;
  const getBody = lookUpGetter(base, 'body');
  for (const reader of wholeBodyReaders) {
    const read = (base as Record<string, unknown>)[reader] as Method | undefined;
    if (typeof read === 'function') members[reader] = method(reader, read.length, readWhole(read, getBody));
  }
  members.clone = method('clone', 0, function (this: unknown) {
    const copy = clone.call(this as Response);
    const lease = leases.get(this as Response);
    if (lease) {
      watch(copy, lease);
      shareLease(this as Response, copy);
    }
    return copy;
  });
  if (getBody) {
    members.body = {
      configurable: true,
      enumerable: true,
      get(this: Response) {
        const stream = getBody.call(this) as ReadableStream | null;
        const lease = leases.get(this);
        return lease && stream ? watchStream(stream, lease, this) : stream;
      },
    };
  }
  return Object.create(base, members);
});

/** A reader of the whole body. */
function readWhole(read: Method, getBody: (() => unknown) | undefined): Method {
  return function (this: unknown, ...args) {
    const response = this as Response;
    const lease = leases.get(response);
    const body = getBody?.call(response) as ReadableStream | null;
    // A read of a body in use is refused by the original and says nothing about the body.
    const isRefused = response.bodyUsed || body?.locked;
    const cut = lease?.cut;
    const result = read.apply(response, args) as Promise<unknown>;
    if (!lease || isRefused) return result;
    lease.begin('whole');
    return result.then(
      value => {
        // Naming the response keeps it from being collected, and counted as dropped, while it is read.
        leases.get(response)?.end({ kind: 'complete' });
        return value;
      },
      error => {
        lease.end(isParseError(error) ? { kind: 'complete' } : { kind: 'failed', error });
        // Node 22 says `AbortError` of a body that was cut off before, whatever the reason.
        throw cut ? cut.reason : error;
      },
    );
  };
}

/** `json()` and `formData()` fail on bad syntax after a body that came in whole: no failure of the body. */
const isParseError = (error: unknown): boolean =>
  error instanceof Error
    ? error.name === 'SyntaxError' || (error.name === 'TypeError' && /form ?data/i.test(error.message))
    : Object.prototype.toString.call(error) === '[object Error]' && (error as Error).name === 'SyntaxError';

function watchStream(stream: ReadableStream, lease: BodyLease, owner: object): ReadableStream {
  const known = leases.get(stream);
  if (known) {
    // `new Response(response.body)`: one body under two responses, which end together.
    if (known !== lease) chain(known, lease);
    return stream;
  }
  leases.set(stream, lease);
  owners.set(stream, owner);
  return Object.setPrototypeOf(stream, watchedStream(Object.getPrototypeOf(stream)));
}

function chain(inner: BodyLease, outer: BodyLease): void {
  if (chained.get(outer)) return;
  chained.set(outer, true);
  outer.begin('copies');
  inner.onBodyEnd(end => outer.end(end));
}

/** One copy of the body is given up by its reader; saying so twice counts once. */
function giveUp(stream: ReadableStream): void {
  if (givenUp.get(stream)) return;
  givenUp.set(stream, true);
  leases.get(stream)?.giveUp('cancelled');
}

const watchedStream = extendOnce(prototype => {
  const base = prototype as ReadableStream;
  const members: PropertyDescriptorMap = {
    getReader: method('getReader', 0, function (this: unknown, ...args) {
      const stream = this as ReadableStream;
      const reader = base.getReader.apply(stream, args as []);
      watchReader(reader, stream);
      return reader;
    }),
    cancel: method('cancel', 0, function (this: unknown, ...args) {
      const stream = this as ReadableStream;
      if (!stream.locked) giveUp(stream);
      return base.cancel.apply(stream, args as []);
    }),
    pipeTo: method('pipeTo', 1, function (this: unknown, ...args) {
      const stream = this as ReadableStream;
      const isRefused = stream.locked || givenUp.get(stream);
      const result = base.pipeTo.apply(stream, args as unknown as [WritableStream]);
      return isRefused ? result : watchPipe(result, stream, () => base.getReader.call(stream));
    }),
    pipeThrough: method('pipeThrough', 1, function (this: unknown, ...args) {
      const stream = this as ReadableStream;
      const [transform, options] = args as [ReadableWritablePair, StreamPipeOptions?];
      // The original refuses bad arguments in its own words. Good ones it pipes out of our sight: we pipe instead.
      if (stream.locked || !isPipeable(transform, options)) {
        return base.pipeThrough.apply(stream, args as unknown as [ReadableWritablePair]);
      }
      stream.pipeTo(transform.writable, options).catch(() => {});
      return transform.readable;
    }),
    tee: method('tee', 0, function (this: unknown) {
      const stream = this as ReadableStream;
      const branches = base.tee.call(stream);
      if (givenUp.get(stream)) return branches;
      const lease = leases.get(stream) ?? endedLease;
      lease.begin('copies');
      lease.share();
      return branches.map(branch => watchStream(branch, lease, stream));
    }),
  };
  for (const name of ['values', Symbol.asyncIterator] as const) {
    const iterate = (base as unknown as Record<PropertyKey, unknown>)[name] as Method | undefined;
    if (typeof iterate !== 'function') continue;
    members[name] = method(typeof name === 'string' ? name : 'values', 0, function (this: unknown, ...args) {
      const iterator = iterate.apply(this, args) as AsyncIterator<unknown>;
      return watchIterator(
        iterator,
        this as ReadableStream,
        args[0] as ReadableStreamIteratorOptions | undefined,
      );
    });
  }
  return Object.create(base, members);
});

const isPipeable = (transform: ReadableWritablePair, options: StreamPipeOptions | undefined): boolean =>
  isStream(transform?.readable) &&
  transform.writable instanceof WritableStream &&
  !transform.writable.locked &&
  (options === undefined || (typeof options === 'object' && options !== null)) &&
  (options?.signal === undefined || options.signal instanceof AbortSignal);

type AnyReader = ReadableStreamDefaultReader | ReadableStreamBYOBReader;

function watchReader(reader: AnyReader, stream: ReadableStream): void {
  const lease = leases.get(stream) ?? endedLease;
  const { cancel, releaseLock } = reader;
  let isReleased = false;
  lease.begin('stream');
  define(reader, 'cancel', (...args) => {
    if (!isReleased) giveUp(stream);
    return cancel.apply(reader, args as []);
  });
  define(reader, 'releaseLock', () => {
    releaseLock.call(reader);
    isReleased = true;
  });
  reader.closed.then(
    () => givenUp.get(stream) || lease.end({ kind: 'complete' }),
    // The `closed` of a released reader rejects too, and the body goes on without it.
    error => isReleased || lease.end({ kind: 'failed', error }),
  );
}

/** A pipe fails with its source or with its other end; only the first is a failure of the body. */
function watchPipe(result: Promise<void>, stream: ReadableStream, getReader: () => AnyReader): Promise<void> {
  const lease = leases.get(stream) ?? endedLease;
  lease.begin('stream');
  return result.then(
    () => lease.end({ kind: 'complete' }),
    error => {
      if (!stream.locked) lookAfterPipe(getReader, stream);
      throw error;
    },
  );
}

/**
 * What became of the source. A reader got and let go at once has a `closed` that tells: it resolves if the pipe has
 * cancelled the body, and rejects with the body's own error, the same for every reader, if that has failed. Else the
 * body is as readable as before and `closed` says only "let go": with a new error each time, or always the same one.
 */
async function lookAfterPipe(getReader: () => AnyReader, stream: ReadableStream): Promise<void> {
  const [one, other, letGo] = await Promise.allSettled([
    closedOf(getReader()),
    closedOf(getReader()),
    closedOf(new ReadableStream().getReader()),
  ]);
  if (one.status === 'fulfilled') giveUp(stream);
  else if (isSameReason(one, other) && !isSameReason(one, letGo)) {
    leases.get(stream)?.end({ kind: 'failed', error: one.reason });
  }
}

const isSameReason = (one: PromiseRejectedResult, other: PromiseSettledResult<unknown>): boolean =>
  other.status === 'rejected' && one.reason === other.reason;

function closedOf(reader: AnyReader): Promise<unknown> {
  const { closed } = reader;
  reader.releaseLock();
  return closed;
}

function watchIterator(
  iterator: AsyncIterator<unknown>,
  stream: ReadableStream,
  options: ReadableStreamIteratorOptions | undefined,
): AsyncIterator<unknown> {
  const lease = leases.get(stream) ?? endedLease;
  const { next, return: leave } = iterator;
  let hasLeft = false;
  let pending = 0;
  lease.begin('stream');
  define(iterator, 'next', (...args) => {
    const step = next.apply(iterator, args as []) as Promise<IteratorResult<unknown>>;
    pending++;
    return step.then(
      result => {
        pending--;
        // Once left, an iterator says that it is done whatever the body is.
        if (result.done && !hasLeft && !givenUp.get(stream)) lease.end({ kind: 'complete' });
        return result;
      },
      error => {
        pending--;
        lease.end({ kind: 'failed', error });
        throw error;
      },
    );
  });
  define(iterator, 'return', (...args) => {
    const result = leave?.apply(iterator, args as []) as Promise<unknown> | undefined;
    hasLeft = true;
    if (options?.preventCancel) return result;
    // With a chunk still asked for, it waits for that before it lets go of the body.
    if (pending === 0) giveUp(stream);
    else
      result?.then(
        () => giveUp(stream),
        () => giveUp(stream),
      );
    return result;
  });
  return iterator;
}

function define(object: object, name: string, value: Method): void {
  Object.defineProperty(object, name, { configurable: true, writable: true, value });
}

function lookUpGetter(object: object, name: string): (() => unknown) | undefined {
  for (let proto: object | null = object; proto; proto = Object.getPrototypeOf(proto)) {
    const descriptor = Object.getOwnPropertyDescriptor(proto, name);
    if (descriptor) return descriptor.get;
  }
  return undefined;
}

/** A method that looks like the one it stands in for. */
function method(name: string, length: number, value: Method): PropertyDescriptor {
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(value, 'length', { value: length });
  return { configurable: true, enumerable: true, writable: true, value };
}
