import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../src/http/retry-after.ts';

/** Saturday, 21 November 2026, 12:00:00 GMT, and a half, as clocks have it. */
const NOW = Date.UTC(2026, 10, 21, 12, 0, 0, 500);
const NOW_SECONDS = Date.UTC(2026, 10, 21, 12, 0, 0) / 1000;

const delay = (headers: Record<string, string>, now = NOW) => retryAfterMs(new Headers(headers), now);

describe('Retry-After', () => {
  it.each([
    // delay-seconds = 1*DIGIT
    ['0', 0],
    ['1', 1_000],
    ['120', 120_000],
    ['007', 7_000],
    ['86400', 86_400_000],
    ['  5\t', 5_000], // white space around a field value is no part of it (RFC 9110 §5.5)
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
    ['', undefined],
    ['-1', undefined],
    ['+5', undefined],
    ['1.5', undefined],
    ['.5', undefined],
    ['5.', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['1_000', undefined],
    ['1,000', undefined],
    ['5s', undefined],
    ['5 seconds', undefined],
    ['5;q=1', undefined],
    ['"5"', undefined],
    ['5, 5', undefined], // two fields, of which there may be one
    ['5, 10', undefined],
    ['Infinity', undefined],
    ['NaN', undefined],
    ['null', undefined],
    ['true', undefined],
    ['soon', undefined],
    ['5\u00a0', undefined], // a no-break space is no white space here
    ['\u00b2', undefined], // a superscript two is no digit
    // HTTP-date
    ['Sat, 21 Nov 2026 12:00:10 GMT', 9_500],
    ['Sat, 21 Nov 2026 12:02:00 GMT', 119_500],
    [' Sat, 21 Nov 2026 12:00:10 GMT ', 9_500],
    ['Sat, 21 Nov 2026 12:00:00 GMT', 0],
    ['Sat, 21 Nov 2026 11:59:59 GMT', 0],
    ['Fri, 31 Dec 1999 23:59:59 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Wed, 21 Nov 2035 12:00:00 GMT', Date.UTC(2035, 10, 21, 12) - NOW],
    ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) - NOW],
    ['Saturday, 21-Nov-26 12:00:10 GMT', 9_500],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['Thursday, 21-Nov-75 12:00:00 GMT', Date.UTC(2075, 10, 21, 12) - NOW],
    ['Monday, 21-Nov-77 12:00:00 GMT', 0], // 51 years ahead means 49 years ago
    ['Sat Nov 21 12:00:10 2026', 9_500],
    ['Tue Dec  1 12:00:00 2026', Date.UTC(2026, 11, 1, 12) - NOW],
    ['Tue Dec 01 12:00:00 2026', Date.UTC(2026, 11, 1, 12) - NOW],
    ['Tue Dec 1 12:00:00 2026', undefined],
    ['Sat, 21 Nov 2026 12:00:10 PST', undefined],
    ['Sat, 21 Nov 2026 12:00:10 UTC', undefined],
    ['Sat, 21 Nov 2026 12:00:10 EST', undefined],
    ['Sat, 21 Nov 2026 12:00:10 Z', undefined],
    ['Sat, 21 Nov 2026 12:00:10 +0100', undefined],
    ['Sat, 21 Nov 2026 12:00:10', undefined],
    ['Sun, 21 Nov 2026 12:00:10 GMT', undefined],
    ['Foo, 21 Nov 2026 12:00:10 GMT', undefined],
    ['Sat, 31 Nov 2026 12:00:10 GMT', undefined],
    ['Sat, 21 Nov 2026 25:00:10 GMT', undefined],
    ['Sat, 21 Nov 26 12:00:10 GMT', undefined],
    ['sat, 21 nov 2026 12:00:10 gmt', undefined],
    ['2026-11-21T12:00:10Z', undefined],
    ['2026-11-21', undefined],
    ['11/21/2026', undefined],
    ['1795262410', 1_795_262_410_000], // an epoch time is no form of it: these are seconds
  ])('%j asks for %s', (value, expected) => {
    expect(delay({ 'retry-after': value })).toBe(expected);
  });

  it('wins over every other field', () => {
    const headers = {
      'retry-after': '3',
      'retry-after-ms': '1500',
      ratelimit: '"default";r=0;t=60',
      'ratelimit-reset': '70',
      'x-ratelimit-reset': '80',
    };
    expect(delay(headers)).toBe(3_000);
  });

  it('gives way to the next field if it is malformed', () => {
    expect(delay({ 'retry-after': 'soon', 'retry-after-ms': '1500' })).toBe(1_500);
    expect(delay({ 'retry-after': 'soon', 'ratelimit-reset': '7' })).toBe(7_000);
  });
});

