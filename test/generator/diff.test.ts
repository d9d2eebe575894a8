import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Change, diff } from '../../src/generator/index.ts';
import { run } from './run-command.ts';
import { documentOf, operationOf, workFolder } from './support.ts';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await workFolder();
});

async function put(name: string, document: object | string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof document === 'string' ? document : JSON.stringify(document, null, 2));
  return path;
}

async function changesOf(from: object, to: object): Promise<readonly Change[]> {
  count += 1;
  const [old, fresh] = [await put(`old-${count}.json`, from), await put(`new-${count}.json`, to)];
  return (await diff({ from: old, to: fresh })).changes;
}

/** `breaking property-required`, in the order in which they are told. */
const told = (changes: readonly Change[]) => changes.map(({ level, code }) => `${level} ${code}`);

const content = (schema: object) => ({ 'application/json': { schema } });
const sent = (schema: object) =>
  operationOf({ requestBody: { required: true, content: content(schema) } }, 'post');
const received = (schema: object) =>
  operationOf({ responses: { 200: { description: '', content: content(schema) } } });
const object = (properties: object, required: string[] = [], more: object = {}) => ({
  type: 'object',
  properties,
  required,
  ...more,
});
const string = { type: 'string' };
// biome-ignore lint/suspicious/noExplicitAny: documents are changed wherever they can be.
type Any = any;

