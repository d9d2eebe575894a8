import { describe, expect, test } from 'vitest';
import { bodiesOf, declarationOf } from '../../src/contract/declared-response.ts';
import type { Endpoint } from '../../src/contract/endpoint.ts';
import type { EndpointOptions, Responses } from '../../src/contract/endpoint-options.ts';
import { membersOf } from '../../src/contract/zod.ts';
import {
  diagnosticsOf,
  documentOf,
  generated,
  importFrom,
  loaded,
  operationOf,
  optionsOf,
  workFolder,
} from './support.ts';

const parameter = (where: string, name: string, more: object = {}) => ({
  name,
  in: where,
  schema: { type: 'string' },
  ...more,
});
const namesIn = (group: unknown) => Object.keys(membersOf(group as never) ?? {});
const content = (type: string, schema: object = { type: 'object' }) => ({ [type]: { schema } });
const kindsOf = (responses: Responses, key: keyof Responses) => {
  const { body } = declarationOf(responses[key] ?? null);
  return body ? bodiesOf(body).map(({ kind, type }) => `${kind} ${type}`) : null;
};

describe('parameters', () => {
  test('stand in a group for each place, those of the path item among them', async () => {
    const { contract } = await loaded(
      documentOf({
        '/a/{id}': {
          parameters: [parameter('path', 'id', { required: true }), parameter('query', 'page')],
          get: {
            operationId: 'it',
            parameters: [
              parameter('query', 'page', { required: true }),
              parameter('header', 'X-Trace'),
              parameter('cookie', 'session'),
            ],
            responses: { 204: {} },
          },
        },
      }),
    );
    const { params, query, headers, cookies, styles } = contract.it?.options ?? {};
    expect([params, query, headers, cookies].map(namesIn)).toEqual([
      ['id'],
      ['page'],
      ['X-Trace'],
      ['session'],
    ]);
    expect(styles).toBeUndefined();
  });

  test('that are an object with lists, in the default style, are its members', async () => {
    const list = { type: 'array', items: { type: 'string' } };
    const Pageable = {
      type: 'object',
      required: ['page'],
      properties: {
        page: { type: 'integer', description: 'From 0.' },
        size: { type: 'integer' },
        sort: list,
      },
    };
    const of = (...parameters: object[]) =>
      loaded(
        documentOf(
          { '/things': { get: { operationId: 'it', parameters, responses: { 204: {} } } } },
          { components: { schemas: { Pageable } } },
        ),
      );
    const pageable = (more: object = {}) =>
      parameter('query', 'pageable', { schema: { $ref: '#/components/schemas/Pageable' }, ...more });
    const spread = await of(pageable({ required: true }), parameter('query', 'q'));
    expect(namesIn(spread.contract.it?.options.query)).toEqual(['page', 'size', 'sort', 'q']);
    expect(spread.text).toContain(
      '/** From 0. */\n  page: number;\n  size?: number | undefined;\n  sort?: string[] | undefined;',
    );
    expect(spread.problems.map(({ message, instead }) => `${message} ${instead}`)).toEqual([
      'The object "pageable" stands in the query by its members. They are parameters of their own.',
    ]);
    expect(spread.contract.it?.options.styles).toBeUndefined();

    for (const taken of [[pageable(), parameter('query', 'page')], [pageable({ style: 'deepObject' })]])
      expect(namesIn((await of(...taken)).contract.it?.options.query)).toContain('pageable');
  });

  test('that only the path names are texts, and others are left out, with a warning for each', async () => {
    const { params, problems } = await optionsOf(
      operationOf({ parameters: [parameter('path', 'other')] }, 'get', '/a/{id}'),
    );
    expect(namesIn(params)).toEqual(['id']);
    expect(problems).toEqual([
      'The path does not name the parameter "other". It is left out.',
      'The path names {id}, which is not declared. Any text is taken there.',
    ]);
  });

  test('have a style only where it is not the default of their place', async () => {
    const list = { type: 'array', items: { type: 'string' } };
    const { styles, path } = await optionsOf(
      operationOf(
        {
          parameters: [
            parameter('path', 'id', { style: 'matrix', explode: true, required: true }),
            parameter('query', 'a', { schema: list, style: 'form', explode: true }),
            parameter('query', 'b', { schema: list, explode: false }),
            parameter('query', 'c', { schema: list, style: 'pipeDelimited', explode: false }),
            parameter('query', 'd', { schema: { type: 'object' }, style: 'deepObject', explode: true }),
            { name: 'e', in: 'query', content: content('application/json') },
          ],
        },
        'get',
        '/a{id}',
      ),
    );
    expect(path).toBe('/a{id}');
    expect(styles).toEqual({
      params: { id: { style: 'matrix', explode: true } },
      query: {
        b: { explode: false },
        c: { style: 'pipeDelimited' },
        d: { style: 'deepObject' },
        e: { style: 'json' },
      },
    });
  });

  test('that their style cannot write have another, with a warning', async () => {
    const nested = {
      type: 'object',
      properties: { a: { type: 'object', properties: { b: { type: 'string' } } } },
    };
    const { styles, problems } = await optionsOf(
      operationOf({
        parameters: [
          parameter('query', 'a', { schema: nested }),
          parameter('query', 'b', { style: 'deepObject' }),
          parameter('query', 'c', { schema: { type: 'array', items: nested } }),
          parameter('query', 'd', { style: 'matrix' }),
          parameter('header', 'E', { schema: nested }),
        ],
      }),
    );
    expect(styles).toEqual({
      query: { a: { style: 'deepObject' }, b: { style: 'form' }, c: { style: 'json' } },
      headers: { E: { style: 'json' } },
    });
    expect(problems).toHaveLength(5);
  });

  test('that OpenAPI has said elsewhere are ignored, as are those twice or in no place', async () => {
    const { headers, query, problems } = await optionsOf(
      operationOf({
        parameters: [
          parameter('header', 'Authorization'),
          parameter('header', 'Accept'),
          parameter('header', 'not a token'),
          parameter('header', 'X-A'),
          parameter('header', 'x-a'),
          parameter('body', 'b'),
        ],
      }),
    );
    expect(namesIn(headers)).toEqual(['X-A']);
    expect(query).toBeUndefined();
    expect(problems).toHaveLength(3);
  });
});

