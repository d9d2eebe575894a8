/** Connects through proxies: undici's, with the same limits on the way there as without one. */
import { isIP } from 'node:net';
import type * as Undici from 'undici';
import type { Connect, Connections } from './connections.ts';
import type { Proxies } from './proxy-options.ts';

/** A proxy that would not, or could not, connect us. The request was not sent. */
export class ProxyRefusedError extends Error {
  /** With a status of 5xx the proxy could not, and may later. */
  readonly code: 'PROXY_REFUSED' | 'PROXY_FAILED';
  readonly status: number;

  constructor(target: string, status: number) {
    const why = status === 407 ? ': it wants credentials, which belong into the URL of the proxy' : '';
    super(`The proxy answered ${status} when asked to connect to ${target}${why}.`);
    this.name = 'ProxyRefusedError';
    this.code = status >= 500 ? 'PROXY_FAILED' : 'PROXY_REFUSED';
    this.status = status;
  }
}

/** undici gives the address of a proxy as its server name. That has to be a name (RFC 6066 §3), and Node 26 throws. */
const byNameOnly =
  (connect: Connect): Connect =>
  (target, callback) =>
    connect(isAddress(target.servername) ? { ...target, servername: '' } : target, callback);

const isAddress = (name: string | undefined): boolean =>
  name !== undefined && isIP(name.replace(/^\[(.*)\]$/, '$1')) > 0;

export interface ProxySettings {
  /** Of what is sent, to a server or by way of a proxy. */
  readonly limits: Undici.Pool.Options;
  /** To servers that have no proxy. */
  readonly connect: Connect;
  readonly toProxy: Undici.buildConnector.BuildOptions;
  /** Inside of a tunnel. */
  readonly toServer: Undici.buildConnector.BuildOptions;
}

export function newProxyAgent(
  undici: typeof Undici,
  proxies: Proxies,
  connections: Connections,
  { limits, connect, toProxy, toServer }: ProxySettings,
): Undici.Dispatcher {
  /** Asks a proxy for tunnels. */
  class Tunnels extends undici.Pool {
    // biome-ignore lint/suspicious/noExplicitAny: has overloads for callbacks, which nobody calls here
    override async connect(options: any): Promise<any> {
      const answer = await super.connect(options);
      if (answer.statusCode === 200) return answer;
      answer.socket.on('error', () => {}).destroy();
      throw new ProxyRefusedError(options.path, answer.statusCode);
    }
  }
  const settings = {
    ...limits,
    allowH2: toServer.allowH2 === true,
    connect,
    proxyTls: toProxy,
    requestTls: toServer,
    // To be connected includes the tunnel.
    clientFactory: (proxy: URL, options: Undici.Pool.Options) =>
      new Tunnels(proxy, {
        ...options,
        connect: byNameOnly(options.connect as Connect),
        allowH2: false,
        headersTimeout: toProxy.timeout as number,
      }),
    // Of a request in plain text undici's own would forget the limits.
    factory: (origin: string | URL, options: Undici.Pool.Options) => {
      // The proxy looks up the name.
      const way =
        options.connect === connect
          ? connect
          : connections.watch(byNameOnly(options.connect as Connect), 'connect');
      return new undici.Pool(origin, { ...limits, allowH2: false, ...options, connect: way });
    },
  };
  return proxies.kind === 'one'
    ? new undici.ProxyAgent({ ...settings, uri: proxies.url } as Undici.ProxyAgent.Options)
    : new undici.EnvHttpProxyAgent({ ...settings, httpProxy: proxies.http, httpsProxy: proxies.https });
}
