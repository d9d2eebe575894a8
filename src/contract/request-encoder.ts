/** From an input to what `fetch` is handed. Everything that does not depend on the input is worked out once. */
import type { Content } from './content.ts';
import { isContent, isStreamed, json } from './content.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import type { Part } from './errors.ts';
import {
  encodeInCookie,
  encodeInHeader,
  encodeInPath,
  encodeInQuery,
  isHeaderName,
  isPresent,
  jsonOf,
  type ParameterPlace,
  type ResolvedStyle,
  resolveStyle,
  spreadGuard,
  Unencodable,
} from './parameter-style.ts';
import { dotSegmentIn, parseTemplate, type TemplatePart } from './path-template.ts';
import { type Conversion, encoderOf, mayEncode } from './schema.ts';
import type { Checked, Issue, Schema } from './standard-schema.ts';
import type { ValidationMode } from './validation.ts';
import { isZod, membersOf, wireForm } from './zod.ts';

/** A request, but for where it goes and who sends it. */
export interface EncodedRequest {
  /** Below the base URL, with a slash in front. */
  readonly path: string;
  /** Pairs joined by `&`; empty for none. */
  readonly query: string;
  /** By names in lower case. */
  readonly headers: Record<string, string>;
  /** As in a `Cookie` header; empty for none. */
  readonly cookies: string;
  readonly body: BodyInit | undefined;
}

type Members = Readonly<Record<string, unknown>>;
type Group = ParameterPlace | 'body';

export type Input = { readonly [Name in Group]?: unknown };
type WireForms = { -readonly [Name in Group]?: unknown };

/** Hears of what does not match. Throws, or lets it pass. */
export type Report = (part: Part, issues: readonly Issue[], value: unknown) => void;

/** What no mode lets pass: there is nothing that could be sent. */
export class Unsendable extends Error {
  readonly part: Part;
  readonly issues: readonly Issue[];
  readonly value: unknown;

  constructor(part: Part, path: readonly PropertyKey[], message: string, value: unknown) {
    super(message);
    this.part = part;
    this.issues = [{ message, path }];
    this.value = value;
  }
}

const groups: readonly Group[] = ['params', 'query', 'headers', 'cookies', 'body'];

/** One group of an input: how it is checked and turned into its wire form. */
interface GroupEncoder {
  readonly group: Group;
  readonly convert: Conversion;
  /** Whether it must be converted even where nobody wants it checked. */
  readonly isNeeded: () => boolean;
}

export class RequestEncoder {
  readonly #template: readonly TemplatePart[];
  readonly #groups: readonly GroupEncoder[];
  readonly #styles: { readonly [Place in ParameterPlace]: (name: string) => ResolvedStyle };
  /** As far as the schemas show them. */
  readonly #names: { readonly [Place in 'query' | 'cookies']: readonly string[] };
  readonly #content: Content | undefined;
  readonly #mode: ValidationMode;

  constructor(options: EndpointOptions, mode: ValidationMode) {
    this.#template = parseTemplate(options.path);
    this.#content = options.body && (isContent(options.body) ? options.body : json(options.body));
    this.#groups = groups.flatMap(group => {
      const schema = group === 'body' ? this.#content?.schema : options[group];
      return schema ? groupEncoder(group, schema) : [];
    });
    this.#styles = {
      params: stylesIn('params', options),
      query: stylesIn('query', options),
      headers: stylesIn('headers', options),
      cookies: stylesIn('cookies', options),
    };
    this.#names = { query: namesOf(options.query), cookies: namesOf(options.cookies) };
    this.#mode = mode;
  }

  /**
   * At once, unless a schema takes its time.
   *
   * @throws Unsendable, and what `report` throws.
   */
  encode(input: Input, report: Report): EncodedRequest | Promise<EncodedRequest> {
    const wire: WireForms = this.#content ? { body: input.body } : {};
    const converting = this.#convert(0, input, wire, report);
    return converting ? converting.then(() => this.#write(wire)) : this.#write(wire);
  }

  /** The groups from one on, in turn, so that the first that does not match is the one that is told of. */
  #convert(from: number, input: Input, wire: WireForms, report: Report): Promise<void> | undefined {
    for (let index = from; index < this.#groups.length; index++) {
      const { group, convert, isNeeded } = this.#groups[index] as GroupEncoder;
      const value = group === 'body' ? input.body : (input[group] ?? {});
      wire[group] = value;
      if (this.#mode === 'off' && !isNeeded()) continue;
      const result = convert(value);
      if (result instanceof Promise) {
        return result.then(late => {
          this.#take(group, late, value, wire, report);
          return this.#convert(index + 1, input, wire, report);
        });
      }
      this.#take(group, result, value, wire, report);
    }
    return undefined;
  }

  #take(group: Group, result: Checked, value: unknown, wire: WireForms, report: Report): void {
    if (!result.issues) wire[group] = result.value;
    else if (this.#mode !== 'off') report(group, result.issues, value);
  }

  #write(wire: Input): EncodedRequest {
    const headers: Record<string, string> = {};
    const body = this.#writeBody(wire.body, headers);
    this.#writeHeaders(wire.headers as Members | undefined, headers);
    return {
      path: this.#path((wire.params ?? {}) as Members),
      query: this.#joined('query', wire.query as Members | undefined, encodeInQuery, '&'),
      cookies: this.#joined('cookies', wire.cookies as Members | undefined, encodeInCookie, '; '),
      headers,
      body,
    };
  }

  #path(params: Members): string {
    let path = '';
    for (const { literal, name } of this.#template) {
      path +=
        literal ?? encodeParameter('params', name, params[name], () => this.#inPath(name, params[name]));
    }
    const segment = dotSegmentIn(path);
    // No spelling of it survives a URL parser, which would take it for a folder above.
    if (segment !== undefined)
      throw new Unsendable(
        'params',
        [],
        `makes a segment \`${segment}\` of the path, which leads elsewhere`,
        params,
      );
    return path;
  }

  #inPath(name: string, value: unknown): string {
    const style = this.#styles.params(name);
    const encoded = encodeInPath(name, value, style);
    if (encoded !== '') return encoded;
    throw new Unencodable('is empty, and the path would be that of something else');
  }

  #writeHeaders(members: Members | undefined, headers: Record<string, string>): void {
    for (const name in members) {
      const value = members[name];
      if (!isPresent(value)) continue;
      const style = this.#styles.headers(name);
      headers[name.toLowerCase()] = encodeParameter('headers', name, value, () => {
        if (!isHeaderName(name)) throw new Unencodable('has a name that no header can have');
        return encodeInHeader(value, style);
      });
    }
  }

  #joined(
    place: 'query' | 'cookies',
    members: Members | undefined,
    write: (name: string, value: unknown, style: ResolvedStyle) => string,
    separator: string,
  ): string {
    if (!members) return '';
    let joined = '';
    const guard = spreadGuard(members, this.#names[place]);
    for (const name in members) {
      const value = members[name];
      if (!isPresent(value)) continue;
      const style = this.#styles[place](name);
      const part = encodeParameter(place, name, value, () => {
        guard(name, value, style);
        return write(name, value, style);
      });
      if (part !== '') joined += joined === '' ? part : `${separator}${part}`;
    }
    return joined;
  }

  #writeBody(value: unknown, headers: Record<string, string>): BodyInit | undefined {
    const content = this.#content;
    if (!content || value === undefined) return undefined;
    // The boundary of a form with files is made by `fetch`, and so is its header.
    if (content.kind !== 'multipart') headers['content-type'] = typeWithCharset(content);
    try {
      return writeContent(content, value);
    } catch (error) {
      if (!(error instanceof Unencodable)) throw error;
      throw new Unsendable('body', [], error.message, value);
    }
  }
}

