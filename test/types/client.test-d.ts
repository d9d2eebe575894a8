import type { HTTPError as KyHTTPError, KyInstance } from 'ky';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  type Client,
  type ClientCallOptions,
  createClient,
  createFetch,
  type HoldfastFetch,
  type HTTPError,
  type PolicyOptions,
} from '../../src/index.ts';

const client = createClient();
const url = 'https://payments.internal/v1/charges/42';

describe('a client', () => {
  it('fits wherever a ky instance is asked for', () => {
    expectTypeOf(client).toExtend<KyInstance>();
    expectTypeOf(client.extend({})).toExtend<KyInstance>();
    expectTypeOf(client.create()).toExtend<KyInstance>();
  });

  it('knows its fetch', () => {
    expectTypeOf(client.fetch).toEqualTypeOf<HoldfastFetch>();
    expectTypeOf(client.extend({}).fetch).toEqualTypeOf<HoldfastFetch>();
  });

  it('takes a policy per call, per extension and from the parent', () => {
    expectTypeOf<ClientCallOptions['policy']>().toEqualTypeOf<PolicyOptions | undefined>();
    client.get(url, { policy: { retry: { maxRetries: 1 } } });
    client(url, { policy: { attemptTimeoutMs: false }, json: {}, searchParams: { page: 2 } });
    client.extend({ policy: { idempotencyKey: 'auto' } });
    client.extend(({ policy }) => ({ policy: { ...policy, retry: false } }));
    // @ts-expect-error -- no such option
    client.get(url, { policy: { retries: 1 } });
    // @ts-expect-error -- a number of milliseconds
    client.get(url, { policy: { attemptTimeoutMs: '2s' } });
    // @ts-expect-error -- inside `policy`
    client.get(url, { attemptTimeoutMs: 2_000 });
  });

  it('infers what is read', () => {
    const schema = z.object({ id: z.number() });

    expectTypeOf(client.get(url).json<{ id: number }>()).resolves.toEqualTypeOf<{ id: number }>();
    expectTypeOf(client.get<{ id: number }>(url).json()).resolves.toEqualTypeOf<{ id: number }>();
    expectTypeOf(client.get(url).json()).resolves.toEqualTypeOf<unknown>();
    expectTypeOf(client.get(url).json(schema)).resolves.toEqualTypeOf<{ id: number }>();
    expectTypeOf(client.get(url).text()).resolves.toEqualTypeOf<string>();
  });

  it("brings ky's HTTPError along", () => {
    expectTypeOf<HTTPError<{ reason: string }>>().toEqualTypeOf<KyHTTPError<{ reason: string }>>();
  });
});

describe('createClient', () => {
  it('takes the policy by host, or a fetch', () => {
    createClient({ baseUrl: url, policy: { hosts: { 'payments.internal': { retry: false } } } });
    createClient({ baseUrl: new URL(url), fetch: createFetch({ observe: () => {} }) });
    createClient({ fetch: globalThis.fetch });
    createClient({ fetch: async () => new Response() });
    expectTypeOf(createClient({ headers: { accept: '*/*' } })).toEqualTypeOf<Client>();
  });

  it("refuses ky's own attempts and timeouts", () => {
    // @ts-expect-error -- policy: { retry: { maxRetries } }
    createClient({ retry: 3 });
    // @ts-expect-error -- policy: { attemptTimeoutMs }
    createClient({ timeout: 500 });
    // @ts-expect-error -- policy: { totalTimeoutMs }
    createClient({ totalTimeout: 500 });
  });

  it('refuses settings of createFetch', () => {
    // @ts-expect-error -- fetch: createFetch({ observe })
    createClient({ observe: () => {} });
    // @ts-expect-error -- fetch: createFetch({ observe, totalTimeoutMs })
    createClient({ policy: { totalTimeoutMs: 5_000, observe: () => {} } });
  });
});
