import { Validator } from '@seriousme/openapi-schema-validator';
import { scope, type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import {
  binary,
  type Contract,
  defineContract,
  type Endpoint,
  type EndpointOptions,
  endpoint,
  eventStream,
  form,
  json,
  jsonLines,
  schema as lazySchema,
  multipart,
  type OpenAPIDocument,
  type OpenAPIInfo,
  type OpenAPIOperation,
  type OpenAPIParameter,
  stream,
  text,
  toOpenAPI,
} from '../../src/contract/index.ts';

const info: OpenAPIInfo = { title: 'Users', version: '1.0.0' };
const documentOf = (contract: Contract): OpenAPIDocument => toOpenAPI(contract, info);

/** An endpoint of which only a part matters. */
const some = (options: Partial<EndpointOptions>): Endpoint =>
  endpoint({ method: 'POST', path: '/', responses: { 204: null }, ...options } as never);

/** The one operation of a contract with one endpoint, and the components beside it. */
function described(options: Partial<EndpointOptions>) {
  const { paths, components } = documentOf({ op: some(options) });
  const [operation] = Object.values(Object.values(paths)[0] ?? {}) as OpenAPIOperation[];
  return { ...(operation as OpenAPIOperation), schemas: components?.schemas };
}

const parameterOf = (options: Partial<EndpointOptions>): OpenAPIParameter | undefined =>
  described(options).parameters?.[0];

/** What the schema of a response in JSON comes to. */
const schemaOf = (schema: z.core.$ZodType) =>
  described({ responses: { 200: schema as never } }).responses[200]?.content?.['application/json']?.schema;

const isoDate = () =>
  z.codec(z.iso.datetime(), z.date(), { decode: text => new Date(text), encode: date => date.toISOString() });

interface Branch {
  name: string;
  branches: Branch[];
}
const Tree: z.ZodType<Branch> = z.object({
  name: z.string(),
  get branches() {
    return z.array(Tree);
  },
});

const valid = { valid: true };

/** Whether a document is one, references included. The validator resolves them in what it is given. */
const validate = (document: OpenAPIDocument) => new Validator().validate({ ...structuredClone(document) });

/** A contract with something of everything. Built anew each time, so that nothing is the same but what it says. */
function richContract() {
  const User = z
    .object({ id: z.uuid(), name: z.string(), joined: isoDate(), boss: z.uuid().nullable() })
    .meta({ id: 'User', description: 'Someone who works here.' });
  const Problem = z.object({ title: z.string(), status: z.int() }).meta({ id: 'Problem' });
  const problem = json(Problem, { type: 'application/problem+json' });
  const { node } = scope({ node: { name: 'string', 'next?': 'node', 'all?': 'node[]' } }).export();
  return defineContract({
    users: {
      list: endpoint({
        method: 'GET',
        path: '/users',
        query: z.object({
          page: z.int().min(1).default(1).describe('From 1.'),
          tags: z.array(z.string()).optional(),
          ids: z.array(z.string()).optional(),
          sort: z.array(z.string()).optional(),
          near: z.object({ lat: z.number(), lon: z.number() }).optional(),
          where: z.object({ name: z.string().optional() }).optional(),
          since: isoDate().optional(),
        }),
        styles: {
          query: {
            tags: { explode: false },
            ids: { style: 'pipeDelimited' },
            sort: { style: 'spaceDelimited' },
            near: { style: 'deepObject' },
            where: { style: 'json' },
          },
        },
        headers: z.object({ 'X-Trace': z.string().optional() }),
        cookies: z.object({ session: z.string() }),
        responses: {
          200: { body: z.array(User), headers: z.object({ 'X-Total': z.coerce.number() }) },
          '4xx': problem,
          default: [problem, text()],
        },
        summary: 'Everyone',
        tags: ['people'],
      }),
      get: endpoint({
        method: 'GET',
        path: '/users/{id}',
        params: z.object({ id: z.uuid() }),
        responses: { 200: User, 404: { body: problem, description: 'Nobody has this id' } },
        operationId: 'getUser',
        description: 'One of *them*.',
        deprecated: true,
      }),
      put: endpoint({
        method: 'PUT',
        path: '/users/{userId}',
        params: z.object({ userId: z.uuid() }),
        body: User,
        idempotency: 'key',
        responses: { 204: null },
      }),
      photos: {
        add: endpoint({
          method: 'POST',
          path: '/users/{id}/photos',
          params: z.object({ id: z.uuid() }),
          body: multipart(z.object({ photo: z.file(), title: z.string().optional() })),
          responses: { 201: null },
        }),
        get: endpoint({
          method: 'GET',
          path: '/photos{name}',
          params: z.object({ name: z.string() }),
          styles: { params: { name: { style: 'label' } } },
          responses: { 200: [binary({ type: 'image/png' }), stream({ type: 'image/*' })] },
        }),
      },
      search: endpoint({
        method: 'QUERY',
        path: '/users',
        body: form(z.object({ text: z.string(), tags: z.array(z.string()).optional() })),
        responses: { 200: jsonLines(User), 206: eventStream(User) },
      }),
    },
    tree: endpoint({ method: 'GET', path: '/tree', responses: { 200: Tree } }),
    nodes: endpoint({ method: 'GET', path: '/nodes', responses: { 200: node } }),
    old: endpoint({
      method: 'POST',
      path: '/old',
      query: v.object({ a: v.string() }),
      body: v.object({ a: v.string() }),
      responses: { 200: v.object({ a: v.string() }) },
    }),
  });
}

describe('a document', () => {
  test('is valid OpenAPI 3.1, for a contract with something of everything', async () => {
    const document = toOpenAPI(richContract(), {
      ...info,
      summary: 'Who works here',
      description: 'All of them.',
      contact: { name: 'Us', email: 'us@example.com' },
      license: { name: 'MIT', identifier: 'MIT' },
      servers: [{ url: 'https://users.internal/v1', description: 'Production' }],
    });
    expect(await validate(document)).toEqual(valid);
    expect(document.openapi).toBe('3.1.0');
  });

  test('refers to nothing that it does not have', () => {
    const document = documentOf(richContract());
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
    const referredTo = new Set([...references].map(([, name]) => name));
    expect([...referredTo].sort()).toEqual(Object.keys(document.components?.schemas ?? {}).sort());
  });

  test('is the same text each time', () => {
    const once = JSON.stringify(documentOf(richContract()));
    // Some libraries count what they make, and would show it in names.
    scope({ more: { 'more?': 'more' } }).export();
    expect(JSON.stringify(documentOf(richContract()))).toBe(once);
  });

  test('holds nothing that JSON does not', () => {
    const document = documentOf(richContract());
    expect(document).toStrictEqual(JSON.parse(JSON.stringify(document)));
  });

  test('has paths and components in the order of the contract', () => {
    const { paths, components } = documentOf(richContract());
    expect(Object.keys(paths)).toEqual([
      '/users',
      '/users/{id}',
      '/users/{id}/photos',
      '/photos{name}',
      '/tree',
      '/nodes',
      '/old',
    ]);
    expect(Object.keys(components?.schemas ?? {})).toEqual([
      'User',
      'Problem',
      'tree.responses.200',
      'nodes.responses.200',
      'nodes.responses.200.2',
    ]);
  });

  test('says what it is told of the API, and of servers', () => {
    const about = { ...info, description: 'All.', contact: { url: 'https://example.com' } };
    const servers = [{ url: 'https://users.internal' }];
    const document = toOpenAPI({}, { ...about, servers });
    expect(document).toEqual({ openapi: '3.1.0', info: about, servers, paths: {} });
    servers[0]!.url = 'changed';
    expect(document.servers).toEqual([{ url: 'https://users.internal' }]);
  });
});

describe('an operation', () => {
  const named = (operation: OpenAPIOperation | undefined) => ({ ...operation, responses: undefined });

  test('has the names that lead to its endpoint as id, and those of the groups as tag', () => {
    const { paths } = documentOf({ users: { admin: { remove: some({}) } }, ping: some({ path: '/ping' }) });
    expect(named(paths['/']?.post)).toEqual({ operationId: 'users.admin.remove', tags: ['users.admin'] });
    expect(named(paths['/ping']?.post)).toEqual({ operationId: 'ping' });
  });

  test('has the id, the tags and the words of its endpoint, where there are any', () => {
    const words = { summary: 'S', description: 'D', deprecated: true };
    const own = { operationId: 'removeUser', tags: ['a', 'b'], ...words };
    const { paths } = documentOf({ users: { remove: some(own) } });
    expect(named(paths['/']?.post)).toEqual(own);
  });

  test('stands beside the others of its path, by method', () => {
    const { paths } = documentOf({
      get: some({ method: 'GET' }),
      other: some({ path: '/other' }),
      remove: some({ method: 'DELETE' }),
    });
    expect(Object.keys(paths)).toEqual(['/', '/other']);
    expect(Object.keys(paths['/'] ?? {})).toEqual(['get', 'delete']);
  });

  test('stands in the extension that is registered for it, if OpenAPI 3.1 does not know its method', () => {
    const { paths } = documentOf({ get: some({ method: 'GET' }), search: some({ method: 'QUERY' }) });
    expect(Object.keys(paths['/'] ?? {})).toEqual(['get', 'x-oai-additionalOperations']);
    expect(paths['/']?.['x-oai-additionalOperations']?.QUERY?.operationId).toBe('search');
  });

  test('takes an Idempotency-Key, and does not insist on it, where its endpoint declares one', () => {
    expect(parameterOf({ idempotency: 'key' })).toEqual({
      name: 'Idempotency-Key',
      in: 'header',
      description: expect.any(String),
      required: false,
      schema: { type: 'string' },
    });
    expect(described({ idempotency: 'idempotent' }).parameters).toBeUndefined();
  });

  test('has one Idempotency-Key, if its endpoint says more of it', () => {
    const headers = z.object({ 'idempotency-key': z.uuid() });
    const { parameters } = described({ idempotency: 'key', headers });
    expect(parameters?.map(({ name, required }) => [name, required])).toEqual([['idempotency-key', true]]);
  });

  test('has the security of its endpoint as that states it, and else none', () => {
    const security = [{ login: ['read', 'write'] }, { key: [], app: [] }, {}];
    expect(described({ security }).security).toEqual(security);
    expect(described({ security: [] }).security).toEqual([]);
    expect(described({})).not.toHaveProperty('security');
  });

  test('has schemes behind its security, where they are given', async () => {
    const contract = {
      a: some({ path: '/a', security: [{ login: ['read'] }, { key: [] }] }),
      b: some({ path: '/b' }),
    };
    const securitySchemes = {
      login: {
        type: 'oauth2',
        flows: { clientCredentials: { tokenUrl: 'https://id.test/token', scopes: { read: 'Reads.' } } },
      },
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
    } as const;
    const document = toOpenAPI(contract, { ...info, securitySchemes });
    expect(document.components).toEqual({ securitySchemes });
    expect(document.info).toEqual(info);
    expect(await validate(document)).toEqual(valid);
    const { key } = securitySchemes;
    expect(() => toOpenAPI(contract, { ...info, securitySchemes: { key } })).toThrow(
      new TypeError('`a` asks for "login", which `info.securitySchemes` does not have.'),
    );
  });

  test('says nothing of what only a client does', () => {
    const policy = { retry: { maxRetries: 7 } };
    const validation = { request: 'off', response: 'off' } as const;
    const plain = described({ method: 'GET' });
    const options = {
      method: 'GET',
      policy,
      validate: validation,
      fallback: null,
      idempotency: 'safe',
    } as const;
    expect(described(options)).toEqual(plain);
  });
});

describe('a parameter', () => {
  const places = { params: 'path', query: 'query', headers: 'header', cookies: 'cookie' };
  const List = z.array(z.string());

  test.each(Object.entries(places))('of %s stands in the %s', (place, where) => {
    const group = { [place]: z.object({ p: z.string() }), path: place === 'params' ? '/{p}' : '/' };
    expect(parameterOf(group)).toEqual({ name: 'p', in: where, required: true, schema: { type: 'string' } });
  });

  test('that may be left out, or has a default, is not required', () => {
    const query = z.object({
      a: z.string(),
      b: z.string().optional(),
      c: z.int().default(3),
      d: isoDate().nullish(),
    });
    const { parameters } = described({ query });
    expect(parameters?.map(({ name, required }) => [name, required])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
      ['d', false],
    ]);
    expect(parameters?.[2]?.schema).toMatchObject({ type: 'integer', default: 3 });
  });

  test('of the path is always required, and stands in the order of the path', () => {
    const params = z.object({ b: z.string().default('x'), a: z.string() });
    const { parameters } = described({ path: '/{a}/{b}', params });
    expect(parameters?.map(({ name, required }) => [name, required])).toEqual([
      ['a', true],
      ['b', true],
    ]);
  });

  test('has what its schema says in words where readers look for it', () => {
    const query = z.object({ at: z.string().meta({ description: 'When.', deprecated: true }) });
    expect(parameterOf({ query })).toEqual({
      name: 'at',
      in: 'query',
      description: 'When.',
      required: true,
      deprecated: true,
      schema: { type: 'string' },
    });
  });

  test.each<[string, keyof typeof places, object | undefined, object]>([
    ['path, by default', 'params', undefined, {}],
    ['path, simple', 'params', { style: 'simple' }, {}],
    ['path, simple and exploded', 'params', { style: 'simple', explode: true }, { explode: true }],
    ['path, label', 'params', { style: 'label' }, { style: 'label' }],
    [
      'path, label and exploded',
      'params',
      { style: 'label', explode: true },
      { style: 'label', explode: true },
    ],
    ['path, matrix', 'params', { style: 'matrix' }, { style: 'matrix' }],
    ['query, by default', 'query', undefined, {}],
    ['query, form', 'query', { style: 'form', explode: true }, {}],
    ['query, form and not exploded', 'query', { explode: false }, { explode: false }],
    ['query, spaceDelimited', 'query', { style: 'spaceDelimited' }, { style: 'spaceDelimited' }],
    ['query, pipeDelimited', 'query', { style: 'pipeDelimited' }, { style: 'pipeDelimited' }],
    ['query, deepObject', 'query', { style: 'deepObject' }, { style: 'deepObject', explode: true }],
    ['header, by default', 'headers', undefined, {}],
    ['header, exploded', 'headers', { explode: true }, { explode: true }],
    ['cookie, by default', 'cookies', undefined, {}],
    ['cookie, not exploded', 'cookies', { explode: false }, { explode: false }],
  ])('has its style where OpenAPI would take another for granted: %s', (_, place, style, expected) => {
    const path = place === 'params' ? '/{p}' : '/';
    const options = {
      path,
      [place]: z.object({ p: List }),
      ...(style && { styles: { [place]: { p: style } } }),
    };
    const { name, in: where, required, schema, ...spelling } = parameterOf(options) as OpenAPIParameter;
    expect(spelling).toEqual(expected);
  });

  test.each(Object.keys(places))('of %s that is JSON has a content in place of a style', place => {
    const path = place === 'params' ? '/{p}' : '/';
    const group = z.object({ p: z.object({ a: z.string() }).describe('Words.') });
    const options = { path, [place]: group, styles: { [place]: { p: { style: 'json' } } } };
    expect(parameterOf(options as Partial<EndpointOptions>)).toEqual({
      name: 'p',
      in: expect.any(String),
      description: 'Words.',
      required: true,
      content: {
        'application/json': {
          schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
        },
      },
    });
  });

  test('without a name is a member of one free-form object', () => {
    const free = { name: 'freeForm', in: 'query', required: false };
    expect(parameterOf({ query: z.record(z.string(), z.int32()) })).toMatchObject({
      ...free,
      schema: { type: 'object', additionalProperties: { type: 'integer' } },
    });
    expect(described({ query: z.looseObject({ a: z.string() }) }).parameters).toMatchObject([
      { name: 'a' },
      { ...free, schema: { type: 'object', additionalProperties: {} } },
    ]);
    expect(described({ query: z.strictObject({ a: z.string() }) }).parameters).toHaveLength(1);
    const taken = z.looseObject({ freeForm: z.string(), freeForm2: z.string() });
    expect(described({ query: taken }).parameters?.[2]).toMatchObject({ name: 'freeForm3' });
  });

  test('of a group with an id stands by itself, and the group nowhere', () => {
    const Paging = z.object({ page: z.string() }).meta({ id: 'Paging' });
    const { parameters, schemas } = described({ query: Paging });
    expect(parameters).toMatchObject([{ name: 'page', required: true }]);
    expect(schemas).toBeUndefined();
  });

  test('of an intersection is found in either side', () => {
    const query = z.intersection(z.object({ a: z.string() }), z.object({ b: z.string().optional() }));
    expect(described({ query }).parameters).toMatchObject([
      { name: 'a', required: true },
      { name: 'b', required: false },
    ]);
  });

  test('has the name that the first endpoint of its path gives it, since to OpenAPI the paths are one', async () => {
    const document = documentOf({
      get: some({ method: 'GET', path: '/users/{id}/x', params: z.object({ id: z.uuid() }) }),
      put: some({ method: 'PUT', path: '/users/{userId}/x', params: z.object({ userId: z.string() }) }),
    });
    expect(Object.keys(document.paths)).toEqual(['/users/{id}/x']);
    expect(document.paths['/users/{id}/x']?.put?.parameters).toMatchObject([
      { name: 'id', schema: { type: 'string' } },
    ]);
    expect(await validate(document)).toEqual(valid);
  });

  test('keeps its name in the style matrix, which sends it, so that two names are refused', () => {
    const styles = { params: { userId: { style: 'matrix' } } } as const;
    const contract = {
      get: some({ method: 'GET', path: '/{id}', params: z.object({ id: z.string() }) }),
      put: some({ method: 'PUT', path: '/{userId}', params: z.object({ userId: z.string() }), styles }),
    };
    expect(() => documentOf(contract)).toThrow(/`put` calls a parameter \{userId\} that `get` calls \{id\}/);
  });
});

