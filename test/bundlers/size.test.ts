/** A bundle grows by what somebody decides on, and docs/browser.md says how large it is. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sizeOf, weighed } from './support/sizes.ts';

const page = readFileSync('docs/browser.md', 'utf8');

test.each(weighed)('$name', async ({ name, code, maxKb }) => {
  const { gzipped } = await sizeOf(process.cwd(), code);
  expect(
    gzipped,
    'It has grown. If it is worth it, raise `maxKb` in test/bundlers/support/sizes.ts.',
  ).toBeLessThanOrEqual(maxKb);
  expect(gzipped, 'It has shrunk. Lower `maxKb` in test/bundlers/support/sizes.ts.').toBeGreaterThan(
    maxKb - 1.5,
  );
  const row = page.split('\n').find(line => line.startsWith(`| ${name} |`));
  const documented = Number(row?.split('|')[2]);
  expect(
    Math.abs(gzipped - documented),
    `docs/browser.md says ${documented} kB. Bring it up to date: node test/bundlers/size-tables.ts`,
  ).toBeLessThan(0.5);
});
