/**
 * Everything that is compared: one way each of getting a small JSON document.
 *
 * Peers are used as they come, with their own defaults, unless the name says otherwise. Each loads its library
 * when opened, so that a process carries the code of its own candidate alone.
 */
import type { HoldfastFetch } from '../src/index.ts';
import type { UndiciOptions, UndiciTransport } from '../src/transport/undici/index.ts';
import type { Holdfast } from './holdfast.ts';

/** Fetches the document once and reads it. */
export type Get = () => Promise<unknown>;

export interface Candidate {
  readonly name: string;
  /** `baseline`: what the ratios are relative to; `ours`; `peer`: ours must cost less; `reference`: for scale. */
  readonly role: 'baseline' | 'ours' | 'peer' | 'reference';
  /** What it does for the caller beyond the request. */
  readonly protects: string;
  open(url: string, holdfast: () => Promise<Holdfast>): Promise<Get>;
}

const timeoutMs = 10_000;

export const RAW = 'raw fetch';
export const RAW_WITH_TIMER = 'raw fetch + signal + timer';
export const HOLDFAST = 'holdfast';
export const HOLDFAST_WITHOUT_TELEMETRY = 'holdfast, telemetry off';
export const HOLDFAST_TRACED = 'holdfast, OpenTelemetry SDK';
export const RAW_TRACED = 'raw fetch, OpenTelemetry SDK and its undici instrumentation';
export const HOLDFAST_PARSED = 'holdfast, then zod';
export const CONTRACT = 'holdfast createApi';
export const HOLDFAST_UNDICI = 'holdfast over undici';
export const CONTRACT_UNDICI = 'holdfast createApi over undici';
export const KY_UNDICI = 'holdfast createClient over undici';
export const UNDICI_REQUEST = 'undici request';
/** Another build of holdfast, given by `--against`, to compare two revisions. */
export const OTHER_BUILD = 'holdfast, the other build';

/** What the server sends. */
async function kelpSchema() {
  const { z } = await import('zod');
  return z.object({ id: z.int(), kind: z.string(), depthMetres: z.number(), attached: z.boolean() });
}

