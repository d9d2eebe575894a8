/**
 * A service on Fastify that asks another one: within the deadline of its caller, no longer than somebody waits, and
 * without making it worse when the other one fails. On SIGTERM it finishes what it has begun, and ends by itself.
 *
 *   UPSTREAM_URL=http://localhost:4000 PORT=3000 node examples/servers/fastify.ts
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as after } from 'node:timers/promises';
import Fastify, { type FastifyReply } from 'fastify';
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
// Disposed of in reverse: the server waits for its requests first, then the calls have nothing left to end.
await using app = Fastify();

app.addHook('onSend', async (_request, reply) => {
  if (isStopping) reply.header('Connection', 'close');
});

app.get('/health/live', async () => 'alive');
app.get('/health/ready', async (_request, reply) => {
  reply.code(isStopping ? 503 : 200);
  return isStopping ? 'stopping' : 'ready';
});
app.get('/health/hosts', async () => [...fetch.hosts].map(describe));

app.addHook('onRequest', (request, _reply, done) => withDeadline(request.headers, () => done()));

app.get<{ Params: { id: string } }>('/items/:id', async (request, reply) => {
  const url = `${UPSTREAM_URL}/items/${encodeURIComponent(request.params.id)}`;
  return pass(await fetch(url, { signal: whileWaiting(reply.raw) }), reply);
});

app.post('/items', async (request, reply) => {
  const headers = { 'Content-Type': 'application/json', ...keyOf(request.headers['idempotency-key']) };
  const body = JSON.stringify(request.body);
  const signal = whileWaiting(reply.raw);
  return pass(await fetch(`${UPSTREAM_URL}/items`, { method: 'POST', body, headers, signal }), reply);
});

app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
  console.error(error instanceof HoldfastError ? explain(error) : error);
  const code = error instanceof HoldfastError ? error.code : 'INTERNAL';
  return reply
    .code(gatewayStatus(error) ?? error.statusCode ?? 500)
    .headers(recoveryHeaders(error))
    .send({ code });
});

/** Aborts when the client has gone without its answer. `request.signal` does so too when the body has been read. */
function whileWaiting(reply: ServerResponse): AbortSignal {
  const controller = new AbortController();
  reply.once('close', () => {
    if (!reply.writableFinished) controller.abort(new DOMException('The client has gone.', 'AbortError'));
  });
  return controller.signal;
}

/** The caller's key goes along, so that ours may be retried as well. */
const keyOf = (key: string | string[] | undefined): Record<string, string> =>
  typeof key === 'string' ? { 'Idempotency-Key': key } : {};

/** An answer as it came, but for a failure: that is told as one of ours. */
async function pass(upstream: Response, reply: FastifyReply): Promise<FastifyReply> {
  const failure = gatewayStatus(upstream);
  reply.code(failure ?? upstream.status).headers(recoveryHeaders(upstream));
  if (failure === undefined) {
    reply.type(upstream.headers.get('Content-Type') ?? 'application/octet-stream');
    return reply.send(upstream.body);
  }
  console.error(explain(upstream));
  await upstream.body?.cancel();
  return reply.send({ code: 'UPSTREAM' });
}

function describe({ key, circuitBreaker, pause, activeCalls }: HostView) {
  const { state, retryAfterMs } = circuitBreaker;
  return { host: key, circuit: state, retryAfterMs, pausedMs: pause.remainingMs, activeCalls };
}

console.log(`listening on ${await app.listen({ port: Number(PORT) })}`);

await once(process, 'SIGTERM');
isStopping = true;
// Requests still come until the load balancer has heard of it. Their connections are not used again.
await after(Number(DRAIN_MS));
// An answer that had begun before does not say that its connection ends with it.
setInterval(() => app.server.closeIdleConnections(), 50).unref();
// Who takes longer is cut off, and with the request the calls that were made for it.
setTimeout(() => app.server.closeAllConnections(), Number(GRACE_MS)).unref();
