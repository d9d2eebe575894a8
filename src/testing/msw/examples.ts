/** Answers that somebody wrote down, by operation, status and name: what a generator makes of a document's examples. */
import type { Content } from '../../contract/content.ts';
import type { BodyOf, ReceivedBody, ResponsesOf } from '../../contract/infer.ts';
import type { NamesIn, OptionsAt } from './endpoint-names.ts';

/** Members that no schema names, which examples have as answers do. */
interface Others {
  readonly [name: string]: unknown;
}

/** The form that something of the program has on the wire, as far as its type tells. */
type OnWire<T, Text> = unknown extends T
  ? unknown
  : T extends string
    ? T | (string extends T ? Text : never)
    : T extends number | boolean | null | undefined
      ? T
      : T extends bigint
        ? number | string
        : T extends { toJSON(key?: string): string }
          ? string
          : T extends readonly unknown[]
            ? { readonly [Index in keyof T]: OnWire<T[Index], Text> }
            : { readonly [Key in keyof T]: OnWire<T[Key], Text> } & Others;

/** Streams and bytes are no data that could be written down. */
type ExampleOf<Body, Text> =
  Body extends Content<'binary' | 'stream' | 'event-stream' | 'json-lines'>
    ? never
    : Body extends null
      ? never
      : Body extends readonly (infer One)[]
        ? ExampleOf<One, Text>
        : OnWire<ReceivedBody<Body>, Text>;

type ExamplesOf<Responses, Text> = {
  readonly [Key in keyof Responses]?: { readonly [name: string]: ExampleOf<BodyOf<Responses[Key]>, Text> };
};

/**
 * Examples for `mockHandlers`: for each operation, and each key of its `responses`, bodies in the form of the wire by
 * names of their own. The first of them is the answer.
 *
 * @typeParam Text - what a text of the program is on the wire, where codecs make texts of something else.
 */
export type MockExamples<Definition, Text = string> = {
  readonly [Name in NamesIn<Definition>]?: ExamplesOf<ResponsesOf<OptionsAt<Definition, Name>>, Text>;
};

/** The examples of one operation, when its types are of no more use. */
export type OperationExamples = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
