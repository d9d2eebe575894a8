/** The dispatcher that sends: undici's, made as the options say. */
import type * as Undici from 'undici';
import type { Connect, Connections } from './connections.ts';
import { forgetful, guarded } from './connector.ts';
import { newLookup } from './lookup.ts';
import type { UndiciSettings } from './options.ts';
import { newProxyAgent } from './proxy.ts';

type BuildOptions = Undici.buildConnector.BuildOptions;

/** undici counts in whole milliseconds, and no limit as 0. */
const asUndici = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : ms === Number.POSITIVE_INFINITY ? 0 : Math.ceil(ms);

/** Without what is undefined, which undici takes for given. */
const given = <Value extends object>(options: Value): Value =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Value;

export function newAgent(
  undici: typeof Undici,
  connections: Connections,
  settings: UndiciSettings,
): Undici.Dispatcher {
  const {
    connectTimeoutMs = 10_000,
    guard,
    http2 = false,
    maxConnections,
    proxy,
    socketPath,
    tls,
  } = settings;
  const limits = given({
    bodyTimeout: asUndici(settings.bodyTimeoutMs),
    headersTimeout: asUndici(settings.headersTimeoutMs),
    connections: maxConnections === Number.POSITIVE_INFINITY ? undefined : maxConnections,
    keepAliveMaxTimeout: settings.maxKeepAliveTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    maxHeaderSize: settings.maxHeaderBytes,
    pipelining: settings.pipelining,
  }) as Undici.Pool.Options;
  const names = newLookup(settings);
  const toAnyone = { timeout: asUndici(connectTimeoutMs), lookup: names.lookup };
  const { trusted, ...ofServer } = tls ?? {};
  const toServer = given({ ...toAnyone, ...ofServer, socketPath, allowH2: http2 }) as BuildOptions;
  const toProxy = given({ ...toAnyone, secureContext: trusted, allowH2: false }) as BuildOptions;
  // Returns the socket, which its type does not say.
  let connect = undici.buildConnector(toServer) as Connect;
  if (settings.dnsCache) connect = forgetful(connect, names.forget);
  if (guard) connect = guarded(connect, guard);
  connect = connections.watch(connect, socketPath === undefined ? 'dns' : 'connect');
  if (!proxy) return new undici.Agent({ ...limits, allowH2: http2, connect });
  return newProxyAgent(undici, proxy, connections, { limits, connect, toProxy, toServer });
}
