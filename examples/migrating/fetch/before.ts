import { setTimeout as sleep } from 'node:timers/promises';
import type { Payments } from '../payments.ts';

async function withRetries(url: string, init?: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(500) });
      if (response.status < 500 || attempt === 3) return response;
    } catch (error) {
      if (attempt === 3) throw error;
    }
    await sleep(100 * 2 ** attempt);
  }
}

export function payments(baseUrl: string): Payments {
  return {
    async charge(id) {
      const response = await withRetries(`${baseUrl}/charges/${id}`);
      if (!response.ok) throw new Error(`payments answered ${response.status}`);
      return response.json();
    },
    async pay(amount) {
      const body = JSON.stringify({ amount });
      const headers = { 'Content-Type': 'application/json' };
      const response = await withRetries(`${baseUrl}/charges`, { method: 'POST', body, headers });
      if (!response.ok) throw new Error(`payments answered ${response.status}`);
      return response.json();
    },
  };
}
