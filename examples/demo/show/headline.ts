import { CALLS_PER_SECOND } from '../call-log.ts';
import { policy, TOTAL_TIMEOUT_MS } from '../clients.ts';

const seconds = (ms: number): string => `${ms / 1_000} s`;

/** What is compared, and on what terms. */
export const headline: readonly string[] = [
  `${CALLS_PER_SECOND} calls/s, every fifth an order with a key, to two copies of one service`,
  `fetch: ${seconds(TOTAL_TIMEOUT_MS)} timeout · holdfast: ${seconds(policy.totalTimeoutMs)} in total, ` +
    `${seconds(policy.attemptTimeoutMs)} per attempt, else defaults`,
];
