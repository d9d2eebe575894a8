/** Bundles test files with the small runner, for runtimes in which vitest does not run. */
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const entry = '\0entry';

/**
 * One module with everything but the runtime's own modules in it. It exports `files`, by name, and `runFile`.
 *
 * @param builtins - `keep`: the runtime has Node's modules; `none`: what asks for one fails when it is loaded.
 */
export async function bundle(files: readonly string[]): Promise<string> {
  const loaders = files.map(file => `${JSON.stringify(file)}: () => import(${JSON.stringify(here(`../../${file}`))}),`);
  const build = await rolldown({
    input: entry,
    platform: 'neutral',
    logLevel: 'silent',
    resolve: {
      conditionNames: ['import', 'default'],
      mainFields: ['module', 'main'],
      alias: {
        vitest: here('runner/vitest.ts'),
      },
    },
    plugins: [
      {
        name: 'test files',
        resolveId(id) {
          if (id === entry) return id;
          // opossum asks for it, by `require`, which an ES module has only where there is a package.
          if (id === 'events') return here('node_modules/events/events.js');
          return isBuiltin(id) ? { id: id.startsWith('node:') ? id : `node:${id}`, external: true } : undefined;
        },
        load: id =>
          id === entry
            ? `export { runFile } from ${JSON.stringify(here('runner/vitest.ts'))};\nexport const files = {${loaders.join('\n')}};`
            : undefined,
      },
    ],
  });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  return output[0].code;
}
