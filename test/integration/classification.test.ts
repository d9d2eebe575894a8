import { describe, expect, test } from 'vitest';
import { createFetch, HoldfastError, NetworkError, responseInfo, TimeoutError } from '../../src/index.ts';
import { refusedUrl, resetAfterBytes, startFaultServer } from '../support/fault-server.ts';
import { rejection } from '../support/rejection.ts';

/** One retry at once, so that a fault that is taken for transient shows itself as a second attempt. */
const oneRetry = { retry: { maxRetries: 1, baseDelayMs: 0 } };

describe('a transient failure is tried again and ends as a NetworkError that says how far it got', () => {
  test.each<[string, string | RegExp, string]>([
    ['reset-before-headers', 'ECONNRESET', 'maybe'],
    ['fin-before-headers', 'UND_ERR_SOCKET', 'maybe'],
    ['reset-mid-headers', resetAfterBytes, 'maybe'],
    ['fin-mid-headers', 'UND_ERR_SOCKET', 'maybe'],
  ])('%s: %s, sent %s', async (answer, code, sent) => {
    await using server = await startFaultServer();
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch(server.url(`/${answer}`)));
    const known = expect.stringMatching(code);
    expect(error).toMatchObject({ code: 'NETWORK', reason: known, sent, transient: true });
    expect(error.attempts).toMatchObject([
      { attempt: 1, outcome: 'transient', code: known, sent, status: undefined, reason: 'retried' },
      { attempt: 2, outcome: 'transient', code: known, sent, status: undefined, reason: 'retries-exhausted' },
    ]);
    expect(await server.requests()).toHaveLength(2);
  });

  test('a refused connection: sent no', async () => {
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch(await refusedUrl()));
    expect(error).toMatchObject({ reason: 'ECONNREFUSED', sent: 'no', transient: true });
    expect(error.attempts).toHaveLength(2);
  });

  test('a name that does not exist: sent no', async () => {
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch('http://nonexistent.invalid/'));
    expect(error.reason).toMatch(/^ENOTFOUND$|^EAI_AGAIN$/);
    expect(error).toMatchObject({ sent: 'no', transient: true });
    expect(error.attempts).toHaveLength(2);
  });

  test('a connection that is reset on accept is never taken for answered', async () => {
    await using server = await startFaultServer({ resetOnAccept: true });
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch(server.url('/200')));
    expect(error.transient).toBe(true);
    // Whether the reset meets the connecting or the writing socket is for the kernel to say.
    expect(['no', 'maybe']).toContain(error.sent);
  });

  test('an attempt timeout: sent maybe', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ ...oneRetry, attemptTimeoutMs: 30 });
    const error = await rejection(TimeoutError, fetch(server.url('/stall-headers')));
    expect(error).toMatchObject({ code: 'TIMEOUT', scope: 'attempt', limitMs: 30 });
    expect(error.attempts).toMatchObject([
      { outcome: 'transient', code: 'TIMEOUT', sent: 'maybe', reason: 'retried' },
      { outcome: 'transient', code: 'TIMEOUT', sent: 'maybe', reason: 'retries-exhausted' },
    ]);
  });

  test('a total timeout: sent maybe', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch({ ...oneRetry, totalTimeoutMs: 30, attemptTimeoutMs: false });
    const error = await rejection(TimeoutError, fetch(server.url('/stall-headers')));
    expect(error).toMatchObject({ code: 'TIMEOUT', scope: 'total', limitMs: 30 });
    expect(error.attempts).toMatchObject([{ outcome: 'transient', code: 'TIMEOUT', sent: 'maybe' }]);
  });

  test('garbage: the server has answered, if not in HTTP', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch(server.url('/garbage')));
    expect(error).toMatchObject({ sent: 'yes', transient: true });
    expect(await server.requests()).toHaveLength(2);
  });

  test('plain HTTP spoken to a TLS port: sent maybe', async () => {
    await using server = await startFaultServer({ tls: true });
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch(server.url('/200').replace('https:', 'http:')));
    expect(error).toMatchObject({ sent: 'maybe', transient: true });
  });
});

