/**
 * What a body is on the wire: its media type, and how it is read and written. A bare schema in a contract stands for
 * JSON; everything else is said with one of these.
 */

import { MAX_TIMER_MS } from '../pipeline/clock.ts';
import { type Check, duration, integer, oneOf } from '../pipeline/options.ts';
import type { ParameterStyle } from './parameter-style.ts';
import type { Schema } from './standard-schema.ts';

export type ContentKind =
  | 'json'
  | 'text'
  | 'form'
  | 'multipart'
  | 'binary'
  | 'stream'
  | 'event-stream'
  | 'json-lines';

/** A declared body. Made by {@link json}, {@link text} and their like. */
export interface Content<Kind extends ContentKind = ContentKind, Of = Schema | undefined> {
  readonly kind: Kind;
  /** What it is checked with; undefined if anything goes. */
  readonly schema: Of;
  /** Media type without parameters, in lower case. */
  readonly type: string;
  readonly stream: StreamSettings | undefined;
  /** Of a form, how its fields are written. */
  readonly styles?: FieldStyles | undefined;
}

export interface ContentOptions {
  /** Media type, such as `application/vnd.example+json`. */
  readonly type?: string;
}

/** By field, where it is not written as a parameter of a query is by default. */
export type FieldStyles = Readonly<Record<string, ParameterStyle>>;

export interface FormOptions {
  /**
   * By field, where it is not written as a parameter of a query is by default: objects inside objects need `deepObject`
   * or `json`.
   */
  readonly styles?: FieldStyles;
}

/** How a stream of events or lines is kept alive. */
export interface StreamOptions extends ContentOptions {
  /**
   * Longest silence in milliseconds, from 1, before the connection counts as dead; `false` for any.
   * @defaultValue 60_000
   */
  readonly idleTimeoutMs?: number | false;
  /**
   * How often in a row, from 0 or Infinity, a stream that broke off is asked for again without an event in between.
   * Only for repeatable calls, and for events only after one that had an id: where to go on must be known.
   * @defaultValue 5
   */
  readonly maxReconnects?: number;
  /**
   * When to ask again: after a failure, or also when the server has ended the stream (as browsers' `EventSource` does).
   * @defaultValue 'failure'
   */
  readonly reconnectOn?: 'failure' | 'end';
}

export interface StreamSettings {
  /** Infinity for none. */
  readonly idleTimeoutMs: number;
  readonly maxReconnects: number;
  readonly reconnectOn: 'failure' | 'end';
}

/** Marks a content, also one that another copy of the package made. */
const brand = Symbol.for('holdfast.content');

export const isContent = (value: unknown): value is Content =>
  typeof value === 'object' && value !== null && brand in value;

function content<Kind extends ContentKind, Of extends Schema | undefined>(
  kind: Kind,
  schema: Of,
  type: string,
  stream?: StreamSettings,
  styles?: FieldStyles,
): Content<Kind, Of> {
  return Object.freeze({
    kind,
    schema,
    type: mediaType(type, kind),
    stream,
    ...(styles && { styles }),
    [brand]: true,
  });
}

/** Type and subtype as RFC 9110 §8.3.1 has them: tokens with a slash between; `*` stands for any in responses. */
const MEDIA_TYPE = /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/;

function mediaType(type: unknown, kind: ContentKind): string {
  const essence = typeof type === 'string' ? essenceOf(type) : '';
  if (MEDIA_TYPE.test(essence)) return essence;
  throw new TypeError(
    `\`type\` of ${kind} content should be a media type such as "application/json", got ${JSON.stringify(type)}.`,
  );
}

