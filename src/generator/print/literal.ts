/** The one place where what a document says becomes code. Whatever it is, it comes out as a value, never as more. */
import { braces, type Layout, list } from './layout.ts';

/** A text, in the quotes that need fewer escapes. */
export function textLiteral(text: string): string {
  // Most texts are plain; this is asked for each of them.
  if (/^[\w ./:#-]*$/.test(text)) return `'${text}'`;
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    // Ends a line to some readers, or turns the direction of what is read: shown for what it is.
    .replace(/[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, escapeOf);
  const count = (quote: string): number => text.split(quote).length - 1;
  if (count("'") > count('"')) return `"${escaped}"`;
  return `'${escaped.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

const escapeOf = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** @throws TypeError for what is no finite number, whatever its type says. */
export function numberLiteral(value: number): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('not a finite number');
  return String(value).replace('e+', 'e');
}

/** The name of a member. Quotes only where it needs them. */
export const keyLiteral = (name: string): string =>
  /^[a-z_]\w*$/i.test(name) || /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : textLiteral(name);

/** A value of JSON. */
export function jsonLiteral(value: unknown): Layout {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return textLiteral(value);
  if (typeof value === 'number') return numberLiteral(value);
  if (Array.isArray(value)) return list('[', value.map(jsonLiteral), ']');
  if (typeof value !== 'object') throw new TypeError(`no value of JSON: ${typeof value}`);
  return braces(
    Object.entries(value).map(([name, member]) => [
      // Not computed, this name would set the prototype.
      name === '__proto__' ? "['__proto__']: " : `${keyLiteral(name)}: `,
      jsonLiteral(member),
    ]),
  );
}

/**
 * A pattern: a literal where it is one of Unicode, which compilers read as engines do; else made at run time.
 */
export function patternLiteral({ source, flags }: RegExp): string {
  if (flags === 'u' && isPlain(source)) return `/${source}/u`;
  return flags === ''
    ? `new RegExp(${textLiteral(source)})`
    : `new RegExp(${textLiteral(source)}, '${flags}')`;
}

/** Without anything that has no shape of its own in a source file. */
const isPlain = (source: string): boolean => /^[\x20-\x7e]+$/.test(source);

/** Lines of a comment in TSDoc. None, if there is nothing to say. */
export function comment(lines: readonly string[]): Layout[] {
  // The end of the comment must be ours.
  const safe = lines.map(text =>
    text
      .replaceAll('*/', '*\\/')
      .replace(
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
        '',
      ),
  );
  const [only, ...more] = safe;
  if (only === undefined) return [];
  if (more.length === 0 && only.length < 100) return [`/** ${only} */`];
  return ['/**', ...safe.map(text => ` * ${text}`.trimEnd()), ' */'];
}
