/** A document and all the files that it refers to. */
import { readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { Node } from './node.ts';
import { Unreadable } from './position.ts';
import type { Problems } from './problems.ts';
import { isUrl, locationOfUri, type Resource, Resources, resolved } from './resources.ts';
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
  /** By what it stands in and reference, where it leads. */
  readonly #targets = new Map<Resource, Map<string, Node | undefined>>();
  #found: Resources | undefined;

  /** The paths of all files, those included that could not be read and might be one day. */
  readonly wanted: readonly string[];

  private constructor(root: SourceFile, { files, unread, wanted }: Reader, problems: Problems) {
    this.root = new Node(root.value, root);
    this.wanted = [...wanted];
    this.#files = files;
    this.#unread = unread;
    this.#problems = problems;
    for (const file of files.values()) this.#tellRepeated(file);
  }

  #tellRepeated(file: SourceFile): void {
    for (const path of file.repeated) {
      let node: Node | undefined = new Node(file.value, file);
      for (const key of path) node = node?.get(key);
      const name = JSON.stringify(String(path.at(-1)));
      // What is within a member that does not count itself is not there.
      if (node) this.#problems.warn(`The member ${name} is there twice.`, 'The last one counts.', node);
    }
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

  /** Found when they are asked for: the document may be changed before. */
  get #resources(): Resources {
    if (!this.#found) {
      this.#found = new Resources();
      for (const file of this.#files.values()) this.#found.add(file);
    }
    return this.#found;
  }

  /**
   * What a `$dynamicRef` leads to if nothing around it says otherwise, and whether anything could: where it is read
   * alone, it is a `$ref`.
   *
   * @see {@link https://json-schema.org/draft/2020-12/json-schema-core#section-8.2.3.2 | JSON Schema, 8.2.3.2}
   */
  followDynamic(node: Node): { readonly target: Node; readonly isCertain: boolean } | undefined {
    const reference = node.text('$dynamicRef') as string;
    const target = this.#target(reference, node);
    if (!target) {
      this.#problems.warn(
        `The $dynamicRef ${JSON.stringify(reference)} leads nowhere.`,
        'Anything is taken there.',
        node,
      );
      return undefined;
    }
    const name = splitReference(reference)[1];
    const isDynamic = target.text('$dynamicAnchor') === name;
    return { target, isCertain: !isDynamic || this.#resources.countOfDynamic(name) === 1 };
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
    const { isDeclared, uri: base } = this.#resources.around(from);
    const known = this.#resourceOf(file, from);
    const uri = resolved(file, base) ?? file;
    const place = isDeclared || isName(file) ? (locationOfUri(uri) ?? uri) : locationOf(file, from.file);
    const { reason, isForbidden } = this.#unread.get(place) ?? {
      reason: known ? `leads nowhere: ${nameOf(known)} has no #${fragment}` : 'leads nowhere',
      isForbidden: false,
    };
    const shown = isDeclared && !known ? `${JSON.stringify(reference)} (${uri})` : JSON.stringify(reference);
    const message = `The reference ${shown} ${reason}.`;
    // What goes by a URI that the document gives need not be where anything can be read.
    if (isForbidden || isDeclared || known?.isDeclared || isName(file))
      this.#problems.warn(message, 'Anything is taken there.', from);
    else this.#problems.error(message, from);
  }

  #target(reference: string, from: Node): Node | undefined {
    const resource = this.#resources.around(from);
    const known = this.#targets.get(resource) ?? new Map<string, Node | undefined>();
    this.#targets.set(resource, known);
    // Most references lead where others have led before.
    if (known.has(reference)) return known.get(reference);
    const [file, fragment] = splitReference(reference);
    const source = this.#resourceOf(file, from);
    const target = source && (within(source, fragment) ?? this.#inFileOf(source, fragment, reference, from));
    known.set(reference, target);
    return target;
  }

  /** By its URI; else, as if there were no `$id`, by its place beside the file that refers to it. */
  #resourceOf(file: string, from: Node): Resource | undefined {
    const resource = this.#resources.around(from);
    if (file === '') return resource;
    const uri = resolved(file, resource.uri);
    const named = uri === undefined ? undefined : this.#resources.get(uri);
    if (named) return named;
    const places = [uri === undefined ? undefined : locationOfUri(uri), locationOf(file, from.file)];
    // Where nothing is declared, the second is all there is.
    for (const place of resource.isDeclared ? places : places.slice(1)) {
      const read = place === undefined ? undefined : this.#files.get(place);
      if (read) return this.#resources.wholeOf(read);
    }
    return undefined;
  }

  /** Many who write an `$id` still count from the beginning of the file; of components nothing else can be meant. */
  #inFileOf({ root }: Resource, fragment: string, reference: string, from: Node): Node | undefined {
    const target = fragment.startsWith('/')
      ? at(new Node(root.file.value, root.file), fragment)
      : this.#resources.anchorIn(root.file, fragment);
    if (target && !fragment.startsWith('/components/'))
      this.#problems.warn(
        `The reference ${JSON.stringify(reference)} leads nowhere within the \`$id\` that it counts from.`,
        'It is taken for one within the file.',
        from,
      );
    return target;
  }
}

