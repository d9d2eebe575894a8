/** The page of examples/browser, in a browser, against its service. With `PICTURE` set it takes the picture of docs/browser.md. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Example, startExample } from '../../examples/browser/start.ts';
import { openBrowser } from './support/page.ts';

let browser: Browser;
let example: Example;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  example = await startExample();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await example?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  example.service.forget();
  page = await browser.newPage();
  complaints = [];
  page.on('pageerror', error => complaints.push(error.message));
  page.on('console', message => {
    // The browser itself writes down every status that is no success.
    if (message.type() === 'warning') complaints.push(message.text());
  });
  page.on('request', request => {
    if (/opossum|p-retry/.test(request.url())) complaints.push(`loaded: ${request.url()}`);
  });
  await page.goto(example.url);
  await page.getByRole('button', { name: 'Send a call' }).waitFor();
});
afterEach(async () => {
  expect(complaints).toEqual([]);
  await page.close();
});

const seen = () => example.service.seen;
const calls = () => page.getByRole('list', { name: 'Calls, the latest first' }).getByRole('listitem');
const press = (name: string) => page.getByRole('button', { name }).click();

async function makeService(mood: string): Promise<void> {
  const told = page.waitForResponse(
    response => response.url().endsWith(`/mood?is=${mood}`) && response.request().method() === 'PUT',
  );
  await page.getByRole('radio', { name: mood }).check();
  await told;
}

describe('the page', () => {
  test('shows the retry that answers a call', async () => {
    await makeService('flaky');
    await press('Send a call');
    await calls().filter({ hasText: '200 after 2 attempts' }).waitFor();
    expect(seen()).toEqual({ requests: 2, cancelled: 0 });
  });

  test('shows the circuit that has opened, and refuses the next call', async () => {
    await makeService('failing');
    await press('Send ten');
    await page.locator('#circuit [aria-current]', { hasText: 'open' }).waitFor();
    await expect.poll(() => calls().filter({ hasText: 'under way' }).count()).toBe(0);
    const { requests } = seen();
    await press('Send a call');
    await calls().filter({ hasText: 'refused: the circuit is open' }).waitFor();
    await expect.poll(() => page.getByRole('status').textContent()).toContain('left alone');
    expect(seen().requests).toBe(requests);
  });

  test('shows how long a busy service wants to be left alone, which it could not see without CORS', async () => {
    await makeService('busy');
    await press('Send ten');
    await expect.poll(() => page.locator('#paused').textContent()).toMatch(/s more$/);
  });

  test('cancels a call, also where it is served', async () => {
    await makeService('silent');
    await press('Send a call');
    await expect.poll(() => seen().requests).toBe(1);
    await press('Cancel all');
    await calls().filter({ hasText: 'cancelled' }).waitFor();
    await expect.poll(() => seen()).toEqual({ requests: 1, cancelled: 1 });
    await expect.poll(() => page.locator('#cancelled').textContent()).toBe('1');
  });

  test.each([
    ['desktop', 1_280, 900],
    ['phone', 360, 740],
  ])('fits a %s, and is used by the keyboard', async (_, width, height) => {
    await page.setViewportSize({ width, height });
    await makeService('failing');
    await page.getByRole('button', { name: 'Send a call' }).focus();
    await page.keyboard.press('Enter');
    await calls().filter({ hasText: '503 after 3 attempts' }).waitFor();
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
  });
});

test.runIf(process.env.PICTURE)('its picture', async () => {
  await page.setViewportSize({ width: 1_100, height: 800 });
  await makeService('flaky');
  await press('Send a call');
  await calls().filter({ hasText: '200 after' }).waitFor();
  await makeService('silent');
  await press('Send a call');
  await page.waitForTimeout(700);
  await press('Cancel all');
  await calls().filter({ hasText: 'cancelled' }).waitFor();
  await press('Send a call');
  await calls().filter({ hasText: 'TIMEOUT after' }).waitFor();
  await makeService('failing');
  await press('Send a call');
  await calls().filter({ hasText: '503 after 3' }).waitFor();
  await press('Send a call');
  await page.locator('#circuit [aria-current]', { hasText: 'open' }).waitFor();
  await press('Send a call');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `docs/pictures/browser-example-${colorScheme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 360, height: 740 });
  await page.screenshot({ path: `${process.env.PICTURE}/phone.png`, fullPage: true });
});
