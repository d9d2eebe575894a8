/** Bodies that are read while they come: events and lines, typed, watched for silence, and resumed. */
import { createParser } from 'eventsource-parser';
import type { CallRecord } from '../call-record.ts';
import { NetworkError, RejectedError, TimeoutError } from '../errors.ts';
import { type Clock, MAX_TIMER_MS, type Random, type Timer } from '../pipeline/clock.ts';
import { wait } from '../pipeline/wait.ts';
import type { Content, StreamSettings } from './content.ts';
import { StatusError } from './errors.ts';
import { readJson } from './exact-json.ts';
import type { ServerSentEvent } from './infer.ts';
import type { Conversion } from './schema.ts';
import type { Issue, Schema } from './standard-schema.ts';

/** Where the values of a stream come from. */
export interface StreamSource {
  readonly response: Response;
  /** Undefined where anything goes. */
  readonly decode: Conversion | undefined;
  /** Of a value; undefined where anything goes. */
  readonly schema: Schema | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
  readonly record: CallRecord;
  /** Whether the same request can be sent again, and may be. */
  readonly isRepeatable: boolean;
  /** Hears of a value that does not match. Throws, or lets it pass. */
  readonly report: (issues: readonly Issue[], value: unknown) => void;
  /** What a failure of the body is to its reader. */
  readonly errorOf: (error: unknown) => unknown;
  /** Asks for the stream again from after an event. */
  readonly reopen: (lastEventId: string | undefined) => Promise<Response>;
}

/** What the caller gets for a streamed body. */
export function openStream(content: Content, source: StreamSource): unknown {
  if (content.kind === 'stream')
    return source.response.body ?? new ReadableStream({ start: stream => stream.close() });
  const settings = content.stream as StreamSettings;
  return content.kind === 'event-stream'
    ? once(() => new EventReader(source, settings).events())
    : once(() => lines(source, settings));
}

/** A body can be read once. */
function once<Value>(begin: () => AsyncGenerator<Value>): AsyncIterable<Value> {
  let isBegun = false;
  return {
    [Symbol.asyncIterator]() {
      if (isBegun) throw new TypeError('A stream can be read once: call the operation again for another.');
      isBegun = true;
      return begin();
    },
  };
}

/** Texts as they come; ends with the body, and fails with it or with too long a silence. Leaving it cancels the body. */
async function* texts(
  response: Response,
  { clock, record, errorOf }: StreamSource,
  { idleTimeoutMs }: StreamSettings,
): AsyncGenerator<string> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let isOpen = true;
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), idleTimeoutMs, clock, record);
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
    isOpen = false;
    yield decoder.decode();
  } catch (error) {
    throw errorOf(error);
  } finally {
    if (isOpen) reader.cancel().catch(() => {});
  }
}

/** @throws TimeoutError if nothing comes in time. */
function within<Value>(
  coming: Promise<Value>,
  limitMs: number,
  clock: Clock,
  record: CallRecord,
): Promise<Value> {
  if (limitMs === Number.POSITIVE_INFINITY) return coming;
  return new Promise((resolve, reject) => {
    const timer: Timer = clock.setTimer(() => reject(new TimeoutError(record, 'idle', limitMs)), limitMs);
    coming.then(resolve, reject).finally(() => clock.clearTimer(timer));
  });
}

/** One JSON value to a line; blank lines between them are nothing. */
async function* lines(source: StreamSource, settings: StreamSettings): AsyncGenerator<unknown> {
  let rest = '';
  for await (const text of texts(source.response, source, settings)) {
    rest += text;
    // A line that comes in many pieces is not looked through again at each.
    if (text.includes('\n')) {
      const complete = rest.split('\n');
      rest = complete.pop() as string;
      for (const line of complete) if (line.trim() !== '') yield await parsed(line, source);
    }
    if (rest.length > maxBufferLength) throw tooLong();
  }
  if (rest.trim() !== '') yield await parsed(rest, source);
}

/** No event or line is that long; what is would fill the memory. In UTF-16 units. */
const maxBufferLength = 16 * 1024 * 1024;

const tooLong = (): Error =>
  new RangeError(`An event or a line of a stream is longer than ${maxBufferLength} characters.`);

async function parsed(text: string, { decode, schema, report }: StreamSource): Promise<unknown> {
  if (!decode) return text;
  let raw: unknown;
  try {
    raw = readJson(text, schema);
  } catch {
    report([{ message: 'is no JSON', path: [] }], text);
    return text;
  }
  const result = await decode(raw);
  if (!result.issues) return result.value;
  report(result.issues, raw);
  return raw;
}

/** Where the server does not say how long to wait: doubled at each failure, with jitter. */
const baseDelayMs = 1_000;
const maxDelayMs = 30_000;