describe('retry-after-ms', () => {
  it.each([
    ['0', 0],
    ['350', 350],
    ['1500.2', 1_501], // rounded up: never early
    ['0.4', 1],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
    ['-1', undefined],
    ['+1', undefined],
    ['.5', undefined],
    ['5.', undefined],
    ['1e3', undefined],
    ['', undefined],
    ['NaN', undefined],
    ['12ms', undefined],
  ])('%j asks for %s', (value, expected) => {
    expect(delay({ 'retry-after-ms': value })).toBe(expected);
    expect(delay({ 'x-ms-retry-after-ms': value })).toBe(expected);
  });
});

describe('RateLimit', () => {
  it.each([
    ['"default";r=0;t=30', 30_000],
    ['default;r=0;t=30', 30_000],
    ['"100-in-1min"; r=0; t=30; pk=:dHJpYWwxMjE=:', 30_000],
    ['"default";r=0;t=0', 0],
    ['"default";r=50;t=30', undefined],
    ['"default";r=0', undefined],
    ['"default";t=30', undefined],
    ['"default"', undefined],
    ['"second";r=0;t=1, "hour";r=0;t=1800', 1_800_000], // open again only when both are
    ['"hour";r=0;t=1800, "second";r=0;t=1', 1_800_000],
    ['"second";r=0;t=1, "hour";r=900;t=1800', 1_000],
    ['("a" "b");r=0;t=5, "default";r=0;t=2', 2_000],
    ['"default";r=0;t=-1', undefined],
    ['"default";r=0;t=1.5', undefined],
    ['"default";r=0;t="30"', undefined],
    ['"default";r=0;t', undefined],
    ['"default;r=0;t=30', undefined],
    ['"default";r=0;t=30,', undefined],
    ['"default";r=0;t=30, =', undefined], // one mistake voids the whole field (RFC 9651 §4.2)
    ['"default";R=0;T=30', undefined],
    ['', undefined],
    // the dictionary of draft 07
    ['limit=100, remaining=0, reset=30', 30_000],
    ['limit=100,remaining=0,reset=30', 30_000],
    ['reset=30, remaining=0', 30_000],
    ['limit=100, remaining=1, reset=30', undefined],
    ['limit=100, reset=30', undefined],
    ['limit=100, remaining=0', undefined],
    ['limit=100, remaining=0, reset=-30', undefined],
    ['limit=100, remaining=0, reset="30"', undefined],
    ['limit=100, remaining=0, reset=30,', undefined],
    ['limit: 100, remaining: 0, reset: 30', undefined],
  ])('%j asks for %s', (value, expected) => {
    expect(delay({ ratelimit: value })).toBe(expected);
  });

  it('is read over several header lines', () => {
    const headers = new Headers();
    headers.append('RateLimit', '"second";r=0;t=1');
    headers.append('RateLimit', '"hour";r=0;t=60');
    expect(retryAfterMs(headers, NOW)).toBe(60_000);
  });

  it('goes before the reset fields', () => {
    expect(delay({ ratelimit: '"a";r=0;t=5', 'ratelimit-reset': '9' })).toBe(5_000);
    expect(delay({ ratelimit: '"a";r=1;t=5', 'ratelimit-reset': '9' })).toBe(9_000);
  });
});

