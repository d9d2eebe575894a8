/** Looks at an endpoint where it is declared, so that no mistake waits for its first call. */
import type { $ZodType } from 'zod/v4/core';
import {
  boolean,
  type Check,
  type Checks,
  listOf,
  oneOf,
  readOptions,
  requireObject,
  show,
  text,
  unknownOption,
} from '../pipeline/options.ts';
import { checkCallPolicy, resolvePolicy } from '../policies/policy-options.ts';
import { type FieldStyles, isContent, isRange, json } from './content.ts';
import { bodiesOf, declarationOf, hasNoBody, isBody } from './declared-response.ts';
import { type EndpointOptions, type ResponseDeclaration, titleOf } from './endpoint-options.ts';
import { isUnbuilt } from './lazy-schema.ts';
import { checkPagination, movingParameter, placesIn } from './pagination.ts';
import {
  isHeaderName,
  type ParameterPlace,
  type ParameterStyle,
  resolveStyle,
  type StyleName,
  stylesOf,
} from './parameter-style.ts';
import { parseTemplate } from './path-template.ts';
import { checkSecurity } from './security.ts';
import { isSchema, type Schema } from './standard-schema.ts';
import { readValidation } from './validation.ts';
import { unwritableJson, unwritableParameter } from './wire-shape.ts';
import { definitionOf, isZod as isAnyZod, isOneWay, mayHave, membersOf as membersOfBuilt } from './zod.ts';

export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'] as const;
const places = ['params', 'query', 'headers', 'cookies'] as const;

/**
 * What is built when it is first looked into is not looked into here: a contract of a thousand endpoints would build all
 * of its schemas to call one. What such a schema has that cannot be written is found by the call.
 */
const isZod = (schema: object): schema is $ZodType => !isUnbuilt(schema) && isAnyZod(schema);
const membersOf = (schema: Schema): ReturnType<typeof membersOfBuilt> =>
  isUnbuilt(schema) ? undefined : membersOfBuilt(schema);

const schema: Check = (value, name) => {
  if (!isSchema(value))
    throw new TypeError(
      `\`${name}\` should be a schema (zod, or any with Standard Schema), got ${show(value)}.`,
    );
};

const anything: Check = () => {};
const string: Check = text(/^/, 'a text');

const checks: Checks<EndpointOptions> = {
  method: oneOf(...methods),
  path: path => parseTemplate(path as string),
  params: schema,
  query: schema,
  headers: schema,
  cookies: schema,
  body: (value, name) => checkContent(value, name, 'request'),
  responses: checkResponses,
  styles: requireObject,
  idempotency: oneOf('safe', 'idempotent', 'key', 'none'),
  policy: checkPolicy,
  validate: (value, name) => readValidation(value as object, name),
  paginate: checkPagination,
  security: checkSecurity,
  fallback: anything,
  operationId: text(/./s, 'a text that is not empty'),
  summary: string,
  description: string,
  tags: listOf(string),
  deprecated: boolean,
};

/** @throws TypeError or RangeError that begins with the endpoint's method and path. */
export function checkEndpoint(options: unknown): void {
  requireObject(options, 'endpoint');
  const given = options as EndpointOptions;
  try {
    for (const required of ['method', 'path', 'responses'] as const)
      if (given[required] === undefined) throw new TypeError(`\`${required}\` is missing.`);
    readOptions('', given, checks, {});
    checkNames(given);
    for (const place of places) checkPlace(given, place);
    checkBody(given);
    checkEmptyBodies(given);
    checkMovingParameter(given);
    checkPlaces(given);
  } catch (error) {
    throw named(error, titleOf(given));
  }
}

/** The same error, which says of what it speaks. */
export function named(error: unknown, title: string): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError)) return error;
  const Kind = error instanceof RangeError ? RangeError : TypeError;
  return new Kind(`${title}: ${error.message}`, { cause: error });
}

