#!/usr/bin/env node
/** The command `holdfast`. */
import { type Command, readCommand } from './arguments.ts';
import { exitCodeOf } from './failures.ts';
import { help } from './help.ts';
import { say } from './output.ts';
import { runDiff } from './run-diff.ts';
import { runGenerate } from './run-generate.ts';

async function run(command: Command): Promise<number> {
  switch (command.name) {
    case 'help':
      say(help.trimEnd());
      return 0;
    case 'generate':
      return runGenerate(command);
    case 'diff':
      return runDiff(command);
  }
}

try {
  process.exitCode = await run(readCommand(process.argv.slice(2)));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
