/**
 * What of the files goes by a URI of its own, and what is found within it.
 *
 * @see {@link https://json-schema.org/draft/2020-12/json-schema-core#section-8.2 | JSON Schema, 8.2}, and
 * {@link https://spec.openapis.org/oas/v3.2.0#establishing-the-base-uri | OpenAPI 3.2, the base URI}
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Node } from './node.ts';
import type { SourceFile } from './source-file.ts';

/** A file, or a schema in one that has an `$id`. */
export interface Resource {
  readonly root: Node;
  readonly uri: string;
  /** Whether the document gives the URI, and not the place that it was read from. */
  readonly isDeclared: boolean;
  /** By their names, without those of resources within this one. */
  readonly anchors: ReadonlyMap<string, Node>;
}

interface Contents {
  readonly whole: Resource;
  /** By the values of the schemas that have an `$id`. */
  readonly inner: ReadonlyMap<unknown, Resource>;
}

export class Resources {
  readonly #declared = new Map<string, Resource>();
  readonly #contents = new Map<SourceFile, Contents>();
  readonly #dynamic = new Map<string, number>();

  add(file: SourceFile): void {
    const root = new Node(file.value, file);
    if (!marks.test(file.text)) {
      const whole = { root, uri: uriOf(file.location), isDeclared: false, anchors: new Map() };
      this.#contents.set(file, { whole, inner: new Map() });
      return;
    }
    const inner = new Map<unknown, Resource>();
    const open = [{ node: root, around: undefined as Draft | undefined }];
    for (let next = open.pop(); next; next = open.pop()) {
      const { node } = next;
      const own = this.#resourceAt(node, next.around);
      if (own !== next.around) inner.set(node.value, own);
      for (const keyword of ['$anchor', '$dynamicAnchor', '$id'] as const) {
        const name = node.text(keyword)?.replace(keyword === '$id' ? /^#/ : '', '');
        if (name === undefined || (keyword === '$id' && !isAnchor(node.text('$id')))) continue;
        if (!own.anchors.has(name)) own.anchors.set(name, node);
        if (keyword === '$dynamicAnchor') this.#dynamic.set(name, (this.#dynamic.get(name) ?? 0) + 1);
      }
      for (const part of partsOf(node).reverse()) open.push({ node: part, around: own });
    }
    this.#contents.set(file, { whole: inner.get(file.value) as Resource, inner });
  }

  #resourceAt(node: Node, around: Draft | undefined): Draft {
    const said = around ? undefined : node.text('$self');
    const given = said ?? (isAnchor(node.text('$id')) ? undefined : node.text('$id'));
    const uri = given === undefined ? undefined : resolved(given, around?.uri ?? uriOf(node.file.location));
    if (uri === undefined)
      return around ?? { root: node, uri: uriOf(node.file.location), isDeclared: false, anchors: new Map() };
    const resource: Draft = { root: node, uri, isDeclared: true, anchors: new Map() };
    if (!this.#declared.has(uri)) this.#declared.set(uri, resource);
    return resource;
  }

  /** What goes by a URI that the document gives to it. */
  get(uri: string): Resource | undefined {
    return this.#declared.get(uri);
  }

  wholeOf(file: SourceFile): Resource {
    return (this.#contents.get(file) as Contents).whole;
  }

  /** The innermost that a part is in. */
  around(part: Node): Resource {
    const { whole, inner } = this.#contents.get(part.file) as Contents;
    if (inner.size > 0)
      for (let node: Node | undefined = part; node; node = node.around) {
        const resource = inner.get(node.value);
        if (resource) return resource;
      }
    return whole;
  }

  /** An anchor of the name, in whatever resource of a file. */
  anchorIn(file: SourceFile, name: string): Node | undefined {
    const { whole, inner } = this.#contents.get(file) as Contents;
    for (const { anchors } of [whole, ...inner.values()]) {
      const node = anchors.get(name);
      if (node) return node;
    }
    return undefined;
  }

  /** How many schemas a `$dynamicRef` to a name might mean. */
  countOfDynamic(name: string): number {
    return this.#dynamic.get(name) ?? 0;
  }
}

type Draft = Resource & { readonly anchors: Map<string, Node> };

const marks = /\$(?:id|self|anchor|dynamicAnchor)\b/;

/** In older drafts, an anchor is an `$id` of a fragment alone. */
const isAnchor = (id: string | undefined): boolean => id?.startsWith('#') === true;

/** A reference, without its fragment, by the URI that it stands in; undefined where the two come to none. */
export function resolved(reference: string, base: string): string | undefined {
  if (!URL.canParse(reference, base)) return undefined;
  const url = new URL(reference, base);
  url.hash = '';
  return url.href;
}

export const isUrl = (location: string): boolean => /^https?:\/\//.test(location);

export const uriOf = (location: string): string =>
  isUrl(location) ? location : pathToFileURL(location).href;

/** Where a URI may be read; undefined for a mere name, such as `urn:example:user`. */
export function locationOfUri(uri: string): string | undefined {
  if (isUrl(uri)) return uri;
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}

/** Their members have names of the document's own. */
const maps = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'schemas'];

/** What stands there is a value, and no schema. */
const values = ['example', 'examples', 'default', 'enum', 'const'];

const partsOf = (node: Node): Node[] => {
  const parts = [...node.items(), ...node.members().map(([, member]) => member)];
  const isMap = maps.includes(String(node.key));
  return parts.filter(
    ({ value, key }) =>
      typeof value === 'object' && value !== null && (isMap || !values.includes(String(key))),
  );
};
