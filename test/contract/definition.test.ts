import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  binary,
  createApi,
  defineContract,
  endpoint,
  eventStream,
  form,
  json,
  jsonLines,
  multipart,
  text,
} from '../../src/contract/index.ts';
import { createFetch } from '../../src/index.ts';
import { date } from './support.ts';

const ok = { 200: text() };

/** As somebody without types would write it. */
const declare = (options: object) => endpoint(options as Parameters<typeof endpoint>[0]);

describe('an endpoint is refused, by method and path, if', () => {
  test.each<[string, object, string]>([
    [
      'its path has a parameter and there are no params',
      { path: '/users/{id}' },
      '`params` should be a schema',
    ],
    [
      'its path names what params do not have',
      { path: '/users/{id}', params: z.object({ user: z.string() }) },
      'the path names {id}, which `params` does not have',
    ],
    [
      'params have what the path does not name',
      { path: '/users/{id}', params: z.object({ id: z.string(), team: z.string() }) },
      '`params` has "team", which the path does not name',
    ],
    ['its path names a parameter twice', { path: '/{a}/{a}', params: z.object({ a: z.string() }) }, 'twice'],
    ['its path has no slash in front', { path: 'users' }, 'begin with a slash'],
    ['its path begins another host', { path: '//evil.test/users' }, 'two begin another host'],
    ['its path climbs', { path: '/users/../admin' }, 'no segment `.` or `..`'],
    ['its path climbs in disguise', { path: '/users/%2e%2E/admin' }, 'no segment `.` or `..`'],
    ['its path has half a character', { path: '/\ud800' }, 'half of a surrogate pair'],
    [
      'a header has a name that no header can have',
      { headers: z.object({ 'a b': z.string() }) },
      '`headers` has "a b", which can be no header',
    ],
    [
      'two headers are one',
      { headers: z.object({ 'X-A': z.string(), 'x-a': z.string() }) },
      '"X-A" and "x-a", which are one header',
    ],
    [
      'a body is of a range of types',
      { method: 'POST', body: binary({ type: 'image/*' }) },
      '`body` should have one media type',
    ],
    [
      'JSON cannot hold a bigint that is only coerced on arrival',
      { method: 'POST', body: z.object({ n: z.coerce.bigint() }) },
      '`body` holds a bigint, which JSON cannot',
    ],
    ['its path has a query', { path: '/users?all=1' }, 'neither a query'],
    ['its path has a backslash', { path: '/users\\..\\admin' }, 'backslashes'],
    ['its path has a brace without another', { path: '/users/{id' }, 'in pairs'],
    ['its path has a percent sign that encodes nothing', { path: '/100%' }, '%25'],
    ['its method is none', { method: 'FETCH' }, '`method` should be one of'],
    ['a GET has a body', { body: z.string() }, '`body` cannot be sent with GET'],
    ['there is no response', { responses: {} }, 'at least one status'],
    ['a status is none', { responses: { 600: text() } }, 'statuses (100 to 599)'],
    ['a range is none', { responses: { '5XX': text() } }, 'statuses (100 to 599)'],
    ['a response is no schema', { responses: { 200: 'text' } }, '`responses.200` should be an object'],
    ['a response says what there is not', { responses: { 200: { bdy: text() } } }, 'Did you mean `body`?'],
    ['two bodies are of one type', { responses: { 200: [z.string(), z.int()] } }, 'application/json twice'],
    [
      'a 204 has a body',
      { responses: { 204: z.string() } },
      '`responses.204` should be null, since a 204 has no body',
    ],
    [
      'an answer to HEAD has one',
      { method: 'HEAD', responses: { 200: text() } },
      'an answer to HEAD has no body',
    ],
    [
      'a style is exploded that never is',
      {
        query: z.object({ a: z.array(z.string()) }),
        styles: { query: { a: { style: 'pipeDelimited', explode: true } } },
      },
      '`styles.query.a.explode` can only be false',
    ],
    ['an option does not exist', { response: ok }, 'Did you mean `responses`?'],
    ['a query has a map', { query: z.object({ a: z.map(z.string(), z.string()) }) }, '`query.a` holds a map'],
    ['a query has a file', { query: z.object({ a: z.file() }) }, '`query.a` holds a file'],
    [
      'a query has lists in lists',
      { query: z.object({ a: z.array(z.array(z.string())) }) },
      '`query.a` holds a list inside another, for which the style form has no spelling',
    ],
    [
      'a query has objects in objects',
      { query: z.object({ a: z.object({ b: z.object({}) }) }) },
      'holds an object inside another',
    ],
    [
      'a style is for another place',
      { query: z.object({ a: z.string() }), styles: { query: { a: { style: 'matrix' } } } },
      '`styles.query.a.style` should be one of',
    ],
    [
      'a style is for no parameter',
      { query: z.object({ a: z.string() }), styles: { query: { b: { style: 'form' } } } },
      'Unknown option `styles.query.b`',
    ],
    [
      'a style has no spelling for a text',
      { query: z.object({ a: z.string() }), styles: { query: { a: { style: 'deepObject' } } } },
      'the style deepObject is for lists and objects',
    ],
    ['a transform leads one way', { query: z.object({ a: z.string().transform(Number) }) }, 'Use a codec'],
    ['coercion leads one way', { query: z.object({ a: z.string().pipe(z.coerce.number()) }) }, 'Use a codec'],
    [
      'params transform one way',
      { path: '/{a}', params: z.object({ a: z.preprocess(String, z.string()) }) },
      'codec',
    ],
    [
      'JSON cannot hold a bigint',
      { method: 'POST', body: z.object({ n: z.bigint() }) },
      '`body` holds a bigint, which JSON cannot',
    ],
    ['JSON never has a date', { responses: { 200: z.object({ at: z.date() }) } }, 'holds a date'],
    [
      'a form holds objects in objects',
      { method: 'POST', body: form(z.object({ a: z.array(z.object({})) })) },
      '`body.a`',
    ],
    ['events are sent', { method: 'POST', body: eventStream() }, 'streams of values only arrive'],
    ['a policy will not do', { policy: { retry: { maxRetries: -1 } } }, '`policy.retry.maxRetries`'],
    [
      'a policy is of the host',
      { policy: { circuitBreaker: { openMs: 1 } } },
      '`policy.circuitBreaker` of a single call',
    ],
    ['idempotency is none of four', { idempotency: 'maybe' }, '`idempotency` should be one of'],
    [
      'validation is none of three',
      { validate: { response: 'loose' } },
      '`validate.response` should be one of',
    ],
    ['pages are of no kind', { paginate: { next: 'x' } }, '`paginate` should name a `cursor`'],
    [
      'what pages move is not in the query',
      { paginate: { page: 'p' }, query: z.object({}) },
      '`query` should have "p"',
    ],
    [
      'what leads on is not in the body',
      {
        paginate: { cursor: 'meta.nxt', items: 'items' },
        query: z.object({ cursor: z.string().optional() }),
        responses: {
          200: z.object({ items: z.array(z.int()), meta: z.object({ next: z.string() }).nullable() }),
        },
      },
      '`paginate` looks for "meta.nxt", which the schema of `responses.200` does not have',
    ],
  ])('%s', (_, options, message) => {
    const given = { method: 'GET', path: '/users', responses: ok, ...options };
    expect(() => declare(given)).toThrow(message);
    expect(() => declare(given)).toThrow(`${given.method} ${given.path}: `);
  });

  test('a required option is missing', () => {
    expect(() => declare({ method: 'GET', path: '/users' })).toThrow('`responses` is missing');
    expect(() => declare([])).toThrow('`endpoint` should be an object');
  });
});

