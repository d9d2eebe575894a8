/** Vite, esbuild and webpack as they come: told what to bundle and where to, and nothing of us. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as esbuild from 'esbuild';
import { build, createLogger } from 'vite';
import webpack from 'webpack';

export interface Bundle {
  readonly code: string;
  /** The files that are in it. */
  readonly modules: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * @param entry - a module of a project, whose folder it lies in.
 * @param minify - as for production, which takes webpack its time.
 */
export type Bundler = (entry: string, minify?: boolean) => Promise<Bundle>;

async function byVite(entry: string, minify = true): Promise<Bundle> {
  const root = dirname(entry);
  const warnings: string[] = [];
  const logger = createLogger('warn', { allowClearScreen: false });
  logger.warn = logger.warnOnce = message => void warnings.push(message);
  const output = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    customLogger: logger,
    build: {
      rollupOptions: { input: entry },
      outDir: 'by-vite',
      reportCompressedSize: false,
      ...(!minify && { minify }),
    },
  });
  if (Array.isArray(output) || !('output' in output))
    throw new Error('Vite has built more than was asked for');
  const chunks = output.output.filter(part => part.type === 'chunk');
  if (chunks.length !== 1) throw new Error(`Vite has made ${chunks.length} chunks of one entry`);
  const [chunk] = chunks;
  return { code: chunk!.code, modules: Object.keys(chunk!.modules), warnings };
}

async function byEsbuild(entry: string, minify = true): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await esbuild.build({
    entryPoints: [entry],
    absWorkingDir: dirname(entry),
    bundle: true,
    minify,
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const [output] = Object.values(metafile.outputs);
  const modules = Object.entries(output!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return {
    code: outputFiles[0]!.text,
    modules: modules.map(([path]) => path),
    warnings: warnings.map(({ text }) => text),
  };
}

async function byWebpack(entry: string, minify = true): Promise<Bundle> {
  const folder = join(dirname(entry), 'by-webpack');
  const compiler = webpack({
    mode: 'production',
    context: dirname(entry),
    entry,
    output: { path: folder, filename: 'bundle.js' },
    // The one thing said: that a bundle is large is no complaint about what is in it.
    performance: { hints: false },
    optimization: { minimize: minify },
  });
  const stats = await new Promise<webpack.Stats>((resolve, reject) => {
    compiler.run((error, stats) => (error || !stats ? reject(error) : resolve(stats)));
  });
  const {
    modules = [],
    warnings = [],
    errors = [],
  } = stats.toJson({ all: false, modules: true, nestedModules: true, warnings: true, errors: true });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return {
    code: readFileSync(join(folder, 'bundle.js'), 'utf8'),
    modules: modules.flatMap(module => [module, ...(module.modules ?? [])]).map(({ name }) => String(name)),
    warnings: warnings.map(({ message }) => message),
  };
}

export const bundlers: Readonly<Record<string, Bundler>> = {
  vite: byVite,
  esbuild: byEsbuild,
  webpack: byWebpack,
};
