/** The warehouse: what `openapi.yaml` says, with a switch for what goes wrong. Nothing but Node's own. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Faults, sendWith } from './faults.ts';

interface Order {
  readonly sku: string;
  readonly quantity: number;
}

export interface Warehouse {
  readonly url: string;
  readonly faults: Faults;
  /** How many requests have come. */
  readonly requests: number;
  /** How many reservations have been made. */
  readonly reservations: number;
  close(): void;
}

/** Of those who may take something away. */
export const warehouseKey = 'bolts and nuts';

export async function startWarehouse(): Promise<Warehouse> {
  const shelves = new Map([
    ['bolt', { stock: 40, bin: 'A1' }],
    ['nut', { stock: 75, bin: 'A2' }],
    ['screw', { stock: 12, bin: 'B1' }],
    ['washer', { stock: 300, bin: 'B2' }],
  ]);
  const movements: { readonly sku: string; readonly change: number }[] = [];
  const made = new Map<string, object>();
  const faults = new Faults();
  let requests = 0;

  const items = () => [...shelves].map(([sku, shelf]) => ({ sku, ...shelf }));

  /** A status and what goes with it. */
  function answer(path: string, query: URLSearchParams): readonly [number, unknown] {
    const [, collection, sku = ''] = path.split('/');
    if (collection === 'items' && sku === '') {
      const from = Number(query.get('cursor') ?? 0);
      const to = from + Number(query.get('limit') ?? 100);
      return [200, { items: items().slice(from, to), next_cursor: to < shelves.size ? String(to) : null }];
    }
    const shelf = shelves.get(sku);
    if (!shelf) return [404, { title: 'No such item', detail: `${sku} is not on the shelves.` }];
    return [200, collection === 'stock' ? shelf.stock : { sku, ...shelf }];
  }

  function reserve({ sku, quantity }: Order, key: string): readonly [number, unknown] {
    const known = made.get(key);
    if (known) return [201, known];
    const shelf = shelves.get(sku);
    if (!shelf || shelf.stock < quantity) return [409, { title: 'Not enough in stock' }];
    shelf.stock -= quantity;
    movements.push({ sku, change: -quantity });
    const reservation = { id: `r-${made.size + 1}`, sku, quantity };
    made.set(key, reservation);
    return [201, reservation];
  }

  /** Breaks off after each event but the last, as connections do: a client goes on from the id that it has seen. */
  function stream(request: IncomingMessage, response: ServerResponse): void {
    const from = Number(request.headers['last-event-id'] ?? 0);
    const movement = movements[from];
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    if (!movement) return void response.end();
    response.write(`retry: 10\nid: ${from + 1}\ndata: ${JSON.stringify(movement)}\n\n`);
    if (from + 1 < movements.length) setImmediate(() => request.socket.destroy());
    else response.end();
  }

  const server = createServer(async (request, response) => {
    requests++;
    const fault = faults.take();
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/movements') return stream(request, response);
    const key = String(request.headers['idempotency-key']);
    const [status, value]: readonly [number, unknown] =
      request.method !== 'POST'
        ? answer(pathname, searchParams)
        : request.headers['x-warehouse-key'] === warehouseKey
          ? reserve((await json(request)) as Order, key)
          : [401, { title: 'Who are you?' }];
    await sendWith(fault, response, status, value);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    get requests() {
      return requests;
    },
    get reservations() {
      return made.size;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
