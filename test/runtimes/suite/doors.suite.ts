/** The other doors of the package, and those that are closed here. */
import { createClient, createFetch } from 'holdfast';
import { httpCache } from 'holdfast/cache';
import { chaos } from 'holdfast/chaos';
import { checkPolicy } from 'holdfast/check';
import { createApi, defineContract, endpoint, StatusError } from 'holdfast/contract';
import { testFetch } from 'holdfast/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isHere, story } from './service.ts';

describe('a door that is open everywhere', () => {
  test('holdfast: a ky client', async () => {
    const { url } = story('503,json');
    const client = createClient({ policy: { retry: { baseDelayMs: 1 } } });
    expect(await client.get(url).json()).toEqual({ id: 42, name: 'Ann' });
  });

  test('holdfast/contract: a typed client', async () => {
    const user = z.object({ id: z.int(), name: z.string() });
    const contract = defineContract({
      getUser: endpoint({
        method: 'GET',
        path: '/users/{id}',
        params: z.object({ id: z.int() }),
        responses: { 200: user },
      }),
    });
    const { url } = story('503,json,404');
    const api = createApi(contract, { baseUrl: url, policy: { retry: { baseDelayMs: 1 } } });
    expect(await api.getUser({ params: { id: 42 } })).toEqual({ id: 42, name: 'Ann' });
    const error = await api.getUser({ params: { id: 1 } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StatusError);
  });

  test('holdfast/cache: a fresh answer is not asked for again', async () => {
    const { url, log } = story('fresh');
    const fetch = createFetch({ cacheStore: httpCache(), cache: {} });
    const [first, second] = [await (await fetch(url)).text(), await (await fetch(url)).text()];
    expect(second).toBe(first);
    expect((await log()).requests).toHaveLength(1);
  });

  test('holdfast/chaos: faults on purpose', async () => {
    const { url } = story('200');
    const faults = chaos({ rate: 1, faults: [{ type: 'status', status: 503 }] });
    const response = await createFetch({ policies: [faults], retry: false })(url);
    expect(response.status).toBe(503);
  });

  test('holdfast/check: a policy is looked at', () => {
    expect(checkPolicy({ attemptTimeoutMs: 60_000 }).findings.length).toBeGreaterThan(0);
  });

  test('holdfast/testing: time stands still', async () => {
    const { fetch, transport, clock } = testFetch({ attemptTimeoutMs: 2_000, retry: { maxRetries: 1 } });
    transport.expect({ method: 'GET' }).times(2).stall();
    const stalled = fetch('https://payments.internal/').catch((error: unknown) => error);
    expect(await clock.runAll()).toBe(4_000);
    expect(await stalled).toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('a door that cannot open here says so at import, and what to use instead', () => {
  const inBrowserOrWorker = isHere('browser', 'workerd');
  const doors: readonly (readonly [string, boolean, () => Promise<object>, string])[] = [
    ['holdfast/undici', !isHere('node', 'deno'), () => import('holdfast/undici'), 'createFetch'],
    ['holdfast/install', inBrowserOrWorker, () => import('holdfast/install'), 'createFetch'],
    ['holdfast/generator', inBrowserOrWorker, () => import('holdfast/generator'), 'npx holdfast generate'],
    ['holdfast/policy-file', inBrowserOrWorker, () => import('holdfast/policy-file'), 'createFetch'],
  ];

  test.each(doors)('%s', async (name, isClosed, load, instead) => {
    const outcome = await load().catch((error: unknown) => error);
    if (isClosed) {
      expect(outcome).toBeInstanceOf(Error);
      expect((outcome as Error).message).toContain(`${name} does not work in`);
      expect((outcome as Error).message).toContain(instead);
    } else expect(outcome).not.toBeInstanceOf(Error);
  });

  test('holdfast/register', async () => {
    if (!inBrowserOrWorker) return;
    const error = await import('holdfast/register').catch((reason: unknown) => reason);
    expect((error as Error).message).toContain('holdfast/register does not work in');
  });
});
