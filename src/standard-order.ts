import type { HostState } from './hosts/host-state.ts';
import type { Call } from './pipeline/call.ts';
import type { Clock } from './pipeline/clock.ts';
import type { HedgeRefusal } from './pipeline/events.ts';
import type { Policy } from './pipeline/pipeline.ts';
import { attempt, cutShort } from './policies/attempt.ts';
import { adoptBulkhead, hostBulkhead } from './policies/bulkhead/bulkhead.ts';
import type { HttpCache } from './policies/cache/options.ts';
import { peekCircuit } from './policies/circuit-breaker/circuit.ts';
import {
  admitThroughCircuit,
  circuitBreaker,
  isolationOnly,
  judgeAttempt,
  stillAdmitted,
} from './policies/circuit-breaker/circuit-breaker.ts';
import { coalesce } from './policies/coalesce/coalesce.ts';
import {
  type AskAgain,
  admitWithinLimit,
  adoptConcurrencyLimit,
  hostConcurrencyLimit,
  learnLimit,
  peekLimiter,
} from './policies/concurrency-limit/concurrency-limit.ts';
import { endpoints, firstHost, type IsOpen, isAnyOpen, isOtherOpen } from './policies/endpoints.ts';
import { fallbackBy } from './policies/fallback/fallback.ts';
import type { Send } from './policies/fallback/substitute.ts';
import { hedge } from './policies/hedge/hedge.ts';
import type { HedgeSurroundings } from './policies/hedge/surroundings.ts';
import {
  type HostPauseLimits,
  hearPause,
  hostPause,
  peekPause,
  waitOutPause,
} from './policies/host-pause.ts';
import type { ResolvedPolicy } from './policies/policy-options.ts';
import { adoptRateLimit, hostRateLimit } from './policies/rate-limit/rate-limit.ts';
import { budgetOf, peekBudget, retryBudgetDefaults } from './policies/retry/budget.ts';
import { isTransient, type RefusalReason } from './policies/retry/decide.ts';
import { repeatable } from './policies/retry/repeatable.ts';
import { type RetrySurroundings, retry } from './policies/retry/retry.ts';
import { retryDefaults } from './policies/retry/rules.ts';
import { throttle } from './policies/throttle.ts';
import { attemptTimeout, totalTimeout } from './policies/timeout.ts';
import type { TelemetrySettings } from './telemetry/options.ts';
import { attemptSpan, callSpan } from './telemetry/policies.ts';

/** The places of the standard order, outermost first. What stands after `retry` runs once per attempt. */
export const standardOrder = [
  'callSpan',
  'fallback',
  'cache',
  'coalesce',
  'totalTimeout',
  'bulkhead',
  'retry',
  'hedge',
  'endpoints',
  'attempt',
  'hostPause',
  'rateLimit',
  'circuitBreaker',
  'throttle',
  'concurrencyLimit',
  'attemptSpan',
  'attemptTimeout',
  'chaos',
] as const;

export type Place = (typeof standardOrder)[number];

/** What is made of the calls of one client; false for nothing. */
export interface Spans {
  readonly settings: TelemetrySettings;
  readonly isInstrumented: () => boolean;
}

/** What the policies of a client share beside their options. */
export interface Fittings {
  readonly spans: Spans | false;
  /** Sends a call of its own through the same client. */
  readonly send: Send;
  /** Where the cache keeps answers; there where a policy has one. */
  readonly cacheStore: HttpCache | undefined;
  /** Whether a policy of somebody's own stands between two neighbours. */
  isSplit(outer: Place, inner: Place): boolean;
}

