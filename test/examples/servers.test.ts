/** The services of examples/servers, each in a process of its own, between a client and a service that misbehaves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, type OnTestFinishedHandler, test } from 'vitest';
import { createFetch } from '../../src/index.ts';
import { Listening } from '../support/listening.ts';

const timeoutHeader = 'x-envoy-expected-rq-timeout-ms';

interface Seen {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** When its connection was gone before it was answered. */
  readonly abandoned: Promise<unknown>;
}

/** A test, several of which run at a time: they mostly wait. */
interface Context {
  readonly onTestFinished: (end: OnTestFinishedHandler) => void;
}

/** A service that keeps what it is asked until the test answers it, or answers by itself. */
async function startUpstream(
  { onTestFinished }: Context,
  answer?: (response: ServerResponse, nth: number) => void,
) {
  const seen: Seen[] = [];
  const waiting: ((seen: Seen) => void)[] = [];
  let taken = 0;
  const listening = await Listening.on(
    createServer((request, response) => {
      request.resume();
      const abandoned = new Promise<void>(resolve => {
        response.once('close', () => {
          if (!response.writableFinished) resolve();
        });
      });
      const one = { request, response, abandoned };
      seen.push(one);
      answer?.(response, seen.length);
      if (waiting.length > 0) waiting.shift()?.(one);
    }),
  );
  onTestFinished(() => listening[Symbol.asyncDispose]());
  return {
    url: `http://127.0.0.1:${listening.port}`,
    seen,
    /** The next request that nobody has asked for yet. */
    next: async (): Promise<Seen> => {
      const one = seen[taken++];
      return one ?? new Promise(resolve => waiting.push(resolve));
    },
  };
}

interface Service {
  readonly url: string;
  readonly process: ChildProcess;
  /** The code with which it ended by itself. */
  readonly ended: Promise<number | null>;
  /** What it has written to standard error so far. */
  complaints(): string;
}

async function start(
  { onTestFinished }: Context,
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<Service> {
  const file = fileURLToPath(new URL(`../../examples/servers/${program}.ts`, import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, PORT: '0', DRAIN_MS: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', data => {
    complaints += data;
  });
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^listening on http:\/\/.*:(\d+)$/.exec(line)?.[1];
    if (port) {
      child.stdout.resume();
      return { url: `http://127.0.0.1:${port}`, process: child, ended, complaints: () => complaints };
    }
  }
  throw new Error(`${program} did not start: ${complaints}`);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Calls that a service has under way. */
async function activeCalls({ url }: Service): Promise<number | undefined> {
  const [host] = (await (await get(`${url}/health/hosts`)).json()) as { activeCalls: number }[];
  return host?.activeCalls;
}

const get = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers });

