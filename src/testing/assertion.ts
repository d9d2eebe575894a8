/** Errors that test runners show as failed assertions, whichever of them runs. */

/** As `node:assert` throws them: runners know it by its name, and show both values. */
export function assertionError(message: string, actual: unknown, expected: unknown): Error {
  const error = new Error(message);
  error.name = 'AssertionError';
  return Object.assign(error, { code: 'ERR_ASSERTION', operator: 'holdfast', actual, expected });
}

/** Something that is not as it should be. */
export interface Difference {
  /** Such as `method` or `headers.accept`. */
  readonly of: string;
  /** As they are to be read. */
  readonly expected: string;
  readonly actual: string;
}

/** One line each, or two where that is too long for one. */
export function differenceLines({ of, expected, actual }: Difference): string[] {
  const line = `${of}: expected ${expected}, got ${actual}`;
  if (line.length <= 100) return [line];
  return [`${of}: expected ${expected}`, `${' '.repeat(of.length)}  got      ${actual}`];
}

/** A value as JSON with its keys in order, so that equal values read the same. */
export function written(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => sorted(part)) ?? String(value);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
