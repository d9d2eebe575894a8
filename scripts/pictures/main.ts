/** `npm run docs:pictures`: draws the pictures of the docs from running code. */
import { writeFileSync } from 'node:fs';
import { pictures } from './all.ts';

for (const [name, svg] of Object.entries(await pictures()))
  writeFileSync(new URL(`../../docs/pictures/${name}`, import.meta.url), svg);