describe('a schema', () => {
  // From the first to the second: what it is to callers who send it, and to those who receive it.
  test.each<[string, object, object, string[], string[]]>([
    [
      'narrower type',
      { type: 'number' },
      { type: 'integer' },
      ['breaking type-narrowed'],
      ['compatible type-narrowed'],
    ],
    [
      'wider type',
      { type: 'integer' },
      { type: 'number' },
      ['compatible type-widened'],
      ['breaking type-widened'],
    ],
    ['another type', string, { type: 'integer' }, ['breaking type-changed'], ['breaking type-changed']],
    ['null (3.0)', string, { ...string, nullable: true }, ['compatible null-added'], ['breaking null-added']],
    ['null (3.1)', string, { type: ['string', 'null'] }, ['compatible null-added'], ['breaking null-added']],
    [
      'null (anyOf)',
      string,
      { anyOf: [string, { type: 'null' }] },
      ['compatible null-added'],
      ['breaking null-added'],
    ],
    [
      'no null',
      { ...string, nullable: true },
      string,
      ['breaking null-removed'],
      ['compatible null-removed'],
    ],
    ['one null for another', { ...string, nullable: true }, { oneOf: [{ type: 'null' }, string] }, [], []],
    [
      'new values',
      { ...string, enum: ['a'] },
      { ...string, enum: ['a', 'b'] },
      ['compatible values-added'],
      ['breaking values-added'],
    ],
    [
      'fewer values',
      { enum: ['a', 'b'] },
      { enum: ['b'] },
      ['breaking values-removed'],
      ['compatible values-removed'],
    ],
    ['const for enum', { enum: ['a'] }, { const: 'a' }, [], []],
    [
      'values at last',
      string,
      { ...string, enum: ['a'] },
      ['breaking values-limited'],
      ['compatible values-limited'],
    ],
    [
      'a lower limit',
      { ...string, maxLength: 9 },
      { ...string, maxLength: 8 },
      ['breaking constraint-narrowed'],
      ['compatible constraint-narrowed'],
    ],
    [
      'a lower minimum',
      { type: 'number', minimum: 2 },
      { type: 'number', minimum: 1 },
      ['compatible constraint-widened'],
      ['breaking constraint-widened'],
    ],
    [
      'an excluded bound (3.0 and 3.1)',
      { type: 'number', minimum: 2, exclusiveMinimum: true },
      { type: 'number', exclusiveMinimum: 2 },
      [],
      [],
    ],
    [
      'a pattern',
      { ...string, pattern: 'a' },
      { ...string, pattern: 'b' },
      ['breaking constraint-changed'],
      ['breaking constraint-changed'],
    ],
    [
      'a larger format',
      { type: 'integer', format: 'int32' },
      { type: 'integer', format: 'int64' },
      ['compatible constraint-widened'],
      ['breaking constraint-widened'],
    ],
    [
      'a new member',
      object({}),
      object({ a: string }),
      ['compatible property-added'],
      ['compatible property-added'],
    ],
    [
      'a new member, required',
      object({}),
      object({ a: string }, ['a']),
      ['breaking property-added'],
      ['compatible property-added'],
    ],
    [
      'a new member where there were no others',
      object({}, [], { additionalProperties: false }),
      object({ a: string }, [], { additionalProperties: false }),
      ['compatible property-added'],
      ['breaking property-added'],
    ],
    [
      'a member gone',
      object({ a: string }, ['a']),
      object({}),
      ['breaking property-removed'],
      ['breaking property-removed'],
    ],
    [
      'a member required',
      object({ a: string }),
      object({ a: string }, ['a']),
      ['breaking property-required'],
      ['compatible property-required'],
    ],
    [
      'a member optional',
      object({ a: string }, ['a']),
      object({ a: string }),
      ['compatible property-optional'],
      ['breaking property-optional'],
    ],
    [
      'a member that is only read',
      object({ a: string }, ['a']),
      object({ a: { ...string, readOnly: true } }, ['a']),
      ['breaking property-removed'],
      [],
    ],
    [
      'a new member, required and only read',
      object({}),
      object({ a: { ...string, readOnly: true } }, ['a']),
      [],
      ['compatible property-added'],
    ],
    ['a member in allOf', object({ a: string }), { allOf: [object({ a: string })] }, [], []],
    [
      'no other members',
      object({}),
      object({}, [], { additionalProperties: false }),
      ['breaking others-narrowed'],
      ['compatible others-narrowed'],
    ],
    [
      'an item',
      { type: 'array', items: string },
      { type: 'array', items: { type: 'integer' } },
      ['breaking type-changed'],
      ['breaking type-changed'],
    ],
    [
      'another option',
      { oneOf: [string, { type: 'integer' }] },
      { oneOf: [string, { type: 'integer' }, { type: 'object' }] },
      ['compatible type-widened', 'compatible option-added'],
      ['breaking type-widened', 'breaking option-added'],
    ],
    [
      'an option in another order',
      { oneOf: [string, { type: 'integer' }] },
      { oneOf: [{ type: 'integer' }, string] },
      [],
      [],
    ],
    [
      'a new default',
      { ...string, default: 'a' },
      { ...string, default: 'b' },
      ['breaking default-changed'],
      [],
    ],
    ['other words', { ...string, description: 'a' }, { ...string, description: 'b', example: 'c' }, [], []],
  ])('with %s', async (_, from, to, whenSent, whenReceived) => {
    expect(told(await changesOf(sent(from), sent(to)))).toEqual(whenSent);
    expect(told(await changesOf(received(from), received(to)))).toEqual(whenReceived);
  });

  test('of a component is told once, with the operations that it reaches', async () => {
    const schema = { $ref: '#/components/schemas/Ticket' };
    const get = { responses: { 200: { content: content(schema) } } };
    const paths = { '/a': { get }, '/b': { get }, '/c': { get: { responses: { 204: {} } } } };
    const made = (status: object) =>
      documentOf(paths, { components: { schemas: { Ticket: object({ status, parent: schema }) } } });
    const [change, ...others] = await changesOf(made({ enum: ['a'] }), made({ enum: ['a', 'b'] }));
    expect(others).toEqual([]);
    expect(change).toMatchObject({
      level: 'breaking',
      code: 'values-added',
      message: '`status` may be "b" now.',
      side: 'response',
      operations: ['GET /a', 'GET /b'],
      from: { pointer: '/components/schemas/Ticket/properties/status', line: 51 },
      to: { pointer: '/components/schemas/Ticket/properties/status' },
    });
  });

  test('of a parameter is told by its name', async () => {
    const made = (type: string) =>
      operationOf({ parameters: [{ name: 'limit', in: 'query', schema: { type } }] });
    const [change] = await changesOf(made('integer'), made('string'));
    expect(change?.message).toBe('`limit` was integer, and is string.');
  });

  test('of another file is followed', async () => {
    const document = received({ $ref: 'parts.json#/Part' });
    const [from, to] = [await put('one/api.json', document), await put('two/api.json', document)];
    await put('one/parts.json', { Part: object({ a: string }, ['a']) });
    await put('two/parts.json', { Part: object({ a: string }) });
    const { changes } = await diff({ from, to });
    expect(changes).toMatchObject([{ code: 'property-optional', from: { file: 'parts.json', line: 5 } }]);
  });
});

