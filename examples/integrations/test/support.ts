/** What the tests of all SDKs share. */
import type { FetchOptions } from 'holdfast';
import { undici } from 'holdfast/undici';

/** Ours, over the `fetch` of Node and over undici. Retries without a wait, since time is real here. */
export const transports: [name: string, options: () => FetchOptions][] = [
  ['fetch', () => ({ retry: { baseDelayMs: 0 } })],
  ['undici', () => ({ transport: undici(), retry: { baseDelayMs: 0 } })],
];

/** The same for POSTs that are declared safe to repeat. */
export const repeating = (options: FetchOptions): FetchOptions => ({
  ...options,
  retry: { baseDelayMs: 0, idempotent: true },
});

/** What a promise rejects with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('It did not reject.');
}

/** Opens the circuit at the first failure and keeps it so. */
export const fragile: FetchOptions = {
  retry: false,
  circuitBreaker: { consecutiveFailures: 1, minimumSilenceMs: 0, openMs: 60_000 },
};

/** No answer within this is a timeout. */
export const impatient: FetchOptions = { retry: false, attemptTimeoutMs: 300 };