describe('a body', () => {
  const bodyOf = async (types: object) => {
    const { body, problems } = await optionsOf(operationOf({ requestBody: { content: types } }, 'post'));
    return { body, kind: (body as { kind?: string })?.kind ?? 'json', problems };
  };

  test.each([
    ['application/json', 'json'],
    ['application/vnd.x+json; charset=utf-8', 'json'],
    ['application/x-www-form-urlencoded', 'form'],
    ['multipart/form-data', 'multipart'],
    ['text/plain', 'text'],
    ['application/xml', 'text'],
    ['image/png', 'binary'],
    ['multipart/mixed', 'stream'],
    ['application/x-ndjson', 'text'],
    ['application/jsonl', 'text'],
  ])('of %s is %s', async (type, kind) => {
    expect((await bodyOf(content(type))).kind).toBe(kind);
  });

  test('of several types is JSON, and the others are warned about', async () => {
    const { kind, problems } = await bodyOf({
      ...content('application/xml'),
      ...content('application/json-patch+json'),
      ...content('application/json'),
    });
    expect(kind).toBe('json');
    expect(problems).toEqual([
      'The body may also be sent as application/json-patch+json, application/xml. It is sent as application/json.',
    ]);
  });

  test('of a range of types is sent as the usual one of its kind, with a note', async () => {
    const json = await optionsOf(operationOf({ requestBody: { content: content('*/*') } }, 'post'));
    expect(json.body).not.toHaveProperty('kind');
    expect(json.problems).toContain('The body may be sent as */*. It is sent as application/json.');
    const text = await optionsOf(
      operationOf({ requestBody: { content: content('text/*', { type: 'string' }) } }, 'post'),
    );
    expect(text.body).toMatchObject({ kind: 'text', type: 'text/plain' });
  });

  test('of a form has the styles of its encoding, and JSON for objects without one', async () => {
    const object = { type: 'object', additionalProperties: { type: 'string' } };
    const { body } = await bodyOf({
      'application/x-www-form-urlencoded': {
        schema: { type: 'object', properties: { a: object, b: object, c: { type: 'string' } } },
        encoding: { b: { style: 'deepObject', explode: true }, c: { style: 'deepObject' } },
      },
    });
    expect(body).toMatchObject({
      kind: 'form',
      styles: { a: { style: 'json' }, b: { style: 'deepObject' } },
    });
  });

  test('is not sent with GET', async () => {
    const { body, problems } = await optionsOf(
      operationOf({ requestBody: { content: content('application/json') } }),
    );
    expect(body).toBeUndefined();
    expect(problems[0]).toContain('GET is sent without a body');
  });
});

