/**
 * The loop of `attempt-loop.ts` for bundles, by the `browser` field of package.json: what we use of p-retry is these five
 * lines, and a page would load all of it.
 */

/** What `attempt` returns to be called once more. */
export const AGAIN: unique symbol = Symbol('again');

/** Calls `attempt` with 1, 2, … until it returns something other than {@link AGAIN}, or throws. */
export async function untilDone<Result>(
  attempt: (number: number) => Promise<Result | typeof AGAIN>,
): Promise<Result> {
  for (let number = 1; ; number++) {
    const result = await attempt(number);
    if (result !== AGAIN) return result as Result;
  }
}
