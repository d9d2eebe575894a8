import { createClient } from 'holdfast';
import type { Payments } from '../payments.ts';

export function payments(baseUrl: string): Payments {
  const client = createClient({
    prefix: baseUrl,
    policy: { attemptTimeoutMs: 500, idempotencyKey: 'auto' },
  });
  return {
    charge: id => client.get(`charges/${id}`).json(),
    pay: amount => client.post('charges', { json: { amount } }).json(),
    close: () => client.fetch.close(),
  };
}
