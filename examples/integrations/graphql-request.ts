/** graphql-request: queries by GET, which may be repeated; mutations by POST, which may not. */
import { GraphQLClient } from 'graphql-request';
import { createFetch, type FetchOptions } from 'holdfast';
import { json, startService, unavailable } from './service.ts';

export function graphqlClient(url: string, options: FetchOptions = {}): GraphQLClient {
  const fetch = createFetch(options);
  return new GraphQLClient(url, { fetch, method: 'GET' });
}

if (import.meta.main) {
  await using service = await startService(unavailable, json({ data: { order: { id: '1' } } }));
  const client = graphqlClient(service.url);
  const { order } = await client.request<{ order: { id: string } }>('{ order(id: 1) { id } }');
  console.log('order', order.id, 'after', service.requests.length, 'requests');
}
