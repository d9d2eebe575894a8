/** axios: its fetch adapter, over ours. */
import axios, { type AxiosInstance } from 'axios';
import { createFetch, type FetchOptions } from 'holdfast';
import { buffering } from './request-body.ts';
import { json, startService, unavailable } from './service.ts';

export function axiosClient(baseURL: string, options: FetchOptions = {}): AxiosInstance {
  const fetch = createFetch(buffering(options));
  return axios.create({ baseURL, adapter: 'fetch', env: { fetch } });
}

if (import.meta.main) {
  await using service = await startService(unavailable, json({ id: '1' }));
  const client = axiosClient(service.url);
  const { data } = await client.get<{ id: string }>('/orders/1');
  console.log('order', data.id, 'after', service.requests.length, 'requests');
}
