import { createStamp } from './stamp.ts';

/** How far an attempt got: it never left, it may have reached the server, the server has answered. */
export type Sent = 'no' | 'maybe' | 'yes';

/** What an error of a transport tells about the attempt that it ended. */
export interface Failure {
  /** The code that decided, or that of the error if none is known. */
  readonly code: string | undefined;
  readonly sent: Sent;
  /** Whether the same attempt may succeed later, unchanged. */
  readonly transient: boolean;
  /** Whether it is about this program and its machine, and says nothing of the host. */
  readonly local?: boolean;
  /** Whether the connection had lain idle, and was closed by the other side before this was known. */
  readonly isStale?: boolean | undefined;
}

const refused = { sent: 'no', transient: true } as const;
const broken = { sent: 'maybe', transient: true } as const;
const answered = { sent: 'yes', transient: true } as const;
const final = { sent: 'yes', transient: false } as const;
const hopeless = { sent: 'no', transient: false } as const;
const noSockets = { sent: 'no', transient: true, local: true } as const;
const mistake = { sent: 'no', transient: false, local: true } as const;

/** Codes of the system (errno), of DNS, of undici (`UND_ERR_*`), of our own transport on it and of Bun, by how far the request can have got. */
const known: Readonly<Record<string, Omit<Failure, 'code'>>> = {
  ECONNREFUSED: refused,
  ENOTFOUND: refused,
  EAI_AGAIN: refused,
  EAI_FAIL: refused,
  EAI_NODATA: refused,
  EAI_NONAME: refused,
  EHOSTUNREACH: refused,
  EHOSTDOWN: refused,
  ENETUNREACH: refused,
  ENETDOWN: refused,
  EADDRNOTAVAIL: refused,
  EADDRINUSE: refused,
  EMFILE: noSockets,
  ENFILE: noSockets,
  UND_ERR_MAX_ORIGINS_REACHED: noSockets,
  UND_ERR_CONNECT_TIMEOUT: refused,
  ConnectionRefused: refused,
  FailedToOpenSocket: refused,
  ECONNRESET: broken,
  ECONNABORTED: broken,
  EPIPE: broken,
  ETIMEDOUT: broken,
  ENETRESET: broken,
  UND_ERR_SOCKET: broken,
  UND_ERR_HEADERS_TIMEOUT: broken,
  UND_ERR_CLOSED: broken,
  UND_ERR_DESTROYED: broken,
  ERR_HTTP2_STREAM_ERROR: broken,
  ERR_HTTP2_SESSION_ERROR: broken,
  ERR_HTTP2_GOAWAY_SESSION: broken,
  ConnectionClosed: broken,
  TooManyRedirects: final,
  UnexpectedRedirect: final,
  UND_ERR_BODY_TIMEOUT: answered,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: answered,
  UND_ERR_HEADERS_OVERFLOW: final,
  UND_ERR_RES_EXCEEDED_MAX_SIZE: final,
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: { ...mistake, sent: 'maybe' },
  UND_ERR_INVALID_ARG: mistake,
  // That of a redirect: a wrong one of the caller's own is refused before this is asked.
  ERR_INVALID_URL: { ...mistake, sent: 'maybe' },
  UND_ERR_PRX_CONN: refused,
  UND_ERR_PRX_TLS: hopeless,
  PROXY_FAILED: refused,
  PROXY_REFUSED: mistake,
  ADDRESS_DENIED: mistake,
  EPROTO: hopeless,
  EACCES: hopeless,
  EPERM: hopeless,
  DEPTH_ZERO_SELF_SIGNED_CERT: hopeless,
  SELF_SIGNED_CERT_IN_CHAIN: hopeless,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: hopeless,
  UNABLE_TO_GET_ISSUER_CERT: hopeless,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: hopeless,
  UNABLE_TO_GET_CRL: hopeless,
  HOSTNAME_MISMATCH: hopeless,
};

/** A cause chain longer than this is a mistake or a loop. */
const maxCauses = 10;

interface ErrorLike {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly cause?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
}

/**
 * Reads a transport's error down its `cause` chain, by code and never by message.
 *
 * Undefined where the error is not one of the network: a mistake in the arguments, an abort, or something that a
 * custom transport threw of its own.
 */
