/**
 * A service on Hono that asks another one: within the deadline of its caller, no longer than somebody waits, and without
 * making it worse when the other one fails. On SIGTERM it finishes what it has begun, and ends by itself.
 *
 *   UPSTREAM_URL=http://localhost:4000 PORT=3000 node examples/servers/hono.ts
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import {
  createFetch,
  explain,
  gatewayStatus,
  HoldfastError,
  type HostView,
  recoveryHeaders,
  withDeadline,
} from 'holdfast';
import { Hono } from 'hono';

const {
  UPSTREAM_URL = 'http://localhost:4000',
  PORT = '3000',
  DRAIN_MS = '5000',
  GRACE_MS = '10000',
} = process.env;

// One for the whole process: circuits, budgets and pauses are worth as much as the calls that share them.
await using fetch = createFetch({
  hosts: {
    [new URL(UPSTREAM_URL).host]: {
      totalTimeoutMs: 5_000,
      attemptTimeoutMs: 2_000,
      deadlineHeaders: {},
      // What a service below has already retried in vain is not asked for once more.
      retry: {
        shouldRetry: ({ outcome }) =>
          outcome.kind === 'transient' && !Number(outcome.response?.headers.get('X-Retry-Count')),
      },
    },
  },
});

let isStopping = false;
const app = new Hono();

app.use(async (c, next) => {
  await next();
  if (isStopping) c.header('Connection', 'close');
});

app.get('/health/live', c => c.text('alive'));
app.get('/health/ready', c => c.text(isStopping ? 'stopping' : 'ready', isStopping ? 503 : 200));
app.get('/health/hosts', c => c.json([...fetch.hosts].map(describe)));

app.use((c, next) => withDeadline(c.req.raw.headers, () => next()));

app.get('/items/:id', async c => {
  // Hono's signal aborts when the client has gone.
  const { signal } = c.req.raw;
  const upstream = await fetch(`${UPSTREAM_URL}/items/${encodeURIComponent(c.req.param('id'))}`, { signal });
  return pass(upstream);
});

app.post('/items', async c => {
  const headers = { 'Content-Type': 'application/json', ...keyOf(c.req.header('Idempotency-Key')) };
  const body = JSON.stringify(await c.req.json());
  const { signal } = c.req.raw;
  return pass(await fetch(`${UPSTREAM_URL}/items`, { method: 'POST', body, headers, signal }));
});

app.onError((error, c) => {
  console.error(error instanceof HoldfastError ? explain(error) : error);
  const code = error instanceof HoldfastError ? error.code : 'INTERNAL';
  return c.json({ code }, gatewayStatus(error) ?? 500, recoveryHeaders(error));
});

/** The caller's key goes along, so that ours may be retried as well. */
const keyOf = (key: string | undefined): Record<string, string> => (key ? { 'Idempotency-Key': key } : {});

/** An answer as it came, but for a failure: that is told as one of ours. */
async function pass(upstream: Response): Promise<Response> {
  const headers = recoveryHeaders(upstream);
  const failure = gatewayStatus(upstream);
  if (failure === undefined) {
    headers['Content-Type'] = upstream.headers.get('Content-Type') ?? 'application/octet-stream';
    return new Response(upstream.body, { status: upstream.status, headers });
  }
  console.error(explain(upstream));
  await upstream.body?.cancel();
  return Response.json({ code: 'UPSTREAM' }, { status: failure, headers });
}

function describe({ key, circuitBreaker, pause, activeCalls }: HostView) {
  const { state, retryAfterMs } = circuitBreaker;
  return { host: key, circuit: state, retryAfterMs, pausedMs: pause.remainingMs, activeCalls };
}

// Disposed of in reverse: the server waits for its requests first, then the calls have nothing left to end.
await using server = createServer(getRequestListener(app.fetch));
await once(server.listen(Number(PORT)), 'listening');
console.log(`listening on http://localhost:${(server.address() as AddressInfo).port}`);

await once(process, 'SIGTERM');
isStopping = true;
// Requests still come until the load balancer has heard of it. Their connections are not used again.
await after(Number(DRAIN_MS));
// An answer that had begun before does not say that its connection ends with it.
setInterval(() => server.closeIdleConnections(), 50).unref();
// Who takes longer is cut off, and with the request the calls that were made for it.
setTimeout(() => server.closeAllConnections(), Number(GRACE_MS)).unref();
