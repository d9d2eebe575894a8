/**
 * A client of the warehouse, made of its OpenAPI document: `api/` is what `npm run example:api` generates. The service
 * does all that services do; the program goes on.
 */
import { createFetch, type HoldfastEvent } from 'holdfast';
import {
  apiKey,
  createApi,
  defineContract,
  endpoint,
  isStatusError,
  ValidationError,
} from 'holdfast/contract';
import { contract, getItem } from './api/index.ts';
import { startWarehouse, warehouseKey } from './service.ts';

const warehouse = await startWarehouse();
const { faults } = warehouse;

/** What has gone wrong since the last line. */
const failures: string[] = [];

function observe(event: HoldfastEvent): void {
  if (event.type === 'attempt-end' && event.outcome !== 'success')
    failures.push(String(event.status ?? event.code));
  if (event.type === 'circuit') say('', `circuit: ${event.from} → ${event.to}`);
}

function say(about: string, text: string): void {
  console.log(`${about.padEnd(9)}${text.replaceAll(/127\.0\.0\.1:\d+/g, 'warehouse')}`);
}

function sayWhy(about: string, text: string): void {
  say(about, `${text}, in spite of: ${failures.splice(0).join(', ')}`);
}

const fetch = createFetch({
  observe,
  attemptTimeoutMs: 300,
  retry: { baseDelayMs: 10 },
  circuitBreaker: { consecutiveFailures: 4, minimumSilenceMs: 0, openMs: 100 },
});

// What a document cannot say is laid over what it says: an item that nobody can tell of is one that is out of stock.
const calm = defineContract({
  getItem: endpoint({ ...getItem.options, fallback: { sku: 'unknown', stock: 0 } }),
});
const options = { baseUrl: warehouse.url, fetch };
// Only what asks for the key is sent with it.
const auth = { warehouseKey: apiKey(warehouseKey, { header: 'X-Warehouse-Key' }) };
const api = createApi(contract, { ...options, auth });
const calmApi = createApi(calm, options);
const bolt = { params: { sku: 'bolt' } };

const skus: string[] = [];
for await (const { sku } of api.listItems.items({ query: { limit: 2 } })) skus.push(sku);
say('pages', skus.join(', '));

const { id } = await api.reserve({ body: { sku: 'nut', quantity: 5 } });
say('reserve', `${id}: 5 nuts`);

faults.add('slow');
sayWhy('slow', `${(await api.getItem(bolt)).stock} bolts`);

faults.add('busy');
const began = performance.now();
const { stock } = await api.getItem(bolt);
sayWhy('busy', `${stock} bolts, after ${Math.floor((performance.now() - began) / 1000)} s that it asked for`);

// Executed, and the answer is lost: all attempts have one key, by which the service knows the second.
faults.add('lost');
const lost = await api.reserve({ body: { sku: 'bolt', quantity: 1 } });
sayWhy('lost', `${lost.id}, ${warehouse.reservations} reservations in all`);

// Broken off in the middle of the answer: no attempt follows, and whoever goes on gives the key.
faults.add('reset');
const order = { body: { sku: 'bolt', quantity: 2 } };
const key = { idempotencyKey: 'order-7' };
const torn = await api.reserve.safe(order, key);
const whole = await api.reserve(order, key);
say('reset', `${torn.error?.name}, then ${whole.id}, ${warehouse.reservations} reservations in all`);

for await (const { id, data } of await api.watchMovements()) say('feed', `${id}: ${data.change} ${data.sku}`);
failures.length = 0;

faults.add('garbled');
await api.getItem(bolt).catch(error => {
  if (!(error instanceof ValidationError)) throw error;
  say('garbled', error.message);
  say('', `it came: ${error.excerpt}`);
});

await api.getItem({ params: { sku: 'gear' } }).catch(error => {
  if (isStatusError(error, api.getItem, 404)) say('missing', `${error.data.title}: ${error.data.detail}`);
});
failures.length = 0;

faults.add('down', Number.POSITIVE_INFINITY);
for (let call = 1; call <= 3; call++) {
  const before = warehouse.requests;
  const result = await api.getItem.safe(bolt);
  const said = result.error?.name ?? result.status;
  say('down', `call ${call}: ${said}, ${warehouse.requests - before} requests`);
}
say('fallback', `${(await calmApi.getItem(bolt)).stock} bolts`);

faults.clear();
await new Promise(resolve => setTimeout(resolve, 150));
say('back', `${(await api.getItem(bolt)).stock} bolts`);

await fetch.close();
warehouse.close();
