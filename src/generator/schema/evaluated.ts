/**
 * What of a value the keywords of a schema have looked at, so that the rest can be held to `unevaluatedProperties` and
 * `unevaluatedItems`.
 *
 * @see {@link https://json-schema.org/draft/2020-12/json-schema-core#section-11 | JSON Schema, 11}
 */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import { anything, type Evaluated, type Model } from './model.ts';

type Kind = 'members' | 'items';
type Condition = Evaluated['conditions'][number];

/** How the parts of a schema are read here. */
export interface Reading {
  readonly documents: Documents;
  read(node: Node): Model;
  pattern(source: string, node: Node): RegExp | undefined;
  /** Hears of a part that is not looked at any more, so that everything counts as looked at. */
  onTooMany(node: Node): void;
}

/** So many parts are looked at: each of them is a test of every member, or item, of every value. */
const maxParts = 500;

/** What is evaluated whatever the value is, then what only where conditions are met. */
export function evaluatedBy(node: Node, kind: Kind, reading: Reading): Evaluated[] {
  const own = kind === 'members' ? 'unevaluatedProperties' : 'unevaluatedItems';
  return new Evaluation(kind, own, reading).of(node, true, [], new Set());
}

class Evaluation {
  readonly #kind: Kind;
  readonly #own: string;
  readonly #reading: Reading;
  /** Looked at whatever the value is: to look again would find the same. */
  readonly #seen = new Set<string>();
  #parts = 0;

  constructor(kind: Kind, own: string, reading: Reading) {
    this.#kind = kind;
    this.#own = own;
    this.#reading = reading;
  }

  of(
    node: Node,
    isOutermost: boolean,
    conditions: readonly Condition[],
    seen: ReadonlySet<string>,
  ): Evaluated[] {
    if (!node.isObject || seen.has(node.id) || this.#seen.has(node.id)) return [];
    if (++this.#parts > maxParts) {
      if (this.#parts === maxParts + 1) this.#reading.onTooMany(node);
      return [{ ...noneOf([]), isAll: true }];
    }
    if (conditions.length === 0) this.#seen.add(node.id);
    const own = this.#named(node, isOutermost, conditions);
    // Whatever its parts look at has been looked at.
    if (own.isAll) return [own];
    const within = new Set([...seen, node.id]);
    const also = (part: Node | undefined, ...more: Condition[]): Evaluated[] =>
      part ? this.of(part, false, [...conditions, ...more], within) : [];
    const items = (keyword: string): Node[] => node.get(keyword)?.items() ?? [];
    const { read } = this.#reading;
    const condition = node.get('if');
    const met = (part: Node, isMet = true): Condition => ({ model: read(part), isMet });
    return [
      own,
      ...(node.text('$ref') === undefined ? [] : also(this.#reading.documents.follow(node)?.node)),
      ...(node.text('$dynamicRef') === undefined
        ? []
        : also(this.#reading.documents.followDynamic(node)?.target)),
      ...items('allOf').flatMap(part => also(part)),
      ...[...items('anyOf'), ...items('oneOf')].flatMap(part => also(part, met(part))),
      ...(condition
        ? [
            ...also(condition, met(condition)),
            ...also(node.get('then'), met(condition)),
            ...also(node.get('else'), met(condition, false)),
          ]
        : []),
      ...(node.get('dependentSchemas')?.members() ?? []).flatMap(([name, part]) =>
        also(part, { model: withMember(name), isMet: true }),
      ),
    ].filter(isAnything);
  }

  #named(node: Node, isOutermost: boolean, conditions: readonly Condition[]): Evaluated {
    const isClosed = !isOutermost && node.get(this.#own) !== undefined;
    if (this.#kind === 'members') {
      const patterns = (node.get('patternProperties')?.members() ?? []).map(([source, schema]) =>
        this.#reading.pattern(source, schema),
      );
      return {
        ...noneOf(conditions),
        names: (node.get('properties')?.members() ?? []).map(([name]) => name),
        patterns: patterns.filter(pattern => pattern !== undefined),
        isAll: isClosed || node.get('additionalProperties') !== undefined,
      };
    }
    const contains = node.get('contains');
    return {
      ...noneOf(conditions),
      first: (node.get('prefixItems')?.items() ?? []).length,
      contains: contains ? [this.#reading.read(contains)] : [],
      isAll: isClosed || node.get('items') !== undefined,
    };
  }
}

const noneOf = (conditions: readonly Condition[]): Evaluated => ({
  names: [],
  patterns: [],
  first: 0,
  contains: [],
  isAll: false,
  conditions,
});

const isAnything = ({ names, patterns, first, contains, isAll }: Evaluated): boolean =>
  isAll || first > 0 || names.length + patterns.length + contains.length > 0;

const withMember = (name: string): Model => ({
  kind: 'fields',
  fields: new Map([[name, { model: anything, isRequired: true, docs: [] }]]),
  others: anything,
});
