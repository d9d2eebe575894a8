/**
 * The public API as it is built: each entry point with the declarations of its names, and of what they name in turn.
 * `node scripts/public-api.ts --write` puts it into `test/api/`, where a test compares it with what is built.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = join(root, 'test/api');

/** Reports by the name of their file. */
export function reports(): Map<string, string> {
  const doors = typedDoors();
  const program = ts.createProgram(Object.values(doors), {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    noEmit: true,
    skipLibCheck: true,
  });
  // What the main entry names is told there, and nowhere again.
  const told = new Set<ts.Symbol>();
  const texts = Object.entries(doors).map(([door, file]): [string, string] => {
    const name = door === '.' ? 'holdfast' : `holdfast${door.slice(1)}`;
    return [`${name.replaceAll('/', '-')}.api.md`, report(name, surfaceOf(file, program), told)];
  });
  return new Map(texts);
}

/** What is checked in. */
export function recorded(): Map<string, string> {
  const files = globSync('*.api.md', { cwd: folder });
  return new Map(files.map(file => [file, readFileSync(join(folder, file), 'utf8')]));
}

function typedDoors(): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const typed = Object.entries<{ types?: string }>(exports).filter(([, { types }]) => types);
  return Object.fromEntries(typed.map(([door, { types }]) => [door, resolve(root, types!)]));
}

/** What a module exports, by name, and what its declarations name in turn. */
interface Surface {
  readonly exported: ReadonlyMap<ts.Symbol, string>;
  readonly reached: ReadonlySet<ts.Symbol>;
}

function surfaceOf(file: string, program: ts.Program): Surface {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!);
  const exported = new Map<ts.Symbol, string>();
  for (const symbol of module ? checker.getExportsOfModule(module) : [])
    exported.set(resolved(symbol, checker), symbol.name);
  const reached = new Set(exported.keys());
  for (const symbol of reached) for (const other of namedBy(symbol, checker)) reached.add(other);
  return { exported, reached };
}

/** @param told - what the first report has told. */
function report(name: string, { exported, reached }: Surface, told: Set<ts.Symbol>): string {
  const inner = [...reached].filter(symbol => !exported.has(symbol) && !told.has(symbol));
  if (told.size === 0) for (const symbol of reached) told.add(symbol);
  return [
    `# ${name}`,
    'Written by `npm run api`.',
    section([...exported].map(([symbol, name]) => declared(symbol, name))),
    ...(inner.length > 0
      ? ['## Named by these, and not exported', section(inner.map(symbol => declared(symbol, symbol.name)))]
      : []),
    '',
  ].join('\n\n');
}

const section = (declarations: readonly string[]): string =>
  declarations.length === 0
    ? 'Exports nothing: it is imported for what it does.'
    : `\`\`\`ts\n${declarations.toSorted().join('\n\n')}\n\`\`\``;

const resolved = (symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

/** Ours are those that were built; what comes from elsewhere has an API of its own. */
const ourDeclarations = (symbol: ts.Symbol): ts.Declaration[] =>
  (symbol.declarations ?? []).filter(node => node.getSourceFile().fileName.startsWith(join(root, 'dist/')));

const isTopLevel = (node: ts.Node): boolean =>
  ts.isSourceFile(node.parent) ||
  (ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent));

function namedBy(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol[] {
  const found: ts.Symbol[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const named = checker.getSymbolAtLocation(node);
      const target = named && resolved(named, checker);
      if (target && ourDeclarations(target).some(isTopLevel)) found.push(target);
    }
    ts.forEachChild(node, visit);
  };
  ourDeclarations(symbol).forEach(visit);
  return found;
}

const printer = ts.createPrinter({ removeComments: true });

function declared(symbol: ts.Symbol, name: string): string {
  const nodes = ourDeclarations(symbol);
  if (nodes.length === 0) return `export { ${name} } from elsewhere;`;
  const texts = nodes.map(node => {
    const whole = ts.isVariableDeclaration(node) ? node.parent.parent : node;
    const text = printer.printNode(ts.EmitHint.Unspecified, whole, node.getSourceFile());
    return text.replace(/^export /, '').replace(/^declare /, '');
  });
  const alias = name === symbol.name ? [] : [`// as ${name}`];
  return [...alias, ...texts].join('\n');
}

if (import.meta.main) {
  if (!process.argv.includes('--write')) throw new Error('Say what to do: --write');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of reports()) writeFileSync(join(folder, file), text);
}
