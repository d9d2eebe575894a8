/** Functions that a module declares once, for what zod counts or compares otherwise than JSON Schema. */
import type { Declaration } from '../schemas.ts';

export type HelperName = 'areDistinct';

const helpers: Readonly<Record<HelperName, readonly string[]>> = {
  areDistinct: [
    '/** Whether no two items are equal, in whatever order their members are. */',
    'export const NAME = (items: readonly unknown[]): boolean => {',
    '  const ordered = (_: string, part: unknown): unknown => {',
    "    if (typeof part === 'bigint') return part.toString();",
    "    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;",
    '    return Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)));',
    '  };',
    '  return new Set(items.map(item => JSON.stringify(item, ordered))).size === items.length;',
    '};',
  ],
};

/** Those that are used, under the names that they have there. */
export const helperDeclarations = (used: ReadonlyMap<HelperName, string>): Declaration[] =>
  [...used].map(([helper, name]) => ({
    name,
    code: helpers[helper].map(line => line.replace('NAME', name)).join('\n'),
    needs: new Set<string>(),
  }));
