import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { apiKey, defineContract, endpoint, type PageToken } from '../../src/contract/index.ts';
import type { ScriptedTransport } from '../../src/testing/index.ts';
import { apiOf, failureOf } from './support.ts';

const Items = z.array(z.object({ id: z.int() }));
const query = z.object({
  cursor: z.string().optional(),
  page: z.int().optional(),
  offset: z.int().optional(),
  size: z.int().optional(),
});

const contract = defineContract({
  cursor: endpoint({
    method: 'GET',
    path: '/cursor',
    query,
    responses: {
      200: z.object({ data: z.object({ list: Items }), meta: z.object({ next: z.string().nullish() }) }),
    },
    paginate: { cursor: 'meta.next', items: 'data.list' },
  }),
  page: endpoint({
    method: 'GET',
    path: '/page',
    query,
    responses: { 200: z.object({ items: Items, pages: z.int().optional() }) },
    paginate: { page: 'page', items: 'items', pages: 'pages' },
  }),
  offset: endpoint({
    method: 'GET',
    path: '/offset',
    query,
    responses: { 200: z.object({ items: Items, total: z.int().optional() }) },
    paginate: { offset: 'offset', items: 'items', total: 'total' },
  }),
  link: endpoint({
    method: 'GET',
    path: '/link',
    query,
    responses: { 200: Items },
    paginate: { link: 'next' },
  }),
  wrong: endpoint({
    method: 'GET',
    path: '/wrong',
    query,
    responses: { 200: z.object({ items: z.string() }) },
    paginate: { page: 'page', items: 'items' },
  }),
});

/** Answers every call by its URL, for as long as calls come. */
async function serve(
  transport: ScriptedTransport,
  reply: (url: URL) => Response,
  calls: number,
): Promise<string[]> {
  const urls: string[] = [];
  for (let call = 0; call < calls; call++) {
    const { request, respond } = await transport.next();
    const url = new URL(request.url);
    urls.push(url.pathname + url.search);
    respond(reply(url));
  }
  return urls;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const ids = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: from + index }));

