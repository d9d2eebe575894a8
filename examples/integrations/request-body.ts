/** For SDKs that hand over a `Request`. */
import type { FetchLike } from 'holdfast';

/** The body of a `Request` is a stream, which can be sent once. Read into memory, it can be sent again. */
export const bufferRequests =
  (fetch: FetchLike): FetchLike =>
  async (input, init) =>
    input instanceof Request && input.body
      ? fetch(input, { ...init, body: await input.arrayBuffer() })
      : fetch(input, init);
