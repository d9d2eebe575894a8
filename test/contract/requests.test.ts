import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  binary,
  createApi,
  defineContract,
  endpoint,
  form,
  multipart,
  stream,
  text,
  ValidationError,
} from '../../src/contract/index.ts';
import { scriptedTransport } from '../../src/testing/index.ts';
import { apiOf, date, failureOf, id, users } from './support.ts';

const responses = { 200: text() };

/** The URL that an operation of one path parameter is sent to. */
async function urlFor(path: `/${string}`, value: unknown, base = 'https://files.test/v1'): Promise<string> {
  const transport = scriptedTransport();
  const contract = defineContract({
    get: endpoint({ method: 'GET', path, params: z.object({ name: z.any() }), responses } as never),
  });
  const api = createApi(contract, { baseUrl: base, fetch: transport }) as {
    get(input: object): Promise<unknown>;
  };
  const call = api.get({ params: { name: value } });
  call.catch(() => {});
  await Promise.race([call.catch(error => Promise.reject(error)), transport.next()]);
  const { request, respond } = transport.attempts[0] as (typeof transport.attempts)[number];
  respond(new Response('', { headers: { 'content-type': 'text/plain' } }));
  await call;
  return request.url;
}

describe('a path parameter', () => {
  test.each([
    ['a/b', 'a%2Fb'],
    ['../admin', '..%2Fadmin'],
    ['//evil.test', '%2F%2Fevil.test'],
    ['https://evil.test', 'https%3A%2F%2Fevil.test'],
    ['?all=1#x', '%3Fall%3D1%23x'],
    ['%2e%2e%2f', '%252e%252e%252f'],
    ['a\\b', 'a%5Cb'],
    ['a b+c', 'a%20b%2Bc'],
    ["!'()*", '%21%27%28%29%2A'],
    ['grüße', 'gr%C3%BC%C3%9Fe'],
    ['@:;,=&$', '%40%3A%3B%2C%3D%26%24'],
  ])('stays data: %j', async (value, encoded) => {
    expect(await urlFor('/files/{name}', value)).toBe(`https://files.test/v1/files/${encoded}`);
  });

  test.each([
    '.',
    '..',
    '',
    null,
    undefined,
    { a: { b: 1 } },
    '\ud800',
  ])('is refused before anything is sent where it could only lead elsewhere, or has no spelling: %j', async value => {
    const error = await failureOf(urlFor('/files/{name}', value));
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({ direction: 'request', part: 'params', attempts: [] });
  });

  test('may be a dot beside something else in its segment', async () => {
    expect(await urlFor('/files/v{name}', '..')).toBe('https://files.test/v1/files/v..');
    expect(await urlFor('/files/{name}.json', '.')).toBe('https://files.test/v1/files/..json');
  });

  test('never leaves its place, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('.', '..', '/..', '%2e', '%2E%2e')),
        async value => {
          const result = await urlFor('/a/{name}/z', value).catch((error: unknown) => error);
          if (result instanceof ValidationError) return;
          const url = new URL(result as string);
          expect(url.origin).toBe('https://files.test');
          const segments = url.pathname.split('/');
          expect(segments).toHaveLength(5);
          expect([segments[1], segments[2], segments[4]]).toEqual(['v1', 'a', 'z']);
          expect(decodeURIComponent(segments[3] as string)).toBe(value);
          expect(url.search + url.hash).toBe('');
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is written in the style of OpenAPI that is asked for', async () => {
    const inStyle = async (style: object, value: unknown) => {
      const transport = scriptedTransport();
      const contract = defineContract({
        get: endpoint({
          method: 'GET',
          path: '/x/{color}',
          params: z.object({ color: z.any() }),
          styles: { params: { color: style } },
          responses,
        }),
      });
      createApi(contract, { baseUrl: 'https://x.test', fetch: transport })
        .get({ params: { color: value } })
        .catch(() => {});
      return new URL((await transport.next()).request.url).pathname.slice('/x/'.length);
    };
    // https://spec.openapis.org/oas/v3.1.1.html#style-examples
    const list = ['blue', 'black', 'brown'];
    const object = { R: 100, G: 200, B: 150 };
    expect(await inStyle({}, list)).toBe('blue,black,brown');
    expect(await inStyle({}, object)).toBe('R,100,G,200,B,150');
    expect(await inStyle({ explode: true }, object)).toBe('R=100,G=200,B=150');
    expect(await inStyle({ style: 'label' }, 'blue')).toBe('.blue');
    expect(await inStyle({ style: 'label' }, list)).toBe('.blue,black,brown');
    expect(await inStyle({ style: 'label', explode: true }, list)).toBe('.blue.black.brown');
    expect(await inStyle({ style: 'label', explode: true }, object)).toBe('.R=100.G=200.B=150');
    expect(await inStyle({ style: 'matrix' }, 'blue')).toBe(';color=blue');
    expect(await inStyle({ style: 'matrix' }, '')).toBe(';color');
    expect(await inStyle({ style: 'matrix' }, list)).toBe(';color=blue,black,brown');
    expect(await inStyle({ style: 'matrix', explode: true }, list)).toBe(
      ';color=blue;color=black;color=brown',
    );
    expect(await inStyle({ style: 'matrix' }, object)).toBe(';color=R,100,G,200,B,150');
    expect(await inStyle({ style: 'matrix', explode: true }, object)).toBe(';R=100;G=200;B=150');
  });
});

