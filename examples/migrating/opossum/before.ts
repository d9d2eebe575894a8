import fetch, { type RequestInit } from 'node-fetch';
import CircuitBreaker from 'opossum';
import type { Payments } from '../payments.ts';

async function ask(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`payments answered ${response.status}`);
  return response.json();
}

export function payments(baseUrl: string): Payments {
  const breaker = new CircuitBreaker(ask, {
    timeout: 500,
    errorThresholdPercentage: 50,
    volumeThreshold: 10,
    resetTimeout: 1_000,
  });
  const headers = { 'Content-Type': 'application/json' };
  return {
    charge: id => breaker.fire(`${baseUrl}/charges/${id}`),
    pay: amount =>
      breaker.fire(`${baseUrl}/charges`, { method: 'POST', headers, body: JSON.stringify({ amount }) }),
    close: () => breaker.shutdown(),
  };
}
