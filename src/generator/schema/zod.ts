/** Prints schemas as expressions of zod. */
import { braces, group, indent, line, print } from '../print/layout.ts';
import { keyLiteral, numberLiteral, patternLiteral, textLiteral } from '../print/literal.ts';
import { annotation } from '../print/statement.ts';
import type { SchemaOptions } from '../schemas.ts';
import { areAllApart } from './apart.ts';
import { type Argument, array, arrow, Chain, code, number, text, z } from './code.ts';
import { takesNull } from './combine.ts';
import type { HelperName } from './helpers.ts';
import type {
  Field,
  Fields,
  Json,
  List,
  Literals,
  Model,
  Numeric,
  Reference,
  Rule,
  Ruled,
  Text,
  Union,
} from './model.ts';
import { type RuleScope, refined } from './rules.ts';

/** Where an expression is printed, and what it may refer to. */
export interface Scope {
  readonly options: SchemaOptions;
  /** The name by which something declared is known here. */
  nameOf(reference: Reference): string;
  /** The name of a codec that is declared for all. */
  nameOfCodec(codec: CodecName): string;
  /** The name of a function that is declared for all. */
  nameOfHelper(helper: HelperName): string;
  /** What a reference leads to; undefined within itself. */
  open(reference: Reference): Model | undefined;
  /** Declares a schema that is too large to stand within a rule; gives its name. */
  declareRule(model: Model): string;
}

export type CodecName = 'dateTime' | 'date' | 'int64' | 'int64Text';

export function expressionOf(model: Model, scope: Scope): Chain {
  switch (model.kind) {
    case 'anything':
      return z.call('unknown');
    case 'nothing':
      return z.call('never');
    case 'null':
    case 'boolean':
      return z.call(model.kind);
    case 'reference':
      return new Chain(scope.nameOf(model));
    case 'literals':
      return literals(model);
    case 'text':
      return textExpression(model, scope);
    case 'number':
      return numberExpression(model, scope);
    case 'binary':
      return z.call('union', array([z.call('instanceof', code('Blob')), z.call('string')]));
    case 'list':
      return listExpression(model, scope);
    case 'fields':
      return fieldsExpression(model, scope);
    case 'union':
      return unionExpression(model.options, scope);
    case 'intersection':
      return intersectionExpression(model.parts, scope);
    case 'ruled':
      return ruledExpression(model, scope);
  }
}

function ruledExpression({ of, rules }: Ruled, scope: Scope): Chain {
  const union = of.kind === 'union' ? of : undefined;
  const exclusive = union && rules.find(rule => rule.rule === 'exactly one');
  const isFirst = exclusive && (exclusive.isNullFree || isXor(union, exclusive, scope));
  const expression = isFirst ? exclusiveExpression(union, exclusive, scope) : expressionOf(of, scope);
  return rules
    .filter(rule => !isFirst || rule !== exclusive)
    .reduce((chain, rule) => refined(chain, rule, ruleScope(scope)), expression);
}

/** Null, where several options take it, is asked of before them. */
function exclusiveExpression(of: Union, rule: ExactlyOne, scope: Scope): Chain {
  if (!rule.isNullFree) return unionExpression(of.options, scope, 'xor');
  const union: Union = { kind: 'union', options: of.options.filter(({ kind }) => kind !== 'null') };
  const expression = isXor(union, rule, scope)
    ? unionExpression(union.options, scope, 'xor')
    : refined(unionExpression(union.options, scope), { ...rule, isNullFree: false }, ruleScope(scope));
  return takesNull(of, scope.open) ? expression.call('nullable') : expression;
}

type ExactlyOne = Extract<Rule, { rule: 'exactly one' }>;

/**
 * Whether a rule asks that one option alone of a union match, option by option: then the union is printed so. To ask once
 * more in a rule would double the time with each level of what refers to itself.
 */
const isXor = (union: Union, { options }: ExactlyOne, scope: Scope): boolean =>
  options.length === union.options.length &&
  options.every(({ kind }) => kind !== 'union') &&
  !areAllApart(options, scope.open);

/**
 * An intersection of zod lets members pass that only one of its sides refuses, so that those which refuse some are
 * asked in rules of their own. With codecs they stay, as what they make of a value would be lost.
 */
