/** A body that was read into memory has a length, which a stream has not. */
import { expect, test } from 'vitest';
import { createFetch, type FetchOptions } from '../../src/index.ts';
import { undici } from '../../src/transport/undici/index.ts';
import { startFaultServer } from '../support/fault-server.ts';

const transports: Record<string, () => FetchOptions> = {
  fetch: () => ({}),
  undici: () => ({ transport: undici() }),
};

test.each(Object.keys(transports))('over %s each attempt says how long it is', async name => {
  await using server = await startFaultServer();
  await using fetch = createFetch({
    ...transports[name]?.(),
    retry: { maxBufferedBytes: 100, baseDelayMs: 0 },
  });
  const headers = { 'Idempotency-Key': 'key-1' };
  const request = new Request(server.url('/503'), { method: 'POST', headers, body: 'kelp' });
  expect((await fetch(request)).status).toBe(503);
  const received = (await server.requests()).map(({ headers, body }) => [
    headers['content-length'],
    new TextDecoder().decode(body),
  ]);
  expect(received).toEqual(Array(3).fill(['4', 'kelp']));
});

test.each(Object.keys(transports))('over %s a redirect that repeats the body is followed', async name => {
  await using server = await startFaultServer();
  await using fetch = createFetch({ ...transports[name]?.(), retry: { maxBufferedBytes: 100 } });
  const headers = { 'Idempotency-Key': 'key-1' };
  const location = server.url('/200/orders');
  const url = server.url('/307', { headers: { location } });
  const response = await fetch(new Request(url, { method: 'POST', headers, body: 'kelp' }));
  expect(response.status).toBe(200);
  expect(new TextDecoder().decode((await server.seen('/200/orders')).body)).toBe('kelp');
});
