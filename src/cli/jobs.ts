/** What there is to generate: one document of the command line, or all of the configuration. */
import type { GenerateOptions } from '../generator/generate.ts';
import { type GenerateCommand, WrongCommand } from './arguments.ts';
import { configNames, findConfig, loadConfig } from './config-file.ts';

export interface Jobs {
  readonly all: readonly GenerateOptions[];
  /** The configuration, if one says it; absolute. */
  readonly configPath: string | undefined;
}

/**
 * @param version - how often the configuration has been read before.
 * @throws WrongCommand if there is nothing to do.
 * @throws WrongConfig
 */
export async function jobsOf({ input, config, options }: GenerateCommand, version = 0): Promise<Jobs> {
  if (input !== undefined) {
    const { output = '' } = options;
    return { all: [{ ...options, input, output }], configPath: undefined };
  }
  const configPath = await findConfig(config);
  if (configPath === undefined)
    throw new WrongCommand(
      `The document is missing, and there is no configuration (${configNames.join(', ')}) in this folder.`,
    );
  const { generate } = await loadConfig(configPath, version);
  if (options.output !== undefined && generate.length > 1)
    throw new WrongCommand(
      `One folder for ${generate.length} documents: leave --output out, or name the document.`,
    );
  return { all: generate.map(entry => ({ ...entry, ...options })), configPath };
}
