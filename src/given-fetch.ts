/** What a client that stands on a fetch takes to get one: shared, built over another, or new. */
import { createFetch, type HoldfastFetch, type Inside, insideOf } from './fetch.ts';
import type { PolicySource } from './fetch-options.ts';
import type { FetchLike } from './http/fetch-like.ts';
import { requireObject } from './pipeline/options.ts';
import type { PolicySet } from './policy-book.ts';

export interface GivenFetch {
  /**
   * How calls are treated, by host where `hosts` says so: what `createFetch` takes as its policy. A `fetch` that
   * came from `createFetch` has a policy already, so the two exclude each other.
   */
  readonly policy?: PolicySet & { readonly source?: PolicySource };
  /**
   * What sends. A fetch from `createFetch` is shared: its policy rules, and what it knows of each host counts. Any
   * other becomes the transport. By default the global `fetch`, looked up at each attempt.
   */
  readonly fetch?: HoldfastFetch | FetchLike;
}

/** @throws TypeError for a policy beside a fetch that has one, or TypeError or RangeError for one that will not do. */
export function givenFetch({
  fetch,
  policy,
}: { [Key in keyof GivenFetch]: GivenFetch[Key] | undefined }): HoldfastFetch {
  if (policy !== undefined) requireObject(policy, 'policy');
  if (fetch === undefined) return createFetch(policy);
  if (!isHoldfastFetch(fetch)) return createFetch({ ...policy, fetch });
  if (policy === undefined) return fetch;
  throw new TypeError(
    '`policy` and `fetch` contradict each other: this `fetch` came from createFetch() and has a policy. ' +
      'Give the policy to createFetch(), or lay it over with extend({ policy }).',
  );
}

/** By its members and not its class, so that one from another copy of the package counts. */
export const isHoldfastFetch = (fetch: HoldfastFetch | FetchLike): fetch is HoldfastFetch =>
  typeof fetch === 'function' && 'hosts' in fetch && 'update' in fetch;

/** A fetch of another copy of the package does not show its inside: time, chance and policy are the defaults, then. */
export function insideFor(fetch: HoldfastFetch): Inside {
  const inside = insideOf(fetch);
  if (inside) return inside;
  const other = insideOf(createFetch({ telemetry: false })) as Inside;
  return {
    clock: other.clock,
    random: other.random,
    isHeard: false,
    tell: () => {},
    policyFor: (href, own) => other.policyFor(href, own),
    fetch: (input, init) => fetch(input, init),
    newRecord: (method, url) => other.newRecord(method, url),
  };
}
