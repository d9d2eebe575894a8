/** A document with one of each thing that an operation can have. */
import { documentOf } from './support.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const content = (type: string, schema?: object, more: object = {}) => ({
  content: { [type]: { ...(schema && { schema }), ...more } },
});
const answer = (type: string, schema?: object, more: object = {}) => ({
  responses: { 200: content(type, schema, more) },
});
const parameter = (name: string, place: string, schema: object, more: object = {}) => ({
  name,
  in: place,
  schema,
  ...(place === 'path' && { required: true }),
  ...more,
});

/** Schemas with names that mean something everywhere. */
const globals = [
  ...['Array', 'Blob', 'Date', 'File', 'FormData', 'Function', 'Headers', 'Map', 'Object', 'Omit', 'Partial'],
  ...['Promise', 'Proxy', 'Record', 'Request', 'Required', 'Response', 'Set', 'String', 'Symbol', 'URL'],
];

export const everything = documentOf(
  {
    '/users/{id}': {
      get: {
        operationId: 'getUser',
        summary: 'One user',
        tags: ['users'],
        security: [{ login: ['users:read'] }, { key: [], app: [] }, {}],
        parameters: [
          parameter('id', 'path', { type: 'string', format: 'uuid' }),
          parameter('fields', 'query', { type: 'array', items: { type: 'string' } }, { explode: false }),
          parameter(
            'filter',
            'query',
            { type: 'object', additionalProperties: true },
            { style: 'deepObject' },
          ),
          parameter('X-Request-Id', 'header', { type: 'string' }),
          parameter('session', 'cookie', { type: 'string' }),
        ],
        responses: {
          200: {
            ...content('application/json', ref('User')),
            headers: {
              'X-Rate-Limit': { schema: { type: 'integer' } },
              ETag: { schema: { type: 'string' } },
            },
          },
          404: content('application/problem+json', ref('Problem')),
          '4XX': content('text/plain'),
          default: content('application/json', { type: 'string' }),
        },
      },
      delete: {
        operationId: 'deleteUser',
        deprecated: true,
        tags: ['users'],
        security: [],
        parameters: [parameter('id', 'path', { type: 'integer', format: 'int64' })],
        responses: { 204: { description: 'gone' } },
      },
    },
    '/users': {
      get: {
        operationId: 'listUsers',
        tags: ['users'],
        parameters: [parameter('cursor', 'query', { type: 'string' })],
        ...answer('application/json', {
          type: 'object',
          required: ['items'],
          properties: {
            items: { type: 'array', items: ref('User') },
            next_cursor: { type: ['string', 'null'] },
          },
        }),
      },
      post: {
        operationId: 'createUser',
        tags: ['users'],
        parameters: [parameter('Idempotency-Key', 'header', { type: 'string' })],
        requestBody: { required: true, ...content('application/json', ref('User')) },
        responses: { 201: content('application/json', ref('User')), '5XX': { description: 'broken' } },
      },
    },
    '/all': {
      get: {
        operationId: 'listAll',
        parameters: [parameter('page', 'query', { type: 'integer' })],
        responses: {
          200: {
            ...content('application/json', { type: 'array', items: ref('User') }),
            headers: { Link: { schema: { type: 'string' } } },
          },
        },
      },
    },
    '/form': {
      post: {
        operationId: 'sendForm',
        callbacks: {
          done: {
            '{$request.body#/url}': { post: { requestBody: content('application/json', ref('Event')) } },
          },
        },
        requestBody: content(
          'application/x-www-form-urlencoded',
          { type: 'object', properties: { address: { type: 'object', additionalProperties: true } } },
          { encoding: { address: { style: 'deepObject', explode: true } } },
        ),
        ...answer('application/octet-stream'),
      },
    },
    '/files': {
      post: {
        operationId: 'upload',
        requestBody: content('multipart/form-data', {
          type: 'object',
          properties: { file: { type: 'string', format: 'binary' }, at: { type: 'string', format: 'date' } },
        }),
        ...answer('image/png'),
      },
      put: {
        operationId: 'replace',
        requestBody: content('application/octet-stream'),
        responses: { '2XX': content('text/csv') },
      },
    },
    '/events': {
      get: { operationId: 'watch', ...answer('text/event-stream', undefined, { itemSchema: ref('Event') }) },
      head: { operationId: 'look', responses: { 200: { description: 'there' } } },
    },
    '/lines': { get: { operationId: 'export', ...answer('application/x-ndjson', ref('User')) } },
    '/either': {
      get: {
        operationId: 'either',
        responses: {
          200: { content: { 'application/json': { schema: ref('User') }, 'text/csv': {}, 'image/png': {} } },
        },
      },
    },
    '/anything': { get: { operationId: 'anything', ...answer('application/json') } },
    '/{a}.{b}': {
      get: {
        operationId:
          'aNameThatLeavesNoRoomOnTheLineForAnythingButItselfAndIsStillTheNameOfAnOperationOfThisDocument',
        parameters: [parameter('a', 'path', { type: 'string' }), parameter('b', 'path', { type: 'string' })],
        responses: {},
      },
    },
  },
  {
    webhooks: {
      'user.created': {
        post: {
          summary: 'Somebody has come',
          parameters: [parameter('X-Signature', 'header', { type: 'string' }, { required: true })],
          requestBody: content('application/json', ref('User')),
        },
      },
      ping: { get: { parameters: [parameter('challenge', 'query', { type: 'string' })] } },
    },
    security: [{ key: [] }],
    components: {
      securitySchemes: {
        login: {
          type: 'oauth2',
          flows: {
            clientCredentials: { tokenUrl: 'https://id.test/token', scopes: { 'users:read': 'Reads.' } },
          },
        },
        key: { type: 'apiKey', in: 'header', name: 'X-Key' },
        app: { type: 'apiKey', in: 'query', name: 'app' },
      },
      schemas: {
        User: {
          type: 'object',
          required: ['id', 'name'],
          properties: {
            id: { type: 'integer', format: 'int64', readOnly: true },
            name: { type: 'string', minLength: 1 },
            password: { type: 'string', writeOnly: true },
            born: { type: 'string', format: 'date' },
            seenAt: { type: ['string', 'null'], format: 'date-time' },
            role: { enum: ['admin', 'user', null] },
            manager: ref('User'),
            pets: { type: 'array', items: ref('Pet') },
            scores: { type: 'object', additionalProperties: { type: 'number', exclusiveMinimum: 0 } },
            pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false },
          },
        },
        Pet: { oneOf: [ref('Cat'), ref('Dog')], discriminator: { propertyName: 'kind' } },
        Cat: { allOf: [ref('Animal'), { type: 'object', properties: { kind: { const: 'Cat' } } }] },
        Dog: { allOf: [ref('Animal'), { type: 'object', properties: { kind: { const: 'Dog' } } }] },
        Animal: { type: 'object', required: ['kind'], properties: { kind: { type: 'string' } } },
        Problem: { type: 'object', properties: { title: { type: 'string' }, detail: { type: 'string' } } },
        Event: { type: 'object', properties: { data: { type: 'string', contentSchema: ref('User') } } },
        // Names that a module has for other things.
        Content: { type: 'string' },
        Endpoint: { type: 'object', properties: { content: ref('Content') } },
        Error: {
          type: 'object',
          properties: { endpoint: ref('Endpoint'), all: { allOf: globals.map(ref) } },
        },
        ...Object.fromEntries(globals.map(name => [name, { type: 'object' }])),
      },
    },
  },
);