describe('a permanent failure is not tried again', () => {
  test('a certificate that nobody trusts: sent no', async () => {
    await using server = await startFaultServer({ tls: true });
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch(server.url('/200')));
    expect(error).toMatchObject({ reason: 'DEPTH_ZERO_SELF_SIGNED_CERT', sent: 'no', transient: false });
    expect(error.attempts).toMatchObject([{ outcome: 'permanent', sent: 'no', reason: 'not-transient' }]);
    expect(await server.connections()).toHaveLength(1);
  });

  test('TLS spoken to a plain port: sent no', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch(server.url('/200').replace('http:', 'https:')));
    expect(error).toMatchObject({ sent: 'no', transient: false });
    expect(error.attempts).toHaveLength(1);
    expect(await server.connections()).toHaveLength(1);
  });

  test('headers larger than the client takes: sent yes', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch(server.url('/headers-too-large')));
    expect(error).toMatchObject({ reason: 'UND_ERR_HEADERS_OVERFLOW', sent: 'yes', transient: false });
    expect(await server.requests()).toHaveLength(1);
  });

  test('a port that fetch refuses', async () => {
    await using fetch = createFetch(oneRetry);
    const error = await rejection(NetworkError, fetch('http://127.0.0.1:9/'));
    expect(error.transient).toBe(false);
    expect(error.attempts).toMatchObject([{ outcome: 'permanent', reason: 'not-transient' }]);
  });
});

describe('what is wrong with the arguments fails as fetch says it, and nothing is sent', () => {
  test.each([
    ['an invalid URL', 'http://', undefined],
    ['a scheme that is not HTTP', 'ftp://127.0.0.1/', undefined],
    ['a URL with credentials', 'http://user:secret@127.0.0.1/', undefined],
    ['a GET with a body', 'http://127.0.0.1/', { body: 'hello' }],
    ['a forbidden method', 'http://127.0.0.1/', { method: 'CONNECT' }],
    ['a bad header', 'http://127.0.0.1/', { headers: { 'bad name': 'value' } }],
    ['a stream without duplex', 'http://127.0.0.1/', { method: 'POST', body: new ReadableStream() }],
  ] as const)('%s', async (_what, url, init) => {
    await using fetch = createFetch(oneRetry);
    const ours = await rejection(TypeError, fetch(url, init));
    const theirs = await rejection(TypeError, globalThis.fetch(url, init));
    expect(ours).not.toBeInstanceOf(HoldfastError);
    expect(ours.message).toBe(theirs.message);
  });

  test('a Request whose body is used up', async () => {
    await using server = await startFaultServer();
    await using fetch = createFetch(oneRetry);
    const request = new Request(server.url('/200'), { method: 'POST', body: 'hello' });
    await request.text();
    const ours = await rejection(TypeError, fetch(request));
    expect(ours).not.toBeInstanceOf(HoldfastError);
    expect(await server.connections()).toHaveLength(0);
  });
});

describe('a status', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])('%i is transient', async status => {
    await using server = await startFaultServer();
    await using fetch = createFetch(oneRetry);
    const response = await fetch(server.url(`/${status},200`));
    expect(response.status).toBe(200);
    expect(responseInfo(response)?.attempts).toMatchObject([
      { outcome: 'transient', sent: 'yes', status, reason: 'retried' },
      { outcome: 'success', sent: 'yes', status: 200, reason: 'succeeded' },
    ]);
  });

  test.each([400, 401, 403, 404, 409, 413, 501, 505])('%i is permanent', async status => {
    await using server = await startFaultServer();
    await using fetch = createFetch(oneRetry);
    const response = await fetch(server.url(`/${status},200`));
    expect(response.status).toBe(status);
    expect(responseInfo(response)?.attempts).toMatchObject([
      { outcome: 'permanent', sent: 'yes', status, reason: 'not-transient' },
    ]);
  });

  test.each([204, 304])('%i, which has no body, is a success', async status => {
    await using server = await startFaultServer();
    await using fetch = createFetch(oneRetry);
    const response = await fetch(server.url(`/${status}`));
    expect(response.body).toBeNull();
    expect(responseInfo(response)?.attempts).toMatchObject([{ outcome: 'success', status }]);
  });
});
