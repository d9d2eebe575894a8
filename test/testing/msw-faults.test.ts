import { http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createApi, defineContract, endpoint } from '../../src/contract/index.ts';
import { createFetch, NetworkError, TimeoutError } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { faults, mockHandlers } from '../../src/testing/msw/index.ts';
import { settled } from '../../src/testing/virtual-clock.ts';
import { rejection } from '../support/rejection.ts';

const url = 'https://payments.test/charges';
const server = setupServer();
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

describe('looks as the real thing does:', () => {
  test.each([
    ['refused', faults.refused(), 'ECONNREFUSED', 'no'],
    ['reset', faults.reset(), 'ECONNRESET', 'maybe'],
    ['not found', faults.notFound(), 'ENOTFOUND', 'no'],
    ['of any other code', faults.failure('EPIPE'), 'EPIPE', 'maybe'],
  ])('%s', async (_, fault, reason, sent) => {
    server.use(http.get(url, fault));
    await using fetch = createFetch({ retry: false });
    expect(await rejection(NetworkError, fetch(url))).toMatchObject({ reason, sent });
  });

  test('stalled', async () => {
    server.use(http.get(url, faults.stall()));
    const clock = virtualClock();
    await using fetch = createFetch({ retry: false, clock });
    const call = rejection(TimeoutError, fetch(url));
    await clock.advance(10_000);
    expect((await call).scope).toBe('attempt');
  });

  test('a body that breaks off', async () => {
    server.use(http.get(url, faults.truncate('{"half":', { status: 201 })));
    await using fetch = createFetch();
    const response = await fetch(url);
    expect(response.status).toBe(201);
    expect(await rejection(TypeError, response.json())).toMatchObject({ message: 'terminated' });
  });

  test('a body that stalls', async () => {
    server.use(http.get(url, faults.stallBody('{"half":')));
    await using fetch = createFetch();
    const controller = new AbortController();
    const response = await fetch(url, { signal: controller.signal });
    const reading = response.text();
    await settled();
    controller.abort('enough');
    await expect(reading).rejects.toBe('enough');
  });
});

test('mocks of a contract speak them too, each time anew', async () => {
  const users = defineContract({
    getUser: endpoint({
      method: 'GET',
      path: '/users/{id}',
      params: z.object({ id: z.string() }),
      responses: { 200: z.object({ id: z.string() }) },
    }),
  });
  const baseUrl = 'https://users.test';
  const mocks = mockHandlers(users, { baseUrl });
  server.use(...mocks);
  const api = createApi(users, { baseUrl, fetch: createFetch({ random: () => 0 }) });
  mocks.on('getUser').replyOnce(faults.refused()).replyOnce(faults.reset());
  expect(await api.getUser({ params: { id: '42' } })).toHaveProperty('id');
  expect(mocks.on('getUser').requests).toHaveLength(3);
});
