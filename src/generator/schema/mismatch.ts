/** Holds a value against a schema while the document is read: what is printed of the schema comes to the same. */
import { z } from 'zod';
import { isoDateTime } from '../../contract/date-time.ts';
import { print } from '../print/layout.ts';
import { jsonLiteral } from '../print/literal.ts';
import { canonical } from './combine.ts';
import type {
  Fields,
  Json,
  List,
  Literals,
  Model,
  Numeric,
  Reference,
  Rule,
  Text,
  TextFormat,
} from './model.ts';

/** What a reference leads to. */
export type Resolve = (reference: Reference) => Model;

/** Why a value is none of a schema, with the way to the part that is not; undefined if it is one. */
export function mismatchOf(model: Model, value: unknown, resolve: Resolve): string | undefined {
  try {
    return new Judge(resolve).judge(model, value, '');
  } catch (error) {
    if (error instanceof TooDeep) return error.message;
    throw error;
  }
}

/** References within each other that are followed for one value. */
const maxDepth = 500;

class TooDeep extends Error {
  constructor(at: string) {
    super(wrong(at, `is of a schema with more than ${maxDepth} references within each other`));
  }
}

type Members = Readonly<Record<string, unknown>>;

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const formats: Readonly<Record<TextFormat, z.ZodType>> = {
  uuid: z.guid(),
  'date-time': z.string().check(isoDateTime()),
  date: z.iso.date(),
  email: z.email({ pattern: z.regexes.html5Email }),
  uri: z.url(),
  ipv4: z.ipv4(),
  ipv6: z.ipv6(),
  byte: z.base64(),
  int64: z.string(),
};

class Judge {
  readonly #resolve: Resolve;
  /** Schemas that are being looked at with a value: one that is met again has nothing new to say. */
  readonly #open = new Map<string, Set<unknown>>();
  #depth = 0;

  constructor(resolve: Resolve) {
    this.#resolve = resolve;
  }

  judge(model: Model, value: unknown, at: string): string | undefined {
    switch (model.kind) {
      case 'anything':
        return undefined;
      case 'nothing':
        return wrong(at, 'should not be there');
      case 'null':
        return value === null ? undefined : wrong(at, `should be null, and is ${shown(value)}`);
      case 'boolean':
      case 'binary': {
        const type = model.kind === 'boolean' ? 'boolean' : 'string';
        return isOfType(type, value) ? undefined : wrong(at, typeMessage(type, value));
      }
      case 'literals':
        return isLiteral(model, value)
          ? undefined
          : wrong(at, `is ${shown(value)}, which is no value of the list`);
      case 'text':
        return prefixed(at, textMismatch(model, value));
      case 'number':
        return prefixed(at, numberMismatch(model, value));
      case 'list':
        return this.#list(model, value, at);
      case 'fields':
        return this.#fields(model, value, at);
      case 'reference':
        return this.#reference(model, value, at);
      case 'union':
        return this.#union(model.options, value, at);
      case 'intersection':
        return first(model.parts, part => this.judge(part, value, at));
      case 'ruled':
        return this.judge(model.of, value, at) ?? first(model.rules, rule => this.#rule(rule, value, at));
    }
  }

  #reference(reference: Reference, value: unknown, at: string): string | undefined {
    const { id } = reference.target;
    const open = this.#open.get(id) ?? new Set();
    if (open.has(value)) return undefined;
    this.#open.set(id, open.add(value));
    if (++this.#depth > maxDepth) throw new TooDeep(at);
    const found = this.judge(this.#resolve(reference), value, at);
    this.#depth--;
    open.delete(value);
    return found;
  }

  #union(options: readonly Model[], value: unknown, at: string): string | undefined {
    const found = options.map(option => this.judge(option, value, at));
    if (found.includes(undefined)) return undefined;
    return found.length === 1 ? found[0] : wrong(at, 'is none of what it may be');
  }

  #list({ first: before, rest, minItems, maxItems }: List, value: unknown, at: string): string | undefined {
    if (!Array.isArray(value)) return wrong(at, typeMessage('array', value));
    if (value.length < (minItems ?? 0) || value.length > (maxItems ?? Number.POSITIVE_INFINITY))
      return wrong(at, `has ${value.length} items`);
    return first([...value.entries()], ([index, item]) =>
      this.judge(before[index] ?? rest, item, `${at}/${index}`),
    );
  }