describe('what is not followed is told of:', () => {
  const object = { type: 'object', properties: { a: { type: 'string' } } };
  const sent = (type: string, media: object) =>
    operationOf({ requestBody: { required: true, content: { [type]: media } } }, 'post');
  const received = (type: string, schema: object) =>
    operationOf({ responses: { 200: { content: { [type]: { schema } } } } });

  test.each([
    [
      'the encoding of parts',
      sent('multipart/form-data', { schema: object, encoding: { a: { contentType: 'audio/mpeg' } } }),
      [
        'The encoding of multipart/form-data is not followed. Parts have no headers of their own, and the type of their blobs.',
      ],
    ],
    [
      'the encoding of items',
      sent('multipart/form-data', { schema: object, itemEncoding: { contentType: 'audio/mpeg' } }),
      [
        'The itemEncoding of multipart/form-data is not followed. Parts have no headers of their own, and the type of their blobs.',
      ],
    ],
    [
      'the schema of a type that nobody knows',
      received('application/vnd.github.object', object),
      ['What is in application/vnd.github.object is not looked into. It is bytes.'],
    ],
    [
      'the schema of a stream',
      received('multipart/mixed', { anyOf: [object, { type: 'array' }] }),
      ['What is in multipart/mixed is not looked into. It is a stream of bytes.'],
    ],
    ['but not that bytes are bytes', received('application/pdf', { type: 'string', format: 'binary' }), []],
    ['nor an empty encoding', sent('multipart/form-data', { schema: object, encoding: {} }), []],
    [
      'what stands beside the reference of a path',
      documentOf(
        { '/things': { $ref: '#/components/pathItems/Things', parameters: [], summary: 'x' } },
        { components: { pathItems: { Things: { get: { responses: { 200: {} } } } } } },
      ),
      ['Beside the reference of a path, there is parameters. It is left out.'],
    ],
    [
      'an operationId that is there twice, once',
      documentOf({
        '/a': { get: { operationId: 'list_it', responses: { 200: {} } } },
        '/b': { get: { operationId: 'list_it', responses: { 200: {} } } },
      }),
      ['The name listIt is taken already. It is called listIt2.'],
    ],
  ])('%s', async (_, document, problems) => {
    expect((await optionsOf(document)).problems).toEqual(problems);
  });
});

