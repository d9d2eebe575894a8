import { parseArgs } from 'node:util';
import { scenarios } from './scenarios.ts';

export interface DemoOptions {
  readonly scenario: string;
  /** How long traffic is sent; the last calls may take one total timeout longer. */
  readonly seconds: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** The command line is wrong: told in one line, without a stack. */
export class UsageError extends Error {}

const SECONDS = { min: 4, max: 120, full: 22, single: 10 };

export const help = `Usage: npm run demo -- [options]

Sends the same traffic through the global fetch and through holdfast to two copies of one
unreliable service, and shows side by side what each of them makes of it.

  --scenario <name>  ${Object.keys(scenarios).join(', ')} (default: full)
  --seconds <n>      length of the script, ${SECONDS.min} to ${SECONDS.max} (default: ${SECONDS.full} for full, else ${SECONDS.single})
  --json             print nothing but the measurements, as JSON
  --help             print this

Draws live on a terminal and prints a line per second elsewhere. Honours NO_COLOR.
`;

export function readOptions(args: readonly string[]): DemoOptions {
  const values = parse(args);
  const scenario = values.scenario ?? 'full';
  if (!Object.hasOwn(scenarios, scenario)) {
    throw new UsageError(
      `--scenario must be one of ${Object.keys(scenarios).join(', ')}; got '${scenario}'.`,
    );
  }
  const seconds = values.seconds === undefined ? undefined : readSeconds(values.seconds);
  return {
    scenario,
    seconds: seconds ?? (scenario === 'full' ? SECONDS.full : SECONDS.single),
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  const options = {
    scenario: { type: 'string' },
    seconds: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. Try --help.`);
  }
}

function readSeconds(given: string): number {
  const seconds = given.trim() === '' ? Number.NaN : Number(given);
  if (seconds >= SECONDS.min && seconds <= SECONDS.max) return seconds;
  throw new UsageError(`--seconds must be a number from ${SECONDS.min} to ${SECONDS.max}; got '${given}'.`);
}
