import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHttpDate } from '../../src/http/http-date.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

const parsed = (value: string, now = NOW) => {
  const instant = parseHttpDate(value, now);
  return instant === undefined ? undefined : new Date(instant).toISOString();
};

describe('an HTTP-date', () => {
  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Sun Nov 06 08:49:37 1994',
  ])('is read in each of its forms: %s', value => {
    expect(parseHttpDate(value, NOW)).toBe(EXAMPLE);
  });

  it.each([
    ['Fri, 31 Dec 9999 23:59:59 GMT', '9999-12-31T23:59:59.000Z'],
    ['Thu, 29 Feb 2024 00:00:00 GMT', '2024-02-29T00:00:00.000Z'],
    ['Sat, 01 Jan 0000 00:00:00 GMT', '0000-01-01T00:00:00.000Z'],
    ['Mon, 01 Jan 0099 00:00:00 GMT', undefined], // it was a Thursday; 1999's was a Friday, 2099's a Thursday
    ['Thu, 01 Jan 0099 00:00:00 GMT', '0099-01-01T00:00:00.000Z'],
    ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00.000Z'],
    ['Wednesday, 25-Nov-26 00:00:00 GMT', '2026-11-25T00:00:00.000Z'],
    ['Fri Jan 16 01:02:03 2026', '2026-01-16T01:02:03.000Z'],
  ])('at the edges: %s', (value, expected) => {
    expect(parsed(value)).toBe(expected);
  });

  it.each([
    ['', 'nothing'],
    ['2026-11-25T00:00:00Z', 'ISO 8601'],
    ['25 Nov 2026 00:00:00 GMT', 'no weekday'],
    ['Wed 25 Nov 2026 00:00:00 GMT', 'no comma'],
    ['Wed, 25 Nov 2026 00:00:00', 'no zone'],
    ['Wed, 25 Nov 2026 00:00:00 PST', 'another zone'],
    ['Wed, 25 Nov 2026 00:00:00 UTC', 'UTC for GMT'],
    ['Wed, 25 Nov 2026 00:00:00 +0000', 'an offset'],
    ['Wed, 25 Nov 2026 00:00:00 gmt', 'lower case zone'],
    ['WED, 25 NOV 2026 00:00:00 GMT', 'upper case'],
    ['wed, 25 nov 2026 00:00:00 GMT', 'lower case'],
    ['Wed, 25 Nov 26 00:00:00 GMT', 'two-digit year in the preferred form'],
    ['Wednesday, 25 Nov 2026 00:00:00 GMT', 'long weekday in the preferred form'],
    ['Wed, 25-Nov-2026 00:00:00 GMT', 'the Netscape cookie form'],
    ['Wed, 25-Nov-26 00:00:00 GMT', 'short weekday in the RFC 850 form'],
    ['Wednesday, 25-Nov-2026 00:00:00 GMT', 'four-digit year in the RFC 850 form'],
    ['Wed, 5 Nov 2026 00:00:00 GMT', 'one-digit day'],
    ['Wed,  25 Nov 2026 00:00:00 GMT', 'two spaces'],
    ['Wed,\t25 Nov 2026 00:00:00 GMT', 'a tab'],
    ['Wed, 25 Nov 2026 0:00:00 GMT', 'one-digit hour'],
    ['Wed, 25 Nov 2026 00:00 GMT', 'no seconds'],
    ['Wed, 25 Nov 2026 24:00:00 GMT', 'hour 24'],
    ['Wed, 25 Nov 2026 00:60:00 GMT', 'minute 60'],
    ['Wed, 25 Nov 2026 00:00:60 GMT', 'a leap second at midnight'],
    ['Wed, 25 Nov 2026 23:59:61 GMT', 'second 61'],
    ['Wed, 25 Nov 2026 00:00:00 GMT ', 'a space behind'],
    [' Wed, 25 Nov 2026 00:00:00 GMT', 'a space before'],
    ['Wed, 25 Nov 2026 00:00:00 GMT; path=/', 'more behind'],
    ['Wed, 25 Foo 2026 00:00:00 GMT', 'no such month'],
    ['Mon, 30 Feb 2026 00:00:00 GMT', 'no such day'],
    ['Sun, 29 Feb 2026 00:00:00 GMT', 'no leap year'],
    ['Sun, 00 Nov 2026 00:00:00 GMT', 'day 0'],
    ['Foo, 25 Nov 2026 00:00:00 GMT', 'no such weekday'],
    ['Tue, 25 Nov 2026 00:00:00 GMT', 'another weekday than that day had'],
    ['Tuesday, 25-Nov-26 00:00:00 GMT', 'another weekday in the RFC 850 form'],
    ['Tue Nov 25 00:00:00 2026', 'another weekday in the asctime form'],
    ['Sun Nov 6 08:49:37 1994', 'an unpadded day in the asctime form'],
    ['Sun Nov  6 08:49:37 1994 GMT', 'a zone in the asctime form'],
    ['Sun Nov  0 08:49:37 1994', 'day 0 in the asctime form'],
  ])('is not %j: %s', value => {
    expect(parseHttpDate(value, NOW)).toBeUndefined();
  });

  it('has a two-digit year that is at most 50 years ahead', () => {
    expect(parsed('Saturday, 21-Nov-76 12:00:00 GMT')).toBe('2076-11-21T12:00:00.000Z');
    expect(parsed('Saturday, 21-Nov-76 12:00:01 GMT')).toBeUndefined(); // 1976, when that day was a Sunday
    expect(parsed('Sunday, 21-Nov-76 12:00:01 GMT')).toBe('1976-11-21T12:00:01.000Z');
  });

  it('has a two-digit year that may lie in the next century', () => {
    const endOfCentury = Date.UTC(2099, 11, 31);
    expect(parsed('Friday, 01-Jan-00 00:00:00 GMT', endOfCentury)).toBe('2100-01-01T00:00:00.000Z');
  });

  it('lets the weekday tell the century', () => {
    const in2050 = Date.UTC(2050, 0, 1); // 2094 is within 50 years, but its 6 November is a Saturday
    expect(parsed('Sunday, 06-Nov-94 08:49:37 GMT', in2050)).toBe('1994-11-06T08:49:37.000Z');
    expect(parsed('Saturday, 06-Nov-94 08:49:37 GMT', in2050)).toBe('2094-11-06T08:49:37.000Z');
    expect(parsed('Friday, 06-Nov-94 08:49:37 GMT', in2050)).toBeUndefined();
  });

  it('finds a leap day in the century that has one', () => {
    expect(parsed('Tuesday, 29-Feb-00 00:00:00 GMT', Date.UTC(2060, 0, 1))).toBe('2000-02-29T00:00:00.000Z');
  });
});

