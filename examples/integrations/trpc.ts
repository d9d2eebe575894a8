/** @trpc/client: queries go by GET and are repeated; mutations go by POST and are not, unless they have a key. */
import { createTRPCClient, httpLink, type TRPCClient } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { createFetch, type FetchOptions } from 'holdfast';
import { type Answer, startService, unavailable } from './service.ts';

const t = initTRPC.create();
export const router = t.router({
  order: t.procedure.query(() => ({ id: '1' })),
  pay: t.procedure.mutation(() => ({ paid: true })),
});

export function trpcClient(url: string, options: FetchOptions = {}): TRPCClient<typeof router> {
  const fetch = createFetch(options);
  const headers = ({ op }: { op: { context: Record<string, unknown> } }): Record<string, string> =>
    typeof op.context.key === 'string' ? { 'idempotency-key': op.context.key } : {};
  return createTRPCClient<typeof router>({ links: [httpLink({ url, fetch, headers })] });
}

const handle = createHTTPHandler({ router });
export const answer: Answer = (response, request) => handle(request, response);

if (import.meta.main) {
  await using service = await startService(unavailable, answer);
  const client = trpcClient(service.url);
  const { id } = await client.order.query();
  console.log('order', id, 'after', service.requests.length, 'requests');
}
