/** Prints schemas as types: what comes out of them. */
import {
  braces,
  broken,
  group,
  hardLine,
  indent,
  join,
  type Layout,
  line,
  list,
  softLine,
} from '../print/layout.ts';
import { comment, jsonLiteral, keyLiteral } from '../print/literal.ts';
import type { Field, Fields, Json, List, Literals, Model, Numeric, Text } from './model.ts';
import { codecOf, type Scope } from './zod.ts';

/** The options of a type, each as it is printed within others; one option for what is no union. */
interface Printed {
  readonly layout: Layout;
  /** How tightly it is bound: what is looser than what stands around it needs parentheses. */
  readonly binds: 'union' | 'intersection' | 'tight';
  readonly isObject?: boolean;
  readonly options?: readonly Printed[];
}

const tight = (layout: Layout): Printed => ({ layout, binds: 'tight' });

/** A type that stands for itself, as behind `=` or `:`, whose blank is printed here too. */
export const typeOf = (model: Model, scope: Scope): Layout => placed(printed(model, scope));

/** Of a member that need not be there. */
const optionalTypeOf = (model: Model, scope: Scope): Layout => {
  const type = printed(model, scope);
  if (model.kind === 'anything') return placed(type);
  return placed(union([...(type.options ?? [type]), tight('undefined')]));
};

/** Without the parentheses and the indentation that it needs within others. */
const placed = (type: Printed): Layout =>
  type.options && !hugsNull(type.options) ? group(indent(softLine, unionBody(type.options))) : type.layout;

/** A union that begins with a bar where it is broken. */
const unionBody = (options: readonly Printed[]): Layout => [
  { broken: '| ', flat: '' },
  ...join(
    [line, '| '],
    options.map(option => indent(within(option, 'union'))),
  ),
];

const hugsNull = (options: readonly Printed[]): boolean =>
  options.length === 2 && options[0]?.isObject === true && options[1]?.layout === 'null';

function union(options: readonly Printed[]): Printed {
  const flat = options.flatMap(option => option.options ?? [option]);
  const seen = new Set<string>();
  const unique = flat.filter(
    ({ layout }) => typeof layout !== 'string' || (!seen.has(layout) && seen.add(layout)),
  );
  const [only, ...more] = unique;
  if (only && more.length === 0) return only;
  if (hugsNull(unique))
    return { layout: [unique[0]?.layout ?? '', ' | null'], binds: 'union', options: unique };
  return {
    // Seldom asked for: where it stands for itself it is laid out otherwise.
    get layout() {
      return group(unionBody(unique));
    },
    binds: 'union',
    options: unique,
  };
}

/** In parentheses where it has to be. */
function within(type: Printed, around: 'union' | 'intersection' | 'list'): Layout {
  if (type.binds === 'tight') return type.layout;
  if (around === 'union' && type.binds === 'union') return type.layout;
  if (type.binds === 'union' && type.options && !hugsNull(type.options))
    return group('(', indent(softLine, unionBody(type.options)), softLine, ')');
  return ['(', type.layout, ')'];
}

function printed(model: Model, scope: Scope): Printed {
  switch (model.kind) {
    case 'anything':
      return tight('unknown');
    case 'nothing':
      return tight('never');
    case 'null':
    case 'boolean':
      return tight(model.kind);
    case 'reference':
      return tight(scope.nameOf(model));
    case 'literals':
      return literalsType(model);
    case 'text':
    case 'number':
      return tight(scalarType(model, scope));
    case 'binary':
      return union([tight('Blob'), tight('string')]);
    case 'list':
      return listType(model, scope);
    case 'fields':
      return { layout: objectType(model, scope), binds: 'tight', isObject: true };
    case 'union':
      return unionType(model.options, scope);
    case 'intersection':
      return intersection(model.parts.map(part => printed(part, scope)));
    case 'ruled':
      return printed(model.of, scope);
  }
}

/** Beside texts that are listed, any text is printed so that editors still offer those. */
function unionType(options: readonly Model[], scope: Scope): Printed {
  const isListed = (option: Model): boolean => {
    const opened = option.kind === 'reference' ? scope.open(option) : option;
    return (
      opened?.kind === 'literals' && !opened.isOpen && opened.values.every(value => typeof value === 'string')
    );
  };
  const listed = options.filter(isListed);
  const isText = (option: Model): boolean => option.kind === 'text' && scalarType(option, scope) === 'string';
  if (listed.length === 0 || !options.some(isText))
    return union(options.map(option => printed(option, scope)));
  return union([
    ...listed.map(option => printed(option, scope)),
    ...options
      .filter(option => !listed.includes(option))
      .map(option => (isText(option) ? anyText : printed(option, scope))),
  ]);
}

