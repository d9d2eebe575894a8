import { OverloadedError } from '../../errors.ts';
import { HostPart, type HostState } from '../../hosts/host-state.ts';
import type { Call } from '../../pipeline/call.ts';
import { type Outcome, watch } from '../../pipeline/outcome.ts';
import type { Handler, Policy } from '../../pipeline/pipeline.ts';
import { takeDown } from '../../pipeline/snapshot.ts';
import { waitFor } from '../../pipeline/wait.ts';
import { Limiter } from './limiter.ts';
import {
  type ConcurrencyLimitOptions,
  type ConcurrencyLimits,
  readConcurrencyLimitOptions,
} from './limits.ts';
import { signOf } from './sign.ts';

/**
 * Finds out how much a host can serve at once, and sends no more: what turns a lost capacity into a dip instead of an
 * outage that feeds itself. Attempts beyond the limit wait a little and a few, and are refused at once after that.
 *
 * Sits inside `circuitBreaker`, to which its refusals mean nothing, and outside `attemptTimeout`, whose time-outs it
 * learns from. An attempt counts until its response headers. By hand it has a limit of its own, apart from that of the
 * policy.
 *
 * @param timeoutMs - how long an attempt may take, in milliseconds: what is slow is told by it. Without it every time-out
 * is taken for load.
 * @throws TypeError or RangeError at construction, if an option will not do.
 * @throws OverloadedError from an attempt that is refused.
 */
export function concurrencyLimit(
  options: ConcurrencyLimitOptions = {},
  timeoutMs: number = Number.POSITIVE_INFINITY,
): Policy {
  const limits = readConcurrencyLimitOptions(options);
  const own = new HostPart(() => new Limiter(limits));
  const limiterOf: LimiterOf = host => host.part(own);
  return whole(admitting(limiterOf, timeoutMs), learning(limiterOf, timeoutMs));
}

/** The one of the policy, whose limit belongs to the host. */
export const hostConcurrencyLimit = (limits: ConcurrencyLimits, timeoutMs: number, others: Others): Policy =>
  whole(admitWithinLimit(limits, timeoutMs, others), learnLimit(limits, timeoutMs));

/** The half that admits. Whoever uses it has to tell {@link learnLimit} of each outcome, also of what is refused here. */
export const admitWithinLimit = (limits: ConcurrencyLimits, timeoutMs: number, others: Others): Policy =>
  admitting(host => limiterOf(host, limits), timeoutMs, others);

/**
 * The half that learns, for somebody who sees every outcome anyway.
 *
 * @param timeoutMs - how long an attempt may take; Infinity where that is not known.
 */
export const learnLimit = (limits: ConcurrencyLimits, timeoutMs: number): Learn =>
  learning(host => limiterOf(host, limits), timeoutMs);

type LimiterOf = (host: HostState) => Limiter;
type Learn = (outcome: Outcome, call: Call) => void;

/** Who has let an attempt through before it had to wait here, and may have changed their mind since. */
export interface Others {
  /** Asked when it begins to wait: what it has to pass when it has waited. */
  check(call: Call): Policy;
  /** Whether it is to wait for something else first. */
  isHeldUp(call: Call): boolean;
  /** Waits for that. */
  readonly waitFirst: Policy;
}

const whole = (admit: Policy, learn: Learn): Policy =>
  function concurrencyLimit(call, next) {
    return watch(inner => admit(inner, next), call, learn, undefined);
  };

function admitting(limiterOf: LimiterOf, timeoutMs: number, others?: Others): Policy {
  return function concurrencyLimit(call, next): Promise<Response> {
    const limiter = limiterOf(call.host);
    const wasOverloaded = limiter.isOverloaded;
    const entry = limiter.enter(call.runtime.clock.now());
    if (limiter.isOverloaded !== wasOverloaded) tell(call, limiter);
    if (entry === 'go') return next(call);
    if (entry === 'full') return Promise.reject(refusal(call, limiter));
    const turn = waitTurn(call, limiter, limiter.queueMs(timeoutMs));
    if (!others) return turn.then(next);
    const check = others.check(call);
    const goOn: Handler = ready => check(ready, next);
    return turn.then(ready =>
      others.isHeldUp(ready)
        ? giveWay(limiter, ready, others, later => concurrencyLimit(later, goOn))
        : goOn(ready),
    );
  };
}

/** Its place goes to another while it waits for something else; then it comes in anew. */
function giveWay(limiter: Limiter, call: Call, { waitFirst }: Others, comeIn: Handler): Promise<Response> {
  const record = call.record.attempt(call.attempt);
  if (record) call.record.holdUp(record);
  let isAway = true;
  limiter.stepOut();
  return waitFirst(call, ready => {
    isAway = false;
    if (record) call.record.letGo(record);
    return comeIn(ready);
  }).catch(error => {
    if (isAway) limiter.stepIn();
    throw error;
  });
}

function learning(limiterOf: LimiterOf, timeoutMs: number): Learn {
  return (outcome, call) => {
    const limiter = limiterOf(call.host);
    const wasOverloaded = limiter.isOverloaded;
    const now = call.runtime.clock.now();
    const attempt = call.record.attempt(call.attempt);
    const ranMs = attempt ? call.record.ranMs(attempt, now) : 0;
    limiter.leave({ sign: signOf(outcome, ranMs), ranMs, timeoutMs, now });
    if (limiter.isOverloaded !== wasOverloaded) tell(call, limiter);
  };
}

function tell(call: Call, limiter: Limiter): void {
  call.runtime.emit?.({
    type: 'overload',
    host: call.host.key,
    isOverloaded: limiter.isOverloaded,
    limit: limiter.limit,
    call: call.record,
  });
}

/** What goes out later goes out as it is now, whatever its caller does with the same objects meanwhile. */
async function waitTurn(call: Call, limiter: Limiter, limitMs: number): Promise<Call> {
  const ready = { ...call, request: { ...call.request, ...takeDown(call.request) } };
  const turn = Promise.withResolvers<void>();
  const { clock } = call.runtime;
  const since = clock.now();
  const record = call.record.attempt(call.attempt);
  if (record) call.record.holdUp(record);
  limiter.queue(turn.resolve);
  try {
    await waitFor(turn.promise, {
      clock,
      signal: call.signal,
      limitMs,
      tooLate: () => refusal(call, limiter),
    });
    return ready;
  } finally {
    limiter.leaveQueue(turn.resolve);
    if (record) {
      record.waitedMs += clock.now() - since;
      call.record.letGo(record);
    }
  }
}

const refusal = ({ record }: Call, { limit, waiting, limits }: Limiter): OverloadedError =>
  new OverloadedError(record, limit, waiting, limits.maxQueueMs);

const limiters = new HostPart<{ limiter: Limiter | undefined }>(() => ({ limiter: undefined }));

/** The gate before a host, if there is one. */
export const peekLimiter = (host: HostState): Limiter | undefined => host.peek(limiters)?.limiter;

/** The gate before a host, made under the limits given on first use. */
export function limiterOf(host: HostState, limits: ConcurrencyLimits): Limiter {
  const part = host.part(limiters);
  part.limiter ??= new Limiter(limits);
  return part.limiter;
}

/**
 * Other limits for a host, or none. Not left to its next call: that may be long in coming, and attempts are waiting. Nor
 * may a call change them that was made under the limits of before.
 */
export function adoptConcurrencyLimit(host: HostState, limits: ConcurrencyLimits | false): void {
  if (limits) limiterOf(host, limits).adopt(limits);
  else peekLimiter(host)?.open();
}
