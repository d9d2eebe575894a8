/** `holdfast generate`: each document after the other. */
import type { GenerateOptions } from '../generator/generate.ts';
import type { GenerateCommand } from './arguments.ts';
import { exitCodeOf } from './failures.ts';
import { jobsOf } from './jobs.ts';
import { complain, say } from './output.ts';
import { problemsText, summaryText } from './report.ts';

export async function runGenerate(command: GenerateCommand): Promise<number> {
  const { all } = await jobsOf(command);
  let code = 0;
  for (const job of all) {
    // One that fails does not keep the others from being made.
    const own = await runJob(job, command.isVerbose).catch(exitCodeOf);
    code = Math.max(code, own);
  }
  return code;
}

async function runJob(options: GenerateOptions, isVerbose: boolean): Promise<number> {
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
