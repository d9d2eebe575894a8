/** Names to addresses: remembered for a while, and looked at before they are used. */
import dns, { type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Guard } from './guard.ts';
import type { DnsCacheOptions } from './options.ts';

type Resolve = (hostname: string, family: number) => Promise<readonly LookupAddress[]>;

const resolve: Resolve = (hostname, family) => dns.promises.lookup(hostname, { all: true, family });

/** What `net.connect` asks for addresses. All that a name resolves to have to pass: it may lead to any of them. */
export function lookupThrough(
  guard: Guard | undefined,
  cache: Required<DnsCacheOptions> | undefined,
): LookupFunction {
  const resolveName = cache ? remembered(resolve, cache) : resolve;
  return (hostname, { family, all }, callback) => {
    resolveName(hostname, family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : (family ?? 0)).then(
      addresses => {
        const refused =
          guard && addresses.map(({ address }) => guard.refusal(hostname, address)).find(Boolean);
        const [first] = addresses;
        if (refused) callback(refused, '', 0);
        else if (all) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family);
      },
      error => callback(error, '', 0),
    );
  };
}

/** One question at a time per name. What failed is asked again. */
function remembered(resolve: Resolve, { ttlMs, maxNames }: Required<DnsCacheOptions>): Resolve {
  const answers = new Map<string, { readonly answer: ReturnType<Resolve>; readonly until: number }>();
  return (hostname, family) => {
    const key = `${family} ${hostname}`;
    const known = answers.get(key);
    if (known && performance.now() < known.until) return known.answer;
    const answer = resolve(hostname, family);
    answers.delete(key);
    answers.set(key, { answer, until: performance.now() + ttlMs });
    const [oldest] = answers.keys();
    if (answers.size > maxNames && oldest !== undefined) answers.delete(oldest);
    answer.catch(() => answers.delete(key));
    return answer;
  };
}
