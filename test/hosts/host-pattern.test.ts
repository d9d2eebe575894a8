import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesHost, parseHostPattern } from '../../src/hosts/host-pattern.ts';

const matches = (pattern: string, url: string) => matchesHost(parseHostPattern(pattern), new URL(url));

describe('a host pattern', () => {
  it.each([
    ['payments.internal', 'https://payments.internal/v1', true],
    ['payments.internal', 'http://payments.internal/', true],
    ['payments.internal', 'https://payments.internal:8443/', true],
    ['payments.internal', 'https://eu.payments.internal/', false],
    ['payments.internal', 'https://payments.internal.evil.example/', false],
    ['payments.internal', 'https://xpayments.internal/', false],
    ['payments.internal', 'https://user:pass@payments.internal/?a#b', true],
    ['payments.internal', 'https://other/payments.internal', false],
    ['payments.internal', 'https://payments.internal@other/', false],

    ['payments.internal:8443', 'https://payments.internal:8443/', true],
    ['payments.internal:8443', 'http://payments.internal:8443/', true],
    ['payments.internal:8443', 'https://payments.internal/', false],
    ['payments.internal:443', 'https://payments.internal/', true],
    ['payments.internal:443', 'http://payments.internal/', false],
    ['payments.internal:443', 'http://payments.internal:443/', true],
    ['payments.internal:80', 'http://payments.internal/', true],

    ['https://payments.internal', 'https://payments.internal/', true],
    ['https://payments.internal', 'https://payments.internal:443/', true],
    ['https://payments.internal:443', 'https://payments.internal/', true],
    ['https://payments.internal', 'http://payments.internal/', false],
    ['https://payments.internal', 'https://payments.internal:8443/', false],
    ['https://payments.internal:8443', 'https://payments.internal:8443/', true],
    ['https://payments.internal:8443', 'http://payments.internal:8443/', false],
    ['http://payments.internal', 'http://payments.internal:80/', true],
    ['http://payments.internal', 'http://payments.internal:443/', false],

    ['*.search.internal', 'https://eu.search.internal/', true],
    ['*.search.internal', 'https://a.b.c.search.internal:9200/', true],
    ['*.search.internal', 'https://search.internal/', false],
    ['*.search.internal', 'https://research.internal/', false],
    ['*.search.internal', 'https://.search.internal/', false],
    ['*.search.internal:8080', 'http://eu.search.internal:8080/', true],
    ['*.search.internal:8080', 'http://eu.search.internal/', false],
    ['https://*.search.internal', 'https://eu.search.internal/', true],
    ['https://*.search.internal', 'http://eu.search.internal/', false],
    ['*.internal', 'https://eu.search.internal/', true],

    ['localhost', 'http://localhost:3000/', true],
    ['localhost:3000', 'http://localhost:3000/', true],
    ['127.0.0.1', 'http://127.0.0.1:8080/', true],
    ['127.0.0.1', 'http://127.1/', true],
    ['127.0.0.1', 'http://0x7f.1/', true],
    ['10.0.0.1:8080', 'http://10.0.0.1:8080/', true],
    ['[::1]', 'http://[::1]:8080/', true],
    ['[::1]:8080', 'http://[::1]:8080/', true],
    ['[::1]:8080', 'http://[::1]/', false],
    ['http://[::1]:8080', 'http://[::1]:8080/', true],
    ['[0:0:0:0:0:0:0:1]', 'http://[::1]/', true],
    ['[2001:DB8::1]', 'http://[2001:db8::1]/', true],

    ['Payments.INTERNAL', 'https://payments.internal/', true],
    ['HTTPS://Payments.Internal', 'https://PAYMENTS.internal/', true],
    ['*.Search.Internal', 'https://EU.search.internal/', true],
    ['b\u00fccher.example', 'https://xn--bcher-kva.example/', true],
    ['xn--bcher-kva.example', 'https://B\u00dcCHER.example/', true],
    ['*.b\u00fccher.example', 'https://shop.b\u00fccher.example/', true],
    ['payments.internal.', 'https://payments.internal/', true],
    ['payments.internal', 'https://payments.internal./', true],
    ['*.internal', 'https://payments.internal./', true],
    ['my_service', 'http://my_service/', true],

    ['localhost', 'file:///etc/hosts', false],
    ['localhost', 'data:text/plain,localhost', false],
  ])('%s against %s: %s', (pattern, url, expected) => {
    expect(matches(pattern, url)).toBe(expected);
  });

  it('reads into its parts', () => {
    expect(parseHostPattern('HTTPS://*.B\u00fccher.Example.')).toEqual({
      source: 'HTTPS://*.B\u00fccher.Example.',
      protocol: 'https:',
      hostname: '.xn--bcher-kva.example',
      isWildcard: true,
      port: 443,
      specificity: expect.any(Number),
    });
    expect(parseHostPattern('[::1]:8080')).toMatchObject({
      protocol: undefined,
      hostname: '[::1]',
      port: 8080,
    });
    expect(parseHostPattern('localhost')).toMatchObject({
      protocol: undefined,
      port: undefined,
      isWildcard: false,
    });
  });
});

