/**
 * From what a contract declares to what its user sees. Everything is computed from the options of an endpoint, so
 * that nobody annotates anything; what comes out is plain object types.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Content } from './content.ts';

/** Shows an intersection as the one object that it is. */
export type Plain<T> = { [Key in keyof T]: T[Key] } & {};

/** An object without members: whatever it extends can be left out. */
export type Empty = Record<never, never>;

/** What stands behind a zod schema; asked for by this member alone, since comparing whole schemas takes the compiler long. */
interface OfZod<Input, Output> {
  readonly _zod: { readonly input: Input; readonly output: Output };
}

/** What a schema makes of what arrives. */
export type Decoded<S> =
  S extends OfZod<unknown, infer Output>
    ? Output
    : S extends StandardSchemaV1
      ? StandardSchemaV1.InferOutput<S>
      : never;

/**
 * What a caller gives to be sent: zod's output form, which is encoded, with what has a default left out at will. Of
 * other libraries the wire's form.
 */
export type Given<S> =
  S extends OfZod<infer Input, infer Output>
    ? WithDefaults<Input, Output> | Extract<Input, undefined>
    : S extends StandardSchemaV1
      ? StandardSchemaV1.InferInput<S>
      : never;

type OptionalKeys<T> = { [Key in keyof T]-?: Empty extends Pick<T, Key> ? Key : never }[keyof T];

/** The output form; keys that only the input form may leave out are optional as well. */
type WithDefaults<Input, Output> = [Input] extends [Output] ? Output : WithOptional<Output, Input, Output>;

/** Of a union, each of its members keeps what it has of its own. */
type WithOptional<One, Input, All> = One extends unknown
  ? LeftOut<[All] extends [One] ? Input : InputFor<One, Input, keyof All>, One> extends infer Keys
    ? [Keys] extends [never]
      ? One
      : Plain<Omit<One, Keys & keyof One> & Partial<Pick<One, Keys & keyof One>>>
    : never
  : never;

/** The member of a union in the input form that one in the output form comes from, by the literals in which members differ. */
type InputFor<One, Input, Shared> = Input extends unknown
  ? true extends {
      [Key in Shared & keyof One & keyof Input]: [One[Key] & Input[Key]] extends [never] ? true : never;
    }[Shared & keyof One & keyof Input]
    ? never
    : Input
  : never;

/** Keys that only the input form may leave out. */
type LeftOut<Input, Output> = Exclude<OptionalKeys<Input>, OptionalKeys<Output>>;

/** An event of a stream, its data parsed. */
export interface ServerSentEvent<Data> {
  /** `message` unless the server says otherwise. */
  readonly event: string;
  readonly data: Data;
  /** The last id that the server gave; undefined as long as it gave none. */
  readonly id: string | undefined;
}

/** Bytes that can be sent again. */
export type Bytes = Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** What a caller gives as a body. */
export type GivenBody<Body> =
  Body extends Content<infer Kind, infer S>
    ? Kind extends 'binary'
      ? Bytes
      : Kind extends 'stream'
        ? ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Blob
        : S extends undefined
          ? string
          : Given<S>
    : Given<Body>;

/** What a caller gets for a body. */
export type ReceivedBody<Body> =
  Body extends Content<infer Kind, infer S>
    ? Kind extends 'binary'
      ? Blob
      : Kind extends 'stream'
        ? ReadableStream<Uint8Array<ArrayBuffer>>
        : Kind extends 'event-stream'
          ? AsyncIterable<ServerSentEvent<S extends undefined ? string : Decoded<S>>>
          : Kind extends 'json-lines'
            ? AsyncIterable<Decoded<S>>
            : S extends undefined
              ? string
              : Decoded<S>
    : Body extends null
      ? undefined
      : Body extends readonly (infer One)[]
        ? ReceivedBody<One>
        : Body extends StandardSchemaV1
          ? Decoded<Body>
          : never;

/** A declaration of a response is a body, or an object that says more. */
export type BodyOf<Declared> = Declared extends
  | { readonly '~standard': unknown }
  | Content
  | readonly unknown[]
  | null
  ? Declared
  : Declared extends { readonly body: infer Body }
    ? Body
    : null;

/** What the body of a declared response comes to. */
export type DataOf<Declared> = ReceivedBody<BodyOf<Declared>>;

/** Headers as declared; else as they are. */
type HeadersOf<Declared> = Declared extends
  | { readonly '~standard': unknown }
  | Content
  | readonly unknown[]
  | null
  ? Headers
  : Declared extends { readonly headers: infer S }
    ? Decoded<S>
    : Headers;

/** The statuses that a range or `default` stands for, as far as they are registered. */
interface Registered {
  '1xx': 100 | 101 | 102 | 103;
  '2xx': 200 | 201 | 202 | 203 | 204 | 205 | 206 | 207 | 208 | 226;
  '3xx': 300 | 301 | 302 | 303 | 304 | 305 | 307 | 308;
  '4xx':
    | (
        | 400
        | 401
        | 402
        | 403
        | 404
        | 405
        | 406
        | 407
        | 408
        | 409
        | 410
        | 411
        | 412
        | 413
        | 414
        | 415
        | 416
        | 417
      )
    | (418 | 421 | 422 | 423 | 424 | 425 | 426 | 428 | 429 | 431 | 451);
  '5xx': 500 | 501 | 502 | 503 | 504 | 505 | 506 | 507 | 508 | 510 | 511;
}

type Range = keyof Registered;

