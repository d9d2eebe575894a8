/** `holdfast diff`: 0 if nothing breaks, 1 if something does, 2 if the two cannot be compared. */
import type { DiffCommand } from './arguments.ts';
import { diffJson, diffText } from './diff-report.ts';
import { exitCodeOf } from './failures.ts';
import { complain, say } from './output.ts';
import { problemsText } from './report.ts';

export async function runDiff({ from, to, format, allowNetwork }: DiffCommand): Promise<number> {
  try {
    const { diff } = await import('../generator/diff/diff.ts');
    const result = await diff({ from, to, allowNetwork });
    complain(problemsText(result.problems, false));
    say(format === 'json' ? diffJson(result) : diffText(result, [from, to]));
    return result.isBreaking ? 1 : 0;
  } catch (error) {
    exitCodeOf(error);
    return 2;
  }
}
