/** The two arguments of a `fetch` call as undici takes a request: by the rules of the standard, without a `Request`. */
import type { Readable } from 'node:stream';
import { types } from 'node:util';
import { createStamp } from '../../http/stamp.ts';
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

/** Members of `init` that are read here, whatever they are. */
const understood = new Set(['method', 'headers', 'body', 'signal', 'keepalive']);

/** Those that are read here, or change nothing, with one of these values. */
const usual: Readonly<Record<string, readonly unknown[]>> = {
  redirect: ['follow', 'manual', 'error'],
  duplex: ['half'],
  priority: ['high', 'low', 'auto'],
  credentials: ['same-origin', 'include', 'omit'],
  mode: ['cors'],
  cache: ['default'],
  integrity: [''],
  referrer: ['about:client'],
  referrerPolicy: [''],
  window: [null],
};

/**
 * Whether a call is plain enough to be sent from here. The rest (`integrity`, modes, caches, referrers, and whatever a
 * runtime may add) is left to the runtime's own `fetch`.
 */
export function isPlain({ input, init }: CallRequest): boolean {
  for (const name in init) {
    const value = (init as Record<string, unknown>)[name];
    if (value !== undefined && !understood.has(name) && !usual[name]?.includes(value)) return false;
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
  if (isRequest && isEmpty(init)) return ofRequest(input, url, input);
  const body = init.body ?? undefined;
  const encoded = encode(body);
  const mayHaveBody = body === undefined || (method !== 'GET' && method !== 'HEAD');
  const isClear =
    !isRequest && plainMethods.includes(method) && mayHaveBody && !url.username && !url.password;
  if (encoded && isClear)
    return { headers: withDefaults(init.headers, url, encoded.contentType), body: encoded.body };
  // The original reads what is unusual, and refuses what will not do.
  const { signal: _, ...rest } = init;
  if (!encoded || body === undefined)
    return ofRequest(new Request(input, rest), url, body === undefined ? (input as Request) : undefined);
  const { headers } = new Request(input, { ...rest, body: untyped });
  return { headers: withDefaults(headers, url, encoded.contentType), body: encoded.body };
}

/** Stands for a body where only the rest of a request is of interest. */
const untyped = new Uint8Array();

const isEmpty = (init: RequestInit): boolean => {
  for (const name in init) if (name !== 'signal') return false;
  return true;
};

const readAheads = createStamp<Uint8Array<ArrayBuffer>>();

/** What the body of a `Request` was, where all of it was there when it was sent. */
export const bodyOfSent = (request: object): Uint8Array<ArrayBuffer> | undefined => readAheads.get(request);

/** @param given - the caller's own, whose body this is; undefined if it was given as a stream beside. */
function ofRequest(
  { body, headers }: Request,
  url: URL,
  given: Request | undefined,
): Outgoing | Promise<Outgoing> {
  const sent = withDefaults(headers, url, undefined);
  if (!body) return { headers: sent, body };
  if (!given) return { headers: sent, body: toReadable(body) };
  return readAhead(body).then(
    read => {
      if (read instanceof Uint8Array) readAheads.set(given, read as Uint8Array<ArrayBuffer>);
      return { headers: sent, body: read };
    },
    cause => {
      throw new TypeError('fetch failed', { cause });
    },
  );
}

interface Encoded {
  readonly body: Body;
  readonly contentType: string | undefined;
}

const nothing: Encoded = { body: null, contentType: undefined };

const empty = new Uint8Array();

/**
 * A body and its type, as `fetch` extracts them; undefined for a stream, and for what has no text either.
 *
 * @see {@link https://fetch.spec.whatwg.org/#concept-bodyinit-extract | Fetch, extract a body}
 */
function encode(body: BodyInit | undefined): Encoded | undefined {
  if (body === undefined) return nothing;
  if (typeof body === 'string') return ofText(body);
  if (typeof body === 'symbol') return undefined;
  if (typeof body !== 'object') return ofText(String(body));
  // Of whatever realm, and not shared.
  if (ArrayBuffer.isView(body) && types.isArrayBuffer(body.buffer)) {
    const { buffer, byteOffset, byteLength } = body;
    // One whose buffer has been transferred has no bytes, and cannot be looked into.
    const bytes = byteLength === 0 ? empty : new Uint8Array(buffer, byteOffset, byteLength);
    return { body: new Uint8Array(bytes), contentType: undefined };
  }
  if (types.isArrayBuffer(body)) return { body: new Uint8Array(body.slice(0)), contentType: undefined };
  if (body instanceof URLSearchParams)
    return { body: String(body), contentType: 'application/x-www-form-urlencoded;charset=UTF-8' };
  if (body instanceof FormData) return multipart(body);
  if (body instanceof Blob) return { body, contentType: body.type || undefined };
  return body instanceof ReadableStream || Symbol.asyncIterator in body ? undefined : ofText(String(body));
}

const ofText = (body: string): Encoded => ({ body, contentType: 'text/plain;charset=UTF-8' });

const acceptEncoding = 'gzip, deflate';
const acceptEncodingOverTls = 'br, gzip, deflate';

/** A call that has one of these is about a copy of its own, and no cache on the way is to answer it. */
const conditions = ['if-modified-since', 'if-none-match', 'if-unmodified-since', 'if-match', 'if-range'];

function isConditional(names: ReadonlySet<string>): boolean {
  for (const name of conditions) if (names.has(name)) return true;
  return false;
}

/**
 * Headers as they are sent: those given, and those that Node's `fetch` adds where they are not.
 *
 * @see {@link https://fetch.spec.whatwg.org/#http-network-or-cache-fetch | Fetch, HTTP-network-or-cache fetch}
 * @throws TypeError for a name or a value that `Headers` refuses.
 */
function withDefaults(given: HeadersInit | undefined, url: URL, contentType: string | undefined): string[] {
  const sent: string[] = [];
  const names = given === undefined ? noNames : addGiven(given, sent);
  if (contentType !== undefined && !names.has('content-type')) sent.push('content-type', contentType);
  if (!names.has('accept')) sent.push('accept', '*/*');
  if (!names.has('accept-language')) sent.push('accept-language', '*');
  if (!names.has('sec-fetch-mode')) sent.push('sec-fetch-mode', 'cors');
  if (!names.has('user-agent')) sent.push('user-agent', 'node');
  if (names.size > 0 && isConditional(names)) {
    if (!names.has('pragma')) sent.push('pragma', 'no-cache');
    if (!names.has('cache-control')) sent.push('cache-control', 'no-cache');
  }
  if (!names.has('accept-encoding')) sent.push('accept-encoding', codingsFor(names, url));
  return sent;
}

/** A part of what is encoded could not be decoded. */
function codingsFor(names: ReadonlySet<string>, { protocol }: URL): string {
  if (names.has('range')) return 'identity';
  return protocol === 'https:' ? acceptEncodingOverTls : acceptEncoding;
}

const noNames: ReadonlySet<string> = new Set();

const cleanName = /^[\w!#$%&'*+.^`|~-]+$/;
/** Printable, and with nothing at its ends that `Headers` would take off. */
const cleanValue = /^[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?$/;

/** Adds what is given, and returns its names in lower case. */
function addGiven(given: HeadersInit, sent: string[]): ReadonlySet<string> {
  const names = new Set<string>();
  if (given instanceof Headers) {
    for (const name of given.keys()) addOnce(name, given, sent, names);
    return names;
  }
  const isRecord = typeof given === 'object' && given !== null && !(Symbol.iterator in given);
  if (isRecord && addClean(given, sent, names)) return names;
  const read = isRecord ? { ...given } : readPairs(given);
  const { headers } = new Request('http://localhost', { headers: read });
  // Names go out as they are spelled, which `Headers` do not tell.
  const spelled = Array.isArray(read) ? read.map(([name]) => String(name)) : Object.keys(read);
  for (const name of spelled) addOnce(name, headers, sent, names);
  return names;
}

/** What can be iterated once is read once; what is no list of pairs is left for the original to refuse. */
const readPairs = (given: HeadersInit): HeadersInit =>
  typeof given === 'object' && given !== null
    ? Array.from(given as Iterable<[string, string]>, pair =>
        typeof pair === 'object' && pair !== null ? (Array.from(pair) as [string, string]) : pair,
      )
    : given;

function addOnce(name: string, headers: Headers, sent: string[], names: Set<string>): void {
  const lower = name.toLowerCase();
  if (names.has(lower)) return;
  names.add(lower);
  push(sent, name, lower, headers.get(name) as string);
}

/** `fetch` alone says where a request goes and in which mode. */
function push(sent: string[], name: string, lower: string, value: string): void {
  if (lower === 'sec-fetch-mode') sent.push(lower, 'cors');
  else if (lower !== 'host') sent.push(name, value);
}

/** Whether nothing in a plain object has to be looked at by `Headers`: the common case, at a tenth of the cost. */
function addClean(given: Record<string, unknown>, sent: string[], names: Set<string>): boolean {
  // What is inherited does not count.
  if (Object.getPrototypeOf(given) !== Object.prototype) return false;
  for (const name in given) {
    const value = given[name];
    const lower = name.toLowerCase();
    if (typeof value !== 'string' || !cleanName.test(lower) || !cleanValue.test(value) || names.has(lower)) {
      sent.length = 0;
      names.clear();
      return false;
    }
    push(sent, name, lower, value);
    names.add(lower);
  }
  return true;
}
