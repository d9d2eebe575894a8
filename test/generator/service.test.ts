import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { contract as written } from '../../examples/internal-api/api/index.ts';
import { startWarehouse, type Warehouse, warehouseKey } from '../../examples/internal-api/service.ts';
import { apiKey, createApi } from '../../src/contract/index.ts';
import { createFetch } from '../../src/fetch.ts';
import { generate } from '../../src/generator/index.ts';
import { diagnosticsOf, importFrom, workFolder } from './support.ts';

const input = fileURLToPath(new URL('../../examples/internal-api/openapi.yaml', import.meta.url));

const caller = `
import { apiKey, createApi, isStatusError, type ServerSentEvent } from 'holdfast/contract';
import { contract, type Item, type Movement, type Reservation } from './index.ts';

const warehouseKey = apiKey('k', { header: 'X-Warehouse-Key' });
const api = createApi(contract, { baseUrl: 'http://warehouse.internal', auth: { warehouseKey } });
// @ts-expect-error -- no operation asks for it
createApi(contract, { baseUrl: 'http://warehouse.internal', auth: { warehousekey: warehouseKey } });
export const item: Item = await api.getItem({ params: { sku: 'bolt' } });
export const bin: string | undefined = item.bin;
export const stock: number = await api.getStock({ params: { sku: 'bolt' } });
export const reservation: Reservation = await api.reserve({ body: { sku: 'bolt', quantity: 1 } });
export const page: Item[] = (await api.listItems({ query: { limit: 2 } })).items;
for await (const { stock } of api.listItems.items()) stock.toFixed();
for await (const event of await api.watchMovements()) {
  const typed: ServerSentEvent<Movement> = event;
  typed.data.change.toFixed();
}
const result = await api.getItem.safe({ params: { sku: 'bolt' } });
if (result.status === 404) result.data.title.trim();
if (result.status === 200) result.data.stock.toFixed();
try {
  await api.getItem({ params: { sku: 'bolt' } });
} catch (error) {
  if (isStatusError(error, api.getItem, 404)) error.data.detail?.trim();
  // @ts-expect-error -- the document does not declare it
  isStatusError(error, api.getItem, 418);
}
// @ts-expect-error -- the key is no header that a caller gives
api.reserve({ headers: { 'idempotency-key': 'a' }, body: { sku: 'bolt', quantity: 1 } });
// @ts-expect-error -- a reservation is of some quantity
api.reserve({ body: { sku: 'bolt' } });
// @ts-expect-error -- an item has no price
item.price;
`;

let folder: string;
let warehouse: Warehouse;
const fetch = createFetch({ attemptTimeoutMs: 300, retry: { baseDelayMs: 1 }, random: () => 0 });

beforeAll(async () => {
  folder = `${await workFolder()}/api`;
  await generate({ input, output: folder, examples: true });
  warehouse = await startWarehouse();
});
afterEach(() => warehouse.faults.clear());
afterAll(async () => {
  await fetch.close();
  warehouse.close();
});

/** What has just been generated, with the types of what is checked in: a test of the examples holds them to be one. */
async function made() {
  const { contract } = (await importFrom(folder)) as { contract: typeof written };
  const auth = { warehouseKey: apiKey(warehouseKey, { header: 'X-Warehouse-Key' }) };
  return createApi(contract, { baseUrl: warehouse.url, fetch, auth });
}

const bolt = { params: { sku: 'bolt' } };

describe('a service and what is generated of its document', () => {
  test('compile together', { timeout: 120_000 }, () => {
    expect(diagnosticsOf(folder, caller)).toEqual([]);
  });

  test('agree while all is well', async () => {
    const api = await made();
    expect(await api.getItem(bolt)).toEqual({ sku: 'bolt', stock: 40, bin: 'A1' });
    expect(await api.getStock(bolt)).toBe(40);
    const first = await api.listItems({ query: { limit: 3 } });
    expect(first.items.map(({ sku }) => sku)).toEqual(['bolt', 'nut', 'screw']);
    expect(first.next_cursor).toBe('3');
    const skus: string[] = [];
    for await (const { sku } of api.listItems.items({ query: { limit: 1 } })) skus.push(sku);
    expect(skus).toEqual(['bolt', 'nut', 'screw', 'washer']);
    expect(await api.getItem.safe({ params: { sku: 'gear' } })).toMatchObject({
      ok: false,
      status: 404,
      data: { title: 'No such item', detail: 'gear is not on the shelves.' },
    });
    expect(await api.reserve.safe({ body: { sku: 'screw', quantity: 99 } })).toMatchObject({
      status: 409,
      data: { title: 'Not enough in stock' },
    });
  });

  test.each(['slow', 'busy', 'lost', 'down'] as const)('agree in spite of one that is %s', async fault => {
    const api = await made();
    const before = warehouse.requests;
    warehouse.faults.add(fault);
    expect(await api.getItem(bolt)).toMatchObject({ sku: 'bolt' });
    expect(warehouse.requests - before).toBe(2);
  });

  test('agree on what is sent twice', async () => {
    const api = await made();
    const { reservations } = warehouse;
    warehouse.faults.add('lost');
    const reserved = await api.reserve({ body: { sku: 'nut', quantity: 2 } });
    expect(reserved).toEqual({ id: `r-${reservations + 1}`, sku: 'nut', quantity: 2 });
    expect(warehouse.reservations).toBe(reservations + 1);
  });

  test('agree on a body that comes a byte at a time', async () => {
    const api = await made();
    warehouse.faults.add('trickle');
    expect(await api.getItem(bolt)).toMatchObject({ sku: 'bolt', bin: 'A1' });
  });

  test('agree on events that break off between two', async () => {
    const api = await made();
    await api.reserve({ body: { sku: 'washer', quantity: 1 } });
    await api.reserve({ body: { sku: 'washer', quantity: 3 } });
    const changes: number[] = [];
    for await (const { id, data } of await api.watchMovements()) {
      expect(id).toBe(String(changes.length + 1));
      changes.push(data.change);
    }
    expect(changes.slice(-2)).toEqual([-1, -3]);
  });

  test('tell a body that broke off from one that is wrong, and from one that is none', async () => {
    const api = await made();
    warehouse.faults.add('reset');
    expect((await api.getItem.safe(bolt)).error).toMatchObject({ code: 'NETWORK', sent: 'yes' });
    warehouse.faults.add('garbled');
    expect((await api.getItem.safe(bolt)).error).toMatchObject({
      code: 'VALIDATION',
      direction: 'response',
      part: 'body',
      excerpt: expect.stringContaining('"stock":"plenty"'),
      issues: [{ path: ['stock'] }],
    });
    warehouse.faults.add('malformed');
    expect((await api.getItem.safe(bolt)).error).toMatchObject({
      code: 'VALIDATION',
      excerpt: expect.stringContaining('<html>'),
    });
  });

  test('tell what is declared of a failure that stays', async () => {
    const api = await made();
    const once = { policy: { retry: false, hostPause: false } } as const;
    warehouse.faults.add('busy');
    const busy = await api.getItem.safe(bolt, once);
    expect(busy).toMatchObject({ status: 503, data: { title: 'Too many orders at once' } });
    warehouse.faults.add('down');
    const down = await api.getItem.safe(bolt, once);
    expect(down.error).toMatchObject({ name: 'StatusError', status: 500, isDeclared: false });
  });
});
