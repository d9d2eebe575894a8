/** Data that a schema of zod takes, in its wire form. */
import { type $ZodType, safeDecode, safeEncode } from 'zod/v4/core';
import { type Definition, definitionOf, wireForm } from '../../contract/zod.ts';
import type { Random } from '../../pipeline/clock.ts';
import {
  type CheckDetails,
  lengthOf,
  madeInstant,
  madeText,
  madeWord,
  oneOf,
  wholeBetween,
} from './made-text.ts';

/** Nothing can be made for a schema. */
export class Unmakeable extends Error {}

/** What a schema is made of, as far as data can be made of it. */
interface Details extends Omit<Definition, 'checks'> {
  readonly check?: string;
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDetails } }[];
  readonly partial?: boolean;
  readonly parts?: readonly unknown[];
  /** Only codecs have a way back. */
  readonly reverseTransform?: unknown;
}

const detailsOf = (schema: $ZodType): Details => definitionOf(schema) as Details;

/** A format such as `z.uuid()` is its own check. */
const checksOf = (details: Details): CheckDetails[] => [
  ...(details.check ? [details as CheckDetails] : []),
  ...(details.checks ?? []).map(({ _zod }) => _zod.def),
];

/**
 * A value in the wire form of a schema, which meets what its checks say. What they do not say (refinements) is left to
 * luck: whoever needs to be sure validates it, and tries again.
 *
 * @throws Unmakeable for a schema of which nothing can be known, or that never ends.
 */
export function madeData(schema: $ZodType, random: Random): unknown {
  if (heightOf(schema) === Number.POSITIVE_INFINITY) throw new Unmakeable('the schema never ends');
  return new Maker(random).value(schema);
}

/** Below this many objects and lists in each other, only what must be there is. */
const maxDepth = 5;
const presentRatio = 0.75;

