import { Code, ConnectError } from '@connectrpc/connect';
import { TRPCClientError } from '@trpc/client';
import { ClientError } from 'graphql-request';
import { CircuitOpenError, NetworkError, TimeoutError } from 'holdfast';
import { describe, expect, test } from 'vitest';
import { connectClient } from '../connect.ts';
import { graphqlClient } from '../graphql-request.ts';
import { type Answer, json, reset, silence, startService, unavailable } from '../service.ts';
import { answer, trpcClient } from '../trpc.ts';
import { fragile, impatient, rejection, transports } from './support.ts';

const key = { 'idempotency-key': 'order-7' };

describe.each(transports)('graphql-request over %s', (_, transport) => {
  const data = { data: { order: { id: '1' } } };

  test('a query by GET is repeated, and a mutation only with a key', async () => {
    await using service = await startService(unavailable, reset, json(data));
    expect(await graphqlClient(service.url, transport()).request('{ order { id } }')).toEqual(data.data);
    expect(service.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);

    await using once = await startService(unavailable);
    const error = await rejection(graphqlClient(once.url, transport()).request('mutation { pay }'));
    expect(error).toBeInstanceOf(ClientError);
    expect(once.requests.map(({ method }) => method)).toEqual(['POST']);

    await using twice = await startService(reset, json(data));
    await graphqlClient(twice.url, transport()).request('mutation { pay }', {}, key);
    expect(twice.requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  test('our errors come as they are, and its signal aborts', async () => {
    await using service = await startService(silence);
    const late = graphqlClient(service.url, { ...transport(), ...impatient }).request('{ order { id } }');
    expect(await rejection(late)).toBeInstanceOf(TimeoutError);
    const abort = new AbortController();
    const client = graphqlClient(service.url, transport());
    const asked = rejection(client.request({ document: '{ order { id } }', signal: abort.signal }));
    await service.request(2);
    abort.abort();
    expect((await asked).name).toBe('AbortError');
    await service.requests[1]?.lost;
  });
});

describe.each(transports)('@trpc/client over %s', (_, transport) => {
  test('a query is repeated, and a mutation only with a key', async () => {
    await using service = await startService(unavailable, reset, answer);
    expect(await trpcClient(service.url, transport()).order.query()).toEqual({ id: '1' });
    expect(service.requests).toHaveLength(3);

    await using once = await startService(reset);
    const error = await rejection(trpcClient(once.url, transport()).pay.mutate());
    expect(error).toBeInstanceOf(TRPCClientError);
    expect(error.cause).toBeInstanceOf(NetworkError);
    expect(once.requests).toHaveLength(1);

    await using twice = await startService(reset, answer);
    await trpcClient(twice.url, transport()).pay.mutate(undefined, { context: { key: 'order-7' } });
    expect(twice.requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['order-7', 'order-7']);
  });

  test('an open circuit and a timeout are the cause of its own error', async () => {
    await using service = await startService(silence);
    const client = trpcClient(service.url, { ...transport(), ...fragile, ...impatient });
    expect((await rejection(client.order.query())).cause).toBeInstanceOf(TimeoutError);
    const refused = await rejection(client.order.query());
    expect(refused).toBeInstanceOf(TRPCClientError);
    expect(refused.cause).toBeInstanceOf(CircuitOpenError);
  });

  test('its signal aborts', async () => {
    await using service = await startService(silence);
    const abort = new AbortController();
    const asked = rejection(
      trpcClient(service.url, transport()).order.query(undefined, { signal: abort.signal }),
    );
    await service.request(1);
    abort.abort();
    expect(await asked).toBeInstanceOf(TRPCClientError);
    await service.requests[0]?.lost;
  });
});

/** The frames of a stream in the Connect protocol: flags, length, bytes. */
function frame(bytes: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
const stream =
  (values: readonly string[], ends: boolean): Answer =>
  response => {
    response.writeHead(200, { 'content-type': 'application/connect+json' });
    for (const value of values) response.write(frame(Buffer.from(JSON.stringify(value))));
    if (ends) response.end(frame(Buffer.from('{}'), 2));
  };

describe.each(transports)('@connectrpc/connect over %s', (_, transport) => {
  test('what has no side effects is repeated, and the rest only with a key', async () => {
    await using service = await startService(unavailable, reset, json('1'));
    expect((await connectClient(service.url, transport()).get({ value: '1' })).value).toBe('1');
    expect(service.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);

    await using once = await startService(unavailable);
    const error = await rejection(connectClient(once.url, transport()).pay({ value: '1' }));
    expect(error).toBeInstanceOf(ConnectError);
    expect(error.code).toBe(Code.Unavailable);
    expect(once.requests).toHaveLength(1);

    await using twice = await startService(reset, json('1'));
    await connectClient(twice.url, transport()).pay({ value: '1' }, { headers: key });
    expect(twice.requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  test('our errors are the cause of its own', async () => {
    await using service = await startService(silence);
    const client = connectClient(service.url, { ...transport(), ...fragile, ...impatient });
    const late = await rejection(client.get({ value: '1' }));
    expect(late.code).toBe(Code.DeadlineExceeded);
    expect(late.cause).toBeInstanceOf(TimeoutError);
    const refused = await rejection(client.get({ value: '1' }));
    expect(refused).toBeInstanceOf(ConnectError);
    expect(refused.code).toBe(Code.Unknown);
    expect(refused.cause).toBeInstanceOf(CircuitOpenError);
  });

  test('its timeout and its signal end the call', async () => {
    await using service = await startService(silence);
    const client = connectClient(service.url, transport());
    const late = await rejection(client.get({ value: '1' }, { timeoutMs: 500 }));
    expect(late.code).toBe(Code.DeadlineExceeded);
    const abort = new AbortController();
    const asked = rejection(client.get({ value: '1' }, { signal: abort.signal }));
    await service.request(service.requests.length + 1);
    abort.abort();
    expect((await asked).code).toBe(Code.Canceled);
    await service.requests.at(-1)?.lost;
  });

  test('a stream is read to its end, and leaving it closes the connection', async () => {
    await using service = await startService(stream(['a', 'b'], true), stream(['a'], false));
    const client = connectClient(service.url, transport());
    const values: string[] = [];
    for await (const { value } of client.watch({ value: '1' })) values.push(value);
    expect(values).toEqual(['a', 'b']);
    const abort = new AbortController();
    const left = rejection(
      (async () => {
        for await (const _ of client.watch({ value: '1' }, { signal: abort.signal })) abort.abort();
      })(),
    );
    expect((await left).code).toBe(Code.Canceled);
    await service.requests[1]?.lost;
  });
});
