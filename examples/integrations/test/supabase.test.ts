import { createClient } from '@supabase/supabase-js';
import { CircuitOpenError, createFetch, TimeoutError } from 'holdfast';
import { describe, expect, test } from 'vitest';
import { json, reset, silence, startService, unavailable } from '../service.ts';
import { supabaseClient } from '../supabase.ts';
import { fragile, impatient, rejection, transports } from './support.ts';

describe.each(transports)('supabase-js over %s', (_, transport) => {
  test('reads are repeated, and an insert only with a key', async () => {
    await using service = await startService(unavailable, reset, json([{ id: 1 }]));
    expect((await supabaseClient(service.url, transport()).from('orders').select()).data).toEqual([
      { id: 1 },
    ]);
    expect(service.requests).toHaveLength(3);

    await using once = await startService(unavailable);
    const { status } = await supabaseClient(once.url, transport()).from('orders').insert({ id: 1 });
    expect(status).toBe(503);
    expect(once.requests).toHaveLength(1);

    await using twice = await startService(reset, json(null, 201));
    const insert = supabaseClient(twice.url, transport()).from('orders').insert({ id: 1 });
    await insert.setHeader('Idempotency-Key', 'order-7');
    expect(twice.requests.map(({ body }) => body)).toEqual(['{"id":1}', '{"id":1}']);
  });

  test('our errors stand in the message of the result, and are thrown as they are if it throws', async () => {
    await using service = await startService(silence);
    const supabase = supabaseClient(service.url, { ...transport(), ...fragile, ...impatient });
    const { error } = await supabase.from('orders').select();
    expect(error?.message).toMatch(/^TimeoutError: GET /);
    const refused = await rejection(supabase.from('orders').select().throwOnError());
    expect(refused).toBeInstanceOf(CircuitOpenError);
    expect(service.requests).toHaveLength(1);
    const late = supabaseClient(service.url, { ...transport(), ...impatient })
      .from('orders')
      .select();
    expect(await rejection(late.throwOnError())).toBeInstanceOf(TimeoutError);
  });

  test('its signal aborts', async () => {
    await using service = await startService(silence);
    const abort = new AbortController();
    const query = supabaseClient(service.url, transport()).from('orders').select().abortSignal(abort.signal);
    const asked = query.then(({ error }) => error);
    await service.request(1);
    abort.abort();
    expect((await asked)?.message).toMatch(/^AbortError/);
    await service.requests[0]?.lost;
  });

  test('an upload goes once, and our error is the original of its own', async () => {
    await using service = await startService(reset, json({ Key: 'files/kelp.txt' }));
    const { storage } = supabaseClient(service.url, transport());
    const { error } = await storage.from('files').upload('kelp.txt', new Blob(['kelp']));
    expect(error).toMatchObject({ originalError: { code: 'NETWORK' } });
    expect(service.requests).toHaveLength(1);
  });

  test('an upload that is declared idempotent is sent again whole', async () => {
    await using service = await startService(reset, json({ Key: 'files/kelp.txt' }));
    const options = { ...transport(), retry: { baseDelayMs: 0, methods: ['GET', 'HEAD', 'POST'] } };
    const { storage } = supabaseClient(service.url, options);
    expect((await storage.from('files').upload('kelp.txt', new Blob(['kelp']))).error).toBeNull();
    expect(service.requests.map(({ body }) => body.includes('kelp\r\n'))).toEqual([true, true]);
  });
});

test('supabase-js with its own retries left on: they multiply', async () => {
  await using service = await startService(json({}, 503, { 'retry-after': '0' }));
  const fetch = createFetch({ retry: { baseDelayMs: 0 } });
  await createClient(service.url, 'key', { global: { fetch } }).from('orders').select();
  expect(service.requests).toHaveLength(12);
});
