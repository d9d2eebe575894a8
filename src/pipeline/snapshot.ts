import { copyForm } from '../http/body.ts';
import { copyHeaders, headersOf } from '../http/headers.ts';
import type { CallRequest } from './call.ts';

/** What of a request its caller may change for the next call while this one waits: its key, its body, where it goes. */
export interface Snapshot {
  readonly input: CallRequest['input'];
  readonly init: RequestInit;
}

/**
 * Taken before the first attempt, which is handed the caller's own. Headers, forms and URLs are small; bytes are not
 * copied, so they must be left alone until the call has settled.
 */
export function takeDown(request: CallRequest): Snapshot {
  const { input, init, url } = request;
  const headers = headersOf(request);
  const isUrl = typeof input === 'object' && !('url' in input);
  if (!headers && !isUrl && typeof init.body !== 'object') return request;
  const copy: RequestInit = { ...init };
  if (headers) copy.headers = copyHeaders(headers);
  if (init.body) copy.body = copyForm(init.body);
  return { input: isUrl ? url.href : input, init: copy };
}