describe('responses', () => {
  test('stand by status, by range and by default', async () => {
    const { responses } = await optionsOf(
      operationOf({
        responses: {
          200: { content: content('application/json') },
          204: { content: content('application/json') },
          '4XX': { content: content('application/problem+json') },
          default: {},
          'x-note': 1,
          999: {},
        },
      }),
    );
    expect(Object.keys(responses)).toEqual(['200', '204', '4xx', 'default']);
    expect(kindsOf(responses, 204)).toBeNull();
    expect(kindsOf(responses, '4xx')).toEqual(['json application/problem+json']);
    expect(responses.default).toBeNull();
  });

  test('of several contents are a list, unless they are spellings of one', async () => {
    const { responses } = await optionsOf(
      operationOf({
        responses: {
          200: { content: { ...content('application/json'), ...content('text/csv', { type: 'string' }) } },
          400: { content: { ...content('application/xml'), ...content('application/json') } },
        },
      }),
    );
    expect(kindsOf(responses, 200)).toEqual(['json application/json', 'text text/csv']);
    expect(kindsOf(responses, 400)).toEqual(['json application/json']);
  });

  test('have headers by their names in lower case, as texts', async () => {
    const { responses } = await optionsOf(
      operationOf({ responses: { 200: { headers: { 'X-Total': { schema: { type: 'integer' } } } } } }),
    );
    const { headers, body } = declarationOf(responses[200] ?? null);
    expect(body).toBeNull();
    expect(namesIn(headers)).toEqual(['x-total']);
    expect(headers?.['~standard'].validate({ 'x-total': '17' })).toEqual({ value: { 'x-total': '17' } });
  });

  test('to HEAD have no body', async () => {
    const document = operationOf({ responses: { 200: { content: content('application/json') } } }, 'head');
    expect((await optionsOf(document)).responses[200]).toBeNull();
  });

  test('that come as events or lines are streams', async () => {
    const item = { type: 'object', properties: { a: { type: 'string' } } };
    const { responses } = await optionsOf(
      operationOf({
        responses: {
          200: { content: { 'text/event-stream': { schema: item } } },
          201: { content: { 'application/jsonl': { itemSchema: item } } },
          202: { content: { 'text/event-stream': {} } },
        },
      }),
    );
    expect(kindsOf(responses, 200)).toEqual(['event-stream text/event-stream']);
    expect(kindsOf(responses, 201)).toEqual(['json-lines application/jsonl']);
    expect(bodiesOf(declarationOf(responses[202] ?? null).body as never)[0]?.schema).toBeUndefined();
  });

  test('that mean no success, or are none, take any, with a warning', async () => {
    const none = await optionsOf(documentOf({ '/a': { get: { operationId: 'it' } } }));
    expect(none.responses).toEqual({ default: null });
    const failures = await optionsOf(operationOf({ responses: { 200: undefined, 404: {} } }));
    expect(failures.responses).toEqual({ 404: null, '2xx': null });
    expect([...none.problems, ...failures.problems]).toHaveLength(2);
  });
});

describe('idempotency', () => {
  test.each([
    [{ parameters: [parameter('header', 'idempotency-key')] }, 'key'],
    [{ 'x-idempotent': true }, 'idempotent'],
    [{ 'x-idempotent': false }, 'none'],
    [{ 'x-fern-idempotent': true }, 'idempotent'],
    [{ 'x-speakeasy-retries': { strategy: 'backoff' } }, 'idempotent'],
    [{ 'x-speakeasy-retries': { strategy: 'none' } }, undefined],
    [{}, undefined],
  ])('of %o is %s', async (operation, idempotency) => {
    const options = await optionsOf(operationOf(operation, 'post'));
    expect(options.idempotency).toBe(idempotency);
    expect(options.headers).toBeUndefined();
  });
});

