/**
 * How parameters are written: the styles of OpenAPI, which are those of RFC 6570 with a few of its own.
 *
 * Every text is percent-encoded but for what RFC 3986 §2.3 calls unreserved, so no value can leave its place. What a
 * style has no spelling for is an error and never sent as something else.
 *
 * @see {@link https://spec.openapis.org/oas/v3.1.1.html#style-values | OpenAPI 3.1, style values}
 */

import { writeJson } from './exact-json.ts';

/** Where a parameter stands. */
export type ParameterPlace = 'params' | 'query' | 'headers' | 'cookies';

export interface ParameterStyle {
  /**
   * In a path `simple`, `label` or `matrix`; in a query `form`, `spaceDelimited`, `pipeDelimited` or `deepObject`; in
   * headers `simple`; in cookies `form`. Anywhere `json`: one JSON text.
   */
  readonly style?: StyleName;
  /** Whether lists and objects are written member by member. By default only in `form` and `deepObject`. */
  readonly explode?: boolean;
}

export type StyleName =
  | 'simple'
  | 'label'
  | 'matrix'
  | 'form'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'deepObject'
  | 'json';

/** A style with everything filled in. */
export interface ResolvedStyle {
  readonly style: StyleName;
  readonly explode: boolean;
}

/** By place; the first is the default. */
export const stylesOf: Readonly<Record<ParameterPlace, readonly StyleName[]>> = {
  params: ['simple', 'label', 'matrix', 'json'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject', 'json'],
  headers: ['simple', 'json'],
  cookies: ['form', 'json'],
};

export function resolveStyle(place: ParameterPlace, given: ParameterStyle = {}): ResolvedStyle {
  const style = given.style ?? (stylesOf[place][0] as StyleName);
  return { style, explode: given.explode ?? (style === 'form' || style === 'deepObject') };
}

/** A value that its style has no spelling for. */
export class Unencodable extends Error {}

type Members = Readonly<Record<string, unknown>>;

/** What a value is to a style: a text, a list, or members by name. Undefined and null are nothing. */
type Shape =
  | { readonly text: string; readonly list?: undefined; readonly members?: undefined }
  | { readonly list: readonly string[]; readonly text?: undefined; readonly members?: undefined }
  | { readonly members: readonly Pair[]; readonly text?: undefined; readonly list?: undefined };

type Pair = readonly [name: string, text: string];

function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) return { list: value.map(textOf) };
  if (!isMembers(value)) return { text: textOf(value) };
  return { members: presentMembers(value).map(([name, member]) => [name, textOf(member)]) };
}

/** What is of a class, such as a `Set` or a `URL`, has members that no style writes. */
function isMembers(value: unknown): value is Members {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const presentMembers = (members: Members): [string, unknown][] =>
  Object.entries(members).filter(([, member]) => isPresent(member));

export const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  const what = value === null ? 'null' : Array.isArray(value) ? 'a list' : kindOf(value);
  throw new Unencodable(`holds ${what} where only a text, a number or a truth value can be written`);
}

const kindOf = (value: unknown): string =>
  typeof value === 'object' && !isMembers(value) ? `a ${value?.constructor?.name}` : typeof value;

const NEEDS_ENCODING = /[^\w.~-]/;