describe('an operation', () => {
  const query = (name: string, more: object = {}) => ({ name, in: 'query', schema: string, ...more });
  const with_ = (parameters: object[]) => operationOf({ parameters });
  const answers = (responses: object) => operationOf({ responses });
  const path = (id: string) =>
    operationOf(
      { parameters: [{ name: id, in: 'path', required: true, schema: string }] },
      'get',
      `/things/{${id}}`,
    );
  const secured = (...security: object[]) => operationOf({ security });
  const served = (...urls: string[]) => ({ ...operationOf({}), servers: urls.map(url => ({ url })) });
  const typed = (type: string) => operationOf({ requestBody: { content: { [type]: {} } } }, 'post');

  test.each<[string, object, object, string[]]>([
    ['gone', operationOf({}), documentOf({}), ['breaking operation-removed']],
    ['new', documentOf({}), operationOf({}), ['compatible operation-added']],
    [
      'of another name',
      operationOf({}),
      operationOf({ operationId: 'other' }),
      ['breaking operation-renamed'],
    ],
    [
      'of another path',
      operationOf({}),
      operationOf({}, 'get', '/other'),
      ['breaking operation-removed', 'compatible operation-added'],
    ],
    ['deprecated', operationOf({}), operationOf({ deprecated: true }), ['compatible operation-deprecated']],
    ['without a parameter', with_([query('a')]), with_([]), ['breaking parameter-removed']],
    ['with a new parameter', with_([]), with_([query('a')]), ['compatible parameter-added']],
    [
      'with a new parameter, required',
      with_([]),
      with_([query('a', { required: true })]),
      ['breaking parameter-added'],
    ],
    [
      'with a parameter required',
      with_([query('a')]),
      with_([query('a', { required: true })]),
      ['breaking parameter-required'],
    ],
    [
      'with a parameter elsewhere',
      with_([query('a')]),
      with_([query('a', { in: 'header' })]),
      ['breaking parameter-removed', 'compatible parameter-added'],
    ],
    [
      'with a parameter in another style',
      with_([query('a')]),
      with_([query('a', { explode: false })]),
      ['breaking parameter-style-changed'],
    ],
    [
      'with a header in other letters',
      with_([query('A-B', { in: 'header' })]),
      with_([query('a-b', { in: 'header' })]),
      [],
    ],
    ['with another name in its path', path('id'), path('key'), ['breaking parameter-renamed']],
    ['with a body', operationOf({}, 'post'), sent(string), ['breaking body-added']],
    ['without a body', sent(string), operationOf({}, 'post'), ['breaking body-removed']],
    [
      'with another content type',
      typed('application/json'),
      typed('text/plain'),
      ['breaking content-type-removed', 'compatible content-type-added'],
    ],
    [
      'with another success',
      answers({ 200: {} }),
      answers({ 200: {}, 202: {} }),
      ['breaking response-added'],
    ],
    [
      'with another error',
      answers({ 200: {} }),
      answers({ 200: {}, 404: {} }),
      ['compatible response-added'],
    ],
    ['without an answer', answers({ 200: {}, 404: {} }), answers({ 200: {} }), ['breaking response-removed']],
    ['without a body in its answer', received(string), answers({ 200: {} }), ['breaking content-removed']],
    [
      'without a header',
      answers({ 200: { headers: { A: { schema: string } } } }),
      answers({ 200: {} }),
      ['breaking header-removed'],
    ],
    ['that asks who calls', operationOf({}), secured({ key: [] }), ['breaking security-removed']],
    ['that no longer asks', secured({ key: [] }), operationOf({}), ['compatible security-added']],
    [
      'that takes another proof',
      secured({ key: [] }),
      secured({ key: [] }, { token: [] }),
      ['compatible security-added'],
    ],
    [
      'that wants another scope',
      secured({ token: ['a'] }),
      secured({ token: ['a', 'b'] }),
      ['breaking security-removed'],
    ],
    ['elsewhere', served('https://a.test'), served('https://b.test'), ['breaking default-server-changed']],
    [
      'with a second server',
      served('https://a.test'),
      served('https://a.test', 'https://b.test'),
      ['compatible server-added'],
    ],
  ])('%s', async (_, from, to, expected) => {
    expect(told(await changesOf(from, to))).toEqual(expected);
  });
});

