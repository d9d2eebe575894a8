/** Holds what a call went through against what a test expects. */
import type { AttemptRecord } from '../call-record.ts';
import { HoldfastError } from '../errors.ts';
import { explain, responseInfo } from '../explain.ts';
import { assertionError, type Difference, differenceLines, written } from './assertion.ts';

/**
 * Checks the attempts of a call, one by one: as many as are expected, each with the fields that are given.
 *
 * @param ending - what the call ended with, a response or an error; or its record, as events have it.
 * @throws AssertionError that says what was different, and the whole story.
 * @example
 * expectAttempts(await fetch(url), [{ status: 503, delayMs: 100 }, { status: 200 }]);
 */
export function expectAttempts(ending: unknown, expected: readonly Partial<AttemptRecord>[]): void {
  const actual = attemptsOf(ending);
  if (!actual) throw assertionError(`${explain(ending)} It has no attempts.`, ending, expected);
  const count = Math.max(actual.length, expected.length);
  const found = Array.from({ length: count }, (_, index) => compare(actual[index], expected[index]));
  if (found.every(differences => differences.length === 0)) return;
  const lines = found.flatMap((differences, index) =>
    differences.flatMap(differenceLines).map(line => `  #${index + 1}  ${line}`),
  );
  const story = ending instanceof HoldfastError || ending instanceof Response ? ['', explain(ending)] : [];
  throw assertionError(
    ['The attempts are not as expected.', ...lines, ...story].join('\n'),
    actual.map((attempt, index) => picked(attempt, expected[index])),
    expected,
  );
}

function attemptsOf(ending: unknown): readonly AttemptRecord[] | undefined {
  if (ending instanceof Response) return responseInfo(ending)?.attempts;
  const attempts = (ending as { attempts?: unknown } | undefined)?.attempts;
  return Array.isArray(attempts) ? attempts : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function compare(
  actual: AttemptRecord | undefined,
  expected: Partial<AttemptRecord> | undefined,
): Difference[] {
  if (!actual) return [{ of: 'attempt', expected: written(expected), actual: 'none' }];
  if (!expected) return [{ of: 'attempt', expected: 'none', actual: outcomeOf(actual) }];
  return Object.entries(expected)
    .map(([of, value]) => ({
      of,
      expected: written(value),
      actual: written((actual as unknown as Fields)[of]),
    }))
    .filter(({ expected, actual }) => expected !== actual);
}

const outcomeOf = ({ outcome, status, code }: AttemptRecord): string => `${outcome} ${status ?? code ?? ''}`;

/** What runners show beside what was expected. */
const picked = (actual: AttemptRecord, expected: Partial<AttemptRecord> = {}): Fields =>
  Object.fromEntries(Object.keys(expected).map(key => [key, (actual as unknown as Fields)[key]]));