/** Percent-encodes all but the unreserved characters of RFC 3986 §2.3. */
function encode(text: string): string {
  if (!NEEDS_ENCODING.test(text)) return text;
  try {
    return encodeURIComponent(text).replace(
      /[!'()*]/g,
      code => `%${code.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  } catch {
    throw new Unencodable('holds half of a surrogate pair, which is no character');
  }
}

const encodePair = ([name, text]: Pair): string => `${encode(name)}=${encode(text)}`;

/** A list as one text; no element may hold what separates them. */
function joined(list: readonly string[], separator: string, encodedSeparator: string): string {
  if (list.some(element => element.includes(separator)))
    throw new Unencodable(`holds an element with ${JSON.stringify(separator)}, which separates the elements`);
  return list.map(encode).join(encodedSeparator);
}

/** The value of a path parameter as a part of the path. */
export function encodeInPath(name: string, value: unknown, { style, explode }: ResolvedStyle): string {
  if (style === 'json') return encode(jsonOf(value));
  const shape = shapeOf(value);
  if (style === 'label') return label(shape, explode);
  if (style === 'matrix') return matrix(name, shape, explode);
  return simple(shape, explode);
}

function simple({ text, list, members }: Shape, explode: boolean): string {
  if (text !== undefined) return encode(text);
  if (list) return list.map(encode).join(',');
  return members.map(pair => pair.map(encode).join(explode ? '=' : ',')).join(',');
}

function label({ text, list, members }: Shape, explode: boolean): string {
  // A dot separates here, and is nothing that gets encoded by itself.
  const write = (part: string) => encode(part).replaceAll('.', '%2E');
  if (text !== undefined) return `.${encode(text)}`;
  const parts = list ? list.map(write) : members.map(pair => pair.map(write).join(explode ? '=' : ','));
  return parts.length > 0 ? `.${parts.join(explode ? '.' : ',')}` : '';
}

function matrix(name: string, { text, list, members }: Shape, explode: boolean): string {
  // RFC 6570 §3.2.7: without a value, no equals sign.
  const write = (key: string, encoded: string) =>
    encoded === '' ? `;${encode(key)}` : `;${encode(key)}=${encoded}`;
  if (text !== undefined) return write(name, encode(text));
  const parts = list ?? members;
  if (parts.length === 0) return '';
  if (list)
    return explode
      ? list.map(part => write(name, encode(part))).join('')
      : write(name, list.map(encode).join(','));
  if (explode) return members.map(([key, member]) => write(key, encode(member))).join('');
  return write(name, members.flat().map(encode).join(','));
}

/** A parameter of the query, as `name=value` pairs joined by `&`; empty for nothing. */
export function encodeInQuery(name: string, value: unknown, { style, explode }: ResolvedStyle): string {
  if (style === 'json') return encodePair([name, jsonOf(value)]);
  if (style === 'deepObject') return deepPairs(name, value).map(encodePair).join('&');
  return formPairs(name, shapeOf(value), explode, separators[style] ?? [',', ',']).join('&');
}

/** As a value may not hold it, and as it is sent. */
const separators: Partial<Record<StyleName, readonly [string, string]>> = {
  spaceDelimited: [' ', '%20'],
  pipeDelimited: ['|', '%7C'],
};

function formPairs(
  name: string,
  { text, list, members }: Shape,
  explode: boolean,
  [separator, encodedSeparator]: readonly [string, string],
): string[] {
  if (text !== undefined) return [encodePair([name, text])];
  const parts = list ?? members;
  if (parts.length === 0) return [];
  if (explode) return list ? list.map(part => encodePair([name, part])) : members.map(encodePair);
  const flat = list ?? members.flat();
  // A comma in a value is encoded and the separating one is not; the other separators look the same either way.
  const encoded = separator === ',' ? flat.map(encode).join(',') : joined(flat, separator, encodedSeparator);
  return [`${encode(name)}=${encoded}`];
}

/** Throws Unencodable for an exploded object that has a member with the name of another parameter. */
export type SpreadGuard = (name: string, value: unknown, style: ResolvedStyle) => void;

/**
 * Exploded objects put their members beside the other parameters of their place, where nothing says whose they are.
 *
 * @param given - all parameters of the place.
 * @param declared - names of those that could have been given.
 */
export function spreadGuard(given: Members, declared: readonly string[]): SpreadGuard {
  let spread: Set<string> | undefined;
  return (name, value, { style, explode }) => {
    if (!explode || style === 'json' || style === 'deepObject' || !isMembers(value)) return;
    spread ??= new Set();
    const others = [...declared, ...Object.keys(given)].filter(other => other !== name);
    for (const [key] of presentMembers(value)) {
      if (spread.has(key) || others.some(other => isNameOf(other, key)))
        throw new Unencodable(`holds ${JSON.stringify(key)}, which is the name of another parameter here`);
      spread.add(key);
    }
  };
}

/** `filter[a]` is a name of `filter` too, if that is a deep object. */
const isNameOf = (parameter: string, key: string): boolean =>
  key === parameter || key.startsWith(`${parameter}[`);

/** `filter[owner][name]=…`: OpenAPI defines one level, servers read on in the same manner; lists repeat their name. */
function deepPairs(name: string, value: unknown): Pair[] {
  if (Array.isArray(value)) return value.map(element => [name, textOf(element)]);
  if (!isMembers(value)) return [[name, textOf(value)]];
  return presentMembers(value).flatMap(([key, member]) => {
    if (/[[\]]/.test(key))
      throw new Unencodable(`holds the name ${JSON.stringify(key)}, whose brackets have a meaning here`);
    return deepPairs(`${name}[${key}]`, member);
  });
}

/** A token, as RFC 9110 §5.1 asks. */
export const isHeaderName = (name: string): boolean => /^[\w!#$%&'*+.^`|~-]+$/.test(name);

/** The value of a header field. Nothing is percent-encoded in it. */
export function encodeInHeader(value: unknown, { style, explode }: ResolvedStyle): string {
  const shape = style === 'json' ? { text: jsonOf(value) } : shapeOf(value);
  const text = shape.text ?? elementsOf(shape, explode).map(headerElement).join(',');
  if (BLANK_AT_END.test(text)) throw new Unencodable('begins or ends with a blank, which headers lose');
  // RFC 9110 §5.5, with the bytes above ASCII that `fetch` lets pass.
  if (!/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(text))
    throw new Unencodable('holds a character that no header can hold');
  return text;
}

const BLANK_AT_END = /^[\t\r\n ]|[\t\r\n ]$/;

/** What stands between the commas of a header. */
function elementsOf({ list, members = [] }: Shape, explode: boolean): readonly string[] {
  if (list || !explode) return list ?? members.flat();
  if (members.some(([name]) => name.includes('=')))
    throw new Unencodable('holds a name with an equals sign, which ends the name');
  return members.map(pair => pair.join('='));
}

/** RFC 9110 §5.6.1: blanks around a comma are not part of an element, and an empty one counts for nothing. */
function headerElement(element: string): string {
  if (element.includes(','))
    throw new Unencodable('holds an element with a comma, which separates the elements');
  if (element === '') throw new Unencodable('holds an empty element, which counts for nothing in a header');
  if (!BLANK_AT_END.test(element)) return element;
  throw new Unencodable('holds an element that begins or ends with a blank, which headers lose');
}

/** A cookie, or several for an exploded value, as in a `Cookie` header. */
export function encodeInCookie(name: string, value: unknown, { style, explode }: ResolvedStyle): string {
  if (style === 'json') return encodePair([name, jsonOf(value)]);
  return formPairs(name, shapeOf(value), explode, [',', ',']).join('; ');
}

export function jsonOf(value: unknown): string {
  try {
    const text = writeJson(value);
    if (text !== undefined) return text;
  } catch (error) {
    throw new Unencodable(`is nothing that JSON can hold: ${(error as Error).message}`);
  }
  throw new Unencodable(`is nothing that JSON can hold: ${typeof value}`);
}
