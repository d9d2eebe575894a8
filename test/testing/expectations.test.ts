import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { scriptedTransport, testFetch, virtualClock } from '../../src/testing/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { withinMicrotasks } from '../support/settling.ts';

const url = 'https://payments.test/charges';

/** What the promise rejects with, as text and by name. */
async function complaint(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => expect.unreachable('the promise was fulfilled'),
    (error: Error) => error,
  );
  expect(error).toMatchObject({ name: 'AssertionError', code: 'ERR_ASSERTION' });
  return error.message;
}

describe('an attempt that is expected', () => {
  test('is answered as was said, in the order in which it was', async () => {
    const transport = scriptedTransport();
    transport
      .expect({ method: 'POST', url: '/charges', body: { amount: 42 } })
      .respond(Response.json({ id: 1 }));
    transport.expect({ url }).fail('ECONNREFUSED');
    transport.expect();
    const first = await transport(url, { method: 'POST', body: '{ "amount": 42 }' });
    expect(await first.json()).toEqual({ id: 1 });
    await expect(transport(url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect((await transport(url)).status).toBe(200);
    transport.verify();
  });

  test('may come several times, each with a response of its own', async () => {
    const transport = scriptedTransport();
    transport.expect().times(2).respond(new Response('again'));
    expect(await (await transport(url)).text()).toBe('again');
    expect(await (await transport(url)).text()).toBe('again');
    transport.verify();
  });

  test('is answered with what is made of it', async () => {
    const transport = scriptedTransport();
    transport.expect().respond(async request => new Response(`${request.method} ${await request.text()}`));
    expect(await (await transport(url, { method: 'PUT', body: 'it' })).text()).toBe('PUT it');
  });

  test('fails with what its function throws', async () => {
    const transport = scriptedTransport();
    const mistake = new Error('in the test');
    transport.expect().respond(() => {
      throw mistake;
    });
    await expect(transport(url)).rejects.toBe(mistake);
  });

  test('stalls until it is aborted', async () => {
    const transport = scriptedTransport();
    transport.expect().stall();
    const controller = new AbortController();
    const call = transport(url, { signal: controller.signal });
    await settled();
    expect(await withinMicrotasks(call)).toEqual({ state: 'pending' });
    controller.abort('enough');
    await expect(call).rejects.toBe('enough');
    transport.verify();
  });

  test('is answered after some time, and not at all if it is aborted before', async () => {
    const clock = virtualClock();
    const transport = scriptedTransport({ clock });
    transport.expect().times(2).after(500).respond(new Response('late'));
    const call = transport(url);
    await clock.advance(499);
    expect(await withinMicrotasks(call)).toEqual({ state: 'pending' });
    await clock.advance(1);
    expect(await (await call).text()).toBe('late');
    const controller = new AbortController();
    const aborted = transport(url, { signal: controller.signal });
    await settled();
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    expect(clock.pending).toBe(0);
  });

  test('sends its body by hand', async () => {
    const transport = scriptedTransport();
    const body = transport.expect().stream({ status: 206 });
    const response = await transport(url);
    expect(response.status).toBe(206);
    body.send('half ');
    body.send('and half');
    body.end();
    expect(await response.text()).toBe('half and half');
  });

  test('breaks its body off, as a connection that is reset', async () => {
    const transport = scriptedTransport();
    transport.expect().breakOff('half');
    const reader = (await transport(url)).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('half');
    await expect(reader.read()).rejects.toMatchObject({
      message: 'terminated',
      cause: { code: 'ECONNRESET' },
    });
  });

  test('is told of its mistakes', () => {
    expect(() => scriptedTransport().expect().times(0)).toThrow(RangeError);
    expect(() => scriptedTransport().expect().after(5)).toThrow('`after` needs a clock');
  });
});

describe('an attempt in the hands of a test', () => {
  test('can do the same', async () => {
    const transport = scriptedTransport();
    const refused = transport(url);
    (await transport.next({ method: 'get', url: /charges$/ })).fail('ECONNREFUSED');
    await expect(refused).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED', syscall: 'connect' } });
    const broken = transport(url);
    (await transport.next()).breakOff('half');
    await expect((await broken).text()).rejects.toThrow('terminated');
    const slow = transport(url);
    const body = (await transport.next()).stream();
    body.send('whole');
    body.end();
    expect(await (await slow).text()).toBe('whole');
    transport(url).catch(() => {});
    (await transport.next()).stall();
    transport.verify();
  });

  test('is held against what it has to be', async () => {
    const transport = scriptedTransport();
    transport(url);
    expect(await complaint(transport.next({ method: 'POST', url: '/refunds' }))).toBe(
      [
        'Expected POST /refunds, but GET https://payments.test/charges has come:',
        '    method: expected POST, got GET',
        '    url: expected /refunds, got /charges',
      ].join('\n'),
    );
  });
});

describe('says what is different:', () => {
  const send = (transport: ReturnType<typeof scriptedTransport>) =>
    transport(`${url}?limit=1`, {
      method: 'POST',
      headers: { 'Idempotency-Key': 'k-1', 'X-Trace': 'abc' },
      body: '{"id":1,"lines":[{"sku":"a"}]}',
    });

  test.each([
    [{ url: '/charges' }, 'url: expected /charges, got /charges?limit=1'],
    [
      { url: 'https://payments.test' },
      'url: expected https://payments.test/, got https://payments.test/charges?limit=1',
    ],
    [{ headers: { 'idempotency-key': 'k-2' } }, 'headers.idempotency-key: expected k-2, got k-1'],
    [{ headers: { 'idempotency-key': /^\d+$/ } }, 'headers.idempotency-key: expected /^\\d+$/, got k-1'],
    [{ headers: { accept: 'text/html' } }, 'headers.accept: expected text/html, got no such header'],
    [{ headers: { 'x-trace': false } }, 'headers.x-trace: expected no such header, got abc'],
    [{ body: 'text' }, 'body: expected text, got "{\\"id\\":1'],
    [{ body: /sku":"b/ }, 'body: expected /sku":"b/, got'],
    [{ body: { id: 2 } }, 'body: expected {"id":2}, got {"id":1,"lines":[{"sku":"a"}]}'],
  ] as const)('%o', async (expected, message) => {
    const transport = scriptedTransport();
    transport.expect(expected);
    expect(await complaint(send(transport))).toContain(message);
  });

  test.each([
    { method: 'post', url: '/charges?limit=1' },
    { url: /limit=\d/ },
    { url: new URL(`${url}?limit=1`) },
    { headers: { 'idempotency-key': /^k-/, authorization: false } },
    { body: { lines: [{ sku: 'a' }], id: 1 } },
    { body: /"id":1/ },
  ] as const)('and nothing of %o', async expected => {
    const transport = scriptedTransport();
    transport.expect(expected);
    expect((await send(transport)).status).toBe(200);
    transport.verify();
  });

  test('long bodies stand under each other', async () => {
    const transport = scriptedTransport();
    transport.expect({ body: { text: 'x'.repeat(100) } });
    const message = await complaint(transport(url, { method: 'POST', body: '{"text":"y"}' }));
    expect(message).toMatch(/\n {4}body: expected \{"text":"x+"\}\n {10}got {6}\{"text":"y"\}$/);
  });
});

test('verify() lists what was expected and what came', async () => {
  const transport = scriptedTransport();
  transport.expect({ method: 'POST', url: '/charges' });
  transport.expect({ method: 'GET', url: '/charges/42' }).fail('ECONNRESET');
  transport.expect({ url: '/never' }).times(2);
  await transport(url, { method: 'POST' });
  await transport('https://payments.test/refunds').catch(() => {});
  await transport('https://payments.test/never');
  expect(() => transport.verify()).toThrow(
    expect.objectContaining({
      name: 'AssertionError',
      message: [
        'The transport has not seen what was expected:',
        '  ✓ POST /charges',
        '  ✗ GET /charges/42: GET https://payments.test/refunds came',
        '      url: expected /charges/42, got /refunds',
        '  ✓ any method /never',
        '  ✗ any method /never: it has not come',
      ].join('\n'),
    }),
  );
});

describe('what cannot be meant is refused where it is said, and not taken for a failure of the network', () => {
  const { transport } = testFetch();

  test.each<[object, string]>([
    [{ metod: 'POST' }, 'Unknown option `expected.metod`. Did you mean `method`?'],
    [{ method: 5 }, '`expected.method` should be a text, got 5'],
    [
      { url: 'v1/charges' },
      '`expected.url` should be a whole URL, a path from `/` on, or a pattern, got "v1/charges"',
    ],
    [
      { headers: { 'content-length': 5 } },
      '`expected.headers.content-length` should be a text, a pattern or `false`',
    ],
    [{ headers: 'accept' }, '`expected.headers` should be an object'],
  ])('an attempt that is %j', async (expected, message) => {
    expect(() => transport.expect(expected)).toThrow(message);
    await expect(transport.next(expected)).rejects.toThrow(message);
  });

  test.each([Number.NaN, -5, '5'])('`after(%j)`', delayMs => {
    expect(() => transport.expect().after(delayMs as number)).toThrow(/`delayMs` should be a number/);
  });

  test('an answer that is no response, or that has been read', async () => {
    const used = new Response('x');
    await used.text();
    for (const response of [{ id: 42 }, used] as Response[])
      expect(() => transport.expect().respond(response)).toThrow('should be a Response that nobody has read');
  });

  test('one body for several attempts', () => {
    expect(() => transport.expect().times(2).stream()).toThrow('one attempt');
  });
});

test('verify() names what nobody expected', () => {
  const transport = scriptedTransport();
  transport(url);
  return settled().then(() => {
    expect(() => transport.verify()).toThrow('✗ nobody expected GET https://payments.test/charges');
  });
});

test('an attempt that is another one than was expected is not repeated, and the call says why', async () => {
  const { fetch, transport } = testFetch();
  transport.expect({ method: 'POST' });
  expect(await complaint(fetch(url))).toContain('method: expected POST, got GET');
  expect(transport.attempts).toHaveLength(1);
});

test('node:assert and vitest take a failed expectation for a failed assertion', async () => {
  const transport = scriptedTransport();
  transport.expect({ method: 'POST' });
  await assert.rejects(transport(url), {
    name: 'AssertionError',
    actual: { method: 'GET' },
    expected: { method: 'POST' },
  });
});

describe('the harness in one line', () => {
  test('brings a fetch, a transport, a clock and what was heard, all of one world', async () => {
    await using world = testFetch({ retry: { maxRetries: 1, jitter: 'none' } });
    const { fetch, transport, clock, events } = world;
    transport.expect({ url }).fail('ECONNRESET');
    transport
      .expect({ url })
      .after(50)
      .respond(Response.json({ id: 42 }));
    const call = fetch(url);
    expect(await clock.runAll()).toBeGreaterThan(50);
    expect(await (await call).json()).toEqual({ id: 42 });
    expect(events.only('retry')).toMatchObject({ attempt: 1, code: 'ECONNRESET' });
  });

  test('checks at its end that all came that was expected', async () => {
    const run = async () => {
      await using world = testFetch();
      world.transport.expect({ url: '/never' });
    };
    expect(await complaint(run())).toContain('any method /never: it has not come');
  });

  test('tells an observer of its own too, and takes a clock that others are on', async () => {
    const heard: string[] = [];
    const clock = virtualClock();
    const world = testFetch({ clock, observe: event => heard.push(event.type) });
    world.transport.expect().respond();
    await world.fetch(url);
    expect(world.clock).toBe(clock);
    expect(heard).toEqual(world.events.events.map(({ type }) => type));
  });
});
