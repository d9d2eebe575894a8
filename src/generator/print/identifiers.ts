/** Which names a piece of code uses: comments, texts and members aside. */

const TOKEN =
  /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<=[(,=:[]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/\w*|(\.?)([\p{ID_Start}$_][\p{ID_Continue}$]*)(?![\p{ID_Continue}$]|\??:)/gu;

export function identifiersOf(code: string): Set<string> {
  const names = new Set<string>();
  for (const [, dot, name] of code.matchAll(TOKEN)) if (name !== undefined && dot === '') names.add(name);
  return names;
}

/** Up to so many are looked for one by one faster than a statement is taken apart. */
const fewNames = 30;

/**
 * Which of some names the statements of a module use. Of a large module most statements have nothing to add: what is
 * known already, or is no word in them at all, is not looked for.
 */
export function usedIn(statements: readonly string[], names: Iterable<string>): Set<string> {
  const used = new Set<string>();
  const open = new Set(names);
  for (const statement of statements) {
    if (open.size <= fewNames && ![...open].some(name => statement.includes(name))) continue;
    for (const name of identifiersOf(statement)) if (open.delete(name)) used.add(name);
  }
  return used;
}