/** `fetch` sends texts in UTF-8. JSON is so by itself (RFC 8259 §8.1), and of other texts nobody could know. */
const typeWithCharset = ({ kind, type }: Content): string =>
  kind === 'text' && type.startsWith('text/') ? `${type};charset=UTF-8` : type;

function groupEncoder(group: Group, schema: Schema): GroupEncoder {
  return { group, convert: encoderOf(schema), isNeeded: () => mayEncode(schema) };
}

const namesOf = (schema: Schema | undefined): readonly string[] =>
  Object.keys((schema && membersOf(isZod(schema) ? wireForm(schema) : schema)) ?? {});

function stylesIn(place: ParameterPlace, { styles }: EndpointOptions): (name: string) => ResolvedStyle {
  const byDefault = resolveStyle(place);
  const own = new Map(
    Object.entries(styles?.[place] ?? {}).map(([name, style]) => [name, resolveStyle(place, style)]),
  );
  return name => own.get(name) ?? byDefault;
}

/** What cannot be written is not what the contract says, whatever the schema thinks, and there is nothing to send. */
function encodeParameter(place: ParameterPlace, name: string, value: unknown, write: () => string): string {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Unencodable)) throw error;
    throw new Unsendable(place, [name], error.message, value);
  }
}

/** @throws Unencodable for what the content has no spelling for. */
export function writeContent(content: Content, value: unknown): BodyInit {
  switch (content.kind) {
    case 'json':
    case 'json-lines':
    case 'event-stream':
      return jsonOf(value);
    case 'text':
      if (typeof value === 'string') return value;
      throw new Unencodable(`is ${typeof value} and not a text`);
    case 'form':
      return formText(value as Members, content);
    case 'multipart':
      return formData(value as Members);
    default:
      return bytes(value, isStreamed(content));
  }
}

const formStyle = resolveStyle('query');

function formText(fields: Members, { schema, styles = {} }: Content): string {
  const guard = spreadGuard(fields, namesOf(schema));
  const styleOf = (name: string) =>
    Object.hasOwn(styles, name) ? resolveStyle('query', styles[name]) : formStyle;
  const pairs = Object.entries(fields)
    .filter(([, value]) => isPresent(value))
    .map(([name, value]) => {
      const style = styleOf(name);
      guard(name, value, style);
      return encodeInQuery(name, value, style);
    });
  return pairs.filter(pair => pair !== '').join('&');
}

function formData(fields: Members): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) if (isPresent(one)) append(data, name, one);
  }
  return data;
}

function append(data: FormData, name: string, value: unknown): void {
  if (value instanceof Blob) data.append(name, value);
  else if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    data.append(name, new Blob([value as ArrayBufferView<ArrayBuffer>]));
  else if (value instanceof Date) data.append(name, value.toISOString());
  // OpenAPI 3.1 §4.8.15: what is an object goes as JSON.
  else if (typeof value === 'object')
    data.append(name, new Blob([jsonOf(value)], { type: 'application/json' }));
  else data.append(name, String(value));
}

function bytes(value: unknown, mayStream: boolean): BodyInit {
  if (value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    return value as BodyInit;
  const isStream =
    typeof value === 'object' && value !== null && ('getReader' in value || Symbol.asyncIterator in value);
  if (mayStream && isStream) return value as ReadableStream;
  throw new Unencodable(`should be a Blob, a buffer or a view of one${mayStream ? ', or a stream' : ''}`);
}
