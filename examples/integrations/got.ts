/** got has no option for a fetch: what its users write instead. */
import got, { type Got } from 'got';
import { type Client, type ClientOptions, createClient } from 'holdfast';
import { json, startService, unavailable } from './service.ts';

/** Before. */
export const gotClient = (url: string): Got =>
  got.extend({ prefixUrl: url, timeout: { request: 10_000 }, retry: { limit: 2 } });

/** After. */
export const client = (url: string, policy: ClientOptions['policy'] = {}): Client =>
  createClient({
    prefix: url,
    policy: { attemptTimeoutMs: 10_000, ...policy },
  });

if (import.meta.main) {
  await using service = await startService(unavailable, json({ id: '1' }));
  const api = client(service.url);
  const { id } = await api.get('orders/1').json<{ id: string }>();
  console.log('order', id, 'after', service.requests.length, 'requests');
}
