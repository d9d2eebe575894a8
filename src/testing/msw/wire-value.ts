/**
 * From what was found in a request to the value that a schema of zod takes: texts become the numbers, truth values and
 * lists that they stand for.
 */
import type { $ZodType } from 'zod/v4/core';
import { decoderOf } from '../../contract/schema.ts';
import { definitionOf, wireForm } from '../../contract/zod.ts';
import { type Found, foundText, Unreadable } from './read-parameters.ts';

/** What a schema on the wire is made of, as far as it decides how a text is read. */
interface Details extends ReturnType<typeof definitionOf> {
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly values?: readonly unknown[];
}

/**
 * The value, in its wire form; undefined where nothing was found. It is not checked.
 *
 * @throws Unreadable for what no value can be made of.
 */
export function wireValue(schema: $ZodType, found: Found): unknown {
  const value = found.json ? found.json(schema) : readAs(wireForm(schema), found);
  return value === undefined ? absent(schema) : value;
}

function readAs(wire: $ZodType, found: Found): unknown {
  const details: Details = definitionOf(wire);
  switch (details.type) {
    case 'array':
    case 'tuple':
      return listOf(details, found.list());
    case 'object':
    case 'record':
      return objectOf(details, found);
    case 'union':
      return firstFitting(details.options ?? [], found);
    case 'intersection':
      return bothOf(details, found);
    case 'lazy':
      return details.getter && wireValue(details.getter(), found);
    default: {
      const text = found.text();
      return text === undefined ? undefined : scalar(details, text);
    }
  }
}

/** Lists without elements are not written. */
function listOf({ element, items = [], rest }: Details, texts: readonly string[]): unknown {
  if (texts.length === 0) return undefined;
  return texts.map((text, index) => {
    const schema = element ?? items[index] ?? rest;
    return schema ? wireValue(schema, foundText(text)) : text;
  });
}

/** What is not declared is handed on as text: whether it may be there is for the schema to say. */
function objectOf({ shape = {}, catchall, valueType }: Details, found: Found): unknown {
  const names = Object.keys(shape);
  const other = catchall ?? valueType;
  const members = found.members(names, other !== undefined);
  const isThere = other ? members.size > 0 : names.some(name => members.has(name));
  if (!isThere) return undefined;
  const all = new Set([...names, ...members.keys()]);
  const read = [...all].map(name => {
    const member = members.get(name);
    const schema = Object.hasOwn(shape, name) ? shape[name] : other;
    return [name, memberOf(name, schema, member)] as const;
  });
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

function memberOf(name: string, schema: $ZodType | undefined, found: Found | undefined): unknown {
  if (!schema || definitionOf(schema).type === 'never') return found?.text();
  if (!found) return absent(schema);
  try {
    return wireValue(schema, found);
  } catch (error) {
    throw error instanceof Unreadable ? error.under(name) : error;
  }
}

/** Of several readings, the first that the schema it is made for takes. */
function firstFitting(options: readonly $ZodType[], found: Found): unknown {
  const readings = options.flatMap(option => {
    const value = readingOf(option, found);
    return value === undefined ? [] : [{ option, value }];
  });
  return (readings.find(({ option, value }) => takes(option, value)) ?? readings[0])?.value;
}

function readingOf(option: $ZodType, found: Found): unknown {
  try {
    return readAs(wireForm(option), found);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

function bothOf({ left, right }: Details, found: Found): unknown {
  const values = [left, right].map(side => side && wireValue(side, found));
  const [first, second] = values;
  return isObject(first) && isObject(second) ? { ...first, ...second } : (first ?? second);
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Null, and lists and objects without anything in them, are not written: what the schema takes for nothing is what was
 * meant.
 */
function absent(schema: $ZodType): unknown {
  const simple = [undefined, null, []].find(nothing => takes(schema, nothing));
  if (simple !== undefined || takes(schema, undefined)) return simple;
  const { type, shape = {} } = definitionOf(wireForm(schema));
  if (type !== 'object' && type !== 'record') return undefined;
  const members = Object.entries(shape).map(([name, member]) => [name, absent(member)] as const);
  const empty = Object.fromEntries(members.filter(([, value]) => value !== undefined));
  return takes(schema, empty) ? empty : undefined;
}

/** Where that shows only later, it may. */
function takes(schema: $ZodType, value: unknown): boolean {
  const result = decoderOf(schema)(value);
  return result instanceof Promise || !result.issues;
}

/** What will not do as the schema has it stays a text, for the schema to say so. */
function scalar({ type, entries, values }: Details, text: string): unknown {
  switch (type) {
    case 'number':
      return /^\s*$/.test(text) || Number.isNaN(Number(text)) ? text : Number(text);
    case 'bigint':
      return /^-?\d+$/.test(text) ? BigInt(text) : text;
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : text);
    case 'date':
      return Number.isNaN(Date.parse(text)) ? text : new Date(text);
    case 'enum':
      return Object.values(entries ?? {}).find(entry => String(entry) === text) ?? text;
    case 'literal':
      return (values ?? []).find(value => String(value) === text) ?? text;
    default:
      return text;
  }
}