/** Statuses that are declared one by one or by range. */
type Named<Responses> = (keyof Responses & number) | Registered[keyof Responses & Range];

/** The statuses that one key of `responses` speaks for. */
export type StatusesOf<Key, Responses> = Key extends number
  ? Key
  : Key extends Range
    ? Exclude<Registered[Key], keyof Responses>
    : Exclude<
        Registered[IsSuccess<Key, Responses> extends true ? Range : Exclude<Range, '2xx'>],
        Named<Responses>
      >;

/** A response of a status that means success, as declared. */
export interface Success<Status extends number, Data, Headers = globalThis.Headers> {
  readonly ok: true;
  readonly status: Status;
  readonly data: Data;
  readonly headers: Headers;
  /** Its body has been read, unless it is the `data`. */
  readonly response: Response;
  readonly error?: never;
}

/** A response of any other status that is declared. */
export interface Failure<Status extends number, Data, Headers = globalThis.Headers> {
  readonly ok: false;
  readonly status: Status;
  readonly data: Data;
  readonly headers: Headers;
  readonly response: Response;
  readonly error?: never;
}

/**
 * No response, or none that is declared: an error of ours (a `HoldfastError`), or what the caller aborted with, which
 * stands here as it was given.
 */
export interface Unanswered {
  readonly ok: false;
  readonly error: Error;
  readonly status?: never;
  readonly data?: never;
  readonly headers?: never;
  readonly response?: never;
}

/** A value that stands in for an answer; `error` is why there is none. */
export interface Substitute<Data> {
  readonly ok: true;
  readonly fallback: true;
  readonly data: Data;
  readonly error: Error;
  readonly status?: never;
  readonly headers?: never;
  readonly response?: never;
}

export type ResponsesOf<Options> = Options extends { readonly responses: infer Responses }
  ? Responses
  : Empty;

/** Without a 2xx among the keys, `default` stands for success as well. */
type IsSuccess<Key, Responses> = `${Key & (string | number)}` extends `2${string}`
  ? true
  : Key extends 'default'
    ? Extract<`${keyof Responses & (string | number)}`, `2${string}`> extends never
      ? true
      : false
    : false;

/** `default` stands for failures in any case, and for success where {@link IsSuccess} says so. */
type AnswerTo<Key, Responses, Declared> = Key extends 'default'
  ?
      | Failure<Exclude<StatusesOf<Key, Responses>, Registered['2xx']>, DataOf<Declared>, HeadersOf<Declared>>
      | (IsSuccess<Key, Responses> extends true
          ? Success<Registered['2xx'], DataOf<Declared>, HeadersOf<Declared>>
          : never)
  : IsSuccess<Key, Responses> extends true
    ? Success<StatusesOf<Key, Responses>, DataOf<Declared>, HeadersOf<Declared>>
    : Failure<StatusesOf<Key, Responses>, DataOf<Declared>, HeadersOf<Declared>>;

/** What `.safe()` resolves with. By way of a condition, since an editor shows a bare union by the name of its type. */
export type ResultOf<Options> = [ResponsesOf<Options>] extends [infer Responses]
  ?
      | { [Key in keyof Responses]: AnswerTo<Key, Responses, Responses[Key]> }[keyof Responses]
      | SubstituteOf<Options>
      | Unanswered
  : never;

type SubstituteOf<Options> = Options extends { readonly fallback: unknown }
  ? Substitute<SuccessOf<Options>>
  : never;

/**
 * What the call itself resolves with: the data of every status that means success. By way of a condition, as
 * {@link ResultOf}.
 */
export type SuccessOf<Options> = [ResponsesOf<Options>] extends [infer Responses]
  ? {
      [Key in keyof Responses]: IsSuccess<Key, Responses> extends true ? DataOf<Responses[Key]> : never;
    }[keyof Responses]
  : never;

/** Groups of an input that may be left out as a whole, since everything in them may. A body must say so itself. */
type Optional<Groups> = {
  [Key in keyof Groups]: undefined extends Groups[Key]
    ? Key
    : Key extends 'body'
      ? never
      : Empty extends Groups[Key]
        ? Key
        : never;
}[keyof Groups];

type GroupsOf<Options> = {
  [Key in keyof Options & ('params' | 'query' | 'headers' | 'cookies' | 'body')]: Key extends 'body'
    ? GivenBody<Options[Key]>
    : Given<Options[Key]>;
};

/** What an operation is called with. */
export type InputOf<Options, Groups = GroupsOf<Options>> = Plain<
  { readonly [Key in Exclude<keyof Groups, Optional<Groups>>]: Groups[Key] } & {
    readonly [Key in keyof Groups & Optional<Groups>]?: Groups[Key] | undefined;
  }
>;

/** What a path such as `data.users` leads to. */
type At<Data, Path> = Path extends `${infer Key}.${infer Rest}`
  ? At<Data extends { readonly [K in Key]?: infer Inner } ? NonNullable<Inner> : never, Rest>
  : Data extends { readonly [K in Path & string]?: infer Inner }
    ? NonNullable<Inner>
    : never;

/** One item of a page; never for an endpoint without pages. */
export type ItemOf<Options> = Options extends { readonly paginate: infer Paginate }
  ? Element<
      Paginate extends { readonly items: infer Path } ? At<SuccessOf<Options>, Path> : SuccessOf<Options>
    >
  : never;

type Element<List> = List extends readonly (infer Item)[] ? Item : never;

/** The names in the braces of a path. */
export type PathNames<Path> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathNames<Rest>
  : never;
