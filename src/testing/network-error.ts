/** What Node's system calls are named by in the errors of their codes. */
const syscalls: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect',
  EHOSTUNREACH: 'connect',
  ENETUNREACH: 'connect',
  EADDRNOTAVAIL: 'connect',
  ENOTFOUND: 'getaddrinfo',
  EAI_AGAIN: 'getaddrinfo',
  ECONNRESET: 'read',
  EPIPE: 'write',
};

/**
 * An error as Node's `fetch` rejects with when the network fails: `TypeError: fetch failed`, and the reason as the
 * `code` of its cause.
 *
 * @param code - such as `ECONNREFUSED`, `ECONNRESET`, `UND_ERR_SOCKET`.
 * @param syscall - in which system call it failed, where the code leaves that open: `ETIMEDOUT` in `connect` never
 * reached the server, in `read` it may have.
 * @example
 * attempt.fail(networkError('ECONNRESET'));
 */
export function networkError(code: string, syscall: string | undefined = syscalls[code]): TypeError {
  return new TypeError('fetch failed', { cause: causeOf(code, syscall) });
}

/**
 * An error as the readers of a body get when its connection breaks: `TypeError: terminated`, and the reason as the `code`
 * of its cause.
 */
export function bodyError(code: string, syscall: string | undefined = syscalls[code]): TypeError {
  return new TypeError('terminated', { cause: causeOf(code, syscall) });
}

function causeOf(code: string, syscall: string | undefined): Error {
  const cause = new Error(syscall ? `${syscall} ${code}` : code);
  return Object.assign(cause, { code, ...(syscall && { syscall }) });
}
