/** @supabase/supabase-js: the retries of its database part off, ours on. */
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { createFetch, type FetchOptions } from 'holdfast';
import { json, startService, unavailable } from './service.ts';

export function supabaseClient(url: string, options: FetchOptions = {}): SupabaseClient {
  const fetch = createFetch(options);
  return createClient(url, 'key', {
    global: { fetch },
    db: { retry: false },
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

if (import.meta.main) {
  await using service = await startService(unavailable, json([{ id: 1 }]));
  const supabase = supabaseClient(service.url);
  const { data } = await supabase.from('orders').select();
  console.log(data?.length, 'row after', service.requests.length, 'requests');
}
