/** By what an answer is found again. */
import { type HeadersSource, headersOf, someHeader } from '../../http/headers.ts';
import { isSensitiveHeader } from '../../http/redact.ts';
import type { CallRequest } from '../../pipeline/call.ts';
import type { Index } from './entry.ts';

/** The key of a URL. A redirect that is handed out as it is must not answer who wants it followed. */
export function keyOf({ url, input, init }: CallRequest): string {
  const mode =
    init.redirect ?? (typeof input === 'object' && 'redirect' in input ? input.redirect : undefined);
  return urlKey(url, mode === undefined || mode === 'follow');
}

/** The keys of everything that may be kept of a URL. */
export const keysAt = (url: URL): string[] => [urlKey(url, true), urlKey(url, false)];

function urlKey({ href, hash }: URL, isFollowed: boolean): string {
  const place = hash === '' ? href : href.slice(0, -hash.length);
  return isFollowed ? place : `manual ${place}`;
}

/**
 * Of headers that say in whose name a call is made: a private cache serves one user, and a program may call for several.
 * The key of an order is none: it is different each time, and nobody's name.
 */
const isCredential = (name: string): boolean =>
  isSensitiveHeader(name) && name.toLowerCase() !== 'idempotency-key';

export const hasCredentials = (source: HeadersSource): boolean => someHeader(headersOf(source), isCredential);

/**
 * The key of one of several answers for a URL: by the request headers that the service says they differ by, and by
 * credentials where each set of them has answers of its own.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9111#section-4.1 | RFC 9111 §4.1}
 */
export function variantKey(
  key: string,
  { vary, generation }: Index,
  source: HeadersSource,
  shared: boolean,
): string {
  const headers = new Headers(headersOf(source));
  const values = vary.map(name => `${name}:${normalized(name, headers.get(name))}`);
  const credentials = shared ? [] : [...headers].filter(([name]) => isCredential(name));
  return [key, generation, ...values, '', ...credentials.map(pair => pair.join(':'))].join('\n');
}

/** Without white space that says nothing, nor the case of what has none. Nothing at all is no text of a header. */
function normalized(name: string, value: string | null): string {
  const text = value?.replaceAll(/\s*,\s*/g, ',').trim() ?? '\n';
  return name === 'accept-language' || name === 'accept-encoding' ? text.toLowerCase() : text;
}