  #fields({ fields, others }: Fields, value: unknown, at: string): string | undefined {
    if (!isMembers(value)) return wrong(at, typeMessage('object', value));
    const missing = [...fields].find(([name, { isRequired }]) => isRequired && !Object.hasOwn(value, name));
    if (missing) return wrong(`${at}/${missing[0]}`, 'is missing');
    return first(Object.entries(value), ([name, member]) =>
      this.judge(fields.get(name)?.model ?? others, member, `${at}/${name}`),
    );
  }

  #rule(rule: Rule, value: unknown, at: string): string | undefined {
    const passes = (model: Model, one: unknown = value): boolean => this.judge(model, one, at) === undefined;
    return this.#keeps(rule, value, passes) ? undefined : wrong(at, ruleMessages[rule.rule]);
  }

  /** Members or items that no part of the schema has looked at. */
  #restOf(
    { of, evaluated }: Extract<Rule, { rule: 'unevaluated' }>,
    value: unknown,
    passes: (model: Model, one?: unknown) => boolean,
  ): unknown[] {
    const parts = evaluated.filter(({ conditions }) =>
      conditions.every(({ model, isMet }) => passes(model) === isMet),
    );
    if (parts.some(({ isAll }) => isAll)) return [];
    if (of === 'items') {
      const seen = Math.max(0, ...parts.map(({ first }) => first));
      const items: readonly unknown[] = Array.isArray(value) ? value.slice(seen) : [];
      return items.filter(item => !parts.some(({ contains }) => contains.some(model => passes(model, item))));
    }
    const isSeen = (name: string) =>
      parts.some(({ names, patterns }) => names.includes(name) || patterns.some(it => it.test(name)));
    return Object.entries(isMembers(value) ? value : {}).flatMap(([name, one]) =>
      isSeen(name) ? [] : [one],
    );
  }

  #keeps(rule: Rule, value: unknown, passes: (model: Model, one?: unknown) => boolean): boolean {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    const members = isMembers(value) ? value : {};
    const names = Object.keys(members);
    switch (rule.rule) {
      case 'matches':
        return passes(rule.model);
      case 'exactly one':
        return (
          (rule.isNullFree && value === null) || rule.options.filter(option => passes(option)).length === 1
        );
      case 'unevaluated':
        return this.#restOf(rule, value, passes).every(part => passes(rule.model, part));
      case 'not':
        return !passes(rule.model);
      case 'when':
        return passes(passes(rule.condition) ? rule.met : rule.unmet);
      case 'unique':
        return new Set(items.map(item => canonical(item as Json))).size === items.length;
      case 'contains':
        return isWithin(items.filter(item => passes(rule.model, item)).length, rule);
      case 'item count':
        return isWithin(items.length, rule);
      case 'member count':
        return isWithin(names.length, rule);
      case 'member names':
        return names.every(name => passes(rule.model, name));
      case 'with member':
        return !names.includes(rule.name) || rule.required.every(name => names.includes(name));
      case 'when member':
        return !names.includes(rule.name) || passes(rule.model);
      case 'matching members':
        return names.every(name => !rule.pattern.test(name) || passes(rule.model, members[name]));
      case 'other members':
        return names.every(
          name =>
            rule.names.includes(name) ||
            rule.patterns.some(pattern => pattern.test(name)) ||
            passes(rule.model, members[name]),
        );
      case 'own member':
        return names.includes(rule.name) ? passes(rule.model, members[rule.name]) : !rule.isRequired;
    }
  }
}

const ruleMessages: Readonly<Record<Rule['rule'], string>> = {
  matches: 'does not match what is asked of its values',
  'exactly one': 'is of more than one option, and should be of one',
  unevaluated: 'has a part that nothing has looked at',
  not: 'matches what it should not',
  when: 'does not match what its condition asks',
  unique: 'has an item twice',
  contains: 'has too few or too many of some item',
  'item count': 'has too few or too many items',
  'member count': 'has too few or too many members',
  'member names': 'has a member of a wrong name',
  'with member': 'misses a member that goes with another',
  'when member': 'does not match what one of its members asks',
  'matching members': 'has a wrong member',
  'other members': 'has a member that it should not have',
  'own member': 'has a wrong member',
};

const isWithin = (
  count: number,
  { min, max }: { readonly min?: number | undefined; readonly max?: number | undefined },
) => count >= (min ?? 0) && count <= (max ?? Number.POSITIVE_INFINITY);

function first<Item>(items: readonly Item[], judge: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = judge(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const wrong = (at: string, message: string): string => (at === '' ? `it ${message}` : `${at} ${message}`);
const prefixed = (at: string, message: string | undefined): string | undefined =>
  message === undefined ? undefined : wrong(at, message);

const typeOfJson = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

const typeMessage = (type: string, value: unknown): string =>
  `should be ${type}, and is ${typeOfJson(value)}`;

const isOfType = (type: string, value: unknown): boolean => typeof value === type;

function isLiteral({ values, isOpen }: Literals, value: unknown): boolean {
  if (isOpen) return values.some(known => typeOfJson(known) === typeOfJson(value));
  return values.some(known => canonical(known) === canonical(value as Json));
}

function textMismatch({ format, minLength, maxLength, patterns }: Text, value: unknown): string | undefined {
  if (typeof value !== 'string') return typeMessage('string', value);
  if (format && !formats[format].safeParse(value).success) return `is ${shown(value)}, which is no ${format}`;
  const { length } = [...value];
  if (!isWithin(length, { min: minLength, max: maxLength })) return `is ${length} characters long`;
  const pattern = patterns.find(one => !one.test(value));
  return pattern && `is ${shown(value)}, which does not match ${pattern.source}`;
}

function numberMismatch(model: Numeric, value: unknown): string | undefined {
  if (typeof value !== 'number') return typeMessage('number', value);
  const { isInteger, format, minimum, maximum, above, below, multipleOf } = model;
  const int32 = format === 'int32' && isInteger;
  if (isInteger && !Number.isInteger(value)) return `is ${value}, which is no whole number`;
  const isInside =
    (minimum === undefined || value >= minimum) &&
    (maximum === undefined || value <= maximum) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below) &&
    (!int32 || (value >= -(2 ** 31) && value < 2 ** 31));
  if (!isInside) return `is ${value}, which is out of bounds`;
  if (multipleOf !== undefined && !z.number().multipleOf(multipleOf).safeParse(value).success)
    return `is ${value}, which is no multiple of ${multipleOf}`;
  return undefined;
}

/** A value, shortened: documents have long ones. */
function shown(value: unknown): string {
  const text = print(jsonLiteral(value)).replaceAll(/\s+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
