/** A document and all the files that it refers to. */
import { readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { Node } from './node.ts';
import { Unreadable } from './position.ts';
import type { Problems } from './problems.ts';
import { decoded, readSource, type SourceFile } from './source-file.ts';

export interface DocumentOptions {
  /** Whether references may lead to `https:` and `http:` URLs. */
  readonly allowNetwork?: boolean;
}

/** Where a reference has led. */
export interface Followed {
  readonly node: Node;
  /** What stood beside the reference, if anything: to be added to what it leads to. */
  readonly siblings: Node | undefined;
}

export class Documents {
  readonly root: Node;
  readonly #files: ReadonlyMap<string, SourceFile>;
  readonly #unread: ReadonlyMap<string, Unread>;
  readonly #problems: Problems;
  /** By file and reference, where it leads. */
  readonly #targets = new Map<SourceFile, Map<string, Node | undefined>>();

  /** The paths of all files, those included that could not be read and might be one day. */
  readonly wanted: readonly string[];

  private constructor(root: SourceFile, { files, unread, wanted }: Reader, problems: Problems) {
    this.root = new Node(root.value, root);
    this.wanted = [...wanted];
    this.#files = files;
    this.#unread = unread;
    this.#problems = problems;
  }

  /** How many files there are. */
  get size(): number {
    return this.#files.size;
  }

  /** The texts of all files, the root first: what the output depends on. */
  get texts(): string[] {
    return [...this.#files.values()].map(({ text }) => text);
  }

  /**
   * Reads a document and, before anything is looked at, every file that it refers to. What cannot be read is a problem
   * once a reference to it is followed: what looks like one may be an example.
   *
   * @throws Unreadable if the document itself cannot be read.
   */
  static async read(path: string, problems: Problems, options: DocumentOptions = {}): Promise<Documents> {
    const reader = new Reader(await realpath(path).catch(() => resolve(path)), options);
    const root = await reader.readRoot();
    return new Documents(root, reader, problems);
  }

  /** What a part refers to, through as many references as there are; the part itself if it is no reference. */
  follow(node: Node): Followed | undefined {
    const seen = new Set<string>();
    let siblings: Node | undefined;
    let current = node;
    for (let reference = current.text('$ref'); reference !== undefined; reference = current.text('$ref')) {
      if (seen.has(current.id)) {
        this.#problems.warn(
          `The reference ${JSON.stringify(reference)} leads back to itself.`,
          'It is ignored.',
          node,
        );
        return undefined;
      }
      if (seen.size === maxReferences) {
        this.#problems.warn(
          `There are more than ${maxReferences} references one behind the other.`,
          'Anything is taken there.',
          node,
        );
        return undefined;
      }
      seen.add(current.id);
      if (!siblings && hasMore(current)) siblings = current;
      const target = this.#target(reference, current);
      if (!target) {
        this.#tellMissing(reference, current);
        return undefined;
      }
      current = target;
    }
    return { node: current, siblings };
  }

  #tellMissing(reference: string, from: Node): void {
    const [file, fragment] = splitReference(reference);
    const location = file === '' ? from.file.location : locationOf(file, from.file);
    const { reason, isForbidden } = this.#unread.get(location) ?? {
      reason: `leads nowhere: ${this.#files.get(location)?.name} has no #${fragment}`,
      isForbidden: false,
    };
    const message = `The reference ${JSON.stringify(reference)} ${reason}.`;
    if (isForbidden) this.#problems.warn(message, 'Anything is taken there.', from);
    else this.#problems.error(message, from);
  }

  #target(reference: string, from: Node): Node | undefined {
    const known = this.#targets.get(from.file) ?? new Map<string, Node | undefined>();
    this.#targets.set(from.file, known);
    // Most references lead where others have led before.
    if (known.has(reference)) return known.get(reference);
    const [file, fragment] = splitReference(reference);
    const source = file === '' ? from.file : this.#files.get(locationOf(file, from.file));
    const target = source && at(source, fragment);
    known.set(reference, target);
    return target;
  }
}

/** Whether anything stands beside a reference. */
const hasMore = ({ value }: Node): boolean => Object.keys(value as object).length > 1;

/** So many references may lead to each other before one leads to something else. */
const maxReferences = 100;

const splitReference = (reference: string): [string, string] => {
  const hash = reference.indexOf('#');
  return hash === -1 ? [reference, ''] : [reference.slice(0, hash), reference.slice(hash + 1)];
};

const isUrl = (location: string): boolean => /^https?:\/\//.test(location);

