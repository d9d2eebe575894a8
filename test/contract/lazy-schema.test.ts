import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createApi, defineContract, endpoint, schema } from '../../src/contract/index.ts';
import { decoderOf, encoderOf } from '../../src/contract/schema.ts';
import { definitionOf, isZod, membersOf, traitsOf } from '../../src/contract/zod.ts';
import { date } from './support.ts';

interface Tree {
  name: string;
  children?: Tree[] | undefined;
  parent?: Tree | null | undefined;
}

const Tree: z.ZodType<Tree> = schema(() =>
  z.looseObject({
    name: z.string(),
    children: z.array(Tree).optional(),
    parent: Tree.nullable().optional(),
  }),
);

describe('a lazily built schema', () => {
  test('is built when it is looked into, once', () => {
    let built = 0;
    const lazy = schema<{ a: string }>(() => {
      built++;
      return z.object({ a: z.string() });
    });
    const around = z.object({ lazy, list: z.array(lazy), other: lazy.nullable().optional() });
    expect(built).toBe(0);
    around.parse({ lazy: { a: 'b' }, list: [{ a: 'b' }], other: null });
    lazy.parse({ a: 'b' });
    expect(built).toBe(1);
  });

  test('is not built to define a contract, nor to make a client of it', () => {
    const untouched = schema<{ items: string[] }>(() => expect.unreachable('nobody has called'));
    const list = endpoint({
      method: 'GET',
      path: '/things',
      query: z.object({ page: z.int() }),
      responses: { 200: untouched, default: untouched },
      paginate: { page: 'page', items: 'items' },
    });
    createApi(defineContract({ list }), { baseUrl: 'https://things.test' });
  });

  test('may refer to itself', () => {
    const tree = { name: 'a', children: [{ name: 'b', parent: { name: 'a' } }], parent: null };
    expect(Tree.parse(tree)).toEqual(tree);
    expect(Tree.safeParse({ name: 'a', children: [{}] }).error?.issues[0]?.path).toEqual([
      'children',
      0,
      'name',
    ]);
  });

  test('may be looked into while it is being built', () => {
    const List: z.ZodType<{ next?: object }> = schema(() =>
      z.object({ next: List.refine(value => 'next' in value, 'ends too soon').optional() }),
    );
    expect(List.safeParse({ next: { next: {} } }).error?.issues[0]?.message).toBe('ends too soon');
    expect(List.safeParse({}).success).toBe(true);
  });

  test('may be referred to before it is there', () => {
    const First: z.ZodType<{ second: string }> = schema(() => z.object({ second: Second }));
    const Second: z.ZodType<string> = schema(() => z.string());
    expect(First.parse({ second: 'a' })).toEqual({ second: 'a' });
  });

  test('says again what went wrong when it was built', () => {
    const lazy = schema(() => {
      throw new Error('no such schema');
    });
    expect(() => lazy.safeParse(1)).toThrow('no such schema');
    expect(() => lazy.safeParse(1)).toThrow('no such schema');
  });

  test('is the built schema to everyone who looks', () => {
    const built = z.looseObject({ at: date, name: z.string().optional() });
    const lazy = schema<{ at: Date; name?: string }>(() => built);
    expect(lazy).toBeInstanceOf(z.ZodObject);
    expect(isZod(lazy)).toBe(true);
    expect(lazy._zod).toBe(built._zod);
    expect(definitionOf(lazy)).toBe(definitionOf(built));
    expect(Object.keys(membersOf(lazy) ?? {})).toEqual(['at', 'name']);
    expect(traitsOf(lazy)).toEqual(traitsOf(built));
    expect(lazy['~standard'].vendor).toBe('zod');
    expect(z.toJSONSchema(lazy, { io: 'input' })).toEqual(z.toJSONSchema(built, { io: 'input' }));
  });

  test('decodes and encodes', () => {
    const Event = schema<{ at: Date; tree?: Tree }>(() => z.object({ at: date, tree: Tree.optional() }));
    const wire = { at: '2026-01-02T03:04:05.000Z', tree: { name: 'a' } };
    const value = { at: new Date(wire.at), tree: { name: 'a' } };
    expect(decoderOf(Event)(wire)).toEqual({ value });
    expect(encoderOf(Event)(value)).toEqual({ value: wire });
    expect(z.encode(z.object({ events: z.array(Event) }), { events: [value] })).toEqual({ events: [wire] });
  });

  test('has the methods of a schema', () => {
    const Name = schema<string>(() => z.string().min(2));
    expect(Name.optional().parse(undefined)).toBeUndefined();
    expect(Name.nullable().parse(null)).toBeNull();
    expect(Name.array().parse(['ab'])).toEqual(['ab']);
    expect(
      z
        .intersection(
          Tree,
          schema(() => z.looseObject({ kind: z.literal('a') })),
        )
        .safeParse({ name: 'a' }).success,
    ).toBe(false);
    expect(z.union([Name, z.number()]).parse(1)).toBe(1);
    expect(Name.describe('A name').parse('ab')).toBe('ab');
  });

  test('stands in a contract', async () => {
    const contract = defineContract({
      getTree: endpoint({ method: 'GET', path: '/tree', responses: { 200: Tree } }),
    });
    const api = createApi(contract, {
      baseUrl: 'https://trees.test',
      fetch: async () => Response.json({ name: 'a', children: [{ name: 'b' }] }),
    });
    expect(await api.getTree()).toEqual({ name: 'a', children: [{ name: 'b' }] });
  });
});
