/** Parameters of an operation: a group for each place, and how they are written. */
import {
  type ParameterPlace,
  type ParameterStyle,
  resolveStyle,
  type StyleName,
  stylesOf,
} from '../../contract/parameter-style.ts';
import type { Node } from '../document/node.ts';
import { prose } from '../print/code.ts';
import type { Member } from '../schemas.ts';
import type { Context } from './context.ts';
import type { FoundOperation } from './find-operations.ts';
import { isKeyHeader } from './idempotency.ts';
import { constantSchema, textSchema } from './shapes.ts';
import type { Typed } from './typed.ts';

/** One parameter that will be printed. */
export interface Parameter extends Member {
  readonly style: ParameterStyle;
}

export interface Parameters {
  readonly groups: Readonly<Record<ParameterPlace, readonly Parameter[]>>;
  /** The schema of a query as a whole (`in: querystring` of OpenAPI 3.2). */
  readonly wholeQuery: Node | undefined;
  /** Whether there is an `Idempotency-Key`, which callers do not give as a header. */
  readonly takesKey: boolean;
}

export const places = ['params', 'query', 'headers', 'cookies'] as const;

const placeOf: ReadonlyMap<string, ParameterPlace> = new Map([
  ['path', 'params'],
  ['query', 'query'],
  ['header', 'headers'],
  ['cookie', 'cookies'],
]);

/** OpenAPI has these said elsewhere, and parameters of the name mean nothing. */
const saidElsewhere = new Set(['accept', 'content-type', 'authorization']);

/** RFC 9110 §5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

export function parametersOf(operation: FoundOperation, context: Context): Parameters {
  const groups: Record<ParameterPlace, Parameter[]> = { params: [], query: [], headers: [], cookies: [] };
  const declared = declaredParameters(operation, context);
  let takesKey = false;
  let wholeQuery: Node | undefined;
  const inPath = new Map<string, Node>();
  for (const node of declared) {
    const where = node.text('in') ?? '';
    const name = node.text('name') ?? '';
    const place = placeOf.get(where);
    if (where === 'querystring') wholeQuery = queryStringSchema(node, context);
    else if (!place) warnLeftOut(`A parameter ${quote(name)} in ${quote(where)} is none.`, node, context);
    else if (name === '__proto__' && place !== 'params')
      warnLeftOut('No object has such a member.', node, context);
    else if (place === 'params') inPath.set(name, node);
    else if (place === 'headers' && isKeyHeader(name)) takesKey = true;
    else if (place === 'headers' && saidElsewhere.has(name.toLowerCase())) continue;
    else if (place === 'headers' && !TOKEN.test(name))
      warnLeftOut(`${quote(name)} is no name of a header.`, node, context);
    else if (groups[place].some(other => isSame(place, other.name, name)))
      warnLeftOut(`The parameter ${quote(name)} is declared twice.`, node, context);
    else
      groups[place].push(
        ...(membersOf(node, declared, context) ?? [readParameter(name, place, node, context)]),
      );
  }
  groups.params.push(...pathParameters(operation, inPath, context));
  for (const [name, value] of operation.template.query)
    if (!groups.query.some(other => other.name === name))
      groups.query.push({ ...bareMember(name), schema: constantSchema(operation.node, value) });
  return { groups, wholeQuery, takesKey };
}

const quote = (text: string): string => JSON.stringify(text);

const isSame = (place: ParameterPlace, one: string, other: string): boolean =>
  place === 'headers' ? one.toLowerCase() === other.toLowerCase() : one === other;

const warnLeftOut = (message: string, node: Node, { problems }: Context): void =>
  problems.warn(message, 'It is left out.', node);

const bareMember = (name: string): Parameter => ({
  name,
  schema: undefined,
  isRequired: true,
  docs: undefined,
  style: {},
});

/** Those of the path, each replaced by one of the operation with the same place and name. */
export function declaredParameters({ node, pathItem }: FoundOperation, { shapes }: Context): Node[] {
  const resolved = (owner: Node) =>
    (owner.get('parameters')?.items() ?? []).flatMap(parameter => shapes.resolve(parameter) ?? []);
  const own = resolved(node);
  const key = (parameter: Node) => `${parameter.text('in')} ${parameter.text('name')}`;
  const replaced = new Map(own.map(parameter => [key(parameter), parameter]));
  const shared = resolved(pathItem).map(parameter => {
    const mine = replaced.get(key(parameter));
    replaced.delete(key(parameter));
    return mine ?? parameter;
  });
  return [...shared, ...own.filter(parameter => !shared.includes(parameter))];
}

