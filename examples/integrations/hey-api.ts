/** @hey-api/client-fetch: it has no retries of its own, and hands over a `Request`. */
import { type Client, createClient } from '@hey-api/client-fetch';
import { createFetch, type FetchOptions } from 'holdfast';
import { buffering } from './request-body.ts';
import { json, startService, unavailable } from './service.ts';

/** A generated client has its own: there it is `client.setConfig({ baseUrl, fetch })`. */
export function heyApiClient(baseUrl: string, options: FetchOptions = {}): Client {
  const fetch = createFetch(buffering(options));
  return createClient({ baseUrl, fetch });
}

if (import.meta.main) {
  await using service = await startService(unavailable, json({ id: '1' }));
  const client = heyApiClient(service.url);
  const { data } = await client.get<{ 200: { id: string } }>({ url: '/orders/{id}', path: { id: '1' } });
  console.log('order', data?.id, 'after', service.requests.length, 'requests');
}
