import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { pictures } from '../../scripts/pictures/all.ts';
import { changes } from '../../scripts/pictures/circuit-states.ts';

const folder = new URL('../../docs/pictures/', import.meta.url);
const drawn = await pictures();

describe('the pictures of the docs', () => {
  test.each(Object.keys(drawn))('%s is what the code gives: npm run docs:pictures', name => {
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(drawn[name]);
  });

  test('are all drawn by a program', () => {
    const kept = readdirSync(folder).filter(name => name.endsWith('.svg'));
    expect(kept.sort()).toEqual(Object.keys(drawn).sort());
  });

  test.each(Object.keys(drawn))('%s can be read in light and dark, and aloud', name => {
    expect(drawn[name]).toContain('prefers-color-scheme: dark');
    expect(drawn[name]).toMatch(/role="img" aria-label="[^"]+"/);
  });

  test('ask for nothing from elsewhere', () => {
    for (const svg of Object.values(drawn))
      expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/);
  });
});

test('a circuit that lives through everything takes every way that there is', async () => {
  const ways = (await changes()).map(({ from, to, because }) => `${from} ${to} ${because}`);
  expect(ways.sort()).toEqual([
    'closed isolated by-hand',
    'closed open consecutive',
    'closed open ratio',
    'half-open closed probe-success',
    'half-open open probe-failure',
    'isolated closed by-hand',
    'open half-open open-time',
  ]);
});
