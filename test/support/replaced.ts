import type { NetworkError } from '../../src/index.ts';

/**
 * The error of `fetch` in whose place ours stands: its cause, or what that was wrapped in. The words of the wrapping, which
 * ours has in its own way, are those that undici always has.
 */
export function replacedBy({ cause }: NetworkError): Error {
  return cause instanceof TypeError && !('code' in cause) ? cause : new TypeError('fetch failed', { cause });
}
