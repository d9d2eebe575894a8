/** `holdfast generate`: each document after the other. */
import { resolve } from 'node:path';
import type { GenerateOptions } from '../generator/generate.ts';
import type { GenerationError } from '../generator/open-document.ts';
import { systemClock } from '../pipeline/clock.ts';
import type { GenerateCommand } from './arguments.ts';
import { exitCodeOf } from './failures.ts';
import { keepYoungSpaceSmall } from './heap.ts';
import { type Jobs, jobsOf } from './jobs.ts';
import { complain, say } from './output.ts';
import { Progress } from './progress.ts';
import { problemsText, summaryText, verdictText } from './report.ts';
import { watchAndMake } from './watch.ts';

export async function runGenerate(command: GenerateCommand): Promise<number> {
  keepYoungSpaceSmall();
  const jobs = await jobsOf(command);
  if (command.isWatching) return watchJobs(command, jobs);
  return (await runJobs(jobs, command)).code;
}

interface Outcome {
  readonly code: number;
  /** The files that it was made from, by its input. Of what could not be read at all there are none. */
  readonly read: ReadonlyMap<string, readonly string[]>;
}

/** One that fails does not keep the others from being made. */
async function runJobs({ all }: Jobs, { isVerbose, isVerifying }: GenerateCommand): Promise<Outcome> {
  const read = new Map<string, readonly string[]>();
  let code = 0;
  for (const job of all) {
    try {
      const result = await runJob(job, isVerbose);
      read.set(job.input, result.read);
      const isStale = job.check === true && result.isStale;
      // What is stale is not what the document asks for: whether it agrees says nothing.
      const agrees = isStale || !isVerifying || (await runVerify(job.output));
      if (isStale || !agrees) code = Math.max(code, 1);
    } catch (error) {
      code = Math.max(code, exitCodeOf(error));
      if (isOfFiles(error)) read.set(job.input, error.read);
    }
  }
  return { code, read };
}

const isOfFiles = (error: unknown): error is GenerationError =>
  error instanceof Error && error.name === 'GenerationError' && (error as GenerationError).read.length > 0;

async function runJob(options: GenerateOptions, isVerbose: boolean) {
  // By the time that it is needed, so that a missing package is told of and not stumbled upon.
  const { generate } = await import('../generator/generate.ts');
  const progress = new Progress(process.stderr, systemClock);
  const onProgress = isVerbose
    ? (message: string) => complain(`${message} …`)
    : (message: string) => progress.say(message);
  try {
    const result = await generate({ ...options, onProgress });
    progress.end();
    complain(problemsText(result.problems, isVerbose));
    say(summaryText(result, options, progress.seconds));
    return result;
  } finally {
    progress.end();
  }
}

async function runVerify(output: string): Promise<boolean> {
  const progress = new Progress(process.stderr, systemClock);
  progress.say(`Comparing schemas and types of ${output}`);
  const { verify } = await import('../generator/verify/verify.ts');
  const result = await verify(output).finally(() => progress.end());
  const agrees = result.disagreements.length === 0;
  (agrees ? say : complain)(verdictText(result));
  return agrees;
}

/** Until Ctrl+C. What is wrong with the command itself, or the first configuration, ends it at once. */
async function watchJobs(command: GenerateCommand, first: Jobs): Promise<number> {
  const ending = new AbortController();
  const end = () => ending.abort();
  process.on('SIGINT', end);
  const lastRead = new Map<string, readonly string[]>();
  let jobs = first;
  let runs = 0;
  let code = 0;
  const make = async (): Promise<readonly string[]> => {
    const current = runs === 0 ? first : await jobsOf(command, runs).catch(complained);
    if (current) jobs = current;
    const outcome = current ? await runJobs(current, command) : failed;
    if (runs === 0 && outcome.code === 2) {
      code = 2;
      end();
    }
    runs += 1;
    for (const [input, files] of outcome.read) lastRead.set(input, files);
    const files = filesOf(jobs, lastRead);
    if (!ending.signal.aborted)
      complain(`Watching ${files.length} file${files.length === 1 ? '' : 's'}; Ctrl+C ends it.`);
    return files;
  };
  try {
    const files = filesOf(first, lastRead);
    await watchAndMake({ files, make, signal: ending.signal, clock: systemClock });
    return code;
  } finally {
    process.off('SIGINT', end);
  }
}

/** With a configuration that cannot be read nothing is made; the files of the last one are watched on. */
const failed: Outcome = { code: 1, read: new Map() };

function complained(error: unknown): undefined {
  exitCodeOf(error);
}

/** Of a document that cannot be read now, those that were read when it last could be. */
const filesOf = ({ all, configPath }: Jobs, read: ReadonlyMap<string, readonly string[]>): string[] => [
  ...new Set([
    ...(configPath === undefined ? [] : [configPath]),
    ...all.flatMap(({ input }) => [resolve(input), ...(read.get(input) ?? [])]),
  ]),
];
