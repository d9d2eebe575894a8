import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineContract, endpoint, form, multipart, stream, text } from '../../src/contract/index.ts';
import { networkError } from '../../src/testing/index.ts';
import { apiOf, failureOf } from './support.ts';

const body = z.object({ amount: z.number() });
const responses = { 200: text() };
const ok = () => new Response('', { headers: { 'content-type': 'text/plain' } });
const post = (more: object = {}) => ({ method: 'POST', path: '/x', body, responses, ...more }) as const;

const contract = defineContract({
  unsaid: endpoint(post()),
  safe: endpoint(post({ path: '/safe', idempotency: 'safe' })),
  idempotent: endpoint(post({ path: '/idempotent', idempotency: 'idempotent' })),
  key: endpoint(post({ path: '/key', idempotency: 'key' })),
  otherKey: endpoint(post({ path: '/other', idempotency: 'key' })),
  none: endpoint({ method: 'GET', path: '/none', responses, idempotency: 'none' }),
  form: endpoint({ method: 'POST', path: '/form', body: form(body), responses, idempotency: 'key' }),
  parts: endpoint({
    method: 'POST',
    path: '/parts',
    body: multipart(z.object({ file: z.instanceof(Blob) })),
    responses,
    idempotency: 'key',
  }),
  fields: endpoint({
    method: 'POST',
    path: '/fields',
    body: multipart(z.object({ note: z.string(), file: z.string() })),
    responses,
    idempotency: 'key',
  }),
  stream: endpoint({ method: 'POST', path: '/stream', body: stream(), responses, idempotency: 'key' }),
});
const input = { body: { amount: 5 } };

describe('a call is repeated', () => {
  test.each([
    ['unsaid', 1],
    ['safe', 2],
    ['idempotent', 2],
    ['key', 2],
    ['none', 1],
  ] as const)('of an endpoint that says %s: %i attempts', async (name, attempts) => {
    const { api, transport } = apiOf(contract, {}, { retry: { maxRetries: 1 } });
    const call = failureOf(name === 'none' ? api.none() : api[name](input));
    for (let attempt = 0; attempt < attempts; attempt++)
      (await transport.next()).fail(networkError('ECONNRESET'));
    expect(await call).toMatchObject({ code: 'NETWORK', attempts: { length: attempts } });
  });

  test('never where it says none, even if the policy makes keys or declares all idempotent', async () => {
    const { api, transport } = apiOf(contract, {}, { idempotencyKey: 'auto', retry: { idempotent: true } });
    const call = failureOf(api.none());
    const attempt = await transport.next();
    expect(attempt.request.headers.has('idempotency-key')).toBe(false);
    attempt.fail(networkError('ECONNRESET'));
    expect(await call).toMatchObject({ attempts: { length: 1 } });
  });

  test('not where the policy retries nothing, whatever the endpoint says', async () => {
    const { api, transport } = apiOf(contract, {}, { retry: false });
    const call = failureOf(api.idempotent(input));
    (await transport.next()).fail(networkError('ECONNRESET'));
    expect(await call).toMatchObject({ attempts: { length: 1 } });
  });

  test('not of an endpoint that says none, whatever the call says', async () => {
    const { api, transport } = apiOf(contract);
    const call = failureOf(api.none({}, { policy: { retry: { maxRetries: 3 } } }));
    (await transport.next()).fail(networkError('ECONNRESET'));
    expect(await call).toMatchObject({ attempts: { length: 1 } });
  });

  test('and an own policy of the endpoint is laid over what it says of idempotency', async () => {
    const eager = defineContract({
      get: endpoint(post({ idempotency: 'idempotent', policy: { retry: { maxRetries: 3 } } })),
    });
    const { api, transport } = apiOf(eager);
    const call = failureOf(api.get(input));
    for (let attempt = 0; attempt < 4; attempt++) (await transport.next()).fail(networkError('ECONNRESET'));
    expect(await call).toMatchObject({ attempts: { length: 4 } });
  });
});

