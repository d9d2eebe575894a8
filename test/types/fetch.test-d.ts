import { assertType, describe, expectTypeOf, test } from 'vitest';
import {
  type AttemptRecord,
  CircuitOpenError,
  type CircuitState,
  type Clock,
  createFetch,
  definePolicy,
  type FetchOptions,
  HoldfastError,
  type HostView,
  NetworkError,
  type Policy,
  type PolicyOptions,
  type ResponseInfo,
  responseInfo,
  TimeoutError,
} from '../../src/index.ts';
import { scriptedTransport, virtualClock } from '../../src/testing/index.ts';

const url = 'https://payments.test/';
const fetch = createFetch();

describe('createFetch()', () => {
  test('stands wherever fetch stands', () => {
    assertType<typeof globalThis.fetch>(fetch);
    assertType<(input: string | URL | Request, init?: RequestInit) => Promise<Response>>(fetch);
    assertType<(input: string) => Promise<Response>>(fetch);
  });

  test('takes what fetch takes', () => {
    assertType<Promise<Response>>(fetch(url));
    assertType<Promise<Response>>(
      fetch(new URL(url), { method: 'POST', body: new FormData(), signal: null }),
    );
    assertType<Promise<Response>>(fetch(new Request(url), { headers: [['a', 'b']], keepalive: true }));
    // @ts-expect-error -- a number is no URL
    fetch(42);
    // @ts-expect-error -- no such member of an init
    fetch(url, { methd: 'POST' });
  });

  test('takes members of an init that are undefined, as fetch does and SDKs pass them', () => {
    interface InitOfAnSdk {
      body?: string | FormData | null | undefined;
      signal?: AbortSignal | undefined;
    }
    assertType<(input: string, init?: InitOfAnSdk) => Promise<Response>>(fetch);
    assertType<Promise<Response>>(fetch(url, { signal: undefined, policy: undefined }));
  });

  test('takes another fetch, its own among them', () => {
    createFetch({ fetch: globalThis.fetch });
    createFetch({ fetch });
    createFetch({ fetch: scriptedTransport() });
    createFetch({ fetch: async () => new Response() });
    // @ts-expect-error -- does not resolve with a response
    createFetch({ fetch: async () => 'text' });
  });

  test('is disposable', async () => {
    await using scoped = createFetch();
    assertType<AsyncDisposable>(scoped);
  });
});

describe('options', () => {
  test('that do not exist are errors', () => {
    // @ts-expect-error -- it is called totalTimeoutMs
    createFetch({ timeout: 5_000 });
    // @ts-expect-error -- it is called maxRetries
    createFetch({ retry: { retries: 2 } });
    // @ts-expect-error -- no settings of the client in the policy of a host
    createFetch({ hosts: { 'payments.internal': { maxHosts: 5 } } });
    // @ts-expect-error -- no such place in the order
    createFetch({ policies: [{ policy: (call, next) => next(call), outside: 'storage' }] });
  });

  test('of the wrong type are errors', () => {
    // @ts-expect-error -- a number of milliseconds, or false
    createFetch({ totalTimeoutMs: '5s' });
    // @ts-expect-error -- true does not switch anything on that is not on
    createFetch({ retry: true });
    // @ts-expect-error -- one of three words
    createFetch({ retry: { jitter: 'half' } });
    // @ts-expect-error -- one of three words
    createFetch({ priority: 'high' });
    // @ts-expect-error -- 'auto', a function or false
    createFetch({ idempotencyKey: true });
  });

  test('are switched off by false, part by part', () => {
    assertType<FetchOptions>({
      totalTimeoutMs: false,
      attemptTimeoutMs: false,
      idempotencyKey: false,
      retry: false,
      bulkhead: false,
      rateLimit: false,
      hostPause: false,
      circuitBreaker: false,
    });
    assertType<FetchOptions>({
      retry: { budget: false },
      circuitBreaker: { consecutiveFailures: false, failureRatio: false },
    });
  });

  test('can be readonly, as const makes them', () => {
    const options = { retry: { methods: ['GET', 'PUT'], statuses: [503] }, hosts: { 'a.test': {} } } as const;
    createFetch(options);
  });

  test('callbacks take one object, whose fields are typed', () => {
    createFetch({
      retry: {
        shouldRetry: info => {
          expectTypeOf(info.attempt).toEqualTypeOf<number>();
          expectTypeOf(info.outcome.status).toEqualTypeOf<number | undefined>();
          return info.outcome.kind === 'transient';
        },
        delayMs: ({ retryAfterMs }) => retryAfterMs ?? 100,
      },
      circuitBreaker: {
        isFailure: outcome => outcome.code === 'ECONNREFUSED',
        onStateChange: ({ from, to }) => expectTypeOf([from, to]).toEqualTypeOf<CircuitState[]>(),
      },
    });
  });

  test('events are told apart by their type', () => {
    createFetch({
      observe: event => {
        // @ts-expect-error -- not every event has it
        event.delayMs;
        if (event.type === 'retry') expectTypeOf(event.delayMs).toEqualTypeOf<number>();
        if (event.type === 'circuit') expectTypeOf(event.to).toEqualTypeOf<CircuitState>();
        if (event.type === 'call-end') expectTypeOf(event.error).toEqualTypeOf<unknown>();
      },
    });
  });

  test('definePolicy() keeps the exact type, and guides', () => {
    const policy = definePolicy({ totalTimeoutMs: 5_000, hosts: { 'a.test': { retry: false } } });
    expectTypeOf(policy.totalTimeoutMs).toEqualTypeOf<5_000>();
    createFetch(policy);
    fetch.update(policy);
    // @ts-expect-error -- unknown option
    definePolicy({ timeout: 5_000 });
  });

  test('a policy of one’s own needs no annotation beyond its name', () => {
    const signing: Policy = async (call, next) => {
      expectTypeOf(call.attempt).toEqualTypeOf<number>();
      // @ts-expect-error -- policies hand on a changed copy, they never edit
      call.attempt = 2;
      return next({ ...call, attempt: 2 });
    };
    createFetch({ policies: [{ policy: signing, inside: 'retry' }] });
  });
});