describe('of documents made at random', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd');
  const { schema } = fc.letrec<{ schema: object }>(tie => ({
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(
        {},
        string,
        { type: 'integer', minimum: 1 },
        { enum: ['x', 'y'] },
        { $ref: '#/components/schemas/One' },
      ),
      fc
        .tuple(
          fc.dictionary(names, tie('schema'), { maxKeys: 3 }),
          fc.subarray(['a', 'b', 'c']),
          fc.boolean(),
        )
        .map(([properties, required, isClosed]) =>
          object(properties, required, isClosed ? { additionalProperties: false } : {}),
        ),
      tie('schema').map(items => ({ type: 'array', items })),
      fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map(oneOf => ({ oneOf })),
      fc.array(tie('schema'), { minLength: 1, maxLength: 2 }).map(allOf => ({ allOf })),
    ),
  }));
  const operation = fc.record({
    parameters: fc.uniqueArray(
      fc.record({ name: names, in: fc.constantFrom('query', 'header'), required: fc.boolean(), schema }),
      { selector: it => `${it.in} ${it.name}`, maxLength: 3 },
    ),
    requestBody: fc.record({ required: fc.boolean(), content: schema.map(content) }),
    responses: fc.dictionary(
      fc.constantFrom('200', '404', 'default'),
      fc.record({ content: schema.map(content) }),
      { minKeys: 1 },
    ),
    security: fc.subarray([{ key: [] }, { token: ['read'] }, {}]),
  });
  const document = fc
    .record({
      paths: fc.dictionary(fc.constantFrom('/a', '/b', '/c/{id}'), fc.record({ post: operation }), {
        minKeys: 1,
      }),
      one: schema,
    })
    .map(({ paths, one }) => documentOf(paths, { components: { schemas: { One: one } } }));

  property.prop([document])('one and the same has no changes', async same => {
    expect(await changesOf(same, structuredClone(same))).toEqual([]);
  });

  const addition = fc.constantFrom<(it: Any) => void>(
    it => {
      it.paths['/new'] = { get: { responses: { 200: {} } } };
    },
    it => {
      first(it).parameters.push({ name: 'new', in: 'query', schema: string });
    },
    it => {
      first(it).responses['418'] = {};
    },
    it => {
      first(it).requestBody.content['text/plain'] = {};
    },
    it => {
      for (const response of Object.values<Any>(first(it).responses))
        response.headers = { 'X-New': { schema: string } };
    },
    it => {
      it.servers = [{ url: 'https://new.test' }];
    },
    it => {
      // Beside a closed part of an `allOf`, a new property may never be there.
      const text = JSON.stringify(it);
      if (text.includes('"allOf"') && text.includes('"additionalProperties":false')) return;
      for (const [schema] of objectsIn(it))
        if (schema.additionalProperties !== false) schema.properties.added = string;
    },
  );
  const first = (it: Any) => Object.values<Any>(it.paths).find(({ post }) => post).post;
  function objectsIn(it: Any): [Any][] {
    if (typeof it !== 'object' || it === null) return [];
    const own: [Any][] = it.type === 'object' && it.properties ? [[it]] : [];
    return [...own, ...Object.values(it).flatMap(objectsIn)];
  }

  property.prop([document, fc.array(addition, { minLength: 1, maxLength: 4 })])(
    'what is only added to breaks nothing, and what is taken away from the other way round',
    async (before, additions) => {
      const after = structuredClone(before);
      for (const add of additions) add(after);
      const forth = await changesOf(before, after);
      expect(forth.filter(({ level }) => level === 'breaking')).toEqual([]);
      const back = await changesOf(after, before);
      const opposite = (code: string) => code.replace(/added$/, 'removed');
      expect(back.map(({ code }) => code).sort()).toEqual(forth.map(({ code }) => opposite(code)).sort());
      expect(back.map(({ from }) => from?.pointer).sort()).toEqual(forth.map(({ to }) => to?.pointer).sort());
    },
  );
});

