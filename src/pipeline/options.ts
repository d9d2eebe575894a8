/**
 * Checks options at construction. Each message says which option, what it may be, what was given, and what to do
 * where that is not plain. Written by hand so that the path of a plain `fetch` loads no schema library.
 */

/** Checks one value under its full name, such as `retry.maxRetries`, and throws if it will not do. */
export type Check = (value: unknown, name: string) => void;

/** A check for each option of a policy; what has no check is unknown. */
export type Checks<Options> = { readonly [Key in keyof Required<Options>]: Check };

/** How a value reads in a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `an object with keys ${show(Object.keys(value))}`;
  return String(value);
}

const wrongType = (name: string, expected: string, value: unknown) =>
  new TypeError(`\`${name}\` should be ${expected}, got ${show(value)}.`);

const outOfRange = (name: string, expected: string, value: unknown) =>
  new RangeError(`\`${name}\` should be ${expected}, got ${show(value)}.`);

interface Range {
  readonly min?: number;
  readonly max?: number;
  /** Whether Infinity, for no limit, is allowed as well. */
  readonly unlimited?: boolean;
}

function ranged(what: string, unit: string, accepts: (value: number) => boolean) {
  return ({ min = 0, max = Number.MAX_SAFE_INTEGER, unlimited = false }: Range = {}): Check => {
    const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    const expected = `${what} ${bounds}${unit}${unlimited ? ', or Infinity' : ''}`;
    return (value, name) => {
      if (typeof value !== 'number') throw wrongType(name, expected, value);
      if (unlimited && value === Number.POSITIVE_INFINITY) return;
      if (!accepts(value) || value < min || value > max) throw outOfRange(name, expected, value);
    };
  };
}

export const integer: (range?: Range) => Check = ranged('a whole number', '', Number.isSafeInteger);
export const number: (range?: Range) => Check = ranged('a number', '', Number.isFinite);
/** Milliseconds; fractions are allowed. */
export const duration: (range?: Range) => Check = ranged('a number', ' (milliseconds)', Number.isFinite);

export const boolean: Check = (value, name) => {
  if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value);
};

export const callback: Check = (value, name) => {
  if (typeof value !== 'function') throw wrongType(name, 'a function', value);
};

export const oneOf =
  (...allowed: readonly string[]): Check =>
  (value, name) => {
    if (!allowed.includes(value as string))
      throw wrongType(name, `one of ${allowed.map(show).join(', ')}`, value);
  };

export const listOf =
  (check: Check): Check =>
  (value, name) => {
    if (!Array.isArray(value)) throw wrongType(name, 'an array', value);
    value.forEach((item, index) => {
      check(item, `${name}[${index}]`);
    });
  };

export const text =
  (pattern: RegExp, expected: string): Check =>
  (value, name) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw wrongType(name, expected, value);
  };

/** `false` switches the thing off; anything else has to pass. */
export const orFalse =
  (check: Check): Check =>
  (value, name) => {
    if (value !== false) check(value, name);
  };

/**
 * Fills in the defaults after checking each option that is given. `undefined` counts as not given.
 *
 * @param path - what the options are called in a message, such as `retry`; empty at the top.
 * @throws TypeError for an unknown option or a wrong type.
 * @throws RangeError for a value out of range.
 */
export function readOptions<Options extends object, Resolved extends object>(
  path: string,
  given: Options,
  checks: Checks<Options>,
  defaults: Resolved,
): Resolved & Options {
  requireObject(given, path);
  const resolved = { ...defaults } as Record<string, unknown>;
  for (const [key, value] of Object.entries(given)) {
    const name = path ? `${path}.${key}` : key;
    const check = Object.hasOwn(checks, key) ? checks[key as keyof Options] : undefined;
    if (!check) throw unknownOption(name, key, Object.keys(checks));
    if (value === undefined) continue;
    check(value, name);
    resolved[key] = value;
  }
  return resolved as Resolved & Options;
}

/**
 * Refuses two options of which the first is above the second, if both were given.
 *
 * @throws RangeError that names both.
 */
export function requireOrder<Options extends object>(
  path: string,
  given: Options,
  lower: keyof Options & string,
  upper: keyof Options & string,
): void {
  const [low, high] = [given[lower], given[upper]];
  if (typeof low !== 'number' || typeof high !== 'number' || low <= high) return;
  throw new RangeError(
    `\`${path}.${lower}\` should be at most \`${path}.${upper}\` (${high}), got ${low}. Change either.`,
  );
}

/** A copy of an option's value that its owner cannot change any more. Callbacks and instances stay themselves. */
export function copyOption<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(copyOption) as Value;
  if (typeof value !== 'object' || value === null) return value;
  if (Object.prototype.toString.call(value) !== '[object Object]' || 'toJSON' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copyOption(part)])) as Value;
}

export function requireObject(given: unknown, path: string): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  throw wrongType(path || 'options', 'an object', given);
}

/** @param known - everything that may stand here. */
export function unknownOption(name: string, key: string, known: readonly string[]): TypeError {
  const near = nearest(key.toLowerCase(), known);
  const hint = near ? ` Did you mean \`${near}\`?` : '';
  return new TypeError(`Unknown option \`${name}\`.${hint} Known here: ${known.join(', ')}.`);
}

/** What was probably meant: a word that holds the other, or else the fewest slips of the pen away. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const holding = known.find(name => word.length > 3 && isPart(name.toLowerCase(), word));
  if (holding) return holding;
  const byDistance = known.map(name => ({ name, distance: editDistance(name.toLowerCase(), word) }));
  const [best] = byDistance.sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(2, Math.ceil(word.length / 3)) ? best.name : undefined;
}

const isPart = (a: string, b: string): boolean => a.includes(b) || b.includes(a);

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
