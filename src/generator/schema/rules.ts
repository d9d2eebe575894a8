/** What zod has no word for, as refinements of a schema. */
import { group, indent, join, type Layout, line, list } from '../print/layout.ts';
import { numberLiteral, patternLiteral, textLiteral } from '../print/literal.ts';
import { annotation, type Emit, parameter } from '../print/statement.ts';
import { type Argument, arrow, type Chain, code, text } from './code.ts';
import type { HelperName } from './helpers.ts';
import type { Evaluated, Model, Rule } from './model.ts';

/** How a rule gets at schemas. */
export interface RuleScope {
  /** An expression that costs nothing however often it runs. */
  schemaOf(model: Model): string;
  /** What to call on a schema to know whether it takes a value. */
  check(value: string): string;
  nameOfHelper(helper: HelperName): string;
  areAllApart(models: readonly Model[]): boolean;
  readonly emit: Emit;
}

export function refined(expression: Chain, rule: Rule, scope: RuleScope): Chain {
  const refine = (test: Argument, message: string): Chain => expression.call('refine', test, text(message));
  const passes = (model: Model, value: string): string => `${scope.schemaOf(model)}.${scope.check(value)}`;
  const has = (name: string): string => `Object.hasOwn(value, ${textLiteral(name)})`;
  switch (rule.rule) {
    case 'not':
      return refine(arrow('value', `!${passes(rule.model, 'value')}`), 'matches what it should not');
    case 'matches':
      return refine(arrow('value', passes(rule.model, 'value')), 'is not as it should be');
    case 'exactly one': {
      if (scope.areAllApart(rule.options)) return expression;
      const options = rule.options.map(option => scope.schemaOf(option));
      const matching = [
        list('[', options, ']'),
        `.filter(option => option.${scope.check('value')}).length === 1`,
      ];
      const tests = rule.isNullFree ? ['value === null', matching] : [matching];
      return refine(arrow('value', ...tests), 'matches none of the options, or more than one');
    }
    case 'unevaluated':
      return unevaluated(expression, rule, passes, scope.emit);
    case 'when':
      return refine(condition(rule, passes), 'does not match what its condition asks');
    case 'unique': {
      const test = rule.ofPlain
        ? arrow('items', 'new Set(items).size === items.length')
        : code(scope.nameOfHelper('areDistinct'));
      return refine(test, 'has an item twice');
    }
    case 'contains': {
      const { min, max } = rule;
      const test = passes(rule.model, 'item');
      const count = `items.filter(item => ${test}).length`;
      if (max !== undefined)
        expression = refine(arrow('items', `${count} <= ${numberLiteral(max)}`), 'has too many of some item');
      if (min === 0) return expression;
      const enough = min === 1 ? `items.some(item => ${test})` : `${count} >= ${numberLiteral(min)}`;
      return expression.call('refine', arrow('items', enough), text('misses some item'));
    }
    case 'item count':
    case 'member count': {
      const count = rule.rule === 'item count' ? 'value.length' : 'Object.keys(value).length';
      const tests: [number | undefined, string, string][] = [
        [rule.min, '>=', 'few'],
        [rule.max, '<=', 'many'],
      ];
      return tests.reduce(
        (chain, [bound, comparison, word]) =>
          bound === undefined
            ? chain
            : chain.call(
                'refine',
                arrow('value', `${count} ${comparison} ${numberLiteral(bound)}`),
                text(`has too ${word} members`),
              ),
        expression,
      );
    }
    case 'member names':
      return refine(everyKey(passes(rule.model, 'key')), 'has a member of a wrong name');
    case 'with member': {
      if (rule.required.length === 0) return expression;
      const others =
        rule.required.length === 1
          ? has(rule.required[0] as string)
          : `[${rule.required.map(textLiteral).join(', ')}].every(key => Object.hasOwn(value, key))`;
      return refine(arrow('value', `!${has(rule.name)}`, others), 'misses a member that goes with another');
    }
    case 'when member':
      return refine(
        arrow('value', `!${has(rule.name)}`, passes(rule.model, 'value')),
        'does not match what one of its members asks',
      );
    case 'matching members':
      if (rule.model.kind === 'anything') return expression;
      return refine(
        everyMember(`!${patternLiteral(rule.pattern)}.test(key)`, passes(rule.model, 'member')),
        'has a wrong member',
      );
    case 'other members': {
      const known = [
        ...(rule.names.length > 0 ? [`[${rule.names.map(textLiteral).join(', ')}].includes(key)`] : []),
        ...rule.patterns.map(pattern => `${patternLiteral(pattern)}.test(key)`),
      ];
      const isNone = rule.model.kind === 'nothing';
      return refine(
        isNone ? everyKey(...known) : everyMember(...known, passes(rule.model, 'member')),
        'has a member that it should not have',
      );
    }
    case 'own member': {
      const isRight = passes(rule.model, `Reflect.get(value, ${textLiteral(rule.name)})`);
      const test: Layout[] = rule.isRequired
        ? [`${has(rule.name)} && ${isRight}`]
        : [`!${has(rule.name)}`, isRight];
      return refine(arrow('value', ...test), `${rule.name} is wrong`);
    }
  }
}

