/**
 * `holdfast/undici`: the transport for Node that is cheaper than `fetch`, and controls its connections.
 *
 * @module holdfast/undici
 */
export type { DnsCacheOptions } from './dns-cache.ts';
export { AddressDeniedError, type GuardOptions } from './guard.ts';
export type { UndiciOptions } from './options.ts';
export { ProxyRefusedError } from './proxy.ts';
export type { TlsOptions } from './tls-options.ts';
export { type UndiciTransport, undici } from './undici-transport.ts';