describe('an endpoint takes', () => {
  test('codecs where a transform is refused, coercion, dates and what is written by a style', () => {
    endpoint({
      method: 'POST',
      path: '/reports/{day}',
      params: z.object({ day: date }),
      query: z.object({
        since: z.date().optional(),
        ids: z.array(z.int()),
        tags: z.array(z.enum(['a', 'b'])),
        filter: z.object({ owner: z.object({ name: z.string() }) }),
        search: z.object({ deep: z.array(z.object({ er: z.boolean() })) }),
        limit: z.coerce.number().default(10),
      }),
      styles: {
        query: {
          ids: { style: 'spaceDelimited' },
          tags: { style: 'pipeDelimited', explode: false },
          filter: { style: 'deepObject' },
          search: { style: 'json' },
        },
      },
      body: z.object({ at: date }),
      responses: { 200: z.object({ at: date }), '5xx': json(z.string(), { type: 'application/vnd.x+json' }) },
    });
  });

  test('schemas of any library that speaks Standard Schema', () => {
    endpoint({
      method: 'POST',
      path: '/{id}',
      params: v.object({ id: v.string() }),
      body: type({ name: 'string' }),
      responses: { 200: v.pipe(v.string(), v.transform(Number)) },
    });
  });

  test('pages of which its schema does not say everything', () => {
    const paginate = { cursor: 'meta.next', items: 'items' } as const;
    const query = z.object({ cursor: z.string().optional() });
    for (const body of [z.looseObject({ items: z.array(z.int()) }), z.record(z.string(), z.any()), z.any()])
      endpoint({ method: 'GET', path: '/', query, paginate, responses: { 200: body } });
  });

  test('contents that another copy of the package made', async () => {
    vi.resetModules();
    const other = await import('../../src/contract/index.ts');
    expect(other.text).not.toBe(text);
    endpoint({ method: 'POST', path: '/', body: other.form(z.object({})), responses: { 200: other.text() } });
  });

  test('schemas that are looked at later, and refer to each other', () => {
    interface Tree {
      readonly leaves: readonly Tree[];
    }
    const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ leaves: z.array(Tree) }));
    endpoint({ method: 'POST', path: '/tree', body: Tree, responses: { 200: Tree } });
  });
});

