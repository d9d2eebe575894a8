/**
 * The TypeScript compiler, for tests that ask it about code. What several programs of a test file have in common, the
 * library of the language above all, is parsed once.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The options of this repository. */
export function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  return ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root).options;
}

/** A program of files, some of which are only said to be there: `virtual` has their texts. */
export function programOf(
  files: readonly string[],
  options: ts.CompilerOptions,
  virtual: ReadonlyMap<string, string> = new Map(),
): ts.Program {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = file => virtual.has(file) || fileExists(file);
  host.readFile = file => virtual.get(file) ?? readFile(file);
  const parse = parserFor(options);
  host.getSourceFile = (file, language) => {
    const text = host.readFile(file);
    return text === undefined ? undefined : parse(file, text, language);
  };
  return ts.createProgram([...files], options, host);
}

/**
 * What the compiler says of a program, but for our own sources in it: they are the same in every program, and `npm run
 * types` says what there is to say of them.
 */
export function diagnosticsOf(program: ts.Program): readonly ts.Diagnostic[] {
  const files = program.getSourceFiles().filter(({ fileName }) => !fileName.startsWith(join(root, 'src/')));
  return ts.sortAndDeduplicateDiagnostics(files.flatMap(file => ts.getPreEmitDiagnostics(program, file)));
}

type Parse = (
  file: string,
  text: string,
  language: ts.ScriptTarget | ts.CreateSourceFileOptions,
) => ts.SourceFile;

const parsers = new Map<string, Parse>();

/** The compiler keeps in a parsed file what it finds out by its options, so that no file is shared beyond them. */
function parserFor(options: ts.CompilerOptions): Parse {
  const key = JSON.stringify(options);
  const parser = parsers.get(key) ?? newParser();
  parsers.set(key, parser);
  return parser;
}

function newParser(): Parse {
  const known = new Map<string, ts.SourceFile>();
  return (file, text, language) => {
    const before = known.get(file);
    if (before?.text === text) return before;
    const source = ts.createSourceFile(file, text, language);
    known.set(file, source);
    return source;
  };
}
