import { parseHttpDate } from './http-date.ts';
import { isDictionary, itemsOf, membersOf } from './structured-fields.ts';

const DIGITS = /^[0-9]+$/;
const DECIMAL = /^[0-9]+(?:\.[0-9]+)?$/;
const ZERO = /^0+(?:\.0+)?$/;

/** From here on a reset is an epoch time in seconds: as a delay it would be thirty years. */
const EPOCH_SECONDS_FROM = 1e9;
const EPOCH_MS_FROM = 1e12;

/** Reset fields with the field that says how much is left, the standard's own first. */
const RESET_FIELDS = [
  ['ratelimit-reset', 'ratelimit-remaining'],
  ['x-ratelimit-reset', 'x-ratelimit-remaining'],
  ['x-rate-limit-reset', 'x-rate-limit-remaining'],
] as const;

/**
 * How long a response asks its client to wait, in milliseconds from now; 0 for an instant that has passed.
 *
 * The first of these that is present and well formed decides; a malformed one is as good as absent:
 *
 * 1. `Retry-After`: digits (seconds) or an HTTP-date.
 * 2. `retry-after-ms`, `x-ms-retry-after-ms`: milliseconds, decimals allowed (OpenAI, Azure).
 * 3. `RateLimit`: `"name";r=0;t=30`, the longest `t` of the exhausted quotas; or the older dictionary
 *    `limit=100, remaining=0, reset=30`.
 * 4. `RateLimit-Reset`, `X-RateLimit-Reset`, `X-Rate-Limit-Reset`: seconds from now, or epoch time in seconds
 *    (above 1e9, as GitHub and GitLab send) or milliseconds (above 1e12).
 *
 * A quota asks for a wait only when it is used up: 3 needs the remainder to be 0, 4 the matching `…-Remaining`
 * to be 0 or absent.
 *
 * @param nowEpochMs - the present, in milliseconds since the epoch.
 * @returns a whole number of milliseconds, rounded up so as never to be early; undefined if nothing is asked.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 | RFC 9110 §10.2.3}
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ | RateLimit fields}, also drafts 06 and 07
 */
export function retryAfterMs(headers: Headers, nowEpochMs: number): number | undefined {
  const delayMs =
    fromRetryAfter(headers.get('retry-after'), nowEpochMs) ??
    fromMilliseconds(headers.get('retry-after-ms')) ??
    fromMilliseconds(headers.get('x-ms-retry-after-ms')) ??
    fromRateLimit(headers.get('ratelimit')) ??
    fromReset(headers, nowEpochMs);
  return delayMs === undefined ? undefined : clampDelay(delayMs);
}

function fromRetryAfter(value: string | null, nowEpochMs: number): number | undefined {
  if (value === null) return undefined;
  if (DIGITS.test(value)) return Number(value) * 1000;
  const instant = parseHttpDate(value, nowEpochMs);
  return instant === undefined ? undefined : instant - nowEpochMs;
}

function fromMilliseconds(value: string | null): number | undefined {
  return value !== null && DECIMAL.test(value) ? Number(value) : undefined;
}

function fromRateLimit(value: string | null): number | undefined {
  if (value === null) return undefined;
  const seconds = isDictionary(value) ? resetOfDictionary(value) : longestResetOfList(value);
  return seconds === undefined ? undefined : seconds * 1000;
}

function longestResetOfList(value: string): number | undefined {
  let longest: number | undefined;
  for (const [, parameters] of itemsOf(value)) {
    const seconds = parameters.get('r') === 0 ? asSeconds(parameters.get('t')) : undefined;
    if (seconds !== undefined && (longest === undefined || seconds > longest)) longest = seconds;
  }
  return longest;
}

function resetOfDictionary(value: string): number | undefined {
  const members = membersOf(value);
  return members?.get('remaining') === 0 ? asSeconds(members.get('reset')) : undefined;
}

function asSeconds(value: unknown): number | undefined {
  return Number.isInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function fromReset(headers: Headers, nowEpochMs: number): number | undefined {
  for (const [resetField, remainingField] of RESET_FIELDS) {
    const reset = headers.get(resetField);
    if (reset === null || !DECIMAL.test(reset)) continue;
    const remaining = headers.get(remainingField);
    if (remaining === null || ZERO.test(remaining)) return resetToDelay(Number(reset), nowEpochMs);
  }
  return undefined;
}

function resetToDelay(reset: number, nowEpochMs: number): number {
  if (reset > EPOCH_MS_FROM) return reset - nowEpochMs;
  if (reset > EPOCH_SECONDS_FROM) return reset * 1000 - nowEpochMs;
  return reset * 1000;
}

/** Digits can go on for ever: what overflows stays a finite number, which survives JSON and arithmetic. */
function clampDelay(delayMs: number): number {
  return Math.min(Math.max(0, Math.ceil(delayMs)), Number.MAX_SAFE_INTEGER);
}