/** Just what the path names: the document may have declared less, or more. */
function pathParameters(
  { template, node }: FoundOperation,
  declared: ReadonlyMap<string, Node>,
  context: Context,
): Parameter[] {
  for (const [name, parameter] of declared)
    if (!template.names.some(other => other.declared === name))
      warnLeftOut(`The path does not name the parameter ${quote(name)}.`, parameter, context);
  return template.names.map(({ name, declared: wanted }) => {
    const parameter = declared.get(wanted);
    if (parameter) return { ...readParameter(name, 'params', parameter, context), isRequired: true };
    context.problems.warn(
      `The path names {${wanted}}, which is not declared.`,
      'Any text is taken there.',
      node,
    );
    return { ...bareMember(name), schema: textSchema(node) };
  });
}

function readParameter(name: string, place: ParameterPlace, node: Node, context: Context): Parameter {
  if (node.flag('allowReserved') === true)
    context.problems.note(
      'Reserved characters may stand there as they are.',
      'They are encoded, so that no value leaves its place.',
      node.get('allowReserved'),
    );
  const content = node.get('content')?.members()[0];
  const isJson = content !== undefined && /[/+]json\b/i.test(content[0]);
  const schema = content ? (isJson ? content[1].get('schema') : textSchema(node)) : node.get('schema');
  return {
    name,
    schema,
    isRequired: node.flag('required') === true,
    docs: docsOf(node),
    style: isJson ? { style: 'json' } : styleOf(place, node, schema, context),
  };
}

/**
 * In the default style of a query, the members of an object stand there by their own names, and that of the parameter
 * nowhere. Where one is a list, no style has a spelling for it, and those who declare it so (Spring's `Pageable`) mean
 * parameters: undefined where that is not so.
 */
function membersOf(node: Node, declared: readonly Node[], context: Context): Parameter[] | undefined {
  const { shapes, problems } = context;
  const schema = node.get('schema');
  const isSpread =
    node.text('in') === 'query' &&
    (node.text('style') ?? 'form') === 'form' &&
    node.flag('explode') !== false;
  if (!isSpread || shapes.depthOf(schema) !== 2) return undefined;
  const members = [...shapes.propertiesOf(schema)];
  const others = new Set(declared.filter(other => other !== node).map(other => other.text('name')));
  const isFlat = ([name, member]: (typeof members)[number]): boolean =>
    !others.has(name) && (shapes.isArray(member) ? shapes.depthOf(member) === 1 : shapes.isText(member));
  if (members.length === 0 || !members.every(isFlat)) return undefined;
  problems.note(
    `The object ${quote(node.text('name') ?? '')} stands in the query by its members.`,
    'They are parameters of their own.',
    node,
  );
  const required = node.flag('required') === true ? shapes.requiredOf(schema) : new Set();
  return members.map(([name, member]) => ({
    name,
    schema: member,
    isRequired: required.has(name),
    docs: docsOf(member),
    style: {},
  }));
}

function docsOf(node: Node): string | undefined {
  const text = prose(node.text('description'))?.trim();
  const lines = [text, node.flag('deprecated') === true ? '@deprecated' : undefined];
  return lines.filter(Boolean).join('\n\n') || undefined;
}

