/** What is answered: typed by what the contract declares for a status, and given in the program's form. */
import type { Content } from '../../contract/content.ts';
import type {
  BodyOf,
  Decoded,
  Given,
  GivenBody,
  ReceivedBody,
  ResponsesOf,
  StatusesOf,
} from '../../contract/infer.ts';

/** An event to be sent. */
export interface MockEvent<Data> {
  readonly data: Data;
  /** Without it, a `message`. */
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  /** How long to wait before the stream is asked for again. */
  readonly retryMs?: number | undefined;
}

/** What a list does, and a generator: it is sent as it comes. */
export type Sequence<Value> = Iterable<Value> | AsyncIterable<Value>;

/** What stands for a declared body. */
export type AnswerData<Body> =
  Body extends Content<infer Kind, infer S>
    ? Kind extends 'event-stream'
      ? Sequence<MockEvent<S extends undefined ? string : Given<S>>>
      : Kind extends 'json-lines'
        ? Sequence<Given<S>>
        : GivenBody<Body>
    : Body extends null
      ? undefined
      : Body extends readonly (infer One)[]
        ? AnswerData<One>
        : Given<Body>;

/** What is made for a declared body: as a client reads it, streams as lists. */
export type SampleData<Body> =
  Body extends Content<infer Kind, infer S>
    ? Kind extends 'event-stream'
      ? MockEvent<S extends undefined ? string : Decoded<S>>[]
      : Kind extends 'json-lines'
        ? Decoded<S>[]
        : Kind extends 'stream'
          ? Blob
          : ReceivedBody<Body>
    : Body extends readonly (infer One)[]
      ? SampleData<One>
      : ReceivedBody<Body>;

/** Headers as declared; else any. */
type AnswerHeaders<Declared> = Declared extends { readonly '~standard': unknown }
  ? HeadersInit
  : Declared extends { readonly headers: infer S }
    ? Given<S>
    : HeadersInit;

interface DeclaredAnswer<Status, Data, Headers> {
  readonly status: Status;
  /** Made from the schema if left out. */
  readonly data?: Data | undefined;
  /** Made from the schema if they are declared and left out. */
  readonly headers?: Headers | undefined;
}

/** An answer that the contract declares. Any other is a `Response`. */
export type AnswerOf<Options, Responses = ResponsesOf<Options>> = {
  [Key in keyof Responses]: DeclaredAnswer<
    StatusesOf<Key, Responses>,
    AnswerData<BodyOf<Responses[Key]>>,
    AnswerHeaders<Responses[Key]>
  >;
}[keyof Responses];

/** The statuses that a contract declares. */
export type StatusOf<Options> = AnswerOf<Options>['status'];

/** What is declared for a status. */
type DeclaredFor<Status, Responses> = {
  [Key in keyof Responses]: Status extends StatusesOf<Key, Responses> ? Responses[Key] : never;
}[keyof Responses];

/** The data that go with a status. */
export type DataFor<Options, Status> = AnswerData<BodyOf<DeclaredFor<Status, ResponsesOf<Options>>>>;

/** The headers that go with a status. */
export type HeadersFor<Options, Status> = AnswerHeaders<DeclaredFor<Status, ResponsesOf<Options>>>;

/** What is made for a status. */
export type SampleFor<Options, Status> = SampleData<BodyOf<DeclaredFor<Status, ResponsesOf<Options>>>>;
