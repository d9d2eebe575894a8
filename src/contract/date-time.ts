/** Dates and times as services write them, for `check()` of zod, whose own format is stricter. */
import { type $ZodCheck, $ZodCheckStringFormat } from 'zod/v4/core';

export interface IsoDateTimeOptions {
  /**
   * Whether it must be what `Temporal.Instant` takes: with a zone, and no finer than nanoseconds.
   * @defaultValue false
   */
  readonly instant?: boolean;
}

const DAY_OF_ANY_YEAR =
  '\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))';
const LEAP_DAY = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29';
const MINUTE = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const ZONE = '(?:Z|[+-](?:[01]\\d|2[0-3]):?[0-5]\\d)';

const patternOf = (digits: string, zone: string): RegExp =>
  new RegExp(`^(?:${DAY_OF_ANY_YEAR}|${LEAP_DAY})T${MINUTE}(?::[0-5]\\d(?:\\.\\d${digits})?)?${zone}$`);

const dateTimes = patternOf('+', `${ZONE}?`);
const instants = patternOf('{1,9}', ZONE);

/**
 * A date and a time as services write them, for `check()` of zod: `z.string().check(isoDateTime())`. Takes what
 * `z.iso.datetime({ offset: true, local: true })` does, and offsets without a colon (`+0000`), which are of ISO 8601 and
 * not of RFC 3339, and which many services send.
 */
export function isoDateTime({ instant = false }: IsoDateTimeOptions = {}): $ZodCheck<string> {
  const pattern = instant ? instants : dateTimes;
  return new $ZodCheckStringFormat({ check: 'string_format', format: 'datetime', pattern });
}
