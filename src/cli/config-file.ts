/** Finds the configuration of a project, and loads it. */
import { access, readFile } from 'node:fs/promises';
import { dirname, extname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GenerateEntry } from '../generator/config.ts';

/** In the order in which they are looked for. */
export const configNames: readonly string[] = ['ts', 'mjs', 'js', 'json'].map(
  ending => `holdfast.config.${ending}`,
);

/** A configuration that is not there, cannot be loaded, or says nothing that we know. */
export class WrongConfig extends Error {}

export interface LoadedConfig {
  /** Absolute. */
  readonly path: string;
  /** With paths as seen from the working directory. */
  readonly generate: readonly GenerateEntry[];
}

/**
 * The file itself, absolute: the one that is given, or the one of the working directory.
 *
 * @throws WrongConfig if it is not there, or there are several.
 */
export async function findConfig(given: string | undefined): Promise<string | undefined> {
  const names = given === undefined ? configNames : [given];
  const there = await Promise.all(
    names.map(name =>
      access(name).then(
        () => true,
        () => false,
      ),
    ),
  );
  const [first, ...others] = names.filter((_, index) => there[index]);
  if (others.length > 0)
    throw new WrongConfig(
      `${first} and ${others.join(', ')} are there: keep one, or say which with --config.`,
    );
  if (first === undefined && given !== undefined) throw new WrongConfig(`${given} is not there.`);
  return first === undefined ? undefined : resolve(first);
}

/**
 * @param version - which reading of the file it is: modules are loaded once for each.
 * @throws WrongConfig
 */
export async function loadConfig(path: string, version = 0): Promise<LoadedConfig> {
  const name = nameOf(path);
  const value = await load(path, name, version);
  // By the time that it is needed: --help works without the packages of the generator.
  const { readConfig } = await import('../generator/config.ts');
  try {
    const { generate } = readConfig(value);
    const seen = (file: string) => (isUrl(file) ? file : nameOf(resolve(dirname(path), file)));
    return {
      path,
      generate: generate.map(entry => ({ ...entry, input: seen(entry.input), output: seen(entry.output) })),
    };
  } catch (error) {
    if (error instanceof TypeError) throw new WrongConfig(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

const nameOf = (path: string): string => relative('', path) || '.';

const isUrl = (text: string): boolean => /^https?:/.test(text);

async function load(path: string, name: string, version: number): Promise<unknown> {
  try {
    if (extname(path) === '.json') return JSON.parse(await readFile(path, 'utf8'));
    const module = await import(`${pathToFileURL(path).href}${version > 0 ? `?${version}` : ''}`);
    if (module.default === undefined)
      throw new WrongConfig(`${name} has no default export: export default defineConfig({ … }).`);
    return module.default;
  } catch (error) {
    if (error instanceof WrongConfig) throw error;
    throw new WrongConfig(loadingFailure(name, error), { cause: error });
  }
}

function loadingFailure(name: string, error: unknown): string {
  const { code, message, name: kind } = error as NodeJS.ErrnoException;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return (
      `Node ${process.versions.node} cannot load ${name}: TypeScript needs 22.18, 24 or later. ` +
      'Update Node, or write it as .mjs, with the same content and without types.'
    );
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return `${name} cannot be loaded: ${message}. Node only takes types away: enums, namespaces and the like have no place here.`;
  if (code === 'ERR_INVALID_TYPESCRIPT_SYNTAX') return `${name} cannot be read: ${message}`;
  return `${name} cannot be loaded: ${kind === 'Error' ? '' : `${kind}: `}${message}`;
}
