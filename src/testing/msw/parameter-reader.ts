/** All parameters of one place of a request, as one value. */
import type { ParameterPlace, ResolvedStyle } from '../../contract/parameter-style.ts';
import { type Conversion, decoderOf } from '../../contract/schema.ts';
import type { Checked, Schema } from '../../contract/standard-schema.ts';
import { definitionOf, isZod, membersOf, wireForm } from '../../contract/zod.ts';
import {
  type Found,
  findInCookies,
  findInHeader,
  findInPath,
  findInQuery,
  type RawPair,
} from './read-parameters.ts';
import { wireValue } from './wire-value.ts';

/** A request, taken apart as far as that goes without knowing what its parameters are. */
export interface RawParameters {
  /** What stands in the path, by the names of the template. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: readonly RawPair[];
  readonly headers: Headers;
  readonly cookies: readonly RawPair[];
}

export type StyleOf = (name: string) => ResolvedStyle;

/** Reads the parameters of a place into the program's form. Throws Unreadable for what no value can be made of. */
export type ParameterReader = (raw: RawParameters) => Checked | Promise<Checked>;

export function parameterReader(place: ParameterPlace, schema: Schema, styleOf: StyleOf): ParameterReader {
  const decode = decoderOf(schema);
  if (!isZod(schema)) return raw => guess(decode, textsIn(place, raw, styleOf));
  const isOthers = strangers(place, schema, styleOf);
  return raw => decode(wireValue(schema, placeFound(place, raw, styleOf, isOthers)));
}

/** Whether a pair of a query or of cookies belongs to another parameter than that of a name. */
type IsOthers = (name: string, pair: string) => boolean;

/** An exploded object takes the names of its members, which is why each parameter must be known to tell whose a pair is. */
function strangers(place: ParameterPlace, schema: Schema, styleOf: StyleOf): IsOthers {
  const owners = Object.entries(membersOf(schema) ?? {}).map(([name, member]) => {
    const { style, explode } = styleOf(name);
    const { shape } = definitionOf(wireForm(member));
    const isSpread = shape !== undefined && explode && style === 'form';
    const owns = (pair: string) =>
      isSpread
        ? Object.hasOwn(shape, pair)
        : pair === name || (style === 'deepObject' && pair.startsWith(`${name}[`));
    return { name, owns };
  });
  if (place !== 'query' && place !== 'cookies') return () => false;
  return (name, pair) => owners.some(owner => owner.name !== name && owner.owns(pair));
}

/** A place as if it were one parameter, and the parameters its members. */
function placeFound(place: ParameterPlace, raw: RawParameters, styleOf: StyleOf, isOthers: IsOthers): Found {
  const find = (name: string): Found => {
    const own = (pairs: readonly RawPair[]) => pairs.filter(([pair]) => !isOthers(name, pair));
    return findIn(place, name, { ...raw, query: own(raw.query), cookies: own(raw.cookies) }, styleOf(name));
  };
  return {
    text: () => undefined,
    list: () => [],
    members(known, isOpen) {
      // A browser or a proxy may add headers and cookies of its own. They are looked at only where none is declared.
      const others = isOpen && (place === 'query' || known.length === 0) ? namesIn(place, raw) : [];
      const names = [...known, ...others.filter(name => !known.includes(name) && !isOthers(name, name))];
      return new Map(names.map(name => [name, find(name)]));
    },
  };
}

function findIn(place: ParameterPlace, name: string, raw: RawParameters, style: ResolvedStyle): Found {
  switch (place) {
    case 'params':
      return findInPath(name, raw.params[name] ?? '', style);
    case 'query':
      return findInQuery(name, raw.query, style);
    case 'headers':
      return findInHeader(raw.headers.get(name), style);
    case 'cookies':
      return findInCookies(name, raw.cookies, style);
  }
}

function namesIn(place: ParameterPlace, { params, query, headers, cookies }: RawParameters): string[] {
  if (place === 'params') return Object.keys(params);
  if (place === 'headers') return [...headers.keys()];
  return (place === 'query' ? query : cookies).map(([name]) => name);
}

type Texts = Record<string, unknown>;

/** Texts by name, as a schema wants them that does not show its members; what is repeated is a list. */
function textsIn(place: ParameterPlace, raw: RawParameters, styleOf: StyleOf): Texts {
  const entries = namesIn(place, raw).map(name => {
    const style = styleOf(name);
    const found = findIn(place, name, raw, style);
    if (found.json) return [name, found.json()];
    const list = found.list();
    const isList = list.length > 1 && (style.explode || style.style !== 'simple');
    return [name, isList ? list : found.text()];
  });
  return Object.fromEntries(entries);
}

/** What a schema refuses as a text is tried as what the text reads as. */
function guess(decode: Conversion, texts: Texts): Checked | Promise<Checked> {
  const settle = (result: Checked) => {
    if (!result.issues) return result;
    const refused = new Set(result.issues.map(({ path }) => path[0]));
    const guessed = Object.entries(texts).map(([name, text]) => [
      name,
      refused.has(name) ? likely(text) : text,
    ]);
    return decode(Object.fromEntries(guessed));
  };
  const result = decode(texts);
  return result instanceof Promise ? result.then(settle) : settle(result);
}

function likely(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(likely);
  if (typeof value !== 'string') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  return value.trim() === '' || Number.isNaN(Number(value)) ? [value] : Number(value);
}
