import { createFetch } from 'holdfast';
import type { Payments } from '../payments.ts';

export function payments(baseUrl: string): Payments {
  const fetch = createFetch({
    attemptTimeoutMs: 500,
    idempotencyKey: 'auto',
    circuitBreaker: { failureRatio: 0.5, minimumThroughput: 10, openMs: 1_000 },
  });
  async function ask(url: string, init?: RequestInit): Promise<unknown> {
    const response = await fetch(url, init);
    if (!response.ok) throw new Error(`payments answered ${response.status}`);
    return response.json();
  }
  const headers = { 'Content-Type': 'application/json' };
  return {
    charge: id => ask(`${baseUrl}/charges/${id}`),
    pay: amount => ask(`${baseUrl}/charges`, { method: 'POST', headers, body: JSON.stringify({ amount }) }),
    close: () => fetch.close(),
  };
}
