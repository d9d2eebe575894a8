/** @connectrpc/connect over connect-web: what has no side effects goes by GET and is repeated, the rest by POST. */
import { type Client, Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { createFetch, type FetchOptions, TimeoutError } from 'holdfast';
import { Orders } from './orders_pb.ts';
import { json, startService, unavailable } from './service.ts';

/** Connect takes every error of this name for a cancellation of the caller's, and drops it. */
const timeouts: Interceptor = next => async request => {
  try {
    return await next(request);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new ConnectError(error.message, Code.DeadlineExceeded, undefined, undefined, error);
  }
};

export function connectClient(baseUrl: string, options: FetchOptions = {}): Client<typeof Orders> {
  const fetch = createFetch(options);
  const transport = createConnectTransport({ baseUrl, fetch, useHttpGet: true, interceptors: [timeouts] });
  return createClient(Orders, transport);
}

if (import.meta.main) {
  await using service = await startService(unavailable, json('paid'));
  const orders = connectClient(service.url);
  const { value } = await orders.get({ value: '1' });
  console.log('order', value, 'after', service.requests.length, 'requests');
}
