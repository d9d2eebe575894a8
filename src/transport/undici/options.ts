import type { Dispatcher } from 'undici';
import {
  boolean,
  type Check,
  type Checks,
  duration,
  integer,
  readOptions,
  requireObject,
  show,
} from '../../pipeline/options.ts';
import { checkGuard, type GuardOptions } from './guard.ts';

/** Certificates and keys are PEM, as text or bytes. */
export interface TlsOptions {
  /** Authorities to trust in place of those that come with Node. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The client's own certificate, for servers that ask for one. */
  readonly cert?: string | Uint8Array;
  /** The private key of `cert`. */
  readonly key?: string | Uint8Array;
  readonly passphrase?: string;
  /** The name that the server's certificate has to bear, where it is not that of the URL. */
  readonly servername?: string;
  /**
   * Whether a server has to prove who it is.
   * @defaultValue true
   */
  readonly rejectUnauthorized?: boolean;
}

export interface DnsCacheOptions {
  /**
   * How long an answer is used, in milliseconds, from 1.
   * @defaultValue 10_000
   */
  readonly ttlMs?: number;
  /**
   * How many names are remembered, from 1. Beyond that the one that was asked for longest ago is forgotten.
   * @defaultValue 1_000
   */
  readonly maxNames?: number;
}

export interface UndiciOptions {
  /**
   * Longest time in milliseconds for a connection to come about, name and TLS included, from 1; Infinity for none.
   * @defaultValue 10_000
   */
  readonly connectTimeoutMs?: number;
  /**
   * Longest time in milliseconds from a request to the headers of its answer, from 1; Infinity for none. Told to within
   * a second: the attempt timeout is the exact one.
   * @defaultValue 300_000
   */
  readonly headersTimeoutMs?: number;
  /**
   * Longest silence in milliseconds within a body, from 1; Infinity for none. Told to within a second.
   * @defaultValue 300_000
   */
  readonly bodyTimeoutMs?: number;
  /**
   * Most connections to one origin, from 1; calls beyond that wait for one. Infinity for as many as there are calls.
   * @defaultValue Infinity
   */
  readonly maxConnections?: number;
  /**
   * How many requests may be on their way on one connection of HTTP/1.1, from 1.
   * @defaultValue 1
   */
  readonly pipelining?: number;
  /**
   * How long an idle connection is kept where the server does not say, in milliseconds, from 1.
   * @defaultValue 4_000
   */
  readonly keepAliveTimeoutMs?: number;
  /**
   * How long an idle connection is kept at most, whatever the server says, in milliseconds, from 1.
   * @defaultValue 600_000
   */
  readonly maxKeepAliveTimeoutMs?: number;
  /**
   * Whether servers that speak HTTP/2 over TLS are spoken to in it.
   * @defaultValue false, as with Node's `fetch`
   */
  readonly http2?: boolean;
  /**
   * The URL of a proxy, or `'environment'` for what `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
   * @defaultValue false
   */
  readonly proxy?: string | URL | 'environment' | false;
  /** A Unix domain socket, or a named pipe of Windows, that all requests go to. */
  readonly socketPath?: string;
  readonly tls?: TlsOptions;
  /**
   * Remembers what names resolve to.
   * @defaultValue false
   */
  readonly dnsCache?: DnsCacheOptions | false;
  /**
   * Which addresses may be connected to: a guard against requests that are forged through a URL of somebody else's.
   * @defaultValue false
   */
  readonly guard?: GuardOptions | false;
  /**
   * Largest body of a response in bytes, after decompression; 0 for any. What is larger breaks off with an error.
   * @defaultValue any for a body that is read as a stream, 67,108,864 (64 MiB) for one that is read as a whole
   */
  readonly maxResponseBytes?: number;
  /**
   * Largest head of a response in bytes, from 1.
   * @defaultValue 16_384, or what `node --max-http-header-size` says
   */
  readonly maxHeaderBytes?: number;
  /** A dispatcher of undici's that sends, in place of one made from the options above about connections. */
  readonly dispatcher?: Dispatcher;
}

const limit = duration({ min: 1, unlimited: true });

const tlsMembers = ['ca', 'cert', 'key', 'passphrase', 'servername', 'rejectUnauthorized'];

const checkTls: Check = (value, name) => {
  requireObject(value, name);
  for (const member of Object.keys(value as object)) {
    if (!tlsMembers.includes(member))
      throw new TypeError(`Unknown option \`${name}.${member}\`. Known here: ${tlsMembers.join(', ')}.`);
  }
};

const checkProxy: Check = (value, name) => {
  if (value === false || value === 'environment') return;
  if (URL.canParse(String(value)) && /^(?:https?|socks5?):$/.test(new URL(String(value)).protocol)) return;
  throw new TypeError(
    `\`${name}\` should be the URL of a proxy (http, https, socks5), 'environment' or false, got ${show(value)}.`,
  );
};

const checkText: Check = (value, name) => {
  if (typeof value !== 'string' || value === '')
    throw new TypeError(`\`${name}\` should be a path, got ${show(value)}.`);
};

const checkDnsCache: Check = (value, name) => {
  if (value !== false) readDnsCache(value as DnsCacheOptions, name);
};

export const readDnsCache = (given: DnsCacheOptions, name: string = 'dnsCache'): Required<DnsCacheOptions> =>
  readOptions(
    name,
    given,
    { ttlMs: duration({ min: 1 }), maxNames: integer({ min: 1 }) },
    { ttlMs: 10_000, maxNames: 1_000 },
  ) as Required<DnsCacheOptions>;

const checkDispatcher: Check = (value, name) => {
  if (typeof (value as Dispatcher | null)?.dispatch !== 'function')
    throw new TypeError(`\`${name}\` should be a dispatcher of undici, got ${show(value)}.`);
};

const checks: Checks<UndiciOptions> = {
  connectTimeoutMs: limit,
  headersTimeoutMs: limit,
  bodyTimeoutMs: limit,
  maxConnections: (value, name) => {
    if (value !== Number.POSITIVE_INFINITY) integer({ min: 1 })(value, name);
  },
  pipelining: integer({ min: 1 }),
  keepAliveTimeoutMs: duration({ min: 1 }),
  maxKeepAliveTimeoutMs: duration({ min: 1 }),
  http2: boolean,
  proxy: checkProxy,
  socketPath: checkText,
  tls: checkTls,
  dnsCache: checkDnsCache,
  guard: checkGuard,
  maxResponseBytes: integer(),
  maxHeaderBytes: integer({ min: 1 }),
  dispatcher: checkDispatcher,
};

/** @throws TypeError or RangeError if an option will not do. */
export function readUndiciOptions(options: UndiciOptions): UndiciOptions {
  const read = readOptions('', options, checks, {});
  const { dispatcher, maxResponseBytes: _, ...ofConnections } = read;
  const [beside] = Object.keys(ofConnections);
  if (dispatcher && beside)
    throw new TypeError(
      `\`dispatcher\` and \`${beside}\` contradict each other: the dispatcher has its own.`,
    );
  if (read.socketPath !== undefined && read.proxy)
    throw new TypeError('`socketPath` and `proxy` contradict each other: give one of them.');
  return read;
}
