/**
 * JSON with whole numbers beyond 2^53, which `JSON.parse` rounds and `number` does not hold (RFC 8259 §6). Where a schema
 * takes a bigint beside a number, they are bigints on the wire's side, and are read and written digit by digit.
 */
import { type Conversion, decoderOf } from './schema.ts';
import type { Checked, Issue, Schema } from './standard-schema.ts';
import { isZod, takesLargeIntegers } from './zod.ts';

/** A value of JSON, with bigints for what a number would round, as far as the schema takes any. */
export function readJson(text: string, schema: Schema | undefined): unknown {
  // Most schemas take none, which is known of them, and most texts hold nothing as long: they are read as ever.
  const isExact = schema && isZod(schema) && takesLargeIntegers(schema) && SIXTEEN_DIGITS.test(text);
  return isExact ? parsedExactly(text) : JSON.parse(text);
}

/** Where values stand so deep within each other that no function can be called for them, as engines without sources do. */
function parsedExactly(text: string): unknown {
  try {
    return JSON.parse(text, exactly);
  } catch (error) {
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
}

const SIXTEEN_DIGITS = /\d{16}/;
const WHOLE = /^-?\d+$/;

/**
 * Where the engine tells no source, the rounded number stays: no codec takes it for exact.
 *
 * @see {@link https://tc39.es/proposal-json-parse-with-source/ | JSON.parse source text access}
 */
function exactly(_: string, value: unknown, { source }: { readonly source?: string } = {}): unknown {
  const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
  return isRounded && source !== undefined && WHOLE.test(source) ? BigInt(source) : value;
}

/**
 * A conversion of what {@link readJson} gives. Where a bigint is not what the schema takes, as nobody asked for its digits
 * there, it is the number that `JSON.parse` makes of it.
 */
export function jsonDecoderOf(schema: Schema): Conversion {
  const decode = decoderOf(schema);
  const attempt = (value: unknown, first: Checked | undefined): Checked | Promise<Checked> => {
    const goOn = (result: Checked): Checked | Promise<Checked> => {
      if (!result.issues) return result;
      const rounded = roundedFor(result.issues, value);
      return rounded === value ? (first ?? result) : attempt(rounded, first ?? result);
    };
    const result = decode(value);
    return result instanceof Promise ? result.then(goOn) : goOn(result);
  };
  return value => attempt(value, undefined);
}

function roundedFor(issues: readonly Issue[], value: unknown): unknown {
  try {
    return issues.reduce(roundedAt, value);
  } catch {
    // Deeper than functions can call each other: there is nothing that a schema would take.
    return value;
  }
}

/** The value with numbers for the bigints at the place of an issue, and below it; the same where there are none. */
const roundedAt = (value: unknown, { path: [key, ...path], message }: Issue): unknown => {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  const keys = key === undefined ? Object.keys(value) : [key];
  let copy: Record<PropertyKey, unknown> | undefined;
  for (const name of keys) {
    if (!Object.hasOwn(value, name)) continue;
    const member = (value as Record<PropertyKey, unknown>)[name];
    const rounded = roundedAt(member, { path, message });
    if (rounded === member) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<PropertyKey, unknown>;
    copy[name] = rounded;
  }
  return copy ?? value;
};

interface RawJson {
  /** @see {@link https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/JSON/rawJSON | JSON.rawJSON} */
  rawJSON?: (text: string) => unknown;
}

/** A bigint of a value has no other spelling in JSON than its digits. */
export class Unwritable extends Error {}

/**
 * A value as JSON; undefined for what JSON has nothing for.
 *
 * @throws Unwritable for what has no text: a circle, or digits that cannot be written. NaN and infinities are null, as ever.
 */
export function writeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    try {
      return JSON.stringify(value, withDigits);
    } catch (again) {
      throw again instanceof Unwritable ? again : new Unwritable((error as Error).message);
    }
  }
}

function withDigits(key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  const { rawJSON } = JSON as RawJson;
  if (rawJSON) return rawJSON(String(value));
  const where = key === '' ? '' : ` \`${key}\``;
  throw new Unwritable(
    `the whole number${where} is beyond 2^53, and this runtime has no JSON.rawJSON to write its digits with: use one that has it, or declare the number as a text`,
  );
}
