/**
 * A worker whose fetch is made once, when its module is loaded, and serves many requests: what one request leaves behind
 * meets the next. Each path is something that two requests do to each other.
 */
import { createFetch, type HoldfastError } from 'holdfast';

const fetch = createFetch({
  attemptTimeoutMs: 2_000,
  totalTimeoutMs: 3_000,
  retry: { baseDelayMs: 1 },
  circuitBreaker: { consecutiveFailures: 3, minimumSilenceMs: 0, openMs: 300, openJitterRatio: 0 },
});
const narrow = createFetch({
  bulkhead: { maxConcurrent: 1, maxQueued: 5 },
  totalTimeoutMs: 3_000,
  retry: false,
});
const shared = createFetch({ coalesce: {}, totalTimeoutMs: 3_000, retry: false });

const doors = { fetch, narrow, shared };

export default {
  async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const url = searchParams.get('url') ?? '';
    const send = doors[(searchParams.get('door') ?? 'fetch') as keyof typeof doors];
    const state = () => send.hosts.get(new URL(url).origin)?.circuitBreaker.state;
    try {
      const response = await send(url);
      return Response.json({ status: response.status, text: await response.text(), state: state() });
    } catch (error) {
      const { code, message } = error as HoldfastError;
      return Response.json({ code, message, state: state() });
    }
  },
};
