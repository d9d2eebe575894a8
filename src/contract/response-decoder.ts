/** From a response to data. Which declaration speaks for a status is worked out once. */
import type { $ZodType } from 'zod/v4/core';
import { discard } from '../http/drain.ts';
import { accepts, type Content, isJson, isStreamed, receivedType } from './content.ts';
import { bodiesOf, declarationOf, hasNoBody } from './declared-response.ts';
import type { EndpointOptions, Responses } from './endpoint-options.ts';
import type { Part } from './errors.ts';
import { jsonDecoderOf, readJson } from './exact-json.ts';
import { type ProblemDetails, readProblem } from './problem-details.ts';
import { type Conversion, decoderOf, mayChange } from './schema.ts';
import type { Issue, Schema } from './standard-schema.ts';
import type { ValidationMode } from './validation.ts';
import { definitionOf, membersOf, wireForm } from './zod.ts';

/** What a service has said. */
export interface Answer {
  /** Whether the status means success. */
  readonly ok: boolean;
  readonly status: number;
  readonly data: unknown;
  readonly headers: unknown;
  readonly response: Response;
  readonly isDeclared: boolean;
  readonly problem: ProblemDetails | undefined;
}

/** Hears of what does not match. Throws, or lets it pass. */
export type Report = (part: Part, issues: readonly Issue[], value: unknown, response: Response) => void;

/** Makes of a streamed body what the caller iterates over. */
export type OpenStream = (content: Content, decode: Conversion | undefined) => unknown;

/** What is declared for a status, ready to be used. */
interface Expected {
  /** None for a response without a body. */
  readonly bodies: readonly ExpectedBody[];
  readonly headers: HeadersDecoder | undefined;
}

interface ExpectedBody {
  readonly content: Content;
  readonly decode: Conversion | undefined;
}

export class ResponseDecoder {
  readonly #responses: Responses;
  readonly #byStatus = new Map<number, Expected | undefined>();
  readonly #mode: ValidationMode;
  readonly #isHead: boolean;

  constructor({ method, responses }: EndpointOptions, mode: ValidationMode) {
    this.#responses = responses;
    this.#mode = mode;
    this.#isHead = method === 'HEAD';
  }

  /** @throws what `report` throws, and what reading the body does. */
  decode(response: Response, report: Report, openStream: OpenStream): Answer | Promise<Answer> {
    const expected = this.#expectedFor(response.status);
    if (!expected) return this.#undeclared(response, report);
    const goOn = (headers: unknown) => this.#decodeAs(expected, headers, response, report, openStream);
    if (!expected.headers) return goOn(response.headers);
    return expected.headers.read(response, this.#mode === 'off' ? undefined : report).then(goOn);
  }

  #decodeAs(
    expected: Expected,
    headers: unknown,
    response: Response,
    report: Report,
    openStream: OpenStream,
  ): Answer | Promise<Answer> {
    const { status } = response;
    const ok = isSuccess(status);
    const answer = { ok, status, headers, response, isDeclared: true };
    if (this.#isHead || expected.bodies.length === 0) {
      discard(response);
      return { ...answer, data: undefined, problem: undefined };
    }
    // Its range or the default has a body. Of a failure that says nothing; a success must do without by its schema.
    if (!ok && hasNoBody(status))
      return { ...answer, isDeclared: false, data: undefined, problem: undefined };
    const essence = receivedType(response.headers);
    const body = this.#bodyFor(expected, essence, response);
    if (!body) return this.#otherContent(answer, expected, essence, report);
    if (isStreamed(body.content))
      return { ...answer, data: openStream(body.content, this.#forItems(body)), problem: undefined };
    return this.#decodeBody(answer, body, essence, report);
  }

  async #decodeBody(
    answer: Omit<Answer, 'data' | 'problem'>,
    { content, decode }: ExpectedBody,
    essence: string,
    report: Report,
  ): Promise<Answer> {
    const { ok, response } = answer;
    const isChecked = this.#mode !== 'off';
    const raw =
      content.kind === 'binary'
        ? await response.blob()
        : content.kind === 'multipart'
          ? await this.#readFields(content.schema, response, report)
          : this.#valueOf(await response.text(), content, response, report);
    const problem = ok ? undefined : readProblem(essence, raw);
    if (!decode || (!isChecked && !mayChange(content.schema as Schema)))
      return { ...answer, data: raw, problem };
    const conversion = decode(raw);
    const result = conversion instanceof Promise ? await conversion : conversion;
    if (!result.issues) return { ...answer, data: result.value, problem };
    // As with a page of a proxy: it has the status, and nothing of what is declared for it.
    if (!ok && raw === undefined)
      return { ...answer, isDeclared: false, data: undefined, problem: undefined };
    if (isChecked) report('body', result.issues, raw, response);
    return { ...answer, data: raw, problem };
  }

  /** How one item of a stream is converted. */
  #forItems({ decode }: ExpectedBody): Conversion | undefined {
    return decode && this.#mode === 'off' ? lenient(decode) : decode;
  }

