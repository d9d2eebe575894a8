/** How an endpoint says what comes after a page. */
import { type Checks, integer, readOptions, requireObject, show, text } from '../pipeline/options.ts';

interface Paged {
  /** Where in the body the items are, such as `data.users`; left out if the body is the list. */
  readonly items?: string;
}

/** The body names what to ask for next. */
export interface CursorPagination extends Paged {
  /** Where in the body the next cursor is; the last page has none, null or an empty text there. */
  readonly cursor: string;
  /**
   * The parameter of the query that takes it.
   * @defaultValue 'cursor'
   */
  readonly param?: string;
}

/** Pages are numbered. The last one is the first without items, or that of `pages`. */
export interface PageNumberPagination extends Paged {
  /** The parameter of the query that takes the number. */
  readonly page: string;
  /**
   * The number of the first page.
   * @defaultValue 1
   */
  readonly first?: number;
  /** Where in the body the number of pages is. */
  readonly pages?: string;
}

/** Items are counted. The last page is the first without items, or that which reaches `total`. */
export interface OffsetPagination extends Paged {
  /** The parameter of the query that takes the number of items before the page. */
  readonly offset: string;
  /** Where in the body the number of all items is. */
  readonly total?: string;
}

/** A `Link` header leads to the next page (RFC 8288), which must be of the same origin. */
export interface LinkPagination extends Paged {
  /** The relation to follow, such as `next`. */
  readonly link: string;
}

export type Pagination = CursorPagination | PageNumberPagination | OffsetPagination | LinkPagination;

const name = text(/./s, 'a text that is not empty');

const kinds = {
  cursor: { cursor: name, param: name, items: name } satisfies Checks<CursorPagination>,
  page: { page: name, first: integer(), pages: name, items: name } satisfies Checks<PageNumberPagination>,
  offset: { offset: name, total: name, items: name } satisfies Checks<OffsetPagination>,
  link: { link: name, items: name } satisfies Checks<LinkPagination>,
};

/** @throws TypeError for what is none of the four. */
export function checkPagination(given: unknown): void {
  requireObject(given, 'paginate');
  const kind = (Object.keys(kinds) as (keyof typeof kinds)[]).find(kind => kind in (given as object));
  if (!kind)
    throw new TypeError(
      `\`paginate\` should name a \`cursor\`, a \`page\`, an \`offset\` or a \`link\`, got ${show(given)}.`,
    );
  readOptions<object, object>('paginate', given as object, kinds[kind] as Checks<object>, {});
}

/** The parameter of the query that changes from page to page; undefined for links. */
export function movingParameter(pagination: Pagination): string | undefined {
  if ('cursor' in pagination) return pagination.param ?? 'cursor';
  if ('page' in pagination) return pagination.page;
  return 'offset' in pagination ? pagination.offset : undefined;
}

/** Where in the body something is looked for. */
export const placesIn = (pagination: Pagination): readonly string[] => {
  const {
    items,
    cursor,
    pages,
    total,
  }: { readonly [Name in 'items' | 'cursor' | 'pages' | 'total']?: string } = pagination;
  return [items, cursor, pages, total].filter(place => place !== undefined);
};
