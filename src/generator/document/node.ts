import type { Path, Position } from './position.ts';
import type { SourceFile } from './source-file.ts';

/** A part of a document, which knows where it stands. Nothing inherited is ever read: documents may be hostile. */
export class Node {
  readonly value: unknown;
  readonly file: SourceFile;
  /** By which it is a part of what is around it; nothing for a whole file. */
  readonly key: string | number;
  readonly around: Node | undefined;
  #pointer: string | undefined;
  #id: string | undefined;

  constructor(value: unknown, file: SourceFile, around?: Node, key: string | number = '') {
    this.value = value;
    this.file = file;
    this.around = around;
    this.key = key;
  }

  get path(): Path {
    const path: (string | number)[] = [];
    for (let node: Node = this; node.around; node = node.around) path.push(node.key);
    return path.reverse();
  }

  /** JSON Pointer (RFC 6901) within the file. */
  get pointer(): string {
    // Up to where it is known, and down again: a document may be nested deeper than functions go.
    const unknown: Node[] = [];
    let pointer = '';
    for (let node: Node | undefined = this; node; node = node.around) {
      if (node.#pointer !== undefined) {
        pointer = node.#pointer;
        break;
      }
      unknown.push(node);
    }
    for (const below of unknown.reverse()) {
      if (below.around) pointer += `/${escaped(String(below.key))}`;
      below.#pointer = pointer;
    }
    return pointer;
  }

  /** Names the part in the whole document. */
  get id(): string {
    this.#id ??= `${this.file.location}#${this.pointer}`;
    return this.#id;
  }

  get position(): Position {
    return this.file.positionOf(this.path);
  }

  get isObject(): boolean {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value);
  }

  /** A member of an object or an item of a list; undefined if there is none. */
  get(key: string | number): Node | undefined {
    const { value } = this;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    const member = (value as Record<string | number, unknown>)[key];
    return member === undefined ? undefined : new Node(member, this.file, this, key);
  }

  /** Another value in the place of this one, told apart by a name behind its path. */
  with(value: unknown, name: string): Node {
    return new Node(value, this.file, this, name);
  }

  /** The members of an object, in its order; none of anything else. */
  members(): [name: string, member: Node][] {
    if (!this.isObject) return [];
    const members: [string, Node][] = [];
    for (const [name, value] of Object.entries(this.value as object))
      if (value !== undefined) members.push([name, new Node(value, this.file, this, name)]);
    return members;
  }

  /** The items of a list; none of anything else. */
  items(): Node[] {
    if (!Array.isArray(this.value)) return [];
    return this.value.map((item, index) => new Node(item, this.file, this, index));
  }

  /** The text, number or truth value of a member, if it is one. */
  text(key: string): string | undefined {
    const value = this.get(key)?.value;
    return typeof value === 'string' ? value : undefined;
  }

  number(key: string): number | undefined {
    const value = this.get(key)?.value;
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.get(key)?.value;
    return typeof value === 'boolean' ? value : undefined;
  }
}

const escaped = (key: string): string =>
  /[~/]/.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