describe('a request body', () => {
  const bodyOf = (body: NonNullable<EndpointOptions['body']>) => described({ body }).requestBody;
  const Fields = z.object({ a: z.string() });
  const fields = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };

  test.each([
    ['JSON', Fields, 'application/json', { schema: fields }],
    [
      'JSON of a type of its own',
      json(Fields, { type: 'application/vnd.a+json' }),
      'application/vnd.a+json',
      { schema: fields },
    ],
    ['text', text(), 'text/plain', { schema: { type: 'string' } }],
    [
      'text of a schema',
      text(z.enum(['a', 'b'])),
      'text/plain',
      { schema: { type: 'string', enum: ['a', 'b'] } },
    ],
    ['a form', form(Fields), 'application/x-www-form-urlencoded', { schema: fields }],
    ['multipart', multipart(Fields), 'multipart/form-data', { schema: fields }],
    ['bytes', binary({ type: 'image/png' }), 'image/png', {}],
    ['a stream', stream(), 'application/octet-stream', {}],
  ])('can be %s', (_, body, mediaType, expected) => {
    expect(bodyOf(body)).toEqual({ required: true, content: { [mediaType]: expected } });
  });

  test.each([
    ['zod', Fields.optional()],
    ['zod, with a default', Fields.default({ a: '' })],
    ['valibot', v.optional(v.object({ a: v.string() }))],
  ])('is not required if its schema lets it be left out: %s', (_, body) => {
    expect(bodyOf(body)?.required).toBe(false);
  });

  test.each([
    [
      'throws',
      v.pipe(
        v.unknown(),
        v.transform(value => (value as string).length),
      ),
    ],
    [
      'rejects',
      v.pipeAsync(
        v.unknown(),
        v.transformAsync(async value => (value as string).length),
      ),
    ],
  ])('is required if its schema only %s without it', (_, body) => {
    expect(bodyOf(body)?.required).toBe(true);
  });

  test('says of a form how lists and objects are written, which OpenAPI would have as JSON', () => {
    const Filter = z.object({ a: z.string() }).meta({ id: 'Filter' });
    const Name = z.string().meta({ id: 'Name' });
    const body = form(
      z.object({
        n: z.int(),
        list: z.array(z.string()),
        one: Filter,
        name: Name,
        none: z.string().nullable(),
      }),
    );
    expect(bodyOf(body)?.content['application/x-www-form-urlencoded']?.encoding).toEqual({
      list: { style: 'form', explode: true },
      one: { style: 'form', explode: true },
    });
  });

  test('says of what type the files of a form are, and gives bytes none in JSON', () => {
    const Form = z.object({
      any: z.file().min(1),
      png: z.file().mime(['image/png']).optional(),
      more: z.array(z.file().mime(['image/png', 'image/jpeg'])),
      title: z.string(),
    });
    const { schema, encoding } = bodyOf(multipart(Form))?.content['multipart/form-data'] ?? {};
    expect(schema?.properties).toEqual({
      any: { contentMediaType: 'application/octet-stream' },
      png: { contentMediaType: 'image/png' },
      more: {
        type: 'array',
        items: { anyOf: [{ contentMediaType: 'image/png' }, { contentMediaType: 'image/jpeg' }] },
      },
      title: { type: 'string' },
    });
    expect(encoding).toEqual({
      any: { contentType: 'application/octet-stream' },
      png: { contentType: 'image/png' },
      more: { contentType: 'image/png, image/jpeg' },
    });
  });
});

