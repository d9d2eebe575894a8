/**
 * `npm run docs:check`: the finished site in Chromium, at the widths of a desktop and of a phone, in light and dark. Nothing
 * is asked of another host, nothing is missing or thrown, pages load in time and fit their width, and one search finds the
 * guide and the reference.
 *
 *   node scripts/site/browser.ts [folder for screenshots]
 */
import { existsSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { serve } from './serve.ts';

/** Of a page that the browser has never seen, from the request until everything on it is there. */
const LOAD_LIMIT_MS = 2_000;

/** Where others have all the cores, the time of a page is theirs and says nothing of it. */
const isBusy = (): boolean => (loadavg()[0] ?? 0) > availableParallelism();

const shown = [
  '/',
  '/getting-started.html',
  '/circuit-breaker.html',
  '/retry.html',
  '/operations.html',
  '/defaults.html',
];
const reference = ['/reference/', '/reference/holdfast/functions/createFetch.html'];
const pages = [...shown, ...reference];

const searches: readonly (readonly [words: string, finds: string])[] = [
  ['retry budget', '/retry.html'],
  ['circuit open', '/circuit-breaker.html'],
  ['CircuitBreakerOptions', '/reference/holdfast/interfaces/CircuitBreakerOptions.html'],
];

const sizes: Readonly<Record<string, BrowserContextOptions>> = {
  desktop: { viewport: { width: 1_280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  path => path && existsSync(path),
);
if (!executablePath) {
  console.error('There is no Chromium here, so the site was not looked at in a browser.');
  // Where it is always there, a check that did not take place has not succeeded.
  process.exit(process.env.CI ? 1 : 0);
}

const folder = process.argv[2];
const problems: string[] = [];
const { url, server } = await serve(fileURLToPath(new URL('../../site/', import.meta.url)));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

function listen(page: Page, where: string): void {
  page.on('request', request => {
    if (!request.url().startsWith(`${url}/`) && !/^(?:data|blob):/.test(request.url()))
      problems.push(`${where} asks for ${request.url()}`);
  });
  page.on('response', response => {
    if (response.status() >= 400) problems.push(`${where} asks for ${response.url()}, which is not there`);
  });
  page.on('pageerror', error => problems.push(`${where} throws ${error.message}`));
  page.on('console', message => {
    if (message.type() === 'error') problems.push(`${where} says ${message.text()}`);
  });
}

/** The best of some tries: a machine that is busy for a moment is no slow site. */
const searchBox = '.VPLocalSearchBox input';

/** The page listens to keys once its scripts have run, which on a busy machine is some time after it was loaded. */
async function openSearch(page: Page): Promise<void> {
  for (let tries = 0; !(await page.isVisible(searchBox)); tries++) {
    if (tries === 60) throw new Error('The search does not open');
    await page.keyboard.press('Control+k');
    await page.waitForSelector(searchBox, { timeout: 500 }).catch(() => {});
  }
}

async function loadMs(page: Page, path: string): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 6 && best > LOAD_LIMIT_MS; attempt++) {
    await page.goto(`${url}${path}`, { waitUntil: 'load' });
    best = Math.min(best, await page.evaluate(() => performance.getEntriesByType('navigation')[0]!.duration));
  }
  return best;
}

const slowest = { path: '', ms: 0 };
for (const [size, options] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const path of pages) {
      const where = `${path} (${size}, ${colorScheme})`;
      // A context of its own, so that nothing is in its cache.
      const context = await browser.newContext({ ...options, colorScheme });
      const page = await context.newPage();
      listen(page, where);
      const ms = await loadMs(page, path);
      if (ms > slowest.ms) Object.assign(slowest, { path: where, ms });
      if (ms > LOAD_LIMIT_MS && !isBusy())
        problems.push(`${where} takes ${Math.round(ms)} ms to load, more than ${LOAD_LIMIT_MS} ms`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) problems.push(`${where} is ${overflow} pixels wider than the screen`);
      const isDark = await page.evaluate(() => document.documentElement.classList.contains('dark'));
      if (isDark !== (colorScheme === 'dark'))
        problems.push(`${where} does not follow the reader's light or dark`);
      if (folder) {
        const name = path
          .replace(/^\/$/, 'index')
          .replace(/^\/|\.html$|\/$/g, '')
          .replaceAll('/', '-');
        await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png`, fullPage: true });
      }
      await context.close();
    }
  }
}

const page = await browser.newPage(sizes.desktop);
listen(page, 'the search');
await page.goto(`${url}/`, { waitUntil: 'load' });
for (const [words, finds] of searches) {
  await openSearch(page);
  await page.fill(searchBox, words);
  const found = await page
    .waitForSelector(`.VPLocalSearchBox a[href^="${finds}"]`, { timeout: 15_000 })
    .catch(() => undefined);
  if (!found) problems.push(`The search for "${words}" does not find ${finds}`);
  if (folder) await page.screenshot({ path: `${folder}/search-${words.replaceAll(' ', '-')}.png` });
  await page.keyboard.press('Escape');
  await page.waitForSelector(searchBox, { state: 'hidden' });
}

await browser.close();
server.close();
for (const problem of problems) console.error(problem);
console.log(
  `${2 * 2 * pages.length} views, ${searches.length} searches; the slowest view, ${slowest.path}, took ${Math.round(slowest.ms)} ms. ` +
    `${problems.length} problems.${isBusy() ? ' The machine is busy: its times are no measure.' : ''}`,
);
process.exitCode = problems.length > 0 ? 1 : 0;
