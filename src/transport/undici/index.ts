/** `holdfast/undici`: the transport for Node that is cheaper than `fetch`, and controls its connections. */
export { AddressDeniedError, type GuardOptions } from './guard.ts';
export type { DnsCacheOptions, TlsOptions, UndiciOptions } from './options.ts';
export { type UndiciTransport, undici } from './undici-transport.ts';