/** The standard policies under the options of a host; a place whose policy is off stays empty. */
export function standardPolicies(
  policy: ResolvedPolicy,
  { spans, send, cacheStore, isSplit }: Fittings,
): Record<Place, Policy | undefined> {
  const listens = listensToHost(policy);
  const isWhole = (...places: readonly Place[]) =>
    places.every((inner, index) => index === 0 || !isSplit(places[index - 1] as Place, inner));
  // Where nothing can answer in the host's stead in between, one look at each outcome serves several.
  const hearsAtAttempt = listens && isWhole('attempt', 'hostPause');
  const learnsAtCircuit =
    policy.circuitBreaker !== false &&
    policy.throttle === false &&
    isWhole('circuitBreaker', 'throttle', 'concurrencyLimit');
  const learn =
    learnsAtCircuit && policy.concurrencyLimit
      ? learnLimit(policy.concurrencyLimit, longestAttempt(policy))
      : undefined;
  const judge =
    policy.circuitBreaker &&
    policy.circuitBreaker.slowCallMs === false &&
    isWhole('attempt', 'hostPause', 'rateLimit', 'circuitBreaker')
      ? judgeAttempt(policy.circuitBreaker, learn)
      : undefined;
  const hear = hearsAtAttempt ? hearPause(policy.hostPause) : undefined;
  const bounded = totalTimeout({ limitMs: policy.totalTimeoutMs });
  return {
    callSpan: spans ? callSpan(spans.settings) : undefined,
    fallback: made(policy.fallback, rules => fallbackBy(rules, send)),
    cache: made(policy.cache, rules => cacheStore?.policy(rules)),
    coalesce: made(policy.coalesce, limits => coalesce(limits, { bound: bounded, cutShort })),
    totalTimeout: bounded,
    bulkhead: made(policy.bulkhead, limits => hostBulkhead(limits, policy.priority)),
    retry: made(policy.retry, rules => retry(rules, aroundRetry(policy))),
    hedge: made(policy.hedge, rules => hedge(rules, aroundHedge(policy))),
    endpoints: made(policy.endpoints, list => endpoints(list, isOpenUnder(policy), isBusyUnder(policy))),
    attempt: attempt(judge, hear),
    hostPause: listens ? (hearsAtAttempt ? waitOutPause : hostPause)(policy.hostPause) : undefined,
    rateLimit: made(policy.rateLimit, limits =>
      hostRateLimit(limits, {
        isRefused: policy.circuitBreaker ? call => isRefused(call.host, call) : undefined,
        notBefore: listens ? pausedUntil : undefined,
      }),
    ),
    circuitBreaker: policy.circuitBreaker
      ? judge
        ? admitThroughCircuit(policy.circuitBreaker)
        : circuitBreaker(policy.circuitBreaker, learn)
      : isolationOnly(),
    throttle: made(policy.throttle, throttle),
    concurrencyLimit: made(policy.concurrencyLimit, limits =>
      (learnsAtCircuit ? admitWithinLimit : hostConcurrencyLimit)(
        limits,
        longestAttempt(policy),
        askAgain(policy),
      ),
    ),
    attemptSpan: spans ? attemptSpan(spans.settings, spans.isInstrumented) : undefined,
    attemptTimeout: attemptTimeout({ limitMs: policy.attemptTimeoutMs }),
    chaos: undefined,
  };
}

/** The policy of a part that is on. */
const made = <Rules>(rules: Rules | false, make: (rules: Rules) => Policy | undefined): Policy | undefined =>
  rules === false ? undefined : make(rules);

/** Who does not respect `Retry-After` must not be stopped by it in another place. */
const listensToHost = (policy: ResolvedPolicy): policy is ResolvedPolicy & { hostPause: HostPauseLimits } =>
  policy.hostPause !== false && (policy.retry === false || policy.retry.respectRetryAfter);

/** How long an attempt may take until it times out, one way or the other. */
const longestAttempt = ({ attemptTimeoutMs, totalTimeoutMs }: ResolvedPolicy): number =>
  Math.min(attemptTimeoutMs, totalTimeoutMs);

const isRefused = (host: HostState, { record, runtime }: Call): boolean =>
  peekCircuit(host)?.refusal(runtime.clock.now(), record) !== undefined;

