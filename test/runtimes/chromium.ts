/** In a page of Debian's Chromium, by playwright. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundle } from './bundle.ts';
import { allFiles, bin, root } from './options.ts';
import { type Outcome, outcomeOf, within } from './outcome.ts';
import { playing } from './playing.ts';
import type { Result } from './runner/vitest.ts';
import type { Addresses } from './server.ts';

function chromiumPath(): string {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(path))
    execFileSync('bash', [`${root}scripts/install-system-packages.sh`], { stdio: 'inherit' });
  return path;
}

/** In a page of a real browser, without its window. */
export async function inChromium(addresses: Addresses): Promise<Outcome> {
  const executablePath = chromiumPath();
  const { chromium } = (await import(bin('playwright-core/index.mjs'))) as PlaywrightModule;
  const files = allFiles();
  const code = await bundle({ files, conditions: ['browser'], hasBuiltins: false });
  const pages: Readonly<Record<string, readonly [string, string]>> = {
    '/': ['text/html', '<!doctype html><title>tests</title>'],
    '/play.mjs': ['text/javascript', playing('chromium', addresses, './bundle.mjs')],
    '/bundle.mjs': ['text/javascript', code],
  };
  const server = createServer((request, response) => {
    const [type, text] = pages[request.url ?? ''] ?? ['text/plain', ''];
    response.writeHead(text ? 200 : 404, { 'content-type': `${type}; charset=utf-8` }).end(text);
  });
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const results: Record<string, Result[]> = {};
    for (const file of files) {
      const call = `import('/play.mjs').then(({ play }) => play(${JSON.stringify(file)}))`;
      results[file] = await within(file, page.evaluate(call));
    }
    return outcomeOf(results);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

interface PlaywrightModule {
  readonly chromium: {
    launch(options: object): Promise<{
      newPage(): Promise<{ goto(url: string): Promise<unknown>; evaluate(code: string): Promise<unknown> }>;
      close(): Promise<void>;
    }>;
  };
}
