import { Agent } from 'undici';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type UndiciOptions, undici } from '../../../src/transport/undici/index.ts';
import { Authority } from '../../support/tls.ts';

const create = (options: unknown) => () => undici(options as UndiciOptions);

using authority = new Authority();
const { ca } = authority;
const one = authority.issue('DNS:one.test');
const other = authority.issue('DNS:other.test');

afterEach(() => vi.unstubAllEnvs());

describe('a number out of range is refused with the option, the range and the value', () => {
  const ms = 'a number of at least 1 (milliseconds)';
  test.each([
    ['connectTimeoutMs', 0, `${ms}, or Infinity`],
    ['headersTimeoutMs', -1, `${ms}, or Infinity`],
    ['bodyTimeoutMs', Number.NaN, `${ms}, or Infinity`],
    ['keepAliveTimeoutMs', 0, ms],
    ['maxKeepAliveTimeoutMs', Number.POSITIVE_INFINITY, ms],
    ['maxConnections', 0, 'a whole number of at least 1'],
    ['maxConnections', 1.5, 'a whole number of at least 1'],
    ['pipelining', 0, 'a whole number of at least 1'],
    ['maxResponseBytes', -1, 'a whole number of at least 0'],
    ['maxHeaderBytes', 0, 'a whole number of at least 1'],
  ])('%s: %s', (name, value, range) => {
    expect(create({ [name]: value })).toThrow(
      new RangeError(`\`${name}\` should be ${range}, got ${value}.`),
    );
  });

  test('dnsCache.ttlMs and dnsCache.maxNames', () => {
    expect(create({ dnsCache: { ttlMs: 0 } })).toThrow(/`dnsCache.ttlMs` should be a number of at least 1/);
    expect(create({ dnsCache: { maxNames: 0 } })).toThrow(/`dnsCache.maxNames` should be a whole number/);
  });

  test('an idle connection is not kept for longer than the longest', () => {
    expect(create({ keepAliveTimeoutMs: 10, maxKeepAliveTimeoutMs: 5 })).toThrow(
      new RangeError(
        '`keepAliveTimeoutMs` should be at most `maxKeepAliveTimeoutMs` (5), got 10. Change either.',
      ),
    );
  });
});

test('an idle connection is not kept for longer than the longest by default', () => {
  expect(create({ keepAliveTimeoutMs: 600_001 })).toThrow('(600000), got 600001');
  expect(create({ keepAliveTimeoutMs: 600_001, maxKeepAliveTimeoutMs: 600_001 })).not.toThrow();
});

describe('a value of another kind is refused', () => {
  test.each([
    [{ connectTimeoutMs: '5' }, '`connectTimeoutMs` should be a number of at least 1'],
    [{ http2: 'yes' }, '`http2` should be true or false, got "yes".'],
    [{ socketPath: '' }, '`socketPath` should be the path of a socket, got "".'],
    [{ socketPath: 5 }, '`socketPath` should be the path of a socket, got 5.'],
    [{ lookup: true }, '`lookup` should be a function, got true.'],
    [{ dispatcher: {} }, '`dispatcher` should be a dispatcher of undici, got an object with keys [].'],
    [{ dispatcher: null }, '`dispatcher` should be a dispatcher of undici, got null.'],
    [{ dnsCache: true }, '`dnsCache` should be an object, got true.'],
    [{ guard: true }, '`guard` should be an object, got true.'],
    [{ guard: { denyPrivate: 1 } }, '`guard.denyPrivate` should be true or false, got 1.'],
    [{ guard: { allow: '10.0.0.0/8' } }, '`guard.allow` should be an array, got "10.0.0.0/8".'],
    [{ tls: 'pem' }, '`tls` should be an object, got "pem".'],
    [{ tls: { servername: '' } }, '`tls.servername` should be the name of a host, got "".'],
    [{ tls: { rejectUnauthorized: 'false' } }, '`tls.rejectUnauthorized` should be true or false'],
    [{ proxy: 5 }, '`proxy` should be the URL of a proxy, such as http://proxy.example:3128, or'],
    [{ proxy: true }, "'environment', got true."],
  ])('%j', (options, message) => {
    expect(create(options)).toThrow(message);
    expect(create(options)).toThrow(TypeError);
  });

  test.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'fd00::/129',
    'fe80::1%eth0',
    'localhost',
    '010.0.0.1',
    '',
    8,
  ])('%j is no subnet', range => {
    expect(create({ guard: { deny: ['::1', range] } })).toThrow(
      `\`guard.deny[1]\` should be an address or a subnet, such as 10.0.0.0/8 or fd00::/8, got ${JSON.stringify(range)}.`,
    );
  });

  test('a subnet that is one of IPv4 in disguise', () => {
    expect(create({ guard: { allow: ['::ffff:10.0.0.0/104'] } })).toThrow(/should be written as IPv4/);
  });
});