/** A pause, a circuit that opens, an isolation: what comes while an attempt waits for the concurrency limit holds for it. */
function askAgain(policy: ResolvedPolicy): AskAgain {
  const waitFirst = listensToHost(policy) ? waitOutPause(policy.hostPause) : undefined;
  return call => {
    const check = stillAdmitted(call, policy.circuitBreaker !== false);
    if (!waitFirst) return check;
    return (ready, next) => {
      const { record } = ready;
      const attempt = record.attempt(ready.attempt);
      if (attempt) record.holdUp(attempt);
      return waitFirst(ready, later => {
        if (attempt) record.letGo(attempt);
        return check(later, next);
      });
    };
  };
}

/** A pause that begins while calls wait for the rate limit holds them too. */
const pausedUntil = ({ host }: Call): number => peekPause(host)?.until ?? Number.NEGATIVE_INFINITY;

/** What the circuit and the load of a host say to one more attempt now. A pause is waited for; these are not. */
function refusalAt(policy: ResolvedPolicy, host: HostState, call: Call): RefusalReason | undefined {
  const refusal = peekCircuit(host)?.refusal(call.runtime.clock.now(), call.record);
  if (refusal && (policy.circuitBreaker || refusal.state === 'isolated')) return 'circuit-open';
  return policy.concurrencyLimit && peekLimiter(host)?.isFull ? 'overloaded' : undefined;
}

/** What a host says to an attempt that need not go there. */
function obstacleAt(policy: ResolvedPolicy, host: HostState, call: Call): HedgeRefusal | undefined {
  const refusal = refusalAt(policy, host, call);
  if (refusal) return refusal;
  return listensToHost(policy) && peekPause(host)?.isOn(call.runtime.clock) ? 'host-paused' : undefined;
}

const isOpenUnder =
  (policy: ResolvedPolicy): IsOpen =>
  (host, call) =>
    obstacleAt(policy, host, call) === undefined;

const isBusyUnder =
  ({ concurrencyLimit }: ResolvedPolicy) =>
  (host: HostState): boolean =>
    concurrencyLimit !== false && peekLimiter(host)?.isBusy === true;

function aroundRetry(policy: ResolvedPolicy): RetrySurroundings {
  const list = policy.endpoints;
  if (!list) return { refusal: call => refusalAt(policy, call.host, call), goesElsewhere: () => false };
  const isOpen = isOpenUnder(policy);
  const isAdmitted: IsOpen = (host, call) => refusalAt(policy, host, call) === undefined;
  return {
    refusal: call =>
      isAnyOpen(list, call, isAdmitted) ? undefined : refusalAt(policy, firstHost(list, call), call),
    goesElsewhere: call => isOtherOpen(list, call, isOpen),
  };
}

/** The rules of retries hold for hedges, and their defaults where nothing is retried. */
function aroundHedge(policy: ResolvedPolicy): HedgeSurroundings {
  const { endpoints: list } = policy;
  const rules = policy.retry === false ? retryDefaults : policy.retry;
  const isOpen = isOpenUnder(policy);
  const limits = policy.retry === false ? undefined : policy.retry.budget;
  return {
    isRepeatable: call => repeatable(call.request, rules) === 'yes',
    isTransient: outcome => isTransient(rules, outcome),
    obstacle(call) {
      // An overload is made worse by every hedge, whoever has room for it.
      if (policy.concurrencyLimit && peekLimiter(call.host)?.isOverloadedAt(call.runtime.clock.now()))
        return 'overloaded';
      if (!list) return obstacleAt(policy, call.host, call);
      return isAnyOpen(list, call, isOpen) ? undefined : obstacleAt(policy, firstHost(list, call), call);
    },
    allowance({ host }) {
      if (limits === false) return undefined;
      return limits ? budgetOf(host, limits) : (peekBudget(host) ?? budgetOf(host, retryBudgetDefaults));
    },
    refills: limits === undefined,
  };
}

/** What is kept of a host comes under another policy: whoever waits hears of it. */
export function adopt(host: HostState, policy: ResolvedPolicy, clock: Clock): void {
  adoptBulkhead(host, policy.bulkhead);
  adoptRateLimit(host, policy.rateLimit, clock);
  adoptConcurrencyLimit(host, policy.concurrencyLimit);
}
