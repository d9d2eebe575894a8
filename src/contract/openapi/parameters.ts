/** The parameters of an operation, and the headers of a response, which are described alike. */
import { idempotencyKeyHeader } from '../../http/headers.ts';
import type { EndpointOptions } from '../endpoint-options.ts';
import { type ParameterPlace, type ParameterStyle, resolveStyle, stylesOf } from '../parameter-style.ts';
import type { Schema } from '../standard-schema.ts';
import type { Components } from './components.ts';
import {
  type JsonSchema,
  type OpenAPIHeader,
  type OpenAPIParameter,
  present,
  unlessEmpty,
} from './document.ts';

const placeNames = { params: 'path', query: 'query', headers: 'header', cookies: 'cookie' } as const;

/** A parameter of the path, and what the document calls it. */
export interface PathName {
  readonly name: string;
  readonly published: string;
}

/** In the order of the places; those of the path in that of the path. */
export function parametersOf(
  options: EndpointOptions,
  pathNames: readonly PathName[],
  components: Components,
  operation: string,
): OpenAPIParameter[] {
  const declared = [
    ...pathParameters(options, pathNames, components, operation),
    ...(['query', 'headers', 'cookies'] as const).flatMap(place =>
      parametersIn(place, options, components, operation),
    ),
  ];
  return takesKey(options, declared) ? [...declared, idempotencyKey] : declared;
}

/** The path itself names them, so each has its place even if its schema cannot be described. */
function pathParameters(
  { params, styles }: EndpointOptions,
  pathNames: readonly PathName[],
  components: Components,
  operation: string,
): OpenAPIParameter[] {
  if (!params) return [];
  const { properties, whole } = components.describeMembers(params, `${operation}.params`);
  return pathNames.map(({ name, published }) =>
    parameter('params', published, properties?.[name] ?? about(whole), true, styles?.params?.[name]),
  );
}

/** Of an object that does not show its members, there is only what is said of it. */
const about = ({ description }: JsonSchema): JsonSchema => present<JsonSchema>({ description });

function parametersIn(
  place: 'query' | 'headers' | 'cookies',
  { [place]: schema, styles }: EndpointOptions,
  components: Components,
  operation: string,
): OpenAPIParameter[] {
  if (!schema) return [];
  const { properties, required, others, whole } = components.describeMembers(schema, `${operation}.${place}`);
  const named = Object.entries(properties ?? {}).map(([name, member]) =>
    parameter(place, name, member, required.has(name), styles?.[place]?.[name]),
  );
  // Only for a query OpenAPI can say that there are more.
  if (place !== 'query') return named;
  if (!properties) return [unnamed(whole)];
  return others ? [...named, unnamed({ additionalProperties: others }, named)] : named;
}

/**
 * Parameters whose names are not known, as one object: written in the style `form` and exploded, the name of the object
 * itself does not appear.
 *
 * @see {@link https://spec.openapis.org/oas/v3.1.1.html#parameter-object-examples | OpenAPI 3.1, a free-form query parameter}
 */
function unnamed(schema: JsonSchema, named: readonly OpenAPIParameter[] = []): OpenAPIParameter {
  let name = 'freeForm';
  for (let count = 2; named.some(other => other.name === name); count++) name = `freeForm${count}`;
  return parameter('query', name, { type: 'object', ...schema }, false);
}

function parameter(
  place: ParameterPlace,
  name: string,
  member: JsonSchema,
  required: boolean,
  style?: ParameterStyle,
): OpenAPIParameter {
  const { schema, ...words } = described(member, required);
  const common = { name, in: placeNames[place], ...words };
  if (style?.style === 'json') return { ...common, content: { 'application/json': { schema } } };
  return { ...common, ...spelling(place, style), schema };
}

type Spelling = Pick<OpenAPIParameter, 'style' | 'explode'>;

/** Style and explode, where OpenAPI would not take the same for granted. */
function spelling(place: ParameterPlace, given: ParameterStyle | undefined): Spelling {
  const { style, explode } = resolveStyle(place, given);
  // Ours is exploded whatever is said. OpenAPI takes it not to be, and does not know what that would look like.
  if (style === 'deepObject') return { style, explode: true };
  return present<Spelling>({
    style: style === stylesOf[place][0] ? undefined : style,
    explode: explode === (style === 'form') ? undefined : explode,
  });
}

/** The words about a parameter belong to it, where readers look for them, and not to its schema. */
function described({ description, deprecated, ...schema }: JsonSchema, required: boolean): OpenAPIHeader {
  return present<OpenAPIHeader>({
    description: description as string | undefined,
    required,
    deprecated: deprecated as boolean | undefined,
    schema,
  });
}

/**
 * Not required: the contract says that the service honours a key, not that it refuses a call without one. Our client
 * always sends it; another that never repeats a call has no need to.
 */
const idempotencyKey: OpenAPIParameter = {
  name: idempotencyKeyHeader,
  in: 'header',
  description: 'Calls with the same key have the effect of one.',
  required: false,
  schema: { type: 'string' },
};

const takesKey = ({ idempotency }: EndpointOptions, declared: readonly OpenAPIParameter[]): boolean =>
  idempotency === 'key' && !declared.some(({ in: place, name }) => place === 'header' && isKeyName(name));

const isKeyName = (name: string): boolean => name.toLowerCase() === idempotencyKeyHeader.toLowerCase();

/** The headers of a response; undefined where the schema names none. */
export function headersOf(
  schema: Schema,
  components: Components,
  place: string,
): Readonly<Record<string, OpenAPIHeader>> | undefined {
  const { properties = {}, required } = components.describeMembers(schema, place);
  const headers = Object.entries(properties).map(([name, member]) => [
    name,
    described(member, required.has(name)),
  ]);
  return unlessEmpty(Object.fromEntries(headers));
}