describe('an unknown option is refused, with what was probably meant', () => {
  test.each([
    [{ conectTimeoutMs: 5 }, 'Unknown option `conectTimeoutMs`. Did you mean `connectTimeoutMs`?'],
    [{ connections: 5 }, 'Unknown option `connections`. Did you mean `maxConnections`?'],
    [{ guard: { allowed: [] } }, 'Unknown option `guard.allowed`. Did you mean `allow`?'],
    [{ dnsCache: { ttl: 5 } }, 'Unknown option `dnsCache.ttl`. Did you mean `ttlMs`?'],
    [{ tls: { serverName: 'a' } }, 'Unknown option `tls.serverName`. Did you mean `servername`?'],
  ])('%j', (options, message) => {
    expect(create(options)).toThrow(message);
  });
});

describe('contradictions', () => {
  const dispatcher = new Agent();
  test.each([
    [{ dispatcher, connectTimeoutMs: 5 }, ['dispatcher', 'connectTimeoutMs']],
    [{ dispatcher, guard: {} }, ['dispatcher', 'guard']],
    [{ dispatcher, maxHeaderBytes: 5 }, ['dispatcher', 'maxHeaderBytes']],
    [{ socketPath: '/s', proxy: 'http://p' }, ['socketPath', 'proxy']],
    [{ socketPath: '/s', guard: {} }, ['socketPath', 'guard']],
    [{ socketPath: '/s', dnsCache: {} }, ['socketPath', 'dnsCache']],
    [{ socketPath: '/s', lookup: () => {} }, ['socketPath', 'lookup']],
    [{ proxy: 'http://p', guard: {} }, ['proxy', 'guard']],
  ])('%#: %j', (options, [one, two]) => {
    expect(create(options)).toThrow(`\`${one}\` and \`${two}\` contradict each other: `);
  });

  test('what is switched off contradicts nothing', () => {
    expect(create({ dispatcher, guard: false, proxy: false, dnsCache: false })).not.toThrow();
    expect(create({ dispatcher, maxResponseBytes: 5, http2: undefined })).not.toThrow();
  });
});

describe('certificates and keys', () => {
  test('are refused if they are none, and nothing of them is shown', () => {
    expect(create({ tls: { ca: 'garbage' } })).toThrow('`tls.ca` should be a certificate in PEM');
    expect(create({ tls: { ca: [ca, 'garbage'] } })).toThrow('`tls.ca[1]` should be a certificate in PEM');
    expect(create({ tls: { cert: one.cert, key: 'secret' } })).toThrow('`tls.key` should be a private key');
    expect(create({ tls: { cert: one.cert, key: 'secret' } })).not.toThrow(/secret/);
    expect(create({ tls: { passphrase: 5 } })).toThrow('`tls.passphrase` should be text, got a number.');
  });

  test('belong together', () => {
    expect(create({ tls: { cert: one.cert } })).toThrow('`tls.cert` and `tls.key` belong together');
    expect(create({ tls: { passphrase: 'x' } })).toThrow('`tls.passphrase` is that of `tls.key`');
    expect(create({ tls: { cert: one.cert, key: other.key } })).toThrow(
      /they do not load: .*key values mismatch/,
    );
    const cut = one.cert.replace(/\n[^\n]+\n-----END/, '\n-----END');
    expect(create({ tls: { cert: cut, key: one.key } })).toThrow('they do not load');
  });

  test('may be bytes', () => {
    const bytes = {
      ca: Buffer.from(ca),
      cert: Buffer.from(one.cert),
      key: new Uint8Array(Buffer.from(one.key)),
    };
    expect(create({ tls: bytes })).not.toThrow();
  });
});

describe('proxies', () => {
  test.each([
    'proxy.example:3128',
    'socks5://proxy:1080',
    'http://proxy/path',
    'http://proxy?a',
    'ftp://p',
    '',
  ])('%j is no URL of one', proxy => {
    expect(create({ proxy })).toThrow(TypeError);
  });

  test('the credentials of one are never shown', () => {
    for (const proxy of [
      'http://user:hunter2@proxy/path',
      'user:hunter2@proxy:80',
      'socks5://user:hunter2@p',
    ])
      expect(create({ proxy })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
      );
  });

  test('those of the environment are read at construction', () => {
    vi.stubEnv('http_proxy', undefined);
    vi.stubEnv('HTTP_PROXY', 'user:hunter2@proxy.example:3128');
    const message =
      'HTTP_PROXY, which `proxy` asks for, should be the URL of a proxy, such as http://proxy.example:3128, got ';
    expect(create({ proxy: 'environment' })).toThrow(message);
    expect(create({ proxy: 'environment' })).not.toThrow('hunter2');
  });
});
