#!/usr/bin/env node
/** The command `holdfast`. */
import { readFile } from 'node:fs/promises';
import { type Command, readCommand } from './arguments.ts';
import { exitCodeOf } from './failures.ts';
import { help } from './help.ts';
import { say } from './output.ts';
import { runCheck } from './run-check.ts';
import { runDiff } from './run-diff.ts';
import { runGenerate } from './run-generate.ts';

async function run(command: Command): Promise<number> {
  switch (command.name) {
    case 'help':
      say(help.trimEnd());
      return 0;
    case 'version':
      say(await version());
      return 0;
    case 'generate':
      return runGenerate(command);
    case 'diff':
      return runDiff(command);
    case 'check':
      return runCheck(command);
  }
}

/** Of the package, whose folder is two above both the sources and what is built of them. */
async function version(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return JSON.parse(text).version;
}

try {
  process.exitCode = await run(readCommand(process.argv.slice(2)));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
