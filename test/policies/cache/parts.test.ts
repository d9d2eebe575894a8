import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../src/policies/cache/codec.ts';
import { milliseconds, parseDirectives } from '../../../src/policies/cache/directives.ts';
import type { Entry } from '../../../src/policies/cache/entry.ts';
import { judge } from '../../../src/policies/cache/judge.ts';

describe('Cache-Control', () => {
  const read: [field: string, directives: Record<string, string | true>][] = [
    ['', {}],
    ['max-age=60', { 'max-age': '60' }],
    ['MAX-AGE=60,No-Store', { 'max-age': '60', 'no-store': true }],
    ['max-age="60"', { 'max-age': '60' }],
    ['private="a, max-age=1", max-age=60', { private: 'a, max-age=1', 'max-age': '60' }],
    [',, max-age=1 , ,', { 'max-age': '1' }],
    ['=1, "x", max-age=1', { 'max-age': '1' }],
    ['max-age=1, max-age=2', { 'max-age': '1' }],
    ['no-cache="a", no-cache', { 'no-cache': true }],
    ['no-cache="a", no-cache="b"', { 'no-cache': 'a,b' }],
    ['x="a\\"b"', { x: 'a"b' }],
  ];
  test.each(read)('%j is read', (field, directives) => {
    expect(Object.fromEntries(parseDirectives(field))).toEqual(directives);
  });

  property.prop([fc.string()])('of any text is read, and comes to an end', field => {
    for (const [name, value] of parseDirectives(field)) {
      expect(name).not.toBe('');
      expect(milliseconds(new Map([[name, value]]), name)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('seconds', () => {
  test.each([
    ['60', 60_000],
    ['0', 0],
    ['-1', 0],
    ['1.5', 0],
    ['abc', 0],
    ['99999999999999', 2_147_483_648_000],
  ])('%s are %d ms', (text, ms) => {
    expect(milliseconds(new Map([['max-age', text]]), 'max-age')).toBe(ms);
  });
});

describe('an answer', () => {
  const now = Date.UTC(2026, 0, 1);
  const lifetimeOf = (headers: HeadersInit, shared = false, status = 200) =>
    judge(
      { input: 'https://a.test/', init: {} },
      status,
      new Headers(headers),
      { shared, heuristicRatio: 0.1 },
      now,
    )?.lifetimeMs;
  const at = (offsetMs: number) => new Date(now + offsetMs).toUTCString();

  test.each<[why: string, headers: HeadersInit, shared: boolean, ms: number | undefined]>([
    ['as long as max-age', { 'cache-control': 'max-age=60', expires: at(0) }, false, 60_000],
    ['as long as s-maxage if shared', { 'cache-control': 'max-age=60, s-maxage=9' }, true, 9_000],
    ['without s-maxage if private', { 'cache-control': 'max-age=60, s-maxage=9' }, false, 60_000],
    ['until it expires', { expires: at(5_000), date: at(0) }, false, 5_000],
    ['not if it expires at what is no date', { expires: '0' }, false, 0],
    ['a tenth of its age', { 'last-modified': at(-100_000), date: at(0) }, false, 10_000],
    ['not at all if nothing is said', {}, false, 0],
    ['and not kept if private and shared', { 'cache-control': 'private, max-age=60' }, true, undefined],
    [
      'and kept if it must be understood, and is',
      { 'cache-control': 'must-understand, no-store, max-age=60' },
      false,
      60_000,
    ],
  ])('is fresh %s', (_, headers, shared, ms) => {
    expect(lifetimeOf(headers, shared)).toBe(ms);
  });
});

property.prop([
  fc.record({
    url: fc.webUrl(),
    type: fc.constant<ResponseType>('basic'),
    status: fc.integer({ min: 200, max: 599 }),
    statusText: fc.string(),
    headers: fc.array(
      fc.tuple(fc.constantFrom('a', 'set-cookie', 'vary'), fc.stringMatching(/^[ -~]{0,9}$/)),
    ),
    body: fc.uint8Array({ maxLength: 20_000 }),
    receivedAt: fc.nat(),
    initialAgeMs: fc.nat(),
    keptUntil: fc.nat(),
    lifetimeMs: fc.nat(),
    staleWhileRevalidateMs: fc.nat(),
    staleIfErrorMs: fc.nat(),
    mustConfirm: fc.boolean(),
    mustNotBeStale: fc.boolean(),
  }),
])('any answer can be written down and read again', entry => {
  expect(decode(encode(entry as Entry))).toEqual(entry);
});

property.prop([fc.anything()])('what was not written here is refused', value => {
  expect(() => decode(typeof value === 'object' ? JSON.stringify(value) : value)).toThrow();
});
