/** Schemas of JSON Schema 2020-12 by chance, each with values that are made for it, and near misses of these. */
import fc from 'fast-check';

export interface RandomCase {
  readonly schema: unknown;
  readonly values: readonly unknown[];
}

type Json = Record<string, unknown>;

/** Choices, read from a list of numbers: smaller numbers are simpler choices, so that lists shrink well. */
class Choices {
  readonly #tape: readonly number[];
  #at = 0;

  constructor(tape: readonly number[]) {
    this.#tape = tape;
  }

  /** From 0 up to, and without, a limit. */
  below(limit: number): number {
    return (this.#tape[this.#at++] ?? 0) % limit;
  }

  pick<Choice>(...choices: readonly Choice[]): Choice {
    return choices[this.below(choices.length)] as Choice;
  }

  /** Seldom: in one of so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === times - 1;
  }

  times<Made>(least: number, most: number, make: (index: number) => Made): Made[] {
    return Array.from({ length: least + this.below(most - least + 1) }, (_, index) => make(index));
  }
}

/** Schemas that others refer to. All say their type: what one without it means is told elsewhere. */
export const sharedSchemas: Json = {
  Name: { type: 'string', minLength: 2 },
  Pair: {
    type: 'object',
    required: ['a'],
    properties: { a: { type: 'integer' }, b: { type: 'string' } },
  },
  Tree: {
    type: 'object',
    properties: { a: { type: 'number' }, b: { type: 'array', items: { $ref: '#/components/schemas/Tree' } } },
    additionalProperties: false,
  },
  Tag: { type: 'object', required: ['kind'], properties: { kind: { const: 'x' }, a: {} } },
  Mark: { type: 'object', required: ['kind'], properties: { kind: { enum: ['y', 'z'] }, a: {} } },
  Any: {
    anyOf: [
      { type: ['string', 'null'] },
      { type: 'array', items: { $ref: '#/components/schemas/Any' } },
      { type: 'object', additionalProperties: { $ref: '#/components/schemas/Any' } },
    ],
  },
};

/** Without inherited ones, which Ajv takes for evaluated. */
const names = ['a', 'b', 'c', 'x-1', 'd-e'] as const;
const texts = [
  '',
  'a',
  'ab',
  'abc',
  'x',
  '😀',
  '😀a',
  '😀😀',
  'ä',
  '2026-01-02',
  '2026-01-02T03:04:05Z',
] as const;
const numbers = [0, 1, 2, 3, -1, 0.5, 1.5, 0.1, 0.3, 4, 10, 1e3, 2 ** 40] as const;
const typeNames = ['string', 'integer', 'number', 'boolean', 'null', 'array', 'object'] as const;
type TypeName = (typeof typeNames)[number];

/** An object with a `then` of its own would be taken for a promise. */
const conditional = (parts: readonly (readonly [string, unknown])[]): Json => Object.fromEntries(parts);

class SchemaMaker {
  readonly #choices: Choices;

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  schema(depth: number): unknown {
    const { below, pick, oneIn } = bound(this.#choices);
    if (depth <= 0)
      return oneIn(8) ? pick<unknown>(true, {}, false) : this.typed(pick(...typeNames.slice(0, 5)), 0);
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        return this.typed(pick(...typeNames), depth);
      case 3:
        return this.typed('object', depth);
      case 4:
        return this.literals();
      case 5: {
        const [one, other] = [pick(...typeNames), pick(...typeNames)];
        return {
          ...this.keywords(one, depth),
          ...this.keywords(other, depth),
          type: one === other ? one : [one, other],
        };
      }
      case 6:
        return this.options(depth);
      case 7:
        return { allOf: this.#choices.times(1, 2, () => this.schema(depth - 1)) };
      case 8:
        return this.reference(depth);
      case 9: {
        const type = pick<TypeName>('object', 'string', 'number', 'array', 'object');
        return { ...this.typed(type, depth), ...this.added(type, depth) };
      }
      case 10:
        return pick(this.unevaluated(depth), this.unevaluated(depth), this.unevaluatedItems(depth));
      default:
        return this.added(pick<TypeName>('object', 'string', 'number', 'array'), depth, true);
    }
  }

  /**
   * Not one schema and null as `oneOf`, which is taken for a way to say nullable, nor several that may be null. Beside
   * them, at times, what is said of one type alone, which all others pass.
   */
  options(depth: number): Json {
    const { pick, oneIn } = bound(this.#choices);
    const options = this.#choices.times(1, 3, () => this.schema(depth - 1));
    const hasNull = options.some(option => (option as Json).type === 'null');
    const isNullable = (option: unknown) => /\bnull\b|\/Any"/.test(JSON.stringify(option));
    const isNull = hasNull || options.filter(isNullable).length > 1;
    const types = options.map(option => (option as Json).type);
    const beside = types.every(type => typeof type === 'string') && oneIn(2);
    return {
      ...(beside ? this.keywords(pick(...types) as TypeName, depth - 1) : {}),
      [isNull ? 'anyOf' : pick('anyOf', 'oneOf')]: options,
    };
  }

  typed(type: TypeName, depth: number): Json {
    return { type, ...this.keywords(type, depth) };
  }

  literals(): Json {
    const { below, pick } = bound(this.#choices);
    const value = () =>
      pick<unknown>('a', 'x', 1, 1.5, null, true, {}, { a: 1 }, [1], [], { a: { b: null } }, '😀', false);
    return below(2) === 0 ? { const: value() } : { enum: [...new Set(this.#choices.times(1, 4, value))] };
  }

  reference(depth: number): Json {
    const { pick, oneIn } = bound(this.#choices);
    const name = pick('Name', 'Pair', 'Tree', 'Tag', 'Mark', 'Any');
    const $ref = `#/components/schemas/${name}`;
    if (!oneIn(3) || name === 'Any') return { $ref };
    return { $ref, ...this.keywords(name === 'Name' ? 'string' : 'object', depth - 1) };
  }

  /** Keywords of one type, without the type. */
  keywords(type: TypeName, depth: number): Json {
    const { pick, oneIn, below } = bound(this.#choices);
    const some = (parts: Record<string, () => unknown>): Json => {
      const chosen = Object.entries(parts).filter(() => oneIn(4));
      return Object.fromEntries(chosen.map(([keyword, make]) => [keyword, make()]));
    };
    switch (type) {
      case 'string':
        return some({
          minLength: () => below(4),
          maxLength: () => below(4),
          pattern: () => pick('a', '^.$', '^[a-c]*$', '^\\p{L}', '/'),
          format: () => pick('date', 'date-time', 'unheard-of'),
        });
      case 'integer':
      case 'number':
        return some({
          minimum: () => pick(...numbers),
          maximum: () => pick(...numbers),
          exclusiveMinimum: () => pick(...numbers),
          exclusiveMaximum: () => pick(...numbers),
          multipleOf: () => pick(1, 2, 0.5, 0.1, 0.01, 3),
          format: () => pick('int32', 'int64', 'double'),
        });
      case 'array':
        return some({
          items: () => this.schema(depth - 1),
          // Beside `prefixItems`, Ajv takes empty lists for what contains something, and equal items for distinct.
          ...(oneIn(2)
            ? {
                contains: () => this.schema(depth - 1),
                minContains: () => below(3),
                maxContains: () => 1 + below(2),
                uniqueItems: () => true,
              }
            : {
                prefixItems: () => this.#choices.times(1, 2, () => this.schema(depth - 1)),
              }),
          minItems: () => below(3),
          maxItems: () => below(4),
        });
      case 'object':
        return {
          ...(oneIn(2) ? { properties: this.members(depth) } : {}),
          ...some({
            required: () => [...new Set(this.#choices.times(1, 2, () => pick(...names)))],
            additionalProperties: () => pick<unknown>(false, this.schema(depth - 1), true),
            patternProperties: () => ({ [pick('^x-', 'a', '^.$')]: this.schema(depth - 1) }),
            propertyNames: () => pick<unknown>({ maxLength: 1 }, { enum: ['a', 'b'] }, { pattern: '^[a-c]' }),
            minProperties: () => below(3),
            maxProperties: () => below(4),
            dependentRequired: () => ({ [pick(...names)]: [pick(...names)] }),
            dependentSchemas: () => ({ [pick(...names)]: this.keywords('object', depth - 1) }),
          }),
        };
      default:
        return {};
    }
  }

  members(depth: number): Json {
    return Object.fromEntries(
      this.#choices.times(1, 3, () => [this.#choices.pick(...names), this.schema(depth - 1)]),
    );
  }

  /** What combines schemas, of parts that leave the type to the schema around them. */
  added(type: TypeName, depth: number, isAlone = false): Json {
    const { below } = bound(this.#choices);
    const part = () => this.keywords(type, depth - 1);
    // On its own, what may be taken for a type is not said: only what is asked of values of any type.
    switch (isAlone ? 3 + below(2) : below(5)) {
      case 0:
        return { allOf: this.#choices.times(1, 2, part) };
      case 1:
        return { anyOf: this.#choices.times(1, 3, part) };
      case 2:
        return { oneOf: this.#choices.times(1, 3, part) };
      case 3:
        return { not: part() };
      default:
        return conditional([
          ['if', part()],
          ['then', part()],
          ['else', part()],
        ]);
    }
  }

  /** Of few other keywords: within more of them, Ajv loses count of what it has evaluated. */
  unevaluated(depth: number): Json {
    const { pick, below, oneIn } = bound(this.#choices);
    const part = () => ({ type: 'object', properties: this.members(depth - 1) });
    const combined = (): Json => {
      switch (below(3)) {
        case 0:
          return { [pick('allOf', 'anyOf', 'oneOf')]: this.#choices.times(1, 2, part) };
        case 1:
          return { $ref: '#/components/schemas/Pair' };
        default:
          return { patternProperties: { [pick('^x-', 'a')]: this.schema(depth - 1) } };
      }
    };
    return {
      type: 'object',
      ...(oneIn(2) ? { properties: this.members(depth) } : {}),
      ...(oneIn(3) ? { required: [pick(...names)] } : {}),
      ...combined(),
      unevaluatedProperties: pick<unknown>(false, { type: 'string' }, this.schema(depth - 1)),
    };
  }

  unevaluatedItems(depth: number): Json {
    const { pick, oneIn } = bound(this.#choices);
    const part = () => ({
      type: 'array',
      prefixItems: this.#choices.times(1, 2, () => this.schema(depth - 1)),
    });
    return {
      ...part(),
      ...(oneIn(2) ? { [pick('allOf', 'anyOf', 'oneOf')]: this.#choices.times(1, 2, part) } : {}),
      unevaluatedItems: pick<unknown>(false, { type: 'string' }),
    };
  }
}

/** Values that are likely to be of a schema. */
class ValueMaker {
  readonly #choices: Choices;

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  value(schema: unknown, depth: number): unknown {
    const { pick } = bound(this.#choices);
    if (typeof schema !== 'object' || schema === null || depth <= 0) return this.any(1);
    const {
      $ref,
      enum: listed,
      anyOf,
      oneOf,
      allOf,
      type,
      then,
      ...rest
    } = schema as Json & Record<'anyOf' | 'oneOf' | 'allOf' | 'enum', unknown[] | undefined>;
    if ('const' in rest) return rest.const;
    if (listed) return pick(...listed);
    const options = anyOf ?? oneOf;
    const parts = [
      ...(typeof $ref === 'string' ? [sharedSchemas[$ref.split('/').at(-1) as string]] : []),
      ...(options ? [pick(...options)] : []),
      ...(allOf ?? []),
      ...(then && this.#choices.oneIn(2) ? [then] : []),
    ];
    const made = parts.map(part => this.value(part, depth - 1));
    const own = this.#typeOf(type, rest);
    if (own) made.push(this.ofType(own, rest, depth));
    if (made.length === 0) return this.any(1);
    return made.every(isObject) ? Object.assign({}, ...made) : pick(...made);
  }

  #typeOf(type: unknown, rest: Json): TypeName | undefined {
    if (Array.isArray(type)) return this.#choices.pick(...(type as TypeName[]));
    if (typeof type === 'string') return type as TypeName;
    if (rest.properties || rest.required || rest.dependentRequired) return 'object';
    return undefined;
  }

  ofType(type: TypeName, schema: Json, depth: number): unknown {
    const { pick, below, oneIn } = bound(this.#choices);
    switch (type) {
      case 'string':
        if (schema.format === 'date') return '2026-01-02';
        if (schema.format === 'date-time') return '2026-01-02T03:04:05Z';
        return pick(...texts);
      case 'integer':
        return Math.round(this.#number(schema));
      case 'number':
        return this.#number(schema);
      case 'boolean':
        return pick(true, false);
      case 'null':
        return null;
      case 'array': {
        const first = (schema.prefixItems as unknown[] | undefined) ?? [];
        const least = typeof schema.minItems === 'number' ? schema.minItems : 0;
        return this.#choices.times(least, least + 3, index =>
          this.value(first[index] ?? pick(schema.items, schema.items, schema.contains), depth - 1),
        );
      }
      case 'object': {
        const properties = (schema.properties ?? {}) as Json;
        const required = (schema.required ?? []) as string[];
        const wanted = [...Object.keys(properties).filter(() => below(3) > 0), ...required];
        if (oneIn(2)) wanted.push(pick(...names));
        return Object.fromEntries(
          wanted.map(name => [
            name,
            this.value(
              properties[name] ?? schema.additionalProperties ?? schema.unevaluatedProperties,
              depth - 1,
            ),
          ]),
        );
      }
    }
  }

  #number({ minimum, maximum, multipleOf, exclusiveMinimum }: Json): number {
    const { pick } = bound(this.#choices);
    const near = [minimum, maximum, multipleOf, exclusiveMinimum].filter(each => typeof each === 'number');
    // Without what adding up leaves behind the last decimal.
    const around = near.flatMap(each => [each * 3, each + 1]).map(each => Number(each.toFixed(6)));
    return pick(...near, ...numbers, ...around);
  }

  any(depth: number): unknown {
    const { pick, below } = bound(this.#choices);
    switch (below(depth > 0 ? 7 : 5)) {
      case 0:
        return null;
      case 1:
        return pick(...texts);
      case 2:
        return pick(...numbers);
      case 3:
        return pick(true, false);
      case 4:
        return pick<unknown>({}, []);
      case 5:
        return this.#choices.times(0, 3, () => this.any(depth - 1));
      default:
        return Object.fromEntries(this.#choices.times(0, 3, () => [pick(...names), this.any(depth - 1)]));
    }
  }

  /** The value with one thing changed. */
  miss(value: unknown): unknown {
    const { pick, below, oneIn } = bound(this.#choices);
    if (oneIn(5)) return this.any(1);
    if (Array.isArray(value)) {
      const at = below(value.length + 1);
      switch (below(4)) {
        case 0:
          return [...value, this.any(1)];
        case 1:
          return [...value, ...value.slice(0, 1).map(turned)];
        case 2:
          return value.filter((_, index) => index !== at);
        default:
          return value.map((item, index) => (index === at ? this.miss(item) : item));
      }
    }
    if (isObject(value)) {
      const keys = Object.keys(value);
      const key = keys.length > 0 ? pick(...keys) : 'a';
      switch (below(3)) {
        case 0:
          return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
        case 1:
          return { ...value, [pick(...names)]: this.any(1) };
        default:
          return { ...value, [key]: this.miss(Object.hasOwn(value, key) ? value[key] : null) };
      }
    }
    if (typeof value === 'string') return pick<unknown>(`${value}a`, `${value}😀`, value.slice(1), 1);
    if (typeof value === 'number')
      return pick<unknown>(value + 1, value - 0.5, value * 10, -value, String(value));
    return this.any(1);
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same value, with its members in the other order. */
const turned = (value: unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).reverse()) : value;

const bound = (choices: Choices) => ({
  below: (limit: number) => choices.below(limit),
  pick: <Choice>(...from: readonly Choice[]) => choices.pick(...from),
  oneIn: (times: number) => choices.oneIn(times),
});

export function caseOf(tape: readonly number[]): RandomCase {
  const half = Math.floor(tape.length / 3);
  const schema = new SchemaMaker(new Choices(tape.slice(0, half))).schema(2);
  const maker = new ValueMaker(new Choices(tape.slice(half)));
  const made = Array.from({ length: 8 }, () => maker.value(schema, 3));
  return { schema, values: [...made, ...made.map(value => maker.miss(value)), maker.any(2)] };
}

export const tapes: fc.Arbitrary<number[]> = fc.array(fc.nat({ max: 9999 }), {
  minLength: 240,
  maxLength: 240,
  size: 'max',
});

export const randomCases: fc.Arbitrary<RandomCase> = tapes.map(caseOf);
