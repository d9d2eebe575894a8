/**
 * The bytes of a body are not ours. A stream of bytes takes the memory of what is put into it away from everybody else:
 * from a stub that answers with the same bytes each time, or from all that Node keeps in the pool of its buffers.
 */
import { expect, test } from 'vitest';
import { chaos } from '../../src/chaos/index.ts';
import { createFetch } from '../../src/index.ts';
import { httpCache } from '../../src/policies/cache/index.ts';

const url = 'https://payments.test/';

/** Two answers' worth of memory that others have a share in. */
const shared = () => Buffer.from(new Uint8Array(16).buffer, 4, 8).fill('x');

/** A response as many a `fetch` of one's own makes it, of a stream that is none of bytes. */
const answer = (bytes: Uint8Array, init: ResponseInit) =>
  new Response(
    new ReadableStream({
      pull(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    }),
    init,
  );

test('are left whole by a retry that is refused', async () => {
  const bytes = shared();
  const fetch = createFetch({
    fetch: async () => answer(bytes, { status: 503 }),
    retry: { baseDelayMs: 0 },
    rateLimit: { perSecond: 0.001, burst: 1 },
    totalTimeoutMs: 500,
  });
  expect(await (await fetch(url)).text()).toBe('xxxxxxxx');
  expect(bytes.buffer.detached).toBe(false);
});

test('are left whole by the cache, which keeps a copy', async () => {
  const bytes = shared();
  let sent = 0;
  const fetch = createFetch({
    fetch: async () => {
      sent++;
      return answer(bytes, { headers: { 'cache-control': 'max-age=60' } });
    },
    cacheStore: httpCache(),
    cache: {},
  });
  expect(await (await fetch(url)).text()).toBe('xxxxxxxx');
  expect(bytes.buffer.detached).toBe(false);
  bytes.fill('y');
  expect(await (await fetch(url)).text()).toBe('xxxxxxxx');
  expect(sent).toBe(1);
});

test.each([
  'tee',
  'clone',
  'byob',
] as const)('are left whole by whoever reads what was shared (coalesce): %s', async how => {
  const bytes = shared();
  const fetch = createFetch({ fetch: async () => answer(bytes, {}), coalesce: true });
  const [one, other] = await Promise.all([fetch(url), fetch(url)]);
  if (how === 'tee')
    for (const branch of one.body!.tee()) expect(await new Response(branch).text()).toBe('xxxxxxxx');
  if (how === 'clone') expect(await one.clone().text()).toBe('xxxxxxxx');
  if (how === 'byob') await one.body!.getReader({ mode: 'byob' }).read(new Uint8Array(4));
  expect(await other.text()).toBe('xxxxxxxx');
  expect(bytes.buffer.detached).toBe(false);
});

test('are left whole by chaos, which spoils a copy', async () => {
  const bytes = shared();
  const fetch = createFetch({
    fetch: async () => answer(bytes, {}),
    policies: [chaos({ rate: 1, faults: [{ type: 'corrupt' }] })],
  });
  expect(await (await fetch(url)).text()).toBe('\0xxxxxxx');
  expect(bytes.buffer.detached).toBe(false);
  expect(String(bytes)).toBe('xxxxxxxx');
});
