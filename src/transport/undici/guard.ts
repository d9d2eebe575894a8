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
 * Not globally reachable, or with an IPv4 address inside that may be such.
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
  '::/128',
  '::1/128',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
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
  readonly #allowed: BlockList;
  readonly #denied: BlockList;

  constructor(options: GuardOptions) {
    const { allow, deny, denyPrivate } = readGuard(options, 'guard');
    this.#allowed = listOfRanges(allow);
    this.#denied = listOfRanges([...deny, ...(denyPrivate ? privateRanges : [])]);
  }

  /** Why an address must not be connected to; undefined if it may. */
  refusal(hostname: string, address: string): AddressDeniedError | undefined {
    // A zone (fe80::1%eth0) says through which card, and not where to.
    const [bare = ''] = address.split('%');
    const family = isIP(bare) === 6 ? 'ipv6' : 'ipv4';
    if (this.#allowed.check(bare, family) || !this.#denied.check(bare, family)) return undefined;
    return new AddressDeniedError(hostname, address);
  }
}

export const checkGuard: Check = (value, name) => {
  if (value !== false) readGuard(value as GuardOptions, name);
};

function readGuard(given: GuardOptions, name: string): Required<GuardOptions> {
  const checks = { allow: listOf(checkRange), deny: listOf(checkRange), denyPrivate: boolean };
  return readOptions(name, given, checks, {
    allow: [],
    deny: [],
    denyPrivate: true,
  }) as Required<GuardOptions>;
}

const checkRange: Check = (value, name) => {
  const [address = '', prefix, ...rest] = String(value).split('/');
  const family = isIP(address);
  const isPrefix =
    prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
  if (typeof value === 'string' && family !== 0 && isPrefix && rest.length === 0) return;
  throw new TypeError(
    `\`${name}\` should be an address or a subnet, such as 10.0.0.0/8, got ${show(value)}.`,
  );
};

function listOfRanges(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const isV6 = isIP(address) === 6;
    list.addSubnet(
      address,
      prefix === undefined ? (isV6 ? 128 : 32) : Number(prefix),
      isV6 ? 'ipv6' : 'ipv4',
    );
  }
  return list;
}