function intersectionExpression(parts: readonly Model[], scope: Scope): Chain {
  const apart = hasCodecs(scope) ? [] : parts.filter(part => refusesMembers(part, scope));
  const together = parts.filter(part => !apart.includes(part));
  const [only, ...others] = apart;
  const base = together.length > 0 ? together : only ? [only] : [];
  const expression = base
    .map(part => expressionOf(part, scope))
    .reduce((left, right) => z.call('intersection', left, right));
  const asked = together.length > 0 ? apart : others;
  return asked.reduce(
    (chain, model) => refined(chain, { rule: 'matches', model }, ruleScope(scope)),
    expression,
  );
}

/** However deep: zod looks for these issues at all paths. */
function refusesMembers(whole: Model, scope: Scope): boolean {
  const seen = new Set<string>();
  const open: Model[] = [whole];
  for (let model = open.pop(); model; model = open.pop()) {
    if (model.kind === 'reference') {
      if (seen.has(model.target.id)) continue;
      seen.add(model.target.id);
      const opened = scope.open(model);
      if (!opened) return true;
      open.push(opened);
    } else if (model.kind === 'literals') {
      if (model.values.some(value => typeof value === 'object')) return true;
    } else if (model.kind === 'fields') {
      if (model.others.kind === 'nothing') return true;
      open.push(model.others, ...[...model.fields.values()].map(field => field.model));
    } else if (model.kind === 'list') open.push(model.rest, ...model.first);
    else if (model.kind === 'union') open.push(...model.options);
    else if (model.kind === 'intersection') open.push(...model.parts);
    else if (model.kind === 'ruled') open.push(model.of);
  }
  return false;
}

const hasCodecs = ({ options: { dates, int64 } }: Scope): boolean => dates !== 'string' || int64 !== 'number';

function unionExpression(options: readonly Model[], scope: Scope, kind: 'union' | 'xor' = 'union'): Chain {
  const others = options.filter(option => option.kind !== 'null');
  const expressions = others.map(option => expressionOf(option, scope));
  const [only, ...more] = expressions;
  const union = only && more.length === 0 ? only : z.call(kind, array(expressions));
  return others.length < options.length ? union.call('nullable') : union;
}

function literals({ values, isOpen }: Literals): Chain {
  if (isOpen) return openLiterals(values);
  const plain = values.filter(value => typeof value !== 'object');
  const options = values.filter(value => typeof value === 'object').map(exactly);
  if (plain.length > 0) options.unshift(plainLiterals(plain));
  return options.length === 1 ? (options[0] as Chain) : z.call('union', array(options));
}

function plainLiterals(values: readonly Json[]): Chain {
  const [only, ...more] = values;
  if (more.length === 0) return z.call('literal', plainLiteral(only as Json));
  // zod keeps enums in an object, in which this name would not be kept.
  const isEnum = values.every(value => typeof value === 'string' && value !== '__proto__');
  return z.call(isEnum ? 'enum' : 'literal', array(values.map(plainLiteral)));
}

const plainLiteral = (value: Json): Argument =>
  typeof value === 'string'
    ? text(value)
    : typeof value === 'number'
      ? number(value)
      : code(String(value === true));

/** A schema that takes an equal value alone. */
function exactly(value: Json): Chain {
  if (value === null) return z.call('null');
  if (typeof value !== 'object') return z.call('literal', plainLiteral(value));
  if (Array.isArray(value)) return z.call('tuple', array(value.map(exactly)));
  return z.call(
    'strictObject',
    object(Object.entries(value).map(([name, member]) => [name, exactly(member as Json)])),
  );
}

function openLiterals(values: readonly Json[]): Chain {
  const types = [...new Set(values.map(value => typeof value))];
  const options = types.map(type =>
    type === 'string' || type === 'number' || type === 'boolean' ? z.call(type) : z.call('unknown'),
  );
  return options.length === 1 ? (options[0] as Chain) : z.call('union', array(options));
}

function object(members: readonly (readonly [name: string, expression: Chain])[]): Argument {
  return {
    layout: braces(
      members.map(([name, { layout, isWhole }]) =>
        isWhole ? [`${keyLiteral(name)}:`, group(indent(line, layout))] : [`${keyLiteral(name)}: `, layout],
      ),
    ),
    depth: members.reduce((deepest, [, { depth }]) => Math.max(deepest, 1 + depth), 1),
    hugs: true,
  };
}

