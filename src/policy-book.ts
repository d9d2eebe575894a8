import { HostPolicies } from './hosts/host-policies.ts';
import type { HostState } from './hosts/host-state.ts';
import { copyOption, requireObject } from './pipeline/options.ts';
import type { Handler } from './pipeline/pipeline.ts';
import {
  type Advice,
  adviseOn,
  checkCallPolicy,
  overlay,
  type PolicyOptions,
  type ResolvedPolicy,
  resolvePolicy,
  sharedParts,
} from './policies/policy-options.ts';

/** A policy for all hosts, and what differs for some. */
export interface PolicySet extends PolicyOptions {
  /**
   * What differs by host: `'payments.internal'`, `'payments.internal:8443'`, `'https://payments.internal'`,
   * `'*.search.internal'`. Where several match, the more specific is laid over the less specific.
   */
  readonly hosts?: Readonly<Record<string, PolicyOptions>>;
}

/** A policy with the pipeline that carries it out. Hosts to which the same is said share one. */
export interface Plan {
  readonly options: PolicyOptions;
  readonly policy: ResolvedPolicy;
  readonly send: Handler;
}

/**
 * Checks a policy where it is written and hands it back, for the sake of editors and early errors.
 *
 * @throws TypeError or RangeError if it will not do.
 * @example
 * export const policy = definePolicy({ totalTimeoutMs: 5_000, hosts: { 'slow.internal': { totalTimeoutMs: 60_000 } } });
 */
export function definePolicy<const Options extends PolicySet>(policy: Options): Options {
  readPolicySet(policy);
  return policy;
}

/** A policy that will do, taken apart. */
export interface CheckedSet {
  readonly common: PolicyOptions;
  readonly byHost: HostPolicies<PolicyOptions>;
}

/** @throws TypeError or RangeError if it will not do. */
export function readPolicySet(set: PolicySet): CheckedSet {
  requireObject(set, '');
  const { hosts = {}, ...common } = copyOption(set);
  requireObject(hosts, 'hosts');
  resolvePolicy(common);
  if (common.endpoints)
    throw new TypeError(
      '`endpoints` of all hosts would send every call, whatever its host, to the same service. Give them to one host, ' +
        'under `hosts`.',
    );
  const byHost = new HostPolicies(hosts);
  for (const { pattern, options } of byHost.entries) resolveHostPolicy(common, pattern.source, options);
  return { common, byHost };
}

/** An error in the policy of a host says which host. */
function resolveHostPolicy(common: PolicyOptions, pattern: string, options: PolicyOptions): ResolvedPolicy {
  const path = `hosts['${pattern}']`;
  requireObject(options, path);
  return resolvePolicy(overlay(common, options), path);
}

/** The policies of a client by host: checked when it is made, compiled when a host is first called. */
export class PolicyBook {
  readonly #set: CheckedSet;
  readonly #compile: (policy: ResolvedPolicy) => Handler;
  readonly #byHost = new WeakMap<HostState, Plan>();
  readonly #byPatterns = new Map<string, Plan>();
  readonly #byShared = new WeakMap<HostState, Map<Plan, Plan>>();
  readonly #byCall = new WeakMap<PolicyOptions, { readonly base: Plan; readonly plan: Plan }>();
  #latest: { readonly host: HostState; readonly plan: Plan } | undefined;

  /** @throws TypeError or RangeError if the policy will not do. */
  constructor(set: PolicySet, compile: (policy: ResolvedPolicy) => Handler) {
    this.#set = readPolicySet(set);
    this.#compile = compile;
  }

  /** What is allowed and hardly meant; of a host only what is not said of all. */
  get advice(): Advice[] {
    const { common, byHost } = this.#set;
    const ofAll = adviseOn(common, 'policy');
    const known = new Set(ofAll.map(({ code }) => code));
    const ofHosts = byHost.entries.flatMap(({ pattern, options }) =>
      adviseOn(overlay(common, options), `hosts['${pattern.source}']`),
    );
    return [...ofAll, ...ofHosts.filter(({ code }) => !known.has(code))];
  }

  /**
   * The plan for a URL where hosts of several URLs share one state. What is shared (circuit, pause, budget) has the
   * limits of the URL that the state was made for; what is of the call goes by its own URL.
   */
  planForUrl(url: URL, host: HostState): Plan {
    const ofHost = this.planFor(host);
    const ofUrl = this.#planByPatterns(url);
    if (ofUrl === ofHost) return ofHost;
    const plans = this.#byShared.get(host) ?? new Map<Plan, Plan>();
    this.#byShared.set(host, plans);
    let plan = plans.get(ofUrl);
    if (!plan) {
      plan = this.#newPlan(withShared(ofUrl.options, ofHost.options));
      plans.set(ofUrl, plan);
    }
    return plan;
  }

  planFor(host: HostState): Plan {
    if (this.#latest?.host === host) return this.#latest.plan;
    let plan = this.#byHost.get(host);
    if (!plan) {
      plan = this.#planByPatterns(host.url);
      this.#byHost.set(host, plan);
    }
    this.#latest = { host, plan };
    return plan;
  }

  /**
   * The plan of one call that has a policy of its own; an object that is used again is read once.
   *
   * @throws TypeError or RangeError if that policy will not do.
   */
  planForCall(base: Plan, own: PolicyOptions): Plan {
    checkCallPolicy(own);
    const known = this.#byCall.get(own);
    if (known?.base === base) return known.plan;
    const plan = this.#newPlan(overlay(base.options, own), 'policy');
    this.#byCall.set(own, { base, plan });
    return plan;
  }

  #planByPatterns(url: URL): Plan {
    const { common, byHost } = this.#set;
    const matches = byHost.matching(url);
    const key = matches.map(({ pattern }) => pattern.source).join(' ');
    let plan = this.#byPatterns.get(key);
    if (!plan) {
      plan = this.#newPlan(matches.reduce((base, { options }) => overlay(base, options), common));
      this.#byPatterns.set(key, plan);
    }
    return plan;
  }

  #newPlan(options: PolicyOptions, path?: string): Plan {
    const policy = resolvePolicy(options, path);
    return { options, policy, send: this.#compile(policy) };
  }
}

/** What differs by URL with what the state in common is held to. */
function withShared(own: PolicyOptions, shared: PolicyOptions): PolicyOptions {
  const merged: Record<string, unknown> = { ...own };
  for (const part of sharedParts) {
    if (shared[part] !== undefined && own[part] !== false) merged[part] = shared[part];
  }
  const budget = shared.retry ? shared.retry.budget : undefined;
  if (own.retry !== false && budget !== undefined) merged.retry = { ...own.retry, budget };
  return merged as PolicyOptions;
}
