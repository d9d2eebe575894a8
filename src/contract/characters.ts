/** Lengths of texts as JSON Schema counts them, for `check()` of zod, whose own count is of UTF-16 units. */
import { type $ZodCheck, $ZodCheckMaxLength, $ZodCheckMinLength } from 'zod/v4/core';

/**
 * So many characters at most: `z.string().check(maxCharacters(80))`. An emoji is one, where `max(80)` counts two.
 *
 * @param maximum - in code points, from 0.
 * @see {@link https://json-schema.org/draft/2020-12/json-schema-validation#section-6.3.1 | JSON Schema, maxLength}
 */
export function maxCharacters(maximum: number): $ZodCheck<string> {
  const check = new $ZodCheckMaxLength({ check: 'max_length', maximum }) as $ZodCheck<string>;
  const { check: refuse } = check._zod;
  // There are never more characters than units: what has too many of those has too many of these.
  check._zod.check = payload => {
    if (isText(payload.value) && charactersIn(payload.value) > maximum) refuse(payload);
  };
  return check;
}

/**
 * So many characters at least: `z.string().check(minCharacters(8))`. An emoji is one, where `min(8)` counts two.
 *
 * @param minimum - in code points, from 0.
 * @see {@link https://json-schema.org/draft/2020-12/json-schema-validation#section-6.3.2 | JSON Schema, minLength}
 */
export function minCharacters(minimum: number): $ZodCheck<string> {
  const check = new $ZodCheckMinLength({ check: 'min_length', minimum }) as $ZodCheck<string>;
  check._zod.check = ({ value: input, issues }) => {
    if (!isText(input) || charactersIn(input) >= minimum) return;
    issues.push({ origin: 'string', code: 'too_small', minimum, inclusive: true, input, inst: check });
  };
  return check;
}

/** Zod asks its checks also of what it has refused already. */
const isText = (value: unknown): value is string => typeof value === 'string';

const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;

const charactersIn = (text: string): number => text.length - (text.match(PAIRS)?.length ?? 0);