export const candidates: readonly Candidate[] = [
  {
    name: RAW,
    role: 'baseline',
    protects: '',
    open: async url => async () => (await fetch(url)).json(),
  },
  {
    name: RAW_WITH_TIMER,
    role: 'baseline',
    protects: 'timeout',
    open: async url => () => fetchWithTimeout(url),
  },
  {
    name: HOLDFAST,
    role: 'ours',
    protects: 'both timeouts, retry, budget, host pause, circuit breaker',
    open: withHoldfast,
  },
  {
    name: OTHER_BUILD,
    role: 'reference',
    protects: 'as that build does',
    open: withHoldfast,
  },
  {
    name: 'holdfast, caller signal',
    role: 'ours',
    protects: 'the same, and heeds a signal shared by all calls',
    async open(url, holdfast) {
      const { createFetch } = await holdfast();
      const resilientFetch = createFetch();
      const { signal } = new AbortController();
      return async () => (await resilientFetch(url, { signal })).json();
    },
  },
  {
    name: 'holdfast createClient',
    role: 'ours',
    protects: 'the same as holdfast, behind ky',
    async open(url, holdfast) {
      const { createClient } = await holdfast();
      const client = createClient();
      return () => client.get(url).json();
    },
  },
  {
    name: HOLDFAST_WITHOUT_TELEMETRY,
    role: 'reference',
    protects: 'the same, with `telemetry: false`',
    async open(url, holdfast) {
      const { createFetch } = await holdfast();
      const resilientFetch = createFetch({ telemetry: false });
      return async () => (await resilientFetch(url)).json();
    },
  },
  {
    name: HOLDFAST_TRACED,
    role: 'reference',
    protects: 'the same; two spans and the metrics recorded',
    async open(url, holdfast) {
      const { registerSdk } = await import('./otel-sdk.ts');
      registerSdk();
      return withHoldfast(url, holdfast);
    },
  },
  {
    name: RAW_TRACED,
    role: 'reference',
    protects: '–; a span and a metric recorded',
    async open(url) {
      const { registerSdk } = await import('./otel-sdk.ts');
      const { UndiciInstrumentation } = await import('@opentelemetry/instrumentation-undici');
      registerSdk();
      new UndiciInstrumentation().enable();
      return async () => (await fetch(url)).json();
    },
  },
  {
    name: HOLDFAST_PARSED,
    role: 'reference',
    protects: 'the same as holdfast; the body is parsed by hand, the request that of the contract',
    async open(url, holdfast) {
      const { createFetch } = await holdfast();
      const resilientFetch = createFetch();
      const Kelp = await kelpSchema();
      const headers = { accept: 'application/json' };
      return async () => Kelp.parse(await (await resilientFetch(url, { headers })).json());
    },
  },
  {
    name: CONTRACT,
    role: 'reference',
    protects: 'the same as holdfast; path, status, content type and body are checked',
    open: url => withContract(url),
  },
  {
    name: HOLDFAST_UNDICI,
    role: 'reference',
    protects: 'the same as holdfast',
    async open(url, holdfast) {
      const { createFetch } = await holdfast();
      const resilientFetch = createFetch({ transport: await overUndici() });
      return async () => (await resilientFetch(url)).json();
    },
  },
  {
    name: CONTRACT_UNDICI,
    role: 'reference',
    protects: 'the same as holdfast createApi',
    async open(url, holdfast) {
      const { createFetch } = await holdfast();
      return withContract(url, createFetch({ transport: await overUndici() }));
    },
  },
  {
    name: UNDICI_REQUEST,
    role: 'reference',
    protects: '',
    async open(url) {
      const { request } = await import('undici');
      return async () => (await request(url)).body.json();
    },
  },
  {
    name: KY_UNDICI,
    role: 'reference',
    protects: 'the same as holdfast, behind ky',
    async open(url, holdfast) {
      const { createClient, createFetch } = await holdfast();
      const client = createClient({ fetch: createFetch({ transport: await overUndici() }) });
      return () => client.get(url).json();
    },
  },
  {
    name: 'ky',
    role: 'peer',
    protects: 'timeout, retry',
    async open(url) {
      const { default: ky } = await import('ky');
      return () => ky.get(url).json();
    },
  },
  {
    name: 'ky, retry and timeout off',
    role: 'peer',
    protects: '',
    async open(url) {
      const { default: ky } = await import('ky');
      return () => ky.get(url, { retry: 0, timeout: false }).json();
    },
  },
  {
    name: 'wretch',
    role: 'peer',
    protects: '',
    async open(url) {
      const { default: wretch } = await import('wretch');
      return () => wretch(url).get().json();
    },
  },
  {
    name: 'wretch, timeout and retry',
    role: 'peer',
    protects: 'timeout, retry',
    open: withGuardedWretch,
  },
  {
    name: 'up-fetch',
    role: 'peer',
    protects: '',
    async open(url) {
      const { up } = await import('up-fetch');
      const upfetch = up(fetch);
      return () => upfetch(url);
    },
  },
  {
    name: 'up-fetch, timeout and retry',
    role: 'peer',
    protects: 'timeout, retry',
    async open(url) {
      const { up } = await import('up-fetch');
      const upfetch = up(fetch, () => ({ timeout: timeoutMs, retry: { attempts: 2 } }));
      return () => upfetch(url);
    },
  },
  {
    name: '@fetchkit/ffetch',
    role: 'peer',
    protects: 'timeout',
    async open(url) {
      const { createClient } = await import('@fetchkit/ffetch');
      const api = createClient();
      return async () => (await api(url)).json();
    },
  },
  {
    name: 'cockatiel + fetch',
    role: 'peer',
    protects: 'timeout, retry, circuit breaker',
    open: withCockatiel,
  },
  {
    name: 'ofetch, timeout set',
    role: 'peer',
    protects: 'timeout, retry',
    async open(url) {
      const { ofetch } = await import('ofetch');
      return () => ofetch(url, { timeout: timeoutMs });
    },
  },
  {
    name: 'ofetch',
    role: 'reference',
    protects: 'retry',
    async open(url) {
      const { ofetch } = await import('ofetch');
      return () => ofetch(url);
    },
  },
  {
    name: 'axios',
    role: 'peer',
    protects: '',
    async open(url) {
      const { default: axios } = await import('axios');
      return async () => (await axios.get(url)).data;
    },
  },
  {
    name: 'axios + axios-retry',
    role: 'peer',
    protects: 'timeout, retry',
    async open(url) {
      const { default: axios } = await import('axios');
      const { default: axiosRetry } = await import('axios-retry');
      const client = axios.create({ timeout: timeoutMs });
      axiosRetry(client);
      return async () => (await client.get(url)).data;
    },
  },
  {
    name: 'got',
    role: 'peer',
    protects: 'retry',
    async open(url) {
      const { default: got } = await import('got');
      return () => got(url).json();
    },
  },
  {
    name: 'p-retry + opossum + fetch, by hand',
    role: 'reference',
    protects: 'timeout, retry, circuit breaker',
    open: byHand,
  },
];

