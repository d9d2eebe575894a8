/** A schema as it is compared: its references followed, its `allOf` taken together, and null told one way. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import type { Side } from './change.ts';

/** A keyword that stands for itself. */
export interface Facet {
  readonly value: unknown;
  readonly node: Node;
}

export interface View {
  readonly node: Node;
  /** Undefined for any. */
  readonly types: ReadonlySet<string> | undefined;
  readonly isNullable: boolean;
  /** Those of `enum` and `const` as JSON, without null; undefined for any. */
  readonly values: ReadonlySet<string> | undefined;
  readonly facets: ReadonlyMap<string, Facet>;
  /** Those that are sent, or received. */
  readonly properties: ReadonlyMap<string, Node>;
  readonly required: ReadonlySet<string>;
  /** What members without a name may be. */
  readonly others: boolean | Node;
  readonly items: Node | undefined;
  readonly firstItems: readonly Node[];
  readonly options: readonly Node[];
}

/** Compared by value: what they say is not looked into. */
export const opaque: readonly string[] = [
  'pattern',
  'not',
  'if',
  'then',
  'else',
  'contains',
  'dependentRequired',
  'dependentSchemas',
  'propertyNames',
  'patternProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'contentEncoding',
];

/** `true` where more is allowed by more, `false` where more is allowed by less. */
export const bounds: ReadonlyMap<string, boolean> = new Map([
  ['minLength', false],
  ['maxLength', true],
  ['minimum', false],
  ['maximum', true],
  ['exclusiveMinimum', false],
  ['exclusiveMaximum', true],
  ['minItems', false],
  ['maxItems', true],
  ['minProperties', false],
  ['maxProperties', true],
]);

const facetNames = [...bounds.keys(), ...opaque, 'format', 'multipleOf', 'uniqueItems', 'default'];

export function viewOf(schema: Node, side: Side, documents: Documents): View {
  const parts = partsOf(schema, documents);
  const given = <Value>(read: (part: Node) => Value | undefined): Value[] =>
    parts.flatMap(part => read(part) ?? []);
  const values = common(given(valuesIn));
  const options = parts.flatMap(part => optionsIn(part, documents));
  const types = common(given(typesIn)) ?? typesOfValues(values) ?? typesOfOptions(options, documents);
  const isChosen = parts.some(part => hasNullOption(part, documents));
  const properties = new Map<string, Node>();
  const hidden = new Set<string>();
  for (const part of parts)
    for (const [name, property] of part.get('properties')?.members() ?? [])
      if (isHidden(property, side, documents)) hidden.add(name);
      else if (!properties.has(name)) properties.set(name, property);
  for (const name of hidden) properties.delete(name);
  const required = given(part => part.get('required')).flatMap(list =>
    list.items().flatMap(({ value }) => (typeof value === 'string' && !hidden.has(value) ? [value] : [])),
  );
  return {
    node: parts[0] ?? schema,
    types: types && isChosen ? new Set([...types, 'null']) : types,
    isNullable: isChosen || types?.has('null') === true,
    values: values && new Set([...values].filter(value => value !== 'null')),
    facets: facetsOf(parts),
    properties,
    required: new Set(required),
    others: othersIn(parts),
    items: given(part => part.get('items')).find(({ isObject }) => isObject),
    firstItems: given(part => part.get('prefixItems'))[0]?.items() ?? [],
    options,
  };
}

/** The schema and all that it has to be as well. */
function partsOf(schema: Node, documents: Documents): Node[] {
  const parts: Node[] = [];
  const seen = new Set<string>();
  const open = [schema];
  for (let part = open.pop(); part; part = open.pop()) {
    const followed = documents.follow(part);
    if (!followed || seen.has(followed.node.id)) continue;
    const { node, siblings } = followed;
    seen.add(node.id);
    parts.push(node, ...(siblings ? [siblings] : []));
    const also = [
      ...(node.get('allOf')?.items() ?? []),
      ...(siblings?.get('allOf')?.items() ?? []),
      ...onlyOptions(node, documents),
    ];
    open.push(...also.reverse());
  }
  return parts;
}

