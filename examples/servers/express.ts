/**
 * A service on Express that asks another one: within the deadline of its caller, no longer than somebody waits, and
 * without making it worse when the other one fails. On SIGTERM it finishes what it has begun, and ends by itself.
 *
 *   UPSTREAM_URL=http://localhost:4000 PORT=3000 node examples/servers/express.ts
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as after } from 'node:timers/promises';
import express, { type ErrorRequestHandler, type Response as Reply } from 'express';
import {
  createFetch,
  explain,
  gatewayStatus,
  HoldfastError,
  type HostView,
  recoveryHeaders,
  withDeadline,
} from 'holdfast';

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
const app = express();

app.use((_request, reply, next) => {
  if (isStopping) reply.set('Connection', 'close');
  next();
});

app.get('/health/live', (_request, reply) => void reply.send('alive'));
app.get('/health/ready', (_request, reply) => {
  reply.status(isStopping ? 503 : 200).send(isStopping ? 'stopping' : 'ready');
});
app.get('/health/hosts', (_request, reply) => void reply.json([...fetch.hosts].map(describe)));

app.use((request, _reply, next) => withDeadline(request.headers, () => next()));

app.get('/items/:id', async (request, reply) => {
  const url = `${UPSTREAM_URL}/items/${encodeURIComponent(request.params.id)}`;
  await pass(await fetch(url, { signal: whileWaiting(reply) }), reply);
});

app.post('/items', express.json(), async (request, reply) => {
  const headers = { 'Content-Type': 'application/json', ...keyOf(request.get('Idempotency-Key')) };
  const body = JSON.stringify(request.body);
  const signal = whileWaiting(reply);
  await pass(await fetch(`${UPSTREAM_URL}/items`, { method: 'POST', body, headers, signal }), reply);
});

// Express tells the handlers of errors by their four parameters.
const onError: ErrorRequestHandler = (error, _request, reply, _next) => {
  if (reply.closed) return;
  console.error(error instanceof HoldfastError ? explain(error) : error);
  // The answer was on its way when its body broke off.
  if (reply.headersSent) return void reply.destroy();
  const code = error instanceof HoldfastError ? error.code : 'INTERNAL';
  reply
    .status(gatewayStatus(error) ?? error.status ?? 500)
    .set(recoveryHeaders(error))
    .json({ code });
};
app.use(onError);

/** Aborts when the client has gone without its answer. */
function whileWaiting(reply: ServerResponse): AbortSignal {
  const controller = new AbortController();
  reply.once('close', () => {
    if (!reply.writableFinished) controller.abort(new DOMException('The client has gone.', 'AbortError'));
  });
  return controller.signal;
}

/** The caller's key goes along, so that ours may be retried as well. */
const keyOf = (key: string | undefined): Record<string, string> => (key ? { 'Idempotency-Key': key } : {});

/** An answer as it came, but for a failure: that is told as one of ours. */
async function pass(upstream: Response, reply: Reply): Promise<void> {
  const failure = gatewayStatus(upstream);
  reply.status(failure ?? upstream.status).set(recoveryHeaders(upstream));
  if (failure === undefined) {
    reply.type(upstream.headers.get('Content-Type') ?? 'application/octet-stream');
    return upstream.body ? pipeline(upstream.body, reply) : void reply.end();
  }
  console.error(explain(upstream));
  await upstream.body?.cancel();
  reply.json({ code: 'UPSTREAM' });
}

function describe({ key, circuitBreaker, pause, activeCalls }: HostView) {
  const { state, retryAfterMs } = circuitBreaker;
  return { host: key, circuit: state, retryAfterMs, pausedMs: pause.remainingMs, activeCalls };
}

// Disposed of in reverse: the server waits for its requests first, then the calls have nothing left to end.
await using server = createServer(app);
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