describe.each(['hono', 'express', 'fastify'])('the service on %s', { concurrent: true }, program => {
  test('passes on what it is told, with its status, its type and how it came by it', async context => {
    const upstream = await startUpstream(context, (response, nth) => {
      if (nth === 1) response.writeHead(503).end();
      else if (nth === 2) response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"id":"7"}');
      else response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"title":"No such item"}');
    });
    const service = await start(context, program, { UPSTREAM_URL: upstream.url });
    const found = await get(`${service.url}/items/7`);
    expect([found.status, found.headers.get('X-Retry-Count'), await found.json()]).toEqual([
      200,
      '1',
      { id: '7' },
    ]);
    const missing = await get(`${service.url}/items/a%2Fb`);
    expect([missing.status, await missing.json()]).toEqual([404, { title: 'No such item' }]);
    expect(upstream.seen.map(({ request }) => request.url)).toEqual(['/items/7', '/items/7', '/items/a%2Fb']);
  });

  test('cuts its call when the deadline of its caller has passed, and answers 504', async context => {
    const upstream = await startUpstream(context);
    const service = await start(context, program, { UPSTREAM_URL: upstream.url });
    const answer = get(`${service.url}/items/7`, { [timeoutHeader]: '1000' });
    const asked = await upstream.next();
    const said = Number(asked.request.headers[timeoutHeader]);
    expect(said).toBeGreaterThan(0);
    expect(said).toBeLessThanOrEqual(1_000);
    await asked.abandoned;
    const { status } = await answer;
    expect(status).toBe(504);
    expect(await (await answer).json()).toEqual({ code: 'TIMEOUT' });
    // Its own limit of an attempt is two seconds, after which it would have asked again.
    expect(upstream.seen).toHaveLength(1);
    while (!service.complaints().includes('left of the request that it serves')) await sleep(5);
  });

  test('keeps to the deadline after a body that came in pieces', async context => {
    const upstream = await startUpstream(context);
    const service = await start(context, program, { UPSTREAM_URL: upstream.url });
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('{"name":'));
        await sleep(300);
        controller.enqueue(new TextEncoder().encode('"bolt"}'));
        controller.close();
      },
    });
    const answer = fetch(`${service.url}/items`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', [timeoutHeader]: '1000' },
      body,
      duplex: 'half',
    } as RequestInit);
    const asked = await upstream.next();
    // The upload was on the caller's time.
    expect(Number(asked.request.headers[timeoutHeader])).toBeLessThan(850);
    await asked.abandoned;
    expect((await answer).status).toBe(504);
  });

  test('cuts its call when the client has gone, and goes on serving', async context => {
    const upstream = await startUpstream(context);
    const service = await start(context, program, { UPSTREAM_URL: upstream.url });
    const client = new AbortController();
    const answer = fetch(`${service.url}/items/7`, { signal: client.signal });
    answer.catch(() => {});
    const asked = await upstream.next();
    client.abort();
    await asked.abandoned;
    while ((await activeCalls(service)) !== 0) await sleep(5);
    // By itself it would have asked again after two seconds.
    expect(upstream.seen).toHaveLength(1);
    const next = get(`${service.url}/items/8`);
    (await upstream.next()).response.end('{}');
    expect((await next).status).toBe(200);
    expect(upstream.seen).toHaveLength(2);
  });

  test('cuts its call when the client goes in the middle of the answer', async context => {
    const upstream = await startUpstream(context);
    const service = await start(context, program, { UPSTREAM_URL: upstream.url });
    const client = new AbortController();
    const answer = fetch(`${service.url}/items/7`, { signal: client.signal });
    const asked = await upstream.next();
    asked.response.write('{"id":');
    await answer;
    const goneAt = performance.now();
    client.abort();
    await asked.abandoned;
    // By itself it would have waited for five seconds.
    expect(performance.now() - goneAt).toBeLessThan(4_000);
    expect((await get(`${service.url}/health/live`)).status).toBe(200);
  });

  test('retries a POST with a key of the caller, and none without', async context => {
    const upstream = await startUpstream(
      context,
      (response, nth) => void response.writeHead(nth % 2 ? 500 : 201).end(),
    );
    const service = await start(context, program, { UPSTREAM_URL: upstream.url });
    const post = (headers: Record<string, string>) =>
      fetch(`${service.url}/items`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: '{"name":"bolt"}',
      });
    const keyed = await post({ 'Idempotency-Key': 'k-1' });
    expect([keyed.status, keyed.headers.get('X-Retry-Count')]).toEqual([201, '1']);
    expect(upstream.seen.map(({ request }) => request.headers['idempotency-key'])).toEqual(['k-1', 'k-1']);
    const plain = await post({});
    expect([plain.status, plain.headers.get('X-Retry-Count')]).toEqual([502, '0']);
    expect(upstream.seen).toHaveLength(3);
  });

  test('answers for a host that asked for a pause at once, with the time to come back', async context => {
    const upstream = await startUpstream(
      context,
      response => void response.writeHead(503, { 'Retry-After': '30' }).end(),
    );
    const service = await start(context, program, { UPSTREAM_URL: upstream.url });
    const first = await get(`${service.url}/items/7`);
    expect([first.status, first.headers.get('Retry-After'), await first.json()]).toEqual([
      503,
      '30',
      { code: 'UPSTREAM' },
    ]);
    const second = await get(`${service.url}/items/7`);
    expect([second.status, second.headers.get('Retry-After'), await second.json()]).toEqual([
      503,
      '30',
      { code: 'HOST_PAUSED' },
    ]);
    expect(upstream.seen).toHaveLength(1);
  });

  test('answers for an open circuit within milliseconds: 503, when to come back, nothing sent', async context => {
    const upstream = await startUpstream(context, response => void response.writeHead(500).end());
    const service = await start(context, program, { UPSTREAM_URL: upstream.url });
    for (let answer = await get(`${service.url}/items/7`); ; answer = await get(`${service.url}/items/7`)) {
      const { code } = (await answer.json()) as { code: string };
      if (code === 'CIRCUIT_OPEN') break;
      expect(answer.status).toBe(502);
      await sleep(50);
    }
    const hosts = (await (await get(`${service.url}/health/hosts`)).json()) as { circuit: string }[];
    expect(hosts).toMatchObject([{ host: upstream.url, circuit: 'open', activeCalls: 0 }]);
    // A circuit says nothing of whether this process may be asked.
    expect((await get(`${service.url}/health/ready`)).status).toBe(200);

    const before = upstream.seen.length;
    const times: number[] = [];
    const usual: number[] = [];
    for (let call = 0; call < 10; call++) {
      const askedAt = performance.now();
      await (await get(`${service.url}/health/live`)).text();
      const startedAt = performance.now();
      usual.push(startedAt - askedAt);
      const answer = await get(`${service.url}/items/7`);
      times.push(performance.now() - startedAt);
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
      expect(await answer.json()).toEqual({ code: 'CIRCUIT_OPEN' });
    }
    expect(upstream.seen).toHaveLength(before);
    // As long as any answer takes on a machine that is busy with other tests, and a little.
    expect(median(times)).toBeLessThan(2 * median(usual) + 50);
  });

  test('told to stop: says so, finishes what it has begun, and ends by itself', async context => {
    const upstream = await startUpstream(context);
    const service = await start(context, program, { UPSTREAM_URL: upstream.url, DRAIN_MS: '400' });
    // Connections that lie idle hold nothing up.
    await Promise.all([1, 2, 3].map(() => get(`${service.url}/health/live`).then(answer => answer.text())));
    const whole = get(`${service.url}/items/7`);
    const asked = await upstream.next();
    const streamed = get(`${service.url}/items/8`);
    const half = await upstream.next();
    half.response.write('{"id":');
    await streamed;
    service.process.kill('SIGTERM');
    for (;;) {
      const { status } = await get(`${service.url}/health/ready`);
      if (status === 503) break;
    }
    // The load balancer has not heard of it yet.
    expect((await get(`${service.url}/health/live`)).status).toBe(200);
    for (;;) {
      try {
        await (await get(`${service.url}/health/live`)).text();
      } catch {
        break;
      }
      await sleep(10);
    }
    const releasedAt = performance.now();
    asked.response.end('{"id":"7"}');
    half.response.end('"8"}');
    expect([(await whole).status, await (await whole).json()]).toEqual([200, { id: '7' }]);
    expect([(await streamed).status, await (await streamed).json()]).toEqual([200, { id: '8' }]);
    expect(await service.ended).toBe(0);
    // No timer, socket or listener is left to be waited for; a kept-alive connection would last five seconds.
    expect(performance.now() - releasedAt).toBeLessThan(4_500);
  });

  test('told to stop, it cuts off what takes longer than its grace, outside as well', async context => {
    const upstream = await startUpstream(context);
    const service = await start(context, program, { UPSTREAM_URL: upstream.url, GRACE_MS: '200' });
    const answer = get(`${service.url}/items/7`).then(
      () => 'answered',
      () => 'cut off',
    );
    const asked = await upstream.next();
    service.process.kill('SIGTERM');
    expect(await answer).toBe('cut off');
    await asked.abandoned;
    expect(await service.ended).toBe(0);
  });

  test('in a chain of two, retries do not multiply', async context => {
    const upstream = await startUpstream(context, response => void response.writeHead(500).end());
    const inner = await start(context, program, { UPSTREAM_URL: upstream.url });
    const outer = await start(context, program, { UPSTREAM_URL: inner.url });
    const answer = await get(`${outer.url}/items/7`);
    expect([answer.status, answer.headers.get('X-Retry-Count')]).toEqual([502, '0']);
    expect(upstream.seen).toHaveLength(3);

    // A caller that does not look at the header multiplies them.
    const other = await startUpstream(context, response => void response.writeHead(500).end());
    const alone = await start(context, program, { UPSTREAM_URL: other.url });
    await using heedless = createFetch();
    expect((await heedless(`${alone.url}/items/7`)).status).toBe(502);
    expect(other.seen).toHaveLength(9);
  });
});

test('a request that ends while its call waits for a retry takes the wait with it', async context => {
  const upstream = await startUpstream(
    context,
    response => void response.writeHead(503, { 'Retry-After': '2' }).end(),
  );
  const service = await start(context, 'express', { UPSTREAM_URL: upstream.url });
  const client = new AbortController();
  fetch(`${service.url}/items/7`, { signal: client.signal }).catch(() => {});
  await upstream.next();
  expect(await activeCalls(service)).toBe(1);
  client.abort();
  while ((await activeCalls(service)) !== 0) await sleep(5);
  expect(upstream.seen).toHaveLength(1);
});
