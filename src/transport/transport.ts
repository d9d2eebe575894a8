import type { FetchLike } from '../http/fetch-like.ts';
import type { Handler } from '../pipeline/pipeline.ts';

/** What stands innermost: sends one attempt, and resolves with its response when the headers are there. */
export interface Transport {
  readonly send: Handler;
  /** What gets that which no policy is for, such as a `data:` URL. By default the global `fetch`, looked up each time. */
  readonly fetch?: FetchLike | undefined;
  /** Says that nothing of the program's own runs within `send`, such as another client, so that nobody looks for it there. */
  readonly isLeaf?: boolean;
  /** A client begins to use it. Returns how to stop, after which nothing that the client used stays open. */
  attach?(): () => Promise<void>;
}