describe('retries and time, as vendors say them,', () => {
  const retries = (more: object, backoff?: object) => ({
    'x-speakeasy-retries': { strategy: 'backoff', ...(backoff && { backoff }), ...more },
  });

  test.each<[string, object, object | undefined, readonly string[]]>([
    [
      'all that Speakeasy has',
      retries(
        { statusCodes: ['5XX', 429, '408'], retryConnectionErrors: true },
        { initialInterval: 500, maxInterval: 60_000, maxElapsedTime: 3_600_000, exponent: 1.5 },
      ),
      {
        retry: {
          baseDelayMs: 500,
          maxDelayMs: 60_000,
          maxElapsedMs: 3_600_000,
          statuses: [408, 429, 500, 501, 502, 503, 504, 505, 506, 507, 508, 511],
        },
      },
      ['Retries are not counted, and end by time.', 'Delays should grow by 1.5. They double.'],
    ],
    [
      'one delay',
      retries({}, { initialInterval: 90_000 }),
      { retry: { baseDelayMs: 90_000, maxDelayMs: 90_000 } },
      [],
    ],
    ['the other', retries({}, { maxInterval: 100 }), { retry: { baseDelayMs: 100, maxDelayMs: 100 } }, []],
    ['delays that stay', retries({}, { exponent: 1 }), { retry: { backoff: 'constant' } }, []],
    ['delays that double', retries({}, { exponent: 2 }), undefined, []],
    ['nothing more', retries({}), undefined, []],
    ['no retries', { 'x-speakeasy-retries': { strategy: 'none' } }, { retry: false }, []],
    ["Fern's no retries", { 'x-fern-retries': { disabled: true } }, { retry: false }, []],
    ["Fern's retries", { 'x-fern-retries': { disabled: false } }, undefined, []],
    ['a timeout', { 'x-speakeasy-timeout': 2000 }, { attemptTimeoutMs: 2000 }, []],
    [
      'a long timeout',
      { 'x-speakeasy-timeout': 90_000 },
      { totalTimeoutMs: 90_000, attemptTimeoutMs: 90_000 },
      [],
    ],
    [
      'a timeout that is none',
      { 'x-speakeasy-timeout': '2s' },
      undefined,
      ['x-speakeasy-timeout should be a number'],
    ],
    [
      'a strategy of another kind',
      { 'x-speakeasy-retries': { strategy: 'linear' } },
      undefined,
      ['There is no strategy "linear"'],
    ],
    [
      'connection errors',
      retries({ retryConnectionErrors: false }),
      undefined,
      ['Connection errors should not be retried.'],
    ],
    [
      'a status of success',
      retries({ statusCodes: [200, '2XX', 503] }),
      { retry: { statuses: [503] } },
      ['200 is no', '"2XX" is no'],
    ],
  ])('%s', async (_, operation, policy, problems) => {
    const options = await optionsOf(operationOf(operation));
    expect(options.policy).toEqual(policy);
    expect(options.problems).toHaveLength(problems.length);
    for (const [index, problem] of problems.entries())
      expect(options.problems.toSorted()[index]).toContain(problems.toSorted()[index] ?? problem);
  });

  test('of the whole document stand above the contract', async () => {
    const { text, problems } = await generated({
      ...documentOf({ '/a': { get: { operationId: 'it', responses: { 200: {} } } } }),
      ...retries({ statusCodes: [503] }),
      'x-speakeasy-timeout': 1000,
    });
    expect(text).toContain(
      'The document asks for this with all calls: `createFetch({ attemptTimeoutMs: 1000, retry: { statuses: [503] } })`',
    );
    expect(text).not.toContain('policy:');
    expect(problems).toEqual([]);
  });
});

