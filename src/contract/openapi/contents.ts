/** What is sent and what comes back, by media type. */
import { classPhrase, reasonPhrase } from '../../http/reason-phrase.ts';
import type { Content, FieldStyles } from '../content.ts';
import { bodiesOf, declarationOf, hasNoBody } from '../declared-response.ts';
import type { EndpointOptions, ResponseDeclaration, Responses } from '../endpoint-options.ts';
import { resolveStyle } from '../parameter-style.ts';
import type { Schema } from '../standard-schema.ts';
import { isZod } from '../zod.ts';
import type { Components } from './components.ts';
import {
  type JsonSchema,
  type OpenAPIEncoding,
  type OpenAPIMediaType,
  type OpenAPIRequestBody,
  type OpenAPIResponse,
  present,
  unlessEmpty,
} from './document.ts';
import { headersOf } from './parameters.ts';

type ByMediaType = Readonly<Record<string, OpenAPIMediaType>>;

export function requestBodyOf(
  { body }: EndpointOptions,
  components: Components,
  operation: string,
): OpenAPIRequestBody | undefined {
  if (!body) return undefined;
  const [content] = bodiesOf(body) as [Content];
  const required = !content.schema || !mayBeLeftOut(content.schema);
  return { required, content: byMediaType([content], components, `${operation}.body`) };
}

function mayBeLeftOut(schema: Schema): boolean {
  if (isZod(schema)) return schema._zod.optin !== undefined;
  try {
    const result = schema['~standard'].validate(undefined);
    if (!(result instanceof Promise)) return !result.issues;
    // Only what it says at once counts, and whatever it says later shall disturb nobody.
    result.catch(() => {});
  } catch {
    // A transform that did not reckon with it.
  }
  return false;
}

export function responsesOf(
  { responses }: EndpointOptions,
  components: Components,
  operation: string,
): Readonly<Record<string, OpenAPIResponse>> {
  const described = Object.entries(responses as Record<string, Responses[number]>).flatMap(
    ([key, declared]) => {
      if (declared === undefined) return [];
      const response = responseOf(key, declarationOf(declared), components, `${operation}.responses.${key}`);
      return [[key.replace('xx', 'XX'), response] as const];
    },
  );
  return Object.fromEntries(described);
}
function responseOf(
  key: string,
  { body, headers, description = descriptionOf(key) }: ResponseDeclaration,
  components: Components,
  place: string,
): OpenAPIResponse {
  const isRead = body && !hasNoBody(Number(key));
  return present<OpenAPIResponse>({
    description,
    headers: headers && headersOf(headers, components, `${place}.headers`),
    content: isRead ? byMediaType(bodiesOf(body), components, place) : undefined,
  });
}

/** OpenAPI insists on one. */
function descriptionOf(key: string): string {
  if (key === 'default') return 'Any other status';
  return key.endsWith('xx') ? classPhrase(Number(key[0])) : reasonPhrase(Number(key));
}

/** Of two contents of one type, the first is the one that is read. */
function byMediaType(contents: readonly Content[], components: Components, place: string): ByMediaType {
  const media: Record<string, OpenAPIMediaType> = {};
  for (const content of contents) media[content.type] ??= mediaTypeOf(content, components, place);
  return media;
}

function mediaTypeOf(
  { kind, schema, styles }: Content,
  components: Components,
  place: string,
): OpenAPIMediaType {
  // Bytes are described by their media type alone.
  if (kind === 'binary' || kind === 'stream') return {};
  // Text, and events whose data is text.
  if (!schema) return { schema: { type: 'string' } };
  const described = components.describe(schema, place);
  if (kind === 'form') return withEncoding(described, components, formEncoding(styles));
  if (kind === 'multipart') return withEncoding(described, components, partEncoding);
  // Of a stream, it is that of one event or line: OpenAPI 3.1 has no place for it, and readers look for it here.
  return { schema: described };
}

type EncodingOf = (field: JsonSchema, name: string) => OpenAPIEncoding | undefined;

function withEncoding(schema: JsonSchema, components: Components, encodingOf: EncodingOf): OpenAPIMediaType {
  const { properties = {} } = components.resolve(schema) as { properties?: Record<string, JsonSchema> };
  const encodings = Object.entries(properties).flatMap(([name, field]) => {
    const encoding = encodingOf(components.resolve(field), name);
    return encoding ? [[name, encoding] as const] : [];
  });
  return present<OpenAPIMediaType>({ schema, encoding: unlessEmpty(Object.fromEntries(encodings)) });
}

const scalars: readonly unknown[] = ['string', 'number', 'integer', 'boolean', 'null'];

/** Lists and objects are written as in a query; unless that is said, OpenAPI has objects written as JSON. */
const formEncoding =
  (styles: FieldStyles = {}): EncodingOf =>
  ({ type }, name) => {
    const own = Object.hasOwn(styles, name) ? styles[name] : undefined;
    if (own) {
      const { style, explode } = resolveStyle('query', own);
      return style === 'json' ? { contentType: 'application/json' } : { style, explode };
    }
    return [type].flat().every(one => scalars.includes(one)) ? undefined : { style: 'form', explode: true };
  };

/** Files are sent with a type of their own; unless that is said, OpenAPI has a part be text or JSON. */
function partEncoding({ type, items, contentMediaType, anyOf }: JsonSchema): OpenAPIEncoding | undefined {
  if (type === 'array') return partEncoding((items ?? {}) as JsonSchema);
  const types = [contentMediaType, ...((anyOf ?? []) as JsonSchema[]).map(one => one.contentMediaType)];
  const contentType = types.filter(one => one !== undefined).join(', ');
  return contentType === '' ? undefined : { contentType };
}
