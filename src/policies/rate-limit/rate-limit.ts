import { RateLimitedError } from '../../errors.ts';
import { HostPart, type HostState } from '../../hosts/host-state.ts';
import { readQuota } from '../../http/rate-limit.ts';
import type { Call } from '../../pipeline/call.ts';
import type { Clock } from '../../pipeline/clock.ts';
import type { RateLimitEvent } from '../../pipeline/events.ts';
import { errorOutcome } from '../../pipeline/outcome.ts';
import { type Handler, type Policy, requireResponse } from '../../pipeline/pipeline.ts';
import { takeDown } from '../../pipeline/snapshot.ts';
import { noRateLimits, type RateLimitOptions, type RateLimits, readRateLimitOptions } from './limits.ts';
import { RateLimiter } from './rate-limiter.ts';

/** What others have to say, who know of the host what this policy does not. */
export interface Neighbours {
  /** Whether the attempt would be refused further in: then it takes no token, and does not wait for one. */
  readonly isRefused?: ((call: Call) => boolean) | undefined;
  /** Until when nobody may go, whatever the rate. */
  readonly notBefore?: ((call: Call) => number) | undefined;
}

/**
 * Keeps the requests to one host within a rate. Those whose deadline allows it wait for their turn; the rest fail at once
 * with the time to come back.
 *
 * Sits inside `retry`, since a quota counts requests and not calls, and inside `hostPause`, so that who waits for a pause
 * holds no token meanwhile. By hand it has a bucket of its own, apart from that of the policy.
 *
 * @throws TypeError or RangeError at construction, if an option will not do.
 * @throws RateLimitedError from an attempt that cannot wait.
 */
export function rateLimit(options: RateLimitOptions = {}): Policy {
  const limits = readRateLimitOptions(options);
  const own = new HostPart<Holder>(() => ({ limiter: undefined }));
  return limited((host, clock) => limiterIn(host.part(own), limits, clock), {});
}

/** The one of the policy, whose bucket belongs to the host. */
export function hostRateLimit(limits: RateLimits, neighbours: Neighbours = {}): Policy {
  return limited((host, clock) => rateLimiterOf(host, limits, clock), neighbours);
}

interface Holder {
  limiter: RateLimiter | undefined;
}

const hostLimiters = new HostPart<Holder>(() => ({ limiter: undefined }));

function limiterIn(holder: Holder, limits: RateLimits, clock: Clock): RateLimiter {
  holder.limiter ??= new RateLimiter(limits, clock);
  return holder.limiter;
}

/** The rate limit of a host, made on first use. */
export const rateLimiterOf = (host: HostState, limits: RateLimits, clock: Clock): RateLimiter =>
  limiterIn(host.part(hostLimiters), limits, clock);

/** The rate limit of a host, if it ever had one. */
export const peekRateLimiter = (host: HostState): RateLimiter | undefined => host.peek(hostLimiters)?.limiter;

/**
 * Other limits for a host, or none. Not left to its next call: that may be long in coming, and others are waiting. Nor may
 * a call change them that was made under the limits of before.
 */
export function adoptRateLimit(host: HostState, limits: RateLimits | false, clock: Clock): void {
  if (limits) rateLimiterOf(host, limits, clock).adopt(limits);
  else peekRateLimiter(host)?.adopt(noRateLimits);
}

function limited(
  limiterOf: (host: HostState, clock: Clock) => RateLimiter,
  { isRefused, notBefore }: Neighbours,
): Policy {
  return function rateLimit(call, next) {
    if (isRefused?.(call)) return next(call);
    const limiter = limiterOf(call.host, call.runtime.clock);
    if (limiter.tryTake()) return send(limiter, call, next);
    return waitForTurn(limiter, call, notBefore).then(ready => send(limiter, ready, next));
  };
}

/** What goes out later goes out as it is now, whatever its caller does with the same objects meanwhile. */
async function waitForTurn(
  limiter: RateLimiter,
  call: Call,
  notBefore: (call: Call) => number = () => Number.NEGATIVE_INFINITY,
): Promise<Call> {
  const { request, runtime, record, signal } = call;
  signal?.throwIfAborted();
  const ready = { ...call, request: { ...request, ...takeDown(request) } };
  const { clock } = runtime;
  const since = clock.now();
  const { readyMs, waiting } = limiter;
  const isFull = waiting >= limiter.limits.maxWaiting;
  if (isFull || since + readyMs >= call.deadlineAt) {
    tell(limiter, call, 'refused', 0);
    throw new RateLimitedError(record, readyMs, waiting, isFull ? 'full' : 'deadline');
  }
  const turn = limiter.wait(signal, () => notBefore(call));
  tell(limiter, call, 'queued', 0);
  try {
    await turn;
  } catch (error) {
    tell(limiter, call, 'left', noteWait(call, since));
    throw error;
  }
  tell(limiter, call, 'admitted', noteWait(call, since));
  // Aborted since it was its turn: there is a turn of the event loop's queue between there and here.
  if (signal?.aborted) {
    limiter.giveBack();
    throw signal.reason;
  }
  return ready;
}

function noteWait({ attempt, record, runtime }: Call, since: number): number {
  const waitedMs = runtime.clock.now() - since;
  const entry = record.attempt(attempt);
  if (entry) entry.waitedMs += waitedMs;
  return waitedMs;
}

/** With a token, which comes back if the request was refused, or given up, before it was sent. */
function send(limiter: RateLimiter, call: Call, next: Handler): Promise<Response> {
  const fail = (error: unknown): never => {
    if (isUnsent(error, call)) limiter.giveBack();
    else limiter.end();
    throw error;
  };
  try {
    return next(call).then(response => {
      limiter.end();
      // As the limits are now: they may have changed since the request went out.
      if (limiter.limits.adaptive) learn(limiter, call, requireResponse(response));
      return response;
    }, fail);
  } catch (error) {
    return fail(error);
  }
}

function isUnsent(error: unknown, call: Call): boolean {
  const { kind } = errorOutcome(error, call);
  if (kind === 'rejected') return true;
  return kind === 'cancelled' && call.record.attempt(call.attempt)?.sent === 'no';
}

function learn(limiter: RateLimiter, call: Call, { headers }: Response): void {
  const reading = readQuota(headers, () => call.runtime.clock.date());
  if (reading === undefined) return;
  if (reading === 'unreadable') tell(limiter, call, 'unreadable', 0);
  else if (limiter.learn(reading)) tell(limiter, call, 'exhausted', 0);
}

function tell(limiter: RateLimiter, call: Call, action: RateLimitEvent['action'], waitedMs: number): void {
  const { attempt, host, record, runtime } = call;
  const { emit } = runtime;
  if (!emit) return;
  const { readyMs, waiting } = limiter;
  emit({ type: 'rate-limit', call: record, attempt, host: host.key, action, waitedMs, readyMs, waiting });
}