describe('a content is refused if', () => {
  test.each<[string, () => unknown, string]>([
    ['its type is no media type', () => text({ type: 'plain' }), 'a media type such as'],
    ['its type is broken', () => binary({ type: 'a b/c' }), 'a media type such as'],
    ['its silence has no end', () => eventStream({ idleTimeoutMs: 0 }), '`idleTimeoutMs` should be a number'],
    ['it reconnects less than never', () => eventStream({ maxReconnects: -1 }), '`maxReconnects`'],
    ['it reconnects for no reason', () => eventStream({ reconnectOn: 'x' as 'end' }), '`reconnectOn`'],
    [
      'its lines have a silence of a text',
      () => jsonLines(z.string(), { idleTimeoutMs: 'x' as never }),
      'idleTimeoutMs',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  test('nothing is said of parameters: they are not part of the type', () => {
    expect(text({ type: 'Text/CSV; charset=utf-8' }).type).toBe('text/csv');
    expect(multipart(z.object({})).type).toBe('multipart/form-data');
  });
});

describe('a contract is refused if', () => {
  const get = endpoint({
    method: 'GET',
    path: '/users/{id}',
    params: z.object({ id: z.string() }),
    responses: ok,
  });
  const same = endpoint({
    method: 'GET',
    path: '/users/{name}',
    params: z.object({ name: z.string() }),
    responses: ok,
  });
  const post = endpoint({ method: 'POST', path: '/users', operationId: 'a', responses: ok });

  test('two of its endpoints match the same URLs, names of parameters aside', () => {
    expect(() => defineContract({ get, admin: { same } })).toThrow(
      '`admin.same` and `get` are both GET /users/{name}',
    );
    defineContract({ get, post });
  });

  test('two of its endpoints have one operationId', () => {
    const other = endpoint({ method: 'PUT', path: '/users', operationId: 'a', responses: ok });
    expect(() => defineContract({ post, other })).toThrow('`other` and `post` are both the operationId "a"');
    expect(() => defineContract({ a: get, post })).toThrow('operationId "a"');
  });

  test('it holds anything else, or a name that would make a promise of it', () => {
    expect(() => defineContract({ get, x: 1 } as never)).toThrow(
      '`x` should be an endpoint() or a group of them, got 1',
    );
    expect(() => defineContract({ group: { date } } as never)).toThrow(
      '`group.date` should be an endpoint()',
    );
    expect(() => defineContract({ group: Object.fromEntries([['then', get]]) })).toThrow('`group.then`');
  });

  test('nothing else: groups may be deep, and a contract cannot change any more', () => {
    const contract = defineContract({ a: { b: { c: get } }, post });
    expect(Object.isFrozen(contract.a.b)).toBe(true);
    const api = createApi(contract, { baseUrl: 'https://x.test' });
    expect(Object.keys(api)).toEqual(['a', 'post']);
    expect(api.a.b.c.endpoint).toBe(get);
  });
});

describe('createApi is refused', () => {
  const contract = defineContract({ get: endpoint({ method: 'GET', path: '/x', responses: ok }) });
  const create = (options: object) => createApi(contract, options as never);

  test.each<[string, object, string]>([
    ['without a base URL', {}, '`baseUrl` should be an absolute URL'],
    ['with a relative one', { baseUrl: '/api' }, '`baseUrl` should be an absolute URL'],
    ['with one that is not of HTTP', { baseUrl: 'ftp://x.test' }, '`baseUrl` should be an absolute URL'],
    ['with credentials in it', { baseUrl: 'https://u:secret@x.test' }, 'no credentials'],
    ['with a query in it', { baseUrl: 'https://x.test?key=1' }, 'neither a query'],
    ['with options that do not exist', { baseUrl: 'https://x.test', retries: 3 }, 'Unknown option `retries`'],
    [
      'with an auth that is none',
      { baseUrl: 'https://x.test', auth: 'Bearer x' },
      '`auth` should be an object',
    ],
    [
      'with a mode that is none',
      { baseUrl: 'https://x.test', validate: { request: 1 } },
      '`validate.request`',
    ],
    ['with a policy that will not do', { baseUrl: 'https://x.test', policy: { leaseMs: -1 } }, '`leaseMs`'],
    [
      'with a policy beside a fetch that has one',
      { baseUrl: 'https://x.test', fetch: createFetch(), policy: {} },
      'contradict each other',
    ],
  ])('%s', (_, options, message) => {
    expect(() => create(options)).toThrow(message);
  });

  test.each([
    'https://u:secret@x.test',
    'https://secret@x.test',
    'https://x.test?api_key=secret',
  ])('and says nothing of a secret that it was given: %s', baseUrl => {
    expect(() => create({ baseUrl })).not.toThrow('secret');
  });
});