class Maker {
  readonly #random: Random;
  #depth = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  value(schema: $ZodType): unknown {
    const details = detailsOf(schema);
    const random = this.#random;
    switch (details.type) {
      case 'string':
        return madeText(checksOf(details), random);
      case 'number':
      case 'int':
        return madeNumber(checksOf(details), random);
      case 'bigint':
        return details.coerce
          ? String(madeBigInt(checksOf(details), random))
          : madeBigInt(checksOf(details), random);
      case 'boolean':
        return random() < 0.5;
      case 'date':
        return details.coerce
          ? madeDate(checksOf(details), random).toISOString()
          : madeDate(checksOf(details), random);
      case 'null':
        return null;
      case 'undefined':
      case 'void':
        return undefined;
      case 'nan':
        return Number.NaN;
      case 'any':
      case 'unknown':
        return madeWord(random);
      case 'literal':
      case 'enum':
        return oneOf([...(schema._zod.values ?? [])], random);
      case 'template_literal':
        return (details.parts ?? [])
          .map(part => String(isSchemaPart(part) ? this.value(part) : part))
          .join('');
      case 'file':
        return madeFile(checksOf(details), random);
      case 'optional':
        return this.#perhaps(details, undefined);
      case 'nullable':
        return this.#perhaps(details, null);
      case 'union':
        return this.#oneOf(details.options ?? []);
      case 'pipe':
        return this.#piped(schema, details);
      case 'nonoptional':
        return this.#value(wireForm(schema));
      default:
        return details.innerType ? this.value(details.innerType) : this.#composite(details);
    }
  }

  #composite(details: Details): unknown {
    this.#depth++;
    try {
      switch (details.type) {
        case 'array':
          return this.#list(details, details.element);
        case 'set':
          return new Set(this.#list(details, details.valueType));
        case 'tuple':
          return (details.items ?? []).map(item => this.value(item));
        case 'object':
          return this.#object(details);
        case 'record':
          return this.#record(details);
        case 'map':
          return new Map(
            this.#list(details, details.valueType).map(value => [this.#value(details.keyType), value]),
          );
        case 'intersection':
          return merged(this.#value(details.left), this.#value(details.right));
        case 'lazy':
          return this.#value(details.getter?.());
        default:
          throw new Unmakeable(`nothing can be known of a ${details.type} schema`);
      }
    } finally {
      this.#depth--;
    }
  }

  #value(schema: $ZodType | undefined): unknown {
    if (!schema) throw new Unmakeable('a part of the schema is missing');
    return this.value(schema);
  }

  get #isDeep(): boolean {
    return this.#depth > maxDepth;
  }

  #perhaps({ innerType }: Details, otherwise: null | undefined): unknown {
    if (this.#isDeep || this.#random() >= presentRatio) return otherwise;
    try {
      return this.#value(innerType);
    } catch (error) {
      if (error instanceof Unmakeable) return otherwise;
      throw error;
    }
  }

  #list(details: Details, element: $ZodType | undefined): unknown[] {
    const { min, max } = lengthOf(checksOf(details), { min: 1, max: 3 });
    const isBounded = checksOf(details).some(
      ({ minimum, length }) => minimum !== undefined || length !== undefined,
    );
    const count = this.#isDeep
      ? isBounded
        ? min
        : 0
      : wholeBetween(min, Math.min(max, min + 2), this.#random);
    return Array.from({ length: count }, () => this.#value(element));
  }

  #object({ shape = {} }: Details): object {
    const members = Object.entries(shape).map(([name, member]) => [name, this.value(member)] as const);
    return Object.fromEntries(members.filter(([, value]) => value !== undefined));
  }

  #record({ keyType, valueType, partial }: Details): object {
    const keys = keyType?._zod.values;
    if (!keys) {
      const count = this.#isDeep ? 0 : wholeBetween(1, 3, this.#random);
      return Object.fromEntries(
        Array.from({ length: count }, () => [this.#value(keyType), this.#value(valueType)]),
      );
    }
    const present = [...keys].filter(() => !partial || this.#random() < presentRatio);
    return Object.fromEntries(present.map(key => [key, this.#value(valueType)]));
  }

  /** Another one where nothing can be made of that which was chosen; in the depth, the one that ends first. */
  #oneOf(options: readonly $ZodType[]): unknown {
    const start = wholeBetween(0, options.length - 1, this.#random);
    const turned = [...options.slice(start), ...options.slice(0, start)].filter(
      option => heightOf(option) < Number.POSITIVE_INFINITY,
    );
    const order = this.#isDeep ? turned.sort((one, other) => heightOf(one) - heightOf(other)) : turned;
    let failure: unknown = new Unmakeable('nothing can be known of a union without options');
    for (const option of order) {
      try {
        return this.value(option);
      } catch (error) {
        if (!(error instanceof Unmakeable)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** From the program's side where a codec leads back, since its wire's side often says no more than "a text". */
  #piped(schema: $ZodType, { in: from, out, reverseTransform }: Details): unknown {
    if (from && out && definitionOf(from).type === 'transform') return this.value(out);
    const encoded = reverseTransform && out ? encodedBy(schema, out, this.#piece(out)) : undefined;
    return encoded ? encoded.value : this.#value(from);
  }

  #piece(schema: $ZodType): unknown {
    try {
      return this.value(schema);
    } catch (error) {
      if (error instanceof Unmakeable) return undefined;
      throw error;
    }
  }
}

const isSchemaPart = (part: unknown): part is $ZodType =>
  typeof part === 'object' && part !== null && '_zod' in part;

/** Undefined if it cannot be done, or not at once. */
function encodedBy(codec: $ZodType, out: $ZodType, value: unknown): { readonly value: unknown } | undefined {
  try {
    const program = safeDecode(out, value as never);
    const wire = program.success ? safeEncode(codec, program.data) : program;
    return wire.success ? { value: wire.data } : undefined;
  } catch {
    return undefined;
  }
}

function merged(one: unknown, other: unknown): unknown {
  if (!isPlain(one) || !isPlain(other)) return one;
  const shared = Object.keys(one).filter(name => Object.hasOwn(other, name));
  return {
    ...one,
    ...other,
    ...Object.fromEntries(shared.map(name => [name, merged(one[name], other[name])])),
  };
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where values lie: what is not said lies within a thousand of what is. */
function rangeOf(checks: readonly CheckDetails[]): { readonly low: number; readonly high: number } {
  const bounds = (check: string) => checks.filter(it => it.check === check).map(({ value }) => Number(value));
  const low = Math.max(...bounds('greater_than'));
  const high = Math.min(...bounds('less_than'));
  if (Number.isFinite(low)) return { low, high: Number.isFinite(high) ? high : low + 1_000 };
  return Number.isFinite(high) ? { low: Math.min(0, high - 1_000), high } : { low: 0, high: 1_000 };
}

const isExclusive = (checks: readonly CheckDetails[], check: string): boolean =>
  checks.some(it => it.check === check && it.inclusive === false);

function madeNumber(checks: readonly CheckDetails[], random: Random): number {
  const { low, high } = rangeOf(checks);
  const step =
    checks.find(({ check }) => check === 'multiple_of')?.value ?? (isWhole(checks) ? 1 : undefined);
  if (step !== undefined) return madeMultiple(Number(step), low, high, checks, random);
  const exact = low + random() * (high - low);
  const short = Math.round(exact * 100) / 100;
  return short > low && short < high ? short : exact;
}

const isWhole = (checks: readonly CheckDetails[]): boolean =>
  checks.some(({ check, format }) => check === 'number_format' && !format?.startsWith('float'));

function madeMultiple(
  step: number,
  low: number,
  high: number,
  checks: readonly CheckDetails[],
  random: Random,
): number {
  const first = Math.ceil(low / step) * step;
  const last = Math.floor(high / step) * step;
  const least = first === low && isExclusive(checks, 'greater_than') ? 1 : 0;
  const most =
    Math.round((last - first) / step) - (last === high && isExclusive(checks, 'less_than') ? 1 : 0);
  return first + wholeBetween(least, Math.max(least, most), random) * step;
}

function madeBigInt(checks: readonly CheckDetails[], random: Random): bigint {
  const step = checks.find(({ check }) => check === 'multiple_of')?.value;
  const whole: CheckDetails = { check: 'multiple_of', value: step === undefined ? 1 : Number(step) };
  return BigInt(
    Math.round(madeNumber([...checks.filter(({ check }) => check !== 'multiple_of'), whole], random)),
  );
}

function madeDate(checks: readonly CheckDetails[], random: Random): Date {
  const made = madeInstant(random);
  const { low, high } = rangeOf(checks);
  const isBounded = checks.some(({ check }) => check === 'greater_than' || check === 'less_than');
  return new Date(
    !isBounded || (made > low && made < high) ? made : Math.round(low + random() * (high - low)),
  );
}

function madeFile(checks: readonly CheckDetails[], random: Random): File {
  const size = checks.find(it => it.size !== undefined)?.size ?? lengthOf(checks, { min: 1, max: 16 }).min;
  const content = madeWord(random)
    .repeat(Math.ceil(size / 4))
    .slice(0, size);
  const type = checks.flatMap(({ mime }) => mime ?? [])[0] ?? 'text/plain';
  return new File([content], `${madeWord(random)}.txt`, { type });
}

/** How many levels the smallest value has. What does not end within so many never does, or is nothing to be made up. */
const maxHeight = 24;
const heights = new WeakMap<$ZodType, number>();

function heightOf(schema: $ZodType): number {
  let height = heights.get(schema);
  if (height === undefined) {
    const known = new Map<$ZodType, Map<number, boolean>>();
    height = 0;
    while (height <= maxHeight && !ends(schema, height, known)) height++;
    if (height > maxHeight) height = Number.POSITIVE_INFINITY;
    heights.set(schema, height);
  }
  return height;
}

/** Whether some value has no more levels. What is asked again is remembered: schemas share their parts. */
function ends(schema: $ZodType, levels: number, known: Map<$ZodType, Map<number, boolean>>): boolean {
  if (levels < 0) return false;
  const ofSchema = known.get(schema) ?? new Map<number, boolean>();
  known.set(schema, ofSchema);
  let does = ofSchema.get(levels);
  if (does === undefined) {
    does = endsWithin(schema, levels, known);
    ofSchema.set(levels, does);
  }
  return does;
}

function endsWithin(schema: $ZodType, levels: number, known: Map<$ZodType, Map<number, boolean>>): boolean {
  const details = detailsOf(schema);
  const { shape, items, options, left, right, element, getter, in: from, out, innerType } = details;
  const here = (part: $ZodType | undefined) => !part || ends(part, levels, known);
  const inside = (part: $ZodType | undefined) => !part || ends(part, levels - 1, known);
  switch (details.type) {
    case 'optional':
    case 'nullable':
      return true;
    case 'object':
      return Object.values(shape ?? {}).every(inside);
    case 'tuple':
      return (items ?? []).every(inside);
    case 'array':
      return lengthOf(checksOf(details), { min: 0, max: 0 }).min === 0 || inside(element);
    case 'union':
      return (options ?? []).some(here);
    case 'intersection':
      return here(left) && here(right);
    case 'lazy':
      return inside(getter?.());
    case 'pipe':
      return here(from && definitionOf(from).type === 'transform' ? out : from);
    default:
      return here(innerType);
  }
}