function unevaluated(
  expression: Chain,
  { of, evaluated, model }: Extract<Rule, { rule: 'unevaluated' }>,
  passes: (model: Model, value: string) => string,
  emit: Emit,
): Chain {
  const each = of === 'members' ? 'member' : 'item';
  const tests: Layout[] = evaluated.map(part => {
    const conditions = part.conditions.map(
      ({ model: condition, isMet }) => `${isMet ? '' : '!'}${passes(condition, 'value')}`,
    );
    const known = isEvaluated(part, passes);
    if (conditions.length === 0) return join([' ||', line], known);
    if (known.length === 0) return parenthesized(conditions);
    const either = known.length > 1 ? [parenthesized(known, ' ||')] : known;
    return parenthesized([...conditions, ...either]);
  });
  if (model.kind !== 'nothing') tests.push(passes(model, each));
  const guards =
    of === 'members'
      ? ["typeof value !== 'object'", 'value === null', 'Array.isArray(value)']
      : ['!Array.isArray(value)'];
  return expression.call(
    'refine',
    arrow('value', ...guards, everyEvaluated(of, evaluated, model, tests, emit)),
    text(`has ${of === 'members' ? 'a member' : 'an item'} that it should not have`),
  );
}

function everyEvaluated(
  of: 'members' | 'items',
  evaluated: readonly Evaluated[],
  model: Model,
  tests: readonly Layout[],
  emit: Emit,
): Layout {
  if (tests.length === 0) return of === 'members' ? 'Object.keys(value).length === 0' : 'value.length === 0';
  const usesItem = model.kind !== 'nothing' || evaluated.some(({ contains }) => contains.length > 0);
  const usesIndex = evaluated.some(({ first }) => first > 0);
  const item = usesItem ? 'item' : '_';
  const [every, parameters] =
    of === 'items'
      ? [
          'value.every',
          usesIndex ? `(${item}${annotation(emit, ': unknown')}, index)` : parameter(emit, item, 'unknown'),
        ]
      : usesItem
        ? ['Object.entries(value).every', '([key, member])']
        : ['Object.keys(value).every', 'key'];
  return [every, list('(', [arrow(parameters, ...tests).layout], ')')];
}

const isEvaluated = (
  { names, patterns, first, contains, isAll }: Evaluated,
  passes: (model: Model, value: string) => string,
): string[] =>
  isAll
    ? []
    : [
        ...(names.length > 0 ? [`[${names.map(textLiteral).join(', ')}].includes(key)`] : []),
        ...patterns.map(pattern => `${patternLiteral(pattern)}.test(key)`),
        ...(first > 0 ? [`index < ${numberLiteral(first)}`] : []),
        ...contains.map(model => passes(model, 'item')),
      ];

const parenthesized = (parts: readonly Layout[], operator = ' &&'): Layout =>
  group('(', ...join([operator, line], parts).map(part => indent(part)), ')');

const everyKey = (...tests: readonly string[]): Argument =>
  arrow('value', ['Object.keys(value).every', list('(', [arrow('key', ...tests).layout], ')')]);

const everyMember = (...tests: readonly string[]): Argument =>
  arrow('value', [
    'Object.entries(value).every',
    list('(', [arrow('([key, member])', ...tests).layout], ')'),
  ]);

function condition(
  { condition: asked, met, unmet }: Extract<Rule, { rule: 'when' }>,
  passes: (model: Model, value: string) => string,
): Argument {
  const isMet = passes(asked, 'value');
  if (unmet.kind === 'anything') return arrow('value', `!${isMet}`, passes(met, 'value'));
  if (met.kind === 'anything') return arrow('value', isMet, passes(unmet, 'value'));
  return arrow('value', [
    isMet,
    indent(line, `? ${passes(met, 'value')}`, line, `: ${passes(unmet, 'value')}`),
  ]);
}