describe('a response', () => {
  test('is named by status, range or default as OpenAPI spells them, and has a description in any case', () => {
    const { responses } = described({
      responses: { 200: null, 299: null, 404: { description: 'Nobody' }, '5xx': null, default: null },
    });
    expect(responses).toEqual({
      200: { description: 'OK' },
      299: { description: 'Successful' },
      404: { description: 'Nobody' },
      '5XX': { description: 'Server Error' },
      default: { description: 'Any other status' },
    });
  });

  test('has each of its contents by media type', () => {
    const op = endpoint({
      method: 'GET',
      path: '/',
      responses: { 200: [z.object({ a: z.string() }), text()] },
    });
    const content = documentOf({ op }).paths['/']?.get?.responses[200]?.content;
    expect(Object.keys(content ?? {})).toEqual(['application/json', 'text/plain']);
    expect(content?.['application/json']?.schema?.required).toEqual(['a']);
  });

  test('has its headers, required or not', () => {
    const headers = z.object({
      ETag: z.string().describe('Version.'),
      'X-Left': z.coerce.number().optional(),
    });
    expect(described({ responses: { 200: { headers } } }).responses[200]).toEqual({
      description: 'OK',
      headers: {
        ETag: { description: 'Version.', required: true, schema: { type: 'string' } },
        'X-Left': { required: false, schema: { type: 'number' } },
      },
    });
  });

  test('that streams has the schema of one event or line', () => {
    const { responses } = described({
      responses: {
        200: [eventStream(z.object({ a: z.string() })), jsonLines(z.int32())],
        206: eventStream(),
      },
    });
    expect(responses[200]?.content).toMatchObject({
      'text/event-stream': { schema: { type: 'object' } },
      'application/x-ndjson': { schema: { type: 'integer' } },
    });
    expect(responses[206]?.content).toEqual({ 'text/event-stream': { schema: { type: 'string' } } });
  });

  test('of a status that has no body has none', () => {
    expect(described({ responses: { 204: z.undefined(), 304: null } }).responses).toEqual({
      204: { description: 'No Content' },
      304: { description: 'Not Modified' },
    });
  });
});