describe('pages', () => {
  const integer = { type: 'integer' };
  const list = { type: 'array', items: { type: 'string' } };
  const paged = (query: string[], body: object, more: object = {}) =>
    operationOf({
      parameters: query.map(name => parameter('query', name)),
      responses: {
        200: { content: { 'application/json': { schema: { type: 'object', properties: body } } }, ...more },
      },
    });

  test.each<[string, object, object | undefined]>([
    [
      'a cursor',
      paged(['cursor'], { users: list, next_cursor: { type: ['string', 'null'] } }),
      { cursor: 'next_cursor', items: 'users' },
    ],
    [
      'a token',
      paged(['pageToken'], { users: list, nextPageToken: { type: 'string' } }),
      { cursor: 'nextPageToken', param: 'pageToken', items: 'users' },
    ],
    [
      'a place inside',
      paged(['continue'], {
        items: list,
        metadata: { type: 'object', properties: { continue: { type: 'string' } } },
      }),
      { cursor: 'metadata.continue', param: 'continue', items: 'items' },
    ],
    [
      'numbers',
      paged(['page'], { data: list, total_pages: integer }),
      { page: 'page', pages: 'total_pages', items: 'data' },
    ],
    [
      'an offset',
      paged(['offset', 'limit'], { data: list, total: integer }),
      { offset: 'offset', total: 'total', items: 'data' },
    ],
    ['links', paged(['page'], { data: list }, { headers: { Link: {} } }), { link: 'next', items: 'data' }],
    ['an offset without a total', paged(['offset'], { data: list }), undefined],
    ['two lists', paged(['cursor'], { a: list, b: list, next_cursor: { type: 'string' } }), undefined],
    ['a URL', paged(['cursor'], { a: list, next_cursor: { type: 'string', format: 'uri' } }), undefined],
  ])('by %s', async (_, document, paginate) => {
    expect((await optionsOf(document)).paginate).toEqual(paginate);
  });

  test('as an extension says', async () => {
    const page = { cursor: 'meta.next', param: 'after', items: 'data' };
    const operation = { parameters: [parameter('query', 'after')], 'x-pagination': page };
    expect((await optionsOf(operationOf(operation))).paginate).toEqual(page);
    const fern = { cursor: '$request.after', next_cursor: '$response.meta.next', results: '$response.data' };
    const other = { parameters: [parameter('query', 'after')], 'x-fern-pagination': fern };
    expect((await optionsOf(operationOf(other))).paginate).toEqual(page);
  });

  test('whose parameter is not there are none, with a warning', async () => {
    const { paginate, problems } = await optionsOf(operationOf({ 'x-pagination': { page: 'page' } }));
    expect(paginate).toBeUndefined();
    expect(problems).toEqual(['The query has no "page" that leads from page to page. It is not paged.']);
  });
});

describe('names', () => {
  const named = async (paths: object) => Object.keys((await loaded(documentOf(paths))).contract);
  const get = (more: object = {}) => ({ get: { responses: { 204: {} }, ...more } });

  test('are ids in camel case, without what FastAPI puts behind them', async () => {
    expect(
      await named({
        '/tickets': get({ operationId: 'list_tickets_tickets_get' }),
        '/a': get({ operationId: 'users/list-all' }),
        '/b': get({ operationId: 'x', 'x-operation-name': 'better' }),
      }),
    ).toEqual(['listTickets', 'usersListAll', 'better']);
  });

  test('are made of method and path where there is none', async () => {
    expect(await named({ '/users/{id}/posts': get() })).toEqual(['getUsersByIdPosts']);
  });

  test('are numbered where two are alike, which includes words of the language', async () => {
    const { contract, problems } = await loaded(
      documentOf({
        '/a': get({ operationId: 'fetch_it' }),
        '/b': get({ operationId: 'FetchIt' }),
        '/c': get({ operationId: 'delete' }),
        '/d': get({ operationId: 'then' }),
      }),
    );
    expect(Object.keys(contract)).toEqual(['fetchIt', 'fetchIt2', 'delete2', 'then2']);
    expect(problems.length).toBeGreaterThan(0);
  });

  test('leave room for ids: no two endpoints have one', async () => {
    const { contract, module } = await loaded(
      documentOf({
        '/a': get({ operationId: 'some_thing' }),
        '/b': get({ operationId: 'some_thing' }),
        '/some/{a}': get({ operationId: 'x' }),
        '/some/{b}': get({ operationId: 'y' }),
      }),
    );
    expect(Object.keys(contract)).toEqual(['someThing', 'someThing2', 'x']);
    expect(module.y).toBeDefined();
  });
});

