import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { type AttemptRecord, NetworkError, responseInfo } from '../../src/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { answering } from '../support/answering.ts';
import { harness, url } from '../support/harness.ts';
import { rejection } from '../support/rejection.ts';
import { withinMicrotasks } from '../support/settling.ts';

interface Verdict {
  readonly sent: AttemptRecord['sent'];
  readonly transient: boolean;
  readonly attempts: number;
}

/** How a GET fares whose every attempt fails with `error`. */
async function verdictOn(error: Error): Promise<Verdict> {
  const transport = answering(error);
  const failure = await rejection(NetworkError, harness({ fetch: transport }).fetch(url));
  expect([error, error.cause]).toContain(failure.cause);
  const { sent, transient, attempts } = failure;
  expect(attempts.map(attempt => attempt.sent)).toEqual(attempts.map(() => sent));
  return { sent, transient, attempts: transport.calls.length };
}

const refused: Verdict = { sent: 'no', transient: true, attempts: 3 };
const broken: Verdict = { sent: 'maybe', transient: true, attempts: 3 };
const cut: Verdict = { sent: 'yes', transient: true, attempts: 3 };
const hopeless: Verdict = { sent: 'no', transient: false, attempts: 1 };

const caused = (message: string, ...codes: (string | undefined)[]): Error =>
  codes.reduceRight<Error | undefined>(
    (cause, code) =>
      Object.assign(new Error(message, cause && { cause }), code === undefined ? {} : { code }),
    undefined,
  ) as Error;