describe('a schema', () => {
  test('says what is on the wire, of requests as of responses', () => {
    const Wire = z.object({
      at: isoDate(),
      size: z.int32().default(1),
      name: z.string().transform(text => text.length),
    });
    const { name, ...codecs } = Wire.shape;
    const wire = {
      at: { type: 'string', format: 'date-time', pattern: expect.any(String) },
      size: { type: 'integer', default: 1 },
    };
    const sent = described({ body: z.object(codecs) }).requestBody?.content['application/json']?.schema;
    expect(sent).toMatchObject({ properties: wire, required: ['at'] });
    expect(schemaOf(Wire)).toMatchObject({
      properties: { ...wire, name: { type: 'string' } },
      required: ['at', 'name'],
    });
  });

  test.each<[string, z.ZodType, string | undefined]>([
    ['a pattern behind a format', z.email().regex(/x$/), 'email'],
    ['a pattern before one', z.string().regex(/x$/).check(z.url()), 'uri'],
    ['a pattern with a name', z.iso.datetime().endsWith('0Z'), 'date-time'],
    ['what its metadata says', z.email().meta({ format: 'idn-email' }), 'idn-email'],
    ['patterns with names alone', z.string().lowercase().startsWith('a'), undefined],
    [
      'a time without a zone, which is none of RFC 3339',
      z.iso.datetime({ local: true }).endsWith('0'),
      undefined,
    ],
    ['a time of the day, which has no zone either', z.iso.time().endsWith('0'), undefined],
  ])('of a text keeps its format, and no pattern is taken for one: %s', (_, text, format) => {
    expect(schemaOf(text)?.format).toBe(format);
  });

  test('takes further keys unless it is strict: a service may add to what it says', () => {
    expect(schemaOf(z.object({}))).not.toHaveProperty('additionalProperties');
    expect(schemaOf(z.strictObject({}))).toHaveProperty('additionalProperties', false);
  });

  test.each<[string, z.core.$ZodType, object]>([
    ['date', z.date(), { type: 'string', format: 'date-time' }],
    ['bigint in a literal', z.literal([1n, 'a']), { enum: [1, 'a'] }],
    ['custom', z.custom(() => true), { description: 'Custom types cannot be represented in JSON Schema' }],
    ['instance', z.instanceof(URL), { description: 'Custom types cannot be represented in JSON Schema' }],
    ['undefined', z.undefined(), { not: {} }],
    ['any', z.any(), {}],
  ])('of zod that JSON Schema has no word for is described as far as it goes: %s', (_, schema, expected) => {
    const { requestBody } = described({ body: z.object({ it: schema }) });
    expect(requestBody?.content['application/json']?.schema?.properties).toEqual({ it: expected });
  });

  test.each<[string, z.core.$ZodType]>([
    ['by coercion', z.coerce.bigint()],
    ['by coercion, with a default', z.coerce.bigint().default(1n)],
  ])('of zod that makes a bigint of what arrives is described as far as it goes: %s', (_, it) => {
    expect(schemaOf(z.object({ it }))?.properties).toEqual({ it: { type: 'integer' } });
  });

  test('of zod that fails to be described is said to, and nothing fails with it', () => {
    const schema = schemaOf(z.string().meta({ examples: [1n] }));
    expect(schema).toEqual({ description: 'Checked by a schema of zod, for which there is no JSON Schema.' });
  });

  test('that is readonly to the program may be sent, unless its metadata says otherwise', () => {
    const { requestBody } = described({
      body: z.object({
        a: z.array(z.string()).readonly().optional(),
        b: z.string().readonly().meta({ readOnly: true }),
      }),
    });
    expect(requestBody?.content['application/json']?.schema?.properties).toEqual({
      a: { type: 'array', items: { type: 'string' } },
      b: { type: 'string', readOnly: true },
    });
  });

  test.each([
    ['a codec', () => isoDate()],
    ['optional', () => z.string().optional()],
    ['one with a default', () => z.number().default(2)],
    ['nullable', () => z.string().nullable()],
    ['readonly', () => z.array(z.string()).readonly()],
    ['one that is described twice', () => z.string().describe('Before.').min(1).describe('After.')],
    ['a pipe of zod/mini', () => mini.pipe(mini.string(), mini.transform(Number))],
    ['another that is built late', () => lazySchema(isoDate)],
  ])('that is built late is described as it is: %s', (_, build) => {
    expect(schemaOf(z.object({ a: lazySchema(build) }))).toEqual(schemaOf(z.object({ a: build() })));
    expect(schemaOf(lazySchema(build))).toEqual(schemaOf(build()));
    const built = build();
    const twice = z.object({ a: built, b: lazySchema(() => built) });
    expect(schemaOf(twice)).toEqual(schemaOf(z.object({ a: built, b: built })));
  });

  test('of zod/mini is described as well', () => {
    const schema = mini.object({ a: mini.optional(mini.string()) });
    expect(schemaOf(schema)).toEqual({ type: 'object', properties: { a: { type: 'string' } } });
  });

  test('of arktype is described through Standard JSON Schema', () => {
    const User = type({ name: 'string', 'age?': 'number', at: 'string.date.iso.parse' });
    const { parameters, responses } = described({ query: User, responses: { 200: User } });
    expect(parameters?.map(({ name, required, schema }) => [name, required, schema?.type])).toEqual([
      ['at', true, 'string'],
      ['name', true, 'string'],
      ['age', false, 'number'],
    ]);
    const schema = responses[200]?.content?.['application/json']?.schema;
    expect(schema).toMatchObject({ type: 'object', required: ['at', 'name'] });
    expect(schema).not.toHaveProperty('$schema');
  });

  test('of valibot, which offers no JSON Schema, lets anything pass and says so', () => {
    const description = 'Checked by a schema of valibot, for which there is no JSON Schema.';
    const schema = v.object({ id: v.string() });
    const { parameters, requestBody, responses } = described({
      path: '/{id}',
      params: schema,
      query: schema,
      headers: schema,
      body: schema,
      responses: { 200: { body: schema, headers: schema } },
    });
    const content = { 'application/json': { schema: { description } } };
    expect(parameters).toEqual([
      { name: 'id', in: 'path', description, required: true, schema: {} },
      { name: 'freeForm', in: 'query', description, required: false, schema: { type: 'object' } },
    ]);
    expect(requestBody).toEqual({ required: true, content });
    expect(responses[200]).toEqual({ description: 'OK', content });
  });

  test('of a library that gives up on it lets anything pass', () => {
    const broken = type('string');
    const input = () => {
      throw new Error('no');
    };
    const schema = { '~standard': { ...broken['~standard'], jsonSchema: { input, output: input } } };
    expect(described({ body: schema }).requestBody?.content['application/json']?.schema).toEqual({
      description: 'Checked by a schema of arktype, for which there is no JSON Schema.',
    });
  });
});

