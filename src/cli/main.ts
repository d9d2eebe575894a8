#!/usr/bin/env node
/** The command `holdfast`: 0 if all is well, 1 if not, 2 for a command line that says nothing we know. */
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
  // By the time that it is needed, so that a missing package is told of and not stumbled upon.
  const { generate } = await import('../generator/generate.ts');
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
  if (isExpected(error)) {
    complain(`error: ${error.message}`);
    return 1;
  }
  if (isMissingYaml(error)) {
    complain('error: The generator needs the package js-yaml: npm install --save-dev js-yaml');
    return 1;
  }
  complain(`error: ${error instanceof Error ? error.stack : String(error)}`);
  return 1;
}

/** The message says enough; of the system, that is no room, no right, no such folder. */
const isExpected = (error: unknown): error is Error =>
  error instanceof Error && (error.name === 'GenerationError' || 'syscall' in error);

const isMissingYaml = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes("'js-yaml'");

try {
  process.exitCode = await run(readCommand(process.argv.slice(2)));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