/** The events of a stream that is opened again where it broke off. */
class EventReader {
  readonly #source: StreamSource;
  readonly #settings: StreamSettings;
  #lastEventId: string | undefined;
  /** What the server asked for. */
  #retryMs: number | undefined;
  /** Reconnections since the last event. */
  #reconnects = 0;
  /** Whether the server has said that there is no more. */
  #isOver = false;

  constructor(source: StreamSource, settings: StreamSettings) {
    this.#source = source;
    this.#settings = settings;
  }

  async *events(): AsyncGenerator<ServerSentEvent<unknown>> {
    for (let response: Response | undefined = this.#source.response; response; ) {
      let failure: unknown;
      try {
        yield* this.#eventsOf(response);
        if (this.#isOver || this.#settings.reconnectOn === 'failure' || !this.#source.isRepeatable) return;
      } catch (error) {
        if (!this.#canGoOn(error)) throw error;
        failure = error;
      }
      response = await this.#reconnect(failure);
    }
  }

  async *#eventsOf(response: Response): AsyncGenerator<ServerSentEvent<unknown>> {
    const complete: ServerSentEvent<string>[] = [];
    let isTooLong = false;
    const parser = createParser({
      maxBufferSize: maxBufferLength,
      // An id holds for the events that follow, until there is another; an empty one takes it back.
      onId: id => {
        this.#lastEventId = id === '' ? undefined : id;
      },
      onEvent: ({ event = 'message', data }) => complete.push({ event, data, id: this.#lastEventId }),
      onRetry: retryMs => {
        this.#retryMs = retryMs;
      },
      onError: ({ type }) => {
        isTooLong ||= type === 'max-buffer-size-exceeded';
      },
    });
    for await (const text of texts(response, this.#source, this.#settings)) {
      parser.feed(text);
      if (isTooLong) throw tooLong();
      for (const event of complete.splice(0)) {
        this.#isOver = this.#isLast(event);
        if (this.#isOver) return;
        yield await this.#read(event);
      }
    }
  }

  /**
   * Services that speak as OpenAI's does end their streams so, and their documents do not say it. Where events are JSON
   * it can mean nothing else: it is none.
   */
  #isLast({ data }: ServerSentEvent<string>): boolean {
    return this.#source.decode !== undefined && data.trim() === '[DONE]';
  }

  async #read(event: ServerSentEvent<string>): Promise<ServerSentEvent<unknown>> {
    this.#reconnects = 0;
    return { ...event, data: await parsed(event.data, this.#source) };
  }

  /** Whether what a stream broke off with may pass, and it is known where to go on. */
  #canGoOn(error: unknown): boolean {
    const { isRepeatable, signal } = this.#source;
    return isRepeatable && this.#lastEventId !== undefined && !signal?.aborted && mayPass(error);
  }

  /**
   * @param failure - what the stream broke off with; undefined if the server ended it.
   * @returns undefined if there is no more: the server says so by 204, or has ended the stream too often.
   * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#reestablish-the-connection | HTML, reestablish the connection}
   */
  async #reconnect(failure: unknown): Promise<Response | undefined> {
    const { clock, signal, reopen } = this.#source;
    let last = failure;
    while (this.#reconnects < this.#settings.maxReconnects) {
      await wait(clock, this.#delayMs(last), signal);
      this.#reconnects++;
      try {
        const response = await reopen(this.#lastEventId);
        return response.status === 204 ? undefined : response;
      } catch (error) {
        if (!this.#canGoOn(error)) throw error;
        last = error;
      }
    }
    if (last !== undefined) throw last;
    return undefined;
  }

  /**
   * Not before the server wants it, and not all at once when it comes back. Where it is not there, what it has said is
   * no reason to ask without a pause.
   */
  #delayMs(failure: unknown): number {
    const { random } = this.#source;
    const asked = this.#retryMs ?? 0;
    const begin = this.#reconnects > 0 ? Math.max(asked, baseDelayMs) : (this.#retryMs ?? baseDelayMs);
    const chance = random() / 2;
    const backoff = Math.min(maxDelayMs, begin * 2 ** this.#reconnects) * (1 - chance);
    return Math.min(MAX_TIMER_MS, Math.max(backoff, asked * (1 + chance), retryAfterOf(failure)));
  }
}

const retryAfterOf = (error: unknown): number =>
  error instanceof RejectedError ? (error.retryAfterMs ?? 0) : 0;

/** A server that is being replaced answers so for a while. */
const passingStatuses = [429, 502, 503, 504];

const mayPass = (error: unknown): boolean =>
  error instanceof TimeoutError ||
  error instanceof RejectedError ||
  (error instanceof NetworkError && error.transient) ||
  (error instanceof StatusError && passingStatuses.includes(error.status));
