/** Holdfast as it ships, but for the two timeouts that all candidates share. */
import { createFetch, type FetchOptions, RejectedError } from '../../src/index.ts';
import { attemptTimeoutMs, type Candidate, totalTimeoutMs } from './candidate.ts';

/** The name under which the tables list it. */
export const HOLDFAST = 'Holdfast';

/** `options` to see what another default would do. */
export function holdfast(options: FetchOptions = {}): Candidate {
  return { name: HOLDFAST, open: (fetch, random) => open({ ...options, fetch, random }) };
}

/** As shipped, but also repeating what provably never left: safe for a POST, and up to the user. */
export function holdfastUnsent(options: FetchOptions = {}): Candidate {
  const retry = options.retry === false ? false : { ...options.retry, unsent: true };
  return {
    name: `${HOLDFAST}, retry.unsent`,
    open: (fetch, random) => open({ ...options, retry, fetch, random }),
    scenarios: ['9a', '9b'],
  };
}

/** As shipped, but with a second attempt beside a slow one: what that buys where a few answers are late. */
export function holdfastHedging(options: FetchOptions = {}): Candidate {
  return {
    name: `${HOLDFAST}, hedge`,
    open: (fetch, random) => open({ ...options, hedge: {}, fetch, random }),
    scenarios: ['6'],
  };
}

function open(options: FetchOptions): ReturnType<Candidate['open']> {
  const fetch = createFetch({ attemptTimeoutMs, totalTimeoutMs, ...options });
  return {
    send: async ({ url, method, headers, body, signal }) => {
      const response = await fetch(url, {
        method,
        headers,
        ...(body && { body }),
        ...(signal && { signal }),
      });
      await response.text();
      return response.status;
    },
    isRejection: error => error instanceof RejectedError,
    isOpen: url => fetch.hosts.get(new URL(url).origin)?.circuitBreaker?.state === 'open',
    close: () => void fetch.close(),
  };
}