const nameOf = ({ isDeclared, uri, root }: Resource): string => (isDeclared ? uri : root.file.name);

/** Whether anything stands beside a reference. */
const hasMore = ({ value }: Node): boolean => Object.keys(value as object).length > 1;

/** So many references may lead to each other before one leads to something else. */
const maxReferences = 100;

const splitReference = (reference: string): [string, string] => {
  const hash = reference.indexOf('#');
  return hash === -1 ? [reference, ''] : [reference.slice(0, hash), reference.slice(hash + 1)];
};

/** `urn:example:user` and its like name something, and say of no place. */
const isName = (file: string): boolean => /^[a-z][a-z\d+.-]+:/i.test(file) && !isUrl(file);

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

/** By JSON Pointer, or by an anchor of that name. */
function within({ root, anchors }: Resource, fragment: string): Node | undefined {
  return fragment === '' || fragment.startsWith('/') ? at(root, fragment) : anchors.get(fragment);
}

function at(root: Node, pointer: string): Node | undefined {
  let node: Node | undefined = root;
  for (const part of pointer.split('/').slice(1))
    node = node?.get(unescaped(part).replaceAll('~1', '/').replaceAll('~0', '~'));
  return node;
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
    const resources = new Resources();
    const onNetwork = new Set<string>();
    for (let fresh = [root]; fresh.length > 0; ) {
      for (const file of fresh) resources.add(file);
      const wanted = new Set(fresh.flatMap(file => [...fileReferencesIn(file, resources)]));
      for (const location of wanted) if (isUrl(location)) onNetwork.add(location);
      fresh = await this.#readAll([...wanted].filter(location => !isUrl(location)));
      if (fresh.length > 0) continue;
      // What is at hand under its URI is not fetched.
      fresh = await this.#readAll([...onNetwork].filter(location => !resources.get(location)));
      onNetwork.clear();
    }
    return root;
  }

  async #readAll(locations: readonly string[]): Promise<SourceFile[]> {
    const read = await Promise.all(locations.map(location => this.#readReferred(location)));
    const files = read.filter(file => file !== undefined);
    for (const file of files) this.files.set(file.location, file);
    return files;
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
function* fileReferencesIn(file: SourceFile, resources: Resources): Generator<string> {
  if (typeof file.value !== 'object' || file.value === null) return;
  const open = [new Node(file.value, file)];
  for (let node = open.pop(); node; node = open.pop()) {
    for (const keyword of ['$ref', '$dynamicRef']) {
      const reference = node.text(keyword);
      if (reference === undefined || reference.startsWith('#')) continue;
      const [path] = splitReference(reference);
      const { isDeclared, uri } = resources.around(node);
      const declared = isDeclared ? resolved(path, uri) : undefined;
      const location = declared === undefined ? undefined : locationOfUri(declared);
      if (location !== undefined) yield location;
      if (!isName(path)) yield locationOf(path, file);
    }
    // What is in no object and no list has no references: it is not worth a node.
    const members = node.value as Record<string, unknown>;
    for (const key of Object.keys(members)) {
      const member = members[key];
      if (typeof member === 'object' && member !== null) open.push(new Node(member, file, node, key));
    }
  }
}
