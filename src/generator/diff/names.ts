/** What the schemas of a document are called in a client that is made of it. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import { pascalCase } from '../names.ts';

export interface Named {
  readonly name: string;
  readonly node: Node;
}

export class ComponentNames {
  readonly #documents: Documents;
  readonly #byTarget = new Map<string, Named>();
  readonly #names = new Set<string>();

  constructor(documents: Documents) {
    this.#documents = documents;
    for (const [declared, node] of documents.root.get('components')?.get('schemas')?.members() ?? []) {
      const name = pascalCase(declared);
      const target = this.#targetOf(node);
      this.#names.add(name);
      if (target && !this.#byTarget.has(target.id)) this.#byTarget.set(target.id, { name, node });
    }
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Undefined for what is no component, and has no name that somebody chose. */
  of(schema: Node): Named | undefined {
    const target = this.#targetOf(schema);
    return target && this.#byTarget.get(target.id);
  }

  #targetOf(schema: Node): Node | undefined {
    return this.#documents.follow(schema)?.node;
  }
}