/** A media type without its parameters, in lower case. */
export function essenceOf(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** The elements of a list, in which a comma between quotes is none. */
const LIST_ELEMENT = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g;

/**
 * The essence of the type that a message says it is of; empty if it says none. Of several, which come of a header that
 * is there twice, the last that is one.
 *
 * @see {@link https://fetch.spec.whatwg.org/#concept-header-extract-mime-type | Fetch, extract a MIME type}
 */
export function receivedType(headers: Headers): string {
  const given = headers.get('content-type') ?? '';
  if (!given.includes(',')) return essenceOf(given);
  const essences = (given.match(LIST_ELEMENT) ?? []).map(essenceOf);
  return essences.findLast(essence => MEDIA_TYPE.test(essence) && essence !== '*/*') ?? '';
}

/** JSON, of a type other than `application/json`: `json(Charge, { type: 'application/vnd.example+json' })`. */
export const json = <S extends Schema>(
  schema: S,
  { type = 'application/json' }: ContentOptions = {},
): Content<'json', S> => content('json', schema, type);

/** Text. Without a schema, any. */
export function text(): Content<'text', undefined>;
// First, since schemas of zod have a `type` as well.
export function text<S extends Schema>(schema: S, options?: ContentOptions): Content<'text', S>;
export function text(options: ContentOptions): Content<'text', undefined>;
export function text(first?: Schema | ContentOptions, options?: ContentOptions): Content<'text'> {
  const isBare = first === undefined || !('~standard' in first);
  const { type = 'text/plain' } = (isBare ? first : options) ?? {};
  return content('text', isBare ? undefined : first, type);
}

/** Fields of a form, encoded in the manner of a query (`application/x-www-form-urlencoded`). */
export const form = <S extends Schema>(schema: S, { styles }: FormOptions = {}): Content<'form', S> =>
  content('form', schema, 'application/x-www-form-urlencoded', undefined, styles);

/**
 * Fields and files (`multipart/form-data`, RFC 7578): blobs and files are sent as they are, lists as repeated fields,
 * other objects as JSON.
 */
export const multipart = <S extends Schema>(schema: S): Content<'multipart', S> =>
  content('multipart', schema, 'multipart/form-data');

/** Bytes as a whole: a `Blob` when they arrive; a `Blob`, a buffer or a view of one when they are sent. */
export const binary = ({
  type = 'application/octet-stream',
}: ContentOptions = {}): Content<'binary', undefined> => content('binary', undefined, type);

/** Bytes as they come: a `ReadableStream`. A call that sends one cannot be repeated. */
export const stream = ({
  type = 'application/octet-stream',
}: ContentOptions = {}): Content<'stream', undefined> => content('stream', undefined, type);

/**
 * Server-sent events, of which the schema checks the `data`, parsed as JSON. Without a schema, `data` is text.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html | HTML, Server-sent events}
 */
export function eventStream(): Content<'event-stream', undefined>;
export function eventStream(options: StreamOptions): Content<'event-stream', undefined>;
export function eventStream<S extends Schema>(schema: S, options?: StreamOptions): Content<'event-stream', S>;
export function eventStream(
  first?: Schema | StreamOptions,
  options?: StreamOptions,
): Content<'event-stream'> {
  const isBare = first === undefined || !('~standard' in first);
  const given = (isBare ? first : options) ?? {};
  const type = given.type ?? 'text/event-stream';
  return content('event-stream', isBare ? undefined : first, type, streamSettings(given));
}

/** JSON values, one to a line (`application/x-ndjson`), each checked by the schema. */
export const jsonLines = <S extends Schema>(
  schema: S,
  options: Omit<StreamOptions, 'maxReconnects' | 'reconnectOn'> = {},
): Content<'json-lines', S> =>
  content('json-lines', schema, options.type ?? 'application/x-ndjson', {
    ...streamSettings(options),
    maxReconnects: 0,
  });

const checkIdle: Check = (value, name) => {
  if (value !== false) duration({ min: 1, max: MAX_TIMER_MS, unlimited: true })(value, name);
};

function streamSettings(options: StreamOptions): StreamSettings {
  const { idleTimeoutMs = 60_000, maxReconnects = 5, reconnectOn = 'failure' } = options;
  checkIdle(idleTimeoutMs, 'idleTimeoutMs');
  integer({ unlimited: true })(maxReconnects, 'maxReconnects');
  oneOf('failure', 'end')(reconnectOn, 'reconnectOn');
  return {
    idleTimeoutMs: idleTimeoutMs === false ? Number.POSITIVE_INFINITY : idleTimeoutMs,
    maxReconnects,
    reconnectOn,
  };
}

/** Contents that outlive the call that brought them: they are read while they come. */
export const isStreamed = ({ kind }: Content): boolean =>
  kind === 'stream' || kind === 'event-stream' || kind === 'json-lines';

/** Whether a type is a range, which names what may come and nothing that could be sent. */
export const isRange = ({ type }: Content): boolean => type.endsWith('/*');

/**
 * Whether a response of some content type is of a declared content. JSON is known by its structured suffix as well
 * (RFC 6839 §3.1), and `*` stands for anything.
 */
export function accepts(declared: Content, essence: string): boolean {
  if (declared.type === essence || declared.type === '*/*') return true;
  if (declared.type.endsWith('/*')) return essence.startsWith(declared.type.slice(0, -1));
  if (declared.kind === 'json') return isJson(essence);
  // Other programs' names for the same thing.
  if (declared.kind === 'json-lines') return JSON_LINES.has(essence);
  return false;
}

const JSON_LINES = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
]);

export const isJson = (essence: string): boolean =>
  essence === 'application/json' || essence.endsWith('+json');
