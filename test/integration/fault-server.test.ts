import { describe, expect, test } from 'vitest';
import {
  filler,
  refusedUrl,
  resetAfterBytes,
  socketIsFree,
  startFaultServer,
} from '../support/fault-server.ts';

/** What the runtime's own `fetch` makes of each fault: the ground on which the other tests here stand. */

/** The `cause.code` of what `fetch` rejected with, or the cause's name where it has no code. */
async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => expect.unreachable('the fault did not strike'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TypeError);
  const { cause } = error as { cause: { code?: string; name: string; message: string } };
  return cause.code ?? `${cause.name}: ${cause.message}`;
}

describe('before any byte of the response', () => {
  test.each<[string, string | RegExp]>([
    ['reset-before-headers', 'ECONNRESET'],
    ['fin-before-headers', 'UND_ERR_SOCKET'],
    ['reset-mid-headers', resetAfterBytes],
    ['fin-mid-headers', 'UND_ERR_SOCKET'],
    ['headers-too-large', 'UND_ERR_HEADERS_OVERFLOW'],
  ])('%s fails the fetch with %s', async (answer, code) => {
    await using server = await startFaultServer();
    expect(await failure(fetch(server.url(`/${answer}`)))).toMatch(code);
    expect(await server.requests()).toHaveLength(1);
  });

  test('garbage fails the fetch with a parser error', async () => {
    await using server = await startFaultServer();
    expect(await failure(fetch(server.url('/garbage')))).toMatch(/^HPE_|^HTTPParserError/);
  });

  test('a closed port refuses the connection', async () => {
    expect(await failure(fetch(await refusedUrl()))).toBe('ECONNREFUSED');
  });

  test('a name that does not exist fails the look-up', async () => {
    expect(await failure(fetch('http://nonexistent.invalid/'))).toMatch(/^ENOTFOUND$|^EAI_AGAIN$/);
  });

  test('a connection that is reset on accept carries no request', async () => {
    await using server = await startFaultServer({ resetOnAccept: true });
    expect(await failure(fetch(server.url('/200')))).toMatch(/^ECONNRESET$|^UND_ERR_SOCKET$/);
    expect(await server.requests()).toHaveLength(0);
  });

  test('stalled headers come when they are released', async () => {
    await using server = await startFaultServer();
    const pending = fetch(server.url('/stall-headers'));
    await server.seen('/stall-headers');
    await server.release('/stall-headers');
    expect((await pending).status).toBe(200);
  });

  test('headers that stall half-way come when they are released', async () => {
    await using server = await startFaultServer();
    const pending = fetch(server.url('/stall-mid-headers'));
    await server.seen('/stall-mid-headers');
    await server.release('/stall-mid-headers');
    expect((await pending).status).toBe(200);
  });
});

describe('TLS', () => {
  test('a self-signed certificate is refused by the client', async () => {
    await using server = await startFaultServer({ tls: true });
    expect(await failure(fetch(server.url('/200')))).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(await server.requests()).toHaveLength(0);
  });

  test('TLS spoken to a plain port fails in the handshake', async () => {
    await using server = await startFaultServer();
    const url = server.url('/200').replace('http:', 'https:');
    expect(await failure(fetch(url))).toMatch(/^ERR_SSL_|^EPROTO$/);
  });

  test('plain HTTP spoken to a TLS port is cut off', async () => {
    await using server = await startFaultServer({ tls: true });
    const url = server.url('/200').replace('https:', 'http:');
    expect(await failure(fetch(url))).toMatch(/^UND_ERR_SOCKET$|^ECONNRESET$/);
  });
});

describe('in the middle of the body', () => {
  test.each([
    ['reset-mid-body', 'length', resetAfterBytes],
    ['reset-mid-body', 'chunked', resetAfterBytes],
    ['fin-mid-body', 'length', 'UND_ERR_SOCKET'],
    ['fin-mid-body', 'chunked', 'UND_ERR_SOCKET'],
    ['length-too-long', 'length', 'UND_ERR_SOCKET'],
  ] as const)('%s (%s) fails the reading with %s', async (answer, framing, code) => {
    await using server = await startFaultServer();
    const response = await fetch(server.url(`/${answer}`, { framing, hold: true }));
    const text = failure(response.text());
    await server.release(`/${answer}`);
    expect(await text).toMatch(code);
  });

  test('a chunk that is no chunk fails the reading with a parser error', async () => {
    await using server = await startFaultServer();
    const response = await fetch(server.url('/garbage-mid-body', { hold: true }));
    const text = failure(response.text());
    await server.release('/garbage-mid-body');
    expect(await text).toMatch(/^HPE_|^HTTPParserError/);
  });

  test.each([
    'reset-mid-body',
    'fin-mid-body',
  ])('%s of a body without length or chunks reads as a complete, short body', async answer => {
    await using server = await startFaultServer();
    const response = await fetch(server.url(`/${answer}`, { framing: 'close', size: 100 }));
    expect(await response.text()).toHaveLength(50);
  });

  test('a body longer than its length is cut to its length', async () => {
    await using server = await startFaultServer();
    const response = await fetch(server.url('/length-too-short', { size: 100 }));
    expect(await response.text()).toHaveLength(90);
  });

  test('a stalled body goes on when it is released', async () => {
    await using server = await startFaultServer();
    const response = await fetch(server.url('/stall-body', { size: 100 }));
    const reader = response.body!.getReader();
    expect((await reader.read()).value).toHaveLength(50);
    await server.release('/stall-body');
    expect((await reader.read()).value).toHaveLength(50);
    expect((await reader.read()).done).toBe(true);
  });

  test.each(['length', 'chunked', 'close'] as const)('a dripping body (%s) arrives whole', async framing => {
    await using server = await startFaultServer();
    const response = await fetch(server.url('/drip', { framing, size: 95, intervalMs: 1 }));
    expect(await response.bytes()).toEqual(filler(95));
  });
});

