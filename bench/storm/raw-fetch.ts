/** The baseline: `fetch` and a timeout. Nothing of it has to be installed. */
import { attemptTimeoutMs, type Candidate, type Client, type Request } from './candidate.ts';

/** The name under which the tables list it. */
export const RAW_FETCH = 'fetch + AbortSignal.timeout';

export const rawFetch: Candidate = { name: RAW_FETCH, open };

/** What `fetch` takes, with a signal that also ends the attempt after its timeout. */
export function initOf(request: Request, signal: AbortSignal | undefined = request.signal): RequestInit {
  const { method, headers, body } = request;
  const attempt = AbortSignal.timeout(attemptTimeoutMs);
  return {
    method,
    headers,
    body: body ?? null,
    signal: signal ? AbortSignal.any([signal, attempt]) : attempt,
  };
}

export async function read(response: Response): Promise<number> {
  await response.text();
  return response.status;
}

function open(fetch: typeof globalThis.fetch): Client {
  return { send: async request => read(await fetch(request.url, initOf(request))) };
}
