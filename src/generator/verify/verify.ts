/** Proves that the types of an output are those of its schemas. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { GenerationError } from '../open-document.ts';
import { type Diagnostic, diagnosticsOf, findCompiler } from './compiler.ts';
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
  const modules = sources.map(([name, text]) => ({
    name,
    ...opened(`./${name.replace(/\.ts$/, '.js')}`, text),
  }));
  const schemas = modules.flatMap(module => module.schemas);
  const probe = probeOf(schemas);
  const target = resolve(output);
  // Beside the output, where the packages are found that it imports.
  const folder = await mkdtemp(join(dirname(target), `.${basename(target)}-verify-`));
  try {
    for (const { name, text } of modules) await writeFile(join(folder, name), text);
    await writeFile(join(folder, probeFile), probe.text);
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project(sources.map(([name]) => name))));
    const diagnostics = await diagnosticsOf(compiler, folder);
    return { schemas: schemas.length, disagreements: disagreementsIn(diagnostics, probe.assertions) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** No tag has a file of this name. */
const probeFile = '$probe.ts';

const project = (files: readonly string[]) => ({
  compilerOptions: {
    target: 'ES2022',
    lib: ['ESNext', 'DOM', 'DOM.Iterable'],
    module: 'ESNext',
    moduleResolution: 'bundler',
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  },
  files: [...files, probeFile],
});

async function sourcesIn(output: string): Promise<[name: string, text: string][]> {
  const names = await readdir(output).catch(() => []);
  const sources = names.filter(name => name.endsWith('.ts')).sort();
  if (sources.length === 0) throw new GenerationError(`${output} has nothing to verify.`);
  return Promise.all(
    sources.map(
      async (name): Promise<[string, string]> => [name, await readFile(join(output, name), 'utf8')],
    ),
  );
}

const meaning = {
  output: 'Its schema lets pass what its type does not allow.',
  type: 'Its type allows what its schema never gives.',
} as const;

const disagreementsIn = (
  diagnostics: readonly Diagnostic[],
  assertions: ReadonlyMap<number, Assertion>,
): Disagreement[] =>
  diagnostics.map(({ file, line, message }) => {
    const assertion = basename(file) === probeFile ? assertions.get(line) : undefined;
    if (assertion) return { name: assertion.name, message: `${meaning[assertion.kind]}\n  ${message}` };
    return { name: undefined, message: `${basename(file)} does not compile: ${message}` };
  });
