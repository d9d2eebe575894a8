import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { EndpointOptions } from '../../src/contract/endpoint-options.ts';
import { endpoint, form } from '../../src/contract/index.ts';
import { encodeInHeader, Unencodable } from '../../src/contract/parameter-style.ts';
import { RequestEncoder } from '../../src/contract/request-encoder.ts';

const simple = { style: 'simple', explode: false } as const;
const exploded = { style: 'simple', explode: true } as const;

describe('a header refuses what would arrive as something else:', () => {
  test.each([' blank', 'blank ', '\ttab', ' '])('a text with a blank at its ends: %j', text => {
    expect(() => encodeInHeader(text, simple)).toThrow(Unencodable);
  });

  test.each([
    [['']],
    [['a', '', 'b']],
    [[' a']],
    [['a ', 'b']],
    [['a,b']],
  ])('an element that is empty, has a blank at its ends, or a comma: %j', list => {
    expect(() => encodeInHeader(list, simple)).toThrow(Unencodable);
    expect(() => encodeInHeader(list, exploded)).toThrow(Unencodable);
  });

  test('a name with an equals sign, where one ends the name', () => {
    expect(() => encodeInHeader({ 'a=b': 'c' }, exploded)).toThrow(Unencodable);
    expect(encodeInHeader({ a: 'b=c' }, exploded)).toBe('a=b=c');
    expect(encodeInHeader({ 'a=b': 'c' }, simple)).toBe('a=b,c');
  });

  test('an empty member, where names and values take turns', () => {
    expect(() => encodeInHeader({ a: '' }, simple)).toThrow(Unencodable);
    expect(encodeInHeader({ a: '' }, exploded)).toBe('a=');
  });
});

describe('an exploded object refuses a member with the name of', () => {
  const options = endpoint({
    method: 'GET',
    path: '/users',
    query: z.object({
      filter: z.record(z.string(), z.string()).optional(),
      other: z.record(z.string(), z.string()).optional(),
      limit: z.number().optional(),
      deep: z.object({ a: z.string() }).optional(),
    }),
    styles: { query: { deep: { style: 'deepObject' } } },
    responses: { 204: null },
  }).options as unknown as EndpointOptions;

  const ordering = endpoint({
    method: 'POST',
    path: '/orders',
    body: form(z.object({ address: z.object({ street: z.string() }), street: z.string() })),
    responses: { 204: null },
  }).options as unknown as EndpointOptions;

  const report = (part: string) => {
    throw new Error(`${part} should pass the schema`);
  };
  const encode = (query: object) => new RequestEncoder(options, 'off').encode({ query }, report);
  const refusal = (name: string, message: string) => ({
    issues: [{ path: [name], message: expect.stringContaining(message) }],
  });

  test('another parameter, given or not', async () => {
    const wrong = refusal('filter', 'holds "limit", which is the name of another parameter here');
    await expect(encode({ filter: { limit: '1' } })).rejects.toMatchObject(wrong);
    await expect(encode({ limit: 2, filter: { limit: '1' } })).rejects.toMatchObject(wrong);
    const deep = refusal('filter', 'holds "deep[a]"');
    await expect(encode({ filter: { 'deep[a]': '1' } })).rejects.toMatchObject(deep);
  });

  test('a member of another exploded object', async () => {
    const wrong = refusal('other', 'holds "a"');
    await expect(encode({ filter: { a: '1' }, other: { a: '2' } })).rejects.toMatchObject(wrong);
  });

  test('another field of a form', async () => {
    const body = { address: { street: 'a' }, street: 'b' };
    const sent = new RequestEncoder(ordering, 'strict').encode({ body }, report);
    await expect(sent).rejects.toThrow('holds "street"');
  });

  test('nobody else: then it is sent', async () => {
    expect((await encode({ limit: 1, filter: { filter: '1', a: '2' } })).query).toBe('limit=1&filter=1&a=2');
  });
});
