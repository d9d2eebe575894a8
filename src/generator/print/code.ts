/** Values of a document as code. Documents may be hostile: nothing of theirs reaches the output but through here. */

import { braces, group, indent, type Layout, line, list } from './layout.ts';
import { keyLiteral, numberLiteral, textLiteral } from './literal.ts';

/** Characters that end a line, hide, or turn the direction of writing: none stands in the output as itself. */
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/gu;

/** A text between the quotes of which it needs fewer escapes, as formatters choose them. */
export const quoted = (text: string): string => textLiteral(text);

/** The name of a member, in quotes where it needs them. Not computed, `__proto__` would set the prototype. */
export const propertyName = (name: string): string =>
  name === '__proto__' ? "['__proto__']" : keyLiteral(name);

/** A member of an object. A text that has no room goes to a line of its own. */
export const member = (name: string, value: Layout): Layout =>
  typeof value === 'string' && /^['"]/.test(value)
    ? [name, ':', group(indent(line, value))]
    : [name, ': ', value];

/** A value of JSON. */
export function literal(value: unknown): Layout {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' && Number.isFinite(value)) return numberLiteral(value);
  if (typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return list('[', value.map(literal), ']');
  if (typeof value !== 'object') return 'undefined';
  return braces(Object.entries(value).map(([name, one]) => member(propertyName(name), literal(one))));
}

/** The type that has that value alone. */
export function literalType(value: unknown): Layout {
  if (Array.isArray(value)) return list('[', value.map(literalType), ']');
  if (typeof value !== 'object' || value === null) return literal(value);
  const members = Object.entries(value).map(([name, one]) => member(propertyName(name), literalType(one)));
  return braces(members, ';');
}

/** Lines of a comment that nothing of the text can end. */
function commentLines(text: string): string[] {
  const safe = text
    .replace(/\r\n?/g, '\n')
    .replaceAll('*/', '*\\/')
    .replace(HIDDEN, character => (character === '\n' ? '\n' : character === '\t' ? '  ' : ''));
  return safe
    .trim()
    .split('\n')
    .map(one => one.trimEnd());
}

/** A comment for what stands below it, with a line break behind it; nothing if there is nothing to say. */
export function docComment(...paragraphs: readonly (string | undefined)[]): Layout {
  const said = paragraphs.filter(paragraph => paragraph !== undefined && paragraph.trim() !== '');
  const lines = commentLines((said as string[]).join('\n\n'));
  if (said.length === 0 || lines.join('') === '') return '';
  if (lines.length === 1) return [`/** ${lines[0]} */`, line];
  return ['/**', line, lines.map(one => [one === '' ? ' *' : ` * ${one}`, line]), ' */', line];
}

/** A description of the document, in which no line begins like a tag of TSDoc. */
export const prose = (text: string | undefined): string | undefined => text?.replace(/^(\s*)@/gm, '$1\\@');