describe('what stands around', () => {
  test('is above the endpoint: summary, description, deprecation', async () => {
    const { text } = await loaded(
      operationOf({ summary: 'Lists', description: 'All of\nthem. */ @see', deprecated: true, tags: ['a'] }),
    );
    expect(text).toContain(
      '/**\n * Lists\n *\n * All of\n * them. *\\/ @see\n *\n * @deprecated\n */\nexport const it: Endpoint<{',
    );
    expect(text).toContain("tags: ['a'],\n  deprecated: true,");
  });

  test('is the list of servers, with the defaults of their variables', async () => {
    const { module } = await loaded(
      documentOf(
        {},
        {
          servers: [
            { url: 'https://{region}.test/v1', variables: { region: { default: 'eu', enum: ['eu', 'us'] } } },
            { url: '/v2' },
          ],
        },
      ),
    );
    expect(module.servers).toEqual(['https://eu.test/v1', '/v2']);
  });

  test('is what the schemes are, and what to give for each as auth', async () => {
    const { text, module } = await loaded(
      documentOf(
        { '/a': { get: { responses: { 204: {} } } } },
        {
          components: {
            securitySchemes: {
              token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'From\n@home.' },
              key: { $ref: '#/components/securitySchemes/other' },
              other: { type: 'apiKey', in: 'header', name: 'X-Key', 'x-more': {} },
              user: { type: 'http', scheme: 'Basic' },
              machine: {
                type: 'oauth2',
                flows: {
                  clientCredentials: {
                    tokenUrl: 'https://id.test/token',
                    scopes: { read: 'Reads.' },
                    'x-more': 1,
                  },
                },
              },
              person: { type: 'openIdConnect', openIdConnectUrl: 'https://id.test' },
              tls: { type: 'mutualTLS' },
              broken: 'bearer',
            },
          },
        },
      ),
    );
    expect(/\/\*\*\n \* The schemes[\s\S]*?\*\//.exec(text)?.[0]).toMatchInlineSnapshot(`
      "/**
       * The schemes that \`security\` of endpoints names, and what \`auth\` of \`createApi\` takes for each.
       *
       * - token: \`bearer(token)\`; From \\@home.
       * - key: \`apiKey(key, { header: 'X-Key' })\`
       * - other: \`apiKey(key, { header: 'X-Key' })\`
       * - user: \`basic(user, password)\`
       * - machine: \`oauth2ClientCredentials({ tokenUrl: 'https://id.test/token', clientId, clientSecret })\` of holdfast/oauth2
       * - person: \`bearer(token)\`, with a token of its flow
       * - tls: an \`Auth\` of your own
       */"
    `);
    expect(module.securitySchemes).toEqual({
      token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      other: { type: 'apiKey', in: 'header', name: 'X-Key' },
      user: { type: 'http', scheme: 'Basic' },
      machine: {
        type: 'oauth2',
        flows: { clientCredentials: { tokenUrl: 'https://id.test/token', scopes: { read: 'Reads.' } } },
      },
      person: { type: 'openIdConnect', openIdConnectUrl: 'https://id.test' },
      tls: { type: 'mutualTLS' },
    });
  });

  test('has no schemes where there are none, and their name is free', async () => {
    const { module } = await loaded(operationOf({ operationId: 'securitySchemes' }));
    expect(Object.keys(module).sort()).toEqual(['contract', 'securitySchemes']);
    const schemes = { components: { securitySchemes: { key: { type: 'http', scheme: 'basic' } } } };
    const { contract } = await loaded({ ...operationOf({ operationId: 'securitySchemes' }), ...schemes });
    expect(Object.keys(contract)).toEqual(['securitySchemes2']);
  });
});

