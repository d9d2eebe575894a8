/** Functions that a module declares once, for what zod counts or compares otherwise than JSON Schema. */
import { annotation, type Emit, parameter, printStatement, type Statement } from '../print/statement.ts';
import type { Declaration } from '../schemas.ts';

export type HelperName = 'areDistinct';

type Helper = Pick<Statement, 'docs' | 'type' | 'inferredBy' | 'value'>;

const helpers: Readonly<Record<HelperName, (emit: Emit) => Helper>> = {
  areDistinct: emit => ({
    docs: '/** Whether no two items are equal, in whatever order their members are. */\n',
    type: '(items: readonly unknown[]) => boolean',
    inferredBy: '',
    value: head => [
      head,
      ` ${parameter(emit, 'items', 'readonly unknown[]')}${annotation(emit, ': boolean')} => {\n`,
      `  const ordered = (_${annotation(emit, ': string')}, part${annotation(emit, ': unknown')})`,
      `${annotation(emit, ': unknown')} => {\n`,
      "    if (typeof part === 'bigint') return part.toString();\n",
      "    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;\n",
      '    return Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)));\n',
      '  };\n',
      '  return new Set(items.map(item => JSON.stringify(item, ordered))).size === items.length;\n',
      '}',
    ],
  }),
};

/** Those that are used, under the names that they have there. */
export const helperDeclarations = (used: ReadonlyMap<HelperName, string>, emit: Emit): Declaration[] =>
  [...used].map(([helper, name]) => ({
    name,
    code: printStatement({ name, ...helpers[helper](emit) }, emit),
    needs: new Set<string>(),
  }));
