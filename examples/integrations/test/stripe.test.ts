import { CircuitOpenError, createFetch, NetworkError, TimeoutError } from 'holdfast';
import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { json, reset, silence, startService, unavailable } from '../service.ts';
import { paymentIntent, stripeClient } from '../stripe.ts';
import { fragile, impatient, rejection, transports } from './support.ts';

const payment = { amount: 100, currency: 'eur' };

describe.each(transports)('stripe over %s', (_, transport) => {
  test('a POST brings a key of its own, and is repeated with it', async () => {
    await using service = await startService(unavailable, reset, json(paymentIntent));
    const { id } = await stripeClient(service.url, transport()).paymentIntents.create(payment);
    expect(id).toBe('pi_1');
    const keys = service.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([keys[0], keys[0], keys[0]]);
    expect(keys[0]).toMatch(/^stripe-node-retry-/);
    expect(new Set(service.requests.map(({ body }) => body))).toEqual(new Set(['amount=100&currency=eur']));
  });

  test('your own key goes before it', async () => {
    await using service = await startService(unavailable, json(paymentIntent));
    await stripeClient(service.url, transport()).paymentIntents.create(payment, {
      idempotencyKey: 'order-7',
    });
    expect(service.requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['order-7', 'order-7']);
  });

  test('its retry of a lost connection, which no option switches off, does not see ours', async () => {
    await using service = await startService(reset);
    const error = await rejection(stripeClient(service.url, transport()).balance.retrieve());
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(error.detail).toBeInstanceOf(NetworkError);
    expect(service.requests).toHaveLength(3);
  });

  test('an open circuit and a timeout stand in `detail`', async () => {
    await using service = await startService(silence);
    const stripe = stripeClient(service.url, { ...transport(), ...fragile, ...impatient });
    const late = await rejection(stripe.balance.retrieve());
    expect(late).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(late.detail).toBeInstanceOf(TimeoutError);
    const refused = await rejection(stripe.balance.retrieve());
    expect(refused).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(refused.detail).toBeInstanceOf(CircuitOpenError);
    expect(service.requests).toHaveLength(1);
  });

  test('its timeout ends the whole call', async () => {
    await using service = await startService(unavailable, silence);
    const error = await rejection(
      stripeClient(service.url, transport()).balance.retrieve({}, { timeout: 1_000 }),
    );
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(error.message).toContain('timeout being reached (1000ms)');
    await service.requests[1]?.lost;
    expect(service.requests).toHaveLength(2);
  });

  test('a file is uploaded again whole', async () => {
    await using service = await startService(reset, json({ id: 'file_1', object: 'file' }));
    const data = Buffer.from('kelp');
    await stripeClient(service.url, transport()).files.create({
      purpose: 'dispute_evidence',
      file: { data, name: 'kelp.txt', type: 'text/plain' },
    });
    expect(service.requests.map(({ body }) => body.includes('kelp\r\n'))).toEqual([true, true]);
  });
});

test('stripe with its own retries left on: they multiply', async () => {
  await using service = await startService(unavailable);
  const { hostname, port } = new URL(service.url);
  const fetch = createFetch({ retry: { baseDelayMs: 0 } });
  const httpClient = Stripe.createFetchHttpClient(fetch);
  const stripe = new Stripe('sk_test_key', { httpClient, protocol: 'http', host: hostname, port });
  await rejection(stripe.balance.retrieve());
  expect(service.requests.length).toBe(9);
  await using other = await startService(unavailable);
  await rejection(stripeClient(other.url, { retry: { baseDelayMs: 0 } }).balance.retrieve());
  expect(other.requests).toHaveLength(3);
});