describe('a wrong host pattern', () => {
  it.each([
    ['', 'it is empty'],
    [' ', 'white space'],
    ['payments internal', 'white space'],
    [' payments.internal', 'white space'],
    ['payments\n.internal', 'white space'],
    ['payments.internal/v1', 'a path'],
    ['payments.internal/', 'a path'],
    ['https://payments.internal/', 'a path'],
    ['payments.internal?a=1', 'a path, query'],
    ['payments.internal#a', 'fragment'],
    ['payments\\internal', 'a path'],
    ['//payments.internal', 'a path'],
    ['user:pass@payments.internal', 'credentials'],
    ['https://user@payments.internal', 'credentials'],
    ['*', "'*' alone"],
    ['*:8080', "'*' alone"],
    ['https://*', "'*' alone"],
    ['*.', 'no domain follows'],
    ['*.:8080', 'no domain follows'],
    ['foo*bar', "'*' may only stand"],
    ['a.*.b', "'*' may only stand"],
    ['*foo.internal', "'*' may only stand"],
    ['*.*.internal', "'*' may only stand"],
    ['payments.*', "'*' may only stand"],
    ['*://payments.internal', "the scheme '*'"],
    ['ftp://payments.internal', "the scheme 'ftp'"],
    ['wss://payments.internal', "the scheme 'wss'"],
    ['://payments.internal', "the scheme ''"],
    ['https://', 'the host is missing'],
    [':8080', 'the host is missing'],
    ['payments.internal:', "the port ''"],
    ['payments.internal:0', "the port '0'"],
    ['payments.internal:65536', "the port '65536'"],
    ['payments.internal:-1', "the port '-1'"],
    ['payments.internal:8e3', "the port '8e3'"],
    ['payments.internal:*', "the port '*'"],
    ['payments.internal:http', "the port 'http'"],
    ['https:payments.internal', "the port 'payments.internal'"],
    ['::1', 'brackets'],
    ['2001:db8::1', 'brackets'],
    ['[::1', 'not a valid host'],
    ['[::1]x', 'not a valid host'],
    ['[::g]', 'not a valid host'],
    ['payments<internal', 'not a valid host'],
    ['256.0.0.1', 'not a valid host'],
    ['.internal', 'empty label'],
    ['payments..internal', 'empty label'],
    ['.', 'empty label'],
    ['*..internal', 'empty label'],
    ['8080', 'reads as the address 0.0.31.144'],
    ['127.1', 'reads as the address 127.0.0.1'],
    ['*.10.0.0.1', 'not an address'],
    ['*.[::1]', 'not an address'],
  ])('%j is refused, with the reason: %s', (pattern, reason) => {
    expect(() => parseHostPattern(pattern)).toThrow(TypeError);
    expect(() => parseHostPattern(pattern)).toThrow(reason);
    expect(() => parseHostPattern(pattern)).toThrow('Allowed: ');
  });

  it('is named in the message', () => {
    expect(() => parseHostPattern('foo*bar')).toThrow(/^'foo\*bar' is not a host pattern: /);
  });

  it('does not show its password in the message', () => {
    expect(() => parseHostPattern('https://user:s3cr3t@host')).toThrow(/^'…@host' is not/);
  });

  it('is the only thing refused, and always with a TypeError of ours', () => {
    const piece = fc.constantFrom(
      '*',
      '.',
      ':',
      '/',
      '@',
      '[',
      ']',
      '::1',
      'a',
      '80',
      'http',
      '://',
      '%',
      ' ',
      '\u00fc',
      '-',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map(pieces => pieces.join('')),
        ),
        text => {
          try {
            const pattern = parseHostPattern(text);
            expect(pattern.hostname).not.toBe('');
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
            expect((error as Error).message).toContain('is not a host pattern');
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('the most specific pattern', () => {
  const ordered = [
    'https://a.search.internal:8443',
    'a.search.internal:8443',
    'a.search.internal',
    'https://*.search.internal:8443',
    '*.search.internal:8443',
    '*.search.internal',
    'https://*.internal:8443',
    '*.internal:8443',
    '*.internal',
  ];

  it('comes first: scheme and port, port, host, longer wildcard, shorter wildcard', () => {
    const url = new URL('https://a.search.internal:8443/');
    const patterns = ordered.map(parseHostPattern);
    expect(patterns.every(pattern => matchesHost(pattern, url))).toBe(true);

    const sorted = patterns.toReversed().sort((one, other) => other.specificity - one.specificity);
    expect(sorted.map(pattern => pattern.source)).toEqual(ordered);
  });

  it('is never in doubt between two that differ and match the same URL', () => {
    const specificities = ordered.map(source => parseHostPattern(source).specificity);
    expect(new Set(specificities).size).toBe(ordered.length);
  });

  it('is exact even against the longest wildcard', () => {
    const longest = parseHostPattern(`*.${Array.from({ length: 60 }, () => 'abc').join('.')}`);
    expect(parseHostPattern('a').specificity).toBeGreaterThan(longest.specificity);
  });
});

describe('any host', () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  const scheme = fc.constantFrom('http', 'https');
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map(address => `[${address}]`),
    fc.constantFrom('localhost', 'b\u00fccher.example'),
  );

  it('is matched by itself, by its port and by its origin', () => {
    fc.assert(
      fc.property(scheme, host, port, (protocol, name, number) => {
        const url = `${protocol}://${name}:${number}/path`;
        expect(matches(name, url)).toBe(true);
        expect(matches(`${name}:${number}`, url)).toBe(true);
        expect(matches(`${protocol}://${name}:${number}`, url)).toBe(true);
        expect(matches(new URL(url).origin, url)).toBe(true);
        expect(matches(`${name}:${(number % 65_535) + 1}`, url)).toBe(false);
      }),
    );
  });

  it('is matched by the wildcard of the domain above it, not by its own', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 3 }), fc.domain(), (labels, domain) => {
        expect(matches(`*.${domain}`, `https://${labels.join('.')}.${domain}/`)).toBe(true);
        expect(matches(`*.${domain}`, `https://${domain}/`)).toBe(false);
        expect(matches(`*.${domain}`, `https://${labels.join('.')}${domain}/`)).toBe(false);
      }),
    );
  });
});