/** The path names what `params` has, and nothing else. */
function checkNames({ path, params }: EndpointOptions): void {
  const inPath = parseTemplate(path).flatMap(({ name }) => name ?? []);
  if (!params) {
    if (inPath.length > 0)
      throw new TypeError(
        `the path names {${inPath.join('}, {')}}, so \`params\` should be a schema with these members.`,
      );
    return;
  }
  const members = membersOf(params);
  if (!members) return;
  const inParams = Object.keys(members);
  const missing = inPath.filter(name => !inParams.includes(name));
  const needless = inParams.filter(name => !inPath.includes(name));
  if (missing.length > 0)
    throw new TypeError(`the path names {${missing.join('}, {')}}, which \`params\` does not have.`);
  if (needless.length > 0)
    throw new TypeError(`\`params\` has ${needless.map(show).join(', ')}, which the path does not name.`);
}

/** Every parameter of a place can be written in its style. */
function checkPlace(options: EndpointOptions, place: ParameterPlace): void {
  const styles = options.styles?.[place] ?? {};
  requireObject(styles, `styles.${place}`);
  const group = options[place];
  const members = group && membersOf(group);
  for (const [name, style] of Object.entries(styles)) checkStyle(style, place, name, members);
  if (group && isZod(group) && isOneWay(group)) throw oneWay(place);
  for (const [name, member] of Object.entries(members ?? {})) {
    const obstacle = unwritableParameter(member, resolveStyle(place, styles[name]), place);
    if (obstacle) throw new TypeError(`\`${place}.${name}\` ${obstacle}.`);
  }
  if (place === 'headers') checkHeaderNames(Object.keys(members ?? {}));
}

function checkHeaderNames(names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    if (!isHeaderName(name)) throw new TypeError(`\`headers\` has ${show(name)}, which can be no header.`);
    const other = seen.get(name.toLowerCase());
    if (other !== undefined)
      throw new TypeError(`\`headers\` has ${show(other)} and ${show(name)}, which are one header.`);
    seen.set(name.toLowerCase(), name);
  }
}

const oneWay = (name: string): TypeError =>
  new TypeError(
    `\`${name}\` has a transform, which leads from the wire to the program and not back, so that nothing can be sent ` +
      'with it. Use a codec.',
  );

function checkStyle(
  given: ParameterStyle,
  place: ParameterPlace,
  name: string,
  members: Readonly<Record<string, unknown>> | undefined,
  path = `styles.${place}.${name}`,
): void {
  readOptions<ParameterStyle, object>(
    path,
    given,
    { style: oneOf(...stylesOf[place]), explode: boolean },
    {},
  );
  const fixed = fixedExplode[given.style ?? 'form'];
  if (fixed !== undefined && given.explode === !fixed)
    throw new TypeError(`\`${path}.explode\` can only be ${fixed} in the style ${given.style}.`);
  if (members && !Object.hasOwn(members, name)) throw unknownOption(path, name, Object.keys(members));
}

/** Styles that OpenAPI knows in one way alone. */
const fixedExplode: Partial<Record<StyleName, boolean>> = {
  spaceDelimited: false,
  pipeDelimited: false,
  deepObject: true,
};

function checkBody({ method, body }: EndpointOptions): void {
  if (body === undefined) return;
  if (method === 'GET' || method === 'HEAD') throw new TypeError(`\`body\` cannot be sent with ${method}.`);
}

/** @param direction - `json-lines` and events only arrive. */
function checkContent(value: unknown, name: string, direction: 'request' | 'response'): void {
  if (!isContent(value) && !isSchema(value)) {
    throw new TypeError(
      `\`${name}\` should be a schema, or a content such as text() or form(schema), got ${show(value)}.`,
    );
  }
  const content = isContent(value) ? value : json(value);
  const { kind, schema, styles = {} } = content;
  if (direction === 'request' && isRange(content))
    throw new TypeError(
      `\`${name}\` should have one media type, since it is sent, got ${show(content.type)}.`,
    );
  if (direction === 'request' && (kind === 'event-stream' || kind === 'json-lines'))
    throw new TypeError(`\`${name}\` cannot be ${kind}: streams of values only arrive. Send a stream().`);
  if (kind === 'form') checkFieldStyles(styles, name, schema);
  if (!schema || !isZod(schema)) return;
  if (direction === 'request' && isOneWay(schema)) throw oneWay(name);
  if (kind === 'form') checkForm(schema, name, styles);
  if (kind !== 'json' && kind !== 'json-lines') return;
  const obstacle = unwritableJson(schema, direction);
  if (obstacle) throw new TypeError(`\`${name}\` ${obstacle}.`);
}

