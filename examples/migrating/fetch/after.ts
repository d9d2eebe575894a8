import { createFetch } from 'holdfast';
import type { Payments } from '../payments.ts';

export function payments(baseUrl: string): Payments {
  const fetch = createFetch({ attemptTimeoutMs: 500, retry: { maxRetries: 2 }, idempotencyKey: 'auto' });
  return {
    async charge(id) {
      const response = await fetch(`${baseUrl}/charges/${id}`);
      if (!response.ok) throw new Error(`payments answered ${response.status}`);
      return response.json();
    },
    async pay(amount) {
      const body = JSON.stringify({ amount });
      const headers = { 'Content-Type': 'application/json' };
      const response = await fetch(`${baseUrl}/charges`, { method: 'POST', body, headers });
      if (!response.ok) throw new Error(`payments answered ${response.status}`);
      return response.json();
    },
    close: () => fetch.close(),
  };
}
