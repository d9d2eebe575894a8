/** The promises as they can be seen from outside, over the runtime's own fetch and a real socket. */
import {
  type AttemptRecord,
  BulkheadFullError,
  CircuitOpenError,
  createFetch,
  explain,
  type FetchOptions,
  type HoldfastError,
  type HoldfastFetch,
  NetworkError,
  responseInfo,
  TimeoutError,
} from 'holdfast';
import { describe, expect, test } from 'vitest';
import { isHere, nobody, runtime, story, wait } from './service.ts';

const quick: FetchOptions = { retry: { baseDelayMs: 1 } };

async function failure<Kind extends Error = HoldfastError>(call: Promise<unknown>): Promise<Kind> {
  return call.then(
    () => expect.unreachable('the call went well'),
    (error: Kind) => error,
  ) as Promise<Kind>;
}

const verdicts = (attempts: readonly AttemptRecord[]) =>
  attempts.map(({ outcome, sent }) => ({ outcome, sent }));

/** A call that uses up its response. */
async function text(fetch: HoldfastFetch, url: string, init?: RequestInit): Promise<string> {
  return (await fetch(url, init)).text();
}

describe('what is repeated', () => {
  test.each(['503', 'reset', 'hang-up'])('a GET after %s', async answer => {
    const { url, log } = story(`${answer},200`);
    const response = await createFetch(quick)(url);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('status 200');
    expect(responseInfo(response)?.attempts).toHaveLength(2);
    expect((await log()).requests).toHaveLength(2);
  });

  test('no POST without a key, however it fails', async () => {
    const refused = story('503,200');
    const response = await createFetch(quick)(refused.url, { method: 'POST', body: 'once' });
    expect(response.status).toBe(503);
    expect((await refused.log()).requests.map(({ body }) => body)).toEqual(['once']);

    const broken = story('reset,200');
    expect(await failure(createFetch(quick)(broken.url, { method: 'POST', body: 'once' }))).toBeInstanceOf(
      NetworkError,
    );
    expect((await broken.log()).requests).toHaveLength(1);
  });

  test('by us, no POST on a connection that had lain idle', async () => {
    const { url, log } = story('kept,reset,200');
    const fetch = createFetch(quick);
    await text(fetch, url);
    const outcome = await fetch(url, { method: 'POST', body: 'once' }).catch((error: HoldfastError) => error);
    const { requests } = await log();
    // Deno and browsers send it again by themselves, and nobody hears of it.
    const sent = isHere('deno', 'browser') ? 2 : 1;
    expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(sent);
    if (outcome instanceof Response) await outcome.text();
  });

  test('a POST with a key, which is the same each time', async () => {
    const { url, log } = story('503,503,200');
    const fetch = createFetch({ ...quick, idempotencyKey: 'auto' });
    expect(await text(fetch, url, { method: 'POST', body: 'again' })).toBe('status 200');
    const { requests } = await log();
    expect(requests.map(({ body }) => body)).toEqual(['again', 'again', 'again']);
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(requests[0]?.headers['idempotency-key']).toBeTruthy();
  });

  test('a form, from its source', async () => {
    const { url, log } = story('503,echo');
    const body = new FormData();
    body.append('name', 'Ann');
    body.append('file', new Blob(['kelp'], { type: 'text/plain' }), 'kelp.txt');
    const response = await createFetch({ retry: { baseDelayMs: 1, idempotent: true } })(url, {
      method: 'POST',
      body,
    });
    const echo = (await response.json()) as { body: string };
    expect(echo.body).toContain('name="name"');
    expect(echo.body).toContain('kelp');
    expect((await log()).requests).toHaveLength(2);
  });

  test('no stream: it is sent once', async () => {
    // Chromium sends streams over HTTP/2 only.
    if (isHere('browser')) return;
    const { url, log } = story('503,200');
    const body = new Blob(['a stream']).stream();
    const init = { method: 'PUT', body, duplex: 'half', headers: { 'idempotency-key': 'k' } } as RequestInit;
    const response = await createFetch(quick)(url, init);
    expect(response.status).toBe(503);
    await response.body?.cancel();
    expect((await log()).requests.map(({ body: sent }) => sent)).toEqual(['a stream']);
  });

  test('not before Retry-After', async () => {
    const { url, log } = story('asks~1,200');
    const response = await createFetch(quick)(url);
    expect(response.status).toBe(200);
    await response.text();
    const [first, second] = (await log()).requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });
});

