import { test as property } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { maxCharacters, minCharacters } from '../../src/contract/index.ts';

describe('lengths in characters', () => {
  property.prop([fc.string({ unit: 'binary', maxLength: 12 }), fc.nat(12), fc.nat(12)])(
    'are those of code points, whatever the units',
    (text, minimum, maximum) => {
      const { length } = [...text];
      expect(z.string().check(minCharacters(minimum)).safeParse(text).success).toBe(length >= minimum);
      expect(z.string().check(maxCharacters(maximum)).safeParse(text).success).toBe(length <= maximum);
    },
  );

  test('are told of as zod tells of its own', () => {
    const schema = z.string().check(minCharacters(2), maxCharacters(3));
    const codesOf = (text: string) => schema.safeParse(text).error?.issues.map(({ code }) => code);
    expect(codesOf('💩')).toEqual(['too_small']);
    expect(codesOf('💩💩💩💩')).toEqual(['too_big']);
    expect(schema.parse('💩💩💩')).toBe('💩💩💩');
    expect(schema.safeParse([]).error?.issues.map(({ code }) => code)).toEqual(['invalid_type']);
    expect(z.toJSONSchema(schema)).toMatchObject({ minLength: 2, maxLength: 3 });
  });
});