describe('a component', () => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const responding = (...schemas: z.core.$ZodType[]) =>
    documentOf(
      Object.fromEntries(
        schemas.map((schema, index) => [
          `op${index + 1}`,
          endpoint({ method: 'GET', path: `/${index + 1}`, responses: { 200: schema as never } }),
        ]),
      ),
    );
  const schemaAt = ({ paths }: OpenAPIDocument, index: number) =>
    paths[`/${index}`]?.get?.responses[200]?.content?.['application/json']?.schema;

  test('is what a schema with an id becomes, wherever it is used', () => {
    const User = z.object({ name: z.string() }).meta({ id: 'User' });
    const document = responding(User, z.array(User), z.object({ boss: User.nullable().optional() }));
    expect(document.components?.schemas).toEqual({
      User: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    });
    expect(schemaAt(document, 1)).toEqual(ref('User'));
    expect(schemaAt(document, 2)).toEqual({ type: 'array', items: ref('User') });
    expect(schemaAt(document, 3)).toMatchObject({
      properties: { boss: { anyOf: [ref('User'), { type: 'null' }] } },
    });
  });

  test('is referred to by other components', () => {
    const City = z.object({ name: z.string() }).meta({ id: 'City' });
    const { components } = responding(z.object({ city: City }).meta({ id: 'User' }));
    expect(components?.schemas).toMatchObject({ User: { properties: { city: ref('City') } }, City: {} });
  });

  test('is referred to by a schema that says more of it', () => {
    const User = z.object({ name: z.string() }).meta({ id: 'User' });
    expect(schemaAt(responding(User.describe('The boss.')), 1)).toEqual({
      ...ref('User'),
      description: 'The boss.',
    });
  });

  test('is what a recursive schema becomes, named after where it was met first and once for all uses', async () => {
    const document = responding(z.array(Tree), Tree, z.object({ tree: Tree }));
    expect(document.components?.schemas).toEqual({
      'op1.responses.200': {
        type: 'object',
        properties: {
          name: { type: 'string' },
          branches: { type: 'array', items: ref('op1.responses.200') },
        },
        required: ['name', 'branches'],
      },
    });
    expect(schemaAt(document, 1)).toEqual({ type: 'array', items: ref('op1.responses.200') });
    expect(schemaAt(document, 2)).toEqual(ref('op1.responses.200'));
    expect(await validate(document)).toEqual(valid);
  });

  test('is what a schema becomes that is built late, if it has an id or refers to itself', () => {
    const Named: z.ZodType = lazySchema(() => z.object({ at: isoDate() }).meta({ id: 'Named' }));
    const Late: z.ZodType = lazySchema(() => z.object({ named: Named.optional(), next: Late.optional() }));
    const { responses, schemas } = described({ responses: { 200: Late } });
    const late = { $ref: '#/components/schemas/op.responses.200' };
    expect(responses[200]?.content?.['application/json']?.schema).toEqual(late);
    expect(schemas).toMatchObject({
      'op.responses.200': { properties: { named: { $ref: '#/components/schemas/Named' }, next: late } },
      Named: { properties: { at: { format: 'date-time' } } },
    });
    expect(Object.keys(schemas ?? {})).toHaveLength(2);
  });

  test('keeps the id of a recursive schema that has one', () => {
    const Node: z.ZodType = z.lazy(() => z.object({ next: Node.optional() })).meta({ id: 'Node' });
    const { components } = responding(Node);
    expect(components?.schemas).toEqual({ Node: { type: 'object', properties: { next: ref('Node') } } });
  });

  test('stands for each of two recursive schemas that lead to each other', async () => {
    const Even: z.ZodType = z.object({
      get odd() {
        return Odd.optional();
      },
      even: z.literal(true),
    });
    const Odd: z.ZodType = z.object({
      get even() {
        return Even.optional();
      },
      odd: z.literal(true),
    });
    const document = responding(Even, Odd, z.object({ e: Even, o: Odd }));
    expect(await validate(document)).toEqual(valid);
    expect(JSON.stringify(document)).not.toMatch(/"#"|\$defs|__schema/);
  });

  /** What a library of its own offers. */
  const foreign = (jsonSchema: Record<string, unknown>) =>
    ({
      '~standard': {
        version: 1,
        vendor: 'other',
        validate: (value: unknown) => ({ value }),
        jsonSchema: { input: () => jsonSchema, output: () => jsonSchema },
      },
    }) as never;

  test('stands for a recursive schema that comes upon itself by another name', () => {
    const Link: z.ZodType = z.object({
      get next() {
        return Link.describe('After it.').optional();
      },
    });
    const [link, next] = ['op1.responses.200', 'op1.responses.200.2'];
    const document = responding(Link);
    expect(schemaAt(document, 1)).toEqual(ref(link));
    expect(document.components?.schemas).toEqual({
      [link]: { type: 'object', properties: { next: ref(next) } },
      [next]: { ...ref(link), description: 'After it.' },
    });
  });

  test('is not shared by schemas that differ only in what they lead to', () => {
    const listOf = (type: string) =>
      foreign({ $ref: '#/$defs/List', $defs: { List: { items: { $ref: '#/$defs/Item' } }, Item: { type } } });
    const { components } = responding(listOf('string'), listOf('number'), listOf('string'));
    expect(components?.schemas).toEqual({
      'op1.responses.200': { items: ref('op1.responses.200.2') },
      'op1.responses.200.2': { type: 'string' },
      'op2.responses.200': { items: ref('op2.responses.200.2') },
      'op2.responses.200.2': { type: 'number' },
    });
  });

  test('of other libraries has a name of ours, since theirs may be another each time', () => {
    const { node } = scope({ node: { name: 'string', 'next?': 'node' } }).export();
    const document = responding(node as never, node as never);
    const name = 'op1.responses.200';
    expect(document.components?.schemas).toEqual({
      [name]: {
        type: 'object',
        properties: { name: { type: 'string' }, next: ref(name) },
        required: ['name'],
      },
    });
    expect(schemaAt(document, 2)).toEqual(ref(name));
  });

  test('of another library is not taken for one of zod that is called the same', () => {
    const User = z.object({ name: z.string() }).meta({ id: 'User' });
    const document = responding(User, foreign({ $ref: '#/$defs/User', $defs: { User: { type: 'null' } } }));
    expect(schemaAt(document, 1)).toEqual(ref('User'));
    expect(schemaAt(document, 2)).toEqual(ref('op2.responses.200'));
    expect(document.components?.schemas?.['op2.responses.200']).toEqual({ type: 'null' });
  });

  test.each([
    ['in two places', (A: z.ZodType, B: z.ZodType) => [A, B], 'op1.responses.200', 'op2.responses.200'],
    ['in one', (A: z.ZodType, B: z.ZodType) => [z.tuple([A, B])], 'op1.responses.200', 'op1.responses.200'],
  ])('cannot be two schemas with the same id, and the error says where they are: %s', (_, schemasOf, one, other) => {
    const A = z.object({ a: z.string() }).meta({ id: 'Same' });
    const B = z.object({ b: z.string() }).meta({ id: 'Same' });
    expect(() => responding(...schemasOf(A, B))).toThrow(
      new TypeError(
        `The id "Same" names two schemas, one in \`${one}\` and one in \`${other}\`. Rename either.`,
      ),
    );
  });

  test('cannot have an id that OpenAPI takes for no name', () => {
    const schema = z.string().meta({ id: 'a user/1' });
    expect(() => responding(schema)).toThrow(
      new TypeError(
        'An id in `op1.responses.200` should consist of letters, digits and ._- to name a component, got "a user/1".',
      ),
    );
  });
});

