import type { PolicyOptions } from 'holdfast';

/** What the traffic is sent through. Nothing else differs between the two sides. */
export interface Client {
  readonly name: 'fetch' | 'holdfast';
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
}

export const TOTAL_TIMEOUT_MS = 3_000;

/** Tighter times than the defaults, because the show is short; everything else is what nobody set. */
export const policy = {
  totalTimeoutMs: TOTAL_TIMEOUT_MS,
  attemptTimeoutMs: 700,
} satisfies PolicyOptions;

/** The global fetch as a careful person calls it: with a time limit, the same as holdfast's. */
export const rawClient: Client = {
  name: 'fetch',
  send: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(TOTAL_TIMEOUT_MS) }),
};
