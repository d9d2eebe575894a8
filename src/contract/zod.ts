/** The door to zod's insides: what Standard Schema does not tell of a schema. */
import { type $ZodType, safeEncode, safeEncodeAsync, safeParse } from 'zod/v4/core';
import type { Checked, Schema } from './standard-schema.ts';

/** What a schema of zod is made of, as far as it is read here. */
export interface Definition extends FormatDefinition {
  readonly type: string;
  readonly coerce?: boolean;
  readonly shape?: Readonly<Record<string, $ZodType>>;
  readonly innerType?: $ZodType;
  readonly element?: $ZodType;
  readonly options?: readonly $ZodType[];
  readonly left?: $ZodType;
  readonly right?: $ZodType;
  readonly in?: $ZodType;
  readonly out?: $ZodType;
  readonly items?: readonly $ZodType[];
  readonly rest?: $ZodType | null;
  readonly keyType?: $ZodType;
  readonly valueType?: $ZodType;
  readonly catchall?: $ZodType;
  readonly getter?: () => $ZodType;
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDefinition } }[];
}

/** What a text is, by a check or, such as `z.email()`, by itself. */
export interface FormatDefinition {
  readonly format?: string;
  readonly local?: boolean;
  readonly precision?: number | null;
}

interface CheckDefinition extends FormatDefinition {
  readonly check: string;
}

/** @see {@link https://zod.dev/library-authors | For library authors} */
export const isZod = (schema: object): schema is $ZodType => '_zod' in schema;

export const definitionOf = (schema: $ZodType): Definition => schema._zod.def as unknown as Definition;

/** How far one looks into a schema. */
interface Reach {
  /** Of what converts, look at the wire's side alone. */
  readonly wireOnly?: boolean;
  /** Open lazy schemas too. Not while contracts are being defined: they may refer to what is not there yet. */
  readonly openLazy?: boolean;
}

/** A whole number of any size on the wire: a number as far as it is one, and beyond a bigint of its digits. */
export function isLargeInteger({ type, options = [] }: Definition): boolean {
  const types = options.map(option => definitionOf(option).type);
  return type === 'union' && types.includes('number') && types.includes('bigint');
}

function partsOf(schema: $ZodType, { wireOnly = false, openLazy = false }: Reach): $ZodType[] {
  const definition = definitionOf(schema);
  const { shape, items, getter, out, ...rest } = definition;
  // JSON has a spelling for a bigint that stands for what a number cannot hold.
  const options = isLargeInteger(definition)
    ? definition.options?.filter(option => definitionOf(option).type !== 'bigint')
    : definition.options;
  const { innerType, element, left, right, in: from, rest: others, keyType, valueType, catchall } = rest;
  const single = [innerType, element, left, right, from, others, keyType, valueType, catchall];
  if (!wireOnly) single.push(out);
  if (getter && openLazy) single.push(getter());
  const parts = [...Object.values(shape ?? {}), ...(options ?? []), ...(items ?? []), ...single];
  return parts.filter((part): part is $ZodType => typeof part === 'object' && part !== null && isZod(part));
}

/** The first part of a schema that passes; the schema itself comes first. */
export function findPart(
  schema: $ZodType,
  accepts: (definition: Definition) => boolean,
  reach: Reach = {},
): Definition | undefined {
  const seen = new Set<$ZodType>();
  const open = [schema];
  for (let part = open.shift(); part; part = open.shift()) {
    if (seen.has(part)) continue;
    seen.add(part);
    const definition = definitionOf(part);
    if (accepts(definition)) return definition;
    open.push(...partsOf(part, reach));
  }
  return undefined;
}

const large = new WeakMap<$ZodType, boolean>();

/** Whether there are whole numbers on the wire whose digits count beyond 2^53. */
export function takesLargeIntegers(schema: $ZodType): boolean {
  let known = large.get(schema);
  if (known === undefined) {
    known = findPart(schema, isLargeInteger, { wireOnly: true, openLazy: true }) !== undefined;
    large.set(schema, known);
  }
  return known;
}

/** How the two forms of a schema differ. */
interface Traits {
  /** Only encoding leads from the program's form to the wire's: there is a codec or a pipe. */
  readonly needsEncoding: boolean;
  /** What comes out of decoding may be other than what went in. */
  readonly changes: boolean;
}

const traits = new WeakMap<$ZodType, Traits>();

export function traitsOf(schema: $ZodType): Traits {
  let known = traits.get(schema);
  if (!known) {
    const needsEncoding = findPart(schema, ({ type }) => type === 'pipe', { openLazy: true }) !== undefined;
    const changes = needsEncoding || findPart(schema, changesValue, { openLazy: true }) !== undefined;
    known = { needsEncoding, changes };
    traits.set(schema, known);
  }
  return known;
}

const changesValue = ({ type, coerce, checks }: Definition): boolean =>
  ['default', 'prefault', 'catch', 'transform'].includes(type) ||
  coerce === true ||
  (checks?.some(({ _zod }) => _zod.def.check === 'overwrite') ?? false);

