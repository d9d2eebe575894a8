/** `Link` header fields (RFC 8288), which name other resources by what they are to this one. */

/** One of a field. */
export interface Link {
  /** As it stands there, and so perhaps relative. */
  readonly target: string;
  /** In lower case: they are compared without regard to it. */
  readonly relations: readonly string[];
  /** What the link is about, if that is something else than what the response is of. */
  readonly anchor: string | undefined;
}

const TARGET = /[\s,]*<([^>]*)>\s*/y;
/** A name, and perhaps a value: a quotation, or whatever stands before the next separator. */
const PARAMETER = /;\s*([^\s=;,"<]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,"<]*))\s*)?/y;
const END = /[\s,]*$/y;

/**
 * The links of a header field; undefined if that is malformed, so that nobody takes one that is there for missing.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8288#appendix-B.2 | RFC 8288, parsing a link field value}
 */
export function readLinks(field: string): readonly Link[] | undefined {
  const links: Link[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    if (match) at = pattern.lastIndex;
    return match;
  };
  while (!take(END)) {
    const [, target] = take(TARGET) ?? [];
    if (target === undefined) return undefined;
    const parameters = new Map<string, string>();
    for (let match = take(PARAMETER); match; match = take(PARAMETER)) {
      const [, name = '', quoted, bare = ''] = match;
      const key = name.toLowerCase();
      // RFC 8288 §3.3: of several, the first counts.
      if (!parameters.has(key)) parameters.set(key, quoted?.replaceAll(/\\(.)/g, '$1') ?? bare.trim());
    }
    if (at < field.length && field[at] !== ',') return undefined;
    const relations = (parameters.get('rel') ?? '').toLowerCase().split(/\s+/);
    links.push({ target, relations: relations.filter(Boolean), anchor: parameters.get('anchor') });
  }
  return links;
}
