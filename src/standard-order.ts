import type { HostState } from './hosts/host-state.ts';
import type { Call } from './pipeline/call.ts';
import type { HedgeRefusal } from './pipeline/events.ts';
import type { Policy } from './pipeline/pipeline.ts';
import { attempt } from './policies/attempt.ts';
import { peekCircuit } from './policies/circuit-breaker/circuit.ts';
import { circuitBreaker, isolationOnly } from './policies/circuit-breaker/circuit-breaker.ts';
import { endpoints, firstHost, type IsOpen, isAnyOpen, isOtherOpen } from './policies/endpoints.ts';
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
import { budgetOf, peekBudget, retryBudgetDefaults } from './policies/retry/budget.ts';
import { isTransient } from './policies/retry/decide.ts';
import { repeatable } from './policies/retry/repeatable.ts';
import { type RetrySurroundings, retry } from './policies/retry/retry.ts';
import { retryDefaults } from './policies/retry/rules.ts';
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
  'rateLimit',
  'retry',
  'hedge',
  'endpoints',
  'attempt',
  'hostPause',
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

/**
 * The standard policies under the options of a host; a place whose policy is off stays empty.
 *
 * @param isSplit - whether a policy of somebody's own stands between two neighbours.
 */
export function standardPolicies(
  policy: ResolvedPolicy,
  spans: Spans | false,
  isSplit: (outer: Place, inner: Place) => boolean = () => false,
): Record<Place, Policy | undefined> {
  const listens = listensToHost(policy);
  // Where nothing can answer in the host's stead in between, one look at each outcome serves both.
  const hearsAtAttempt = listens && !isSplit('attempt', 'hostPause');
  return {
    callSpan: spans ? callSpan(spans.settings) : undefined,
    fallback: undefined,
    cache: undefined,
    coalesce: undefined,
    totalTimeout: totalTimeout({ limitMs: policy.totalTimeoutMs }),
    bulkhead: undefined,
    rateLimit: undefined,
    retry: policy.retry === false ? undefined : retry(policy.retry, aroundRetry(policy)),
    hedge: policy.hedge === false ? undefined : hedge(policy.hedge, aroundHedge(policy)),
    endpoints: policy.endpoints === false ? undefined : endpoints(policy.endpoints, isOpenUnder(policy)),
    attempt: attempt(hearsAtAttempt ? hearPause(policy.hostPause) : undefined),
    hostPause: listens ? (hearsAtAttempt ? waitOutPause : hostPause)(policy.hostPause) : undefined,
    circuitBreaker: policy.circuitBreaker === false ? isolationOnly() : circuitBreaker(policy.circuitBreaker),
    throttle: undefined,
    concurrencyLimit: undefined,
    attemptSpan: spans ? attemptSpan(spans.settings, spans.isInstrumented) : undefined,
    attemptTimeout: attemptTimeout({ limitMs: policy.attemptTimeoutMs }),
    chaos: undefined,
  };
}

/** Who does not respect `Retry-After` must not be stopped by it in another place. */
const listensToHost = (policy: ResolvedPolicy): policy is ResolvedPolicy & { hostPause: HostPauseLimits } =>
  policy.hostPause !== false && (policy.retry === false || policy.retry.respectRetryAfter);

/** What the circuit, the pause and the load of a host say to one more attempt now; undefined for nothing. */
function obstacleAt(policy: ResolvedPolicy, host: HostState, call: Call): HedgeRefusal | undefined {
  const { clock } = call.runtime;
  const refusal = peekCircuit(host)?.refusal(clock.now(), call.record);
  if (refusal && (policy.circuitBreaker || refusal.state === 'isolated')) return 'circuit-open';
  return listensToHost(policy) && peekPause(host)?.isOn(clock) ? 'host-paused' : undefined;
}

const isOpenUnder =
  (policy: ResolvedPolicy): IsOpen =>
  (host, call) =>
    obstacleAt(policy, host, call) === undefined;

/** A pause is waited for; a circuit is not. */
const isRefused = ({ host, record, runtime }: Call): boolean =>
  peekCircuit(host)?.refusal(runtime.clock.now(), record) !== undefined;

function aroundRetry(policy: ResolvedPolicy): RetrySurroundings {
  const list = policy.endpoints;
  if (list) {
    const isOpen = isOpenUnder(policy);
    const isAdmitted: IsOpen = (host, call) => obstacleAt(policy, host, call) !== 'circuit-open';
    return {
      isRefused: call => !isAnyOpen(list, call, isAdmitted),
      goesElsewhere: call => isOtherOpen(list, call, isOpen),
    };
  }
  return { isRefused: policy.circuitBreaker ? isRefused : () => false, goesElsewhere: () => false };
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
