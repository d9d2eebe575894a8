// Our own: `Date.parse` takes what is not a date, npm's `http-date` refuses every January, `parsehttpdate` knows one form of three.

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const TIME = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})';
const MONTH = '(?<month>[A-Z][a-z]{2})';

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const IMF_FIXDATE = new RegExp(
  `^(?<weekday>[A-Z][a-z]{2}), (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`,
);
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const RFC_850 = new RegExp(
  `^(?<weekday>[A-Z][a-z]{5,8}), (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT$`,
);
/** `Sun Nov  6 08:49:37 1994` */
const ASCTIME = new RegExp(`^(?<weekday>[A-Z][a-z]{2}) ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`);

/**
 * Reads an HTTP-date in any of its three forms, to epoch milliseconds.
 *
 * Strict: one space where the grammar has one, `GMT` alone, a day that exists, a weekday that fits it, and a
 * leap second only at 23:59:60. Surrounding white space is the caller's to remove.
 *
 * @param value - the field value, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
 * @param nowEpochMs - the present, which gives the two-digit year of the RFC 850 form its century.
 * @returns undefined for anything that is not an HTTP-date.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7 | RFC 9110 §5.6.7}
 */
export function parseHttpDate(value: string, nowEpochMs: number): number | undefined {
  const fourDigitYear = (IMF_FIXDATE.exec(value) ?? ASCTIME.exec(value))?.groups;
  if (fourDigitYear !== undefined) return toEpochMs(fourDigitYear, Number(fourDigitYear.year));

  const twoDigitYear = RFC_850.exec(value)?.groups;
  if (twoDigitYear !== undefined) return withinFiftyYears(twoDigitYear, nowEpochMs);

  return undefined;
}

/**
 * What "appears to be more than 50 years in the future" is the most recent past year with the same last two digits
 * (§5.6.7), and so is what has no such day: the weekday and 29 February may tell the century too.
 */
function withinFiftyYears(fields: Record<string, string>, nowEpochMs: number): number | undefined {
  const limit = new Date(nowEpochMs);
  limit.setUTCFullYear(limit.getUTCFullYear() + 50);
  const lastYear = limit.getUTCFullYear();
  const year = lastYear - ((lastYear - Number(fields.year)) % 100);

  const instant = toEpochMs(fields, year);
  return instant !== undefined && instant <= limit.getTime() ? instant : toEpochMs(fields, year - 100);
}

function toEpochMs(fields: Record<string, string>, year: number): number | undefined {
  const { weekday = '', month = '', day, hour, minute, second } = fields;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, MONTHS.indexOf(month), Number(day));

  const isRealDay = MONTHS[date.getUTCMonth()] === month && date.getUTCDate() === Number(day);
  if (!isRealDay || !isWeekday(weekday, date.getUTCDay())) return undefined;
  if (!isTimeOfDay(Number(hour), Number(minute), Number(second))) return undefined;
  return date.setUTCHours(Number(hour), Number(minute), Number(second));
}

function isWeekday(name: string, dayOfWeek: number): boolean {
  const fullName = WEEKDAYS[dayOfWeek] ?? '';
  return name === (name.length === 3 ? fullName.slice(0, 3) : fullName);
}

function isTimeOfDay(hour: number, minute: number, second: number): boolean {
  const isLeapSecond = hour === 23 && minute === 59 && second === 60;
  return hour <= 23 && minute <= 59 && (second <= 59 || isLeapSecond);
}
