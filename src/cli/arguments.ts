/** What a command line asks for. */
import { parseArgs } from 'node:util';
import type { GenerateOptions } from '../generator/generate.ts';

export const help = `holdfast generate <openapi.yaml> -o <folder>

Writes the contract of an OpenAPI document (3.0, 3.1 or 3.2, YAML or JSON) into a folder of its own.

  -o, --output <folder>     where to; it holds nothing else
      --include <which>     only these operations: tag:…, path:…, method:… or id:… (* is anything), or deprecated;
                            may be given several times
      --exclude <which>     not these, in the same words
      --split tag           a file for each tag (by default there is one file)
      --dates <kind>        what dates are in the program: string, Date or Temporal (by default string)
      --int64 <kind>        what an int64 is: number, bigint or string (by default number)
      --enums <kind>        closed, or open: what arrives may have values that the document does not know
      --examples            write examples.ts as well: the document's examples, for mocks in tests
      --allow-network       follow references to the network
      --check               write nothing; exit with 1 if something would be written
      --verbose             show every problem, and what is being done
  -h, --help                show this

Exits with 0 if the folder is as the document asks for, 1 if it is not or could not be made so, 2 for a wrong command.
`;

/** A command line that says nothing we know. */
export class WrongCommand extends Error {}

export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'generate'; readonly options: GenerateOptions; readonly isVerbose: boolean };

/** @throws WrongCommand */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parsed(args);
  if (values.help || positionals[0] === 'help') return { name: 'help' };
  const [command, input, ...rest] = positionals;
  if (command !== 'generate')
    throw new WrongCommand(
      command === undefined ? 'There is no command.' : `There is no command ${JSON.stringify(command)}.`,
    );
  if (input === undefined) throw new WrongCommand('The document is missing.');
  if (rest.length > 0) throw new WrongCommand(`One document at a time: what is ${JSON.stringify(rest[0])}?`);
  const { output, 'allow-network': allowNetwork, verbose, help: _, ...others } = values;
  if (output === undefined) throw new WrongCommand('The folder for the output is missing: -o <folder>.');
  const options = { input, output, ...others, ...(allowNetwork !== undefined && { allowNetwork }) };
  // Whether the words are known is for `generate` to say, which is also called by programs.
  return { name: 'generate', options: options as GenerateOptions, isVerbose: verbose === true };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        output: { type: 'string', short: 'o' },
        include: { type: 'string', multiple: true },
        exclude: { type: 'string', multiple: true },
        split: { type: 'string' },
        dates: { type: 'string' },
        int64: { type: 'string' },
        enums: { type: 'string' },
        examples: { type: 'boolean' },
        'allow-network': { type: 'boolean' },
        check: { type: 'boolean' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new WrongCommand((error as Error).message);
  }
}