describe('an operation says which credentials it asks for', () => {
  const key = [{ key: [] }];
  const components = {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      login: { type: 'openIdConnect', openIdConnectUrl: 'https://id.test' },
    },
  };
  const securityOf = (all: unknown, own: unknown) =>
    optionsOf({
      ...operationOf(own === undefined ? {} : { security: own }),
      ...(all === undefined ? {} : { security: all }),
      components,
    });

  test.each([
    ['nothing where nobody says', undefined, undefined, undefined],
    ['as the document says of all', key, undefined, key],
    ['its own, though the document says none of all', undefined, key, key],
    ['its own before that of the document', key, [{ login: ['a', 'b'] }], [{ login: ['a', 'b'] }]],
    ['none', key, [], []],
    ['several, together and in turn', key, [{ key: [], login: ['a'] }, {}], [{ key: [], login: ['a'] }, {}]],
    [
      'scopes that are no texts are left out',
      key,
      [{ key: null, login: ['a', 1] }],
      [{ key: [], login: ['a'] }],
    ],
  ])('%s', async (_, all, own, expected) => {
    const { security, problems } = await securityOf(all, own);
    expect(security).toEqual(expected);
    expect(problems.filter(problem => problem.includes('ecurity'))).toEqual([]);
  });

  test.each([
    ['a text', 'key', key],
    ['an object', { login: [] }, key],
    ['a list with a text', [{ login: [] }, 'key'], key],
  ])('not by %s, and that of all holds', async (_, own, expected) => {
    const { security, problems } = await securityOf(key, own);
    expect(security).toEqual(expected);
    expect(problems).toContain('`security` should be a list of objects. It is left out.');
  });

  test('by a name that stands for nothing, and it is told of', async () => {
    const { security, problems } = await securityOf(undefined, [{ gone: [] }]);
    expect(security).toEqual([{ gone: [] }]);
    expect(problems).toContain("No security scheme is called 'gone'. It is asked for by that name.");
  });

  test('by any name, which stays a name', { timeout: 120_000 }, async () => {
    const names = [
      '__proto__',
      'constructor',
      'a\'b"c`d',
      'a\nb\u2028c',
      '*/ export const evil = 1; /*',
      '$'.concat('{1}'),
      '',
    ];
    const by = (value: (name: string) => unknown) =>
      Object.fromEntries(names.map(name => [name, value(name)]));
    const schemes = by(name => ({
      type: 'oauth2',
      in: name,
      name,
      flows: by(() => ({ scopes: by(() => name) })),
    }));
    const security = [by(name => [name])];
    const document = { ...operationOf({ security }), components: { securitySchemes: schemes } };
    const folder = await workFolder();
    for (const emit of ['ts', 'js'] as const) {
      const output = `${folder}/${emit}`;
      await generated(document, { emit, output });
      const module = await importFrom(output, `index.${emit}`);
      const { it } = module as { it: Endpoint<EndpointOptions> };
      expect(JSON.stringify(it.options.security)).toBe(JSON.stringify(security));
      expect(JSON.stringify(module.securitySchemes)).toBe(JSON.stringify(schemes));
      expect(Object.keys(module).sort()).toEqual(['contract', 'it', 'securitySchemes']);
    }
    const caller = "export * as ts from './ts/index.js'; export * as js from './js/index.js';";
    expect(diagnosticsOf(folder, caller)).toEqual([]);
  });

  test('to the compiler as well, which knows the names', { timeout: 120_000 }, async () => {
    const security = [{ login: ['a'] }, { key: [] }];
    const { folder } = await generated({ ...operationOf({ security }), components });
    const caller = `
      import { apiKey, bearer, createApi, toOpenAPI } from 'holdfast/contract';
      import { contract, securitySchemes } from './index.js';
      const [login, key] = [bearer('a'), apiKey('k', { query: 'k' })];
      createApi(contract, { baseUrl: '/', auth: { login, key } });
      createApi(contract, { baseUrl: '/', auth: login });
      // @ts-expect-error -- a misspelling
      createApi(contract, { baseUrl: '/', auth: { logn: login } });
      toOpenAPI(contract, { title: 'It', version: '1', securitySchemes });`;
    expect(diagnosticsOf(folder, caller)).toEqual([]);
  });
});

describe('a path that no endpoint could have', () => {
  test.each([
    ['a', '/a'],
    ['//a', '/a'],
    ['/a b', '/a%20b'],
    ['/a?x=1#f', '/a'],
    ['/100%', '/100%25'],
    ['/{id}/{id}', '/{id}/{id2}'],
    ['/{a', '/%7Ba'],
  ])('%s is %s', async (written, path) => {
    const { path: printed, problems } = await optionsOf(operationOf({}, 'get', written));
    expect(printed).toBe(path);
    expect(problems.length).toBeGreaterThan(0);
  });

  test('is left out where there is nothing to be done', async () => {
    const { contract, problems } = await loaded(operationOf({}, 'get', '/../secret'));
    expect(contract).toEqual({});
    expect(problems[0]?.message).toContain('No endpoint can have this path');
  });
});
