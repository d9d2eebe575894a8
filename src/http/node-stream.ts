/** What there is of Node's `Readable` that matters here. */
export interface NodeStream {
  readonly errored: Error | null;
  readonly readableEnded: boolean;
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

/** A body of the kind that node-fetch gives. */
export const isNodeStream = (body: unknown): body is NodeStream =>
  typeof body === 'object' && body !== null && 'readableEnded' in body && 'once' in body;
