/**
 * Reads the schemas of a document.
 *
 * @see {@link https://json-schema.org/draft/2020-12/json-schema-validation | JSON Schema}, as OpenAPI 3.1 has it, and
 * {@link https://spec.openapis.org/oas/v3.0.3#schema-object | the schemas of OpenAPI 3.0}.
 */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import type { Problems } from '../document/problems.ts';
import type { Direction, SchemaOptions } from '../schemas.ts';
import { areAllApart } from './apart.ts';
import { allOf, bounded, distinct, isObject, oneOf, orNull, takesNull } from './combine.ts';
import { pinned } from './discriminator.ts';
import { docsOf } from './docs.ts';
import { evaluatedBy } from './evaluated.ts';
import {
  anything,
  type Evaluated,
  type Field,
  type Fields,
  type Json,
  type Model,
  nothing,
  type Reference,
  type Rule,
  ruled,
} from './model.ts';
import { isSized, isTextFormat, ScalarReader } from './scalars.ts';

const typeNames = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const;
type TypeName = (typeof typeNames)[number];
type Types = ReadonlySet<TypeName>;

/** Keywords that speak of values of one type; a schema without a type that has them means that type. */
const keywordsOf: Partial<Record<TypeName, readonly string[]>> = {
  object: [
    'properties',
    'required',
    'additionalProperties',
    'patternProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
    'dependentRequired',
    'dependentSchemas',
    'unevaluatedProperties',
  ],
  array: ['items', 'prefixItems', 'contains', 'minItems', 'maxItems', 'uniqueItems', 'unevaluatedItems'],
  string: ['minLength', 'maxLength', 'pattern'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
};

/** Keywords that this reader does not know what to do with. */
const unknownKeywords = ['$recursiveRef', 'contentSchema'];

/** Keys that lead to a part of a document: what lies deeper is more than compilers and engines take. */
const maxDepth = 200;

/** References that are opened within each other: beyond, they stay references. */
const maxOpen = 20;

/** Levels of `allOf` that become one schema. Beyond, they would be printed again with each level that is on them. */
const maxLevels = 50;

/** What stands around a schema. */
interface Around {
  readonly direction: Direction;
  /** The types of the schema around: one without a type, which only adds to it, is of the same. */
  readonly types?: Types | undefined;
  /**
   * Only asked whether a value matches, as `not` and `if` do: nobody sees a type of it. What says no type is then of
   * all types, and what a document does not know is not taken.
   */
  readonly isAsked?: boolean;
}

const allTypes: Types = new Set(typeNames.filter(name => name !== 'integer'));

const asked = (around: Around): Around => ({ ...around, types: around.types ?? allTypes, isAsked: true });

/** What stands around the members and items of a schema. */
const inside = ({ direction, isAsked }: Around): Around => (isAsked ? { direction, isAsked } : { direction });

export class SchemaReader {
  readonly #documents: Documents;
  readonly #problems: Problems;
  readonly #options: SchemaOptions;
  readonly #scalars: ScalarReader;
  /** In OpenAPI 3.0, what stands beside a reference counts for nothing. */
  readonly #isOldStyle: boolean;
  readonly #read = new Map<string, Model>();
  /** How many levels of `allOf` have become one, by what has been read. */
  readonly #levels = new Map<string, number>();
  /** The most levels of what has been merged into the schema that is being read. */
  #merged = -1;
  /** References that are being opened: one that leads to itself is not opened again. */
  readonly #opening = new Set<string>();
  readonly #told = new Set<string>();

  constructor(documents: Documents, problems: Problems, options: SchemaOptions) {
    this.#documents = documents;
    this.#problems = problems;
    this.#options = options;
    this.#scalars = new ScalarReader((...problem) => this.#warn(...problem));
    this.#isOldStyle = /^3\.0/.test(documents.root.text('openapi') ?? '');
  }

  /** Whether something comes out in another form than on the wire, so that intersections cannot be. */
  get hasCodecs(): boolean {
    return this.#options.dates !== 'string' || this.#options.int64 !== 'number';
  }

  /** What is read once: nothing is kept of it. */
  readInline(node: Node, direction: Direction): Model {
    return this.#readAny(node, { direction });
  }

  read(node: Node, direction: Direction): Model {
    const known = this.#read.get(keyOf(node, direction));
    if (known) return known;
    // What a schema is made of first: there may be more levels of it than functions go deep.
    if (this.#opening.size === 0)
      for (const part of partsBelow(node, this.#documents, one => this.#read.has(keyOf(one, direction))))
        this.#readNamed(part, direction);
    return this.#readNamed(node, direction);
  }

  #readNamed(node: Node, direction: Direction): Model {
    const around = this.#merged;
    this.#merged = -1;
    const model = this.#readAny(node, { direction });
    const key = keyOf(node, direction);
    this.#read.set(key, model);
    this.#levels.set(key, this.#merged + 1);
    this.#merged = around;
    return model;
  }

  /** What a reference leads to; undefined within itself. */
  open(reference: Reference, direction: Direction): Model | undefined {
    const { id } = reference.target;
    if (this.#opening.has(id) || this.#opening.size >= maxOpen) return undefined;
    this.#opening.add(id);
    try {
      return this.read(reference.target, direction);
    } finally {
      this.#opening.delete(id);
    }
  }

  /** Says something of a part of the document, once. */
  #once(node: Node, say: () => void, what: string): void {
    const key = `${what} ${node.id}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    say();
  }

  #note(node: Node, message: string, instead: string): void {
    this.#once(node, () => this.#problems.note(message, instead, node), message);
  }

  #warn(node: Node, message: string, instead: string): void {
    this.#once(node, () => this.#problems.warn(message, instead, node), message);
  }

  #readAny(node: Node, around: Around): Model {
    if (node.value === true) return anything;
    if (node.value === false) return nothing;
    if (node.path.length > maxDepth) {
      this.#warn(node, 'Schemas are nested too deep here.', 'Anything is taken there.');
      return anything;
    }
    if (!node.isObject) {
      this.#warn(node, 'This is no schema.', 'Anything is taken there.');
      return anything;
    }
    if (node.text('$ref') === undefined) return this.#readKeywords(node, around);
    const followed = this.#documents.follow(node);
    if (!followed) return anything;
    const { node: target, siblings } = followed;
    // Something with a name, which is itself a reference and more.
    if (siblings && siblings.id !== node.id && !this.#isOldStyle)
      return { kind: 'reference', target: siblings };
    const reference: Model = this.#isTrivial(target)
      ? this.#readAny(target, around)
      : { kind: 'reference', target };
    if (!siblings || this.#isOldStyle) return reference;
    const types = this.#typesOf(target, around);
    return this.#all([reference, this.#readKeywords(siblings, { ...around, types })], around);
  }

  /** `true`, `false` and what is no schema: not worth a name. */
  #isTrivial(target: Node): boolean {
    return !target.isObject;
  }

  #all(parts: readonly Model[], { direction }: Around): Model {
    const bounds = parts.filter(({ kind }) => kind !== 'anything');
    const flat = bounds.length > 1 ? bounds.flatMap(part => this.#topLevels(part, direction)) : bounds;
    return allOf(flat, reference => this.#openToMerge(reference, direction));
  }

  /** Of what has too many levels to be merged, those that have been added to it since. */
  #topLevels(part: Model, direction: Direction): readonly Model[] {
    const opened = part.kind === 'reference' ? this.#openToMerge(part, direction) : undefined;
    if (opened?.kind !== 'intersection') return [part];
    const isTall = (one: Model): boolean =>
      one.kind === 'reference' && this.#levelsOf(one, direction) >= maxLevels;
    return opened.parts.some(isTall) && opened.parts.every(one => isTall(one) || isObject(one))
      ? opened.parts
      : [part];
  }

  #levelsOf({ target }: Reference, direction: Direction): number {
    return this.#levels.get(keyOf(target, direction)) ?? 0;
  }

  #openToMerge(reference: Reference, direction: Direction): Model | undefined {
    const model = this.open(reference, direction);
    const levels = this.#levelsOf(reference, direction);
    if (!model || levels >= maxLevels) return undefined;
    this.#merged = Math.max(this.#merged, levels);
    return model;
  }

  #readKeywords(node: Node, around: Around, isWithoutOptions = false): Model {
    for (const keyword of unknownKeywords)
      if (node.get(keyword)) this.#note(node, `${keyword} is not checked.`, 'It is left out.');
    const types = this.#typesOf(node, around);
    this.#warnOfOtherTypes(node);
    const within: Around = { ...around, types: types.size > 0 ? types : undefined };
    const parts = [this.#ofTypes(node, types, around), this.#literals(node, around)];
    for (const part of node.get('allOf')?.items() ?? []) parts.push(this.#readPart(part, node, within));
    if (node.text('$dynamicRef') !== undefined) parts.push(this.#dynamic(node));
    if (!isWithoutOptions) {
      parts.push(this.#optionsOf(node, 'anyOf', within), this.#optionsOf(node, 'oneOf', within));
      if (node.get('discriminator') && !node.get('oneOf') && !node.get('anyOf'))
        this.#note(node, 'A discriminator without oneOf or anyOf chooses nothing.', 'It is left out.');
    }
    const rules = [...this.#rules(node, within), ...(isWithoutOptions ? [] : this.#exclusive(node, within))];
    const model = ruled(this.#all(parts, around), rules);
    if (this.hasCodecs && model.kind === 'intersection')
      this.#warn(
        node,
        'Parts that cannot be merged are parsed side by side.',
        'What one of them alone turns into a date or a large number is refused.',
      );
    if (!around.isAsked) this.#warnOfContradiction(node, model);
    const closed = this.#closeItems(node, this.#closeMembers(node, model, within), within);
    return node.flag('nullable') === true && model.kind !== 'anything' ? orNull(closed) : closed;
  }

  #dynamic(node: Node): Model {
    const followed = this.#documents.followDynamic(node);
    if (!followed) return anything;
    if (!followed.isCertain)
      this.#note(
        node,
        `What ${JSON.stringify(node.text('$dynamicRef'))} leads to depends on what refers to this schema.`,
        'It is taken for a $ref.',
      );
    return { kind: 'reference', target: followed.target };
  }

  /** YAML makes numbers and truth values of what authors take for texts. */
  #warnOfOtherTypes(node: Node): void {
    const given = node.get('type');
    const names = given?.items().map(({ value }) => value) ?? [];
    const types = new Set(names.length > 0 ? names : [given?.value]);
    if (node.flag('nullable')) types.add('null');
    const listed = [node.get('const'), ...(node.get('enum')?.items() ?? [])];
    for (const value of given ? listed : [])
      if (value && !typesOfValue(value.value).some(type => types.has(type)))
        this.#warn(
          value,
          `${JSON.stringify(value.value)} is not of the type ${[...types].join(' or ')}.`,
          'It is left out.',
        );
  }

  #warnOfContradiction(node: Node, model: Model): void {
    const object = model.kind === 'ruled' ? model.of : model;
    const members = object.kind === 'fields' ? [...object.fields] : [];
    const [name] = members.find(([, member]) => member.isRequired && member.model.kind === 'nothing') ?? [];
    if (name !== undefined)
      this.#warn(
        node,
        `Nothing can be the member ${JSON.stringify(name)}, which has to be there.`,
        'All values are refused.',
      );
    else if (model.kind === 'nothing')
      this.#warn(node, 'No value can be all that is asked for here.', 'All values are refused.');
  }

  /** A part of `allOf`. One that says that it is one of several, and this is one of them, is taken without saying so. */
  #readPart(part: Node, whole: Node, around: Around): Model {
    const target = part.text('$ref') === undefined ? undefined : this.#documents.follow(part)?.node;
    const options = [...(target?.get('oneOf')?.items() ?? []), ...(target?.get('anyOf')?.items() ?? [])];
    const leadsBack = options.some(
      option => option.text('$ref') !== undefined && this.#documents.follow(option)?.node.id === whole.id,
    );
    return target && leadsBack
      ? this.#readKeywords(target, { direction: around.direction }, true)
      : this.#readAny(part, around);
  }

  #optionsOf(node: Node, keyword: 'anyOf' | 'oneOf', around: Around): Model {
    const items = node.get(keyword)?.items() ?? [];
    if (items.length === 0) return anything;
    const models = items.map(item => (saysNullAlone(item) ? isNull : this.#readAny(item, around)));
    const discriminator = node.get('discriminator');
    const options = discriminator
      ? models.map((model, index) => {
          const tag = pinned(discriminator, items[index] as Node, model, this.#documents, reference =>
            this.open(reference, around.direction),
          );
          if (tag === 'none') return model;
          if (tag === 'contradicted') {
            this.#warn(
              items[index] as Node,
              'The discriminator gives another value to this option than it has itself.',
              "The option's own is taken.",
            );
            return model;
          }
          if (this.hasCodecs) return this.#all([model, tag], around);
          return { kind: 'intersection', parts: [model, tag] } satisfies Model;
        })
      : models;
    return oneOf(options);
  }

  /**
   * That no second option of `oneOf` matches. A discriminator chooses one option, whatever else would match; an option
   * beside null is the way to say nullable, and may be so itself. Several options that may be null are meant to be so.
   */
  #exclusive(node: Node, around: Around): Rule[] {
    const items = node.get('oneOf')?.items() ?? [];
    const nulls = items.filter(item => saysNullAlone(item) || isNullType(item));
    const isNullable = items.length === 2 && nulls.length === 1;
    if (items.length < 2 || isNullable || node.get('discriminator')) return [];
    const options = items.map(item => (saysNullAlone(item) ? isNull : this.#readAny(item, asked(around))));
    const open = (reference: Reference) => this.open(reference, around.direction);
    const isNullFree =
      options.filter(option => takesNull(option, open)).length > 1 &&
      options.some(option => option.kind !== 'null' && takesNull(option, open));
    const compared = isNullFree ? options.map(withoutNull) : options;
    if (areAllApart(compared, () => undefined)) return [];
    return [{ rule: 'exactly one', options: compared, isNullFree }];
  }

  #typesOf(node: Node, around: Around): Types {
    const given = node.get('type');
    const names =
      typeof given?.value === 'string' ? [given.value] : (given?.items().map(each => each.value) ?? []);
    const types = new Set<TypeName>();
    for (const name of names) {
      if (typeNames.includes(name as TypeName)) types.add(name as TypeName);
      else if (given) this.#warn(given, 'There is no such type.', 'It is left out.');
    }
    if (types.size > 0) return types;
    const implied = typeNames.filter(
      type =>
        keywordsOf[type]?.some(keyword => node.get(keyword)) ||
        (type === 'string' && isTextFormat(node.text('format'))) ||
        (type === 'number' &&
          isSized(node.text('format')) &&
          (around.types || around.isAsked || this.#saysNumber(node))),
    );
    if (implied.length === 0) return types;
    if (around.types) {
      // Of other types there is nothing to add.
      return around.types;
    }
    if (around.isAsked) return allTypes;
    const said = this.#typesOfValues(node, new Set());
    if (!implied.every(type => said.has(type)))
      this.#note(
        node,
        `There is no type; the keywords are those of ${implied.join(' and ')}.`,
        'That is taken.',
      );
    return new Set([...implied, ...said]);
  }

  #saysNumber(node: Node): boolean {
    const said = this.#typesOfValues(node, new Set());
    return said.has('number') || said.has('integer');
  }

  /** The types of which a schema without a type says that it has values, outright or by its options. */
  #typesOfValues(node: Node, seen: Set<string>): Set<TypeName> {
    const { id } = node;
    if (seen.has(id)) return new Set();
    seen.add(id);
    const target = node.text('$ref') === undefined ? undefined : this.#documents.follow(node)?.node;
    const options = ['anyOf', 'oneOf'].flatMap(keyword => node.get(keyword)?.items() ?? []);
    const given = node.get('type');
    const named = given?.items().map(({ value }) => value) ?? [];
    const listed = [node.get('const'), ...(node.get('enum')?.items() ?? [])];
    const types = [
      ...[given?.value, ...named].filter(type => typeNames.includes(type as TypeName)),
      ...listed.flatMap(value => (value ? typesOfValue(value.value) : [])),
      ...(node.flag('nullable') ? ['null'] : []),
      ...[...options, ...(target ? [target] : [])].flatMap(part => [...this.#typesOfValues(part, seen)]),
    ];
    return new Set(types as TypeName[]);
  }

  #ofTypes(node: Node, types: Types, around: Around): Model {
    if (types.size === 0) return anything;
    return oneOf([...types].map(type => this.#ofType(node, type, types, around)));
  }

  #ofType(node: Node, type: TypeName, types: Types, around: Around): Model {
    switch (type) {
      case 'string':
        return this.#scalars.text(node);
      case 'number':
        return this.#scalars.number(node, false);
      case 'integer':
        return types.has('number') ? nothing : this.#scalars.number(node, true);
      case 'boolean':
      case 'null':
        return { kind: type };
      case 'object':
        return this.#object(node, around);
      case 'array':
        return this.#list(node, around);
    }
  }

  #list(node: Node, around: Around): Model {
    const within = inside(around);
    const items = node.get('items');
    const prefix = node.get('prefixItems')?.items() ?? (Array.isArray(items?.value) ? items.items() : []);
    const rest = items && !Array.isArray(items.value) ? this.#readAny(items, within) : anything;
    const list = bounded({
      kind: 'list',
      first: prefix.map(item => this.#readAny(item, within)),
      rest,
      minItems: this.#scalars.count(node, 'minItems'),
      maxItems: this.#scalars.count(node, 'maxItems'),
    });
    const rules: Rule[] = [];
    if (node.flag('uniqueItems'))
      rules.push({ rule: 'unique', ofPlain: isPlain(rest) && prefix.length === 0 && !this.hasCodecs });
    const contains = node.get('contains');
    if (contains)
      rules.push({
        rule: 'contains',
        model: this.#readAny(contains, asked(within)),
        min: this.#scalars.count(node, 'minContains') ?? 1,
        max: this.#scalars.count(node, 'maxContains'),
      });
    return ruled(list, rules);
  }

  #object(node: Node, around: Around): Model {
    const within = inside(around);
    const additional = node.get('additionalProperties');
    const matching = (node.get('patternProperties')?.members() ?? []).flatMap(([source, schema]) => {
      const pattern = this.#scalars.pattern(source, schema);
      return pattern ? [{ pattern, model: this.#readAny(schema, within) }] : [];
    });
    const rest = additional ? this.#readAny(additional, within) : anything;
    const hasPatterns = matching.length > 0;
    // Where there are patterns, which they match is seen when there are values: patterns may take for ever.
    const fields = this.#fields(node, hasPatterns ? anything : rest, within);
    const object: Fields = { kind: 'fields', fields, others: hasPatterns ? anything : rest };
    const rules: Rule[] = matching.map(each => ({ rule: 'matching members', ...each }));
    if (hasPatterns && rest.kind !== 'anything')
      rules.push({
        rule: 'other members',
        names: this.#properties(node).map(([name]) => name),
        patterns: matching.map(({ pattern }) => pattern),
        model: rest,
      });
    return ruled(object, [...rules, ...this.#objectRules(node, within)]);
  }

  #fields(node: Node, others: Model, around: Around): Map<string, Field> {
    const required = this.#requiredBy(node);
    const fields = new Map<string, Field>();
    const hidden = new Set<string>();
    for (const [name, schema] of this.#properties(node)) {
      if (this.#isHidden(schema, around.direction)) hidden.add(name);
      else
        fields.set(name, {
          model: this.#readAny(schema, around),
          isRequired: required.has(name),
          docs: docsOf(schema),
        });
    }
    for (const name of required) {
      if (fields.has(name) || hidden.has(name)) continue;
      fields.set(name, { model: others, isRequired: true, docs: [] });
    }
    return fields;
  }

  /** Some documents of several files have all properties of a schema in one of them. */
  #properties(node: Node): [name: string, schema: Node][] {
    const properties = node.get('properties');
    if (properties?.text('$ref') === undefined) return properties?.members() ?? [];
    return this.#documents.follow(properties)?.node.members() ?? [];
  }

  #requiredBy(node: Node): Set<string> {
    const required = node.get('required');
    // In older drafts a member says of itself that it is required; a flag here is a leftover of that.
    return new Set(required?.items().flatMap(({ value }) => (typeof value === 'string' ? [value] : [])));
  }

  /** Whether a member is not there in this direction. */
  #isHidden(schema: Node, direction: Direction): boolean {
    const flag = direction === 'sent' ? 'readOnly' : 'writeOnly';
    if (schema.flag(flag) === true) return true;
    if (schema.text('$ref') === undefined) return false;
    return this.#documents.follow(schema)?.node.flag(flag) === true;
  }

  #objectRules(node: Node, around: Around): Rule[] {
    const rules: Rule[] = [];
    const min = this.#scalars.count(node, 'minProperties');
    const max = this.#scalars.count(node, 'maxProperties');
    if (min !== undefined || max !== undefined) rules.push({ rule: 'member count', min, max });
    const names = node.get('propertyNames');
    if (names) {
      const model = this.#readAny(names, { ...around, types: new Set<TypeName>(['string']), isAsked: true });
      if (model.kind !== 'anything') rules.push({ rule: 'member names', model });
    }
    for (const [name, others] of node.get('dependentRequired')?.members() ?? [])
      rules.push({
        rule: 'with member',
        name,
        required: others.items().flatMap(({ value }) => (typeof value === 'string' ? [value] : [])),
      });
    const object: Around = { ...around, types: new Set<TypeName>(['object']), isAsked: true };
    for (const [name, schema] of node.get('dependentSchemas')?.members() ?? [])
      rules.push({ rule: 'when member', name, model: this.#readAny(schema, object) });
    return rules;
  }

  #rules(node: Node, { direction, types }: Around): Rule[] {
    const around = asked({ direction, types });
    const rules: Rule[] = [];
    const not = node.get('not');
    if (not) rules.push({ rule: 'not', model: this.#readAny(not, around) });
    const condition = node.get('if');
    const met = node.get('then');
    const unmet = node.get('else');
    if (condition && (met || unmet))
      rules.push({
        rule: 'when',
        condition: this.#readAny(condition, around),
        met: met ? this.#readAny(met, around) : anything,
        unmet: unmet ? this.#readAny(unmet, around) : anything,
      });
    return rules;
  }

  /** Once everything is one object, what it has not named is what is not evaluated. */
  #closeMembers(node: Node, model: Model, around: Around): Model {
    const unevaluated = this.#unevaluated(node, 'members', around);
    if (!unevaluated) return model;
    const { evaluated, model: others } = unevaluated;
    const object = model.kind === 'ruled' ? model.of : model;
    const names = new Set(evaluated.flatMap(each => each.names));
    const isWhole =
      object.kind === 'fields' &&
      object.others.kind === 'anything' &&
      evaluated.every(({ conditions, patterns }) => conditions.length + patterns.length === 0) &&
      names.size === object.fields.size &&
      [...names].every(name => object.fields.has(name));
    if (!isWhole) return ruled(model, [unevaluated]);
    const closed: Fields = { ...object, others };
    return model.kind === 'ruled' ? ruled(closed, model.rules) : closed;
  }

  #closeItems(node: Node, model: Model, around: Around): Model {
    const unevaluated = this.#unevaluated(node, 'items', around);
    return unevaluated ? ruled(model, [unevaluated]) : model;
  }

  /** Undefined where nothing is left that a keyword has not looked at, or anything may be. */
  #unevaluated(
    node: Node,
    of: 'members' | 'items',
    around: Around,
  ): Extract<Rule, { rule: 'unevaluated' }> | undefined {
    const schema = node.get(of === 'members' ? 'unevaluatedProperties' : 'unevaluatedItems');
    if (!schema || schema.value === true) return undefined;
    const evaluated = this.#evaluated(node, of, around);
    if (evaluated.some(({ isAll, conditions }) => isAll && conditions.length === 0)) return undefined;
    return { rule: 'unevaluated', of, evaluated, model: this.#readAny(schema, inside(around)) };
  }

  #evaluated(node: Node, kind: 'members' | 'items', around: Around): Evaluated[] {
    return evaluatedBy(node, kind, {
      documents: this.#documents,
      read: part => this.#readAny(part, asked({ direction: around.direction })),
      pattern: (source, schema) => this.#scalars.pattern(source, schema),
      onTooMany: part =>
        this.#warn(
          node,
          `More than 500 parts say what is evaluated; the first beyond is at #${part.pointer}.`,
          `Nothing is taken for unevaluated.`,
        ),
    });
  }

  #literals(node: Node, { direction, isAsked }: Around): Model {
    const constant = node.get('const');
    const listed = node.get('enum');
    const parts: Model[] = [];
    if (constant?.value === null) parts.push({ kind: 'null' });
    else if (constant) parts.push({ kind: 'literals', values: [constant.value as Json], isOpen: false });
    if (listed && Array.isArray(listed.value)) {
      const values = distinct(listed.value as Json[]);
      // OpenAPI 3.0 wants null in the list too, to the letter; the services that write these documents do not.
      const isOpen = this.#options.enums === 'open' && direction === 'received' && !isAsked;
      const others = values.filter(value => value !== null);
      const literals: Model = others.length === 0 ? nothing : { kind: 'literals', values: others, isOpen };
      parts.push(others.length === values.length ? literals : orNull(literals));
    }
    return allOf(parts, () => undefined);
  }
}

