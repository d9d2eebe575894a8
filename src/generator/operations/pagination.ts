/** How an operation answers page by page: as the document says in an extension, or where it is plain to see. */
import type { Pagination } from '../../contract/pagination.ts';
import type { Node } from '../document/node.ts';
import type { Context } from './context.ts';
import type { FoundOperation } from './find-operations.ts';
import type { Parameters } from './parameters.ts';
import { type DeclaredResponse, successOf } from './responses.ts';

/** A page as it is declared: fields by the path that leads to them, such as `meta.total`. */
interface PageBody {
  /** Undefined if the body is the list. */
  readonly items: string | undefined;
  readonly fields: ReadonlyMap<string, Node>;
}

export function paginationOf(
  operation: FoundOperation,
  parameters: Parameters,
  responses: readonly DeclaredResponse[],
  context: Context,
): Pagination | undefined {
  const query = parameters.groups.query.map(({ name }) => name);
  const extension = fromExtension(operation.node);
  if (extension === false) return undefined;
  const pagination = extension ?? detected(operation, query, responses, context);
  const moving = pagination && movingParameterOf(pagination);
  if (moving === undefined || query.includes(moving)) return pagination;
  context.problems.warn(
    `The query has no ${JSON.stringify(moving)} that leads from page to page.`,
    'It is not paged.',
    operation.node,
  );
  return undefined;
}

function movingParameterOf(pagination: Pagination): string | undefined {
  if ('cursor' in pagination) return pagination.param ?? 'cursor';
  if ('page' in pagination) return pagination.page;
  return 'offset' in pagination ? pagination.offset : undefined;
}

/** False if the document says that there are no pages. */
function fromExtension(operation: Node): Pagination | false | undefined {
  if (operation.flag('x-pagination') === false || operation.flag('x-speakeasy-pagination') === false)
    return false;
  return (
    fromOurs(operation.get('x-pagination')) ??
    fromFern(operation.get('x-fern-pagination')) ??
    fromSpeakeasy(operation.get('x-speakeasy-pagination'))
  );
}

/** The members of an endpoint's `paginate`, under their own names. */
function fromOurs(node: Node | undefined): Pagination | undefined {
  const [cursor, page, offset, link] = ['cursor', 'page', 'offset', 'link'].map(key => node?.text(key));
  const items = given({ items: node?.text('items') });
  if (cursor) return { cursor, ...given({ param: node?.text('param') }), ...items };
  if (page) {
    const first = node?.number('first');
    const isNumber = first !== undefined && Number.isInteger(first) && first >= 0;
    return { page, ...(isNumber ? { first } : {}), ...given({ pages: node?.text('pages') }), ...items };
  }
  if (offset) return { offset, ...given({ total: node?.text('total') }), ...items };
  return link ? { link, ...items } : undefined;
}

const given = <Key extends string>(members: Record<Key, string | undefined>): { [K in Key]?: string } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value)) as { [K in Key]?: string };

/** `$request.cursor`, `$response.next` or `$.next`: what stands behind the first dot. */
const placeIn = (expression: string | undefined): string | undefined =>
  /^\$(?:request|response)?\.([\w.-]+)$/.exec(expression ?? '')?.[1];

function fromFern(node: Node | undefined): Pagination | undefined {
  const items = given({ items: placeIn(node?.text('results')) });
  const param = placeIn(node?.text('cursor'));
  const cursor = placeIn(node?.text('next_cursor'));
  if (param && cursor) return { cursor, param, ...items };
  const offset = placeIn(node?.text('offset'));
  return offset ? { offset, ...items } : undefined;
}

function fromSpeakeasy(node: Node | undefined): Pagination | undefined {
  const outputs = node?.get('outputs');
  const items = given({ items: placeIn(outputs?.text('results')) });
  const input = (type: string) =>
    node
      ?.get('inputs')
      ?.items()
      .find(it => it.text('type') === type && it.text('in') === 'parameters')
      ?.text('name');
  if (node?.text('type') === 'cursor') {
    const cursor = placeIn(outputs?.text('nextCursor'));
    const param = input('cursor');
    return cursor && param ? { cursor, param, ...items } : undefined;
  }
  const [page, offset] = [input('page'), input('offset')];
  if (page) return { page, ...given({ pages: placeIn(outputs?.text('numPages')) }), ...items };
  return offset ? { offset, ...items } : undefined;
}

const cursorParameters =
  /^(?:cursor|page_?token|next_?token|after|starting_?after|continue|continuation_?token|marker)$/i;
const pageParameters = /^page(?:_?num(?:ber)?)?$/i;
const offsetParameters = /^(?:offset|skip)$/i;

/** Only where parameter and answer fit together: what is taken for pages and is none would never end. */
function detected(
  { method, node }: FoundOperation,
  query: readonly string[],
  responses: readonly DeclaredResponse[],
  context: Context,
): Pagination | undefined {
  const success = successOf(responses);
  if (method !== 'GET' || !success || success.key === 'default') return undefined;
  const body = pageBodyOf(success.node, context);
  if (!body) return undefined;
  const items = given({ items: body.items });
  return (
    linkPages(success.node, query, items) ??
    cursorPages(query, body, items, context) ??
    numberedPages(query, body, items, node, context) ??
    offsetPages(query, body, items, context)
  );
}

