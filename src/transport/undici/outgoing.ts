/** The two arguments of a `fetch` call as undici takes a request: by the rules of the standard, without a `Request`. */
import type { Readable } from 'node:stream';
import type { CallRequest } from '../../pipeline/call.ts';
import { multipart } from './multipart.ts';
import { readAhead, toReadable } from './request-stream.ts';

type Body = string | Uint8Array | Blob | Readable | null;

/** A request as undici sends it. */
export interface Outgoing {
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Body;
}

/** Members of `init` that have no say in what is sent, or are read here. */
const understood = new Set([
  ...['method', 'headers', 'body', 'redirect', 'signal', 'duplex'],
  ...['keepalive', 'priority', 'credentials'],
]);

/** Those that have, and the value that changes nothing. */
const usual: Readonly<Record<string, unknown>> = {
  mode: 'cors',
  cache: 'default',
  integrity: '',
  referrer: 'about:client',
  referrerPolicy: '',
  window: null,
};

/**
 * Whether a call is plain enough to be sent from here. The rest (`integrity`, modes, caches, referrers, and whatever a
 * runtime may add) is left to the runtime's own `fetch`.
 */
export function isPlain({ input, init }: CallRequest): boolean {
  for (const name in init) {
    const value = (init as Record<string, unknown>)[name];
    if (value !== undefined && !understood.has(name) && value !== usual[name]) return false;
  }
  return typeof input === 'string' || !('method' in input) || isPlainRequest(input);
}

function isPlainRequest(request: Request): boolean {
  const { mode, cache, integrity, referrer, referrerPolicy, headers } = request;
  const isUsual = mode === 'cors' && cache === 'default' && !integrity && referrer === 'about:client';
  // The length of a form with files is known to none but the `Request`.
  return isUsual && !referrerPolicy && !headers.get('content-type')?.startsWith('multipart/');
}

/** Methods that need no look at their spelling. */
const plainMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * A request for undici.
 *
 * @throws TypeError for arguments that `fetch` refuses, in its words.
 */
export function readOutgoing({ input, init, method, url }: CallRequest): Outgoing | Promise<Outgoing> {
  const isRequest = typeof input === 'object' && 'method' in input;
  if (isRequest && isEmpty(init)) return ofRequest(input, url);
  const body = init.body ?? undefined;
  const encoded = encode(body);
  const mayHaveBody = body === undefined || (method !== 'GET' && method !== 'HEAD');
  const isClear =
    !isRequest && plainMethods.includes(method) && mayHaveBody && !url.username && !url.password;
  if (encoded && isClear)
    return { headers: withDefaults(init.headers, url, encoded.contentType), body: encoded.body };
  // The original reads what is unusual, and refuses what will not do.
  const { signal: _, ...rest } = init;
  if (!encoded || body === undefined) return ofRequest(new Request(input, rest), url, body !== undefined);
  const { headers } = new Request(input, { ...rest, body: untyped });
  return { headers: withDefaults(headers, url, encoded.contentType), body: encoded.body };
}

/** Stands for a body where only the rest of a request is of interest. */
const untyped = new Uint8Array();

const isEmpty = (init: RequestInit): boolean => {
  for (const name in init) if (name !== 'signal') return false;
  return true;
};

/** @param isStream - whether its body was given as a stream, and not made one by the `Request`. */
function ofRequest({ body, headers }: Request, url: URL, isStream = false): Outgoing | Promise<Outgoing> {
  const sent = withDefaults(headers, url, undefined);
  if (!body) return { headers: sent, body };
  return isStream
    ? { headers: sent, body: toReadable(body) }
    : readAhead(body).then(read => ({ headers: sent, body: read }));
}

interface Encoded {
  readonly body: Body;
  readonly contentType: string | undefined;
}

const nothing: Encoded = { body: null, contentType: undefined };

/**
 * A body and its type, as `fetch` extracts them; undefined for a stream, and for what we do not know.
 *
 * @see {@link https://fetch.spec.whatwg.org/#concept-bodyinit-extract | Fetch, extract a body}
 */
function encode(body: BodyInit | undefined): Encoded | undefined {
  if (body === undefined) return nothing;
  if (typeof body === 'string') return { body, contentType: 'text/plain;charset=UTF-8' };
  if (body instanceof Uint8Array) return { body: body.slice(), contentType: undefined };
  if (ArrayBuffer.isView(body)) {
    const { buffer, byteOffset, byteLength } = body;
    return { body: new Uint8Array(buffer, byteOffset, byteLength).slice(), contentType: undefined };
  }
  if (body instanceof ArrayBuffer) return { body: new Uint8Array(body.slice(0)), contentType: undefined };
  if (body instanceof URLSearchParams)
    return { body: String(body), contentType: 'application/x-www-form-urlencoded;charset=UTF-8' };
  if (body instanceof FormData) return multipart(body);
  if (body instanceof Blob) return { body, contentType: body.type || undefined };
  return undefined;
}

const acceptEncoding = 'gzip, deflate';
const acceptEncodingOverTls = 'br, gzip, deflate';

/**
 * Headers as they are sent: those given, and those that Node's `fetch` adds where they are not.
 *
 * @see {@link https://fetch.spec.whatwg.org/#http-network-or-cache-fetch | Fetch, HTTP-network-or-cache fetch}
 * @throws TypeError for a name or a value that `Headers` refuses.
 */
function withDefaults(given: HeadersInit | undefined, url: URL, contentType: string | undefined): string[] {
  const sent: string[] = [];
  const names = given ? addGiven(given, sent) : noNames;
  if (contentType !== undefined && !names.has('content-type')) sent.push('content-type', contentType);
  if (!names.has('accept')) sent.push('accept', '*/*');
  if (!names.has('accept-language')) sent.push('accept-language', '*');
  if (!names.has('sec-fetch-mode')) sent.push('sec-fetch-mode', 'cors');
  if (!names.has('user-agent')) sent.push('user-agent', 'node');
  if (!names.has('accept-encoding'))
    sent.push('accept-encoding', url.protocol === 'https:' ? acceptEncodingOverTls : acceptEncoding);
  return sent;
}

const noNames: ReadonlySet<string> = new Set();

const cleanName = /^[\w!#$%&'*+.^`|~-]+$/;
/** Printable, and with nothing at its ends that `Headers` would take off. */
const cleanValue = /^[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?$/;

/** Adds what is given, and returns its names in lower case. */
function addGiven(given: HeadersInit, sent: string[]): ReadonlySet<string> {
  const names = new Set<string>();
  if (!(Symbol.iterator in given) && addClean(given as Record<string, unknown>, sent, names)) return names;
  const headers = given instanceof Headers ? given : new Headers(given);
  headers.forEach((value, name) => {
    sent.push(name, value);
    names.add(name);
  });
  return names;
}

/** Whether nothing in a plain object has to be looked at by `Headers`: the common case, at a tenth of the cost. */
function addClean(given: Record<string, unknown>, sent: string[], names: Set<string>): boolean {
  for (const name in given) {
    const value = given[name];
    const lower = name.toLowerCase();
    if (typeof value !== 'string' || !cleanName.test(name) || !cleanValue.test(value) || names.has(lower)) {
      sent.length = 0;
      names.clear();
      return false;
    }
    sent.push(name, value);
    names.add(lower);
  }
  return true;
}
