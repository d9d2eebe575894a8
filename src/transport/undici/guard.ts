/** Which addresses may be connected to: the resolved ones, so that a name cannot lie about where it leads. */
import { BlockList, isIP } from 'node:net';
import { boolean, type Check, listOf, readOptions, show } from '../../pipeline/options.ts';

export interface GuardOptions {
  /** Addresses and subnets that may be connected to whatever else is said, such as `10.1.0.0/16`. */
  readonly allow?: readonly string[];
  /** Addresses and subnets that must not be connected to. */
  readonly deny?: readonly string[];
  /**
   * Whether addresses that are not of the public internet are denied: those of the machine itself, of private networks,
   * of links (where clouds serve their credentials), and what is reserved.
   * @defaultValue true
   */
  readonly denyPrivate?: boolean;
}

/**
 * What is not globally reachable.
 *
 * @see {@link https://www.iana.org/assignments/iana-ipv4-special-registry | IANA, IPv4 special-purpose addresses}
 * @see {@link https://www.iana.org/assignments/iana-ipv6-special-registry | IANA, IPv6 special-purpose addresses}
 */
const privateRanges = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Public by its number; within Azure the host of the virtual machine answers there (WireServer).
  '168.63.129.16/32',
  // Of IPv6 only 2000::/3 is given out (RFC 4291 §2.4): all else, and from within it what is special.
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];

/** An address that the guard did not let through. Nothing was sent. */
export class AddressDeniedError extends Error {
  readonly code = 'ADDRESS_DENIED';
  readonly hostname: string;
  readonly address: string;

  constructor(hostname: string, address: string) {
    const resolved = hostname === address ? address : `${hostname}, which resolves to ${address},`;
    super(
      `${resolved} must not be connected to: \`guard\` denies it. If it should be, put it under \`guard.allow\`.`,
    );
    this.name = 'AddressDeniedError';
    this.hostname = hostname;
    this.address = address;
  }
}

export class Guard {
  readonly #allowed: Ranges;
  readonly #denied: Ranges;
  readonly #private: Ranges;

  constructor({ allow, deny, denyPrivate }: Required<GuardOptions>) {
    this.#allowed = new Ranges(allow);
    this.#denied = new Ranges(deny);
    this.#private = new Ranges(denyPrivate ? privateRanges : []);
  }

  /** Why an address must not be connected to; undefined if it may. */
  refusal(hostname: string, address: string): AddressDeniedError | undefined {
    const forms = formsOf(address);
    if (forms.some(form => this.#allowed.has(form))) return undefined;
    const isDenied = forms.some(form => this.#denied.has(form)) || this.#private.has(forms.at(-1) as string);
    return isDenied ? new AddressDeniedError(hostname, address) : undefined;
  }
}

/** `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2) and `64:ff9b::a.b.c.d` (RFC 6052 §2.1), as `URL` spells them. */
const withIpv4 = /^\[(::ffff:|64:ff9b::)([\da-f]{1,4}):([\da-f]{1,4})\]$/;

/** What an address is to be looked for as. Where an IPv4 address is inside that is talked to, that is the last. */
function formsOf(address: string): readonly string[] {
  // A zone (fe80::1%eth0) says through which card, and not where to.
  const [bare = ''] = address.split('%');
  if (isIP(bare) !== 6) return [bare];
  const [, prefix, high, low] = withIpv4.exec(new URL(`http://[${bare}]`).hostname) ?? [];
  if (!prefix) return [bare];
  const bytes = [high, low].flatMap(group => [Number(`0x${group}`) >> 8, Number(`0x${group}`) & 0xff]);
  const inside = bytes.join('.');
  // A mapped address is the IPv4 address by another spelling. That of a NAT64 is one of its own.
  return prefix === '::ffff:' ? [inside] : [bare, inside];
}

/** @throws TypeError if an option will not do. */
export function readGuard(given: GuardOptions, name: string): Guard {
  const checks = { allow: listOf(checkRange), deny: listOf(checkRange), denyPrivate: boolean };
  return new Guard(readOptions(name, given, checks, { allow: [], deny: [], denyPrivate: true }));
}

const checkRange: Check = (value, name) => {
  const [address = '', prefix, ...rest] = String(value).split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  const isRange = isIP(address) !== 0 && !address.includes('%') && isPrefix && rest.length === 0;
  if (typeof value !== 'string' || !isRange)
    throw new TypeError(
      `\`${name}\` should be an address or a subnet, such as 10.0.0.0/8 or fd00::/8, got ${show(value)}.`,
    );
  if (isIP(formsOf(address)[0] as string) !== isIP(address))
    throw new TypeError(`\`${name}\` should be written as IPv4, which it is, got ${show(value)}.`);
};

/** Apart by family: `BlockList` takes an IPv4 address for one of the IPv6 ranges around `::ffff:0:0`. */
class Ranges {
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };

  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address = '', prefix] = range.split('/');
      const family = familyOf(address);
      const bits = family === 'ipv6' ? 128 : 32;
      this.#lists[family].addSubnet(address, prefix === undefined ? bits : Number(prefix), family);
    }
  }

  has(address: string): boolean {
    const family = familyOf(address);
    return this.#lists[family].check(address, family);
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
