import { type HostPattern, matchesHost, parseHostPattern } from './host-pattern.ts';

/** What is said of a host by one pattern. */
export interface HostEntry<Options extends object> {
  readonly pattern: HostPattern;
  readonly options: Options;
}

/** What is said of each host by pattern, ready to be laid over the common policy. */
export class HostPolicies<Options extends object> {
  /** From the least to the most specific, so that the most specific has the last word. */
  readonly entries: readonly HostEntry<Options>[];

  /** @throws TypeError if a pattern can match nothing sensible, or two say the same. */
  constructor(byPattern: Readonly<Record<string, Options>>) {
    const entries = Object.entries(byPattern).map(([key, options]) => ({
      pattern: parseHostPattern(key),
      options,
    }));
    this.entries = entries.sort((a, b) => a.pattern.specificity - b.pattern.specificity);
    for (const [index, { pattern }] of this.entries.entries()) {
      const twin = this.entries.slice(index + 1).find(other => saysTheSame(other.pattern, pattern));
      if (twin)
        throw new TypeError(
          `\`hosts\` names one host twice: '${pattern.source}' and '${twin.pattern.source}'.`,
        );
    }
  }

  /** What applies to a URL, from the least to the most specific pattern. */
  matching(url: URL): HostEntry<Options>[] {
    return this.entries.filter(({ pattern }) => matchesHost(pattern, url));
  }
}

const saysTheSame = (a: HostPattern, b: HostPattern): boolean =>
  a.protocol === b.protocol &&
  a.hostname === b.hostname &&
  a.isWildcard === b.isWildcard &&
  a.port === b.port;
