/** Pages of a list, one call after another, as iterables. */
import type { $ZodType } from 'zod/v4/core';
import { type Link, readLinks } from '../http/link.ts';
import { redactUrl, withoutDeclaredParameters } from '../http/redact.ts';
import { type Checks, integer, readOptions } from '../pipeline/options.ts';
import type { Part } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { OperationOptions } from './operation-options.ts';
import { movingParameter, type Pagination } from './pagination.ts';
import type { Input } from './request-encoder.ts';
import type { Answer } from './response-decoder.ts';
import { definitionOf, membersOf, programForm } from './zod.ts';

/** Where to go on: a cursor, a number of a page or of items, or a URL. Can be stored and given as `resume`. */
export type PageToken = string | number;

/** One page of a list. */
export interface Page<Item, Data = unknown> {
  readonly items: readonly Item[];
  /** The body as a whole. */
  readonly data: Data;
  /** Leads to the page after this one; undefined if this is the last. */
  readonly next: PageToken | undefined;
}

/** How far one goes through pages, beside what a call takes. */
export interface PageOptions extends OperationOptions {
  /** Begins at the page that a {@link Page.next} leads to. */
  readonly resume?: PageToken | undefined;
  /** Ends after so many pages, from 1. Without it, more than 10,000 are an error. */
  readonly maxPages?: number | undefined;
  /** Ends after so many items, from 0. */
  readonly maxItems?: number | undefined;
}

/** A list without end is a mistake of the service, or of a contract. */
const tooManyPages = 10_000;

const checks: Checks<Pick<PageOptions, 'maxPages' | 'maxItems'>> = {
  maxPages: integer({ min: 1, unlimited: true }),
  maxItems: integer({ unlimited: true }),
};

/** The pages from where `resume` says, or from the first. */
export async function* pagesOf(
  exchange: Exchange,
  input: Input = {},
  { resume, maxPages, maxItems = Number.POSITIVE_INFINITY, ...options }: PageOptions = {},
): AsyncGenerator<Page<unknown>> {
  readOptions<object, object>('', { maxPages, maxItems }, checks as Checks<object>, {});
  const pagination = exchange.endpoint.options.paginate as Pagination;
  let token = resume;
  /** A page from before, moved on ever more seldom: a circle of any size comes back to it. */
  let mark: PageToken | undefined;
  let seenItems = 0;
  for (let count = 1; seenItems < maxItems; count++) {
    if (maxPages === undefined && count > tooManyPages)
      throw new RangeError(
        `${exchange.name} has more than ${tooManyPages} pages. If that is right, set \`maxPages\`.`,
      );
    const answer = await pageAt(exchange, pagination, token, input, options);
    const page = read(exchange, pagination, answer, startOf(pagination, token, input));
    if (page.next !== undefined && (page.next === token || page.next === mark))
      throw refused(
        exchange,
        'body',
        `leads from the page ${JSON.stringify(token)} ${page.next === token ? 'to itself' : `back to ${JSON.stringify(mark)}`}`,
        answer.data,
        answer.response,
      );
    if (Number.isInteger(Math.log2(count))) mark = page.next;
    seenItems += page.items.length;
    yield page;
    if (page.next === undefined || count === maxPages) return;
    token = page.next;
  }
}

export async function* itemsOf(
  exchange: Exchange,
  input?: Input,
  options: PageOptions = {},
): AsyncGenerator<unknown> {
  let left = options.maxItems ?? Number.POSITIVE_INFINITY;
  for await (const { items } of pagesOf(exchange, input, options)) {
    for (const item of items) {
      if (left-- <= 0) return;
      yield item;
    }
  }
}

async function pageAt(
  exchange: Exchange,
  pagination: Pagination,
  token: PageToken | undefined,
  input: Input,
  options: OperationOptions,
): Promise<Answer> {
  const answer = await (token !== undefined && 'link' in pagination
    ? exchange.send(input, options, ownUrl(exchange, token))
    : exchange.send(withToken(exchange, token, input), options));
  if (!answer.ok) throw exchange.statusError(answer);
  return answer;
}

function withToken(exchange: Exchange, token: PageToken | undefined, input: Input): Input {
  const { paginate, query } = exchange.endpoint.options;
  const parameter = movingParameter(paginate as Pagination);
  if (parameter === undefined) return input;
  const value = token ?? startOf(paginate as Pagination, token, input);
  if (value === undefined) return input;
  const moved = inFormOf(query && membersOf(query)?.[parameter], value);
  return { ...input, query: { ...(input.query as object | undefined), [parameter]: moved } };
}

/** Large whole numbers are bigints in some programs, and texts in others. */
function inFormOf(schema: $ZodType | undefined, token: PageToken): PageToken | bigint {
  const kind = schema && definitionOf(programForm(schema)).type;
  if (kind === 'bigint' && WHOLE.test(String(token))) return BigInt(token);
  return kind === 'string' ? String(token) : token;
}