/** Written so, it does not swallow texts that are listed beside it. */
const anyText = tight('(string & {})');

/** References first break between each other; objects open on the line that they follow. */
function intersection(parts: readonly Printed[]): Printed {
  let wasIndented = false;
  const layout = parts.map((part, index) => {
    const type = within(part, 'intersection');
    const before = parts[index - 1];
    if (!before) return type;
    if (!before.isObject && !part.isObject) return indent(' &', line, type);
    if (before.isObject && part.isObject) return [' & ', wasIndented ? indent(type) : type];
    if (index > 1) wasIndented = true;
    return [' & ', index > 1 ? indent(type) : type];
  });
  return { layout: group(...layout), binds: 'intersection' };
}

function scalarType(model: Text | Numeric, { options }: Scope): string {
  switch (codecOf(model, options)) {
    case 'dateTime':
      return options.dates === 'Temporal' ? 'Temporal.Instant' : 'Date';
    case 'date':
      return options.dates === 'Temporal' ? 'Temporal.PlainDate' : 'Date';
    case 'int64':
      return options.int64;
    case 'int64Text':
      return 'bigint';
    case undefined:
      return model.kind === 'text' ? 'string' : 'number';
  }
}

function literalsType({ values, isOpen }: Literals): Printed {
  const known = values.map(literalType);
  if (!isOpen) return union(known);
  const types = new Set(values.map(value => typeof value));
  const open = [...types].map(type =>
    type === 'string' ? anyText : tight(type === 'object' ? 'unknown' : type),
  );
  return union([
    ...(types.has('string') ? known.filter((_, index) => typeof values[index] === 'string') : []),
    ...open,
  ]);
}

function literalType(value: Json): Printed {
  if (Array.isArray(value))
    return tight(
      list(
        '[',
        value.map(item => literalType(item as Json).layout),
        ']',
      ),
    );
  if (typeof value !== 'object' || value === null) return tight(jsonLiteral(value));
  const members = Object.entries(value).map(([name, member]) => [
    `${keyLiteral(name)}: `,
    literalType(member as Json).layout,
  ]);
  return { layout: braces(members, ';'), binds: 'tight', isObject: true };
}

function listType({ first, rest, minItems }: List, scope: Scope): Printed {
  if (first.length === 0) return tight([within(printed(rest, scope), 'list'), '[]']);
  const items = first.map((item, index) => {
    const type = printed(item, scope);
    return index < (minItems ?? 0) ? placedIn(type) : [within(type, 'list'), '?'];
  });
  if (rest.kind !== 'nothing') items.push(['...', within(printed(rest, scope), 'list'), '[]']);
  return tight(list('[', items, ']'));
}

const placedIn = (type: Printed): Layout => (type.options ? placed(type) : type.layout);

/** Members of an object, between braces. */
function objectType(model: Fields, scope: Scope): Layout {
  const members = membersOf(model, scope);
  const hasDocs = [...model.fields.values()].some(({ docs }) => docs.length > 0);
  return hasDocs ? block(members) : braces(members, ';');
}

/** A member to a line, whatever fits: as in an interface. */
export const block = (members: readonly Layout[]): Layout =>
  members.length === 0
    ? '{}'
    : broken(
        '{',
        indent(
          hardLine,
          ...join(
            hardLine,
            members.map(member => [member, ';']),
          ),
        ),
        hardLine,
        '}',
      );

export const interfaceBody = (model: Fields, scope: Scope): Layout => block(membersOf(model, scope));

function membersOf(model: Fields, scope: Scope): Layout[] {
  const members = [...model.fields].map(([name, field]) => member(name, field, scope));
  const { others } = model;
  if (members.length === 0) members.push(['[key: string]: ', typeOf(others, scope)]);
  // What is known of the others need not hold for those that have names.
  else if (others.kind !== 'anything' && others.kind !== 'nothing') members.push('[key: string]: unknown');
  return members;
}

function member(name: string, { model, isRequired, docs }: Field, scope: Scope): Layout {
  const type = isRequired ? typeOf(model, scope) : optionalTypeOf(model, scope);
  const said = comment(docs).flatMap(text => [text, hardLine]);
  return [...said, keyLiteral(name), isRequired ? ': ' : '?: ', type];
}