/** A choice between one thing and null is that thing. */
function onlyOptions(node: Node, documents: Documents): Node[] {
  return unionsOf(node).flatMap(options => {
    const others = options.filter(option => !isNull(option, documents));
    return others.length === 1 ? others : [];
  });
}

const unionsOf = (node: Node): Node[][] =>
  ['oneOf', 'anyOf'].flatMap(key => {
    const options = node.get(key)?.items() ?? [];
    return options.length > 0 ? [options] : [];
  });

function optionsIn(node: Node, documents: Documents): Node[] {
  return unionsOf(node).flatMap(options => {
    const others = options.filter(option => !isNull(option, documents));
    return others.length === 1 ? [] : others;
  });
}

const isNull = (schema: Node, documents: Documents): boolean =>
  documents.follow(schema)?.node.get('type')?.value === 'null';

const hasNullOption = (node: Node, documents: Documents): boolean =>
  unionsOf(node).some(options => options.some(option => isNull(option, documents)));

/** What one part says of types; undefined for nothing. */
function typesIn(part: Node): ReadonlySet<string> | undefined {
  const type = part.get('type')?.value;
  const types = (Array.isArray(type) ? type : [type]).filter(one => typeof one === 'string');
  if (types.length === 0 && part.get('properties')) types.push('object');
  if (types.length === 0 && part.get('items')) types.push('array');
  if (types.length === 0) return undefined;
  return new Set(part.flag('nullable') === true ? [...types, 'null'] : types);
}

/** Where each names its own. */
function typesOfOptions(options: readonly Node[], documents: Documents): ReadonlySet<string> | undefined {
  const types = options.map(option => {
    const node = documents.follow(option)?.node;
    return node && typesIn(node);
  });
  if (types.length === 0 || types.includes(undefined)) return undefined;
  return new Set(types.flatMap(set => [...(set ?? [])]));
}

function valuesIn(part: Node): ReadonlySet<string> | undefined {
  const fixed = part.get('const');
  if (fixed) return new Set([quotedValue(fixed.value)]);
  const values = part.get('enum');
  return values && new Set(values.items().map(({ value }) => quotedValue(value)));
}

const quotedValue = (value: unknown): string => JSON.stringify(value);

const typesOfValues = (values: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined =>
  values && new Set([...values].map(value => typeOfJson(JSON.parse(value))));

const typeOfJson = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
};

/** What all sets hold; undefined if there is none. */
function common(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> | undefined {
  const [first, ...others] = sets;
  return first && new Set([...first].filter(one => others.every(set => set.has(one) || holds(set, one))));
}

const holds = (types: ReadonlySet<string>, type: string): boolean =>
  type === 'integer' && types.has('number');

function facetsOf(parts: readonly Node[]): Map<string, Facet> {
  const facets = new Map<string, Facet>();
  for (const part of parts)
    for (const name of facetNames) {
      const node = part.get(name);
      if (node && !facets.has(name) && !saysNothing(name, node.value))
        facets.set(name, { value: node.value, node });
    }
  // OpenAPI 3.0 says of a bound that it is excluded; 3.1 has another bound.
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    const [limit, isExcluded] = [facets.get(bound), facets.get(exclusive)?.value];
    if (typeof isExcluded !== 'boolean') continue;
    facets.delete(exclusive);
    if (!limit || !isExcluded) continue;
    facets.delete(bound);
    facets.set(exclusive, limit);
  }
  return facets;
}

const saysNothing = (name: string, value: unknown): boolean =>
  value === false || (value === 0 && ['minLength', 'minItems', 'minProperties'].includes(name));

function othersIn(parts: readonly Node[]): boolean | Node {
  const said = parts.flatMap(part => part.get('additionalProperties') ?? []);
  const schema = said.find(({ isObject }) => isObject);
  if (said.some(({ value }) => value === false)) return false;
  return schema && schema.members().length > 0 ? schema : true;
}

function isHidden(property: Node, side: Side, documents: Documents): boolean {
  const flag = side === 'request' ? 'readOnly' : 'writeOnly';
  const followed = documents.follow(property);
  return [property, followed?.node].some(node => node?.flag(flag) === true);
}
