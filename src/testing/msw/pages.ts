/** Made lists have one page: who goes through all pages comes to an end. */
import { movingParameter, type Pagination } from '../../contract/pagination.ts';

/** Whether a request asks for the first page of a list, or for one behind it. */
export type PagePlace = 'first' | 'later';

/** Only pages that are counted have a later one: that of a cursor or a link is never named. */
export function placeOf(pagination: Pagination | undefined, query: unknown): PagePlace {
  if (!pagination || 'cursor' in pagination || 'link' in pagination) return 'first';
  const parameter = movingParameter(pagination) as string;
  const asked = Number((query as Record<string, unknown> | undefined)?.[parameter] ?? 0);
  const first = 'page' in pagination ? (pagination.first ?? 1) : 0;
  return asked > first ? 'later' : 'first';
}

/** What ends a list that goes on by a cursor; which of them, the schema decides. */
const ends = [undefined, null, ''];

/**
 * A made body as that of the last page, or of one behind it.
 *
 * @param attempt - counts how often a schema has refused what came out.
 */
export function withoutNextPage(
  pagination: Pagination | undefined,
  body: unknown,
  { place, attempt }: { readonly place: PagePlace; readonly attempt: number },
): unknown {
  if (!pagination) return body;
  const { items } = pagination;
  if (place === 'later') return items === undefined ? [] : replaced(body, items.split('.'), []);
  if (!('cursor' in pagination)) return body;
  return replaced(body, pagination.cursor.split('.'), ends[attempt % ends.length]);
}

/** Whether a request for what an example shows asks for its page, or for one behind it, which has nothing in it. */
export function placeInExample(pagination: Pagination | undefined, query: unknown): PagePlace {
  if (!pagination || !('cursor' in pagination)) return placeOf(pagination, query);
  const cursor = (query as Record<string, unknown> | undefined)?.[movingParameter(pagination) as string];
  return cursor === undefined ? 'first' : 'later';
}

/** An example of a list, or what comes behind it. */
export function pageOfExample(
  pagination: Pagination | undefined,
  body: unknown,
  page: { readonly place: PagePlace; readonly attempt: number },
): unknown {
  if (page.place === 'first') return body;
  const empty = withoutNextPage(pagination, body, page);
  return withoutNextPage(pagination, empty, { ...page, place: 'first' });
}

/** A copy with another value where a path leads; undefined takes it out. Where the path leads nowhere, nothing changes. */
function replaced(body: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return body;
  const { [name]: inside, ...others } = body as Record<string, unknown>;
  const next = replaced(inside, rest, value);
  return next === undefined ? others : { ...others, [name]: next };
}
