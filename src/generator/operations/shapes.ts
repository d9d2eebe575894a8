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
  readonly #contents = new Map<string, Contents>();

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
    const whole = this.resolve(schema);
    if (!whole?.isObject) return 0;
    // On a list, and not gone into: there may be more levels than functions go deep.
    const open: { readonly node: Node; readonly parts: Parts }[] = [];
    const known = (node: Node): number | undefined => {
      const depth = this.#depths.get(node.id);
      if (depth === undefined) {
        this.#depths.set(node.id, Number.POSITIVE_INFINITY);
        open.push({ node, parts: this.#partsOf(node) });
      }
      return depth;
    };
    known(whole);
    for (let last = open.at(-1); last; last = open.at(-1)) {
      const { node, parts } = last;
      if ([...parts.inside, ...parts.alternatives].some(part => known(part) === undefined)) continue;
      open.pop();
      const deepest = (of: readonly Node[]): number => Math.max(0, ...of.map(part => known(part) ?? 0));
      const own = parts.isComposite ? 1 + deepest(parts.inside) : 0;
      this.#depths.set(node.id, Math.max(own, deepest(parts.alternatives)));
    }
    return this.#depths.get(whole.id) ?? 0;
  }

  #partsOf(node: Node): Parts {
    const inside = ['properties', 'patternProperties'].flatMap(key => membersOf(node.get(key)));
    for (const key of ['items', 'additionalProperties']) {
      const one = node.get(key);
      if (one?.isObject) inside.push(one);
    }
    inside.push(...(node.get('prefixItems')?.items() ?? []));
    const types = this.typesOf(node);
    const resolved = (schemas: readonly Node[]): Node[] =>
      schemas.map(one => this.resolve(one)).filter(one => one?.isObject === true) as Node[];
    return {
      isComposite: inside.length > 0 || types.includes('object') || types.includes('array'),
      inside: resolved(inside),
      alternatives: resolved(combiners.flatMap(key => node.get(key)?.items() ?? [])),
    };
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
  propertiesOf(schema: Node | undefined): Map<string, Node> {
    const properties = new Map<string, Node>();
    for (const { members } of this.#allOf(schema))
      for (const [name, member] of members) properties.set(name, member);
    return properties;
  }

  /** The names of the members that have to be there, by whatever part of an `allOf`. */
  requiredOf(schema: Node | undefined): Set<string> {
    return new Set(this.#allOf(schema).flatMap(({ required }) => required));
  }

  /** A schema behind all that it has to be as well, each of them once. */
  #allOf(schema: Node | undefined): Contents[] {
    const all: Contents[] = [];
    const seen = new Set<Contents>();
    // Parts of parts are put on a list, and not gone into: there may be more levels of them than functions go deep.
    const open: { readonly contents: Contents; readonly isLookedInto: boolean }[] = [];
    const put = (part: Node | undefined): void => {
      const contents = this.#contentsOf(part);
      if (!contents || seen.has(contents)) return;
      seen.add(contents);
      open.push({ contents, isLookedInto: false });
    };
    put(schema);
    for (let next = open.pop(); next; next = open.pop()) {
      const { contents, isLookedInto } = next;
      if (isLookedInto) all.push(contents);
      else {
        open.push({ contents, isLookedInto: true });
        for (const part of contents.lastParts) put(part);
      }
    }
    return all;
  }

  #contentsOf(schema: Node | undefined): Contents | undefined {
    const node = this.resolve(schema);
    if (!node) return undefined;
    let contents = this.#contents.get(node.id);
    if (!contents) {
      const lastParts = (node.get('allOf')?.items() ?? []).reverse().map(part => this.resolve(part) ?? part);
      const required = (node.get('required')?.items() ?? []).map(({ value }) => String(value));
      contents = { lastParts, members: node.get('properties')?.members() ?? [], required };
      this.#contents.set(node.id, contents);
    }
    return contents;
  }
}

/** What a schema is made of. */
interface Parts {
  readonly isComposite: boolean;
  /** Its members and items. */
  readonly inside: readonly Node[];
  /** What it has to be as well, or may be. */
  readonly alternatives: readonly Node[];
}

/** What a schema says of members. */
interface Contents {
  /** What it has to be as well, the last first. */
  readonly lastParts: readonly Node[];
  readonly members: readonly (readonly [name: string, member: Node])[];
  readonly required: readonly string[];
}

const membersOf = (node: Node | undefined): Node[] => node?.members().map(([, member]) => member) ?? [];