describe('a failure is', () => {
  const classify = async (url: string) => {
    const error = await failure<NetworkError>(createFetch(quick)(url));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toBeInstanceOf(TypeError);
    return verdicts(error.attempts);
  };
  /** What a refused connection is known as: where no code is given it may have been anything. */
  const refused = isHere('node', 'bun') ? 'no' : 'maybe';
  const three = (sent: string) => Array.from({ length: 3 }, () => ({ outcome: 'transient', sent }));

  test(`${refused === 'no' ? 'provably unsent' : 'perhaps sent'} where nobody listens`, async () => {
    expect(await classify(nobody())).toEqual(three(refused));
  });

  test('the same for a name that nobody knows', async () => {
    expect(await classify('http://nowhere.invalid/')).toEqual(three(refused));
  });

  test('perhaps sent where the connection breaks', async () => {
    expect(await classify(story('reset').url)).toEqual(three('maybe'));
  });

  test('repeated by `retry.unsent` for a POST where it is provably unsent, and else not', async () => {
    const fetch = createFetch({ retry: { baseDelayMs: 1, unsent: true } });
    const error = await failure<NetworkError>(fetch(nobody(), { method: 'POST', body: 'x' }));
    expect(error.attempts).toHaveLength(refused === 'no' ? 3 : 1);
  });

  test('permanent where the URL is none', async () => {
    const error = await failure<Error>(createFetch(quick)('http://'));
    expect(error).toBeInstanceOf(TypeError);
  });
});

describe('time', () => {
  test('an attempt that takes too long is hung up on, and repeated', async () => {
    const { url, closed } = story('silent,200');
    const response = await createFetch({ ...quick, attemptTimeoutMs: 200 })(url);
    expect(await response.text()).toBe('status 200');
    expect((await closed()).requests.map(request => request.closed)).toEqual([true, false]);
  });

  test('a call that takes too long ends with a TimeoutError, and the wire is cut', async () => {
    const { url, closed } = story('silent');
    const error = await failure(
      createFetch({ totalTimeoutMs: 200, attemptTimeoutMs: Number.POSITIVE_INFINITY })(url),
    );
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.code).toBe('TIMEOUT');
    expect((await closed()).requests[0]?.closed).toBe(true);
  });

  test('a stalled body ends with it too', async () => {
    const { url, closed } = story('stalled');
    const response = await createFetch({ totalTimeoutMs: 300, attemptTimeoutMs: 300 })(url);
    const error = await failure(response.text());
    expect(error.code).toBe('TIMEOUT');
    // workerd hands a stream's error on as a copy, of no class of ours.
    expect(error instanceof TimeoutError).toBe(!isHere('workerd'));
    expect((await closed()).requests[0]?.closed).toBe(true);
  });

  test('a body that breaks off is an error, and no retry', async () => {
    const { url, log } = story('reset-mid-body');
    const response = await createFetch(quick)(url);
    expect(response.status).toBe(200);
    expect(await failure<Error>(response.text())).toBeInstanceOf(Error);
    expect((await log()).requests).toHaveLength(1);
  });

  test('a body outlives the attempt timeout', async () => {
    const { url } = story('lines~10');
    const response = await createFetch({ attemptTimeoutMs: 150 })(url);
    expect((await response.text()).split('\n')).toHaveLength(11);
  });
});

