/** Which schemas are not the same when they are sent as when they are received. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';

/** What there is in a schema itself, and what it refers to. */
interface Contents {
  readonly hasOneWayMember: boolean;
  readonly references: readonly Node[];
}

/** Values, which may look like schemas. */
const valueKeywords = new Set(['example', 'examples', 'default', 'enum', 'const', 'x-examples']);

const isOneWay = (member: Node): boolean =>
  member.flag('readOnly') === true || member.flag('writeOnly') === true;

export class OneWay {
  readonly #documents: Documents;
  readonly #contents = new Map<string, Contents>();
  readonly #known = new Map<string, boolean>();

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** Whether there is something in it, however deep, that is not sent or not received. */
  isIn(schema: Node): boolean {
    const known = this.#known.get(schema.id);
    if (known !== undefined) return known;
    const seen = new Set([schema.id]);
    const open = [schema];
    for (let node = open.pop(); node; node = open.pop()) {
      const { hasOneWayMember, references } = this.#contentsOf(node);
      if (hasOneWayMember || references.some(({ id }) => this.#known.get(id) === true)) {
        this.#known.set(schema.id, true);
        return true;
      }
      for (const reference of references) {
        if (seen.has(reference.id) || this.#known.has(reference.id)) continue;
        seen.add(reference.id);
        open.push(reference);
      }
    }
    // All that can be reached has been seen: what holds for the whole holds for each.
    for (const id of seen) this.#known.set(id, false);
    return false;
  }

  #contentsOf(schema: Node): Contents {
    let contents = this.#contents.get(schema.id);
    if (!contents) {
      contents = this.#read(schema);
      this.#contents.set(schema.id, contents);
    }
    return contents;
  }

  #read(schema: Node): Contents {
    const references: Node[] = [];
    let hasOneWayMember = false;
    const open = [schema];
    for (let node = open.pop(); node; node = open.pop()) {
      if (!node.isObject) {
        open.push(...node.items());
        continue;
      }
      const target = this.#targetOf(node);
      if (target) references.push(target);
      for (const [keyword, part] of node.members()) {
        if (valueKeywords.has(keyword) || typeof part.value !== 'object') continue;
        const members = keyword === 'properties' ? part.members().map(([, member]) => member) : [];
        open.push(...(keyword === 'properties' ? members : [part]));
        hasOneWayMember ||= members.some(member => this.#isOneWay(member));
      }
    }
    return { hasOneWayMember, references };
  }

  #isOneWay(member: Node): boolean {
    const target = this.#targetOf(member);
    return isOneWay(member) || (target !== undefined && isOneWay(target));
  }

  #targetOf(node: Node): Node | undefined {
    return node.text('$ref') === undefined ? undefined : this.#documents.follow(node)?.node;
  }
}
