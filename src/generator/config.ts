/** What a project generates, written down once: the file `holdfast.config` of a project. */
import { type Check, type Checks, listOf, readOptions, requireObject } from '../pipeline/options.ts';
import { type GenerateOptions, generateChecks } from './generate.ts';

/** One document and what is made of it. Paths are relative to the file that they stand in. */
export type GenerateEntry = Omit<GenerateOptions, 'check' | 'onProgress'>;

/** What stands in `holdfast.config`. */
export interface Config {
  /** What `holdfast generate` does, one after the other. */
  readonly generate: readonly GenerateEntry[];
}

/**
 * Gives a configuration its type, and nothing else.
 *
 * @example
 * export default defineConfig({
 *   generate: [{ input: 'openapi.yaml', output: 'src/api', dates: 'Date' }],
 * });
 */
export const defineConfig = (config: Config): Config => config;

const { check: _, onProgress: __, ...entryChecks } = generateChecks;

const entry: Check = (value, name) => {
  requireObject(value, name);
  const given = value as Partial<GenerateEntry>;
  readOptions<Partial<GenerateEntry>, object>(name, given, entryChecks, {});
  for (const required of ['input', 'output'] as const)
    if (given[required] === undefined) throw new TypeError(`\`${name}.${required}\` is missing.`);
};

const checks: Checks<Config> = { generate: listOf(entry) };

/**
 * @throws TypeError for a member that is not known, is missing, or is nothing that it may be, and for an output that two
 * documents would go to.
 */
export function readConfig(value: unknown): Config {
  requireObject(value, 'the configuration');
  const config = value as Config;
  readOptions<Config, object>('', config, checks, {});
  if (config.generate === undefined || config.generate.length === 0)
    throw new TypeError('`generate` should list at least one document, such as { input, output }.');
  requireOwnFolders(config.generate);
  return config;
}

function requireOwnFolders(entries: readonly GenerateEntry[]): void {
  const seen = new Map<string, number>();
  for (const [index, { output }] of entries.entries()) {
    const other = seen.get(output);
    if (other !== undefined)
      throw new TypeError(
        `\`generate[${index}].output\` should be a folder of its own, got ${JSON.stringify(output)} as for generate[${other}].`,
      );
    seen.set(output, index);
  }
}