function locationOf(file: string, from: SourceFile): string {
  if (isUrl(file)) return file;
  if (isUrl(from.location)) return new URL(file, from.location).href;
  return resolve(dirname(from.location), unescaped(file));
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** By JSON Pointer, or by an `$anchor` of that name. */
function at(source: SourceFile, fragment: string): Node | undefined {
  const root = new Node(source.value, source);
  if (fragment === '') return root;
  if (!fragment.startsWith('/')) return anchored(root, fragment);
  let node: Node | undefined = root;
  for (const part of fragment.slice(1).split('/')) {
    node = node?.get(unescaped(part).replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return node;
}

function anchored(root: Node, name: string): Node | undefined {
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.text('$anchor') === name) return node;
    open.push(...node.items(), ...node.members().map(([, member]) => member));
  }
  return undefined;
}

/** Why there is nothing of a file. */
interface Unread {
  readonly reason: string;
  /** Whether it is we who do not read it. */
  readonly isForbidden: boolean;
}

/** Reads files until none is missing. */
class Reader {
  readonly files = new Map<string, SourceFile>();
  readonly unread = new Map<string, Unread>();
  readonly wanted = new Set<string>();
  readonly #rootPath: string;
  readonly #folder: string;
  readonly #options: DocumentOptions;

  constructor(rootPath: string, options: DocumentOptions) {
    this.#rootPath = rootPath;
    this.#folder = dirname(rootPath);
    this.#options = options;
  }

  async readRoot(): Promise<SourceFile> {
    const root = await this.#read(this.#rootPath);
    this.files.set(root.location, root);
    let fresh = [root];
    while (fresh.length > 0) {
      const wanted = new Set(fresh.flatMap(file => [...fileReferencesIn(file)]));
      const read = await Promise.all([...wanted].map(location => this.#readReferred(location)));
      fresh = read.filter(file => file !== undefined);
      for (const file of fresh) this.files.set(file.location, file);
    }
    return root;
  }

  async #readReferred(location: string): Promise<SourceFile | undefined> {
    if (this.files.has(location) || this.unread.has(location)) return undefined;
    const obstacle = await this.#obstacleTo(location);
    try {
      if (obstacle === undefined) return await this.#read(location);
      this.unread.set(location, { reason: obstacle, isForbidden: true });
    } catch (error) {
      this.unread.set(location, { reason: this.#reasonOf(error, location), isForbidden: false });
    }
    return undefined;
  }

  #reasonOf(error: unknown, location: string): string {
    const { code, message, cause } = error as NodeJS.ErrnoException;
    const name = this.#nameOf(location);
    if (code === 'ENOENT') return `leads nowhere: ${name} is not there`;
    if (code === 'EISDIR') return `leads to a folder: ${name}`;
    if (!(error instanceof Unreadable) || !error.position)
      return `leads to ${name}, which cannot be read: ${(cause as Error | undefined)?.message || message}`;
    const { line, column } = error.position;
    return `leads to ${name}, which is neither YAML nor JSON (${line}:${column}): ${message}`;
  }

  #nameOf(location: string): string {
    return isUrl(location) ? location : relative(this.#folder, location).split(sep).join('/');
  }

  /** A document must not make us read, or fetch, what its owner has no business with. */
  async #obstacleTo(location: string): Promise<string | undefined> {
    if (isUrl(location))
      return this.#options.allowNetwork
        ? undefined
        : 'is on the network, which is not allowed (--allow-network)';
    const real = await realpath(location).catch(() => location);
    const fromFolder = relative(this.#folder, real);
    const isInside = !isAbsolute(fromFolder) && fromFolder.split(sep)[0] !== '..';
    return isInside ? undefined : "is outside the document's folder";
  }

  async #read(location: string): Promise<SourceFile> {
    if (!isUrl(location)) {
      this.wanted.add(location);
      return readSource(this.#nameOf(location), location, decoded(await readFile(location)));
    }
    const response = await fetch(location);
    if (!response.ok) throw new Unreadable(`it answered ${response.status}`);
    return readSource(location, location, await response.text());
  }
}

/** Where the references of a file lead. */
function* fileReferencesIn(file: SourceFile): Generator<string> {
  if (typeof file.value !== 'object' || file.value === null) return;
  const open = [new Node(file.value, file)];
  for (let node = open.pop(); node; node = open.pop()) {
    const reference = node.text('$ref');
    if (reference !== undefined && !reference.startsWith('#'))
      yield locationOf(splitReference(reference)[0], file);
    // What is in no object and no list has no references: it is not worth a node.
    const members = node.value as Record<string, unknown>;
    for (const key of Object.keys(members)) {
      const member = members[key];
      if (typeof member === 'object' && member !== null) open.push(new Node(member, file, node, key));
    }
  }
}
