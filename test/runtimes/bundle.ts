/** Bundles test files with the small runner, for runtimes in which vitest does not run. */
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const entry = '\0entry';
const missing = '\0missing:';

export interface BundleOptions {
  /** Paths from the root of the repository. */
  readonly files: readonly string[];
  /** Export conditions of the runtime's own; undefined where the runtime finds the package by itself. */
  readonly conditions?: readonly string[] | undefined;
  /** Whether the runtime has Node's modules. */
  readonly hasBuiltins: boolean;
}

/** One module with everything in it that the runtime does not have. It exports `files`, by name, and `runFile`. */
export async function bundle({ files, conditions, hasBuiltins }: BundleOptions): Promise<string> {
  const loaders = files.map(file => {
    const path = JSON.stringify(here(`../../${file}`));
    return `${JSON.stringify(file)}: () => import(${path}),`;
  });
  // Many cases of one thing are tried elsewhere; here a few will do.
  const source = `import { configureGlobal } from 'fast-check';
configureGlobal({ numRuns: 10 });
export { runFile } from ${JSON.stringify(here('runner/vitest.ts'))};
export const files = {${loaders.join('\n')}};`;
  return build(source, conditions, hasBuiltins);
}

/** The worker that serves many requests. */
export const bundleWorker = (conditions: readonly string[]): Promise<string> =>
  build(`export { default } from ${JSON.stringify(here('suite/worker.ts'))};`, conditions, false);

async function build(
  source: string,
  conditions: readonly string[] | undefined,
  hasBuiltins: boolean,
): Promise<string> {
  const build = await rolldown({
    input: entry,
    platform: 'neutral',
    logLevel: 'silent',
    transform: { target: 'es2022' },
    external: conditions ? [] : [/^holdfast(?:\/|$)/],
    resolve: {
      conditionNames: [...(conditions ?? []), 'import', 'default'],
      mainFields: ['module', 'main'],
      alias: { vitest: here('runner/vitest.ts') },
    },
    plugins: [modules(source, hasBuiltins)],
  });
  try {
    const { output } = await build.generate({ format: 'esm', codeSplitting: false });
    return output[0].code;
  } finally {
    await build.close();
  }
}

const modules = (source: string, hasBuiltins: boolean): Plugin => ({
  name: 'modules',
  resolveId(id, importer) {
    if (id === entry) return id;
    // opossum asks for it by `require`, which a module can answer only with a package.
    if (id === 'events' && importer?.includes('opossum')) return here('node_modules/events/events.js');
    if (!isBuiltin(id)) return undefined;
    const name = id.startsWith('node:') ? id : `node:${id}`;
    return hasBuiltins ? { id: name, external: true } : `${missing}${name}`;
  },
  async load(id) {
    if (id === entry) return source;
    return id.startsWith(missing) ? standIn(id.slice(missing.length)) : undefined;
  },
});

/** A module of Node's that is not there: what it exports can be imported, and skips the test that uses it. */
async function standIn(name: string): Promise<string> {
  const names = Object.keys((await import(name)) as object).filter(one => /^[A-Za-z_$][\w$]*$/.test(one));
  const members = names
    .filter(one => one !== 'default')
    .map(one => `const x_${one} = notHere(${JSON.stringify(one)}); export { x_${one} as ${one} };`);
  return `const notHere = member => function () { throw new Error('NOT_HERE ${name} ' + member); };
${members.join('\n')}
export default {};`;
}
