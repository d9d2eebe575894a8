import {
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import type { Payments } from '../payments.ts';

export function payments(baseUrl: string): Payments {
  // Outermost first.
  const policy = wrap(
    retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff({ initialDelay: 200 }) }),
    circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(10) }),
    timeout(500, TimeoutStrategy.Cooperative),
  );
  const ask = (url: string, init?: RequestInit) =>
    policy.execute(async ({ signal }) => {
      const response = await fetch(url, { ...init, signal });
      if (!response.ok) throw new Error(`payments answered ${response.status}`);
      return response.json();
    });
  const headers = { 'Content-Type': 'application/json' };
  return {
    charge: id => ask(`${baseUrl}/charges/${id}`),
    pay: amount => ask(`${baseUrl}/charges`, { method: 'POST', headers, body: JSON.stringify({ amount }) }),
  };
}
