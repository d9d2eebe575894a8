import type { HostPattern } from '../hosts/host-pattern.ts';
import type { HostEntry } from '../hosts/host-policies.ts';
import { overlay, type PolicyOptions, resolvePolicy } from '../policies/policy-options.ts';
import { type CheckedSet, type PolicySet, readPolicySet } from '../policy-book.ts';
import { figuresOf, type PolicyFigures } from './figures.ts';
import type { Case, Finding, Found, Rule, Severity } from './finding.ts';
import { advice } from './findings/advice.ts';
import { capacity } from './findings/capacity.ts';
import { circuit } from './findings/circuit.ts';
import { hedging } from './findings/hedging.ts';
import { layersMultiply } from './findings/layers.ts';
import { timing } from './findings/timing.ts';
import { type ReadTraffic, readTraffic, type Traffic } from './traffic.ts';

/** The policy for all hosts, or what it comes to for those of a pattern. */
export interface CheckedPolicy {
  /** `'policy'` for all hosts, or `hosts['…']`. */
  readonly where: string;
  readonly figures: PolicyFigures;
  /** The worst first; of a host only what is not said of all. */
  readonly findings: readonly Finding[];
}

export interface PolicyCheck {
  /** What holds for all hosts first, then each pattern, the more specific the later. */
  readonly policies: readonly CheckedPolicy[];
  /** Of all of them. */
  readonly findings: readonly Finding[];
}

/**
 * Says what a policy comes to at worst, in numbers, and what of it cannot work or is hardly meant.
 *
 * @throws TypeError or RangeError if the policy or the traffic will not do.
 * @example
 * const { findings } = checkPolicy(policy, { callsPerSecond: 50, latencyMs: 80 });
 */
export function checkPolicy(policy: PolicySet, traffic: Traffic = {}): PolicyCheck {
  const read = readTraffic(traffic);
  const set = readPolicySet(policy);
  const common = examine(set.common, 'policy', read);
  const known = new Set(common.findings.map(identityOf));
  const hosts = set.byHost.entries.map(entry => {
    const checked = examine(optionsFor(entry, set), `hosts['${entry.pattern.source}']`, read);
    return { ...checked, findings: checked.findings.filter(finding => !known.has(identityOf(finding))) };
  });
  const policies = [common, ...hosts];
  return { policies, findings: policies.flatMap(({ findings }) => findings) };
}

const rules: readonly Rule[] = [advice, timing, hedging, circuit, capacity, layersMultiply];

function examine(options: PolicyOptions, where: string, traffic: ReadTraffic): CheckedPolicy {
  const policy = resolvePolicy(options);
  const figures = figuresOf(policy, traffic);
  const examined: Case = { options, policy, figures, traffic };
  const found = withoutEchoes(rules.flatMap(rule => rule(examined)));
  const findings = found.map(finding => ({ ...finding, where })).sort(bySeverity);
  return { where, figures, findings };
}

/** That there is no time to retry is said once. */
function withoutEchoes(found: readonly Found[]): readonly Found[] {
  const isSaid = found.some(({ code }) => code === 'NO_TIME_TO_RETRY' || code === 'ATTEMPT_OVER_TOTAL');
  return isSaid ? found.filter(({ code }) => code !== 'RETRIES_CANNOT_FIT') : found;
}

/** As it is for a host that this pattern matches and none more specific. */
function optionsFor({ pattern }: HostEntry<PolicyOptions>, { common, byHost }: CheckedSet): PolicyOptions {
  return byHost
    .matching(exampleOf(pattern))
    .filter(({ pattern: other }) => other.specificity <= pattern.specificity)
    .reduce((base, { options }) => overlay(base, options), common);
}

function exampleOf({ protocol = 'https:', hostname, isWildcard, port }: HostPattern): URL {
  return new URL(`${protocol}//${isWildcard ? 'any' : ''}${hostname}${port === undefined ? '' : `:${port}`}`);
}

const identityOf = ({ code, problem }: Finding): string => `${code} ${problem}`;

const severities: readonly Severity[] = ['error', 'warning', 'info'];

const bySeverity = (one: Finding, other: Finding): number =>
  severities.indexOf(one.severity) - severities.indexOf(other.severity);
