import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readQuota } from '../../src/http/rate-limit.ts';

const now = Date.UTC(2026, 0, 1);
const read = (headers: Record<string, string>) => readQuota(new Headers(headers), () => now);

describe('the quota that a response tells of', () => {
  test.each<[string, Record<string, string>, object]>([
    [
      'the standard fields',
      { RateLimit: '"default";r=50;t=30', 'RateLimit-Policy': '"default";q=100;w=60' },
      { remaining: 50, limit: 100, windowMs: 60_000, resetMs: 30_000 },
    ],
    [
      'the tightest of several quotas',
      {
        RateLimit: '"hour";r=900;t=1800, "second";r=2;t=1',
        'RateLimit-Policy': '"second";q=10;w=1, "hour";q=1000;w=3600',
      },
      { remaining: 2, limit: 10, windowMs: 1_000, resetMs: 1_000 },
    ],
    [
      'of equally tight ones that which lasts longer',
      { RateLimit: '"second";r=0;t=1, "hour";r=0;t=1800' },
      { remaining: 0, limit: undefined, windowMs: undefined, resetMs: 1_800_000 },
    ],
    [
      'no time of reset, but a window',
      { RateLimit: '"a";r=3', 'RateLimit-Policy': '"a";q=10;w=60' },
      { remaining: 3, limit: 10, windowMs: 60_000, resetMs: 60_000 },
    ],
    [
      'the older dictionary',
      { RateLimit: 'limit=100, remaining=5, reset=30' },
      { remaining: 5, limit: 100, resetMs: 30_000 },
    ],
    [
      'the policy alone: the slowest',
      { 'RateLimit-Policy': '"second";q=10;w=1, "hour";q=1000;w=3600' },
      { remaining: undefined, limit: 1_000, windowMs: 3_600_000, resetMs: 3_600_000 },
    ],
    [
      'the policy of draft 07 alone',
      { 'RateLimit-Policy': '100;w=60' },
      { remaining: undefined, limit: 100, windowMs: 60_000, resetMs: 60_000 },
    ],
    [
      'RateLimit-Remaining and its relatives',
      { 'RateLimit-Limit': '100, 100;w=60', 'RateLimit-Remaining': '7', 'RateLimit-Reset': '12' },
      { remaining: 7, limit: 100, resetMs: 12_000 },
    ],
    [
      'X-RateLimit with seconds',
      { 'X-RateLimit-Limit': '60', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '12' },
      { remaining: 0, limit: 60, resetMs: 12_000 },
    ],
    [
      'X-RateLimit with an epoch in seconds',
      { 'X-RateLimit-Remaining': '1', 'X-RateLimit-Reset': String(now / 1_000 + 90) },
      { remaining: 1, limit: undefined, resetMs: 90_000 },
    ],
    [
      'X-Rate-Limit with an epoch in milliseconds',
      { 'X-Rate-Limit-Remaining': '1', 'X-Rate-Limit-Reset': String(now + 500) },
      { remaining: 1, resetMs: 500 },
    ],
    [
      'a reset in the past',
      { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(now / 1_000 - 90) },
      { remaining: 0, resetMs: 0 },
    ],
    [
      'an X-RateLimit beside a RateLimit that does not parse',
      { RateLimit: '"a";r=', 'X-RateLimit-Remaining': '4', 'X-RateLimit-Reset': '2' },
      { remaining: 4, resetMs: 2_000 },
    ],
  ])('by %s', (_, headers, quota) => {
    expect(read(headers)).toMatchObject(quota);
  });

  test.each<[string, Record<string, string>]>([
    ['no such fields', { 'Content-Type': 'text/plain' }],
    ['a limit alone, which says nothing of what is left', { 'X-RateLimit-Limit': '60' }],
    ['what is left without a reset', { 'X-RateLimit-Remaining': '60' }],
  ])('nothing by %s', (_, headers) => {
    expect(read(headers)).toBeUndefined();
  });

  test.each<[string, Record<string, string>]>([
    ['what is no structured field', { RateLimit: '"a";r=' }],
    ['a negative remainder', { RateLimit: '"a";r=-1;t=5' }],
    ['a remainder without any time', { RateLimit: '"a";r=1' }],
    ['words for numbers', { 'X-RateLimit-Remaining': 'many', 'X-RateLimit-Reset': 'soon' }],
    [
      'a reset that is more than a day away',
      { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '31536000' },
    ],
    [
      'a quota of bytes',
      { RateLimit: '"b";r=1;t=5', 'RateLimit-Policy': '"b";q=1000;w=60;qu="content-bytes"' },
    ],
    ['a policy that is none', { 'RateLimit-Policy': '???' }],
  ])('is unreadable by %s', (_, headers) => {
    expect(read(headers)).toBe('unreadable');
  });

  test('is never what nobody can count with, whatever the fields say', () => {
    const value = fc.oneof(
      fc.string({ unit: 'grapheme-ascii' }),
      fc.constantFrom('"a";r=1;t=5', '0', '1e9', '99999999999999999999', '-1'),
    );
    const names = [
      'ratelimit',
      'ratelimit-policy',
      'ratelimit-remaining',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
      'x-ratelimit-limit',
    ];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), fields => {
        let headers: Headers;
        try {
          headers = new Headers(fields);
        } catch {
          return;
        }
        const quota = readQuota(headers, () => now);
        if (typeof quota !== 'object') return;
        expect(quota.resetMs).toBeGreaterThanOrEqual(0);
        expect(quota.resetMs).toBeLessThanOrEqual(25 * 3_600_000);
        expect(quota.remaining ?? 0).toBeGreaterThanOrEqual(0);
        expect(quota.limit ?? 1).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
