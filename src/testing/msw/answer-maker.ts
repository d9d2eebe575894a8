/** Answers made from schemas: the same for the same seed, whatever else is asked for and in what order. */
import { type Content, isStreamed } from '../../contract/content.ts';
import type { EndpointOptions } from '../../contract/endpoint-options.ts';
import { jsonDecoderOf, readJson } from '../../contract/exact-json.ts';
import { jsonOf, Unencodable } from '../../contract/parameter-style.ts';
import { writeContent } from '../../contract/request-encoder.ts';
import { ResponseDecoder } from '../../contract/response-decoder.ts';
import type { Checked, Issue, Schema } from '../../contract/standard-schema.ts';
import { isZod } from '../../contract/zod.ts';
import type { Random } from '../../pipeline/clock.ts';
import { seededRandom } from '../seeded-random.ts';
import type { MockEvent } from './answer.ts';
import { eventText, headersOf, issuesText, lineText, respond, Unanswerable } from './answer-encoder.ts';
import { declaredFor, keyFor } from './declared.ts';
import type { OperationExamples } from './examples.ts';
import { madeData, Unmakeable } from './made-data.ts';
import { madeWord, wholeBetween } from './made-text.ts';
import { type PagePlace, pageOfExample, withoutNextPage } from './pages.ts';

/** An answer that can be sent as often as it is asked for. */
export interface MadeAnswer {
  readonly respond: () => Response;
  /** Its data in the program's form; of a stream, the list of what comes. Fresh ones each time: a test may change them. */
  readonly read: () => Promise<unknown>;
}

/** Refinements are met by luck, and this is how often it is tried. */
const maxTries = 100;
const streamedValues = 3;

export class AnswerMaker {
  readonly #name: string;
  readonly #options: EndpointOptions;
  readonly #seed: number;
  readonly #examples: OperationExamples | undefined;
  readonly #decoder: ResponseDecoder;
  readonly #made = new Map<string, Promise<MadeAnswer>>();

  constructor(name: string, options: EndpointOptions, seed: number, examples?: OperationExamples) {
    this.#examples = examples;
    this.#name = name;
    this.#options = options;
    this.#seed = seed;
    this.#decoder = new ResponseDecoder(options, 'strict');
  }

