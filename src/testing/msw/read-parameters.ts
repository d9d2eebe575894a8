/**
 * How parameters are read: the inverse of `contract/parameter-style.ts`.
 *
 * A style alone does not tell a list of one element from a text, so that each reading is worked out when it is asked
 * for: by the schema, which knows what the parameter is.
 */
import { readJson } from '../../contract/exact-json.ts';
import type { ResolvedStyle } from '../../contract/parameter-style.ts';
import type { Schema } from '../../contract/standard-schema.ts';

/** What a request holds of a parameter, to be read as what its schema says that it is. */
export interface Found {
  /** Undefined where nothing is there that reads as one text. */
  text(): string | undefined;
  list(): readonly string[];
  /**
   * @param known - names that the schema declares.
   * @param isOpen - whether it takes others as well; they cannot be told from what belongs to nobody, then.
   */
  members(known: readonly string[], isOpen: boolean): ReadonlyMap<string, Found>;
  /** Only where JSON is the style: the value, in which nothing is left to be read. */
  json?(schema?: Schema): unknown;
}

/** What cannot be read at all, and where. */
export class Unreadable extends Error {
  readonly path: readonly PropertyKey[];

  constructor(message: string, path: readonly PropertyKey[] = []) {
    super(message);
    this.path = path;
  }

  /** The same, one level further out. */
  under(name: PropertyKey): Unreadable {
    return new Unreadable(this.message, [name, ...this.path]);
  }
}

/** A name, decoded, and a value as it stands there: only its style knows what separates the parts of it. */
export type RawPair = readonly [name: string, raw: string];

type Decode = (raw: string) => string;

/** @throws Unreadable for a percent sign that encodes nothing. */
function decode(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new Unreadable('has a percent sign that encodes no character');
  }
}

/** Other clients write a blank as a plus sign; ours writes a plus sign as `%2B`, so that both are understood. */
const decodeQuery = (raw: string): string => decode(raw.replaceAll('+', ' '));

const nothing: Found = { text: () => undefined, list: () => [], members: () => new Map() };

export const foundText = (text: string): Found => ({ ...nothing, text: () => text, list: () => [text] });

const foundTexts = (pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, Found> =>
  new Map(pairs.map(([name, text]) => [name, foundText(text)]));

/** What JSON holds; undefined where nothing is there. */
const foundJson = (text: () => string | undefined): Found => ({
  ...nothing,
  text,
  json(schema) {
    const json = text();
    try {
      return json === undefined ? undefined : readJson(json, schema);
    } catch {
      throw new Unreadable('is no JSON');
    }
  },
});

/** `a,b` and `k,v,k,v` or `k=v,k=v`, split before anything is decoded. */
function split(
  raw: string,
  separator: string,
  explode: boolean,
  decode: Decode,
): Pick<Found, 'list' | 'members'> {
  const parts = () => raw.split(separator);
  return {
    list: () => parts().map(decode),
    members: () => foundTexts(explode ? parts().map(part => cut(part, decode)) : paired(parts().map(decode))),
  };
}

/** Cuts at the first equals sign; without one, the value is empty. */
function cut(part: string, decode: Decode): readonly [string, string] {
  const at = part.indexOf('=');
  return at === -1 ? [decode(part), ''] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
}

function paired(flat: readonly string[]): [string, string][] {
  if (flat.length % 2 === 1) throw new Unreadable('has a name without a value: names and values take turns');
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] as string]] : []));
}

/** @param raw - what stands in the path in the place of the parameter. */
export function findInPath(name: string, raw: string, { style, explode }: ResolvedStyle): Found {
  if (style === 'json') return foundJson(() => decode(raw));
  if (style === 'matrix') {
    const pairs = raw
      .slice(1)
      .split(';')
      .map(pair => rawPair(pair, decode));
    return inPairs(name, pairs, explode, ',', decode);
  }
  if (style === 'simple') return { text: () => decode(raw), ...split(raw, ',', explode, decode) };
  const rest = raw.slice(1);
  return { text: () => decode(rest), ...split(rest, explode ? '.' : ',', explode, decode) };
}

