import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetch, NetworkError } from '../../../src/index.ts';
import { readGuard } from '../../../src/transport/undici/guard.ts';
import { AddressDeniedError, type UndiciOptions, undici } from '../../../src/transport/undici/index.ts';
import { scriptedLookup } from '../../support/lookups.ts';
import { rejection } from '../../support/rejection.ts';
import { Authority } from '../../support/tls.ts';

let server: Server;
let port: number;
let connections = 0;
/** Where the server sends whoever asks for `/elsewhere`. */
let elsewhere = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/elsewhere') response.writeHead(302, { location: elsewhere });
    response.end('{}');
  });
  server.on('connection', () => connections++);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ({ port } = server.address() as AddressInfo);
});

afterAll(() => server.close());

const guarded = (options: UndiciOptions = {}) =>
  createFetch({ transport: undici({ guard: {}, ...options }), retry: { unsent: true, baseDelayMs: 0 } });

async function refusal(
  call: Promise<Response>,
): Promise<{ error: NetworkError; denied: AddressDeniedError }> {
  const error = await rejection(NetworkError, call);
  const denied = error.cause as AddressDeniedError;
  expect(denied).toBeInstanceOf(AddressDeniedError);
  expect(error).toMatchObject({ reason: 'ADDRESS_DENIED', sent: 'no', transient: false });
  expect(error.attempts).toHaveLength(1);
  return { error, denied };
}

describe('an address that is private is refused however it is spelt', () => {
  test.each([
    ...[
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0x7f000001',
      '017700000001',
      '127.1',
      '0177.0.0.1',
      '0',
      '0.0.0.0',
    ],
    ...[
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:127.0.0.1]',
      '[::127.0.0.1]',
    ],
    ...['[64:ff9b::127.0.0.1]', '[2002:7f00:1::]', '[::ffff:0:127.0.0.1]', '①②⑦.0.0.1', '127。0。0。1'],
    ...['169.254.169.254', '[fd00:ec2::254]', '[fe80::1]', '10.0.0.1', '192.168.1.1', '100.100.100.200'],
    ...['localhost', 'LOCALHOST', 'localhost.', 'app.localhost'],
  ])('%s', async hostname => {
    await using fetch = guarded();
    const before = connections;
    await refusal(fetch(`http://${hostname}:${port}/`)).catch(async (error: unknown) => {
      // Not every machine resolves these.
      if (!/localhost/i.test(hostname)) throw error;
      const { reason } = await rejection(NetworkError, fetch(`http://${hostname}:${port}/`));
      expect(reason).toMatch(/ENOTFOUND|EAI_AGAIN/);
    });
    expect(connections).toBe(before);
  });

  test('a zone within an IPv6 address is no URL', async () => {
    await using fetch = guarded();
    await expect(fetch('http://[fe80::1%25lo]/')).rejects.toThrow(TypeError);
  });
});

