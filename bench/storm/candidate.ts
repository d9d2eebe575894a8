/** What every candidate is wrapped into. */
import type { Random } from './random.ts';

export interface Request {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** One client process. */
export interface Client {
  /** Sends one call and reads its answer; its status, or a throw. */
  send(request: Request): Promise<number>;
  /** Whether an error means that the client itself refused to send. */
  isRejection?(error: unknown): boolean;
  /** Whether its circuit for the host of `url` is open right now. */
  isOpen?(url: string): boolean;
  close?(): void;
}

export interface Candidate {
  readonly name: string;
  open(fetch: typeof globalThis.fetch, random: Random): Client;
  /** The only scenarios where it has something to say; all when left out. */
  readonly scenarios?: readonly string[];
}

/** Common to all: one attempt, and the whole call where a client knows the idea. */
export const attemptTimeoutMs = 1_000;
export const totalTimeoutMs = 5_000;
export const maxRetries = 2;
export const baseDelayMs = 200;

/** The breaker of those that have one: half of at least 20 within 10 s, open for 5 s. */
export const breaker = { failureRatio: 0.5, minimumThroughput: 20, windowMs: 10_000, openMs: 5_000 };

export const retriedStatuses: readonly number[] = [408, 425, 429, 500, 502, 503, 504];
