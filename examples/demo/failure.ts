const IN_WORDS: Readonly<Record<string, string>> = {
  CIRCUIT_OPEN: 'circuit open',
  OVERLOADED: 'overloaded',
  HOST_PAUSED: 'host paused',
  CLOSED: 'closed',
  TIMEOUT: 'timed out',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
};

/** Why a call failed, in a word or two; undefined for an error that no service can cause. */
export function failureOf(error: unknown): string | undefined {
  if ((error as Error).name === 'TimeoutError') return 'timed out';
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, reason } = cause as { code?: unknown; reason?: unknown };
    const known = IN_WORDS[String(code)] ?? IN_WORDS[String(reason)];
    if (known) return known;
  }
  return undefined;
}
