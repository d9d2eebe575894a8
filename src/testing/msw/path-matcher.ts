/** Which of the paths below a base URL are of an endpoint, and what stands in the place of its parameters. */
import type { ResolvedStyle } from '../../contract/parameter-style.ts';
import { parseTemplate, type TemplatePart } from '../../contract/path-template.ts';

/** What stands in the place of each parameter, encoded as it is; undefined for the path of another endpoint. */
export type PathMatcher = (path: string) => Readonly<Record<string, string>> | undefined;

export function pathMatcher(template: string, styleOf: (name: string) => ResolvedStyle): PathMatcher {
  const parts = parseTemplate(template);
  const names = parts.flatMap(({ name }) => name ?? []);
  const pattern = new RegExp(`^${parts.map(part => patternOf(part, styleOf)).join('')}$`);
  return path => {
    const found = pattern.exec(path);
    return found
      ? Object.fromEntries(names.map((name, index) => [name, found[index + 1] as string]))
      : undefined;
  };
}

/** No value holds a slash: it is encoded in all styles. */
function patternOf({ literal, name }: TemplatePart, styleOf: (name: string) => ResolvedStyle): string {
  if (literal !== undefined) return literal.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const { style } = styleOf(name);
  if (style === 'label') return '(\\.[^/]*)';
  return style === 'matrix' ? '(;[^/]*)' : '([^/]+)';
}

/**
 * Sorts templates so that the first that matches is the one that is meant: a text that stands for itself comes before a
 * parameter in the same place.
 *
 * @see {@link https://spec.openapis.org/oas/v3.1.1.html#path-templating-matching | OpenAPI 3.1, path templating matching}
 */
export function compareTemplates(one: string, other: string): number {
  const [first, second] = [sortKey(one), sortKey(other)];
  if (first === second) return 0;
  return first < second ? -1 : 1;
}

/** Parameters sort after every text, and the end of a template after both: `/{name}.json` before `/{name}`. */
const sortKey = (template: string): string => `${template.replaceAll(/\{[^}]+\}/g, '\ufffe')}\uffff`;
