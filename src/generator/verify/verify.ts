/** Proves that the types of an output are those of its schemas. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { GenerationError } from '../open-document.ts';
import { type Diagnostic, diagnosticsOf, findCompiler } from './compiler.ts';
import { joined } from './join.ts';
import { type Assertion, opened, probeOf } from './probe.ts';

/** What does not hold. */
export interface Disagreement {
  /** The schema; undefined where something else does not compile. */
  readonly name: string | undefined;
  readonly message: string;
}

export interface VerifyResult {
  /** How many schemas have been looked at. */
  readonly schemas: number;
  /** None, if all is as it should be. */
  readonly disagreements: readonly Disagreement[];
}

/**
 * Has the compiler compare each schema of an output with the type beside it, which it otherwise never does.
 *
 * Needs `typescript` in the project. For a large document it takes as long as it takes to infer all types, and that
 * much memory: it is for a build now and then.
 *
 * @param output - a folder that `generate` has written.
 * @throws GenerationError if there is no compiler, or no output.
 */
export async function verify(output: string): Promise<VerifyResult> {
  const compiler = await findCompiler(output);
  const sources = await sourcesIn(output);
  const modules = sources.map(({ name, text }) => ({ name, ...opened(`./${name}.js`, text) }));
  const schemas = modules.flatMap(module => module.schemas);
  const probe = probeOf(schemas);
  const target = resolve(output);
  // Beside the output, where the packages are found that it imports.
  const folder = await mkdtemp(join(dirname(target), `.${basename(target)}-verify-`));
  try {
    for (const { name, text } of modules) await writeFile(join(folder, `${name}.ts`), text);
    await writeFile(join(folder, probeFile), probe.text);
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project(sources)));
    const diagnostics = await diagnosticsOf(compiler, folder);
    return {
      schemas: schemas.length,
      disagreements: disagreementsIn(diagnostics, probe.assertions, sources),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** No tag has a file of this name. */
const probeFile = '$probe.ts';

const project = (sources: readonly Source[]) => ({
  compilerOptions: {
    target: 'ES2022',
    lib: ['ESNext', 'DOM', 'DOM.Iterable'],
    module: 'ESNext',
    moduleResolution: 'bundler',
    types: [],
    strict: true,
    // In JavaScript, functions within functions have no types.
    noImplicitAny: sources.every(({ file }) => file.endsWith('.ts')),
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  },
  files: [...sources.map(({ name }) => `${name}.ts`), probeFile],
});

/** A module of an output, as TypeScript. */
interface Source {
  readonly name: string;
  readonly text: string;
  /** The file with its code. */
  readonly file: string;
}

async function sourcesIn(output: string): Promise<Source[]> {
  const names = new Set(await readdir(output).catch(() => []));
  const read = (file: string) => readFile(join(output, file), 'utf8');
  const sources = [...names].sort().map(async (file): Promise<Source[]> => {
    if (file.endsWith('.d.ts')) {
      const name = file.slice(0, -'.d.ts'.length);
      const code = `${name}.js`;
      return names.has(code) ? [{ name, file: code, text: joined(await read(code), await read(file)) }] : [];
    }
    return file.endsWith('.ts') ? [{ name: file.slice(0, -'.ts'.length), file, text: await read(file) }] : [];
  });
  const all = (await Promise.all(sources)).flat();
  if (all.length === 0) throw new GenerationError(`${output} has nothing to verify.`);
  return all;
}

const meaning = {
  output: 'Its schema lets pass what its type does not allow.',
  type: 'Its type allows what its schema never gives.',
} as const;

const disagreementsIn = (
  diagnostics: readonly Diagnostic[],
  assertions: ReadonlyMap<number, Assertion>,
  sources: readonly Source[],
): Disagreement[] =>
  diagnostics.map(({ file, line, message }) => {
    const assertion = basename(file) === probeFile ? assertions.get(line) : undefined;
    if (assertion) return { name: assertion.name, message: `${meaning[assertion.kind]}\n  ${message}` };
    const source = sources.find(({ name }) => `${name}.ts` === basename(file));
    return { name: undefined, message: `${source?.file ?? basename(file)} does not compile: ${message}` };
  });