const keyOf = (node: Node, direction: Direction): string => `${direction} ${node.id}`;

/** The named schemas that a schema is, has to be, or may be as well; each behind those that it is made of. */
function partsBelow(schema: Node, documents: Documents, isRead: (node: Node) => boolean): Node[] {
  const seen = new Set<string>();
  const parts: Node[] = [];
  const open: { readonly node: Node; readonly isLookedInto: boolean }[] = [
    { node: schema, isLookedInto: false },
  ];
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, isLookedInto } = next;
    if (isLookedInto) parts.push(node);
    else if (!seen.has(node.id) && !isRead(node)) {
      seen.add(node.id);
      if (node !== schema) open.push({ node, isLookedInto: true });
      for (const target of targetsIn(node, documents).reverse())
        open.push({ node: target, isLookedInto: false });
    }
  }
  return parts;
}

function targetsIn(schema: Node, documents: Documents): Node[] {
  const targets: Node[] = [];
  const open = [schema];
  for (let node = open.pop(); node; node = open.pop()) {
    const followed = node.text('$ref') === undefined ? undefined : documents.follow(node);
    if (followed) targets.push(followed.node);
    for (const keyword of ['allOf', 'anyOf', 'oneOf'])
      open.push(...(node.get(keyword)?.items() ?? []).reverse());
  }
  return targets;
}

/** The types of JSON Schema that a value is of. */
function typesOfValue(value: unknown): TypeName[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number'];
  return [typeof value as TypeName];
}

const isNull: Model = { kind: 'null' };

/** OpenAPI 3.0 has no type for null; an option that says nothing else is meant as one. */
const saysNullAlone = (option: Node): boolean =>
  option.flag('nullable') === true &&
  option
    .members()
    .every(([keyword]) => ['nullable', 'description', 'title', 'default', 'example'].includes(keyword));

const isNullType = (option: Node): boolean =>
  option.text('type') === 'null' && option.get('$ref') === undefined;

/** What a schema is beside null. */
function withoutNull(model: Model): Model {
  if (model.kind === 'ruled') return { ...model, of: withoutNull(model.of) };
  return model.kind === 'union' ? oneOf(model.options.filter(({ kind }) => kind !== 'null')) : model;
}

const isPlain = (model: Model): boolean =>
  model.kind === 'text' ||
  model.kind === 'number' ||
  model.kind === 'boolean' ||
  (model.kind === 'literals' && model.values.every(value => typeof value !== 'object'));
