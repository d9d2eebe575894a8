/**
 * The door to p-retry: it is the loop, and nothing else. Every decision is made, and every delay waited for, before
 * it is asked. What an attempt came to travels as a value, so p-retry never sees, judges or rewraps an error of
 * ours; the one error it is thrown means "again".
 */
import pRetry from 'p-retry';

class Again extends Error {}

/** What `attempt` returns to be called once more. */
export const AGAIN: unique symbol = Symbol('again');

const again = new Again('the attempt is to be repeated');

const options = { retries: Number.POSITIVE_INFINITY, minTimeout: 0 } as const;

/** Calls `attempt` with 1, 2, … until it returns something other than {@link AGAIN}, or throws. */
export async function untilDone<Result>(
  attempt: (number: number) => Promise<Result | typeof AGAIN>,
): Promise<Result> {
  let thrown: { readonly error: unknown } | undefined;
  const result = await pRetry(async number => {
    try {
      const result = await attempt(number);
      if (result !== AGAIN) return result as Result;
    } catch (error) {
      // p-retry would repeat some of these and rewrap others; none is its business.
      thrown = { error };
      return undefined;
    }
    throw again;
  }, options);
  if (thrown) throw thrown.error;
  return result as Result;
}
