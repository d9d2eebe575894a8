/** What schemas come to when a value has to match all of them, or one of them. */
import {
  anything,
  type Field,
  type Fields,
  isGeneral,
  type Json,
  type List,
  type Literals,
  type Model,
  type Numeric,
  nothing,
  type Reference,
  type Rule,
  ruled,
  type Text,
} from './model.ts';

/** What a reference leads to; undefined where it is not to be opened. */
export type Open = (reference: Reference) => Model | undefined;

/** One of them. What cannot be, and what is there already, is left out; what has no bounds is all there is. */
export function oneOf(options: readonly Model[]): Model {
  const [first] = options;
  if (first && options.length === 1) return first;
  const flat = options
    .flatMap(option => (option.kind === 'union' ? option.options : [option]))
    .filter(({ kind }) => kind !== 'nothing');
  if (flat.some(({ kind }) => kind === 'anything')) return anything;
  const unique = mergeLiterals(flat).filter(
    (option, index, all) => all.findIndex(other => isSame(option, other)) === index,
  );
  const [only, ...more] = unique;
  if (!only) return nothing;
  if (more.length === 0) return only;
  // Null last, where readers expect it.
  const isNull = ({ kind }: Model) => kind === 'null';
  return { kind: 'union', options: [...unique.filter(each => !isNull(each)), ...unique.filter(isNull)] };
}

export const orNull = (model: Model): Model => oneOf([model, { kind: 'null' }]);

/** Whether a schema says that null is one of its values. */
export function takesNull(whole: Model, open: Open): boolean {
  const seen = new Set<string>();
  const asked = [whole];
  for (let model = asked.pop(); model; model = asked.pop()) {
    if (model.kind === 'null') return true;
    if (model.kind === 'union') asked.push(...model.options);
    if (model.kind === 'ruled') asked.push(model.of);
    if (model.kind !== 'reference' || seen.has(model.target.id)) continue;
    seen.add(model.target.id);
    const opened = open(model);
    if (opened) asked.push(opened);
  }
  return false;
}

function isSame(one: Model, other: Model): boolean {
  if (one === other) return true;
  if (one.kind === 'reference' && other.kind === 'reference') return one.target.id === other.target.id;
  if (one.kind === 'null' || one.kind === 'boolean') return other.kind === one.kind;
  const isSimple = one.kind === 'text' || one.kind === 'number' || one.kind === 'literals';
  return isSimple && one.kind === other.kind && keyOf(one) === keyOf(other);
}

const keyOf = (model: Model): string =>
  JSON.stringify(model, (_, value: unknown) => (value instanceof RegExp ? String(value) : value));

/** Enums side by side are one enum. */
function mergeLiterals(options: readonly Model[]): Model[] {
  const merged: Model[] = [];
  for (const option of options) {
    const last = merged.at(-1);
    if (option.kind === 'literals' && last?.kind === 'literals' && last.isOpen === option.isOpen)
      merged[merged.length - 1] = { ...last, values: distinct([...last.values, ...option.values]) };
    else merged.push(option);
  }
  return merged;
}

