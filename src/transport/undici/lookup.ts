/** What a connection asks for addresses: a name's, from whom the options say, looked at before they are used. */
import dns, { type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
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
  if (!guard && !dnsCache) return { lookup, forget() {} };
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
        if (error) reject(error);
        else resolve(asList(answer, answerFamily));
      });
    });

const asList = (answer: string | LookupAddress[], family = 0): Addresses =>
  typeof answer === 'string' ? [{ address: answer, family }] : answer;
