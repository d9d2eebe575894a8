/** What there is of Node's `Readable` that matters here. */
export interface NodeStream {
  readonly closed: boolean;
  readonly errored: Error | null;
  readonly readableDidRead: boolean;
  readonly readableEnded: boolean;
  /** Null as long as nobody has asked for what is in it, in any way. */
  readonly readableFlowing: boolean | null;
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

/** A body of the kind that node-fetch gives. */
export const isNodeStream = (body: unknown): body is NodeStream =>
  typeof body === 'object' && body !== null && 'readableEnded' in body && 'once' in body;
