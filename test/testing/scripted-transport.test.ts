import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  brokenBody,
  networkError,
  scriptedTransport,
  seededRandom,
  slowBody,
  stalledBody,
} from '../../src/testing/index.ts';
import { withinMicrotasks } from '../support/settling.ts';

const url = 'https://payments.test/';

test('an attempt shows the arguments as they were, and as the request that they make', async () => {
  const transport = scriptedTransport();
  const init = { method: 'POST', body: 'charge 42', headers: { 'X-Custom': 'yes' } };
  transport(url, init);
  const attempt = await transport.next();
  expect(attempt.input).toBe(url);
  expect(attempt.init).toBe(init);
  expect(attempt.request.headers.get('x-custom')).toBe('yes');
  expect(await attempt.request.text()).toBe('charge 42');
});

test('attempts are taken in the order in which they came', async () => {
  const transport = scriptedTransport();
  transport(`${url}a`);
  transport(`${url}b`);
  expect((await transport.next()).request.url).toBe(`${url}a`);
  expect((await transport.next()).request.url).toBe(`${url}b`);
  expect(transport.attempts.map(attempt => attempt.number)).toEqual([1, 2]);
});

test('a call resolves with the response given', async () => {
  const transport = scriptedTransport();
  const call = transport(url);
  const response = Response.json({ id: 42 });
  (await transport.next()).respond(response);
  expect(await call).toBe(response);
});

test('a call rejects with the error given', async () => {
  const transport = scriptedTransport();
  const call = transport(url);
  const error = networkError('ECONNRESET');
  (await transport.next()).fail(error);
  await expect(call).rejects.toBe(error);
});

test('next() says so when no attempt comes', async () => {
  await expect(scriptedTransport().next()).rejects.toThrow('Expected attempt 1, but it has not come');
});

test('expectNone() names the attempt that came, also at the end of a chain of promises', async () => {
  const transport = scriptedTransport();
  await transport.expectNone();
  Promise.resolve().then(() => transport(`${url}a`));
  await expect(transport.expectNone()).rejects.toThrow('number 1 has come: GET https://payments.test/a');
  await transport.next();
  await transport.expectNone();
});

describe('has the manners of fetch:', () => {
  test('arguments that fetch refuses reject, and are no attempt', async () => {
    const transport = scriptedTransport();
    await expect(transport('no url')).rejects.toThrow(TypeError);
    await expect(transport(url, { body: 'in a GET' })).rejects.toThrow(TypeError);
    await transport.expectNone();
  });

  test('the body of a Request is taken from it', async () => {
    const transport = scriptedTransport();
    const request = new Request(url, { method: 'POST', body: 'once' });
    transport(request);
    expect(request.bodyUsed).toBe(true);
    await expect(transport(request)).rejects.toThrow(TypeError);
  });

  test('an abort rejects with its reason', async () => {
    const transport = scriptedTransport();
    const controller = new AbortController();
    const call = transport(url, { signal: controller.signal });
    controller.abort('enough');
    expect(await withinMicrotasks(call)).toEqual({ state: 'rejected', reason: 'enough' });
    expect((await transport.next()).signal.aborted).toBe(true);
  });

  test('a signal that has aborted before rejects, and is no attempt', async () => {
    const transport = scriptedTransport();
    await expect(transport(url, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    await transport.expectNone();
  });

  test('the signal of a Request counts', async () => {
    const transport = scriptedTransport();
    const controller = new AbortController();
    const call = transport(new Request(url, { signal: controller.signal }));
    controller.abort('enough');
    await expect(call).rejects.toBe('enough');
  });

  test('an abort after the answer breaks the body off', async () => {
    const transport = scriptedTransport();
    const controller = new AbortController();
    const call = transport(url, { signal: controller.signal });
    (await transport.next()).respond(new Response(stalledBody('half')));
    const text = (await call).text();
    controller.abort('enough');
    await expect(text).rejects.toBe('enough');
  });
});

test('with ignoreSignal an aborted attempt can still be answered', async () => {
  const transport = scriptedTransport({ ignoreSignal: true });
  const controller = new AbortController();
  const call = transport(url, { signal: controller.signal });
  controller.abort('enough');
  expect(await withinMicrotasks(call)).toEqual({ state: 'pending' });
  (await transport.next()).respond(new Response('late'));
  expect(await (await call).text()).toBe('late');
});

test('adds one listener to the signal of an attempt beside that of its Request', async () => {
  const transport = scriptedTransport();
  const { signal } = new AbortController();
  transport(url, { signal });
  expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(2);
});

describe('a slow body', () => {
  test('is sent a chunk at a time', async () => {
    const body = slowBody();
    const text = new Response(body.stream).text();
    body.send('half ');
    body.send(new TextEncoder().encode('and half'));
    expect(await withinMicrotasks(text)).toEqual({ state: 'pending' });
    body.end();
    expect(await text).toBe('half and half');
    expect(body.state).toBe('ended');
  });

  test('breaks off with the error given', async () => {
    const body = slowBody();
    const text = new Response(body.stream).text();
    body.fail(networkError('ECONNRESET'));
    await expect(text).rejects.toThrow('fetch failed');
    expect(body.state).toBe('broken');
  });

  test('knows that its reader has cancelled it, and takes nothing more', async () => {
    const body = slowBody();
    await new Response(body.stream).body?.cancel();
    expect(body.state).toBe('cancelled');
    body.send('too late');
    body.end();
    body.fail(new Error('too late'));
    expect(body.state).toBe('cancelled');
  });
});

test('a stalled body sends its chunks and no end', async () => {
  const reader = stalledBody('half').getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('half');
  expect(await withinMicrotasks(reader.read())).toEqual({ state: 'pending' });
});

test('a broken body sends all its chunks before it breaks off', async () => {
  const error = networkError('UND_ERR_SOCKET');
  const reader = brokenBody(error, 'one', 'two').getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('one');
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('two');
  await expect(reader.read()).rejects.toBe(error);
});

test('a network error looks like one of Node', () => {
  const error = networkError('ECONNREFUSED');
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toBe('fetch failed');
  expect(error.cause).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
  expect(networkError('ETIMEDOUT', 'connect').cause).toMatchObject({ code: 'ETIMEDOUT', syscall: 'connect' });
  expect(networkError('UND_ERR_SOCKET').cause).not.toHaveProperty('syscall');
});

test('seeded chance comes out the same for the same seed, from 0 to below 1', () => {
  const take = (seed: number) => Array.from({ length: 1_000 }, seededRandom(seed));
  expect(take(42)).toEqual(take(42));
  expect(take(42)).not.toEqual(take(43));
  expect(Math.min(...take(42))).toBeGreaterThanOrEqual(0);
  expect(Math.max(...take(42))).toBeLessThan(1);
  const mean = take(42).reduce((sum, value) => sum + value, 0) / 1_000;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
});
