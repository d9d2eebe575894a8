/** Whole numbers beyond 2^53, from the program to the wire and back. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { jsonDecoderOf, readJson } from '../../src/contract/exact-json.ts';
import {
  defineContract,
  endpoint,
  eventStream,
  jsonLines,
  toOpenAPI,
  ValidationError,
} from '../../src/contract/index.ts';
import { apiOf, failureOf } from './support.ts';

const integer = z.codec(z.union([z.int('has lost digits'), z.bigint()]), z.bigint(), {
  decode: value => BigInt(value),
  encode: value => (Number.isSafeInteger(Number(value)) ? Number(value) : value),
});
const Row = z.object({ id: integer, name: z.string().optional() });

const rows = defineContract({
  putRow: endpoint({
    method: 'PUT',
    path: '/rows/{id}',
    params: z.object({ id: integer }),
    query: z.object({ after: integer.optional() }),
    body: Row,
    responses: { 200: Row },
  }),
  lines: endpoint({ method: 'GET', path: '/lines', responses: { 200: jsonLines(Row) } }),
  events: endpoint({ method: 'GET', path: '/events', responses: { 200: eventStream(Row) } }),
});

const large = 9_007_199_254_740_993n;
const json = (text: string) => new Response(text, { headers: { 'content-type': 'application/json' } });

describe('a whole number beyond 2^53', () => {
  test('is sent and read digit by digit', async () => {
    const { api, transport } = apiOf(rows);
    const reading = api.putRow({ params: { id: large }, query: { after: -large }, body: { id: large } });
    const sent = await transport.next();
    expect(sent.request.url).toContain('/rows/9007199254740993?after=-9007199254740993');
    expect(await new Response(sent.request.body as BodyInit).text()).toBe('{"id":9007199254740993}');
    sent.respond(json('{"id":9223372036854775807,"name":"1234567890123456"}'));
    expect(await reading).toEqual({ id: 9_223_372_036_854_775_807n, name: '1234567890123456' });
  });

  test('is an integer in a document of OpenAPI', () => {
    const { paths } = toOpenAPI(rows, { title: 'Rows', version: '1' });
    expect(JSON.stringify(paths)).toContain('"id":{"type":"integer"}');
  });

  test('is read in lines and in events', async () => {
    const { api, transport } = apiOf(rows);
    const [lines, events] = [api.lines(), api.events()];
    for (const [text, type] of [
      [`{"id":1}\n{"id":${large}}\n`, 'application/x-ndjson'],
      [`data: {"id":${large}}\n\n`, 'text/event-stream'],
    ] as const)
      (await transport.next()).respond(new Response(text, { headers: { 'content-type': type } }));
    const rowsRead: unknown[] = [];
    for await (const row of await lines) rowsRead.push(row);
    expect(rowsRead).toEqual([{ id: 1n }, { id: large }]);
    for await (const { data } of await events) {
      expect(data).toEqual({ id: large });
      break;
    }
  });

  test('is not sent where its digits cannot be written', async () => {
    const { rawJSON } = JSON as { rawJSON?: unknown };
    Object.assign(JSON, { rawJSON: undefined });
    onTestFinished(() => void Object.assign(JSON, { rawJSON }));
    const { api, transport } = apiOf(rows);
    const error = await failureOf(api.putRow({ params: { id: 1n }, query: {}, body: { id: large } }));
    expect(error).toBeInstanceOf(ValidationError);
    expect(String(error)).toContain(
      'the whole number `id` is beyond 2^53, and this runtime has no JSON.rawJSON',
    );
    await transport.expectNone();
    const small = api.putRow({ params: { id: 1n }, query: {}, body: { id: 5n } });
    const { request, respond } = await transport.next();
    expect(await new Response(request.body as BodyInit).text()).toBe('{"id":5}');
    respond(json('{"id":5}'));
    await small;
  });

  test('is refused, and not rounded, where the engine tells no source', async () => {
    const parse = JSON.parse;
    const spy = vi
      .spyOn(JSON, 'parse')
      .mockImplementation((text, reviver) => parse(text, reviver && ((key, value) => reviver(key, value))));
    onTestFinished(() => spy.mockRestore());
    const { api, transport } = apiOf(rows);
    const reading = failureOf(api.putRow({ params: { id: 1n }, query: {}, body: { id: 1n } }));
    (await transport.next()).respond(json('{"id":9007199254740993}'));
    expect(await reading).toMatchObject({
      direction: 'response',
      issues: [{ path: ['id'], message: 'has lost digits' }],
    });
  });
});

describe('JSON within JSON, deeper than the search for digits reaches', () => {
  const deep = (levels: number): string => `${'['.repeat(levels)}${large}${']'.repeat(levels)}`;

  test.each([1_000, 5_000, 100_000])('is read as JSON.parse reads it: %i levels', async levels => {
    const { api, transport } = apiOf(rows);
    const reading = api.putRow({ params: { id: 1n }, query: {}, body: { id: 1n } });
    (await transport.next()).respond(json(`{"id":1,"more":${deep(levels)}}`));
    expect(await reading).toEqual({ id: 1n });
  });

  test.each([
    1_000, 5_000, 100_000,
  ])('is refused for what does not match, and nothing else: %i levels', async levels => {
    const { api, transport } = apiOf(rows);
    const reading = failureOf(api.putRow({ params: { id: 1n }, query: {}, body: { id: 1n } }));
    (await transport.next()).respond(json(`{"id":${deep(levels)}}`));
    expect(await reading).toMatchObject({ code: 'VALIDATION', part: 'body', issues: [{ path: ['id'] }] });
  });
});

describe('digits are looked for', () => {
  const readers = (text: string, schema: z.ZodType): number => {
    const spy = vi.spyOn(JSON, 'parse');
    try {
      readJson(text, schema);
      return spy.mock.calls.filter(([, reviver]) => reviver !== undefined).length;
    } finally {
      spy.mockRestore();
    }
  };

  test('only in texts that may have some, for schemas that ask for them', () => {
    const text = `{"id":${large}}`;
    expect(readers(text, Row)).toBe(1);
    expect(readers('{"id":123456789012345}', Row)).toBe(0);
    expect(readers(text, z.object({ id: z.number() }))).toBe(0);
    expect(readers(text, z.object({ id: z.union([z.string(), z.number()]) }))).toBe(0);
  });

  test('and are those of a number wherever a number is asked for', async () => {
    const Mixed = z.object({
      id: integer,
      plain: z.number(),
      list: z.array(z.union([z.object({ of: z.number() }), z.string()])),
      wrong: z.string().optional(),
    });
    const text = `{"id":${large},"plain":${large},"list":["a",{"of":${large}}]}`;
    const decode = jsonDecoderOf(Mixed);
    expect(await decode(readJson(text, Mixed))).toEqual({
      value: { id: large, plain: Number(large), list: ['a', { of: Number(large) }] },
    });
    expect(
      await decode(readJson(`{"id":${large},"plain":1,"list":[],"wrong":${large}}`, Mixed)),
    ).toMatchObject({
      issues: [{ path: ['wrong'] }],
    });
  });
});
