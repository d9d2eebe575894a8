/** Which names a piece of code uses: comments, texts and members aside. */

const TOKEN =
  /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<=[(,=:[]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/\w*|(\.?)([\p{ID_Start}$_][\p{ID_Continue}$]*)(?![\p{ID_Continue}$]|\??:)/gu;

export function identifiersOf(code: string): Set<string> {
  const names = new Set<string>();
  for (const [, dot, name] of code.matchAll(TOKEN)) if (name !== undefined && dot === '') names.add(name);
  return names;
}
