#!/usr/bin/env node
/** The command `holdfast`. */
import { GenerationError, generate } from '../generator/generate.ts';
import { type Command, help, readCommand, WrongCommand } from './arguments.ts';
import { problemsText, summaryText } from './report.ts';

const say = (text: string): void => {
  if (text !== '') process.stdout.write(`${text}\n`);
};
const complain = (text: string): void => {
  if (text !== '') process.stderr.write(`${text}\n`);
};

async function run(command: Command): Promise<number> {
  if (command.name === 'help') {
    say(help.trimEnd());
    return 0;
  }
  const { options, isVerbose } = command;
  // On a terminal one wants to know what takes so long; in a log nobody does.
  const isWatched = isVerbose || process.stderr.isTTY === true;
  const result = await generate({
    ...options,
    onProgress: message => {
      if (isWatched) complain(`${message} …`);
    },
  });
  complain(problemsText(result.problems, isVerbose));
  say(summaryText(result, options));
  return options.check && result.isStale ? 1 : 0;
}

try {
  process.exitCode = await run(readCommand(process.argv.slice(2)));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Says what is wrong. What nobody foresaw is shown with its stack. */
function exitCodeOf(error: unknown): number {
  if (error instanceof WrongCommand) {
    complain(`${error.message}\n\n${help.trimEnd()}`);
    return 2;
  }
  if (error instanceof TypeError && error.message.startsWith('`')) {
    complain(`${error.message} (--help says more)`);
    return 2;
  }
  if (error instanceof GenerationError || isSystemError(error)) {
    complain(`error: ${(error as Error).message}`);
    return 1;
  }
  complain(`error: ${error instanceof Error ? error.stack : String(error)}`);
  return 1;
}

/** No room, no right, no such folder: the message says enough. */
const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error;