function checkFieldStyles(styles: FieldStyles, name: string, schema: Schema | undefined): void {
  requireObject(styles, `${name}.styles`);
  const members = schema && membersOf(schema);
  for (const [field, style] of Object.entries(styles))
    checkStyle(style, 'query', field, members, `${name}.styles.${field}`);
}

function checkForm(schema: Schema, name: string, styles: FieldStyles): void {
  for (const [field, member] of Object.entries(membersOf(schema) ?? {})) {
    const obstacle = unwritableParameter(member, resolveStyle('query', styles[field]), 'query');
    if (obstacle) throw new TypeError(`\`${name}.${field}\` ${obstacle}.`);
  }
}

const RESPONSE_KEY = /^(?:[1-5]\d\d|[1-5]xx|default)$/;

function checkResponses(value: unknown, name: string): void {
  requireObject(value, name);
  const declared = Object.entries(value as Record<string, unknown>);
  if (declared.length === 0) throw new TypeError(`\`${name}\` should declare at least one status.`);
  for (const [key, response] of declared) {
    if (!RESPONSE_KEY.test(key)) {
      throw new TypeError(
        `\`${name}\` should be named by statuses (100 to 599), ranges such as '5xx', or 'default', got ${show(key)}.`,
      );
    }
    checkResponse(response, `${name}.${key}`);
  }
}

function checkResponse(value: unknown, name: string): void {
  if (value === null) return;
  if (isBody(value)) {
    const bodies = bodiesOf(value);
    for (const [index, one] of bodies.entries())
      checkContent(one, Array.isArray(value) ? `${name}[${index}]` : name, 'response');
    const twice = bodies.find(({ type }, index) => bodies.findIndex(other => other.type === type) !== index);
    if (twice)
      throw new TypeError(
        `\`${name}\` has ${twice.type} twice, and only one could be read: use a union of schemas.`,
      );
    return;
  }
  const anyBody: Check = (body, path) => {
    if (!isBody(body) && body !== null) checkContent(body, path, 'response');
    else checkResponse(body, path);
  };
  readOptions<ResponseDeclaration, object>(
    name,
    value as ResponseDeclaration,
    { body: anyBody, headers: schema, description: string },
    {},
  );
}

/** What has no body on the wire (RFC 9110 §9.3.2, §15) must not promise one by its type. */
function checkEmptyBodies({ method, responses }: EndpointOptions): void {
  for (const [key, declared] of Object.entries(responses)) {
    if (method !== 'HEAD' && !hasNoBody(Number(key))) continue;
    const { body } = declarationOf(declared ?? null);
    if (body === null || body === undefined || mayBeUndefined(body)) continue;
    const what = method === 'HEAD' ? 'an answer to HEAD' : `a ${key}`;
    throw new TypeError(`\`responses.${key}\` should be null, since ${what} has no body.`);
  }
}

const mayBeUndefined = (body: object): boolean =>
  isZod(body) && ['undefined', 'void', 'any', 'unknown'].includes(definitionOf(body).type);

function checkPolicy(value: unknown, name: string): void {
  requireObject(value, name);
  checkCallPolicy(value as object);
  resolvePolicy(value as object, name);
}

function checkMovingParameter({ paginate, query }: EndpointOptions): void {
  const moving = paginate && movingParameter(paginate);
  if (moving === undefined) return;
  const members = query && membersOf(query);
  if (query && (!members || Object.hasOwn(members, moving))) return;
  throw new TypeError(`\`query\` should have ${show(moving)}, which \`paginate\` moves from page to page.`);
}

/** What a schema leaves out of a body is nowhere to be found in it, and a list would end with its first page. */
function checkPlaces({ paginate, responses }: EndpointOptions): void {
  if (!paginate) return;
  for (const [key, declared] of Object.entries(responses)) {
    const { body } = declarationOf(key.startsWith('2') ? (declared ?? null) : null);
    for (const { kind, schema } of body ? bodiesOf(body) : []) {
      if (kind !== 'json' || !schema || !isZod(schema)) continue;
      const missing = placesIn(paginate).find(place => !mayHave(schema, place.split('.')));
      if (missing !== undefined)
        throw new TypeError(
          `\`paginate\` looks for ${show(missing)}, which the schema of \`responses.${key}\` does not have.`,
        );
    }
  }
}