describe('a key', () => {
  test('is made once per call, the same for all attempts, another for the next call', async () => {
    const { api, transport } = apiOf(contract);
    const keys: (string | null)[] = [];
    for (let call = 0; call < 2; call++) {
      const calling = api.key(input);
      const first = await transport.next();
      keys.push(first.request.headers.get('idempotency-key'));
      first.fail(networkError('ECONNRESET'));
      const second = await transport.next();
      keys.push(second.request.headers.get('idempotency-key'));
      second.respond(ok());
      await calling;
    }
    expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
    expect(keys).toEqual([keys[0], keys[0], keys[2], keys[2]]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  test("is the caller's own if one is given, by option or by header", async () => {
    const { api, transport } = apiOf(contract);
    api.key(input, { idempotencyKey: 'order-42' }).catch(() => {});
    expect((await transport.next()).request.headers.get('idempotency-key')).toBe('order-42');
    api.key(input, { headers: { 'Idempotency-Key': 'order-43' } }).catch(() => {});
    expect((await transport.next()).request.headers.get('idempotency-key')).toBe('order-43');
  });

  test('makes any call repeatable, whatever its endpoint says', async () => {
    const { api, transport } = apiOf(contract);
    const call = api.unsaid(input, { idempotencyKey: 'order-42' });
    (await transport.next()).fail(networkError('ECONNRESET'));
    (await transport.next()).respond(ok());
    await call;
  });

  test('stands for one payload: with another it is refused before anything is sent', async () => {
    const { api, transport } = apiOf(contract);
    const use = async (amount: number, operation: 'key' | 'otherKey' | 'form' = 'key') => {
      const call = api[operation]({ body: { amount } }, { idempotencyKey: 'order-42' });
      (await transport.next()).respond(ok());
      return call;
    };
    await use(5);
    await use(5);
    const refused = await failureOf(api.key({ body: { amount: 6 } }, { idempotencyKey: 'order-42' }));
    expect(refused).toMatchObject({
      code: 'VALIDATION',
      direction: 'request',
      operation: 'key',
      issues: [{ path: [], message: expect.stringContaining('another payload') }],
    });
    expect(
      await failureOf(api.otherKey({ body: { amount: 5 } }, { idempotencyKey: 'order-42' })),
    ).toMatchObject({
      code: 'VALIDATION',
    });
    await transport.expectNone();
    await use(5);
  });

  test('stands for one payload also of two calls at the same time', async () => {
    const { api, transport } = apiOf(contract);
    const options = { idempotencyKey: 'order-42' };
    const results = Promise.all([
      api.key.safe({ body: { amount: 1 } }, options),
      api.key.safe({ body: { amount: 2 } }, options),
    ]);
    (await transport.next()).respond(ok());
    const [first, second] = await results;
    expect([first.ok, second.ok].sort()).toEqual([false, true]);
    await transport.expectNone();
  });

  test('stands for a form with its files', async () => {
    const { api, transport } = apiOf(contract);
    const send = (text: string) =>
      api.parts({ body: { file: new Blob([text]) } }, { idempotencyKey: 'upload-1' });
    for (let again = 0; again < 2; again++) {
      const call = send('same');
      (await transport.next()).respond(ok());
      await call;
    }
    expect(await failureOf(send('other'))).toMatchObject({ code: 'VALIDATION' });
    const renamed = api.parts({ body: { file: new File(['same'], 'b') } }, { idempotencyKey: 'upload-1' });
    expect(await failureOf(renamed)).toMatchObject({ code: 'VALIDATION' });
  });

  test('stands for fields one by one, and not for their texts in a row', async () => {
    const { api, transport } = apiOf(contract);
    const send = (note: string, file: string) =>
      api.fields({ body: { note, file } }, { idempotencyKey: 'upload-2' });
    const call = send('a', 'filebc');
    (await transport.next()).respond(ok());
    await call;
    expect(await failureOf(send('afile', 'bc'))).toMatchObject({ code: 'VALIDATION' });
  });

  test('stands for one payload also if it is given as a header', async () => {
    const { api, transport } = apiOf(contract);
    const headers = { 'idempotency-KEY': 'order-7' };
    const first = api.key({ body: { amount: 1 } }, { headers });
    (await transport.next()).respond(ok());
    await first;
    expect(await failureOf(api.key({ body: { amount: 2 } }, { headers }))).toMatchObject({
      code: 'VALIDATION',
    });
    await transport.expectNone();
  });

  test('of a stream is compared by method and URL alone, and the stream is left unread', async () => {
    const { api, transport } = apiOf(contract);
    const call = api.stream({ body: new Blob(['abc']).stream() }, { idempotencyKey: 's-1' });
    const { request, respond } = await transport.next();
    expect(await request.text()).toBe('abc');
    respond(ok());
    await call;
  });

  test.each(['', 'a b', 'a\r\nb', 'ü', 5])('that is no key is refused: %j', async idempotencyKey => {
    const { api, transport } = apiOf(contract);
    expect(await failureOf(api.key(input, { idempotencyKey: idempotencyKey as string }))).toMatchObject({
      code: 'VALIDATION',
      issues: [{ message: expect.stringContaining('`idempotencyKey` should be') }],
    });
    await transport.expectNone();
  });

  test('is forgotten after a thousand others', async () => {
    const { api, transport } = apiOf(contract, {}, { retry: false });
    const use = async (key: string, amount: number) => {
      const call = api.key({ body: { amount } }, { idempotencyKey: key });
      (await transport.next()).respond(ok());
      await call;
    };
    await use('first', 1);
    for (let count = 0; count < 1_000; count++) await use(`key-${count}`, 1);
    await use('first', 2);
  });
});
