/** Measures what is in the tables of docs/browser.md, and writes them there: `node test/bundlers/size-tables.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sharesOf, sizeOf, weighed } from './support/sizes.ts';

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

/** What is compressed is the whole; a part is given its share by its minified size. */
async function shares(): Promise<string[]> {
  const [{ code }] = weighed as [(typeof weighed)[number]];
  const { minified, gzipped } = await sizeOf(root, code);
  const sizes = [...(await sharesOf(root, code))].sort(([, one], [, other]) => other - one);
  return [
    '| Part of `createFetch` | its share, min + gzip, kB |',
    '|---|--:|',
    ...sizes.map(([{ name }, size]) => `| ${name} | ${kb((size / minified) * gzipped)} |`),
  ];
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