describe('bad input is refused:', () => {
  const contract = { op: some({}) };

  test.each<[string, unknown, string]>([
    ['no info', undefined, '`info` should be an object, got undefined.'],
    ['no title', { version: '1' }, '`info.title` should be a text that is not empty, got undefined.'],
    ['no version', { title: 'T' }, '`info.version` should be a text that is not empty, got undefined.'],
    [
      'an empty title',
      { title: ' ', version: '1' },
      '`info.title` should be a text that is not empty, got " ".',
    ],
    [
      'a number as version',
      { title: 'T', version: 1 },
      '`info.version` should be a text that is not empty, got 1.',
    ],
    [
      'a server without URL',
      { ...info, servers: [{}] },
      '`info.servers[0].url` should be a text that is not empty, got undefined.',
    ],
    [
      'servers that are none',
      { ...info, servers: 'https://a.test' },
      '`info.servers` should be an array, got "https://a.test".',
    ],
    [
      'a license without name',
      { ...info, license: {} },
      '`info.license.name` should be a text that is not empty, got undefined.',
    ],
    [
      'a scheme of no type',
      { ...info, securitySchemes: { key: { type: 'bearer' } } },
      '`info.securitySchemes.key.type` should be one of "apiKey", "http", "mutualTLS", "oauth2", "openIdConnect", got "bearer".',
    ],
    [
      'a scheme with members of others',
      { ...info, securitySchemes: { key: { type: 'apiKey', header: 'X-Key' } } },
      'Unknown option `info.securitySchemes.key.header`. Known here: type, description, name, in, scheme, bearerFormat, flows, openIdConnectUrl.',
    ],
    [
      'an unknown option',
      { ...info, titel: 'T' },
      'Unknown option `info.titel`. Did you mean `title`? Known here: title, version, summary, description, contact, license, servers, securitySchemes.',
    ],
  ])('%s', (_, given, message) => {
    expect(() => toOpenAPI(contract, given as OpenAPIInfo)).toThrow(new TypeError(message));
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, '`contract` should be an object, got undefined.'],
    ['a text', 'users', '`contract` should be an object, got "users".'],
    [
      'a member that is no endpoint',
      { a: { b: 1 } },
      '`a.b` should be an endpoint() or a group of them, got 1.',
    ],
    ['the same endpoint twice', { a: some({}), b: some({}) }, '`b` and `a` are both POST /.'],
  ])('%s as a contract', (_, given, message) => {
    expect(() => toOpenAPI(given as Contract, info)).toThrow(new TypeError(message));
  });
});