describe('the policy of a single call', () => {
  test('has the shape of any other', () => {
    fetch(url, { policy: { totalTimeoutMs: 1_000, retry: { maxRetries: 1 }, idempotencyKey: 'auto' } });
    fetch(url, { policy: { circuitBreaker: false, hostPause: false, retry: { budget: false } } });
    fetch(url, { policy: { bulkhead: false, rateLimit: false, priority: 'critical' } });
    assertType<PolicyOptions>({ retry: false });
  });

  test('that has unknown options is an error', () => {
    // @ts-expect-error -- it is called maxRetries
    fetch(url, { policy: { retry: { retries: 1 } } });
    // @ts-expect-error -- policies by host have no place in it
    fetch(url, { policy: { hosts: {} } });
  });

  test('that would change what all calls share is an error', () => {
    // @ts-expect-error -- the circuit is shared by all calls to the host
    fetch(url, { policy: { circuitBreaker: { openMs: 5_000 } } });
    // @ts-expect-error -- so is the pause
    fetch(url, { policy: { hostPause: { maxWaiting: 5 } } });
    // @ts-expect-error -- so are permits
    fetch(url, { policy: { bulkhead: { maxConcurrent: 5 } } });
    // @ts-expect-error -- and tokens
    fetch(url, { policy: { rateLimit: { perSecond: 5 } } });
    // @ts-expect-error -- and the budget
    fetch(url, { policy: { retry: { budget: { maxTokens: 5 } } } });
  });
});

describe('what comes back', () => {
  test('hosts', () => {
    expectTypeOf(fetch.hosts.get('payments.internal')).toEqualTypeOf<HostView | undefined>();
    expectTypeOf(fetch.hosts.for(url).circuitBreaker.state).toEqualTypeOf<CircuitState>();
    for (const host of fetch.hosts) {
      expectTypeOf(host.counters.calls).toEqualTypeOf<number>();
      // @ts-expect-error -- counters are to look at
      host.counters.calls = 0;
    }
  });

  test('the story of a response', () => {
    const info = responseInfo(new Response());
    expectTypeOf(info).toEqualTypeOf<ResponseInfo | undefined>();
    expectTypeOf(info!.attempts).toEqualTypeOf<readonly AttemptRecord[]>();
  });

  test('errors are told apart by their class or their code', () => {
    const error: unknown = undefined;
    if (error instanceof NetworkError) expectTypeOf(error.sent).toEqualTypeOf<'no' | 'maybe' | 'yes'>();
    if (error instanceof TimeoutError)
      expectTypeOf(error.scope).toEqualTypeOf<'attempt' | 'total' | 'idle' | 'auth' | 'outer'>();
    if (error instanceof CircuitOpenError)
      expectTypeOf(error.retryAfterMs).toEqualTypeOf<number | undefined>();
    if (error instanceof HoldfastError) {
      assertType<string>(error.code);
      // @ts-expect-error -- no such code
      error.code === 'OOPS';
    }
  });
});

test('the virtual clock is a clock', () => {
  assertType<Clock>(virtualClock());
});
