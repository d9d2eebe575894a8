import { HTTPError, TimeoutError } from 'holdfast';
import { describe, expect, test } from 'vitest';
import { client, gotClient } from '../got.ts';
import { json, reset, silence, startService, unavailable } from '../service.ts';
import { rejection } from './support.ts';

const quick = { retry: { baseDelayMs: 0 } };

describe('from got to createClient()', () => {
  test('both repeat a read', async () => {
    await using before = await startService(unavailable, json({ id: '1' }));
    expect(await gotClient(before.url)('orders/1').json()).toEqual({ id: '1' });
    await using after = await startService(unavailable, json({ id: '1' }));
    expect(await client(after.url, quick).get('orders/1').json()).toEqual({ id: '1' });
    expect([before.requests.length, after.requests.length]).toEqual([2, 2]);
  });

  test('neither repeats a POST; ours does with a key', async () => {
    await using before = await startService(unavailable);
    expect((await rejection(gotClient(before.url).post('orders', { json: {} }))).code).toBe(
      'ERR_NON_2XX_3XX_RESPONSE',
    );
    await using after = await startService(unavailable);
    expect(await rejection(client(after.url, quick).post('orders', { json: {} }))).toBeInstanceOf(HTTPError);
    expect([before.requests.length, after.requests.length]).toEqual([1, 1]);
    await using keyed = await startService(reset, json({ id: '1' }));
    await client(keyed.url, { ...quick, idempotencyKey: 'auto' }).post('orders', { json: {} });
    expect(keyed.requests).toHaveLength(2);
  });

  test('the timeout of a call is ours', async () => {
    await using service = await startService(silence);
    const error = await rejection(client(service.url, { totalTimeoutMs: 300 }).get('orders/1'));
    expect(error).toBeInstanceOf(TimeoutError);
  });
});