/** @param pairs - those of the whole query, but for what belongs to other parameters. */
export function findInQuery(
  name: string,
  pairs: readonly RawPair[],
  { style, explode }: ResolvedStyle,
): Found {
  if (style === 'json') return foundJson(() => inPairs(name, pairs, true, ',', decodeQuery).text());
  if (style === 'deepObject') return deep(name, pairs);
  return inPairs(name, pairs, explode, separators[style] ?? ',', decodeQuery);
}

/** @param pairs - those of the whole `Cookie` header, but for what belongs to other parameters. */
export function findInCookies(
  name: string,
  pairs: readonly RawPair[],
  { style, explode }: ResolvedStyle,
): Found {
  if (style === 'json') return foundJson(() => inPairs(name, pairs, true, ',', decode).text());
  return inPairs(name, pairs, explode, ',', decode);
}

/** Separators that no element may hold, so that it does not matter whether they are encoded. */
const separators: Readonly<Record<string, string>> = { spaceDelimited: ' ', pipeDelimited: '|' };

/** An exploded list repeats its name, an exploded object puts its members beside all others. */
function inPairs(
  name: string,
  pairs: readonly RawPair[],
  explode: boolean,
  separator: string,
  decode: Decode,
): Found {
  const raws = pairs.filter(([other]) => other === name).map(([, raw]) => raw);
  const text = () => (raws[0] === undefined ? undefined : decode(raws[0]));
  if (explode) {
    return {
      text,
      list: () => raws.map(decode),
      members(known, isOpen) {
        const own = pairs.filter(([member]) => isOpen || known.includes(member));
        return foundTexts(own.map(([member, raw]) => [member, decode(raw)]));
      },
    };
  }
  const [raw] = raws;
  if (raw === undefined) return nothing;
  const whole =
    separator === ',' ? split(raw, ',', false, decode) : split(decode(raw), separator, false, asIs);
  return { text, ...whole };
}

const asIs: Decode = raw => raw;

/** `name[key]=…`, to any depth; lists repeat their name. */
function deep(name: string, pairs: readonly RawPair[]): Found {
  return {
    ...inPairs(name, pairs, true, ',', decodeQuery),
    members() {
      const inside = pairs.filter(([other]) => other.startsWith(`${name}[`));
      const keys = inside.flatMap(([other]) => /^([^[\]]*)\]/.exec(other.slice(name.length + 1))?.[1] ?? []);
      return new Map(keys.map(key => [key, deep(`${name}[${key}]`, inside)]));
    },
  };
}

/**
 * Lists in headers may have blanks around their commas, and elements that are empty count for nothing.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1 | RFC 9110 §5.6.1}
 */
export function findInHeader(value: string | null, { style, explode }: ResolvedStyle): Found {
  if (value === null) return style === 'json' ? foundJson(() => undefined) : nothing;
  if (style === 'json') return foundJson(() => value);
  const parts = value
    .split(',')
    .map(part => part.replaceAll(/^[\t ]+|[\t ]+$/g, ''))
    .filter(part => part !== '');
  return {
    text: () => value,
    list: () => parts,
    members: () => foundTexts(explode ? parts.map(part => cut(part, asIs)) : paired(parts)),
  };
}

/** The pairs of a query, without its question mark. */
export const queryPairs = (query: string): RawPair[] => pairsIn(query.split('&'), decodeQuery);

/** The pairs of a `Cookie` header. */
export const cookiePairs = (header: string): RawPair[] =>
  pairsIn(
    header.split(';').map(pair => pair.trim()),
    decode,
  );

const pairsIn = (pairs: readonly string[], decode: Decode): RawPair[] =>
  pairs.filter(pair => pair !== '').map(pair => rawPair(pair, decode));

/** A name that cannot be decoded is nobody's, and stays as it is. */
function rawPair(pair: string, decode: Decode): RawPair {
  const at = pair.indexOf('=');
  const [name, raw] = at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  try {
    return [decode(name), raw];
  } catch {
    return [name, raw];
  }
}