describe('holdfast diff', () => {
  const file = (name: string) => join(folder, name);

  beforeAll(async () => {
    await put('old.yaml', ticketsYaml('[open, closed]', ''));
    await put(
      'new.yaml',
      ticketsYaml(
        '[open, closed, archived]',
        '        - { name: sort, in: query, schema: { type: string } }\n',
      ),
    );
  });

  test('lists what breaks, by operations and with both places', async () => {
    const { code, out, err } = await run('diff', file('old.yaml'), file('new.yaml'));
    expect(err).toBe('');
    expect(out.replaceAll(`${folder}/`, '')).toMatchInlineSnapshot(`
      "GET /tickets
        compatible  The query parameter \`sort\` is new. (sent)
                    - old.yaml:6 #/paths/~1tickets/get
                    + new.yaml:9 #/paths/~1tickets/get/parameters/1

      GET /tickets, GET /tickets/{id}
        breaking    \`status\` may be "archived" now. (received)
                    - old.yaml:29 #/components/schemas/Ticket/properties/status
                    + new.yaml:30 #/components/schemas/Ticket/properties/status

      old.yaml → new.yaml: 1 breaking, 1 compatible.
      "
    `);
    expect(code).toBe(1);
  });

  test('exits with 0 if nothing breaks', async () => {
    const { code, out } = await run('diff', file('old.yaml'), file('old.yaml'));
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('callers notice nothing') });
  });

  test('--format json is for programs', async () => {
    const { code, out } = await run('diff', file('old.yaml'), file('new.yaml'), '--format', 'json');
    expect(code).toBe(1);
    const { changes } = await diff({ from: file('old.yaml'), to: file('new.yaml') });
    expect(JSON.parse(out)).toEqual({ isBreaking: true, changes });
  });

  test.each<[string, string[], string]>([
    ['one document', ['a.yaml'], 'Two documents are compared'],
    ['three', ['a.yaml', 'b.yaml', 'c.yaml'], 'what is "c.yaml"?'],
    ['another format', ['a.yaml', 'b.yaml', '--format', 'xml'], '--format is text or json, got "xml".'],
    ['a document that is not there', ['no.yaml', 'no.yaml'], 'no.yaml is not there.'],
    ['a flag of another command', ['a.yaml', 'b.yaml', '--dates', 'Date'], 'There is no flag --dates.'],
  ])('exits with 2 for %s', async (_, args, message) => {
    expect(await run('diff', ...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});

const ticketsYaml = (states: string, more: string) => `openapi: 3.1.0
info: { title: Tickets, version: '1' }
paths:
  /tickets:
    get:
      operationId: listTickets
      parameters:
        - { name: limit, in: query, schema: { type: integer } }
${more}      responses:
        '200':
          content:
            application/json:
              schema: { type: array, items: { $ref: '#/components/schemas/Ticket' } }
  /tickets/{id}:
    get:
      operationId: getTicket
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
      responses:
        '200':
          content:
            application/json:
              schema: { $ref: '#/components/schemas/Ticket' }
components:
  schemas:
    Ticket:
      type: object
      properties:
        status: { enum: ${states} }
`;
