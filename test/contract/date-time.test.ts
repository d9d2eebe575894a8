import { test as property } from '@fast-check/vitest';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isoDateTime } from '../../src/contract/index.ts';

const text = z.string().check(isoDateTime());
const instant = z.string().check(isoDateTime({ instant: true }));
const takes = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;

describe('a date and a time', () => {
  test.each([
    ['2026-01-02T03:04:05Z', true, true],
    ['2026-01-02T03:04:05.123456789+02:00', true, true],
    ['2026-01-02T03:04:05.1234567890Z', true, false],
    ['2026-01-02T03:04:05.000+0000', true, true],
    ['2026-01-02T03:04-0730', true, true],
    ['2024-02-29T00:00:00', true, false],
    ['2023-02-29T00:00:00Z', false, false],
    ['2026-01-02T24:00:00Z', false, false],
    ['2026-01-02', false, false],
    ['2026-01-02T03:04:05+00', false, false],
    ['x2026-01-02T03:04:05Z', false, false],
  ])('%s: is one %j, and an instant %j', (value, isOne, isInstant) => {
    expect([takes(text, value), takes(instant, value)]).toEqual([isOne, isInstant]);
  });

  property.prop([
    fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
    fc.integer({ min: 1, max: 31 }),
  ])('is one where JSON Schema says so, whatever the day', (date, day) => {
    const ajv = new Ajv({ formats: {} });
    (formats as unknown as (to: Ajv) => void)(ajv);
    const isOne = ajv.compile({ type: 'string', format: 'date-time' });
    const value = `${date.toISOString().slice(0, 8)}${String(day).padStart(2, '0')}${date.toISOString().slice(10)}`;
    expect(takes(instant, value)).toBe(isOne(value));
    expect(takes(text, value)).toBe(isOne(value));
  });

  test('is a `date-time` in JSON Schema, and says one thing of what is no text', () => {
    expect(z.toJSONSchema(text)).toMatchObject({ type: 'string', format: 'date-time' });
    expect(text.safeParse(5).error?.issues).toHaveLength(1);
    expect(text.safeParse('x').error?.issues).toMatchObject([{ code: 'invalid_format', format: 'datetime' }]);
  });
});
