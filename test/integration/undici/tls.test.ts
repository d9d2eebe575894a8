import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFetch, NetworkError } from '../../../src/index.ts';
import { type TlsOptions, type UndiciOptions, undici } from '../../../src/transport/undici/index.ts';
import { Listening } from '../../support/listening.ts';
import { rejection } from '../../support/rejection.ts';
import { Authority, type Certificate } from '../../support/tls.ts';

let authority: Authority;
let others: Authority;

beforeAll(() => {
  authority = new Authority();
  others = new Authority();
});

afterAll(() => {
  authority[Symbol.dispose]();
  others[Symbol.dispose]();
});

const sending = (tls: TlsOptions, options: UndiciOptions = {}) =>
  createFetch({ transport: undici({ tls, ...options }), retry: { unsent: true, baseDelayMs: 0 } });

const secured = (certificate: Certificate, options: object = {}) =>
  Listening.on(
    createServer({ ...certificate, ...options }, (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.end(JSON.stringify({ client: subject?.CN ?? null }));
    }),
  );

test('an authority of one’s own is trusted', async () => {
  await using server = await secured(authority.issue('DNS:localhost'));
  for (const ca of [authority.ca, Buffer.from(authority.ca), [others.ca, authority.ca]]) {
    await using fetch = sending({ ca });
    expect((await fetch(`https://localhost:${server.port}/`)).status).toBe(200);
  }
});

describe('a server that does not prove who it is gets nothing, and is not asked again', () => {
  const trust = () => ({ ca: authority.ca });
  test.each<[string, () => Certificate, () => TlsOptions, string]>([
    ['of another name', () => authority.issue('DNS:other.test'), trust, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['expired', () => authority.issue('DNS:localhost', -1), trust, 'CERT_HAS_EXPIRED'],
    ['of another authority', () => others.issue('DNS:localhost'), trust, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [
      'self-signed',
      () => ({ cert: others.ca, key: others.key }),
      () => ({ servername: 'localhost' }),
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
    [
      'of another name than that which is asked for',
      () => authority.issue('DNS:localhost'),
      () => ({ ...trust(), servername: 'other.test' }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
  ])('%s', async (_, certificate, tls, reason) => {
    await using server = await secured(certificate());
    await using fetch = sending(tls());
    const error = await rejection(NetworkError, fetch(`https://localhost:${server.port}/`));
    expect(error).toMatchObject({ reason, sent: 'no', transient: false });
    expect(error.attempts).toMatchObject([{ phase: 'tls' }]);
  });
});

test('rejectUnauthorized: false believes anyone', async () => {
  await using server = await secured(others.issue('DNS:other.test'));
  await using fetch = sending({ rejectUnauthorized: false });
  expect((await fetch(`https://localhost:${server.port}/`)).status).toBe(200);
});

test('servername asks for a name in place of that of the URL', async () => {
  await using server = await secured(authority.issue('DNS:service.test'));
  await using fetch = sending({ ca: authority.ca, servername: 'service.test' });
  expect((await fetch(`https://127.0.0.1:${server.port}/`)).status).toBe(200);
});

describe('a server that asks who we are', () => {
  const asking = () =>
    secured(authority.issue('DNS:localhost'), {
      ca: authority.ca,
      requestCert: true,
      rejectUnauthorized: true,
    });

  test('is shown our certificate', async () => {
    await using server = await asking();
    const { cert, key } = authority.issue('DNS:client.test');
    await using fetch = sending({ ca: authority.ca, cert, key });
    const response = await fetch(`https://localhost:${server.port}/`);
    expect(await response.json()).toEqual({ client: 'test' });
  });

  test('refuses us without one', async () => {
    await using server = await asking();
    await using fetch = sending({ ca: authority.ca });
    const error = await rejection(NetworkError, fetch(`https://localhost:${server.port}/`));
    // In TLS 1.3 the client is done before the server has looked at its certificate, so the request is on its way.
    expect(error).toMatchObject({ sent: 'maybe' });
  });
});