/** The style that the document names, if the place knows it and it can write what the schema takes. */
function styleOf(
  place: ParameterPlace,
  node: Node,
  schema: Node | undefined,
  context: Context,
): ParameterStyle {
  const named = node.text('style') as StyleName | undefined;
  const style = named ?? (stylesOf[place][0] as StyleName);
  const explode = node.flag('explode');
  if (!stylesOf[place].includes(style) || style === 'json') {
    context.problems.warn(
      `There is no style ${quote(style)} in this place.`,
      `It is written in the style ${stylesOf[place][0]}.`,
      node,
    );
    return {};
  }
  return writableStyle(place, explode === undefined ? { style } : { style, explode }, schema, node, context);
}

/** The style itself, or another where it has no spelling for what the schema takes. */
export function writableStyle(
  place: ParameterPlace,
  given: ParameterStyle,
  schema: Node | undefined,
  at: Node,
  { shapes, problems }: Context,
): ParameterStyle {
  const { style, explode } = resolveStyle(place, given);
  const instead = (other: StyleName, why: string): ParameterStyle => {
    problems.warn(
      `The style ${style} has no spelling for ${why}.`,
      `It is written in the style ${other}.`,
      at,
    );
    return { style: other };
  };
  // Written one by one, there is nothing for a separator to separate.
  const separates = style === 'spaceDelimited' || style === 'pipeDelimited';
  if (separates && given.explode === true) return {};
  const isComposite = ['deepObject', 'spaceDelimited', 'pipeDelimited'].includes(style);
  if (isComposite && shapes.isText(schema)) return instead('form', 'a text or a number');
  const depth = shapes.depthOf(schema);
  if (depth > 1 && style !== 'deepObject') {
    const isQueryObject = place === 'query' && !shapes.isArray(schema) && depth < Number.POSITIVE_INFINITY;
    return instead(isQueryObject ? 'deepObject' : 'json', 'a list or an object inside another');
  }
  return differing(place, { style, explode });
}

/** What of a style is not the default of its place. */
function differing(place: ParameterPlace, { style, explode }: Required<ParameterStyle>): ParameterStyle {
  const isDefaultStyle = style === resolveStyle(place).style;
  const isFixed = style === 'deepObject' || style === 'spaceDelimited' || style === 'pipeDelimited';
  const isDefaultExplode = isFixed || explode === resolveStyle(place, { style }).explode;
  return { ...(isDefaultStyle ? {} : { style }), ...(isDefaultExplode ? {} : { explode }) };
}

function queryStringSchema(node: Node, context: Context): Node | undefined {
  const schema = node.get('content')?.members()[0]?.[1].get('schema');
  if (!schema || !context.shapes.isObject(schema)) {
    warnLeftOut('A query as a whole should be an object.', node, context);
    return undefined;
  }
  return schema;
}

/** The members `params`, `query`, `headers` and `cookies` of an endpoint. */
export function printGroups(
  { groups, wholeQuery }: Parameters,
  hint: string,
  { schemas }: Context,
): [name: ParameterPlace, schema: Typed][] {
  const hints = { params: 'Params', query: 'Query', headers: 'Headers', cookies: 'Cookies' };
  return places.flatMap(place => {
    const named = { name: `${hint}${hints[place]}`, sharedAs: undefined };
    if (place === 'query' && wholeQuery && groups.query.length === 0)
      return [[place, schemas.print(wholeQuery, 'sent', named)]];
    if (groups[place].length === 0) return [];
    return [[place, schemas.printObject(groups[place], 'sent', named)]];
  });
}

/** The member `styles`: undefined if every parameter is written in the style of its place. */
export function stylesIn({ groups }: Parameters): Record<string, unknown> | undefined {
  const byPlace = places.flatMap(place => {
    const styles = groups[place].filter(({ style }) => Object.keys(style).length > 0);
    return styles.length === 0
      ? []
      : [[place, Object.fromEntries(styles.map(({ name, style }) => [name, style]))] as const];
  });
  return byPlace.length === 0 ? undefined : Object.fromEntries(byPlace);
}