/** Values of JSON without those that are there twice. */
export function distinct(values: readonly Json[]): Json[] {
  const seen = new Set<string>();
  return values.filter(value => {
    const key = canonical(value);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** The same text for equal values, in whatever order their members are. */
export const canonical = (value: Json): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value, inOrder) : JSON.stringify(value);

const inOrder = (_: string, part: Json): Json =>
  typeof part === 'object' && part !== null && !Array.isArray(part)
    ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
    : part;

/** So many options may come of options within parts; beyond, the parts are kept apart. */
const maxOptions = 16;

/** All of them: as one schema where they can be, else as an intersection. */
export function allOf(parts: readonly Model[], open: Open): Model {
  const bounds = parts.filter(({ kind }) => kind !== 'anything');
  const [first = anything] = bounds;
  if (bounds.length <= 1 && first.kind !== 'intersection') return first;
  const flat = parts
    .flatMap(part => (part.kind === 'intersection' ? part.parts : [part]))
    .filter(({ kind }) => kind !== 'anything');
  let merged: Model[] = [];
  for (const part of flat) merged = addPart(merged, part, open);
  const [only, ...more] = merged;
  if (!only) return anything;
  return more.length === 0 ? only : { kind: 'intersection', parts: merged };
}

function addPart(merged: readonly Model[], part: Model, open: Open): Model[] {
  for (const [index, other] of merged.entries()) {
    const both = mergeTwo(other, part, open);
    if (both?.kind === 'nothing') return [nothing];
    if (both) return addPart([...merged.slice(0, index), ...merged.slice(index + 1)], both, open);
  }
  return [...merged, part];
}

/** Two as one; undefined if they have to be kept apart. */
function mergeTwo(one: Model, other: Model, open: Open): Model | undefined {
  if (one.kind === 'nothing' || other.kind === 'nothing') return nothing;
  if (one.kind === 'anything') return other;
  if (other.kind === 'anything' || isSame(one, other)) return one;
  if (one.kind === 'reference' || other.kind === 'reference') return mergeReferences(one, other, open);
  if (one.kind === 'ruled' || other.kind === 'ruled') {
    const both = mergeRuled(one, other, open);
    if (both) return both;
  }
  if (one.kind === 'union') return distribute(one.options, option => [option, other], open);
  if (other.kind === 'union') return distribute(other.options, option => [one, option], open);
  if (one.kind === 'ruled' || other.kind === 'ruled') return undefined;
  if (one.kind === 'intersection' || other.kind === 'intersection') return undefined;
  if (one.kind === 'literals') return keepMatching(one, other);
  if (other.kind === 'literals') return keepMatching(other, one);
  if (one.kind === 'binary' || other.kind === 'binary') return one.kind === 'binary' ? one : other;
  if (one.kind === 'text' && other.kind === 'text') return mergeTexts(one, other);
  if (one.kind === 'number' && other.kind === 'number') return mergeNumbers(one, other);
  if (one.kind === 'fields' && other.kind === 'fields') return mergeFields(one, other, open);
  if (one.kind === 'list' && other.kind === 'list') return mergeLists(one, other, open);
  return one.kind === other.kind ? one : nothing;
}

/** Objects are merged with what a reference leads to, if that is an object as well. */
function mergeReferences(one: Model, other: Model, open: Open): Model | undefined {
  const opened = one.kind === 'reference' ? open(one) : one;
  const openedOther = other.kind === 'reference' ? open(other) : other;
  if (!opened || !openedOther) return undefined;
  if (opened.kind === 'reference' || openedOther.kind === 'reference') return undefined;
  return isObject(opened) && isObject(openedOther) ? mergeTwo(opened, openedOther, open) : undefined;
}

export const isObject = (model: Model): boolean =>
  model.kind === 'fields' || (model.kind === 'ruled' && isObject(model.of));

function mergeRuled(one: Model, other: Model, open: Open): Model | undefined {
  const [of, rules] = one.kind === 'ruled' ? [one.of, one.rules] : [one, []];
  const [otherOf, otherRules] = other.kind === 'ruled' ? [other.of, other.rules] : [other, []];
  const both = mergeTwo(of, otherOf, open);
  if (!both || both.kind === 'nothing') return both;
  // Rules of one kind of value stay with it.
  const staysWith = (kind: Model['kind']) => (rule: Rule) => isGeneral(rule) || kindOf(both) === kind;
  const isKept = rules.every(staysWith(kindOf(of))) && otherRules.every(staysWith(kindOf(otherOf)));
  return isKept ? ruled(both, [...rules, ...otherRules]) : undefined;
}

const kindOf = (model: Model): Model['kind'] => (model.kind === 'ruled' ? kindOf(model.of) : model.kind);

function distribute(
  options: readonly Model[],
  parts: (option: Model) => Model[],
  open: Open,
): Model | undefined {
  if (options.length > maxOptions) return undefined;
  const merged = options.map(option => allOf(parts(option), open));
  if (merged.some(({ kind }) => kind === 'intersection')) return undefined;
  return oneOf(merged);
}

/** Those values that the other schema takes. */
function keepMatching(literals: Literals, other: Model): Model {
  const values =
    other.kind === 'literals'
      ? literals.values.filter(value => other.values.some(each => canonical(each) === canonical(value)))
      : literals.values.filter(value => isOfKind(value, other) && isWithin(value, other));
  if (values.length === 0) return nothing;
  const kept: Literals = { ...literals, values };
  return isMore(other) ? ruled(kept, [{ rule: 'matches', model: withoutFormat(other) }]) : kept;
}

/** Whether limits take a value; patterns are left to whoever has values, as some take for ever. */
function isWithin(value: Json, other: Model): boolean {
  if (typeof value === 'string' && other.kind === 'text') {
    const length = [...value].length;
    return length >= (other.minLength ?? 0) && length <= (other.maxLength ?? Number.POSITIVE_INFINITY);
  }
  if (typeof value !== 'number' || other.kind !== 'number') return true;
  return (
    value >= (other.minimum ?? value) &&
    value <= (other.maximum ?? value) &&
    value > (other.above ?? Number.NEGATIVE_INFINITY) &&
    value < (other.below ?? Number.POSITIVE_INFINITY)
  );
}

/** Whether a schema asks more than its kind and its limits do. */
function isMore(model: Model): boolean {
  switch (model.kind) {
    case 'text':
      return model.patterns.length > 0;
    case 'number':
      return model.multipleOf !== undefined;
    case 'list':
      return (
        model.first.length > 0 ||
        model.rest.kind !== 'anything' ||
        model.minItems !== undefined ||
        model.maxItems !== undefined
      );
    case 'fields':
      return model.fields.size > 0 || model.others.kind !== 'anything';
    default:
      return false;
  }
}

/** Values that are listed are texts, whatever their format would be in the program. */
const withoutFormat = (model: Model): Model =>
  model.kind === 'text' || model.kind === 'number' ? { ...model, format: undefined } : model;

export function isOfKind(value: Json, model: Model): boolean {
  const { kind } = model;
  if (value === null) return kind === 'null';
  if (typeof value === 'number')
    return model.kind === 'number' && (!model.isInteger || Number.isInteger(value));
  if (typeof value === 'string') return kind === 'text' || kind === 'binary';
  if (typeof value === 'boolean') return kind === 'boolean';
  return Array.isArray(value) ? kind === 'list' : kind === 'fields';
}

const most = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined ? other : other === undefined ? one : Math.max(one, other);
const least = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined ? other : other === undefined ? one : Math.min(one, other);

function mergeTexts(one: Text, other: Text): Text | undefined {
  if (one.format && other.format && one.format !== other.format) return undefined;
  return {
    kind: 'text',
    format: one.format ?? other.format,
    minLength: most(one.minLength, other.minLength),
    maxLength: least(one.maxLength, other.maxLength),
    patterns: [...one.patterns, ...other.patterns],
  };
}

function mergeNumbers(one: Numeric, other: Numeric): Numeric | undefined {
  if (one.multipleOf && other.multipleOf && one.multipleOf !== other.multipleOf) return undefined;
  return {
    kind: 'number',
    isInteger: one.isInteger || other.isInteger,
    format: one.format === 'int32' ? 'int32' : (other.format ?? one.format),
    minimum: most(one.minimum, other.minimum),
    maximum: least(one.maximum, other.maximum),
    above: most(one.above, other.above),
    below: least(one.below, other.below),
    multipleOf: one.multipleOf ?? other.multipleOf,
  };
}

function mergeFields(one: Fields, other: Fields, open: Open): Fields {
  const names = new Set([...one.fields.keys(), ...other.fields.keys()]);
  const fields = [...names].map(name => [name, mergeField(name, one, other, open)] as const);
  return { kind: 'fields', fields: new Map(fields), others: allOf([one.others, other.others], open) };
}

/** A member that one of them does not name is one of its others. */
function mergeField(name: string, one: Fields, other: Fields, open: Open): Field {
  const mine = one.fields.get(name);
  const theirs = other.fields.get(name);
  return {
    model: allOf([mine?.model ?? one.others, theirs?.model ?? other.others], open),
    isRequired: (mine?.isRequired ?? false) || (theirs?.isRequired ?? false),
    docs: theirs && theirs.docs.length > 0 ? theirs.docs : (mine?.docs ?? []),
  };
}

function mergeLists(one: List, other: List, open: Open): List {
  const first = Array.from({ length: Math.max(one.first.length, other.first.length) }, (_, index) =>
    allOf([one.first[index] ?? one.rest, other.first[index] ?? other.rest], open),
  );
  return bounded({
    kind: 'list',
    first,
    rest: allOf([one.rest, other.rest], open),
    minItems: most(one.minItems, other.minItems),
    maxItems: least(one.maxItems, other.maxItems),
  });
}

/** A list that ends with the last item that has a schema of its own has no others. */
export function bounded(list: List): List {
  const { first, maxItems } = list;
  if (first.length === 0 || maxItems === undefined || maxItems > first.length) return list;
  return { ...list, first: first.slice(0, maxItems), rest: nothing, maxItems: undefined };
}