describe('a query', () => {
  const search = (styles: object) =>
    defineContract({
      get: endpoint({
        method: 'GET',
        path: '/x',
        query: z.object({ color: z.any() }),
        styles: { query: { color: styles } },
        responses,
      }),
    });

  test.each<[object, unknown, string]>([
    // https://spec.openapis.org/oas/v3.1.1.html#style-examples
    [{}, ['blue', 'black', 'brown'], '?color=blue&color=black&color=brown'],
    [{}, { R: 100, G: 200 }, '?R=100&G=200'],
    [{ explode: false }, ['blue', 'black'], '?color=blue,black'],
    [{ explode: false }, { R: 100, G: 200 }, '?color=R,100,G,200'],
    [{ style: 'spaceDelimited' }, ['blue', 'black'], '?color=blue%20black'],
    [{ style: 'pipeDelimited' }, ['blue', 'black'], '?color=blue%7Cblack'],
    [{ style: 'pipeDelimited' }, { R: 100, G: 200 }, '?color=R%7C100%7CG%7C200'],
    [
      { style: 'deepObject' },
      { R: 100, in: { deep: [1, 2] } },
      '?color%5BR%5D=100&color%5Bin%5D%5Bdeep%5D=1&color%5Bin%5D%5Bdeep%5D=2',
    ],
    [{ style: 'json' }, { R: [1, { G: null }] }, '?color=%7B%22R%22%3A%5B1%2C%7B%22G%22%3Anull%7D%5D%7D'],
    [{ style: 'json' }, [1n, 12345678901234567890n], '?color=%5B1%2C12345678901234567890%5D'],
    [{}, '', '?color='],
    [{}, [], ''],
    [{}, null, ''],
    [{}, true, '?color=true'],
    [{}, 12345678901234567890n, '?color=12345678901234567890'],
    [{}, new Date(0), '?color=1970-01-01T00%3A00%3A00.000Z'],
    [{}, 'a&b=c#d +%', '?color=a%26b%3Dc%23d%20%2B%25'],
    [{ explode: false }, ['a,b', 'c'], '?color=a%2Cb,c'],
  ])('in the style %o writes %o', async (style, color, expected) => {
    const { api, transport } = apiOf(search(style));
    api.get({ query: { color } }).catch(() => {});
    expect(new URL((await transport.next()).request.url).search).toBe(expected);
  });

  test.each<[object, unknown]>([
    [{ style: 'spaceDelimited' }, ['light blue']],
    [{ style: 'pipeDelimited' }, ['a|b']],
    [{ style: 'deepObject' }, { 'a[b]': 1 }],
    [{ style: 'json' }, Symbol('red')],
    [{}, [['a']]],
    [{}, { a: ['b'] }],
    [{}, [null]],
    [{}, '\udc00'],
    [{}, new Date('never')],
  ])('in the style %o has no spelling for %o and is not sent', async (style, color) => {
    const { api, transport } = apiOf(search(style));
    const error = await failureOf(api.get({ query: { color } }));
    expect(error).toMatchObject({ code: 'VALIDATION', part: 'query', issues: [{ path: ['color'] }] });
    await transport.expectNone();
  });

  test('has its defaults and its codecs applied, and what is not declared left out', async () => {
    const contract = defineContract({
      list: endpoint({
        method: 'GET',
        path: '/list',
        query: z.object({ since: date.optional(), limit: z.number().default(20), page: z.int().optional() }),
        responses,
      }),
    });
    const { api, transport } = apiOf(contract);
    api.list({ query: { since: new Date(0), extra: 1 } as object }).catch(() => {});
    expect(new URL((await transport.next()).request.url).search).toBe(
      '?since=1970-01-01T00%3A00%3A00.000Z&limit=20',
    );
  });
});