export function readFailure(error: unknown): Failure | undefined {
  const failure = readChain(error);
  const origin = isObject(error) ? origins.get(error) : undefined;
  return failure && origin ? { ...failure, sent: sentOf(failure, origin), isStale: origin.isStale } : failure;
}

/** A code tells how far a request can have got, and who has watched it knows. */
function sentOf({ sent }: Failure, { afterRedirect, sent: watched }: Origin): Sent {
  if (afterRedirect) return sent === 'yes' ? 'yes' : 'maybe';
  if (watched === 'no') return 'no';
  return watched === 'maybe' && sent === 'no' ? 'maybe' : sent;
}

function readChain(error: unknown): Failure | undefined {
  let deepest: ErrorLike | undefined;
  let link = error;
  for (let depth = 0; isObject(link) && depth < maxCauses; depth++) {
    const found = readCode(link);
    if (found) return found;
    deepest = link;
    link = link.cause ?? firstOf(link.errors);
  }
  return readUncoded(error, deepest);
}

function readCode(error: ErrorLike): Failure | undefined {
  const { code } = error;
  // undici's parser has a code for some of what it cannot read, and none for what is no HTTP at all.
  if (error.name === 'HTTPParserError')
    return { code: typeof code === 'string' ? code : 'HTTPParserError', ...answered };
  if (typeof code !== 'string') return undefined;
  // ETIMEDOUT and ECONNRESET come from a socket at work as well as from one that is still connecting.
  // ENOENT is that of a Unix domain socket which is not there (yet), or of any file.
  if (error.syscall === 'connect' && (known[code] === broken || known[code] === refused || code === 'ENOENT'))
    return { code, ...refused };
  const facts = known[code];
  if (facts) return { code, ...facts };
  if (code.startsWith('HPE_')) return { code, ...answered };
  if (code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code.startsWith('CERT_'))
    return { code, ...hopeless };
  return undefined;
}

/** What a transport knows of an error that this does not say itself. */
interface Origin {
  /** A redirect had been followed by then: the request was sent, if not to where it failed. */
  readonly afterRedirect?: boolean;
  /** It is no failure of the network: the transport has refused to go on. */
  readonly isRefusal?: boolean;
  /** How far the request got, from a transport that has watched it. */
  readonly sent?: 'no' | 'maybe';
  /** Whether the connection had lain idle, and was closed by the other side before this was known. */
  readonly isStale?: boolean;
}

const origins = createStamp<Origin>();

/** Marks what a transport has rejected with, and hands it back. Without a code, only such an error is the network's. */
export function fromTransport(error: unknown, origin: Origin = {}): unknown {
  if (isObject(error)) origins.set(error, { ...origins.get(error), ...origin });
  return error;
}

/**
 * As {@link readFailure}, of what the reading of a body has ended with. Where the runtime names no code, as browsers do,
 * it is enough that the body was being read.
 */
export const readBodyFailure = (error: unknown, { bodyUsed }: Response): Failure | undefined =>
  readFailure(bodyUsed ? fromTransport(error) : error);

/** What can be said of an error in whose chain no code is known. */
function readUncoded(error: unknown, deepest: ErrorLike | undefined): Failure | undefined {
  const origin = isObject(error) ? origins.get(error) : undefined;
  if (!isObject(error) || !origin) return undefined;
  const code = typeof error.code === 'string' ? error.code : undefined;
  if (code?.startsWith('ERR_INVALID_')) return undefined;
  if (error.name === 'TimeoutError') return { code: code ?? 'TimeoutError', ...broken };
  if (error.name === 'TypeError') {
    // undici names no code for what fetch refuses: a bad port before sending, a redirect in `error` mode after. Deno
    // names none for anything: there a cause is what the network did.
    const refusedByFetch = deepest !== error && isErrorLike(deepest) && !('Deno' in globalThis);
    return { code, sent: 'maybe', transient: !refusedByFetch && !origin.isRefusal };
  }
  // Workers reject with a plain Error; an error of any other class is somebody's own, and not ours to repeat.
  return error.name === 'Error' ? { code, ...broken } : undefined;
}

function firstOf(errors: unknown): unknown {
  return Array.isArray(errors) ? errors[0] : undefined;
}

const isObject = (value: unknown): value is ErrorLike => typeof value === 'object' && value !== null;

/** A thrown error, in contrast to the error `Response` that some transports give as the cause. */
const isErrorLike = (value: ErrorLike | undefined): boolean => typeof value?.message === 'string';
