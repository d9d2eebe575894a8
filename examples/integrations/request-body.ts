/** For SDKs that hand over a `Request`. */
import type { FetchOptions } from 'holdfast';

/** The body of a `Request` is a stream, which can be sent once. Read into memory, it can be sent again. */
export const mayBuffer: FetchOptions = { retry: { maxBufferedBytes: 1_048_576 } };
