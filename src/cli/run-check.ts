/** `holdfast check`: 0 if nothing is wrong, 1 if something is, 2 if the file is no policy. */
import type { CheckCommand } from './arguments.ts';
import { checkJson, checkText } from './check-report.ts';
import { exitCodeOf } from './failures.ts';
import { say } from './output.ts';

export async function runCheck({ file, traffic, format, isStrict }: CheckCommand): Promise<number> {
  try {
    const { loadPolicy } = await import('../policy-file/load-policy.ts');
    const { checkPolicy } = await import('../check/check-policy.ts');
    const result = checkPolicy(await loadPolicy(file), traffic);
    say(format === 'json' ? checkJson(result) : checkText(result, file));
    const isBad = result.findings.some(
      ({ severity }) => severity === 'error' || (isStrict && severity === 'warning'),
    );
    return isBad ? 1 : 0;
  } catch (error) {
    exitCodeOf(error);
    return 2;
  }
}