type Items = { readonly items?: string };

function linkPages(response: Node, query: readonly string[], items: Items): Pagination | undefined {
  const hasLink = response
    .get('headers')
    ?.members()
    .some(([name]) => name.toLowerCase() === 'link');
  const moves = (name: string) =>
    [cursorParameters, pageParameters, offsetParameters, /^per_?page$/i].some(known => known.test(name));
  return hasLink && query.some(moves) ? { link: 'next', ...items } : undefined;
}

/** The parameter `cursor` and the field `next_cursor`, or fields of one name, such as `metadata.continue`. */
function cursorPages(
  query: readonly string[],
  { fields }: PageBody,
  items: Items,
  { shapes }: Context,
): Pagination | undefined {
  for (const param of query.filter(name => cursorParameters.test(name))) {
    const stem = bare(param).replace(/^next/, '');
    const wanted = [`next${stem}`, ...(/^(?:continue|marker)$/.test(stem) ? [stem] : [])];
    for (const [path, schema] of fields) {
      const name = bare(path.split('.').at(-1) as string);
      const isText = shapes.typesOf(schema).join() === 'string' && !isUri(schema, shapes.resolve(schema));
      if (isText && wanted.includes(name))
        return { cursor: path, ...(param === 'cursor' ? {} : { param }), ...items };
    }
  }
  return undefined;
}

const bare = (name: string): string => name.replace(/[_-]/g, '').toLowerCase();

const isUri = (...schemas: readonly (Node | undefined)[]): boolean =>
  schemas.some(schema => /^ur[il]/.test(schema?.text('format') ?? ''));

const pageCounts = new Set(['totalpages', 'pages', 'pagecount', 'numpages', 'lastpage', 'pagestotal']);
const itemCounts = new Set(['total', 'totalcount', 'totalitems', 'totalresults']);

function countIn({ fields }: PageBody, names: ReadonlySet<string>, { shapes }: Context): string | undefined {
  return [...fields].find(
    ([path, schema]) =>
      names.has(bare(path.split('.').at(-1) as string)) &&
      shapes.typesOf(schema).every(type => type === 'integer' || type === 'number'),
  )?.[0];
}

function numberedPages(
  query: readonly string[],
  body: PageBody,
  items: Items,
  operation: Node,
  context: Context,
): Pagination | undefined {
  const page = query.find(name => pageParameters.test(name));
  if (page === undefined) return undefined;
  const pages = countIn(body, pageCounts, context);
  if (pages === undefined && countIn(body, itemCounts, context) === undefined) return undefined;
  const schema = context.shapes.resolve(pageSchema(operation, page, context));
  const isFromZero = schema?.number('default') === 0 || schema?.number('minimum') === 0;
  return { page, ...(isFromZero ? { first: 0 } : {}), ...given({ pages }), ...items };
}

const pageSchema = (operation: Node, name: string, { shapes }: Context): Node | undefined =>
  operation
    .get('parameters')
    ?.items()
    .map(parameter => shapes.resolve(parameter))
    .find(parameter => parameter?.text('name') === name)
    ?.get('schema');

function offsetPages(
  query: readonly string[],
  body: PageBody,
  items: Items,
  context: Context,
): Pagination | undefined {
  const offset = query.find(name => offsetParameters.test(name));
  const total = countIn(body, itemCounts, context);
  return offset !== undefined && total !== undefined ? { offset, total, ...items } : undefined;
}

/** Names under which documents put what they say about a page. */
const wrappers = new Set([
  'meta',
  'metadata',
  'pagination',
  'paging',
  'pageinfo',
  'page',
  'links',
  'responsemetadata',
]);

/** A JSON body that is a list, or an object with one list in it; undefined for anything else. */
function pageBodyOf(response: Node, { shapes }: Context): PageBody | undefined {
  const content = response
    .get('content')
    ?.members()
    .find(([type]) => /[/+]json\b|^\*\/\*$/i.test(type));
  const schema = content && shapes.resolve(shapes.resolve(content[1])?.get('schema'));
  if (!schema) return undefined;
  if (shapes.isArray(schema)) return { items: undefined, fields: new Map() };
  const properties = [...shapes.propertiesOf(schema)].filter(([name]) => !name.includes('.'));
  const lists = properties.filter(([, property]) => shapes.isArray(property));
  const [only] = lists;
  if (!only || lists.length > 1) return undefined;
  const inside = properties
    .filter(([name]) => wrappers.has(bare(name)))
    .flatMap(([name, property]) =>
      [...shapes.propertiesOf(property)].map(([inner, field]) => [`${name}.${inner}`, field] as const),
    );
  return { items: only[0], fields: new Map([...properties, ...inside]) };
}