const WHOLE = /^-?\d+$/;

/** A number in whichever of these forms; undefined for what is none. */
function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' || (typeof value === 'string' && WHOLE.test(value))
    ? Number(value)
    : undefined;
}

/** The number that a page stands at, where pages or items are counted; the caller's own if one is given. */
function startOf(pagination: Pagination, token: PageToken | undefined, input: Input): PageToken | undefined {
  if (token !== undefined || 'cursor' in pagination || 'link' in pagination) return token;
  const given = (input.query as Record<string, unknown> | undefined)?.[movingParameter(pagination) as string];
  return numberIn(given) ?? ('page' in pagination ? (pagination.first ?? 1) : 0);
}

/** Credentials go nowhere else, whatever a header says. */
function ownUrl({ client, name }: Exchange, token: PageToken): URL {
  const { origin, path } = client.base;
  const url = parsed(String(token), `${origin}${path}/`);
  if (url && isWithin(url, origin)) return url;
  throw new TypeError(
    `\`resume\` of ${name} should be a URL of ${origin} without credentials, got ${JSON.stringify(redactUrl(String(token)))}.`,
  );
}

/** `fetch` takes no URL with credentials, and those of the API come from its `auth`. */
const isWithin = (url: URL, origin: string): boolean =>
  url.origin === origin && url.username === '' && url.password === '';

function read(
  exchange: Exchange,
  pagination: Pagination,
  answer: Answer,
  at: PageToken | undefined,
): Page<unknown> {
  const { data, response } = answer;
  const items = pagination.items === undefined ? data : valueAt(data, pagination.items);
  if (!Array.isArray(items)) {
    const where = pagination.items === undefined ? 'the body' : `\`${pagination.items}\``;
    throw refused(exchange, 'body', `${where} should be a list of items`, data, response);
  }
  return { items, data, next: nextOf(exchange, pagination, answer, items.length, at) };
}

function nextOf(
  exchange: Exchange,
  pagination: Pagination,
  { data, response }: Answer,
  count: number,
  at: PageToken | undefined,
): PageToken | undefined {
  if ('cursor' in pagination) return cursorOf(exchange, pagination.cursor, data, response);
  if ('link' in pagination) return linkOf(exchange, response, pagination.link);
  if (count === 0) return undefined;
  if ('page' in pagination) {
    const pages = pagination.pages === undefined ? undefined : numberIn(valueAt(data, pagination.pages));
    const last = pages === undefined ? Number.POSITIVE_INFINITY : pages + (pagination.first ?? 1) - 1;
    return Number(at) < last ? Number(at) + 1 : undefined;
  }
  const reached = Number(at) + count;
  const total = pagination.total === undefined ? undefined : numberIn(valueAt(data, pagination.total));
  return total !== undefined && reached >= total ? undefined : reached;
}

/** What it cannot be is no end of the list: the rest would be missing, and nobody would know. */
function cursorOf(
  exchange: Exchange,
  path: string,
  data: unknown,
  response: Response,
): PageToken | undefined {
  const value = valueAt(data, path);
  if (value === undefined || value === null || value === '' || value === false) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return value;
  // As a text it can be stored.
  if (typeof value === 'bigint') return String(value);
  throw refused(exchange, 'body', `\`${path}\` should be a text or a number to go on with`, data, response);
}

function linkOf(exchange: Exchange, response: Response, relation: string): PageToken | undefined {
  const { origin, path } = exchange.client.base;
  const base = response.url || `${origin}${path}/`;
  const link = linksOf(exchange, response).find(
    ({ relations, anchor }) =>
      relations.includes(relation.toLowerCase()) && (anchor === undefined || isSame(anchor, base)),
  );
  if (!link) return undefined;
  const url = parsed(link.target, base);
  if (url && isWithin(url, origin)) return withoutDeclaredParameters(url.href);
  throw refused(
    exchange,
    'headers',
    `the link ${JSON.stringify(relation)} should stay at ${origin}, without credentials`,
    link.target,
    response,
  );
}

function linksOf(exchange: Exchange, response: Response): readonly Link[] {
  const header = response.headers.get('link') ?? '';
  const links = readLinks(header);
  if (links) return links;
  throw refused(exchange, 'headers', 'the header `link` should be as RFC 8288 says', header, response);
}

/** RFC 8288 §3.2: a link with an anchor is about what that names, which may be this page all the same. */
const isSame = (anchor: string, base: string): boolean => parsed(anchor, base)?.href === base;

function parsed(text: string, base: string): URL | undefined {
  return URL.canParse(text, base) ? new URL(text, base) : undefined;
}

const refused = (exchange: Exchange, part: Part, message: string, value: unknown, response: Response) =>
  exchange.reporter.refusedResponse(part, [{ message, path: [] }], value, response);

function valueAt(data: unknown, path: string): unknown {
  let value = data;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