describe('promise 5: failures are classified down the cause chain, by code and never by message', () => {
  test.each([
    ['ECONNREFUSED', undefined, refused],
    ['ENOTFOUND', undefined, refused],
    ['EAI_AGAIN', undefined, refused],
    ['EHOSTUNREACH', undefined, refused],
    ['ENETUNREACH', undefined, refused],
    ['UND_ERR_CONNECT_TIMEOUT', undefined, refused],
    ['ETIMEDOUT', 'connect', refused],
    ['ECONNRESET', 'connect', refused],
    ['ECONNRESET', 'read', broken],
    ['ETIMEDOUT', 'read', broken],
    ['EPIPE', undefined, broken],
    ['UND_ERR_SOCKET', undefined, broken],
    ['UND_ERR_HEADERS_TIMEOUT', undefined, broken],
    ['HPE_INVALID_CONSTANT', undefined, cut],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', undefined, cut],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', undefined, hopeless],
    ['CERT_HAS_EXPIRED', undefined, hopeless],
    ['ERR_TLS_CERT_ALTNAME_INVALID', undefined, hopeless],
    ['EPROTO', undefined, hopeless],
  ])('%s, in %s', async (code, syscall, verdict) => {
    const error = networkError(code, syscall);
    expect(await verdictOn(error)).toEqual(verdict);
  });

  test('of a chain of causes the outermost code that is known decides', async () => {
    expect(await verdictOn(caused('x', undefined, undefined, 'ECONNREFUSED'))).toEqual(refused);
    expect(await verdictOn(caused('x', 'ECONNRESET', 'ECONNREFUSED'))).toEqual(broken);
    expect(await verdictOn(caused('x', 'WRAPPED', 'ECONNREFUSED'))).toEqual(refused);
  });

  test('the first of several errors behind an AggregateError counts, as for happy eyeballs', async () => {
    const inner = [caused('x', 'ECONNREFUSED'), caused('x', 'ENETUNREACH')];
    const error = new TypeError('fetch failed', { cause: new AggregateError(inner) });
    expect(await verdictOn(error)).toEqual(refused);
  });

  test('a chain of causes that is a loop ends', async () => {
    const error = new TypeError('fetch failed');
    error.cause = error;
    await rejection(NetworkError, harness({ fetch: answering(error) }).fetch(url));
  });

  test('messages say nothing: the words of a refused connection without its code are not proof', async () => {
    expect(await verdictOn(new TypeError('connect ECONNREFUSED 127.0.0.1:80'))).toEqual(broken);
  });

  test.each([
    ['Chromium', new TypeError('Failed to fetch')],
    ['Firefox', new TypeError('NetworkError when attempting to fetch resource.')],
    ['Safari', new TypeError('Load failed')],
    ['workerd', new Error('Network connection lost.')],
    ['Bun', Object.assign(new TypeError('Unable to connect.'), { code: 'ECONNRESET' })],
  ])('a failure of the network in %s may pass', async (_, error) => {
    expect(await verdictOn(error)).toEqual(broken);
  });

  test('an error of another realm is read as well', async () => {
    const error = runInNewContext(
      "new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) })",
    ) as Error;
    expect(await verdictOn(error)).toEqual(refused);
  });

  test('a bad port, which fetch refuses without a code, is permanent', async () => {
    const error = new TypeError('fetch failed', { cause: new Error('bad port') });
    expect(await verdictOn(error)).toEqual({ ...hopeless, sent: 'maybe' });
  });

  describe('a refusal after the server has answered is not said to have never reached it:', () => {
    test.each(['unexpected redirect', 'redirect count exceeded', 'cors failure'])('%s', async reason => {
      const error = new TypeError('fetch failed', { cause: new Error(reason) });
      const failure = await rejection(NetworkError, harness({ fetch: answering(error) }).fetch(url));
      expect(failure.transient).toBe(false);
      expect(failure.sent).not.toBe('no');
    });

    test('a location that is no URL', async () => {
      const error = new TypeError('fetch failed', { cause: networkError('ERR_INVALID_URL') });
      const failure = await rejection(NetworkError, harness({ fetch: answering(error) }).fetch(url));
      expect(failure.transient).toBe(false);
      expect(failure.sent).not.toBe('no');
    });
  });

  describe('a call is not said to have never reached the server when an attempt before the last may have:', () => {
    const keyed = { method: 'POST', body: 'charge 42', headers: { 'Idempotency-Key': 'key-1' } };

    test('reset, then refused', async () => {
      const transport = answering(networkError('ECONNRESET'), networkError('ECONNREFUSED'));
      const error = await rejection(NetworkError, harness({ fetch: transport }).fetch(url, keyed));
      expect(error.attempts.map(attempt => attempt.sent)).toEqual(['maybe', 'no', 'no']);
      expect(error.sent).toBe('maybe');
      expect(error.message).not.toContain('never reached the server');
    });

    test('reset, then rejected by us', async () => {
      const { fetch, transport, clock } = harness({ retry: { jitter: 'none' } });
      const call = rejection(NetworkError, fetch(url, keyed));
      (await transport.next()).fail(networkError('ECONNRESET'));
      await transport.expectNone();
      fetch.hosts.for(url).circuitBreaker?.isolate();
      await clock.advance(200);
      expect(await call).toMatchObject({ sent: 'maybe', attempts: [{}, { outcome: 'rejected' }] });
    });
  });

  test.each([
    ['an error with a name of its own', Object.assign(new Error('own'), { name: 'OwnError' })],
    ['a RangeError', new RangeError('own')],
    ['an AbortError of the transport’s own', new DOMException('gone', 'AbortError')],
  ])('%s is not one of the network: it is not repeated, and reaches the caller as it is', async (_, error) => {
    const transport = answering(error);
    await expect(harness({ fetch: transport }).fetch(url)).rejects.toBe(error);
    expect(transport.calls).toHaveLength(1);
  });

  test.each([
    undefined,
    null,
    0,
    'text',
    {},
  ])('%s, thrown in place of an error, reaches the caller', async thrown => {
    const transport = async () => {
      throw thrown;
    };
    await expect(harness({ fetch: transport }).fetch(url)).rejects.toBe(thrown);
  });

  test('an attempt that timed out may have been sent', async () => {
    const { fetch, transport, clock } = harness();
    const call = fetch(url);
    await transport.next();
    await clock.advance(10_000);
    (await transport.next()).respond();
    expect(responseInfo(await call)?.attempts[0]).toMatchObject({
      outcome: 'transient',
      sent: 'maybe',
      code: 'TIMEOUT',
    });
  });

  test('a transport that resolves with no response is a mistake, not a failure of the network', async () => {
    const transport = answering(() => undefined as unknown as Response);
    const { fetch, clock } = harness({ fetch: transport });
    const ending = await withinMicrotasks(fetch(url));
    expect(ending.state).toBe('rejected');
    expect((ending as { reason: unknown }).reason).not.toBeInstanceOf(NetworkError);
    expect(transport.calls).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