/** The least that a careful program does by hand; the timer also covers the body. */
async function fetchWithTimeout(url: string): Promise<unknown> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    const response = await fetch(url, { signal: controller.signal });
    return await response.json();
  } finally {
    clearTimeout(timer);
  }
}

async function withHoldfast(url: string, holdfast: () => Promise<Holdfast>): Promise<Get> {
  const { createFetch } = await holdfast();
  const resilientFetch = createFetch();
  return async () => (await resilientFetch(url)).json();
}

export async function overUndici(options: UndiciOptions = {}): Promise<UndiciTransport> {
  const { undici } = await import('../dist/transport/undici/index.js');
  // To the compiler the classes of the build are not those of the source.
  return undici(options as never) as unknown as UndiciTransport;
}

async function withContract(url: string, fetch?: HoldfastFetch): Promise<Get> {
  const { createApi, defineContract, endpoint } = await import('../dist/contract/index.js');
  const { z } = await import('zod');
  const { origin, pathname } = new URL(url);
  const [, kind = '', id = ''] = pathname.split('/');
  const contract = defineContract({
    getKelp: endpoint({
      method: 'GET',
      path: '/{kind}/{id}',
      params: z.object({ kind: z.string(), id: z.string() }),
      responses: { 200: await kelpSchema(), 404: z.object({ title: z.string() }) },
    }),
  });
  const { getKelp } = createApi(contract, { baseUrl: origin, ...(fetch && { fetch: fetch as never }) });
  return () => getKelp({ params: { kind, id } });
}

async function withGuardedWretch(url: string): Promise<Get> {
  const { default: wretch } = await import('wretch');
  const { default: abortAddon } = await import('wretch/addons/abort');
  const { retry } = await import('wretch/middlewares/retry');
  const guarded = wretch(url)
    .addon(abortAddon())
    .middlewares([retry({ maxAttempts: 2 })]);
  return () => guarded.get().setTimeout(timeoutMs).json();
}

async function withCockatiel(url: string): Promise<Get> {
  const cockatiel = await import('cockatiel');
  const policy = cockatiel.wrap(
    cockatiel.retry(cockatiel.handleAll, { maxAttempts: 2, backoff: new cockatiel.ExponentialBackoff() }),
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 1_000,
      breaker: new cockatiel.SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
    }),
    cockatiel.timeout(timeoutMs, cockatiel.TimeoutStrategy.Aggressive),
  );
  // The body is read inside: cockatiel's timeout aborts its signal as soon as the function returns.
  return () => policy.execute(async ({ signal }) => (await fetch(url, { signal })).json());
}

async function byHand(url: string): Promise<Get> {
  const { default: CircuitBreaker } = await import('opossum');
  const { default: pRetry } = await import('p-retry');
  const breaker = new CircuitBreaker(fetchWithTimeout, { timeout: false, resetTimeout: 1_000 });
  return () => pRetry(() => breaker.fire(url), { retries: 2 });
}
