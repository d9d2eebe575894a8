// Made by holdfast generate from openapi.yaml (SHA-256 146f07ebff2efdf27654a15cba283a9d): what is changed here is lost.
import {
  type Content as ContentOf,
  defineContract,
  type Endpoint,
  endpoint,
  eventStream,
  json,
  schema,
} from 'holdfast/contract';
import { z } from 'zod';

/** Where the document says that the API is: base URLs for `createApi`. */
export const servers = ['http://warehouse.internal'] as const;

/**
 * The schemes that `security` of endpoints names, and what `auth` of `createApi` takes for each.
 *
 * - warehouseKey: `apiKey(key, { header: 'X-Warehouse-Key' })`; Of those who may take something away.
 */
export const securitySchemes = {
  warehouseKey: { type: 'apiKey', in: 'header', name: 'X-Warehouse-Key' },
} as const;

export type Sku = string;
export const Sku: z.ZodType<Sku> = /* @__PURE__ */ schema(() => z.string().regex(/^[a-z]+$/u));

export interface Item {
  sku: Sku;
  stock: number;
  /** Where it lies. */
  bin?: string | undefined;
}
export const Item: z.ZodType<Item> = /* @__PURE__ */ schema(() =>
  z.looseObject({ sku: Sku, stock: z.number().multipleOf(1).min(0), bin: z.string().optional() }),
);

export interface Reservation {
  id: string;
  sku: Sku;
  quantity: number;
}
export const Reservation: z.ZodType<Reservation> = /* @__PURE__ */ schema(() =>
  z.looseObject({ id: z.string(), sku: Sku, quantity: z.number().multipleOf(1).min(1) }),
);

export interface Movement {
  sku: Sku;
  change: number;
}
export const Movement: z.ZodType<Movement> = /* @__PURE__ */ schema(() =>
  z.looseObject({ sku: Sku, change: z.number().multipleOf(1) }),
);

export interface Problem {
  title: string;
  detail?: string | undefined;
}
export const Problem: z.ZodType<Problem> = /* @__PURE__ */ schema(() =>
  z.looseObject({ title: z.string(), detail: z.string().optional() }),
);

export type ListItemsResponse = { items: Item[]; next_cursor?: string | null | undefined };
export const ListItemsResponse: z.ZodType<ListItemsResponse> = /* @__PURE__ */ schema(() =>
  z.looseObject({ items: z.array(Item), next_cursor: z.string().nullable().optional() }),
);

export type ListItemsQuery = { cursor?: string | undefined; limit?: number | undefined };
export const ListItemsQuery: z.ZodType<ListItemsQuery> = /* @__PURE__ */ schema(() =>
  z.looseObject({ cursor: z.string().optional(), limit: z.int().min(1).max(100).optional() }),
);

/** All items, a page at a time. */
export const listItems: Endpoint<{
  method: 'GET';
  path: '/items';
  query: typeof ListItemsQuery;
  responses: { 200: typeof ListItemsResponse };
  paginate: { cursor: 'next_cursor'; items: 'items' };
}> = /* @__PURE__ */ endpoint({
  method: 'GET',
  path: '/items',
  query: ListItemsQuery,
  responses: { 200: ListItemsResponse },
  paginate: { cursor: 'next_cursor', items: 'items' },
});

export type GetItemParams = { sku: Sku };
export const GetItemParams: z.ZodType<GetItemParams> = /* @__PURE__ */ schema(() =>
  z.looseObject({ sku: Sku }),
);

/** One item. */
export const getItem: Endpoint<{
  method: 'GET';
  path: '/items/{sku}';
  params: typeof GetItemParams;
  responses: {
    200: typeof Item;
    404: ContentOf<'json', typeof Problem>;
    503: ContentOf<'json', typeof Problem>;
  };
}> = /* @__PURE__ */ endpoint({
  method: 'GET',
  path: '/items/{sku}',
  params: GetItemParams,
  responses: {
    200: Item,
    404: /* @__PURE__ */ json(Problem, { type: 'application/problem+json' }),
    503: /* @__PURE__ */ json(Problem, { type: 'application/problem+json' }),
  },
});

export type GetStockResponse = number;
export const GetStockResponse: z.ZodType<GetStockResponse> = /* @__PURE__ */ schema(() =>
  z.number().multipleOf(1),
);

export type GetStockParams = { sku: Sku };
export const GetStockParams: z.ZodType<GetStockParams> = /* @__PURE__ */ schema(() =>
  z.looseObject({ sku: Sku }),
);

/**
 * How much of an item there is.
 *
 * Ask for the item instead.
 *
 * @deprecated
 */
export const getStock: Endpoint<{
  method: 'GET';
  path: '/stock/{sku}';
  params: typeof GetStockParams;
  responses: { 200: typeof GetStockResponse };
}> = /* @__PURE__ */ endpoint({
  method: 'GET',
  path: '/stock/{sku}',
  params: GetStockParams,
  responses: { 200: GetStockResponse },
  deprecated: true,
});

export type ReserveBody = { sku: Sku; quantity: number };
export const ReserveBody: z.ZodType<ReserveBody> = /* @__PURE__ */ schema(() =>
  z.looseObject({ sku: Sku, quantity: z.number().multipleOf(1).min(1) }),
);

/**
 * Puts some of an item aside.
 *
 * Sent again with the same key, it has the effect of once.
 */
export const reserve: Endpoint<{
  method: 'POST';
  path: '/reservations';
  body: typeof ReserveBody;
  responses: {
    201: typeof Reservation;
    401: ContentOf<'json', typeof Problem>;
    409: ContentOf<'json', typeof Problem>;
  };
  security: [{ warehouseKey: [] }];
}> = /* @__PURE__ */ endpoint({
  method: 'POST',
  path: '/reservations',
  body: ReserveBody,
  responses: {
    201: Reservation,
    401: /* @__PURE__ */ json(Problem, { type: 'application/problem+json' }),
    409: /* @__PURE__ */ json(Problem, { type: 'application/problem+json' }),
  },
  idempotency: 'key',
  security: [{ warehouseKey: [] }],
});

/** What goes in and out, as it happens. */
export const watchMovements: Endpoint<{
  method: 'GET';
  path: '/movements';
  responses: { 200: ContentOf<'event-stream', typeof Movement> };
}> = /* @__PURE__ */ endpoint({
  method: 'GET',
  path: '/movements',
  responses: { 200: /* @__PURE__ */ eventStream(Movement) },
});

/** Warehouse */
export const contract: {
  listItems: typeof listItems;
  getItem: typeof getItem;
  getStock: typeof getStock;
  reserve: typeof reserve;
  watchMovements: typeof watchMovements;
} = /* @__PURE__ */ defineContract({
  listItems,
  getItem,
  getStock,
  reserve,
  watchMovements,
});

export type StockLowHeaders = { 'x-signature': string };
export const StockLowHeaders: z.ZodType<StockLowHeaders> = /* @__PURE__ */ schema(() =>
  z.looseObject({ 'x-signature': z.string() }),
);

/** What the service sends by itself, by name: schemas for the server that receives it. */
export const webhooks: {
  /** An item is about to run out. */
  stockLow: {
    method: 'POST';
    headers: typeof StockLowHeaders;
    contentType: 'application/json';
    body: typeof Item;
  };
} = {
  stockLow: {
    method: 'POST',
    headers: StockLowHeaders,
    contentType: 'application/json',
    body: Item,
  },
};
