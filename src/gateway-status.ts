import { type ErrorCode, HoldfastError } from './errors.ts';

const statuses: Readonly<Record<ErrorCode, 502 | 503 | 504>> = {
  NETWORK: 502,
  STATUS: 502,
  VALIDATION: 502,
  TOKEN: 502,
  CIRCUIT_OPEN: 503,
  HOST_PAUSED: 503,
  OVERLOADED: 503,
  THROTTLED: 503,
  BULKHEAD_FULL: 503,
  RATE_LIMITED: 503,
  CLOSED: 503,
  TIMEOUT: 504,
};

/**
 * The status with which a service tells its own caller that a call of its own has failed: 502 if nothing usable came
 * back, 503 if it is worth coming back later, 504 if a limit passed. Takes what the call ended with, a response or an
 * error.
 *
 * Undefined for an answer that is no failure of the service asked (2xx, 3xx, and 4xx but 429), for what is no ending of a
 * call, and for a request that broke its contract before it was sent: that is a mistake of one's own.
 *
 * Never 429: a limit that holds between us and another service says nothing of who asks us.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-15.6.3 | RFC 9110 §15.6.3 to §15.6.5}
 * @example
 * app.onError((error, c) => c.body(null, gatewayStatus(error) ?? 500, recoveryHeaders(error)));
 */
export function gatewayStatus(ending: Response | unknown): 502 | 503 | 504 | undefined {
  if (ending instanceof Response) return ofAnswer(ending.status);
  if (!(ending instanceof HoldfastError)) return undefined;
  return 'direction' in ending && ending.direction === 'request' ? undefined : statuses[ending.code];
}

function ofAnswer(status: number): 502 | 503 | 504 | undefined {
  if (status === 503 || status === 429) return 503;
  if (status === 504) return 504;
  return status >= 500 ? 502 : undefined;
}