const formats: Readonly<Record<string, () => Chain>> = {
  uuid: () => z.call('guid'),
  'date-time': () => z.call('string').call('check', { layout: 'isoDateTime()', depth: 2 }),
  date: () => new Chain('z.iso').call('date'),
  email: () => z.call('email', { layout: '{ pattern: z.regexes.html5Email }', depth: 2, hugs: true }),
  uri: () => z.call('url'),
  ipv4: () => z.call('ipv4'),
  ipv6: () => z.call('ipv6'),
  byte: () => z.call('base64'),
};

function textExpression(model: Text, scope: Scope): Chain {
  const codec = codecOf(model, scope.options);
  if (codec) return new Chain(scope.nameOfCodec(codec));
  const format = model.format && Object.hasOwn(formats, model.format) ? formats[model.format] : undefined;
  let expression = format ? format() : z.call('string');
  expression = withLengths(expression, model);
  for (const pattern of model.patterns) expression = expression.call('regex', patternArgument(pattern));
  return expression;
}

/** In these, and up to this length, code units are characters. */
const formatsOfAscii: ReadonlySet<Text['format']> = new Set([
  'uuid',
  'date-time',
  'date',
  'ipv4',
  'ipv6',
  'byte',
]);
const alike = { min: 1, max: 0 };

function withLengths(expression: Chain, { format, minLength, maxLength }: Text): Chain {
  const bounds = [
    ['min', minLength],
    ['max', maxLength],
  ] as const;
  return bounds.reduce((chain, [method, bound]) => {
    if (bound === undefined) return chain;
    if (bound <= alike[method] || formatsOfAscii.has(format)) return chain.call(method, number(bound));
    return chain.call('check', { layout: `${method}Characters(${numberLiteral(bound)})`, depth: 2 });
  }, expression);
}

const patternArgument = (pattern: RegExp): Argument => {
  const printed = patternLiteral(pattern);
  const isLong = printed.startsWith('/') && pattern.source.length > 5;
  return { layout: printed, depth: isLong ? Number.POSITIVE_INFINITY : printed.startsWith('/') ? 1 : 2 };
};

/** What of a schema comes out in another form than on the wire. */
export function codecOf(model: Text | Numeric, { dates, int64 }: SchemaOptions): CodecName | undefined {
  if (model.kind === 'number')
    return model.format === 'int64' && model.isInteger && int64 !== 'number' ? 'int64' : undefined;
  if (model.format === 'int64') return int64 === 'bigint' ? 'int64Text' : undefined;
  if (dates === 'string') return undefined;
  if (model.format === 'date-time') return 'dateTime';
  return model.format === 'date' ? 'date' : undefined;
}

function numberExpression(model: Numeric, scope: Scope): Chain {
  if (codecOf(model, scope.options)) return int64Expression(model, scope);
  let expression = numberBase(model);
  for (const [method, bound] of boundsOf(model))
    if (bound !== undefined) expression = expression.call(method, number(bound));
  return expression;
}

const boundsOf = (model: Numeric) =>
  [
    ['min', model.minimum],
    ['gt', model.above],
    ['max', model.maximum],
    ['lt', model.below],
    ['multipleOf', model.multipleOf],
  ] as const;

/** Whole numbers of JSON may be greater than those that `z.int()` takes. */
function numberBase({ isInteger, format, minimum, above, maximum, below }: Numeric): Chain {
  if (!isInteger) return z.call('number');
  if (format === 'int32') return z.call('int32');
  const lower = minimum ?? above;
  const upper = maximum ?? below;
  const isSafe = (bound: number | undefined): boolean =>
    bound !== undefined && Number.isSafeInteger(Math.trunc(bound));
  return isSafe(lower) && isSafe(upper) ? z.call('int') : z.call('number').call('multipleOf', number(1));
}

function int64Expression(model: Numeric, scope: Scope): Chain {
  const value = scope.options.int64 === 'bigint' ? 'value' : 'BigInt(value)';
  const comparisons = { min: '>=', gt: '>', max: '<=', lt: '<', multipleOf: '%' };
  return boundsOf(model).reduce(
    (expression, [method, bound]) => {
      if (bound === undefined || !Number.isInteger(bound)) return expression;
      const limit = `BigInt(${textLiteral(BigInt(bound).toString())})`;
      const test =
        method === 'multipleOf'
          ? `${value} % ${limit} === BigInt(0)`
          : `${value} ${comparisons[method]} ${limit}`;
      return expression.call('refine', arrow('value', test), text('out of bounds'));
    },
    new Chain(scope.nameOfCodec('int64')),
  );
}