  #expectedFor(status: number): Expected | undefined {
    if (this.#byStatus.has(status)) return this.#byStatus.get(status);
    const declared = declarationFor(this.#responses, status);
    const expected = declared === undefined ? undefined : expectedOf(declared);
    this.#byStatus.set(status, expected);
    return expected;
  }

  /** The body of that very content type, or else the first that accepts it. Where the service names none, the first. */
  #bodyFor({ bodies }: Expected, essence: string, response: Response): ExpectedBody | undefined {
    if (essence === '' && !response.headers.get('content-type')) return bodies[0];
    return (
      bodies.find(({ content }) => content.type === essence) ??
      bodies.find(({ content }) => accepts(content, essence))
    );
  }

  /** The body is of a content type that is not declared: an error page of a proxy, mostly. */
  async #otherContent(
    answer: Omit<Answer, 'data' | 'problem'>,
    { bodies }: Expected,
    essence: string,
    report: Report,
  ): Promise<Answer> {
    const { response, ok } = answer;
    const raw = await readAnything(essence, response);
    const problem = readProblem(essence, raw);
    // A failure is a failure, whatever page it comes with; what is declared for its body does not hold.
    if (!ok) return { ...answer, isDeclared: false, data: raw, problem };
    if (this.#mode !== 'off') {
      const types = bodies.map(({ content }) => content.type).join(' or ');
      report(
        'content-type',
        [{ message: `should be ${types}, got ${JSON.stringify(essence)}`, path: [] }],
        raw,
        response,
      );
    }
    return { ...answer, data: raw, problem };
  }

  async #undeclared(response: Response, report: Report): Promise<Answer> {
    const { status, headers } = response;
    const ok = isSuccess(status);
    const essence = receivedType(headers);
    const data = await readAnything(essence, response);
    if (ok && this.#mode !== 'off') {
      const declared = Object.keys(this.#responses).join(', ');
      report('status', [{ message: `should be ${declared}, got ${status}`, path: [] }], data, response);
    }
    return { ok, status, data, headers, response, isDeclared: false, problem: readProblem(essence, data) };
  }

  /** What a text that has come in stands for. */
  #valueOf(text: string, { kind, schema }: Content, response: Response, report: Report): unknown {
    if (kind === 'form') return fieldsOf(new URLSearchParams(text), schema);
    return kind === 'json' ? this.#parse(text, schema, response, report) : text;
  }

  #parse(text: string, schema: Schema | undefined, response: Response, report: Report): unknown {
    if (text === '') return undefined;
    try {
      return readJson(text, schema);
    } catch (error) {
      // Its message quotes the text, which the excerpt does with secrets masked.
      return this.#misread(
        `is no JSON, as its content type says: ${(error as Error).name}`,
        text,
        response,
        report,
      );
    }
  }

  /** In two steps, so that a body which breaks off is not taken for one that is malformed. */
  async #readFields(schema: Schema | undefined, response: Response, report: Report): Promise<unknown> {
    const bytes = await response.arrayBuffer();
    const type = response.headers.get('content-type') ?? '';
    try {
      return fieldsOf(await new Response(bytes, { headers: { 'content-type': type } }).formData(), schema);
    } catch {
      const message = `is no multipart/form-data, as its content type says`;
      return this.#misread(message, new TextDecoder().decode(bytes), response, report);
    }
  }

  #misread(message: string, text: string, response: Response, report: Report): string {
    if (this.#mode !== 'off') report('body', [{ message, path: [] }], text, response);
    return text;
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** Converts what it can, and lets everything else pass. */
const lenient =
  (decode: Conversion): Conversion =>
  async value => {
    const result = await decode(value);
    return result.issues ? { value } : result;
  };

/** A status by itself, then its range, then `default`, which says nothing of successes if some are named. */
export function declarationFor(responses: Responses, status: number): Responses[number] {
  const exact = responses[status];
  if (exact !== undefined) return exact;
  const range = responses[`${Math.floor(status / 100)}xx` as '2xx'];
  if (range !== undefined) return range;
  const namesSuccess = Object.keys(responses).some(key => key.startsWith('2'));
  return isSuccess(status) && namesSuccess ? undefined : responses.default;
}

function expectedOf(declared: Exclude<Responses[number], undefined>): Expected {
  const { body, headers } = declarationOf(declared);
  const contents = body ? bodiesOf(body) : [];
  return {
    bodies: contents.map(content => ({ content, decode: decoderOfContent(content) })),
    headers: headers && new HeadersDecoder(headers),
  };
}

const decoderOfContent = ({ kind, schema }: Content): Conversion | undefined =>
  schema && (jsonKinds.has(kind) ? jsonDecoderOf(schema) : decoderOf(schema));

const jsonKinds: ReadonlySet<Content['kind']> = new Set<Content['kind']>([
  'json',
  'json-lines',
  'event-stream',
]);

/** The headers of a response as an object, by the names of the schema. */
class HeadersDecoder {
  readonly #decode: Conversion;
  readonly #names: readonly string[] | undefined;

  constructor(schema: Schema) {
    this.#decode = decoderOf(schema);
    const members = membersOf(schema);
    this.#names = members && Object.keys(members);
  }

  /** @param report - not there if nobody wants to know. Where it throws, nobody will read the body. */
  async read(response: Response, report: Report | undefined): Promise<unknown> {
    const raw = this.#raw(response.headers);
    const result = await this.#decode(raw);
    if (!result.issues) return result.value;
    try {
      report?.('headers', result.issues, raw, response);
    } catch (error) {
      discard(response);
      throw error;
    }
    return raw;
  }

  #raw(headers: Headers): Record<string, string | undefined> {
    if (!this.#names) return Object.fromEntries(headers);
    return Object.fromEntries(this.#names.map(name => [name, headers.get(name) ?? undefined]));
  }
}

/** JSON if it says so and is so, else text. */
async function readAnything(essence: string, response: Response): Promise<unknown> {
  const text = await response.text();
  if (!isJson(essence)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Fields by name; one that is repeated is a list, and so is one that its schema has as a list. */
function fieldsOf(fields: Iterable<[string, unknown]>, schema: Schema | undefined): Record<string, unknown> {
  const members = schema && membersOf(schema);
  const isList = (name: string) =>
    members !== undefined && Object.hasOwn(members, name) && isListOnWire(members[name] as $ZodType);
  const byName = new Map<string, unknown[]>();
  for (const [name, value] of fields) {
    const values = byName.get(name);
    if (values) values.push(value);
    else byName.set(name, [value]);
  }
  return Object.fromEntries(
    [...byName].map(([name, values]) => [name, values.length > 1 || isList(name) ? values : values[0]]),
  );
}

const isListOnWire = (schema: $ZodType): boolean =>
  ['array', 'tuple'].includes(definitionOf(wireForm(schema)).type);