  /** The first of the examples for a status, in its wire form. */
  exampleFor(status: number): Example | undefined {
    const key = keyFor(this.#options, status);
    const [first] = Object.entries((key !== undefined && this.#examples?.[key]) || {});
    return first && { name: first[0], body: first[1] };
  }

  /** @throws Unmakeable where no answer can be made, and says what to do. */
  make(status: number, place: PagePlace = 'first'): Promise<MadeAnswer> {
    const key = `${status} ${place}`;
    let made = this.#made.get(key);
    if (!made) {
      made = this.#search(status, place);
      this.#made.set(key, made);
    }
    return made;
  }

  async #search(status: number, place: PagePlace): Promise<MadeAnswer> {
    const example = this.exampleFor(status);
    let reason = '';
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const random = seededRandom(this.#seed ^ hashOf(`${this.#name} ${status} ${place} ${attempt}`));
      const draft = this.#draft(status, { place, attempt }, random, example);
      const { issues } = await this.#read(draft);
      if (!issues) return { respond: draft.respond, read: async () => (await this.#read(draft)).data };
      reason = issuesText(issues);
    }
    if (example) throw this.#unmakeable(status, `the example ${example.name} will not do (${reason})`);
    throw this.#unmakeable(status, `none of ${maxTries} that were tried will do (${reason})`);
  }

  #draft(status: number, page: Page, random: Random, example: Example | undefined): Draft {
    const { contents, headers } = declaredFor(this.#options, status) ?? {};
    const wire = (schema: Schema) => this.#wire(schema, status, random);
    const [content] = contents ?? [];
    const { paginate } = this.#options;
    const body = example
      ? pageOfExample(paginate, example.body, page)
      : content && withoutNextPage(paginate, madeBody(content, wire, random), page);
    const members = headers ? (wire(headers) as Record<string, unknown>) : {};
    const encoded = content && { content, open: () => bodyOf(content, body) };
    return { content, body, respond: () => respond(status, headersOf(members), encoded) };
  }

  #wire(schema: Schema, status: number, random: Random): unknown {
    const { vendor } = schema['~standard'];
    if (!isZod(schema)) throw this.#unmakeable(status, `nothing is known of schemas of ${vendor}`);
    try {
      return madeData(schema, random);
    } catch (error) {
      throw error instanceof Unmakeable ? this.#unmakeable(status, error.message) : error;
    }
  }

  #unmakeable(status: number, why: string): Unmakeable {
    const what = declaredFor(this.#options, status)?.headers ? 'data, headers' : 'data';
    const advice = `mocks.on(${JSON.stringify(this.#name)}).reply(${status}, ${what})`;
    return new Unmakeable(`${this.#name}: no answer ${status} can be made: ${why}. Give one: \`${advice}\`.`);
  }

  /** Reads a draft as a client would. */
  async #read({ respond, body, content }: Draft): Promise<Reading> {
    let issues: readonly Issue[] | undefined;
    const report = (_: unknown, found: readonly Issue[]) => {
      issues ??= found;
    };
    try {
      const { data } = await this.#decoder.decode(respond(), report, () => body);
      if (issues || !content || !isStreamed(content)) return { data, issues };
      return content.kind === 'stream'
        ? { data: await respond().blob() }
        : readSequence(content, body as unknown[]);
    } catch (error) {
      // What has no spelling (a header with a line break in it, say) is one more that will not do.
      if (!(error instanceof Unencodable || error instanceof Unanswerable)) throw error;
      return { data: undefined, issues: [{ message: error.message, path: [] }] };
    }
  }
}

interface Example {
  readonly name: string;
  readonly body: unknown;
}

interface Page {
  readonly place: PagePlace;
  readonly attempt: number;
}

interface Draft {
  readonly content: Content | undefined;
  /** Before it is written; of a stream of values, a list. */
  readonly body: unknown;
  readonly respond: () => Response;
}

interface Reading {
  readonly data: unknown;
  readonly issues?: readonly Issue[] | undefined;
}

/** A body in its wire form. */
function madeBody({ kind, schema }: Content, wire: (schema: Schema) => unknown, random: Random): unknown {
  const value = () => (schema ? wire(schema) : madeWord(random));
  switch (kind) {
    case 'json-lines':
      return Array.from({ length: streamedValues }, value);
    case 'event-stream':
      return Array.from({ length: streamedValues }, (_, index) => ({ id: `${index + 1}`, data: value() }));
    case 'binary':
    case 'stream':
      return Uint8Array.from({ length: 16 }, () => wholeBetween(0, 255, random));
    default:
      return value();
  }
}

function bodyOf(content: Content, body: unknown): BodyInit {
  const { kind, schema } = content;
  if (kind === 'json-lines') return (body as unknown[]).map(lineText).join('');
  if (kind === 'event-stream')
    return (body as MockEvent<unknown>[]).map(event => eventText(schema, event)).join('');
  return writeContent(content, body);
}

async function readSequence({ kind, schema }: Content, values: readonly unknown[]): Promise<Reading> {
  const data: unknown[] = [];
  for (const value of values) {
    const wire = kind === 'event-stream' ? (value as MockEvent<unknown>).data : value;
    const result: Checked = schema
      ? await jsonDecoderOf(schema)(readJson(jsonOf(wire), schema))
      : { value: wire };
    if (result.issues) return { data, issues: result.issues };
    data.push(kind === 'event-stream' ? { ...(value as object), data: result.value } : result.value);
  }
  return { data };
}

/** FNV-1a: tells texts apart, and that is all it is for. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}
