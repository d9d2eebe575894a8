/**
 * `npm run docs`: the guide and the typed reference as one site, in `site/`. Fails on a warning of typedoc, on a link
 * or an anchor that leads nowhere, and on a page that asks for something from elsewhere.
 *
 *   node scripts/site/build.ts [--serve]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mark } from '../pictures/mark.ts';
import { anchorOf } from './anchor.ts';
import { problemsOf } from './check-links.ts';
import { serve } from './serve.ts';
import { stage } from './stage.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = `${here}.pages`;

function run(command: string, args: readonly string[], cwd = root): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** The packages of the site alone, if they are not there or not those of the lock file. */
function install(): void {
  const installed = `${here}node_modules/.package-lock.json`;
  const isFresh =
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${here}package-lock.json`).mtimeMs;
  if (!isFresh) run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], here);
}

function writeReference(): void {
  const plugin = './scripts/site/node_modules/typedoc-plugin-markdown/dist/index.js';
  const options = ['--entryFileName', 'index.md', '--hideBreadcrumbs', '--hidePageHeader'];
  const forVitePress = ['--useHTMLEncodedBrackets', '--sanitizeComments'];
  run(`${root}node_modules/.bin/typedoc`, ['--plugin', plugin, ...options, ...forVitePress]);
}

/** The comments of other packages link places of their own pages, which are not here. */
function unlinkOthers(): void {
  const folder = `${pages}/reference/`;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.md')) continue;
    const text = readFileSync(folder + name, 'utf8');
    const places = new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)));
    const mended = text.replace(/\[([^\]]+)\]\(#([\w-]+)\)/g, (link, words: string, place: string) =>
      places.has(place) ? link : words,
    );
    if (mended !== text) writeFileSync(folder + name, mended);
  }
}

install();
rmSync(pages, { recursive: true, force: true });
mkdirSync(`${pages}/public`, { recursive: true });
writeFileSync(`${pages}/public/mark.svg`, mark());
stage(pages);
writeReference();
unlinkOthers();
run(`${here}node_modules/.bin/vitepress`, ['build', here]);

const problems = problemsOf(`${root}site`);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);

if (process.argv.includes('--serve')) {
  const { url } = await serve(`${root}site`, 4173);
  console.log(`The site is at ${url}`);
} else run(process.execPath, [`${here}browser.ts`]);
