/** The dispatcher that sends: undici's, made as the options say. */
import { isIP } from 'node:net';
import type * as Undici from 'undici';
import type { Connect, Connections } from './connections.ts';
import { Guard } from './guard.ts';
import { lookupThrough } from './lookup.ts';
import { readDnsCache, type UndiciOptions } from './options.ts';

/** undici counts no limit as 0. */
const orNone = (ms: number | undefined): number | undefined => (ms === Number.POSITIVE_INFINITY ? 0 : ms);

/** Without what is undefined, which undici takes for given. */
const given = <Value extends object>(options: Value): Value =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Value;

export function newAgent(
  undici: typeof Undici,
  connections: Connections,
  options: UndiciOptions,
): Undici.Dispatcher {
  const { proxy, maxConnections, http2 = false } = options;
  const settings = given({
    allowH2: http2,
    bodyTimeout: orNone(options.bodyTimeoutMs),
    headersTimeout: orNone(options.headersTimeoutMs),
    connections: maxConnections === Number.POSITIVE_INFINITY ? undefined : maxConnections,
    keepAliveMaxTimeout: options.maxKeepAliveTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    maxHeaderSize: options.maxHeaderBytes,
    pipelining: options.pipelining,
    connect: connections.watch(guarded(undici, options)),
  }) as Undici.Agent.Options;
  if (!proxy) return new undici.Agent(settings);
  const tls = given({ ...options.tls }) as Undici.buildConnector.BuildOptions;
  if (proxy === 'environment') return new undici.EnvHttpProxyAgent({ ...settings, requestTls: tls });
  return new undici.ProxyAgent({ ...settings, uri: String(proxy), requestTls: tls });
}

/** Connects where the guard lets it. */
function guarded(undici: typeof Undici, options: UndiciOptions): Connect {
  const { connectTimeoutMs = 10_000, dnsCache, http2 = false, socketPath, tls } = options;
  const guard = options.guard ? new Guard(options.guard) : undefined;
  const connect = undici.buildConnector(
    given({
      ...tls,
      allowH2: http2,
      socketPath,
      timeout: orNone(connectTimeoutMs),
      lookup:
        guard || dnsCache ? lookupThrough(guard, dnsCache ? readDnsCache(dnsCache) : undefined) : undefined,
    }) as Undici.buildConnector.BuildOptions,
    // Returns the socket, which its type does not say.
  ) as Connect;
  if (!guard) return connect;
  return (target, callback) => {
    // An address needs no look-up, and so would not be looked at.
    const { hostname } = target;
    const refused = isIP(hostname) === 0 ? undefined : guard.refusal(hostname, hostname);
    if (!refused) return connect(target, callback);
    callback(refused, null);
    return undefined;
  };
}
