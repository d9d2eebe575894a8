import type { Handler } from '../pipeline/pipeline.ts';

/** What stands innermost: sends one attempt, and resolves with its response when the headers are there. */
export interface Transport {
  readonly send: Handler;
  /** A client begins to use it. Returns how to stop, after which nothing that the client used stays open. */
  attach?(): () => Promise<void>;
}
