/** What is decoded and encoded again is on the wire as it came. */
import { test as property } from '@fast-check/vitest';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { jsonDecoderOf, readJson } from '../../../src/contract/exact-json.ts';
import { jsonOf } from '../../../src/contract/parameter-style.ts';
import { encoderOf } from '../../../src/contract/schema.ts';
import { formatted, loaded, mistakesOf, moduleOf, printed } from './support.ts';

const schemas = {
  Row: {
    type: 'object',
    properties: {
      id: { type: 'integer', format: 'int64' },
      text: { type: 'string', format: 'int64' },
      at: { type: 'string', format: 'date-time' },
      day: { type: 'string', format: 'date' },
      plain: { type: 'integer' },
      some: { type: 'array', items: { type: 'integer', format: 'int64' } },
      either: { anyOf: [{ type: 'integer', format: 'int64' }, { type: 'boolean' }] },
    },
  },
};

/** From the text of JSON to the program. */
async function arrived(schema: z.ZodType, text: string): Promise<unknown> {
  const { issues, ...result } = await jsonDecoderOf(schema)(readJson(text, schema));
  if (issues) throw new TypeError(issues.map(({ path, message }) => `${path}: ${message}`).join());
  return (result as { value: unknown }).value;
}

async function sent(schema: z.ZodType, value: unknown): Promise<string> {
  const { issues, ...result } = await encoderOf(schema)(value);
  if (issues) throw new TypeError(issues.map(({ path, message }) => `${path}: ${message}`).join());
  return jsonOf((result as { value: unknown }).value);
}

const roundTrip = async (schema: z.ZodType, text: string) => sent(schema, await arrived(schema, text));

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: -(2n ** 53n) - 3n, max: -(2n ** 53n) + 3n }),
  fc.constantFrom(0n, 2n ** 63n - 1n, -(2n ** 63n)),
);

describe.each(['bigint', 'string'] as const)('with --int64 %s, a number of 64 bits', kind => {
  let Row: z.ZodType;
  let code: string;
  beforeAll(async () => {
    ({ code } = await printed(schemas, { int64: kind }));
    Row = (await loaded(code)).Row as z.ZodType;
  });

  test('is printed as the compiler and the formatter have it', () => {
    expect(mistakesOf(code)).toEqual([]);
    const source = moduleOf(code, 'holdfast/contract', 'zod');
    expect(formatted(source)).toBe(source);
  });

  property.prop([int64])('goes as it came, as a number and as a text', async value => {
    const text = `{"id":${value},"text":"${value}","some":[1,${value}],"either":${value}}`;
    const program = kind === 'bigint' ? value : String(value);
    const one = kind === 'bigint' ? 1n : '1';
    expect(await arrived(Row, text)).toEqual({
      id: program,
      text: program,
      some: [one, program],
      either: program,
    });
    expect(await roundTrip(Row, text)).toBe(text);
  });

  test('stands beside numbers whose digits nobody asks for', async () => {
    const text = '{"id":9007199254740993,"plain":9007199254740993}';
    expect(await arrived(Row, text)).toEqual({
      id: kind === 'bigint' ? 9007199254740993n : '9007199254740993',
      plain: 9007199254740992,
    });
  });

  test.each([
    '9007199254740993.0',
    '1e19',
  ])('is refused where it is written as %s, and digits may be lost', async number => {
    await expect(arrived(Row, `{"id":${number}}`)).rejects.toThrow('id: is beyond 2^53: digits were lost');
  });

  test('is refused where JSON.parse has rounded it already', () => {
    const result = Row.safeParse(JSON.parse('{"id":9007199254740993}'));
    expect(result.error?.issues).toMatchObject([
      { path: ['id'], message: 'is beyond 2^53: digits were lost' },
    ]);
  });
});

const twoDigits = (max: number) => fc.integer({ min: 0, max }).map(it => String(it).padStart(2, '0'));
const day = fc
  .date({ min: new Date('0001-01-02'), max: new Date('9998-12-30'), noInvalidDate: true })
  .map(date => date.toISOString().slice(0, 10));
const time = fc.tuple(twoDigits(23), twoDigits(59), twoDigits(59)).map(parts => parts.join(':'));
const fraction = (digits: number) => fc.stringMatching(new RegExp(`^(?:\\.[0-9]{1,${digits}})?$`));
const offset = fc.oneof(
  fc.constant('Z'),
  fc.tuple(fc.constantFrom('+', '-'), twoDigits(23), twoDigits(59)).map(([sign, h, m]) => `${sign}${h}:${m}`),
);

describe('with --dates Date', () => {
  let Row: z.ZodType;
  beforeAll(async () => {
    Row = (await loaded((await printed(schemas, { dates: 'Date' })).code)).Row as z.ZodType;
  });

  property.prop([day])('a day goes as it came', async text => {
    expect(await roundTrip(Row, `{"day":"${text}"}`)).toBe(`{"day":"${text}"}`);
  });

  property.prop([day, time, fraction(3), offset])(
    'an instant goes as the same instant, in UTC and to the millisecond',
    async (date, clock, part, zone) => {
      const text = `${date}T${clock}${part}${zone}`;
      const back = JSON.parse(await roundTrip(Row, JSON.stringify({ at: text }))).at as string;
      expect(Date.parse(back)).toBe(Date.parse(text));
      expect(back).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(await roundTrip(Row, JSON.stringify({ at: back }))).toBe(JSON.stringify({ at: back }));
    },
  );

  test.each([
    new Date(Number.NaN),
    new Date(8.64e15),
    '2026-01-01T00:00:00Z',
  ])('what the wire has no spelling for is not sent (%s)', async at => {
    await expect(sent(Row, { at })).rejects.toThrow('at: ');
  });
});