describe.each([
  ['ratelimit-reset', 'ratelimit-remaining'],
  ['x-ratelimit-reset', 'x-ratelimit-remaining'],
  ['x-rate-limit-reset', 'x-rate-limit-remaining'],
])('%s', (resetField, remainingField) => {
  it.each([
    ['0', 0],
    ['30', 30_000],
    ['1.5', 1_500],
    [`${NOW_SECONDS + 30}`, 29_500],
    [`${NOW_SECONDS + 30}.25`, 29_750],
    [`${NOW_SECONDS - 30}`, 0],
    [`${NOW_SECONDS * 1000 + 30_000}`, 29_500],
    ['1000000000', 1_000_000_000_000], // up to here it is a delay, if a long one
    ['1000000001', 0], // from here on an instant, this one in 2001
    ['', undefined],
    ['-5', undefined],
    ['+5', undefined],
    ['1e3', undefined],
    ['12ms', undefined],
    ['5, 5', undefined],
    ['Sat, 21 Nov 2026 12:00:10 GMT', undefined],
  ])('%j asks for %s', (value, expected) => {
    expect(delay({ [resetField]: value })).toBe(expected);
  });

  it.each([
    ['0', 30_000],
    ['0.0', 30_000],
    ['00', 30_000],
    ['1', undefined],
    ['0.5', undefined],
    ['10', undefined],
    ['4999', undefined],
    ['-1', undefined],
    ['', undefined],
    ['none', undefined],
  ])('with %j remaining asks for %s', (remaining, expected) => {
    expect(delay({ [resetField]: '30', [remainingField]: remaining })).toBe(expected);
  });
});

describe('reset fields', () => {
  it('are asked in order, until one says the quota is used up', () => {
    const headers = {
      'ratelimit-reset': '10',
      'ratelimit-remaining': '4',
      'x-ratelimit-reset': '20',
      'x-ratelimit-remaining': '0',
      'x-rate-limit-reset': '30',
    };
    expect(delay(headers)).toBe(20_000);
  });
});

describe('any response', () => {
  it('without these fields asks for nothing', () => {
    expect(delay({})).toBeUndefined();
    expect(delay({ 'content-type': 'application/json', 'x-ratelimit-remaining': '0' })).toBeUndefined();
  });

  it('asks for a whole, finite number of milliseconds or for nothing', () => {
    const names = [
      'retry-after',
      'retry-after-ms',
      'ratelimit',
      'ratelimit-reset',
      'ratelimit-remaining',
      'x-ratelimit-reset',
    ];
    const piece = fc.oneof(
      fc.constantFrom(
        '0',
        '1e3',
        ';r=0',
        ';t=',
        'reset=',
        'remaining=0',
        ', ',
        '"',
        'a',
        '-',
        '.',
        ' GMT',
        '99999999999',
      ),
      fc.nat().map(String),
      fc.string({
        unit: fc.integer({ min: 0x20, max: 0xff }).map(code => String.fromCharCode(code)),
        maxLength: 5,
      }),
    );
    const value = fc.array(piece, { maxLength: 6 }).map(pieces => pieces.join('').replace(/\x7f/g, ''));
    const headers = fc.dictionary(fc.constantFrom(...names), value);
    fc.assert(
      fc.property(headers, fc.integer({ min: 0, max: 4e12 }), (fields, now) => {
        const delayMs = delay(fields, now);
        expect(delayMs === undefined || (Number.isSafeInteger(delayMs) && delayMs >= 0)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is never early: the delay ends at the date asked for, or later', () => {
    const now = fc.double({ min: 0, max: 4e12, noNaN: true });
    fc.assert(
      fc.property(now, fc.integer({ min: 0, max: 4e9 }), (nowEpochMs, second) => {
        const instant = second * 1000;
        const delayMs = delay({ 'retry-after': new Date(instant).toUTCString() }, nowEpochMs) ?? Number.NaN;
        expect(nowEpochMs + delayMs).toBeGreaterThanOrEqual(instant);
      }),
    );
  });
});
