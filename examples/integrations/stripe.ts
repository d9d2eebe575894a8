/** stripe: it sends an `Idempotency-Key` with every POST by itself, so that ours may repeat one. */
import { createFetch, type FetchOptions } from 'holdfast';
import Stripe from 'stripe';
import { json, startService, unavailable } from './service.ts';

export function stripeClient(url: string, options: FetchOptions = {}): Stripe {
  const fetch = createFetch({ attemptTimeoutMs: 20_000, totalTimeoutMs: 60_000, ...options });
  const { protocol, hostname, port } = new URL(url);
  return new Stripe('sk_test_key', {
    httpClient: Stripe.createFetchHttpClient(fetch),
    maxNetworkRetries: 0,
    protocol: protocol === 'http:' ? 'http' : 'https',
    host: hostname,
    port,
  });
}

export const paymentIntent = { id: 'pi_1', object: 'payment_intent', amount: 100, currency: 'eur' };

if (import.meta.main) {
  await using service = await startService(unavailable, json(paymentIntent));
  const stripe = stripeClient(service.url);
  const { id } = await stripe.paymentIntents.create({ amount: 100, currency: 'eur' });
  const keys = new Set(service.requests.map(({ headers }) => headers['idempotency-key']));
  console.log(id, 'after', service.requests.length, 'requests with', keys.size, 'key');
}
