/**
 * Real clients, set up alike where they can be: attempt timeout 1 s, total 5 s, 2 retries, back-off from 200 ms,
 * a breaker of 50 % of at least 20 in 10 s and 5 s open where they have one. Everything else is as shipped.
 */
import createFfetch from '@fetchkit/ffetch';
import axios from 'axios';
import axiosRetry from 'axios-retry';
import {
  BrokenCircuitError,
  circuitBreaker,
  retry as cockatielRetry,
  ExponentialBackoff,
  handleAll,
  handleWhen,
  type IPolicy,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import ky from 'ky';
import CircuitBreaker from 'opossum';
import pRetry from 'p-retry';
import wretch from 'wretch';
import { retry as wretchRetry } from 'wretch/middlewares';
import {
  attemptTimeoutMs,
  baseDelayMs,
  breaker,
  type Candidate,
  type Client,
  maxRetries,
  type Request,
  retriedStatuses,
  totalTimeoutMs,
} from './candidate.ts';
import { initOf, rawFetch, read } from './raw-fetch.ts';

type Fetch = typeof globalThis.fetch;

export const peers: readonly Candidate[] = [
  rawFetch,
  { name: 'ky 2', open: kyClient },
  { name: 'axios + axios-retry', open: axiosClient },
  { name: 'wretch + retry', open: wretchClient },
  { name: 'ffetch + circuit', open: ffetchClient },
  { name: 'cockatiel wrap', open: cockatielClient },
  { name: 'opossum + p-retry by hand', open: byHand },
];

/** Thrown where a library counts only throws as failures. */
class FailedStatus extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}

/** Reads the answer, and throws if it says that the service is in trouble. */
async function readOrThrow(response: Response): Promise<number> {
  const status = await read(response);
  if (retriedStatuses.includes(status)) throw new FailedStatus(status);
  return status;
}

function kyClient(fetch: Fetch): Client {
  const client = ky.create({
    fetch,
    timeout: attemptTimeoutMs,
    totalTimeout: totalTimeoutMs,
    retry: {
      limit: maxRetries,
      retryOnTimeout: true,
      delay: attempt => baseDelayMs * 2 ** (attempt - 1),
      jitter: true,
    },
  });
  return {
    send: async ({ url, method, headers, body, signal }) =>
      read(await client(url, { method, headers, ...(body && { body }), ...(signal && { signal }) })),
  };
}

function axiosClient(fetch: Fetch): Client {
  const client = axios.create({ adapter: 'fetch', env: { fetch }, timeout: attemptTimeoutMs });
  axiosRetry(client, {
    retries: maxRetries,
    retryDelay: axiosRetry.exponentialDelay,
    // Else the timeout is for the whole call.
    shouldResetTimeout: true,
  });
  return {
    send: async ({ url, method, headers, body, signal }) => {
      const response = await client.request({ url, method, headers, data: body, ...(signal && { signal }) });
      return response.status;
    },
  };
}

function wretchClient(fetch: Fetch): Client {
  const retries = wretchRetry({
    maxAttempts: maxRetries,
    delayTimer: baseDelayMs,
    delayRamp: (delayMs, attempt) => Math.random() * delayMs * 2 ** (attempt - 1),
    retryOnNetworkError: true,
    until: response =>
      response !== undefined && response !== null && !retriedStatuses.includes(response.status),
  });
  const client = wretch()
    .fetchPolyfill(fetch)
    .middlewares([
      retries,
      next => (url, options) => {
        const attempt = AbortSignal.timeout(attemptTimeoutMs);
        return next(url, {
          ...options,
          signal: options.signal ? AbortSignal.any([options.signal, attempt]) : attempt,
        });
      },
    ]);
  return {
    send: async ({ url, method, headers, body, signal }) =>
      read(
        await client
          .options({ ...(signal && { signal }) })
          .headers(headers)
          .fetch(method, url, body)
          .res(),
      ),
  };
}

/** One of everything per host, as the manuals advise. */
function perHost<Policy>(create: () => Policy): (url: string) => Policy {
  const policies = new Map<string, Policy>();
  return url => {
    const { origin } = new URL(url);
    const policy = policies.get(origin) ?? create();
    policies.set(origin, policy);
    return policy;
  };
}

function ffetchClient(fetch: Fetch): Client {
  const clientFor = perHost(() =>
    createFfetch({
      // Its own timeout is for the whole call; an attempt's has to come from below.
      timeout: totalTimeoutMs,
      fetchHandler: input => {
        const attempt = AbortSignal.timeout(attemptTimeoutMs);
        const own = input instanceof globalThis.Request ? input.signal : undefined;
        return fetch(input, { signal: own ? AbortSignal.any([own, attempt]) : attempt });
      },
      retries: maxRetries,
      // Its breaker knows consecutive failures only.
      circuit: { threshold: 5, reset: breaker.openMs },
    }),
  );
  return {
    send: async ({ url, method, headers, body, signal }) =>
      read(await clientFor(url)(url, { method, headers, ...(body && { body }), ...(signal && { signal }) })),
  };
}

function cockatielClient(fetch: Fetch): Client {
  const policyFor = perHost<IPolicy>(() =>
    wrap(
      timeout(totalTimeoutMs, TimeoutStrategy.Aggressive),
      cockatielRetry(
        handleWhen(error => !(error instanceof BrokenCircuitError)),
        { maxAttempts: maxRetries, backoff: new ExponentialBackoff({ initialDelay: baseDelayMs }) },
      ),
      circuitBreaker(handleAll, {
        halfOpenAfter: breaker.openMs,
        breaker: new SamplingBreaker({
          threshold: breaker.failureRatio,
          duration: breaker.windowMs,
          minimumRps: breaker.minimumThroughput / (breaker.windowMs / 1_000),
        }),
      }),
      timeout(attemptTimeoutMs, TimeoutStrategy.Aggressive),
    ),
  );
  return {
    send: ({ url, method, headers, body, signal }) =>
      policyFor(url).execute(
        async context =>
          readOrThrow(await fetch(url, { method, headers, body: body ?? null, signal: context.signal })),
        signal,
      ),
    isRejection: error => error instanceof BrokenCircuitError,
  };
}

function byHand(fetch: Fetch): Client {
  const breakers: CircuitBreaker<[Request], number>[] = [];
  const breakerFor = perHost(() => {
    const created = new CircuitBreaker(
      async (request: Request) => readOrThrow(await fetch(request.url, initOf(request))),
      {
        timeout: false,
        errorThresholdPercentage: breaker.failureRatio * 100,
        volumeThreshold: breaker.minimumThroughput,
        rollingCountTimeout: breaker.windowMs,
        resetTimeout: breaker.openMs,
      },
    );
    breakers.push(created);
    return created;
  });
  return {
    send: request =>
      pRetry(() => breakerFor(request.url).fire(request), {
        retries: maxRetries,
        minTimeout: baseDelayMs,
        randomize: true,
        maxRetryTime: totalTimeoutMs,
        shouldRetry: ({ error }) => !isOpenCircuit(error),
        ...(request.signal && { signal: request.signal }),
      }),
    isRejection: isOpenCircuit,
    close: () => {
      for (const each of breakers) each.shutdown();
    },
  };
}

const isOpenCircuit = (error: unknown): boolean => (error as { code?: string }).code === 'EOPENBREAKER';