/** Whether values are turned into others with no way back, so that nothing can be encoded. */
export const isOneWay = (schema: $ZodType): boolean => findPart(schema, leadsOneWay) !== undefined;

/** A pipe into what coerces, such as `z.string().pipe(z.coerce.number())`, would have to give back what it got. */
const leadsOneWay = ({ type, in: from, out }: Definition): boolean =>
  type === 'transform' ||
  type === 'success' ||
  (type === 'pipe' &&
    from !== undefined &&
    out !== undefined &&
    definitionOf(out).coerce === true &&
    definitionOf(out).type !== definitionOf(from).type);

/**
 * The value in its wire form.
 *
 * @see {@link https://zod.dev/codecs | Codecs}
 */
export function encodeZod(schema: $ZodType, value: unknown): Checked | Promise<Checked> {
  const complete = fillDefaults(schema, value);
  try {
    return checked(safeEncode(schema, complete));
  } catch {
    // It takes its time, which another copy of zod says by an error of its own; or it throws, and will again.
    return safeEncodeAsync(schema, complete).then(checked);
  }
}

function checked(result: ReturnType<typeof safeEncode>): Checked {
  if (result.success) return { value: result.data };
  return { issues: result.error.issues.map(({ message, path }) => ({ message, path })) };
}

/** Encoding wants every key that decoding would fill in. What a caller leaves out at the top is filled in here. */
function fillDefaults(schema: $ZodType, value: unknown): unknown {
  if (value === undefined) return defaultOf(schema);
  if (typeof value !== 'object' || value === null) return value;
  const { shape, innerType, left, right, options } = definitionOf(schema);
  if (innerType) return fillDefaults(innerType, value);
  if (left && right) return fillDefaults(right, fillDefaults(left, value));
  const given = value as Record<string, unknown>;
  if (options) return fillIn(options, given);
  const defaults = Object.entries(shape ?? {})
    .filter(([name]) => given[name] === undefined)
    .map(([name, member]) => [name, defaultOf(member)] as const)
    .filter(([, byDefault]) => byDefault !== undefined);
  return defaults.length > 0 ? { ...given, ...Object.fromEntries(defaults) } : value;
}

/** By the option that takes it then, of those that it may be for by their literals. */
function fillIn(options: readonly $ZodType[], given: Readonly<Record<string, unknown>>): unknown {
  const candidates = options.filter(option => isFor(given, option));
  const filled = candidates.map(option => fillDefaults(option, given));
  if (candidates.length < 2 || filled.every(each => each === given)) return filled[0] ?? given;
  const taken = candidates.findIndex((option, index) => takes(option, filled[index]));
  return filled[Math.max(taken, 0)];
}

function takes(schema: $ZodType, value: unknown): boolean {
  try {
    return safeEncode(schema, value).success;
  } catch {
    // It takes its time. If it takes the value in the end is not known yet.
    return true;
  }
}

/** What decoding makes of nothing: a default, a prefault, what is caught; undefined if it makes nothing of it. */
function defaultOf(schema: $ZodType): unknown {
  if (schema._zod.optin === undefined) return undefined;
  try {
    const result = safeParse(schema, undefined);
    return result.success ? result.data : undefined;
  } catch {
    // It takes its time, and has to be given a value.
    return undefined;
  }
}

/** Whether an option of a union is the one for an object, by the literals that it has. */
const isFor = (given: Readonly<Record<string, unknown>>, option: $ZodType): boolean =>
  Object.entries(definitionOf(option).shape ?? {}).every(
    ([name, { _zod }]) => _zod.values?.has(given[name] as never) ?? true,
  );

/** Schemas of the members of an object; undefined if the schema is none, or does not show them. */
export function membersOf(schema: Schema): Readonly<Record<string, $ZodType>> | undefined {
  return isZod(schema) ? definitionOf(schema).shape : undefined;
}

/** A schema on the wire, with what stands around it taken off: optional, nullable, defaults, codecs. */
export function wireForm(schema: $ZodType): $ZodType {
  const { innerType, type, in: from } = definitionOf(schema);
  if (type === 'pipe' && from) return wireForm(from);
  return innerType ? wireForm(innerType) : schema;
}

/** A schema in the program, with what stands around it taken off. */
export function programForm(schema: $ZodType): $ZodType {
  const { innerType, type, out } = definitionOf(schema);
  if (type === 'pipe' && out) return programForm(out);
  return innerType ? programForm(innerType) : schema;
}

/** Whether what a schema makes may have something at a path; false only if it certainly has not. */
export function mayHave(schema: $ZodType, [key, ...rest]: readonly string[]): boolean {
  const { type, shape, innerType, catchall } = definitionOf(schema);
  if (key === undefined) return true;
  if (innerType) return mayHave(innerType, [key, ...rest]);
  if (!shape) return !scalarKinds.has(type);
  const member = Object.hasOwn(shape, key) ? shape[key] : undefined;
  return member ? mayHave(member, rest) : catchall !== undefined && definitionOf(catchall).type !== 'never';
}

const scalarKinds = new Set(['string', 'number', 'boolean', 'bigint', 'date', 'null', 'undefined']);