describe('the caller’s abort', () => {
  const reason = new Error('enough');

  test('settles an attempt at once with its own reason, and cuts the wire', async () => {
    const { url, closed } = story('silent');
    const controller = new AbortController();
    const call = failure<Error>(createFetch()(url, { signal: controller.signal }));
    await wait(100);
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect((await closed()).requests[0]?.closed).toBe(true);
  });

  test('settles a back-off at once', async () => {
    const { url, log } = story('503');
    const controller = new AbortController();
    const fetch = createFetch({ retry: { baseDelayMs: 2_000, jitter: 'none' } });
    const call = failure<Error>(fetch(url, { signal: controller.signal }));
    await wait(200);
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect((await log()).requests).toHaveLength(1);
  });

  test('before the call sends nothing', async () => {
    const { url, log } = story('200');
    expect(await failure<Error>(createFetch()(url, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect((await log()).requests).toHaveLength(0);
  });

  test('ends a body that is being read', async () => {
    const { url, closed } = story('stalled');
    const controller = new AbortController();
    const response = await createFetch()(url, { signal: controller.signal });
    const body = failure<Error>(response.text());
    await wait(50);
    controller.abort(reason);
    expect(await body).toBeInstanceOf(Error);
    expect((await closed()).requests[0]?.closed).toBe(true);
  });
});

describe('a circuit', () => {
  test('opens, refuses, and recovers with the service', async () => {
    const { url, log } = story('500,500,500,200');
    const fetch = createFetch({
      retry: false,
      circuitBreaker: { consecutiveFailures: 3, minimumSilenceMs: 0, openMs: 200, openJitterRatio: 0 },
    });
    for (let call = 0; call < 3; call++) await text(fetch, url);
    const host = fetch.hosts.for(url);
    expect(host?.circuitBreaker.state).toBe('open');
    const error = await failure<CircuitOpenError>(fetch(url));
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect((await log()).requests).toHaveLength(3);
    await wait(250);
    expect(await text(fetch, url)).toBe('status 200');
    expect(host?.circuitBreaker.state).toBe('closed');
  });

  test('is held open by hand', async () => {
    const { url, log } = story('200');
    const fetch = createFetch();
    fetch.hosts.for(url)?.circuitBreaker.isolate();
    expect(await failure(fetch(url))).toBeInstanceOf(CircuitOpenError);
    fetch.hosts.for(url)?.circuitBreaker.reset();
    expect(await text(fetch, url)).toBe('status 200');
    expect((await log()).requests).toHaveLength(1);
  });
});

describe('it is just fetch', () => {
  test('for a Request with a body and headers', async () => {
    const { url } = story('echo');
    const request = new Request(url, { method: 'POST', body: 'kelp', headers: { 'x-own': 'yes' } });
    const echo = (await (await createFetch()(request)).json()) as {
      method: string;
      body: string;
      headers: object;
    };
    expect(echo).toMatchObject({ method: 'POST', body: 'kelp', headers: { 'x-own': 'yes' } });
  });

  test('for a Request that is repeated', async () => {
    const { url, log } = story('503,200');
    expect(await text(createFetch(quick) as HoldfastFetch, new Request(url) as never)).toBe('status 200');
    expect((await log()).requests).toHaveLength(2);
  });

  test('with a status that is no error', async () => {
    const response = await createFetch()(story('404').url);
    expect(response.ok).toBe(false);
    expect(response).toBeInstanceOf(Response);
    expect(await response.clone().text()).toBe('status 404');
    expect(await response.text()).toBe('status 404');
  });

  test('with a body that streams', async () => {
    const response = await createFetch()(story('lines~3').url);
    let all = '';
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      all += new TextDecoder().decode(value);
    }
    expect(all).toBe('line 1\nline 2\nline 3\n');
  });

  test('that follows a redirect', async () => {
    const { url } = story('redirect~302,200');
    const response = await createFetch()(url);
    expect(response.redirected).toBe(true);
    expect(await response.text()).toBe('status 200');
  });

  test('with `redirect: manual`, as the runtime has it', async () => {
    const response = await createFetch()(story('redirect~302,200').url, { redirect: 'manual' });
    expect([302, 0]).toContain(response.status);
    await response.body?.cancel();
  });

  test('that follows a redirect with an idempotency key, at home and abroad', async () => {
    const headers = { 'idempotency-key': 'secret', 'x-api-key': 'secret' };
    const home = story('redirect~307,200');
    expect(await text(createFetch(), home.url, { method: 'POST', body: 'kelp', headers })).toBe('status 200');
    expect((await home.log()).requests[1]).toMatchObject({ method: 'POST', body: 'kelp', headers });

    const abroad = story('redirect~307,200', '?to=other');
    expect(await text(createFetch(), abroad.url, { method: 'POST', body: 'kelp', headers })).toBe(
      'status 200',
    );
    const [, second] = (await abroad.log()).requests;
    expect(second?.body).toBe('kelp');
    expect(second?.origin).toBe(HOLDFAST_SERVICE.other);
    // A browser follows by its own rules, which know no such secret.
    const carried = isHere('browser') ? 'secret' : undefined;
    expect(second?.headers['idempotency-key']).toBe(carried);
    expect(second?.headers['x-api-key']).toBe(carried);
  });

  test('that follows a redirect of a Request with a key', async () => {
    const { url, log } = story('redirect~302,200', '?to=other');
    const response = await createFetch()(new Request(url, { headers: { 'idempotency-key': 'secret' } }));
    expect(await response.text()).toBe('status 200');
    const [, second] = (await log()).requests;
    expect(second?.headers['idempotency-key']).toBe(isHere('browser') ? 'secret' : undefined);
  });

  test('that adds no header: a plain GET asks nobody for leave', async () => {
    const own = story('503,200');
    const raw = story('200');
    await text(createFetch(quick), own.url);
    await (await globalThis.fetch(raw.url)).text();
    const names = async (one: typeof own) =>
      (await one.log()).requests.map(({ headers }) => Object.keys(headers).sort());
    const [expected] = await names(raw);
    expect(await names(own)).toEqual([expected, expected]);
    expect((await own.log()).preflights).toBe(0);
  });

  test('that tells its story', async () => {
    const { url } = story('503,200');
    const response = await createFetch(quick)(url);
    await response.text();
    const told = explain(response);
    expect(told).toContain('→ 200');
    expect(told).toContain('2 attempts');
    expect(told).toMatch(/#1 .*transient 503/);
  });
});

describe('calls beside each other', () => {
  test('share a request by `coalesce`', async () => {
    const { url, log } = story('slow~100');
    const fetch = createFetch({ coalesce: {} });
    expect(await Promise.all([text(fetch, url), text(fetch, url), text(fetch, url)])).toEqual([
      'slow',
      'slow',
      'slow',
    ]);
    expect((await log()).requests).toHaveLength(1);
  });

  test('are hedged, and the loser is hung up on', async () => {
    const { url, closed } = story('silent,200');
    const fetch = createFetch({ hedge: { afterMs: 100 }, retry: false, totalTimeoutMs: 8_000 });
    // Chromium's cache holds a second request back until it has the answer to the first.
    expect(await text(fetch, url, { cache: 'no-store' })).toBe('status 200');
    expect((await closed()).requests.map(request => request.closed)).toEqual([true, false]);
  });

  test('wait for room in a bulkhead, and are refused without', async () => {
    const { url, log } = story('slow~100');
    const fetch = createFetch({ bulkhead: { maxConcurrent: 1, maxQueued: 1 } });
    const first = text(fetch, url);
    const second = text(fetch, url);
    expect(await failure(fetch(url))).toBeInstanceOf(BulkheadFullError);
    expect(await Promise.all([first, second])).toEqual(['slow', 'slow']);
    expect((await log()).requests).toHaveLength(2);
  });

  test('give their permit back when nobody reads', async () => {
    const { url } = story('lines~2');
    const fetch = createFetch({ bulkhead: { maxConcurrent: 1, maxQueued: 1 }, leaseMs: 100 });
    const unread = await fetch(url);
    expect(await text(fetch, url)).toContain('line 2');
    await unread.body?.cancel();
  });
});

describe('this runtime', () => {
  test('is one that is known', () => {
    expect(['node', 'bun', 'deno', 'workerd', 'browser']).toContain(runtime);
  });

  test('lets go of everything on close()', async () => {
    const { url, closed } = story('silent');
    const fetch = createFetch();
    const call = failure(fetch(url));
    await wait(50);
    await fetch.close();
    expect((await call).code).toBe('CLOSED');
    expect((await closed()).requests[0]?.closed).toBe(true);
  });
});
