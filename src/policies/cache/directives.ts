/** `Cache-Control`, read. */

/** By name in lower case; `true` for one without a value. */
export type Directives = ReadonlyMap<string, string | true>;

const none: Directives = new Map();

/** A name and, right behind an equals sign, a token or a quoted string. What is neither ends at the next comma. */
const DIRECTIVE = /\s*([^\s,="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^,"]*)))?[^,]*(?:,|$)/y;

/**
 * Of several values for one directive the first counts; but whatever is said without a value is said of all, and lists of
 * fields add up.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1 | RFC 9111 §4.2.1}
 */
export function parseDirectives(field: string | null | undefined): Directives {
  if (!field) return none;
  const directives = new Map<string, string | true>();
  const pattern = new RegExp(DIRECTIVE);
  for (let index = 0; index < field.length; index = pattern.lastIndex) {
    pattern.lastIndex = index;
    const match = pattern.exec(field);
    if (!match) {
      // An empty item, or one that begins with what is no name.
      const comma = field.indexOf(',', index);
      if (comma === -1) break;
      pattern.lastIndex = comma + 1;
      continue;
    }
    const name = (match[1] as string).toLowerCase();
    const value = match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3]?.trim() ?? true;
    const known = directives.get(name);
    directives.set(name, known === undefined ? value : both(name, known, value));
  }
  return directives;
}

/** They may name the fields that they are about. */
const namesFields = (name: string): boolean => name === 'no-cache' || name === 'private';

function both(name: string, first: string | true, second: string | true): string | true {
  if (first === true || second === true) return true;
  return namesFields(name) ? `${first},${second}` : first;
}

/** The fields, in lower case, that a directive is about and not the whole answer (RFC 9111 §5.2.2.4, §5.2.2.7). */
export function fieldsOf(directives: Directives, name: 'no-cache' | 'private'): string[] {
  const value = directives.get(name);
  return typeof value === 'string' ? listed(value) : [];
}

/** The names in a field that lists names, in lower case. */
export const listed = (field: string | null): string[] =>
  field === null
    ? []
    : field
        .toLowerCase()
        .split(',')
        .map(name => name.trim())
        .filter(name => name !== '');

/** 2^31: what is larger is as good as that. */
const MAX_SECONDS = 2_147_483_648;

/**
 * A directive's seconds, in milliseconds; 0 for what is not a number of seconds, undefined for what is not there.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9111#section-1.2.2 | RFC 9111 §1.2.2}
 */
export function milliseconds(directives: Directives, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  return typeof value === 'string' && /^\d+$/.test(value) ? Math.min(Number(value), MAX_SECONDS) * 1_000 : 0;
}
