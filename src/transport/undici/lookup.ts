/** What a connection asks for addresses: a name's, from whom the options say, looked at before they are used. */
import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { show } from '../../pipeline/options.ts';
import { type Addresses, DnsCache, type DnsCacheOptions, type Resolve } from './dns-cache.ts';
import type { Guard } from './guard.ts';

export interface Names {
  readonly guard?: Guard | undefined;
  readonly dnsCache?: Required<DnsCacheOptions> | undefined;
  readonly lookup?: LookupFunction | undefined;
}

export interface Lookup {
  /** Undefined where that of Node will do as it is. */
  readonly lookup: LookupFunction | undefined;
  /** Asks for a name anew next time. */
  forget(hostname: string): void;
}

export function newLookup({ guard, dnsCache, lookup }: Names): Lookup {
  if (!guard && !dnsCache && !lookup) return { lookup, forget() {} };
  const ask: Resolve = lookup ? asPromised(lookup) : asNodeDoes;
  const cache = dnsCache && new DnsCache(ask, dnsCache);
  const resolve = cache?.resolve ?? ask;
  return {
    lookup: (hostname, { family, all }, callback) => {
      const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : (family ?? 0);
      resolve(hostname, wanted).then(
        addresses => {
          const refused = guard && firstRefusal(guard, hostname, addresses);
          const [first] = addresses;
          if (refused) callback(refused, '', 0);
          else if (all) callback(null, [...addresses]);
          else callback(null, first?.address ?? '', first?.family);
        },
        error => callback(error, '', 0),
      );
    },
    forget: hostname => cache?.forget(hostname),
  };
}

const asNodeDoes: Resolve = (hostname, family) => dns.promises.lookup(hostname, { all: true, family });

/** All that a name resolves to have to pass: it may lead to any of them. */
const firstRefusal = (guard: Guard, hostname: string, addresses: Addresses): Error | undefined =>
  addresses.map(({ address }) => guard.refusal(hostname, address)).find(Boolean);

const asPromised =
  (lookup: LookupFunction): Resolve =>
  (hostname, family) =>
    new Promise((resolve, reject) => {
      lookup(hostname, { all: true, family, hints: 0 }, (error, answer, answerFamily) => {
        if (error) return reject(error);
        const addresses =
          typeof answer === 'string' ? [{ address: answer, family: answerFamily ?? 0 }] : answer;
        // Node takes what it gets for addresses, and an uncaught error would end the process.
        const isAnswer = addresses.length > 0 && addresses.every(({ address }) => isIP(address) !== 0);
        if (isAnswer) resolve(addresses);
        else reject(noAddress(hostname, addresses));
      });
    });

const noAddress = (hostname: string, got: Addresses): Error =>
  Object.assign(
    new Error(
      `\`lookup\` should give addresses for ${hostname}, got ${show(got.map(({ address }) => address))}.`,
    ),
    { code: 'ENOTFOUND', hostname },
  );