test.each([
  ['a URL', new URL('https://evil.test')],
  ['a Set', new Set(['a'])],
  ['a Map', new Map([['a', 'b']])],
])('%s is refused as a parameter, and not left out as if it had no members', async (what, value) => {
  const query = z.object({ q: z.custom(() => true) });
  const { api, transport } = apiOf(
    defineContract({ get: endpoint({ method: 'GET', path: '/', query, responses }) }),
  );
  expect(await failureOf(api.get({ query: { q: value } }))).toMatchObject({
    part: 'query',
    issues: [{ path: ['q'], message: expect.stringContaining(`holds ${what}`) }],
  });
  await transport.expectNone();
});

describe('headers and cookies', () => {
  test('are refused by a name that no header can have', async () => {
    const headers = z.record(z.string(), z.string());
    const { api, transport } = apiOf(
      defineContract({ get: endpoint({ method: 'GET', path: '/', headers, responses }) }),
    );
    expect(await failureOf(api.get({ headers: { 'a b': 'x' } }))).toMatchObject({
      part: 'headers',
      issues: [{ path: ['a b'] }],
    });
    await transport.expectNone();
  });

  const contract = defineContract({
    get: endpoint({
      method: 'GET',
      path: '/x',
      headers: z.object({ 'X-List': z.any(), 'X-Json': z.any() }),
      cookies: z.object({ a: z.any() }),
      styles: { headers: { 'X-Json': { style: 'json' } } },
      responses,
    }),
  });

  test('are written as OpenAPI says', async () => {
    const { api, transport } = apiOf(contract);
    api
      .get({ headers: { 'X-List': ['a', 'b'], 'X-Json': { a: 1 } }, cookies: { a: ['1', '2'] } })
      .catch(() => {});
    const { headers } = (await transport.next()).request;
    expect(headers.get('x-list')).toBe('a,b');
    expect(headers.get('x-json')).toBe('{"a":1}');
    expect(headers.get('cookie')).toBe('a=1; a=2');
  });

  test.each(['a\r\nSet-Cookie: x=1', 'a\0', '☃', ['a,b']])('cannot be split or broken by %j', async value => {
    const { api, transport } = apiOf(contract);
    const error = await failureOf(api.get({ headers: { 'X-List': value, 'X-Json': 1 }, cookies: { a: 1 } }));
    expect(error).toMatchObject({ code: 'VALIDATION', part: 'headers' });
    await transport.expectNone();
  });
});

