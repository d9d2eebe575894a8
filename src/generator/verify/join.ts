/** A `.js` and the `.d.ts` beside it as the one module in TypeScript that they would be. */

/** Imports, which are between the first line and a blank one, and the statements behind them. */
interface Parts {
  readonly header: string;
  readonly imports: readonly string[];
  readonly statements: readonly string[];
}

/** What is printed has a blank line between two statements, and none within one. */
function partsOf(text: string): Parts {
  const [head = '', ...statements] = text.trimEnd().split('\n\n');
  const [header = '', ...imports] = head.split(/\n(?=import )/);
  return { header, imports, statements };
}

/** Each value with the type that is declared for it. */
export function joined(code: string, declarations: string): string {
  const [run, declared] = [partsOf(code), partsOf(declarations)];
  const values = new Map<string, string>();
  for (const statement of run.statements) {
    const [, name, value] = /^export const ([\p{L}\p{N}_]+) (=[\s\S]*)$/u.exec(statement) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, typed(value));
  }
  const statements = declared.statements.map(statement =>
    statement.replace(
      /^export declare const ([\p{L}\p{N}_]+)(: [\s\S]*);$/mu,
      // What is declared and not there is undefined at run time as well.
      (_, name, type) => `export const ${name}${type} ${values.get(name) ?? '= undefined;'}`,
    ),
  );
  const imports = joinedImports([...run.imports, ...declared.imports]);
  return `${[declared.header, ...imports].join('\n')}\n\n${statements.join('\n\n')}\n`;
}

/** What a rule hands on has been looked at by another schema, which its type does not say. */
const typed = (value: string): string =>
  value.replaceAll(
    /\.safeEncode\((\w+|Reflect\.get\(value, (?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")\))\)/g,
    '.safeEncode($1 as never)',
  );

/** A name that one half needs as a type and the other as a value is imported once. */
function joinedImports(imports: readonly string[]): string[] {
  const byModule = new Map<string, Set<string>>();
  for (const one of imports) {
    const [, names = '', module = ''] = /^import (?:type )?\{([\s\S]*)\} from '([^']*)';$/.exec(one) ?? [];
    const known = byModule.get(module) ?? new Set();
    byModule.set(module, known);
    for (const name of names.split(',').map(each => each.trim())) if (name !== '') known.add(name);
  }
  return [...byModule].map(([module, names]) => `import { ${[...names].join(', ')} } from '${module}';`);
}
