/** openapi-fetch: it has no retries of its own, and hands over a `Request`. */
import { createFetch, type FetchOptions } from 'holdfast';
import createClient, { type Client } from 'openapi-fetch';
import { buffering } from './request-body.ts';
import { json, startService, unavailable } from './service.ts';

/** What openapi-typescript makes of a document. */
export interface paths {
  '/orders/{id}': {
    get: {
      parameters: { path: { id: string } };
      responses: { 200: { content: { 'application/json': { id: string } } } };
    };
  };
  '/orders': {
    post: {
      parameters: { header?: { 'Idempotency-Key'?: string } };
      requestBody: { content: { 'application/json': { sku: string } } };
      responses: { 201: { content: { 'application/json': { id: string } } } };
    };
  };
}

export function openapiClient(baseUrl: string, options: FetchOptions = {}): Client<paths> {
  const fetch = createFetch(buffering(options));
  return createClient<paths>({ baseUrl, fetch });
}

if (import.meta.main) {
  await using service = await startService(unavailable, json({ id: '1' }));
  const api = openapiClient(service.url);
  const { data } = await api.GET('/orders/{id}', { params: { path: { id: '1' } } });
  console.log('order', data?.id, 'after', service.requests.length, 'requests');
}
