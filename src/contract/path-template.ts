/** Path templates, such as `/users/{id}`: read once, at definition. */

/** A piece of a template: the name of a parameter, which stands in braces, or text that stands for itself. */
export type TemplatePart =
  | { readonly literal: string; readonly name?: undefined }
  | { readonly name: string; readonly literal?: undefined };

/** @throws TypeError for what is no path, or could lead a request elsewhere than below its base URL. */
export function parseTemplate(path: string): TemplatePart[] {
  const obstacle = obstacleIn(path);
  if (obstacle) throw new TypeError(`\`path\` ${obstacle}, got ${JSON.stringify(path)}.`);
  const pieces = path.matchAll(/\{(?<name>[^{}]+)\}|[^{}]+/g);
  const parts = Array.from(pieces, ({ 0: piece, groups }) =>
    groups?.name === undefined ? { literal: encodeLiteral(piece) } : { name: groups.name },
  );
  const names = parts.flatMap(({ name }) => name ?? []);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new TypeError(`\`path\` names {${twice}} twice: ${JSON.stringify(path)}.`);
  return parts;
}

function obstacleIn(path: unknown): string | undefined {
  if (typeof path !== 'string' || !path.startsWith('/')) return 'should begin with a slash';
  if (path.startsWith('//')) return 'should begin with one slash, since two begin another host';
  if (/[?#]/.test(path)) return 'should have neither a query nor a fragment (declare `query`)';
  if (/[\\\s\u0000-\u001f\u007f]/.test(path)) return 'should have neither spaces nor backslashes';
  if (!path.isWellFormed()) return 'should have no half of a surrogate pair';
  if (/%(?![0-9a-f]{2})/i.test(path)) return 'should have its percent signs encoded as %25';
  if (!/^(?:[^{}]|\{[^{}/]+\})*$/.test(path))
    return 'should have its braces in pairs, with a name between them';
  if (dotSegmentIn(path)) return 'should have no segment `.` or `..`';
  return undefined;
}

/** The first segment that URL parsers take for this folder or the one above, encoded or not. */
export const dotSegmentIn = (path: string): string | undefined => DOT_SEGMENT.exec(path)?.[1];

const DOT_SEGMENT = /\/((?:\.|%2e){1,2})(?=\/|$)/i;

/** What a path cannot hold as it is (RFC 3986 §3.3); what is encoded already stays. */
const encodeLiteral = (piece: string): string => piece.replace(/[^!-~]|["<>^`|]/gu, encodeURIComponent);
