/** Measures what is in the tables of docs/browser.md, and writes them there: `node test/bundlers/size-tables.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parts, sizeOf, weighed } from './support/sizes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = new URL('../../docs/browser.md', import.meta.url);

const kb = (size: number): string => size.toFixed(1);

async function imports(): Promise<string[]> {
  const rows = ['| Imported | min + gzip, kB | minified, kB |', '|---|--:|--:|'];
  for (const { name, code } of weighed) {
    const { gzipped, minified } = await sizeOf(root, code);
    rows.push(`| ${name} | ${kb(gzipped)} | ${kb(minified)} |`);
  }
  return rows;
}

/** What is missing where a part is left out. They share words, which compress well, so there is more than the sum. */
async function shares(): Promise<string[]> {
  const [{ code }] = weighed as [(typeof weighed)[number]];
  const all = await sizeOf(root, code);
  const costs = await Promise.all(
    parts.map(async ({ name, modules }) => ({
      name,
      cost: all.gzipped - (await sizeOf(root, code, modules)).gzipped,
    })),
  );
  const rows = costs
    .sort((one, other) => other.cost - one.cost)
    .map(({ name, cost }) => `| ${name} | ${kb(cost)} |`);
  return ['| Part of `createFetch` | min + gzip, kB |', '|---|--:|', ...rows];
}

const between = (name: string): RegExp =>
  new RegExp(`(<!-- ${name}:[^>]*-->\\n)[^]*?(<!-- end of ${name} -->)`);

let text = readFileSync(page, 'utf8');
for (const [name, rows] of [
  ['sizes', await imports()],
  ['parts', await shares()],
] as const) {
  if (!between(name).test(text)) throw new Error(`docs/browser.md has no place for the table of ${name}`);
  text = text.replace(between(name), (_, begin, end) => `${begin}\n${rows.join('\n')}\n\n${end}`);
}
writeFileSync(page, text);
