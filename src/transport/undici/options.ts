import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import {
  boolean,
  type Check,
  type Checks,
  callback,
  duration,
  integer,
  readOptions,
  show,
} from '../../pipeline/options.ts';
import { type DnsCacheOptions, readDnsCache } from './dns-cache.ts';
import { type Guard, type GuardOptions, readGuard } from './guard.ts';
import { type Proxies, readProxies } from './proxy-options.ts';
import { readTls, type Tls, type TlsOptions } from './tls-options.ts';

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
   * The URL of a proxy (http or https, with its credentials if it wants any), or `'environment'` for what `HTTP_PROXY`,
   * `HTTPS_PROXY` and `NO_PROXY` say. It is the proxy that looks up names then.
   * @defaultValue false
   */
  readonly proxy?: string | URL | 'environment' | false;
  /** A Unix domain socket, or a named pipe of Windows, that all requests go to. */
  readonly socketPath?: string;
  readonly tls?: TlsOptions;
  /**
   * How names become addresses, in place of `dns.lookup` and called as that is: for service discovery, or a resolver of
   * your own. `dnsCache` and `guard` apply to what it answers.
   */
  readonly lookup?: LookupFunction;
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
   * Largest head of a response of HTTP/1.1 in bytes, from 1.
   * @defaultValue 16_384, or what `node --max-http-header-size` says
   */
  readonly maxHeaderBytes?: number;
  /** A dispatcher of undici's that sends, in place of one made from the options above about connections. */
  readonly dispatcher?: Dispatcher;
}

const limit = duration({ min: 1, unlimited: true });

/** What has options of its own is read after the rest. */
const readLater: Check = () => {};

const checkPath: Check = (value, name) => {
  if (typeof value !== 'string' || value === '' || value.includes('\0'))
    throw new TypeError(`\`${name}\` should be the path of a socket, got ${show(value)}.`);
};

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
  proxy: readLater,
  socketPath: checkPath,
  tls: readLater,
  lookup: callback,
  dnsCache: readLater,
  guard: readLater,
  maxResponseBytes: integer(),
  maxHeaderBytes: integer({ min: 1 }),
  dispatcher: checkDispatcher,
};

/** Checked, and out of reach of whoever gave them. */
export interface UndiciSettings extends Omit<UndiciOptions, 'dnsCache' | 'guard' | 'proxy' | 'tls'> {
  readonly dnsCache?: Required<DnsCacheOptions> | undefined;
  readonly guard?: Guard | undefined;
  readonly proxy?: Proxies | undefined;
  readonly tls?: Tls | undefined;
}

/** @throws TypeError or RangeError if an option will not do. */
export function readUndiciOptions(options: UndiciOptions): UndiciSettings {
  const read = readOptions('', options, checks, {});
  const { dnsCache = false, guard = false, proxy = false, tls, ...rest } = read;
  const settings: UndiciSettings = {
    ...rest,
    dnsCache: dnsCache === false ? undefined : readDnsCache(dnsCache, 'dnsCache'),
    guard: guard === false ? undefined : readGuard(guard, 'guard'),
    proxy: proxy === false ? undefined : readProxies(proxy, 'proxy'),
    tls: tls && readTls(tls, 'tls'),
  };
  refuseContradictions(settings);
  return settings;
}

function refuseContradictions(settings: UndiciSettings): void {
  const { dispatcher, guard, proxy, socketPath, keepAliveTimeoutMs, maxKeepAliveTimeoutMs } = settings;
  const given = Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const contradict = (one: string, others: readonly string[], why: string): void => {
    const other = others.find(name => given.includes(name));
    if (other) throw new TypeError(`\`${one}\` and \`${other}\` contradict each other: ${why}`);
  };
  if (dispatcher) {
    const ofConnections = given.filter(name => name !== 'dispatcher' && name !== 'maxResponseBytes');
    contradict('dispatcher', ofConnections, 'set this on the dispatcher.');
  }
  if (socketPath !== undefined)
    contradict('socketPath', ['proxy', 'guard', 'dnsCache', 'lookup'], 'a socket has no address.');
  if (proxy && guard)
    contradict(
      'proxy',
      ['guard'],
      'it is the proxy that connects, so it is there that addresses can be denied.',
    );
  const atMost = maxKeepAliveTimeoutMs ?? 600_000;
  if (keepAliveTimeoutMs !== undefined && keepAliveTimeoutMs > atMost)
    throw new RangeError(
      `\`keepAliveTimeoutMs\` should be at most \`maxKeepAliveTimeoutMs\` (${atMost}), got ${keepAliveTimeoutMs}. Change either.`,
    );
}