describe('which addresses are private', () => {
  const guard = readGuard({}, 'guard');
  const isDenied = (address: string) => guard.refusal('name', address) !== undefined;

  test.each([
    ...['0.255.255.255', '10.255.255.255', '100.64.0.0', '100.127.255.255', '127.255.255.255', '169.254.0.0'],
    ...['172.16.0.0', '172.31.255.255', '192.0.0.192', '192.0.2.1', '192.88.99.1', '192.168.255.255'],
    ...['198.18.0.0', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1'],
    ...['255.255.255.255', '168.63.129.16', '::', '::1', '::ffff:10.0.0.1', '::ffff:0:808:808', '::8.8.8.8'],
    ...['64:ff9b::10.0.0.1', '64:ff9b::', '64:ff9b::1', '64:ff9b:1::8.8.8.8', '100::1', '100:0:0:1::1'],
    ...['2001::1', '2001:1ff:ffff::', '2001:db8::1', '2002:808:808::1', '3fff:fff::1', '5f00::1', 'fc00::1'],
    ...[
      'fdff::1',
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
      'ff02::1',
      'ffff::',
      '1fff::1',
      '4000::1',
      '8000::1',
    ],
  ])('%s is', address => {
    expect(isDenied(address)).toBe(true);
  });

  test.each([
    ...[
      '1.0.0.0',
      '8.8.8.8',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '126.255.255.255',
    ],
    ...[
      '128.0.0.0',
      '169.253.255.255',
      '169.255.0.0',
      '172.15.255.255',
      '172.32.0.0',
      '192.0.1.0',
      '192.167.255.255',
    ],
    ...['192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '168.63.129.15', '168.63.129.17'],
    ...[
      '2000::1',
      '2001:200::1',
      '2001:4860:4860::8888',
      '2606:4700::1111',
      '2a00::1',
      '3ffe::1',
      '3fff:1000::1',
    ],
    ...['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '64:ff9b::808:808'],
  ])('%s is not', address => {
    expect(isDenied(address)).toBe(false);
  });
});

describe('rules', () => {
  const refused = (options: object, address: string) => readGuard(options, 'guard').refusal('name', address);

  test('what is allowed is so whatever else is said', () => {
    const rules = { allow: ['10.1.0.0/16', 'fd00::/8'], deny: ['10.1.2.3', 'fd00::1'] };
    expect(refused(rules, '10.1.2.3')).toBeUndefined();
    expect(refused(rules, '::ffff:10.1.2.3')).toBeUndefined();
    expect(refused(rules, '64:ff9b::10.1.2.3')).toBeUndefined();
    expect(refused(rules, 'fd00::1')).toBeUndefined();
    expect(refused(rules, '10.2.0.1')).toBeInstanceOf(AddressDeniedError);
  });

  test('what is denied by hand is so beside what is private', () => {
    const rules = { deny: ['8.8.8.0/24', '2606:4700::/32', '64:ff9b::/96'] };
    for (const address of ['8.8.8.8', '::ffff:8.8.8.8', '2606:4700::1', '64:ff9b::1.1.1.1', '127.0.0.1'])
      expect(refused(rules, address)).toBeInstanceOf(AddressDeniedError);
    expect(refused(rules, '8.8.4.4')).toBeUndefined();
  });

  test('private addresses are let through where they are not denied', () => {
    expect(refused({ denyPrivate: false }, '127.0.0.1')).toBeUndefined();
    expect(refused({ denyPrivate: false, deny: ['127.0.0.1'] }, '::ffff:7f00:1')).toBeInstanceOf(
      AddressDeniedError,
    );
    expect(refused({ denyPrivate: false, deny: ['127.0.0.1'] }, '127.0.0.2')).toBeUndefined();
  });

  test('a range of IPv6 says nothing of IPv4', () => {
    expect(refused({ allow: ['::/0'] }, '127.0.0.1')).toBeInstanceOf(AddressDeniedError);
    expect(refused({ allow: ['::/0'] }, '::ffff:127.0.0.1')).toBeInstanceOf(AddressDeniedError);
    expect(refused({ denyPrivate: false, deny: ['::/0'] }, '8.8.8.8')).toBeUndefined();
  });

  test('are copied: a list that changes later changes nothing', async () => {
    const deny: string[] = ['127.0.0.1'];
    await using fetch = guarded({ guard: { deny } });
    deny.pop();
    await refusal(fetch(`http://127.0.0.1:${port}/`));
  });
});

describe('names', () => {
  test('that resolve to a private address are refused, with what they resolve to', async () => {
    await using fetch = guarded(scriptedOptions(['127.0.0.1']));
    const before = connections;
    const { denied } = await refusal(fetch(`http://evil.test:${port}/`));
    expect(denied).toMatchObject({ hostname: 'evil.test', address: '127.0.0.1', code: 'ADDRESS_DENIED' });
    expect(denied.message).toBe(
      'evil.test, which resolves to 127.0.0.1, must not be connected to: `guard` denies it. ' +
        'If it should be, put it under `guard.allow`.',
    );
    expect(connections).toBe(before);
  });

  test.each([
    [['8.8.8.8', '127.0.0.1']],
    [['127.0.0.1', '8.8.8.8']],
    [['2606:4700::1', '::1']],
    [['8.8.8.8', '::ffff:127.0.0.1']],
  ])('that resolve to %j are refused: they may lead to any of them', async addresses => {
    await using fetch = guarded(scriptedOptions(addresses));
    await refusal(fetch(`http://mixed.test:${port}/`));
  });

  test('that are rebound are refused at the next connection', async () => {
    const { lookup } = scriptedLookup(['127.0.0.2'], ['127.0.0.1']);
    await using fetch = guarded({ lookup, guard: { allow: ['127.0.0.2'] } });
    // Public at first (as far as this test is concerned), and nobody listens there.
    const first = await rejection(
      NetworkError,
      fetch(`http://rebound.test:${port}/`, { policy: { retry: false } }),
    );
    expect(first.reason).toBe('ECONNREFUSED');
    await refusal(fetch(`http://rebound.test:${port}/`));
  });

  test('that are rebound while they are remembered lead to where they did', async () => {
    const { lookup, asked } = scriptedLookup(['127.0.0.1'], ['10.0.0.1']);
    await using fetch = guarded({ lookup, dnsCache: {}, guard: { allow: ['127.0.0.1'] } });
    const both = [`http://rebound.test:${port}/`, `http://rebound.test:${port}/again`];
    for (const response of await Promise.all(both.map(url => fetch(url)))) await response.text();
    expect(asked).toEqual(['rebound.test']);
  });

  test('that are allowed are connected to, and a pooled connection is used again', async () => {
    const { lookup } = scriptedLookup(['127.0.0.1'], ['10.0.0.1']);
    await using fetch = guarded({ lookup, guard: { allow: ['127.0.0.1'] }, maxConnections: 1 });
    const before = connections;
    for (const _ of [1, 2, 3]) await (await fetch(`http://good.test:${port}/`)).text();
    expect(connections).toBe(before + 1);
  });
});

test('a connection that has come to another address is closed before anything is sent', async () => {
  // The system takes it for the machine itself.
  await using fetch = guarded({ guard: { allow: ['0.0.0.0'] } });
  const { denied } = await refusal(fetch(`http://0.0.0.0:${port}/`));
  expect(denied).toMatchObject({ hostname: '0.0.0.0', address: '127.0.0.1' });
});

test('each hop of a redirect is looked at', async () => {
  await using fetch = guarded({
    lookup: scriptedLookup(['127.0.0.1']).lookup,
    guard: { allow: ['127.0.0.1'] },
  });
  elsewhere = 'http://169.254.169.254/latest/meta-data';
  const error = await rejection(NetworkError, fetch(`http://good.test:${port}/elsewhere`));
  expect(error).toMatchObject({ reason: 'ADDRESS_DENIED', sent: 'maybe', transient: false });
  expect(error.attempts).toHaveLength(1);
});

test('a refusal says nothing of the host: its circuit stays closed', async () => {
  await using fetch = createFetch({
    transport: undici({ guard: {} }),
    circuitBreaker: { consecutiveFailures: 2 },
  });
  const url = `http://127.0.0.1:${port}/`;
  // Else the third would be rejected by the circuit.
  for (const _ of [1, 2, 3, 4]) await refusal(fetch(url));
});

test('a call that the runtime has to send is looked at as well', async () => {
  await using fetch = guarded();
  const error = await rejection(NetworkError, fetch(`http://127.0.0.1:${port}/`, { cache: 'no-store' }));
  expect(error).toMatchObject({ reason: 'ADDRESS_DENIED', transient: false });
});

test('HTTP/2 is no way around', async () => {
  using authority = new Authority();
  const secure = createSecureServer(
    authority.issue('DNS:evil.test'),
    (_, response) => response.end('{}') as never,
  );
  await once(secure.listen(0, '127.0.0.1'), 'listening');
  const { port: securePort } = secure.address() as AddressInfo;
  await using fetch = guarded({ http2: true, tls: { ca: authority.ca }, ...scriptedOptions(['127.0.0.1']) });
  await refusal(fetch(`https://evil.test:${securePort}/`));
  secure.close();
});

test('many calls at once to a denied host all fail, and nothing is left', async () => {
  const transport = undici({ guard: {} });
  await using fetch = createFetch({ transport });
  const calls = Array.from({ length: 50 }, () => refusal(fetch(`http://127.0.0.1:${port}/`)));
  await Promise.all(calls);
  expect(transport.dispatcher).toMatchObject({ stats: {} });
});

function scriptedOptions(addresses: readonly string[]): UndiciOptions {
  return { lookup: scriptedLookup(addresses).lookup };
}