describe('connections', () => {
  test('answers in turn reuse one connection', async () => {
    await using server = await startFaultServer();
    const statuses = [];
    for (let call = 0; call < 4; call++) {
      const response = await fetch(server.url('/503,429,200'));
      await response.text();
      await socketIsFree();
      statuses.push(response.status);
    }
    expect(statuses).toEqual([503, 429, 200, 200]);
    expect(await server.connections()).toHaveLength(1);
  });

  test.each([
    ['dies-by-reset', 'ECONNRESET'],
    ['dies-by-fin', 'UND_ERR_SOCKET'],
  ])('a kept-alive connection that %s fails the next fetch with %s', async (answer, code) => {
    await using server = await startFaultServer();
    await (await fetch(server.url(`/${answer}`))).text();
    await socketIsFree();
    expect(await failure(fetch(server.url('/200')))).toBe(code);
    expect(await server.requests('/200')).toHaveLength(0);
    expect((await server.connections())[0]).toMatchObject({ closedBy: 'server' });
  });

  test('an idle connection that the server closes is not used again', async () => {
    await using server = await startFaultServer();
    await (await fetch(server.url('/200'))).text();
    await server.closeIdleConnections();
    expect(await server.waitForClose('/200')).toMatchObject({ connection: 1, closedBy: 'server' });
  });

  test('a crash refuses connections until the restart', async () => {
    await using server = await startFaultServer();
    await server.crash();
    expect(await failure(fetch(server.url('/200')))).toBe('ECONNREFUSED');
    await server.restart();
    expect((await fetch(server.url('/200'))).status).toBe(200);
  });

  test('the server sees the socket close when the client aborts', async () => {
    await using server = await startFaultServer();
    const controller = new AbortController();
    const pending = fetch(server.url('/stall-headers'), { signal: controller.signal });
    await server.seen('/stall-headers');
    controller.abort();
    await expect(pending).rejects.toThrow('aborted');
    expect(await server.waitForClose('/stall-headers')).toMatchObject({ closedBy: 'client' });
  });

  test('the server sees the socket close when a large body is cancelled', async () => {
    await using server = await startFaultServer();
    const response = await fetch(server.url('/200', { size: 20_000_000 }));
    await response.body!.cancel();
    expect(await server.waitForClose('/200')).toMatchObject({ closedBy: 'client' });
    expect((await server.seen('/200')).answered).toBe(false);
  });
});

describe('requests', () => {
  test('a request is reported with its method, headers and body', async () => {
    await using server = await startFaultServer();
    await fetch(server.url('/201'), { method: 'PUT', headers: { 'X-Trace': 'a' }, body: 'hello' });
    const { method, headers, body } = await server.seen('/201');
    expect({ method, trace: headers['x-trace'], text: new TextDecoder().decode(body) }).toEqual({
      method: 'PUT',
      trace: 'a',
      text: 'hello',
    });
  });

  test('a chunked request body is put together again', async () => {
    await using server = await startFaultServer();
    const body = new Blob([filler(200_000) as Uint8Array<ArrayBuffer>]).stream();
    await fetch(server.url('/200'), { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect((await server.seen('/200')).body).toEqual(filler(200_000));
  });

  test('echo tells what was asked', async () => {
    await using server = await startFaultServer();
    const response = await fetch(server.url('/echo'), { method: 'POST', body: 'hello' });
    expect(await response.json()).toMatchObject({ method: 'POST', target: '/echo', body: 'hello' });
  });

  test('an early answer does not wait for the request body', async () => {
    await using server = await startFaultServer();
    const body = new ReadableStream({ start: controller => controller.enqueue(filler(10)) });
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    expect((await fetch(server.url('/413', { early: true }), init)).status).toBe(413);
    expect((await server.headSeen('/413')).body).toBeUndefined();
  });

  test.each([301, 302, 303, 307, 308])('%i redirects to its location', async status => {
    await using server = await startFaultServer();
    const response = await fetch(server.url(`/${status}`, { headers: { location: '/200/there' } }));
    expect(response).toMatchObject({ status: 200, redirected: true, url: server.url('/200/there') });
  });

  test.each([204, 304])('%i has no body', async status => {
    await using server = await startFaultServer();
    const response = await fetch(server.url(`/${status}`));
    expect({ status: response.status, body: response.body }).toEqual({ status, body: null });
  });

  test('HEAD has the headers of the body it does not have', async () => {
    await using server = await startFaultServer();
    const response = await fetch(server.url('/200', { size: 100 }), { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('100');
    expect(await response.text()).toBe('');
  });
});
