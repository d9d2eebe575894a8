/** Tells which calls are identical: what is sent, and everything that changes the answer. */
import { headersOf } from '../../http/headers.ts';
import type { CallRequest } from '../../pipeline/call.ts';

/** What `init` and a `Request` may say, with what they say when nobody has said anything. */
const plain: Readonly<Record<string, unknown>> = {
  cache: 'default',
  credentials: 'same-origin',
  duplex: 'half',
  integrity: '',
  keepalive: false,
  mode: 'cors',
  redirect: 'follow',
  referrer: 'about:client',
  referrerPolicy: '',
};

/** What is read elsewhere: a part of the identity, or each caller's own. */
const read = new Set(['method', 'headers', 'signal']);

/**
 * What a call has in common with those that may share its request; undefined if it may not share. Decided by what is
 * known to be harmless: a member of `init` that nobody here knows may change the answer.
 */
export function identityOf(request: CallRequest): string | undefined {
  const { method, url, input, init, ownRedirects } = request;
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  for (const name in init) if (!read.has(name) && !isPlain(name, init)) return undefined;
  if (typeof input === 'object' && 'url' in input && !isPlainRequest(input)) return undefined;
  const what = `${method} ${ownRedirects ? 'own ' : ''}${url.href}`;
  const headers = headersOf(request);
  if (!headers) return what;
  try {
    return `${what} ${JSON.stringify(sorted(headers))}`;
  } catch {
    // `fetch` says what it thinks of such headers.
    return undefined;
  }
}

function isPlain(name: string, members: object): boolean {
  const value = (members as Record<string, unknown>)[name];
  return value === undefined || value === null || value === plain[name];
}

/** With a class of its own, or members that were put on it, it may be anything. */
function isPlainRequest(request: Request): boolean {
  if (Object.getPrototypeOf(request) !== Request.prototype || Object.keys(request).length > 0) return false;
  if (request.body) return false;
  for (const name in plain) if (!isPlain(name, request)) return false;
  return true;
}

/** By name, in lower case; those of one name stay in their order, which means something. */
function sorted(headers: HeadersInit): (readonly [string, string])[] {
  const pairs = Symbol.iterator in headers ? headers : Object.entries(headers);
  return Array.from(
    pairs as Iterable<[string, string]>,
    ([name, value]) => [String(name).toLowerCase(), String(value)] as const,
  ).sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
}
