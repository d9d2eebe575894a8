/** What schemas come to on the wire, as far as operations have to know before anything is printed. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';

/** A schema that says text, where the document says nothing, or what no text can be. */
export const textSchema = (at: Node): Node => at.with({ type: 'string' }, '(text)');

/** A schema that says one text. */
export const constantSchema = (at: Node, value: string): Node =>
  at.with({ type: 'string', enum: [value] }, `(${value})`);

const combiners = ['allOf', 'anyOf', 'oneOf'] as const;

export class Shapes {
  readonly #documents: Documents;
  readonly #depths = new Map<string, number>();

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** What a reference leads to; undefined for one that leads nowhere. */
  resolve(node: Node | undefined): Node | undefined {
    return node && this.#documents.follow(node)?.node;
  }

  /** The types that a schema names, without null; none where it leaves them open. */
  typesOf(schema: Node | undefined): readonly string[] {
    const node = this.resolve(schema);
    const type = node?.get('type')?.value;
    const types = Array.isArray(type) ? type : [type];
    const named = types.filter(one => typeof one === 'string' && one !== 'null');
    if (named.length > 0 || !node) return named;
    if (node.get('properties')) return ['object'];
    return [];
  }

  /** How many levels of lists and objects there are: 0 for texts and numbers, infinite for what holds itself. */
  depthOf(schema: Node | undefined): number {
    const node = this.resolve(schema);
    if (!node?.isObject) return 0;
    const known = this.#depths.get(node.id);
    if (known !== undefined) return known;
    this.#depths.set(node.id, Number.POSITIVE_INFINITY);
    const depth = Math.max(this.#ownDepthOf(node), ...this.#alternativesOf(node).map(it => this.depthOf(it)));
    this.#depths.set(node.id, depth);
    return depth;
  }

  #ownDepthOf(node: Node): number {
    const inside = ['properties', 'patternProperties'].flatMap(key => membersOf(node.get(key)));
    for (const key of ['items', 'additionalProperties']) {
      const one = node.get(key);
      if (one?.isObject) inside.push(one);
    }
    inside.push(...(node.get('prefixItems')?.items() ?? []));
    const types = this.typesOf(node);
    if (inside.length === 0 && !types.includes('object') && !types.includes('array')) return 0;
    return 1 + Math.max(0, ...inside.map(one => this.depthOf(one)));
  }

  #alternativesOf(node: Node): Node[] {
    return combiners.flatMap(key => node.get(key)?.items() ?? []);
  }

  /** Whether a schema takes nothing but texts, numbers and truth values. */
  isText(schema: Node | undefined): boolean {
    const types = this.typesOf(schema);
    return types.length > 0 && !types.includes('object') && !types.includes('array');
  }

  isObject(schema: Node | undefined): boolean {
    return this.typesOf(schema).includes('object') || this.propertiesOf(schema).size > 0;
  }

  isArray(schema: Node | undefined): boolean {
    return this.typesOf(schema).includes('array');
  }

  /** Whether a schema stands for bytes, in the words of OpenAPI 3.0 or 3.1. */
  isBinary(schema: Node | undefined): boolean {
    const node = this.resolve(schema);
    if (!node) return false;
    if (node.text('format') === 'binary') return true;
    return node.text('contentMediaType') === 'application/octet-stream' && !node.get('contentEncoding');
  }

  /** Whether a schema says no more than that there is a text. */
  isAnyText(schema: Node | undefined): boolean {
    const node = this.resolve(schema);
    if (!node) return true;
    const silent = ['type', 'description', 'title', 'example', 'examples', 'default', 'format', 'nullable'];
    return node.members().every(([name]) => silent.includes(name));
  }

  /** The properties of an object, those of all parts of an `allOf` together. */
  propertiesOf(schema: Node | undefined, seen: ReadonlySet<string> = new Set()): Map<string, Node> {
    const node = this.resolve(schema);
    if (!node || seen.has(node.id)) return new Map();
    const seenNow = new Set(seen).add(node.id);
    const parts = node.get('allOf')?.items() ?? [];
    return new Map([
      ...parts.flatMap(part => [...this.propertiesOf(part, seenNow)]),
      ...(node.get('properties')?.members() ?? []),
    ]);
  }
}

const membersOf = (node: Node | undefined): Node[] => node?.members().map(([, member]) => member) ?? [];