function listExpression({ first, rest, minItems, maxItems }: List, scope: Scope): Chain {
  if (first.length === 0) {
    let expression = z.call('array', expressionOf(rest, scope));
    if (minItems !== undefined) expression = expression.call('min', number(minItems));
    if (maxItems !== undefined) expression = expression.call('max', number(maxItems));
    return expression;
  }
  const items = first.map((item, index) => {
    const expression = expressionOf(item, scope);
    if (index >= (minItems ?? 0)) return expression.call('optional');
    // What takes anything also takes what is not there.
    return isOpenEnded(item, scope) ? expression.call('nonoptional') : expression;
  });
  const tuple =
    rest.kind === 'nothing'
      ? z.call('tuple', array(items))
      : z.call('tuple', { ...array(items), hugs: false }, expressionOf(rest, scope));
  const bounds: string[] = [];
  if (minItems !== undefined && minItems > first.length)
    bounds.push(`items.length >= ${numberLiteral(minItems)}`);
  if (maxItems !== undefined) bounds.push(`items.length <= ${numberLiteral(maxItems)}`);
  return bounds.reduce(
    (expression, test) =>
      expression.call('refine', arrow('items', test), text('has the wrong number of items')),
    tuple,
  );
}

function isOpenEnded(model: Model, scope: Scope): boolean {
  if (model.kind === 'ruled') return isOpenEnded(model.of, scope);
  if (model.kind !== 'reference') return model.kind === 'anything';
  const opened = scope.open(model);
  return opened !== undefined && opened.kind !== 'reference' && isOpenEnded(opened, scope);
}

/** What every object inherits: zod takes it for a member that is there. */
const isInherited = (name: string): boolean => name in Object.prototype;

function fieldsExpression(model: Fields, scope: Scope): Chain {
  const inherited = [...model.fields].filter(([name]) => isInherited(name));
  if (inherited.length > 0) return inheritedExpression(model, inherited, scope);
  const members = [...model.fields].map(([name, { model: member, isRequired }]) => {
    const expression = expressionOf(member, scope);
    return [name, isRequired ? expression : expression.call('optional')] as const;
  });
  if (model.others.kind === 'anything') return z.call('looseObject', object(members));
  if (model.others.kind === 'nothing') return z.call('strictObject', object(members));
  const others = expressionOf(model.others, scope);
  if (members.length === 0) return z.call('record', z.call('string'), others);
  return z.call('object', object(members)).call('catchall', others);
}

/** Members of such names are looked at by rules. */
function inheritedExpression(model: Fields, inherited: readonly [string, Field][], scope: Scope): Chain {
  const fields = new Map([...model.fields].filter(([name]) => !isInherited(name)));
  const rules: Rule[] = inherited.map(([name, field]) => ({
    rule: 'own member',
    name,
    model: field.model,
    isRequired: field.isRequired,
  }));
  if (model.others.kind !== 'anything')
    rules.push({ rule: 'other members', names: [...model.fields.keys()], patterns: [], model: model.others });
  return expressionOf(
    { kind: 'ruled', of: { kind: 'fields', fields, others: { kind: 'anything' } }, rules },
    scope,
  );
}

const ruleScope = (scope: Scope): RuleScope => ({
  schemaOf: model => within(model, scope),
  check: value => check(value, scope),
  nameOfHelper: scope.nameOfHelper,
  areAllApart: models => areAllApart(models, scope.open),
  emit: scope.options.emit,
});

/** Rules see what comes out of schemas, which where there are codecs is not what goes in. */
const check = (value: string, scope: Scope): string =>
  hasCodecs(scope)
    ? `safeEncode(${value}${annotation(scope.options.emit, ' as never')}).success`
    : `safeParse(${value}).success`;

const smallKinds: ReadonlySet<Model['kind']> = new Set<Model['kind']>([
  'anything',
  'nothing',
  'null',
  'boolean',
  'reference',
  'literals',
  'text',
  'number',
]);

/** A schema within a rule: rules run often, so that only what costs nothing to build stands there itself. */
function within(model: Model, scope: Scope): string {
  const isSmall = smallKinds.has(model.kind);
  if (!isSmall) return scope.declareRule(model);
  const expression = expressionOf(model, scope);
  const printed = print(expression.layout);
  const isSimple = Number.isFinite(expression.depth) && printed.length <= 40 && !printed.includes('\n');
  return isSimple ? printed : scope.declareRule(model);
}