describe('a body', () => {
  const contract = defineContract({
    form: endpoint({
      method: 'POST',
      path: '/x',
      body: form(z.object({ a: z.string(), b: z.array(z.int()).optional() })),
      responses,
    }),
    multipart: endpoint({
      method: 'POST',
      path: '/multipart',
      body: multipart(
        z.object({
          title: z.string(),
          files: z.array(z.instanceof(Blob)),
          meta: z.object({ n: z.number() }),
          at: date,
        }),
      ),
      responses,
    }),
    text: endpoint({ method: 'PUT', path: '/x', body: text({ type: 'text/csv' }), responses }),
    binary: endpoint({ method: 'PATCH', path: '/x', body: binary({ type: 'image/png' }), responses }),
    stream: endpoint({ method: 'POST', path: '/stream', body: stream(), responses, idempotency: 'key' }),
    optional: endpoint({
      method: 'POST',
      path: '/optional',
      body: z.object({ a: z.int() }).optional(),
      responses,
    }),
    valibot: endpoint({
      method: 'POST',
      path: '/v',
      body: v.object({ n: v.pipe(v.string(), v.transform(Number)) }),
      responses,
    }),
    arktype: endpoint({ method: 'POST', path: '/a', body: type({ n: 'string.numeric.parse' }), responses }),
  });

  test('of a form is sent in the manner of a query', async () => {
    const { api, transport } = apiOf(contract);
    api.form({ body: { a: 'x & y', b: [1, 2] } }).catch(() => {});
    const { request } = await transport.next();
    expect(request.headers.get('content-type')).toBe('application/x-www-form-urlencoded');
    expect(await request.text()).toBe('a=x%20%26%20y&b=1&b=2');
  });

  test('of a form is written field by field in the styles that it names', async () => {
    const fields = z.object({
      metadata: z.record(z.string(), z.string()).optional(),
      card: z.object({ exp: z.object({ year: z.int() }) }).optional(),
      tags: z.array(z.string()).optional(),
    });
    const styles = {
      metadata: { style: 'deepObject' },
      card: { style: 'json' },
      tags: { explode: false },
    } as const;
    const pay = endpoint({ method: 'POST', path: '/pay', body: form(fields, { styles }), responses });
    const { api, transport } = apiOf(defineContract({ pay }));
    api
      .pay({ body: { metadata: { order: '7' }, card: { exp: { year: 2030 } }, tags: ['a', 'b'] } })
      .catch(() => {});
    const { request } = await transport.next();
    expect(decodeURIComponent(await request.text())).toBe(
      'metadata[order]=7&card={"exp":{"year":2030}}&tags=a,b',
    );
  });

  test('of a form may not name the style of a field that it does not have', () => {
    const styles = { b: { style: 'json' } } as const;
    const body = form(z.object({ a: z.string() }), { styles });
    expect(() => endpoint({ method: 'POST', path: '/pay', body, responses })).toThrow('`body.styles.b`');
  });

  test('of several parts has files, fields and JSON', async () => {
    const { api, transport } = apiOf(contract);
    const files = [new File(['one'], 'one.txt', { type: 'text/plain' }), new Blob(['two'])];
    api.multipart({ body: { title: 'T', files, meta: { n: 1 }, at: new Date(0) } }).catch(() => {});
    const { request } = await transport.next();
    expect(request.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/);
    const data = await request.formData();
    expect(data.get('title')).toBe('T');
    expect(data.get('at')).toBe('1970-01-01T00:00:00.000Z');
    const [one, two] = data.getAll('files') as File[];
    expect([one?.name, one?.type, await one?.text(), await two?.text()]).toEqual([
      'one.txt',
      'text/plain',
      'one',
      'two',
    ]);
    const meta = data.get('meta') as File;
    expect([meta.type, await meta.text()]).toEqual(['application/json', '{"n":1}']);
  });

  test('of several parts has the type that names its boundary, whatever the client sends by default', async () => {
    const body = multipart(z.object({ a: z.string() }));
    const put = endpoint({ method: 'PUT', path: '/', body, responses });
    const headers = { 'content-type': 'application/json' };
    const { api, transport } = apiOf(defineContract({ put }), { headers });
    api.put({ body: { a: 'x' } }, { headers }).catch(() => {});
    const { request } = await transport.next();
    expect((await request.formData()).get('a')).toBe('x');
  });

  test('of several parts has buffers as bytes', async () => {
    const body = multipart(z.object({ buffer: z.instanceof(ArrayBuffer), view: z.instanceof(Uint8Array) }));
    const { api, transport } = apiOf(
      defineContract({ put: endpoint({ method: 'PUT', path: '/', body, responses }) }),
    );
    const { buffer } = new Uint8Array([1, 2, 3]);
    api.put({ body: { buffer, view: new Uint8Array(buffer, 1) } }).catch(() => {});
    const data = await (await transport.next()).request.formData();
    const bytes = (name: string) => (data.get(name) as File).bytes();
    expect([await bytes('buffer'), await bytes('view')]).toEqual([
      new Uint8Array([1, 2, 3]),
      new Uint8Array([2, 3]),
    ]);
  });

  test('of text and bytes is sent as it is, with its type', async () => {
    const { api, transport } = apiOf(contract);
    api.text({ body: 'a;b' }).catch(() => {});
    const csv = (await transport.next()).request;
    expect([csv.headers.get('content-type'), await csv.text()]).toEqual(['text/csv;charset=UTF-8', 'a;b']);
    api.binary({ body: new Uint8Array([1, 2, 3]) }).catch(() => {});
    const png = (await transport.next()).request;
    expect([png.headers.get('content-type'), await png.bytes()]).toEqual([
      'image/png',
      new Uint8Array([1, 2, 3]),
    ]);
    expect(await failureOf(api.binary({ body: 'text' as never }))).toMatchObject({ part: 'body' });
    expect(await failureOf(api.text({ body: 5 as never }))).toMatchObject({ part: 'body' });
  });

  test('of a stream is sent once, even with a key', async () => {
    const { api, transport } = apiOf(contract);
    const call = failureOf(api.stream({ body: new Blob(['abc']).stream() }));
    const { request, init, respond } = await transport.next();
    expect(init).toMatchObject({ duplex: 'half' });
    expect(await request.text()).toBe('abc');
    respond(new Response('', { status: 503 }));
    expect(await call).toMatchObject({ status: 503, attempts: [{ reason: 'body-not-replayable' }] });
  });

  test('may be left out if its schema says so', async () => {
    const { api, transport } = apiOf(contract);
    api.optional().catch(() => {});
    const { request } = await transport.next();
    expect(request.body).toBeNull();
    expect(request.headers.get('content-type')).toBeNull();
    expect(await failureOf(api.optional({ body: { a: 'x' as never } }))).toMatchObject({ part: 'body' });
  });

  test.each<[string, z.ZodType, object]>([
    ['a default', z.object({ at: date, n: z.int().default(1) }), {}],
    ['a prefault', z.object({ at: date, n: z.int().prefault(1) }), {}],
    [
      'a default in one side of an intersection',
      z.object({ n: z.int().default(1) }).and(z.object({ at: date })),
      {},
    ],
    [
      'a default in one kind of several',
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('a'), at: date, n: z.int().default(0) }),
        z.object({ kind: z.literal('b'), at: date, n: z.int().default(1) }),
      ]),
      { kind: 'b' },
    ],
    [
      'a default in the one kind that has the keys',
      z.union([
        z.object({ file: z.string(), n: z.int().default(0), at: date }),
        z.object({ url: z.string(), n: z.int().default(1), at: date }),
      ]),
      { url: 'x' },
    ],
    [
      'a default in the one kind whose values these are',
      z.union([
        z.object({ of: z.string(), n: z.int().default(0), at: date }),
        z.object({ of: z.number(), n: z.int().default(1), at: date }),
      ]),
      { of: 5 },
    ],
  ])('has filled in what is left out beside a codec: %s', async (_, body, more) => {
    const put = endpoint({ method: 'PUT', path: '/', body, responses });
    const { api, transport } = apiOf(defineContract({ put }));
    api.put({ body: { at: new Date(0), ...more } }).catch(() => {});
    const { request } = await transport.next();
    expect(await request.json()).toEqual({ at: '1970-01-01T00:00:00.000Z', n: 1, ...more });
  });

  test('is its default if that is what its schema says', async () => {
    const body = z.object({ at: date }).default({ at: new Date(0) });
    const put = endpoint({ method: 'PUT', path: '/', body, responses });
    const { api, transport } = apiOf(defineContract({ put }));
    api.put().catch(() => {});
    expect(await (await transport.next()).request.json()).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  test('of another library is checked, and sent in the form of the wire', async () => {
    const { api, transport } = apiOf(contract);
    api.valibot({ body: { n: '5' } }).catch(() => {});
    expect(await (await transport.next()).request.json()).toEqual({ n: '5' });
    api.arktype({ body: { n: '6' } }).catch(() => {});
    expect(await (await transport.next()).request.json()).toEqual({ n: '6' });
    expect(await failureOf(api.arktype({ body: { n: 'six' } }))).toMatchObject({
      part: 'body',
      issues: [{ path: ['n'] }],
    });
    expect(await failureOf(api.valibot({ body: { n: 1 as never } }))).toMatchObject({
      issues: [{ path: ['n'] }],
    });
    await transport.expectNone();
  });

  test('may take its time to be checked', async () => {
    const slow = z.object({ name: z.string().refine(async name => name !== 'taken', 'is taken'), at: date });
    const { api, transport } = apiOf(
      defineContract({
        post: endpoint({ method: 'POST', path: '/x', body: slow, responses: { 200: slow } }),
      }),
    );
    expect(await failureOf(api.post({ body: { name: 'taken', at: new Date(0) } }))).toMatchObject({
      issues: [{ message: 'is taken', path: ['name'] }],
    });
    const call = api.post({ body: { name: 'free', at: new Date(0) } });
    (await transport.next()).respond(Response.json({ name: 'free', at: '1970-01-01T00:00:00Z' }));
    expect(await call).toEqual({ name: 'free', at: new Date(0) });
  });

  test('may take its time in one group, and all that is behind it is looked at', async () => {
    const slowText = z.string().refine(async () => true);
    const { api, transport } = apiOf(
      defineContract({
        post: endpoint({
          method: 'POST',
          path: '/x/{id}',
          params: z.object({ id: slowText }),
          body: z.object({ n: z.number() }),
          responses,
        }),
      }),
    );
    expect(await failureOf(api.post({ params: { id: 'a' }, body: { n: 'b' as never } }))).toMatchObject({
      code: 'VALIDATION',
      part: 'body',
      issues: [{ path: ['n'] }],
    });
    // What no URL can hold is found only once the schema has answered.
    expect(await failureOf(api.post({ params: { id: '..' }, body: { n: 1 } }))).toMatchObject({
      code: 'VALIDATION',
      part: 'params',
    });
    await transport.expectNone();
  });
});

test('a path that is not ASCII is encoded once, and what is encoded already stays', async () => {
  const contract = defineContract({ get: endpoint({ method: 'GET', path: '/größe/a%20b', responses }) });
  const { api, transport } = apiOf(contract);
  api.get().catch(() => {});
  expect((await transport.next()).request.url).toBe('https://users.test/v1/gr%C3%B6%C3%9Fe/a%20b');
});

test('a base URL may end in a slash or not, and may have a path', async () => {
  for (const base of ['https://users.test', 'https://users.test/', new URL('https://users.test/a/b/')]) {
    const { api, transport } = apiOf(users, { baseUrl: base });
    api.getUser({ params: { id } }).catch(() => {});
    const path = String(base).replace(/\/$/, '');
    expect((await transport.next()).request.url).toBe(`${path}/users/${id}`);
  }
});