describe('the items of all pages come one after another', () => {
  test('by cursor, until there is none', async () => {
    const { api, transport } = apiOf(contract);
    const items = collect(api.cursor.items({ query: { size: 2 } }));
    const urls = await serve(
      transport,
      url => {
        const at = Number(url.searchParams.get('cursor') ?? 0);
        return Response.json({ data: { list: ids(at, 2) }, meta: { next: at < 4 ? String(at + 2) : null } });
      },
      3,
    );
    expect(urls).toEqual(['/v1/cursor?size=2', '/v1/cursor?cursor=2&size=2', '/v1/cursor?cursor=4&size=2']);
    expect((await items).map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
    await transport.expectNone();
  });

  test('by number, until a page is empty or the last is reached', async () => {
    const { api, transport } = apiOf(contract);
    const untilEmpty = collect(api.page.items());
    const urls = await serve(
      transport,
      url => Response.json({ items: url.searchParams.get('page') === '3' ? [] : ids(1, 1) }),
      3,
    );
    expect(urls).toEqual(['/v1/page?page=1', '/v1/page?page=2', '/v1/page?page=3']);
    expect(await untilEmpty).toHaveLength(2);
    const untilLast = collect(api.page.items({ query: { page: 2 } }));
    expect(await serve(transport, () => Response.json({ items: ids(1, 1), pages: 3 }), 2)).toEqual([
      '/v1/page?page=2',
      '/v1/page?page=3',
    ]);
    expect(await untilLast).toHaveLength(2);
    await transport.expectNone();
  });

  test('by offset, until a page is empty or the total is reached', async () => {
    const { api, transport } = apiOf(contract);
    const items = collect(api.offset.items());
    const urls = await serve(
      transport,
      url => Response.json({ items: ids(Number(url.searchParams.get('offset')), 2), total: 4 }),
      2,
    );
    expect(urls).toEqual(['/v1/offset?offset=0', '/v1/offset?offset=2']);
    expect(await items).toEqual(ids(0, 4));
    const short = collect(api.offset.items());
    await serve(
      transport,
      url => Response.json({ items: url.searchParams.get('offset') === '3' ? [] : ids(0, 3) }),
      2,
    );
    expect(await short).toHaveLength(3);
    await transport.expectNone();
  });

  test('by link, wherever at the same origin it leads', async () => {
    const { api, transport } = apiOf(contract);
    const items = collect(api.link.items({ query: { size: 1 } }));
    const urls = await serve(
      transport,
      url => {
        const isFirst = url.search === '?size=1';
        const link = isFirst
          ? '</v2/elsewhere?after=1>; rel="next"; title="a, b", </x>; rel=prev'
          : '</x>; rel=prev';
        return Response.json(ids(1, 1), { headers: { link } });
      },
      2,
    );
    expect(urls).toEqual(['/v1/link?size=1', '/v2/elsewhere?after=1']);
    expect(await items).toHaveLength(2);
  });

  test.each([
    ['behind one with a parameter that has no value', '</a.css>; rel=preload; nopush, </p?2>; rel="next"'],
    ['before one that is about something else', '</p?3>; rel=next; anchor="/x", </p?2>; rel=next'],
    ['with an anchor that is the page itself', '</p?2>; rel=next; anchor=""'],
  ])('by link, %s', async (_, link) => {
    const { api, transport } = apiOf(contract);
    const items = collect(api.link.items());
    const headers = { link };
    const urls = await serve(
      transport,
      ({ search }) => Response.json(ids(1, 1), search === '' ? { headers } : {}),
      2,
    );
    expect(urls).toEqual(['/v1/link', '/p?2']);
    expect(await items).toHaveLength(2);
  });
});

describe('pages', () => {
  test('are called for when they are wanted, and not beyond', async () => {
    const { api, transport } = apiOf(contract);
    const pages = api.page.pages()[Symbol.asyncIterator]();
    await transport.expectNone();
    const first = pages.next();
    await serve(transport, () => Response.json({ items: ids(1, 2) }), 1);
    expect(await first).toEqual({
      done: false,
      value: { items: ids(1, 2), data: { items: ids(1, 2) }, next: 2 },
    });
    await transport.expectNone();
    await pages.return?.();
  });

  test('go on where they were left', async () => {
    const { api, transport } = apiOf(contract);
    let token: PageToken | undefined;
    const once = (async () => {
      for await (const { next } of api.cursor.pages({}, { maxPages: 1 })) token = next;
    })();
    await serve(transport, () => Response.json({ data: { list: ids(0, 1) }, meta: { next: 'c2' } }), 1);
    await once;
    expect(token).toBe('c2');
    const rest = collect(api.cursor.items({}, { resume: JSON.parse(JSON.stringify(token)) }));
    const urls = await serve(transport, () => Response.json({ data: { list: ids(1, 1) }, meta: {} }), 1);
    expect(urls).toEqual(['/v1/cursor?cursor=c2']);
    expect(await rest).toEqual(ids(1, 1));
  });

  test('end after as many pages or items as are wanted', async () => {
    const { api, transport } = apiOf(contract);
    const reply = () => Response.json({ items: ids(0, 3) });
    const twoPages = collect(api.page.items({}, { maxPages: 2 }));
    await serve(transport, reply, 2);
    expect(await twoPages).toHaveLength(6);
    const fourItems = collect(api.page.items({}, { maxItems: 4 }));
    await serve(transport, reply, 2);
    expect(await fourItems).toHaveLength(4);
    const threeItems = collect(api.page.items({}, { maxItems: 3 }));
    await serve(transport, reply, 1);
    expect(await threeItems).toHaveLength(3);
    expect(await collect(api.page.items({}, { maxItems: 0 }))).toEqual([]);
    await transport.expectNone();
  });

  test('that lead to themselves, or go on for ever, are errors', async () => {
    const { api, transport } = apiOf(contract, {}, { retry: false });
    const circle = failureOf(collect(api.cursor.items({})));
    await serve(transport, () => Response.json({ data: { list: [] }, meta: { next: 'same' } }), 2);
    expect(await circle).toMatchObject({
      code: 'VALIDATION',
      issues: [{ message: expect.stringContaining('to itself') }],
    });
    const endless = failureOf(collect(api.page.items()));
    await serve(transport, () => Response.json({ items: ids(0, 1) }), 10_000);
    expect(await endless).toEqual(
      new RangeError('page has more than 10000 pages. If that is right, set `maxPages`.'),
    );
  });

  test('that lead round in a circle are errors, however large it is', async () => {
    const { api, transport } = apiOf(contract, {}, { retry: false });
    const circle = failureOf(collect(api.cursor.items({})));
    const next = (url: URL) => String((Number(url.searchParams.get('cursor') ?? 0) + 1) % 5);
    serve(transport, url => Response.json({ data: { list: [] }, meta: { next: next(url) } }), 100).catch(
      () => {},
    );
    expect(await circle).toMatchObject({ issues: [{ message: expect.stringContaining('back to') }] });
    expect(transport.attempts.length).toBeLessThan(20);
  });

  test('that say in a way of their own how to go on are not taken for the last', async () => {
    const odd = defineContract({
      list: endpoint({
        method: 'GET',
        path: '/odd',
        query: z.object({ cursor: z.any().optional() }),
        responses: { 200: z.object({ items: Items, next: z.unknown() }) },
        paginate: { cursor: 'next', items: 'items' },
      }),
    });
    const { api, transport } = apiOf(odd);
    const call = failureOf(collect(api.list.items()));
    await serve(transport, () => Response.json({ items: [], next: { after: 5 } }), 1);
    expect(await call).toMatchObject({
      issues: [{ message: '`next` should be a text or a number to go on with' }],
    });
  });

  test.each([
    ['bigints', z.codec(z.union([z.int(), z.bigint()]), z.bigint(), { decode: BigInt, encode: Number })],
    ['texts', z.codec(z.int(), z.string(), { decode: String, encode: Number })],
  ])('are counted in the form of the program where numbers are %s there', async (_, number) => {
    const counted = defineContract({
      byOffset: endpoint({
        method: 'GET',
        path: '/offset',
        query: z.object({ offset: number.optional() }),
        responses: { 200: z.object({ items: Items, total: number }) },
        paginate: { offset: 'offset', items: 'items', total: 'total' },
      }),
      byPage: endpoint({
        method: 'GET',
        path: '/page',
        query: z.object({ page: number.optional() }),
        responses: { 200: z.object({ items: Items, pages: number }) },
        paginate: { page: 'page', items: 'items', pages: 'pages' },
      }),
      byCursor: endpoint({
        method: 'GET',
        path: '/cursor',
        query: z.object({ after: number.optional() }),
        responses: { 200: z.object({ items: Items, last: number.nullable() }) },
        paginate: { cursor: 'last', param: 'after', items: 'items' },
      }),
    });
    const { api, transport } = apiOf(counted);
    const reply = ({ search }: URL) =>
      Response.json({ items: ids(1, 2), total: 6, pages: 3, last: search === '' ? 7 : null });
    const offset = collect(api.byOffset.items({ query: { offset: number.parse(2) as never } }));
    expect(await serve(transport, reply, 2)).toEqual(['/v1/offset?offset=2', '/v1/offset?offset=4']);
    expect(await offset).toHaveLength(4);
    const page = collect(api.byPage.items({}, { resume: 2 }));
    expect(await serve(transport, reply, 2)).toEqual(['/v1/page?page=2', '/v1/page?page=3']);
    await page;
    const cursor = collect(api.byCursor.items());
    expect(await serve(transport, reply, 2)).toEqual(['/v1/cursor', '/v1/cursor?after=7']);
    await cursor;
    await transport.expectNone();
  });

  test('with a link that is none are a ValidationError', async () => {
    const { api, transport } = apiOf(contract);
    const call = failureOf(collect(api.link.items()));
    const headers = { link: 'next: /page/2' };
    await serve(transport, () => Response.json(ids(1, 1), { headers }), 1);
    expect(await call).toMatchObject({ code: 'VALIDATION', part: 'headers' });
  });

  test('that leave the origin are refused, and the credentials with them', async () => {
    const { api, transport } = apiOf(contract);
    const away = failureOf(collect(api.link.items()));
    const headers = { link: '<https://evil.test/next>; rel=next' };
    await serve(transport, () => Response.json(ids(1, 1), { headers }), 1);
    expect(await away).toMatchObject({ code: 'VALIDATION', part: 'headers' });
    const given = failureOf(collect(api.link.items({}, { resume: 'https://evil.test/next' })));
    expect(String(await given)).toContain('`resume` of link should be a URL of https://users.test');
    await transport.expectNone();
  });

  test('by link have no credentials in it', async () => {
    const { api, transport } = apiOf(contract);
    const led = failureOf(collect(api.link.items()));
    const headers = { link: '<https://ann:hunter2@users.test/v1/link?page=2>; rel=next' };
    await serve(transport, () => Response.json(ids(1, 1), { headers }), 1);
    const error = await led;
    expect(error).toMatchObject({ code: 'VALIDATION', part: 'headers' });
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
    const given = await failureOf(
      collect(api.link.items({}, { resume: 'https://ann:hunter2@users.test/v1/link?page=2' })),
    );
    expect(String(given)).toContain(
      '`resume` of link should be a URL of https://users.test without credentials',
    );
    expect(String(given)).not.toContain('hunter2');
    await transport.expectNone();
  });

  test('by link keep no key of an API that the service has put into it', async () => {
    const { api, transport } = apiOf(contract, { auth: apiKey('hunter2', { query: 'k' }) });
    const pages = api.link.pages()[Symbol.asyncIterator]();
    const first = pages.next();
    const { request, respond } = await transport.next();
    expect(new URL(request.url).search).toBe('?k=hunter2');
    respond(Response.json(ids(1, 1), { headers: { link: '</v1/link?k=hunter2&page=2>; rel=next' } }));
    expect((await first).value?.next).toBe('https://users.test/v1/link?page=2');
    const second = pages.next();
    const next = await transport.next();
    expect(new URL(next.request.url).search).toBe('?page=2&k=hunter2');
    next.respond(Response.json([]));
    await second;
  });

  test('without a list of items are a ValidationError', async () => {
    const { api, transport } = apiOf(contract);
    const call = failureOf(collect(api.wrong.items()));
    await serve(transport, () => Response.json({ items: 'none' }), 1);
    expect(await call).toMatchObject({
      part: 'body',
      issues: [{ message: '`items` should be a list of items' }],
    });
  });

  test('fail as calls do, also half-way', async () => {
    const { api, transport } = apiOf(contract, {}, { retry: false });
    const call = failureOf(collect(api.page.items()));
    await serve(
      transport,
      url =>
        url.search === '?page=2' ? new Response('', { status: 500 }) : Response.json({ items: ids(0, 1) }),
      2,
    );
    expect(await call).toMatchObject({ code: 'STATUS', status: 500 });
    const stopped = new AbortController();
    const aborted = failureOf(collect(api.page.items({}, { signal: stopped.signal })));
    await serve(transport, () => Response.json({ items: ids(0, 1) }), 1);
    await transport.next();
    stopped.abort(new Error('enough'));
    expect(await aborted).toEqual(new Error('enough'));
  });

  test.each([
    { maxPages: 0 },
    { maxItems: -1 },
    { maxPages: 1.5 },
    { maxPage: 1 },
  ])('refuse %j', async options => {
    const { api, transport } = apiOf(contract);
    expect(String(await failureOf(collect(api.page.items({}, options as object))))).toMatch(
      /max(Pages?|Items)/,
    );
    await transport.expectNone();
  });
});
