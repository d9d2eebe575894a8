/** What the tests of a runtime came to. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isVerbose } from './options.ts';
import type { Result } from './runner/vitest.ts';

/** A runtime that hangs fails, and does not hold up the others. */
const fileLimitMs = 40_000;

export interface Outcome {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

export function outcomeOf(results: Readonly<Record<string, readonly Result[]>>): Outcome {
  const all = Object.entries(results).flatMap(([file, ofFile]) =>
    ofFile.map(result => ({ file, ...result })),
  );
  const failed = all.filter(({ state }) => state === 'failed');
  return {
    passed: all.filter(({ state }) => state === 'passed').length,
    skipped: all.filter(({ state }) => state === 'skipped').length,
    failures: failed.map(({ file, name, error }) => `${file} > ${name}\n${error}`),
  };
}

export const add = (one: Outcome, other: Outcome): Outcome => ({
  passed: one.passed + other.passed,
  skipped: one.skipped + other.skipped,
  failures: [...one.failures, ...other.failures],
});

export const broken = (failure: string): Outcome => ({ passed: 0, skipped: 0, failures: [failure] });

/** The results of a file; a failure if there are none in time. */
export async function within(file: string, results: Promise<unknown>): Promise<Result[]> {
  const startedAt = performance.now();
  const giveUp = new AbortController();
  const late = sleep(fileLimitMs, undefined, { signal: giveUp.signal }).then(
    () => [{ name: '(the file)', state: 'failed', error: `no end within ${fileLimitMs} ms` }],
    () => [],
  );
  const failed = (error: unknown) => [{ name: '(the file)', state: 'failed', error: String(error) }];
  const ended = (await Promise.race([results.catch(failed), late])) as Result[];
  giveUp.abort();
  if (isVerbose) console.log(`  ${file} ${ended.length} ${(performance.now() - startedAt).toFixed(0)} ms`);
  return ended;
}
