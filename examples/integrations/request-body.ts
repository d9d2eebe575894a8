/** For SDKs that hand over a `Request`. */
import type { FetchOptions } from 'holdfast';

/** The body of a `Request` is a stream, which can be sent once. Read into memory, it can be sent again. */
export const buffering = (options: FetchOptions): FetchOptions => ({
  ...options,
  retry: options.retry !== false && { maxBufferedBytes: 1_048_576, ...options.retry },
});
