const ALLOWED_FORMS =
  "'host', 'host:port', 'https://host', 'https://host:port', '*.domain', '*.domain:port', 'https://*.domain', " +
  "with a name, an IPv4 address or a bracketed IPv6 address such as '[::1]' as the host";

const SCHEME = /^([^/?#@]*):\/\//;
const PORT = /:([^:\]]*)$/;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Above every wildcard: a host name has at most 253 characters. */
const EXACT = 1_000_000;

/** Which hosts a policy is for, read once from a key of the `hosts` option. */
export interface HostPattern {
  /** The pattern as it was written. */
  readonly source: string;
  /** `'http:'` or `'https:'`; undefined for either. */
  readonly protocol: string | undefined;
  /** Lower case, punycode, without a trailing dot; of a wildcard, what comes after the `*`, dot included. */
  readonly hostname: string;
  readonly isWildcard: boolean;
  /** Undefined for any; a pattern with a scheme always has one, as an origin does. */
  readonly port: number | undefined;
  /**
   * Of the patterns that match a URL, the one with the highest number wins: scheme and port, host and port, host,
   * then wildcards, those with the longer domain first.
   */
  readonly specificity: number;
}

/**
 * Reads a host pattern. Names are compared as a URL parser writes them: case and Unicode do not matter.
 *
 * - `payments.internal` is the host at any scheme and port, `payments.internal:8443` at one port.
 * - `https://payments.internal` is that origin alone, so port 443.
 * - `*.search.internal` is every host below that domain, at any depth, and not the domain itself.
 *
 * @throws TypeError naming the pattern, what is wrong with it and the allowed forms.
 * @see {@link https://url.spec.whatwg.org/#host-parsing | URL, host parsing}
 */
export function parseHostPattern(pattern: string): HostPattern {
  refuseUnless(pattern !== '', pattern, 'it is empty');
  refuseUnless(!/[\s\x00-\x1f\x7f]/.test(pattern), pattern, 'it contains white space');
  refuseUnless(!pattern.includes('@'), pattern, 'credentials have no place in it');

  const scheme = SCHEME.exec(pattern);
  const protocol = scheme === null ? undefined : parseProtocol(pattern, scheme[1] ?? '');
  const authority = scheme === null ? pattern : pattern.slice(scheme[0].length);
  refuseUnless(!/[/\\?#]/.test(authority), pattern, 'a path, query or fragment has no place in it');

  const hasTwoColons = authority.indexOf(':') !== authority.lastIndexOf(':');
  refuseUnless(
    authority.includes('[') || !hasTwoColons,
    pattern,
    "it has more than one ':' (an IPv6 address stands in brackets, as in '[::1]:8080')",
  );
  const port = PORT.exec(authority);
  const host = port === null ? authority : authority.slice(0, port.index);
  const isWildcard = host.startsWith('*.');
  const hostname = parseHostname(pattern, isWildcard ? host.slice(2) : host, isWildcard);

  return toHostPattern({
    source: pattern,
    protocol,
    hostname: isWildcard ? `.${hostname}` : hostname,
    isWildcard,
    port: port === null ? DEFAULT_PORTS[protocol ?? ''] : parsePort(pattern, port[1] ?? ''),
  });
}

/** Whether a pattern is for the host of a URL. A default port equals no port: `https://a:443` is `https://a`. */
export function matchesHost(pattern: HostPattern, url: URL): boolean {
  if (pattern.protocol !== undefined && pattern.protocol !== url.protocol) return false;
  if (pattern.port !== undefined && pattern.port !== portOf(url)) return false;
  const hostname = withoutTrailingDot(url.hostname);
  if (!pattern.isWildcard) return hostname === pattern.hostname;
  return hostname.length > pattern.hostname.length && hostname.endsWith(pattern.hostname);
}

function toHostPattern(pattern: Omit<HostPattern, 'specificity'>): HostPattern {
  const { protocol, port, isWildcard, hostname } = pattern;
  const detail = protocol !== undefined ? 2 : port !== undefined ? 1 : 0;
  return { ...pattern, specificity: (isWildcard ? hostname.length * 3 : EXACT) + detail };
}

function parseProtocol(pattern: string, scheme: string): string {
  const protocol = `${scheme.toLowerCase()}:`;
  refuseUnless(protocol in DEFAULT_PORTS, pattern, `the scheme '${scheme}' is neither http nor https`);
  return protocol;
}

function parsePort(pattern: string, digits: string): number {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  refuseUnless(port >= 1 && port <= 65_535, pattern, `the port '${digits}' is not between 1 and 65535`);
  return port;
}

function parseHostname(pattern: string, host: string, isWildcard: boolean): string {
  refuseUnless(
    !host.includes('*'),
    pattern,
    host === '*'
      ? "'*' alone is not a host: options for every host stand at the top, outside `hosts`"
      : "'*' may only stand for everything before a domain, as in '*.search.internal'",
  );
  refuseUnless(host !== '', pattern, isWildcard ? 'no domain follows the wildcard' : 'the host is missing');
  refuseUnless(!/^\.|\.\./.test(host), pattern, 'the host has an empty label');

  const hostname = canonicalHostname(host);
  if (hostname === undefined) throw refusal(pattern, `'${host}' is not a valid host`);
  const isAddress = IPV4.test(hostname) || hostname.startsWith('[');
  refuseUnless(!(isWildcard && isAddress), pattern, 'a wildcard needs a domain name, not an address');
  // '8080' and '10.1' are addresses to a URL parser, seldom to the person who wrote them.
  const isShorthand = IPV4.test(hostname) && hostname !== withoutTrailingDot(host);
  refuseUnless(
    !isShorthand,
    pattern,
    `'${host}' reads as the address ${hostname}; write it in full if it is meant`,
  );
  return hostname;
}

function canonicalHostname(host: string): string | undefined {
  try {
    return withoutTrailingDot(new URL(`http://${host}`).hostname);
  } catch {
    return undefined;
  }
}

/** `payments.internal.` is the same name, written so that a resolver adds no search domain. */
function withoutTrailingDot(hostname: string): string {
  return hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
}

function portOf(url: URL): number | undefined {
  return url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
}

function refuseUnless(isFine: boolean, pattern: string, problem: string): void {
  if (!isFine) throw refusal(pattern, problem);
}

function refusal(pattern: string, problem: string): TypeError {
  // What stands before an '@' may be a password, and this message goes to a log.
  const shown = pattern.replace(/^.*@/s, '…@');
  return new TypeError(`'${shown}' is not a host pattern: ${problem}. Allowed: ${ALLOWED_FORMS}.`);
}