const seconds = (from: number, to: number) =>
  fc.integer({ min: Math.ceil(from / 1000), max: Math.floor(to / 1000) }).map(second => second * 1000);

describe('every instant', () => {
  it('comes back from its preferred form', () => {
    fc.assert(
      fc.property(seconds(Date.UTC(0, 0) - 1900 * 3e10, Date.UTC(9999, 11, 31)), instant => {
        fc.pre(new Date(instant).getUTCFullYear() >= 0);
        expect(parseHttpDate(new Date(instant).toUTCString(), NOW)).toBe(instant);
      }),
    );
  });

  it('comes back from its asctime form', () => {
    fc.assert(
      fc.property(seconds(Date.UTC(1000, 0), Date.UTC(9999, 11, 31)), instant => {
        expect(parseHttpDate(asctime(new Date(instant)), NOW)).toBe(instant);
      }),
    );
  });

  it('comes back from its RFC 850 form if within 49 years of now', () => {
    const window = 49 * 365 * 86_400_000;
    fc.assert(
      fc.property(seconds(0, Date.UTC(2200, 0)), seconds(-window, window), (now, distance) => {
        expect(parseHttpDate(rfc850(new Date(now + distance)), now)).toBe(now + distance);
      }),
    );
  });

  it('is never read from text in which one character has changed', () => {
    const position = fc.nat({ max: EXAMPLE_TEXT.length - 1 });
    const other = fc.string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' });
    fc.assert(
      fc.property(position, other, (at, character) => {
        fc.pre(character !== EXAMPLE_TEXT[at]);
        const changed = EXAMPLE_TEXT.slice(0, at) + character + EXAMPLE_TEXT.slice(at + 1);
        expect(parseHttpDate(changed, NOW)).not.toBe(EXAMPLE);
      }),
    );
  });
});

const EXAMPLE_TEXT = 'Sun, 06 Nov 1994 08:49:37 GMT';
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function asctime(date: Date): string {
  const [weekday = '', day = '', month, year, time] = date.toUTCString().split(' ');
  return `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
}

function rfc850(date: Date): string {
  const [, day, month, year = '', time] = date.toUTCString().split(' ');
  return `${DAYS[date.getUTCDay()]}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
}
