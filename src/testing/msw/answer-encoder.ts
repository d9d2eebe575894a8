/** From what is to be answered to a response: the inverse of `contract/response-decoder.ts`. */
import type { Content } from '../../contract/content.ts';
import { encodeInHeader, isPresent, jsonOf, resolveStyle } from '../../contract/parameter-style.ts';
import { writeContent } from '../../contract/request-encoder.ts';
import { encoderOf } from '../../contract/schema.ts';
import type { Checked, Issue, Schema } from '../../contract/standard-schema.ts';
import { isOneWay, isZod } from '../../contract/zod.ts';
import type { MockEvent, Sequence } from './answer.ts';

export type Eventually<Value> = Value | Promise<Value>;

/** A body that can be sent as often as it is asked for. */
export interface EncodedBody {
  readonly content: Content;
  /** A fresh one each time, where it can be read only once. */
  readonly open: () => BodyInit;
}

/** What cannot be answered with. */
export class Unanswerable extends TypeError {}

/** At once where the schema can, so that a mistake shows where it was made. */
export function andThen<Value, Next>(
  value: Eventually<Value>,
  next: (value: Value) => Eventually<Next>,
): Eventually<Next> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/**
 * Data as the first of several contents that they fit.
 *
 * @throws Unanswerable for data that fit none.
 */
export function encodeBody(contents: readonly Content[], data: unknown): Eventually<EncodedBody> {
  let failure: unknown = new Unanswerable('has no body that data could go into');
  for (const content of contents) {
    try {
      return andThen(encodeContent(content, data), open => ({ content, open }));
    } catch (error) {
      if (content === contents[0]) failure = error;
    }
  }
  throw failure;
}

function encodeContent(content: Content, data: unknown): Eventually<() => BodyInit> {
  if (content.kind === 'event-stream')
    return sequence(data, event => encodeEvent(content, event as MockEvent<unknown>));
  if (content.kind === 'json-lines')
    return sequence(data, value => andThen(encodeValue(content.schema, value), lineText));
  return andThen(encodeValue(content.schema, data), wire => {
    const body = written(() => writeContent(content, wire));
    return () => (isAsyncIterable(body) && !(body instanceof ReadableStream) ? streamOf(body) : body);
  });
}

function written<Value>(write: () => Value): Value {
  try {
    return write();
  } catch (error) {
    throw new Unanswerable((error as Error).message, { cause: error });
  }
}

/** @throws Unanswerable for what the schema does not take. */
export function encodeValue(schema: Schema | undefined, value: unknown): Eventually<unknown> {
  if (!schema) return value;
  if (isZod(schema) && isOneWay(schema))
    throw new Unanswerable('the schema has a transform, which does not lead back to the wire');
  return andThen(encoderOf(schema)(value), (result: Checked) => {
    if (result.issues) throw new Unanswerable(issuesText(result.issues));
    return result.value;
  });
}

export const issuesText = (issues: readonly Issue[]): string =>
  issues.map(({ path, message }) => [...path.map(String), message].join(': ')).join('; ');

/** A list is looked at as a whole before it is sent; anything else while it comes. */
function sequence(data: unknown, write: (value: unknown) => Eventually<string>): Eventually<() => BodyInit> {
  if (Array.isArray(data)) {
    const texts = data.map(write);
    if (!texts.some(text => text instanceof Promise)) return () => texts.join('');
    return Promise.all(texts).then(all => () => all.join(''));
  }
  if (!isIterable(data)) throw new Unanswerable('should be a list or a generator');
  return () => streamOf(mapped(data, write));
}

async function* mapped(
  values: Sequence<unknown>,
  write: (value: unknown) => Eventually<string>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  for await (const value of values) yield encoder.encode(await write(value));
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<Uint8Array> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

const isIterable = (value: unknown): value is Sequence<unknown> =>
  isAsyncIterable(value) || (typeof value === 'object' && value !== null && Symbol.iterator in value);

function streamOf(values: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = values[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(stream) {
      const { done, value } = await iterator.next();
      if (done) stream.close();
      else stream.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function encodeEvent({ schema }: Content, event: MockEvent<unknown>): Eventually<string> {
  return andThen(encodeValue(schema, event.data), data => eventText(schema, { ...event, data }));
}

/**
 * An event with its data in the wire form.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream | HTML, parsing an event stream}
 */
export function eventText(
  schema: Schema | undefined,
  { data, event, id, retryMs }: MockEvent<unknown>,
): string {
  const text = schema ? jsonOf(data) : String(data);
  const fields = Object.entries({ id, event, retry: retryMs }).filter(([, value]) => value !== undefined);
  const lines = [...fields, ...text.split(/\r\n|\r|\n/).map(line => ['data', line])];
  return `${lines.map(line => line.join(': ')).join('\n')}\n\n`;
}

export const lineText = (value: unknown): string => `${jsonOf(value)}\n`;

/** Declared headers in their wire form; others as they are. */
export function encodeHeaders(schema: Schema | undefined, headers: unknown): Eventually<Headers> {
  if (!schema) return new Headers(headers as HeadersInit | undefined);
  return andThen(encodeValue(schema, headers), wire => headersOf(wire as Record<string, unknown>));
}

const headerStyle = resolveStyle('headers');

/** @param wire - members by the names of headers. */
export function headersOf(wire: Readonly<Record<string, unknown>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(wire))
    if (isPresent(value))
      headers.set(
        name,
        written(() => encodeInHeader(value, headerStyle)),
      );
  return headers;
}

/** @param body - undefined for none. */
export function respond(status: number, headers: Headers, body: EncodedBody | undefined): Response {
  const all = new Headers(headers);
  // The boundary of a form with files is made with the response, and so is its header.
  if (body && body.content.kind !== 'multipart' && !all.has('content-type'))
    all.set('content-type', typeOf(body.content));
  return new Response(body ? body.open() : null, { status, headers: all });
}

/** A type that stands for many is answered with one of them. */
const typeOf = ({ type }: Content): string =>
  type.replace('*/*', 'application/octet-stream').replace('text/*', 'text/plain').replace('/*', '/x-mocked');
